"""Deadlines: they travel as epoch milliseconds, since relative times mean nothing to the next process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from core.errors import DeadlineExceeded

T = TypeVar("T")


def now_ms() -> int:
    """The wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def remaining_s(deadline_ms: int | None) -> float | None:
    """Seconds until the deadline, negative past it; None without one."""
    return None if deadline_ms is None else (deadline_ms - now_ms()) / 1000


async def until(deadline_ms: int | None, items: AsyncIterator[T], what: str) -> AsyncGenerator[T, None]:
    """The items as they come, and DeadlineExceeded once the deadline is over; the iterator is closed in every case."""
    try:
        while True:
            try:
                async with asyncio.timeout(remaining_s(deadline_ms)):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise DeadlineExceeded(f"The deadline was over before {what} was done.") from None
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
