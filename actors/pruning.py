"""Has what channels remember go when its time is over, also where nobody speaks any more."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from actors.channel import KIND
from actors.channel_memory import NOTES_TTL_S
from actors.virtual import Actors
from core.errors import TroupeError

log = logging.getLogger(__name__)

EVERY_S = 3600.0
FIRST_S = 60.0  # a start has more urgent things to ask for
_AT_ONCE = 16


class PruningIndex(Protocol):
    """Where something is past its time."""

    async def to_prune(self, lines_before_ms: int, notes_before_ms: int) -> list[str]:
        """Ids of the channels that hold lines or notes from before then. Raises TroupeError."""
        ...


class Pruning:
    """Looks every hour. `ttl_s` is how long a line is remembered."""

    def __init__(self, actors: Actors, index: PruningIndex, ttl_s: float) -> None:
        self._actors, self._index, self._ttl_s = actors, index, ttl_s

    async def run(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.sweep(time.time_ns() // 1_000_000)
            except TroupeError as error:
                log.warning("[MEMORY] what is past its time goes later: %s", error)
            await asyncio.sleep(EVERY_S)

    async def sweep(self, now_ms: int) -> int:
        """Once; in how many channels that was. Raises TroupeError, where some may be left."""
        channels = await self._index.to_prune(now_ms - int(self._ttl_s * 1000), now_ms - int(NOTES_TTL_S * 1000))
        slots = asyncio.Semaphore(_AT_ONCE)

        async def prune(channel: str) -> None:
            async with slots:
                await self._actors.call(KIND, channel, "prune")

        await asyncio.gather(*(prune(channel) for channel in channels))
        return len(channels)
