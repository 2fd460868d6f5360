"""The scheduler in plain Python: sleeps until the nearest server has something due, claims it there, and has it run.

It keeps one number per server, when to ask it next, in a heap; what is due there only the server's schedule actor
knows. So a scheduler that dies loses nothing, and two of them only ask twice: a slot is claimed by one.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import os
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from actors.schedule import KIND, Claimed, Done, Settled
from actors.schedule_state import Run
from actors.virtual import Calls
from core import clock
from core.errors import TroupeError
from core.tasks import end

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0
"""How often the database is asked for what is due soon: another scheduler, or a wake that got lost, changed it. Nor
does it ever sleep longer, since the clock of the machine may be set."""
_CLAIMS_AT_ONCE = 64
_CALL_S = 15.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0

Launch = Callable[[str, Run, str], Awaitable[Settled]]
"""Runs what was claimed on a server for a holder, and tells the schedule actor how that ended."""


class DueIndex(Protocol):
    """Which servers have something due, and when, from the database. Both raise TroupeError."""

    async def due_times(self, after: str = "") -> list[tuple[str, int]]:
        """By their ids, as many as the database gives at once behind the id `after`; none at the end."""
        ...

    async def due_before(self, before_ms: int) -> list[tuple[str, int]]:
        """Those of the next time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerHealth:
    """How the scheduler is. `servers` have something due some day, `next_ms` is when the first has; `fired` and
    `failed` count runs since its start, `late_ms` is how late the last one began."""

    state: str
    detail: str = ""
    pid: int = field(default_factory=os.getpid)
    servers: int = 0
    next_ms: int = 0
    running: int = 0
    fired: int = 0
    failed: int = 0
    late_ms: int = 0


