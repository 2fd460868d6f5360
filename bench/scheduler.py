"""What the scheduler costs with many servers, beside APScheduler with as many jobs in the same run.

    python -m bench.scheduler [--guilds 10000]

Twelve jobs on each server, over the embedded database and the real schedule actors in this process. Figures:

- time until a scheduler that starts knows every server, its memory for them, and the bytes of a schedule on disk;
- cost of a tick (the scheduler's own work until it sleeps again) with 100 servers and with all: flat;
- how late runs begin, p50 and p99, where 500 of the servers fire in the same minute;
- the same of APScheduler's AsyncIOScheduler in memory, where it is installed: it polls nothing either, but keeps no
  claim, so a restart forgets what was due.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.schedule import KIND, Done, Edit, ScheduleActor, Settled
from actors.schedule_queries import due_before, due_times
from actors.schedule_state import Run, ScheduleDocument
from actors.scheduler import Scheduler
from actors.virtual import LocalVirtualActors
from bench.report import percentile, report
from bench.system import free_port
from core.documents import DatabaseHandle, connect
from deploy.database import EmbeddedDatabase
from schedules.catalog import Jobs
from schedules.job import Job, Made, Silence, Slot, World

FIRING = 500
CRONS = (
    "0 */4 * * *",
    "0 */6 * * *",
    "0 10 * * *",
    "0 23 * * *",
    "0 */2 * * *",
    "0 12 * * *",
    "0 0 * * *",
    "0 3 * * 0",
)
SOME = 100
TICKS = 200
AT_ONCE = 64
SPREAD_S = 60.0


async def nothing(slot: Slot, world: World) -> Made:
    """A job that costs nothing."""
    return Silence("")


JOBS: Jobs = MappingProxyType(
    {f"job_{n}": Job(name=f"job_{n}", title="", cron=CRONS[n % len(CRONS)], make=nothing) for n in range(12)}
)


class Index:
    """The database, as the scheduler asks it."""

    def __init__(self, database: DatabaseHandle) -> None:
        self._database = database

    async def due_times(self, after: str = "") -> list[tuple[str, int]]:
        """See DueIndex."""
        return await due_times(self._database, after)

    async def due_before(self, before_ms: int) -> list[tuple[str, int]]:
        """See DueIndex."""
        return await due_before(self._database, before_ms)


def actors_of() -> LocalVirtualActors:
    """The schedule actors of a process."""

    async def settings(guild_id: str) -> GuildSettings:
        return GuildSettings()

    host = VirtualHost({KIND: partial(ScheduleActor, jobs=JOBS, settings=settings)}, max_resident=1_000_000)
    return LocalVirtualActors(host)


async def stored(actors: LocalVirtualActors, database: DatabaseHandle, guilds: int) -> int:
    """Writes the servers' schedules; returns the bytes of one."""
    await actors.call(KIND, "0", "edit", "job_0", Edit(on=True))
    for name in JOBS:
        await actors.call(KIND, "0", "edit", name, Edit(on=True, add_channel="1"))
    template = await ScheduleDocument.load("0")
    content = template.encoded()
    collection = database.collection(ScheduleDocument)
    body = template.model_dump(by_alias=True, exclude={"revision_id"})
    for start in range(1, guilds, 500):
        await collection.insert_many([{**body, "_id": str(key)} for key in range(start, min(start + 500, guilds))])
    return len(content)


async def loaded(scheduler: Scheduler) -> float:
    """Seconds that it takes to know every server."""
    begun = time.perf_counter()
    await scheduler._load()
    await scheduler.close()  # which goes on looking about
    return time.perf_counter() - begun


def tick_us(scheduler: Scheduler, guilds: int) -> float:
    """Microseconds of the scheduler's own work for one server: to expect it, and to find that it is not due yet."""
    now_ms = time.time_ns() // 1_000_000
    begun = time.perf_counter()
    for number in range(TICKS):
        scheduler._expect(str(number % guilds), now_ms + 3_600_000 + number)
        scheduler._fire()
    return (time.perf_counter() - begun) / TICKS * 1e6


