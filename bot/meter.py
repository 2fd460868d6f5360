"""Counting in the gateway: how fast one person asks, and how many answers and tokens were spent where.

Both are in this process's memory and cost a turn no call. All of a server comes to one gateway, so its counts are
whole; they go to the usage actor every few seconds and come back from there after a restart. What was counted since
the last time is lost with the process, in the people's favour. How fast somebody asks is forgotten with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from uuid import uuid4

from actors.access_rules import GUILD, user
from actors.usage import KIND, Counts, Spent
from actors.virtual import Actors
from core.errors import TroupeError

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 5.0
_AGAIN_S = 2.0
_MOST_PLACES = 10_000
_MOST_PEOPLE = 20_000
_BURST_S = 20.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    told: bool = False


class Rate:
    """Token buckets: `per_minute` in the long run (0: as many as they like), a third of it at once."""

    def __init__(self, per_minute: float) -> None:
        self._per_s = per_minute / 60
        self._size = max(1.0, self._per_s * _BURST_S)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()  # least recently used first

    def take(self, key: str, now: float | None = None) -> tuple[float, bool]:
        """Takes one. Returns how many seconds are to be waited, 0 for none, and whether that is news: it is told once,
        until there is enough again. `now` is `time.monotonic()`."""
        if not self._per_s:
            return 0.0, False
        now = time.monotonic() if now is None else now
        bucket = self._buckets.pop(key, None) or _Bucket(self._size, now)
        self._buckets[key] = bucket
        if len(self._buckets) > _MOST_PEOPLE:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._size, bucket.tokens + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.told = False
            return 0.0, False
        news, bucket.told = not bucket.told, True
        return (1 - bucket.tokens) / self._per_s, news


@dataclass(slots=True)
class _Place:
    counts: Counts = field(default_factory=Counts)
    pending: dict[str, Spent] = field(default_factory=dict)
    since_ms: int = 0
    known: bool = False  # whether what was spent before this process is in `counts`
    asked_at: float = float("-inf")
    sending: tuple[str, int, dict[str, Spent]] | None = None  # a batch whose outcome is not known


class Meter:
    """What was spent, by place: a guild's id, or `actors.usage.direct`."""

    def __init__(self, actors: Actors, patience_s: float = 1.0) -> None:
        """`patience_s` is how long the first one after a start waits for what was spent before."""
        self._actors, self._patience_s = actors, patience_s
        self._places: OrderedDict[str, _Place] = OrderedDict()  # least recently used first
        self._locks: dict[str, asyncio.Lock] = {}

    def knows(self, key: str) -> bool:
        """Whether `counts` would give an answer without asking."""
        place = self._places.get(key)
        return place is not None and (place.known or time.monotonic() - place.asked_at <= _AGAIN_S)

    async def counts(self, key: str) -> Counts:
        """What was spent there so far. Asks once after a start; never raises."""
        place = self._place(key)
        if not place.known and time.monotonic() - place.asked_at > _AGAIN_S:
            async with self._locks.setdefault(key, asyncio.Lock()):
                if not place.known and time.monotonic() - place.asked_at > _AGAIN_S:
                    await self._recall(key, place)
            self._locks.pop(key, None)
        return place.counts

    def spend(self, key: str, user_id: str, tokens: int, now_ms: int) -> None:
        """Somebody had an answer that took so many tokens."""
        place, subject = self._place(key), user(user_id)
        place.counts.add(now_ms, {subject: (1, tokens)})
        if not place.pending:
            place.since_ms = now_ms
        before = place.pending.get(subject, (0, 0))
        place.pending[subject] = (before[0] + 1, before[1] + tokens)

    async def reset(self, key: str, subject: str) -> bool:
        """Has a subject begin at nothing again; GUILD is everybody. Raises TroupeError."""
        await self.flush(key)
        found = bool(await self._actors.call(KIND, key, "reset", subject))
        return self._place(key).counts.forget(subject) or found

    async def flush(self, key: str | None = None) -> None:
        """Bring what was counted to where it is kept, of one place or all. What cannot be brought stays here."""
        waiting = [one for one, place in self._places.items() if place.pending or place.sending]
        await asyncio.gather(*(self._bring(one) for one in waiting if key in (None, one)))

    async def run(self) -> None:
        """Flush every few seconds, for ever."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.flush()

    async def _recall(self, key: str, place: _Place) -> None:
        place.asked_at = time.monotonic()
        try:
            stored: Counts = await self._actors.call(KIND, key, "counts", timeout_s=self._patience_s)
        except TroupeError as error:
            log.warning("[ACCESS] what was used in %s is not known just now: %s", key, error)
            return
        # What was spent here meanwhile, but is not stored yet, comes on top.
        unsent = [(place.since_ms, place.pending), *([place.sending[1:]] if place.sending else [])]
        for at_ms, spent in unsent:
            stored.add(at_ms, spent)
        place.counts, place.known = stored, True

    async def _bring(self, key: str) -> None:
        place = self._places[key]
        while place.sending or place.pending:
            if place.sending is None:
                place.sending, place.pending = (uuid4().hex, place.since_ms, place.pending), {}
            sending = place.sending
            try:
                await self._actors.call(KIND, key, "add", *sending, timeout_s=FLUSH_EVERY_S)
            except TroupeError as error:
                log.warning("[ACCESS] what was used in %s is kept here for now: %s", key, error)
                return
            if place.sending is sending:
                place.sending = None

    def _place(self, key: str) -> _Place:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place()
            if len(self._places) > _MOST_PLACES:
                self._drop_one()
        self._places.move_to_end(key)
        return place

    def _drop_one(self) -> None:
        idle = (key for key, place in self._places.items() if not (place.pending or place.sending))
        if (oldest := next(idle, None)) is not None:
            del self._places[oldest]


def used(counts: Counts, user_id: str | None, now_ms: int) -> dict[str, int]:
    """What a person (None: all together) has used by now, by the names of limits."""
    return counts.used(GUILD if user_id is None else user(user_id), now_ms)
