"""Being a good citizen of Discord's API: failures are counted before Discord counts us out, and retries are spread.

discord.py waits as the rate limit headers and 429s say, and asks again after a 5xx, for the bot's own requests and for
webhooks alike. What it lacks comes in here, by its official hook into each request: a pause of random length before a
retry, so that what failed together does not come back together, and a count of invalid requests. Discord shuts out who
makes 10,000 of those within ten minutes; long before that the bot stops what nobody would miss.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from types import SimpleNamespace

import aiohttp

log = logging.getLogger(__name__)

WINDOW_S = 600.0
LIMIT = 10_000
WARN_AT = 1_000
SPARE_AT = 3_000
_INVALID = frozenset({401, 403, 404, 429})
_JITTER_S = {429: 0.25}
_JITTER_5XX_S = 1.0
_SLOT_S = 10.0


class RequestBudget:
    """The invalid requests of this process in the last ten minutes, in slots of ten seconds."""

    def __init__(self, processes: int = 1, *, warn_at: int = WARN_AT, spare_at: int = SPARE_AT) -> None:
        """From `spare_at` on `spare` says no. Discord counts by address, so `processes` share both bounds."""
        self._warn_at, self._spare_at = max(1, warn_at // processes), max(1, spare_at // processes)
        self._slots: deque[tuple[float, int]] = deque()
        self._warned_at = float("-inf")

    def invalid(self, now: float | None = None) -> int:
        """How many there were. `now` is `time.monotonic()`."""
        now = time.monotonic() if now is None else now
        while self._slots and self._slots[0][0] <= now - WINDOW_S:
            self._slots.popleft()
        return sum(count for _, count in self._slots)

    def spare(self) -> bool:
        """Whether there is room for requests that nobody would miss: typing, reactions, notices."""
        return self.invalid() < self._spare_at

    def count(self, status: int, now: float | None = None) -> None:
        """A request was answered with that status."""
        if status not in _INVALID:
            return
        now = time.monotonic() if now is None else now
        slot = now // _SLOT_S * _SLOT_S
        if self._slots and self._slots[-1][0] == slot:
            self._slots[-1] = (slot, self._slots[-1][1] + 1)
        else:
            self._slots.append((slot, 1))
        if (count := self.invalid(now)) >= self._warn_at and now - self._warned_at > _SLOT_S * 6:
            self._warned_at = now
            log.warning(
                "[DISCORD] %d invalid requests in ten minutes; Discord shuts out at %d. From %d on nothing is done but "
                "the needful. Look for a missing permission or a second bot with this token.",
                count,
                LIMIT,
                self._spare_at,
            )

    def trace(self) -> aiohttp.TraceConfig:
        """What discord.py is to be given as `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._ended)
        return trace

    async def _ended(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        status = params.response.status
        self.count(status)
        longest = _JITTER_5XX_S if status >= 500 else _JITTER_S.get(status, 0.0)
        if longest:
            await asyncio.sleep(random.uniform(0.0, longest))