class Scheduler:
    """`launch` runs what is claimed, `at_once` at a time; `now_ms` is the clock."""

    def __init__(
        self,
        actors: Calls,
        index: DueIndex,
        launch: Launch,
        *,
        at_once: int = 8,
        now_ms: Callable[[], int] | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._actors, self._index, self._launch = actors, index, launch
        self._at_once, self._look_every_s = at_once, look_every_s
        self._now_ms = now_ms or clock.now_ms
        self._next: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []  # also holds what `_next` no longer says
        self._claiming: dict[str, bool] = {}  # whether it has to be asked once more
        self._holders: dict[str, str] = {}  # of the claims whose answers were not heard yet
        self._queue: dict[str, None] = {}  # servers whose runs wait for room, in the order in which they came
        self._reserved = 0  # room that claims under way may use
        self._running: dict[tuple[str, str, int], asyncio.Task[None]] = {}
        self._pauses: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(_CLAIMS_AT_ONCE)
        self._loaded = False
        self._fired = self._failed = self._late_ms = 0

    async def run(self) -> None:
        """Schedules until it is cancelled; then what runs is cancelled too, and is handed out again by its lease."""
        try:
            self._spawn(self._load())
            while True:
                self._changed.clear()
                self._fire()
                pause_s = self._look_every_s
                if self._heap:
                    pause_s = min(pause_s, max(0.0, (self._heap[0][0] - self._now_ms()) / 1000))
                try:
                    async with asyncio.timeout(pause_s):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends everything that is under way."""
        await end(self._tasks)

    def wake(self, guild_id: str) -> None:
        """A server's schedule was changed: asks it at once."""
        self._expect(guild_id, self._now_ms())

    def servers(self) -> list[tuple[str, int]]:
        """The servers that have something due, and when they are asked next."""
        return sorted(self._next.items(), key=lambda one: one[1])

    def health(self) -> SchedulerHealth:
        """How it is, at once."""
        return SchedulerHealth(
            state="ready" if self._loaded else "starting",
            detail=f"{len(self._next)} servers" if self._loaded else "asks the database",
            servers=len(self._next),
            next_ms=min(self._next.values(), default=0),
            running=len(self._running),
            fired=self._fired,
            failed=self._failed,
            late_ms=self._late_ms,
        )

    async def _load(self) -> None:
        """Comes to know every server, those first that have something due soon."""
        await self._look()
        pause_s, after = _FIRST_PAUSE_S, ""
        while not self._loaded:
            try:
                known = await self._index.due_times(after)
            except TroupeError as error:
                log.warning("[JOB] the schedules cannot be read: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                continue
            self._learn(known)
            self._loaded, after = not known, known[-1][0] if known else ""
        log.info("[JOB] %d servers have something due", len(self._next))
        self._spawn(self._look_about())

    async def _look_about(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s * random.uniform(0.9, 1.1))
            await self._look()

    async def _look(self) -> None:
        try:
            self._learn(await self._index.due_before(self._now_ms() + int(2 * self._look_every_s * 1000)))
        except TroupeError as error:
            log.warning("[JOB] what is due soon cannot be read: %s", error)

    def _learn(self, due: Sequence[tuple[str, int]]) -> None:
        """Takes what the database says of servers, where that is sooner than what is known and nobody is at it."""
        for guild_id, at_ms in due:
            known = self._next.get(guild_id)
            busy = guild_id in self._claiming or guild_id in self._queue or guild_id in self._pauses
            if not busy and (known is None or at_ms < known):
                self._expect(guild_id, max(at_ms, self._now_ms()))

    def _expect(self, guild_id: str, at_ms: int) -> None:
        """Asks a server then; never again by itself where `at_ms` is 0."""
        if not at_ms:
            self._next.pop(guild_id, None)
            return
        if guild_id in self._claiming and at_ms <= self._now_ms():
            self._claiming[guild_id] = True
            return
        self._next[guild_id] = at_ms
        heapq.heappush(self._heap, (at_ms, guild_id))
        if self._heap[0][1] == guild_id:
            self._changed.set()

    def _fire(self) -> None:
        """Claims on every server whose time it is."""
        now_ms = self._now_ms()
        while self._heap and (self._heap[0][0] <= now_ms or self._next.get(self._heap[0][1]) != self._heap[0][0]):
            at_ms, guild_id = heapq.heappop(self._heap)
            if self._next.get(guild_id) == at_ms:
                del self._next[guild_id]
                self._ask(guild_id)

    def _ask(self, guild_id: str) -> None:
        if guild_id in self._claiming:
            self._claiming[guild_id] = True
            return
        self._claiming[guild_id] = False
        room = 1 if self._free() > 0 else 0
        self._reserved += room
        self._spawn(self._claim(guild_id, room))

    def _free(self) -> int:
        return self._at_once - len(self._running) - self._reserved

    async def _claim(self, guild_id: str, room: int) -> None:
        """Claims on a server. Until an answer is heard it is the same claim, which gives the same run, also where
        there is no more room for it by then."""
        holder = self._holders.setdefault(guild_id, uuid4().hex)
        claimed, now_ms = None, 0
        try:
            async with self._slots:
                now_ms = self._now_ms()
                claimed = await self._actors.call(KIND, guild_id, "claim", now_ms, holder, room, timeout_s=_CALL_S)
        except Exception as error:
            self._put_off(guild_id, error)
        self._reserved -= room
        if claimed is not None:
            self._take(guild_id, claimed, now_ms, room)
        self._admit()

    def _put_off(self, guild_id: str, error: Exception) -> None:
        if not isinstance(error, TroupeError):
            log.error("[JOB] %s cannot be asked", guild_id, exc_info=error)
        pause_s = self._pauses[guild_id] = min(self._pauses.get(guild_id, _FIRST_PAUSE_S / 2) * 2, _LONGEST_PAUSE_S)
        log.warning("[JOB] %s is asked again in %.0f s: %s", guild_id, pause_s, error)
        del self._claiming[guild_id]
        self._expect(guild_id, self._now_ms() + int(pause_s * random.uniform(0.7, 1.0) * 1000))

    def _take(self, guild_id: str, claimed: Claimed, now_ms: int, room: int) -> None:
        """Starts what a claim gave, and ends what the schedule no longer knows: somebody switched it off."""
        self._pauses.pop(guild_id, None)
        del self._holders[guild_id]
        again = self._claiming.pop(guild_id)
        for (guild, run_id, attempt), task in self._running.items():
            if guild == guild_id and (run_id, attempt) not in claimed.under_way:
                task.cancel()
        for run in claimed.runs:
            self._start(guild_id, run, now_ms)
        if again:
            self._expect(guild_id, now_ms)
        elif claimed.next_ms and claimed.next_ms <= now_ms and not room:
            self._queue[guild_id] = None
        else:
            self._expect(guild_id, claimed.next_ms)

    def _start(self, guild_id: str, run: Run, now_ms: int) -> None:
        self._fired += 1
        self._late_ms = max(0, now_ms - run.claimed_ms)
        key = (guild_id, run.id, run.attempt)
        task = self._running[key] = self._spawn(self._see_through(guild_id, run))
        task.add_done_callback(lambda _: self._over(key))

    async def _see_through(self, guild_id: str, run: Run) -> None:
        try:
            settled = await self._launch(guild_id, run, run.holder)
        except Exception as error:
            # Nobody could tell the schedule how it went; the lease will, if this does not.
            self._failed += 1
            log.warning("[JOB] %s on %s did not end well: %s", run.job, guild_id, error)
            settled = await self._tell(guild_id, run, Done(outcome="failed", detail=str(error)))
        self._expect(guild_id, settled.next_ms)

    async def _tell(self, guild_id: str, run: Run, done: Done) -> Settled:
        try:
            settled: Settled = await self._actors.call(
                KIND, guild_id, "done", run.id, run.holder, done, timeout_s=_CALL_S
            )
        except TroupeError as error:
            log.warning("[JOB] %s cannot be told of %s: %s", guild_id, run.job, error)
            return Settled(run.lease_ms)
        return settled

    def _over(self, key: tuple[str, str, int]) -> None:
        del self._running[key]
        self._admit()

    def _admit(self) -> None:
        """Asks the servers that wait for room, as many as there is room for."""
        while self._queue and self._free() > 0:
            guild_id = next(iter(self._queue))
            del self._queue[guild_id]
            self._ask(guild_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("[JOB] the scheduler failed at something", exc_info=error)
