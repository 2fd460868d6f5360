"""Copies of what virtual actors keep, so that a message need not ask for it.

As `actors.guild_book` does for the channels. From `fresh_s` seconds on a copy is read again beside whatever wants it;
one that is STALE times as old, or was never read, is waited for, for at most `patience_s`. Where the actor does not
answer, the last known value holds, or else `unknown`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.tasks import end

log = logging.getLogger(__name__)

FRESH_S = 5.0
STALE = 12
PATIENCE_S = 1.0
MOST = 10_000

T = TypeVar("T")


@dataclass(slots=True)
class _Copy(Generic[T]):
    value: T
    read_at: float = float("-inf")  # when it was last read, or last tried; `time.monotonic()`
    reading: asyncio.Task[None] | None = None


class Copies(Generic[T]):
    """By key. `read` gives the value of one, and may raise anything."""

    def __init__(
        self,
        read: Callable[[str], Awaitable[T]],
        unknown: Callable[[str], T],
        *,
        fresh_s: float = FRESH_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._read, self._unknown = read, unknown
        self._fresh_s, self._patience_s = fresh_s, patience_s
        self._copies: OrderedDict[str, _Copy[T]] = OrderedDict()  # least recently used first

    async def of(self, key: str) -> T:
        """The value, as of a few seconds ago. Never raises."""
        copy = self._copies.get(key)
        if copy is None:
            copy = self._copies[key] = _Copy(self._unknown(key))
            if len(self._copies) > MOST:
                self._copies.popitem(last=False)
        self._copies.move_to_end(key)
        age = time.monotonic() - copy.read_at
        if age >= self._fresh_s and copy.reading is None:
            copy.reading = asyncio.create_task(self._renew(key, copy))
        if age >= self._fresh_s * STALE and copy.reading is not None:
            await asyncio.wait([copy.reading])
        return copy.value

    def is_fresh(self, key: str) -> bool:
        """Whether `of` would give a value without waiting."""
        copy = self._copies.get(key)
        return copy is not None and time.monotonic() - copy.read_at < self._fresh_s * STALE

    def forget(self, key: str) -> None:
        """Have it read again, since it was just changed from here."""
        self._copies.pop(key, None)

    async def close(self) -> None:
        """Wait for nothing more."""
        await end(copy.reading for copy in self._copies.values() if copy.reading is not None)

    async def _renew(self, key: str, copy: _Copy[T]) -> None:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_s):
                copy.value = await self._read(key)
            copy.read_at = asked_at
        except Exception as error:
            log.warning("[ACCESS] what is kept for %s is not known just now: %r", key, error)
            copy.read_at = time.monotonic()  # or everybody would wait for what does not come
        finally:
            copy.reading = None
