"""Waiting for what another task or process is about to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[bool]], timeout_s: float = 10.0) -> None:
    """Returns once the condition holds. Raises TimeoutError where it does not within `timeout_s` seconds."""
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)
