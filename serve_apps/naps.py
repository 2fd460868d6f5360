"""An engine that nobody asks gives its memory back and keeps its process, so that it is there again in a moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)


class Naps:
    """Calls `sleep` after `after_s` seconds in which nobody was within `awake`, and `wake` for the next one; never with
    `after_s` None."""

    def __init__(
        self, sleep: Callable[[], Awaitable[None]], wake: Callable[[], Awaitable[None]], after_s: float | None
    ) -> None:
        self._sleep, self._wake, self._after_s = sleep, wake, after_s
        self._lock = asyncio.Lock()
        self._busy = 0
        self._timer: asyncio.TimerHandle | None = None
        self._dozing: asyncio.Task[None] | None = None
        self.asleep = False

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[None]:
        """The engine is awake within. Raises what `wake` raises; the next one tries again."""
        self._busy += 1
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self._after_s is not None:
                async with self._lock:
                    if self.asleep:
                        await self._wake()
                        self.asleep = False
            yield
        finally:
            self._busy -= 1
            self.rest()

    def rest(self) -> None:
        """Begin to count the seconds, where nobody needs the engine."""
        if self._after_s is not None and not self._busy:
            self._timer = asyncio.get_running_loop().call_later(self._after_s, self._doze)

    def _doze(self) -> None:
        self._dozing = asyncio.create_task(self._fall_asleep())

    async def _fall_asleep(self) -> None:
        async with self._lock:
            if self._busy or self.asleep:
                return
            try:
                await self._sleep()
            except Exception:  # an engine that cannot sleep stays awake; what is wrong with it the health check says
                logger.exception("[LLM] the engine does not fall asleep")
            else:
                self.asleep = True
                logger.info("[LLM] asleep: nobody has asked for %g s", self._after_s)
