"""What channels cost in the actor hosts: memory, activation and calls.

    python -m bench.channel_memory [--channels 100000]

Two host processes with the real channel actors over the embedded database; the messages are talk that nobody answers,
so no model is needed. Figures:

- bytes of memory of a resident channel that holds a full window of lines, what it still holds when it is passivated,
  and its bytes in the database;
- time of an activation: a call to a channel that is in the database only (p50, p99), beside one to a resident channel;
- 100,000 channels that each hear a message: minutes, and the peak memory of both hosts with the default bounds;
- calls a second through a host to an actor that does nothing, against a bare async Ray actor called in the same way;
- memory and start of one Ray actor per channel, measured with 50, per channel.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import ray

from actors.channel import KIND, ChannelActor
from actors.channel_document import ChannelDocument
from actors.host import ActorFactory, VirtualActor, exposed
from actors.routing import ChannelRules
from actors.virtual import HostSpec, VirtualActors, start_hosts
from bench.report import percentile, report
from bench.system import free_port
from core.documents import OwnedDocument
from core.messages import Author, Delta, IncomingMessage, ReplyRequest, Spoken
from core.personas import load_pack
from core.settings import Settings
from deploy.database import EmbeddedDatabase

HOSTS = 2
LINES = 10  # a full window
SAMPLE = 2_000  # channels whose memory is measured
AT_ONCE = 64
CALLS = 6_000
OWN_PROCESSES = 50
IDLE_S = 10.0  # longer than the sample takes to be activated


class NoApp:
    """Nobody is answered here."""

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """Never called."""
        raise AssertionError(request)
        yield


class NothingDocument(OwnedDocument):
    """An empty document."""

    class Settings:
        """Beanie's own: the collection."""

        name = "nothing"


class Nothing(VirtualActor[NothingDocument]):
    """An actor that does nothing."""

    def __init__(self, key: str) -> None:
        super().__init__(key, NothingDocument)

    @exposed
    async def nothing(self) -> None:
        """Does nothing."""

    @exposed
    async def tidy(self) -> None:
        """Has this host's Python let go of what only holds itself."""
        gc.collect()


class BareActor:
    """What a host is held against: an async Ray actor whose method takes the same arguments and does nothing."""

    async def call(self, kind: str, key: str, method: str, args: Sequence[Any]) -> None:
        """Does nothing."""


def kinds() -> Mapping[str, ActorFactory]:
    """What the bench's hosts hold."""
    pack = load_pack(Settings().pack_dir)
    return {KIND: partial(ChannelActor, app=NoApp(), pack=pack, rules=ChannelRules()), "nothing": Nothing}


@asynccontextmanager
async def hosts(uri: str, name: str, count: int = HOSTS, **bounds: Any) -> AsyncIterator[VirtualActors]:
    """Host processes of their own, which are stopped afterwards."""
    documents = (ChannelDocument, NothingDocument)
    spec = HostSpec(database_uri=uri, database="bench", documents=documents, build=kinds, **bounds)
    actors = start_hosts(count, spec, namespace=name)
    try:
        await actors.stats()
        yield actors
    finally:
        actors.stop()


def line(channel: str, number: int) -> IncomingMessage:
    """One of many lines of talk, 70 characters on average, of one of seven people."""
    topics = ("the garden", "my new bicycle", "that long film", "the train to the sea", "a soup with far too much salt")
    text = f"I have been thinking about {topics[number % len(topics)]} all day, and here is thought number {number}"
    return IncomingMessage(
        id=str((int(channel) << 12) + number),
        channel_id=channel,
        guild_id="1",
        author=Author(id=str(100 + number % 7), name=f"person {number % 7}"),
        content=text,
        created_ms=time.time_ns() // 1_000_000,
    )


async def hear(actors: VirtualActors, channel: str, lines: int) -> None:
    """A channel hears some lines, one after another."""
    for number in range(lines):
        async with aclosing(actors.stream(KIND, channel, "turn", line(channel, number))) as events:
            async for _ in events:
                pass