async def late(actors: LocalVirtualActors, database: DatabaseHandle, guilds: int, spread_s: float) -> list[float]:
    """Seconds by which runs begin too late, where FIRING servers have one due within `spread_s` seconds."""
    late_s: list[float] = []
    due: dict[str, int] = {}
    over = asyncio.Event()

    async def launch(guild_id: str, run: Run, holder: str) -> Settled:
        late_s.append(time.time() - due[guild_id] / 1000)
        settled: Settled = await actors.call(KIND, guild_id, "done", run.id, holder, Done(outcome="silent"))
        if len(late_s) == len(due):
            over.set()
        return settled

    chosen = random.Random(1).sample(range(1, guilds), min(FIRING, guilds - 1))
    # Far enough ahead for the schedules to be written, and for the scheduler to know them all.
    start_ms = time.time_ns() // 1_000_000 + 60_000
    for place, key in enumerate(chosen):
        at_ms = due[str(key)] = start_ms + int(place * spread_s * 1000 / len(chosen))
        document = await ScheduleDocument.load(str(key))
        entry = document.state.entries["job_0"]
        document.state.entries["job_0"] = type(entry)(on=True, at_ms=at_ms, due_ms=at_ms)
        await document.replace_owned()
    scheduler = Scheduler(actors, Index(database), launch, at_once=AT_ONCE)
    running = asyncio.create_task(scheduler.run())
    try:
        await asyncio.wait_for(over.wait(), 180)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return late_s


@dataclass(frozen=True, slots=True)
class Peer:
    """APScheduler's figures: seconds to start, bytes, and seconds by which each job was late."""

    load_s: float
    memory: int
    late_s: list[float]


async def apscheduler(guilds: int) -> Peer | None:
    """The same of APScheduler, with as many jobs; None where it is not installed."""
    try:
        asyncio_scheduler: Any = importlib.import_module("apscheduler.schedulers.asyncio")
        cron: Any = importlib.import_module("apscheduler.triggers.cron")
        date: Any = importlib.import_module("apscheduler.triggers.date")
    except ImportError:
        return None
    before = psutil.Process().memory_info().rss
    scheduler = asyncio_scheduler.AsyncIOScheduler(timezone="UTC")
    begun = time.perf_counter()
    triggers = [cron.CronTrigger.from_crontab(JOBS[name].cron, timezone="UTC") for name in JOBS]
    for key in range(guilds):
        for trigger in triggers:
            scheduler.add_job(_noop, trigger, args=(key,))
    scheduler.start()
    load_s = time.perf_counter() - begun
    memory = psutil.Process().memory_info().rss - before
    late_s: list[float] = []
    over = asyncio.Event()
    fire = _late(late_s, over)
    start = time.time() + 10
    for number in range(FIRING):
        at = start + number * SPREAD_S / FIRING
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f"{at % 1:.6f}"[1:]
        scheduler.add_job(fire, date.DateTrigger(when, timezone="UTC"), args=(at,), misfire_grace_time=300)
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), 240)
    scheduler.shutdown(wait=False)
    return Peer(load_s, memory, late_s)


async def _noop(key: int) -> None:
    return None


def _late(late_s: list[float], over: asyncio.Event) -> Callable[[float], Any]:
    async def fire(at: float) -> None:
        late_s.append(time.time() - at)
        if len(late_s) == FIRING:
            over.set()

    return fire


async def measure(guilds: int) -> None:
    """Takes and reports all figures."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedDatabase(Path(folder), free_port())
        uri = server.start()
        try:
            server.wait_ready()
            database = await connect(uri, "bench", (ScheduleDocument,))
            actors = actors_of()
            size = await stored(actors, database, guilds)
            few_us = tick_us(Scheduler(actors, Index(database), _never), SOME)
            before = psutil.Process().memory_info().rss
            many = Scheduler(actors, Index(database), _never)
            load_s = await loaded(many)
            memory = psutil.Process().memory_info().rss - before
            many_us = tick_us(many, guilds)
            late_s = await late(actors, database, guilds, SPREAD_S)
            await database.close()
        finally:
            server.stop()
    peer = await apscheduler(guilds)
    report(f"start with {guilds} servers of 12 jobs", load_s, "s", peer.load_s if peer else None)
    report("memory of the scheduler", memory / 2**20, "MB", peer.memory / 2**20 if peer else None)
    report("bytes of a schedule", size, "B")
    report(f"tick with {guilds} servers, to one with {SOME}", many_us, "us", few_us)
    for share in (0.5, 0.99):
        theirs = percentile(peer.late_s, share) * 1000 if peer and peer.late_s else None
        report(
            f"{len(late_s)} in {SPREAD_S:.0f} s begin late, p{share * 100:.0f}",
            percentile(late_s, share) * 1000,
            "ms",
            theirs,
        )


async def _never(guild_id: str, run: Run, holder: str) -> Settled:
    raise AssertionError(guild_id)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guilds", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().guilds))


if __name__ == "__main__":
    main()
