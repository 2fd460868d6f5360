"""Actor hosts in a real Ray cluster, killed with kill -9 under load: nothing acknowledged is lost or said twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from actors.channel import KIND
from actors.channel_document import ChannelDocument
from actors.channel_queries import channels_with_open_turns
from actors.virtual import HostSpec, VirtualActors, place, start_hosts
from bench.system import free_port
from core.documents import DatabaseHandle, connect
from core.errors import RequestError, Unavailable, UnknownPersona
from core.messages import IncomingMessage, Silent, Speaking, Spoken
from deploy.database import EmbeddedDatabase
from tests.support.cast import make_message
from tests.support.unique_app import build

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("ray_cluster")]

CHANNELS = [str(500 + n) for n in range(20)]
RATE = 30
SECONDS = 8


def start(uri: str, name: str) -> VirtualActors:
    spec = HostSpec(database_uri=uri, database=name, documents=(ChannelDocument,), build=build)
    return start_hosts(2, spec, namespace=f"test-{name}")


@pytest.fixture
def actors(database_uri: str, database_name: str) -> Iterator[VirtualActors]:
    started = start(database_uri, database_name)
    yield started
    started.stop()


def addressed(number: int) -> IncomingMessage:
    channel = CHANNELS[number % len(CHANNELS)]
    now_ms = time.time_ns() // 1_000_000
    return make_message(number, f"message {number}", mentions_bot=True, channel_id=channel, created_ms=now_ms)


@dataclass
class Ledger:
    """What a gateway that forgets everything saw: every text it heard and every turn it closed."""

    texts: dict[str, set[str]] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    answered_at: dict[str, list[float]] = field(default_factory=dict)

    async def answer(self, actors: VirtualActors, message: IncomingMessage) -> None:
        """Hears the answer and reports it. Every fourth time it stops listening after the text and asks again, as a
        gateway does that was killed there."""
        for _ in range(2 if int(message.id) % 4 == 0 else 1):
            spoken = None
            async with aclosing(actors.stream(KIND, message.channel_id, "turn", message)) as events:
                async for event in events:
                    if isinstance(event, Spoken):
                        spoken = event
            assert spoken is not None
            self.texts.setdefault(message.id, set()).add(spoken.text)
        reply_id = f"9{message.id}"
        await actors.call(KIND, message.channel_id, "posted", message.id, reply_id)
        await actors.call(KIND, message.channel_id, "delivered", message.id, (reply_id,))
        self.delivered.add(message.id)
        self.answered_at.setdefault(message.channel_id, []).append(time.monotonic())

    def longest_gap_s(self) -> float:
        """The longest time that any channel went without an answer."""
        return max(b - a for times in self.answered_at.values() for a, b in pairwise(times))


async def run_load(actors: VirtualActors, ledger: Ledger) -> list[IncomingMessage]:
    """RATE messages a second for SECONDS, all of them answered on return."""
    messages: list[IncomingMessage] = []
    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(RATE * SECONDS):
            await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
            message = addressed(number)
            messages.append(message)
            tasks.create_task(ledger.answer(actors, message))
    return messages


async def check(actors: VirtualActors, ledger: Ledger, messages: list[IncomingMessage], uri: str, name: str) -> None:
    """Every message was answered once, in one text, and is known for good."""
    assert ledger.delivered == {message.id for message in messages}
    assert {len(texts) for texts in ledger.texts.values()} == {1}, "a text that was told is never told otherwise"
    for message in messages:
        again = [event async for event in actors.stream(KIND, message.channel_id, "turn", message)]
        assert again == [Silent(source_id=message.id, reason="duplicate")]
    for channel in CHANNELS:
        replies = await actors.call(KIND, channel, "known_replies")
        assert sorted(replies) == sorted(f"9{message.id}" for message in messages if message.channel_id == channel)
    handle: DatabaseHandle = await connect(uri, name, [ChannelDocument])
    assert await channels_with_open_turns(handle) == []
    await handle.close()


async def test_kill_9_of_a_host_under_load(actors: VirtualActors, database_uri: str, database_name: str) -> None:
    before = await actors.stats()
    ledger = Ledger()

    async def kill_both_in_turn() -> None:
        for index, after_s in ((0, 2.0), (1, 3.0)):
            await asyncio.sleep(after_s)
            os.kill(before[index].pid, signal.SIGKILL)

    killing = asyncio.create_task(kill_both_in_turn())
    messages = await run_load(actors, ledger)
    await killing
    after = await actors.stats()
    assert {host.pid for host in before}.isdisjoint(host.pid for host in after)
    await check(actors, ledger, messages, database_uri, database_name)
    gap_s = ledger.longest_gap_s()
    print(f"\nhosts killed at {RATE}/s: longest time without an answer in a channel {gap_s:.2f} s")  # noqa: T201
    assert gap_s < 20


async def test_kill_9_of_the_database_under_load(database_name: str, tmp_path: Path) -> None:
    server = EmbeddedDatabase(tmp_path, free_port())
    uri = server.start()
    server.wait_ready()
    actors = start(uri, database_name)
    try:
        await actors.stats()
        ledger = Ledger()

        async def kill_and_restart() -> None:
            await asyncio.sleep(2)
            assert server.pid
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.sleep(1)
            server.start()

        killing = asyncio.create_task(kill_and_restart())
        messages = await run_load(actors, ledger)
        await killing
        await check(actors, ledger, messages, uri, database_name)
        gap_s = ledger.longest_gap_s()
        print(f"\ndatabase killed at {RATE}/s for 1 s: longest time without an answer {gap_s:.2f} s")  # noqa: T201
        assert gap_s < 20
    finally:
        actors.stop()
        server.stop()


async def test_errors_keep_their_type_across_processes(actors: VirtualActors) -> None:
    with pytest.raises(UnknownPersona) as raised:
        await actors.call(KIND, "500", "set_persona", "nobody")
    assert raised.value.field == "persona"
    with pytest.raises(RequestError, match="expose no method"):
        await actors.call(KIND, "500", "_run")
    with pytest.raises(RequestError, match="not a Discord id"):
        async for _ in actors.stream(KIND, "500", "turn", make_message(1, id="x", mentions_bot=True)):
            pass


async def test_a_listener_may_leave(actors: VirtualActors) -> None:
    message = addressed(1)
    async with aclosing(actors.stream(KIND, message.channel_id, "turn", message)) as events:
        assert isinstance(await anext(events), Speaking)
    async with aclosing(actors.stream(KIND, message.channel_id, "turn", message)) as events:
        assert isinstance([event async for event in events][-1], Spoken)


async def test_hosts_that_do_not_come_back_are_unavailable(actors: VirtualActors) -> None:
    await actors.stats()
    actors.stop()
    with pytest.raises(Unavailable) as raised:
        await actors.call(KIND, "500", "history", timeout_s=1)
    assert raised.value.component == "actors"


async def test_starting_twice_keeps_the_hosts(actors: VirtualActors, database_uri: str, database_name: str) -> None:
    first = await actors.stats()
    again = start(database_uri, database_name)
    assert [host.pid for host in await again.stats()] == [host.pid for host in first]
    await again.call(KIND, "500", "set_persona", "Olga")
    counts = [host.resident for host in await actors.stats()]
    assert counts[place(KIND, "500", 2)] == 1
    assert sum(counts) == 1