async def each(work: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Does all of it, AT_ONCE at a time, without holding more."""
    waiting = iter(work)

    async def worker() -> None:
        for one in waiting:
            await one()

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def memory(pids: Iterable[int]) -> int:
    """Bytes that processes have to themselves."""
    return sum(psutil.Process(pid).memory_full_info().uss for pid in pids)


async def filled(actors: VirtualActors, channels: Sequence[str], data: Path) -> None:
    """Channels that each heard a window of lines, and are passivated."""
    stored = folder_bytes(data)
    await each(partial(hear, actors, channel, LINES) for channel in channels)
    await passivated(actors)
    report("stored_channel_bytes", (folder_bytes(data) - stored) / len(channels), "bytes")


async def sized(actors: VirtualActors, channels: Sequence[str]) -> None:
    """A resident channel, a passivated one, and the activation between them, in hosts that held nothing before."""
    pids = [host.pid for host in await actors.stats()]
    warm, first, second = channels[:100], channels[100 : SAMPLE // 2], channels[SAMPLE // 2 :]
    await each(partial(actors.call, KIND, channel, "persona") for channel in warm)
    empty = memory(pids)
    await each(partial(actors.call, KIND, channel, "persona") for channel in first)
    full = memory(pids)
    report("resident_channel_bytes", (full - empty) / len(first), "bytes")
    resident_s = [await timed(actors.call(KIND, channel, "persona")) for channel in first[-300:]]
    await passivated(actors)
    for key in range(10 * HOSTS):  # so many that each host has some of them
        await actors.call("nothing", str(key), "tidy")
    # Python keeps what was freed for what comes, so what others need beyond it is what the first ones still hold.
    activation_s = [await timed(actors.call(KIND, channel, "persona")) for channel in second]
    grown = (memory(pids) - full) / len(first)
    report("passivated_channel_bytes", grown, "bytes", (full - empty) / len(first))
    for share in (0.5, 0.99):
        value, base = (percentile(taken, share) * 1000 for taken in (activation_s, resident_s))
        report(f"activation_p{share * 100:.0f}", value, "ms", base)


async def timed(work: Awaitable[Any]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def passivated(actors: VirtualActors) -> None:
    """Waits until no channel is resident."""
    while any(host.resident for host in await actors.stats()):  # noqa: ASYNC110  # other processes have no event
        await asyncio.sleep(0.5)


async def crowd(actors: VirtualActors, count: int) -> None:
    """Many channels that each hear a message."""
    pids = [host.pid for host in await actors.stats()]
    peak = memory(pids)

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, memory(pids))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    started = time.monotonic()
    await each(partial(hear, actors, str(1_000_000 + number), 1) for number in range(count))
    taken = time.monotonic() - started
    watching.cancel()
    resident = sum(host.resident for host in await actors.stats())
    report(f"crowd_{count}_minutes", taken / 60, "minutes")
    report(f"crowd_{count}_peak", peak / 1e6, "MB")
    report(f"crowd_{count}_resident_at_the_end", resident, "channels")


async def calls_per_s(call: Callable[[str], Awaitable[Any]]) -> float:
    """Calls a second with AT_ONCE under way."""
    keys = [str(number) for number in range(AT_ONCE)]
    await each(partial(call, key) for key in keys)
    started = time.monotonic()
    await each(partial(call, key) for key in itertools.islice(itertools.cycle(keys), CALLS))
    return CALLS / (time.monotonic() - started)


async def compared(actors: VirtualActors) -> None:
    """Calls through a host against a bare actor, by turns, the best of three each."""
    bare = ray.remote(num_cpus=0, max_concurrency=10_000)(BareActor).remote()

    async def through_host(key: str) -> None:
        await actors.call("nothing", key, "nothing")

    async def directly(key: str) -> None:
        await bare.call.remote("nothing", key, "nothing", ())

    found: dict[Any, list[float]] = {through_host: [], directly: []}
    for _, way in itertools.product(range(3), found):
        found[way].append(await calls_per_s(way))
    report("host_calls_per_s", max(found[through_host]), "calls/s", max(found[directly]))


async def one_process_each() -> None:
    """A Ray actor per channel."""

    class Channel:
        async def pid(self) -> int:
            import os

            return os.getpid()

    made = ray.remote(num_cpus=0)(Channel)
    started = time.monotonic()
    actors = [made.remote() for _ in range(OWN_PROCESSES)]
    pids = await asyncio.gather(*(actor.pid.remote() for actor in actors))
    report("ray_actor_per_channel_start", (time.monotonic() - started) / OWN_PROCESSES, "s")
    size = memory(pids) / OWN_PROCESSES
    report("ray_actor_per_channel_bytes", size, "bytes")
    report("ray_actor_per_channel_100000", size * 100_000 / 1e9, "GB")
    for actor in actors:
        ray.kill(actor)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def measure(uri: str, data: Path, channels: int) -> None:
    """All figures."""
    sample = [str(10_000 + number) for number in range(SAMPLE)]
    async with hosts(uri, "filling", idle_s=IDLE_S) as actors:
        await filled(actors, sample, data)
    async with hosts(uri, "measured", idle_s=IDLE_S) as actors:
        await sized(actors, sample)
    async with hosts(uri, "called", count=1) as actors:
        await compared(actors)
    await one_process_each()
    async with hosts(uri, "crowd") as actors:
        await crowd(actors, channels)


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--channels", type=int, default=100_000, help="channels that each hear a message")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        database = EmbeddedDatabase(Path(folder), free_port())
        uri = database.start()
        database.wait_ready()
        ray.init(address="local", num_cpus=8, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            asyncio.run(measure(uri, Path(folder), asked.channels))
        finally:
            ray.shutdown()
            database.stop()


if __name__ == "__main__":
    main()
