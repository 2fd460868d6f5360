"""The host of virtual actors, without Ray: one at a time, durable before acknowledged, forgotten when idle."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from pymongo.uri_parser import parse_uri

from actors.host import VirtualActor, VirtualHost, exposed
from actors.virtual import LocalVirtualActors, place
from core.documents import DatabaseHandle, OwnedDocument, connect
from core.errors import DatabaseUnavailable, DeadlineExceeded, Overloaded, RequestError, StaleRevision
from tests.support.lossy_proxy import LossyProxy


class TallyDocument(OwnedDocument):
    total: int = 0

    class Settings:
        name = "tallies"


class Tally(VirtualActor[TallyDocument]):
    """Counts, with an await between reading and writing, where two callers at once would lose a step."""

    lazy_save_s = 0.05
    database_patience_s = 0.2

    def __init__(self, key: str) -> None:
        super().__init__(key, TallyDocument)

    @exposed
    async def add(self, step: int = 1) -> int:
        before = self.document.total
        await asyncio.sleep(0.001)
        self.document.total = before + step
        return self.document.total

    @exposed
    async def value(self) -> int:
        return self.document.total

    @exposed
    async def add_and_fail(self) -> None:
        self.document.total += 1
        raise ValueError("after the change")

    @exposed
    async def enter_twice(self) -> None:
        async with self.exclusive():
            pass

    @exposed
    async def hang(self) -> None:
        await asyncio.sleep(60)

    @exposed
    async def climb(self, steps: int) -> AsyncIterator[int]:
        for _ in range(steps):
            async with self.exclusive():
                self.document.total += 1
                count = self.document.total
            yield count

    @exposed
    async def add_lazily(self) -> AsyncIterator[int]:
        async with self.exclusive() as section:
            self.document.total += 1
            section.durable = False
        yield 1

    @exposed
    async def peek(self) -> AsyncIterator[int]:
        yield self.document.total

    async def hidden(self) -> int:
        return 1


@pytest.fixture
async def tallies(database_uri: str, database_name: str) -> AsyncIterator[DatabaseHandle]:
    handle = await connect(database_uri, database_name, [TallyDocument])
    yield handle
    await handle.close()


def make_host(**options: float) -> VirtualHost:
    return VirtualHost({"tally": Tally}, **options)  # type: ignore[arg-type]


async def collect(stream: AsyncIterator[int]) -> list[int]:
    return [item async for item in stream]


async def test_calls_to_one_identity_run_one_at_a_time(tallies: DatabaseHandle) -> None:
    host = make_host()
    results = await asyncio.gather(*(host.call("tally", "a", "add") for _ in range(40)))
    assert sorted(results) == list(range(1, 41))
    assert (await TallyDocument.load("a")).total == 40


async def test_identities_do_not_wait_for_each_other(tallies: DatabaseHandle) -> None:
    host = make_host()
    hanging = asyncio.create_task(host.call("tally", "a", "hang"))
    async with asyncio.timeout(2):
        assert await host.call("tally", "b", "add") == 1
    hanging.cancel()


async def test_a_result_is_on_disk_before_it_is_told(tallies: DatabaseHandle) -> None:
    host = make_host()
    for expected in range(1, 6):
        assert await host.call("tally", "a", "add") == expected
        assert (await TallyDocument.load("a")).total == expected
    async for count in host.stream("tally", "a", "climb", (3,)):
        assert (await TallyDocument.load("a")).total == count


async def test_reading_writes_nothing(tallies: DatabaseHandle) -> None:
    host = make_host()
    await host.call("tally", "a", "add")
    await host.call("tally", "a", "value")
    assert (await TallyDocument.load("a")).rev == 1


async def test_an_exception_undoes_the_change(tallies: DatabaseHandle) -> None:
    host = make_host()
    await host.call("tally", "a", "add")
    with pytest.raises(ValueError, match="after the change"):
        await host.call("tally", "a", "add_and_fail")
    assert await host.call("tally", "a", "value") == 1
    assert (await TallyDocument.load("a")).rev == 1


async def test_memory_never_runs_ahead_of_the_disk(tallies: DatabaseHandle) -> None:
    first, second = make_host(), make_host()
    assert await first.call("tally", "a", "add") == 1
    assert await second.call("tally", "a", "add") == 2
    with pytest.raises(StaleRevision):
        await first.call("tally", "a", "add")
    assert await first.call("tally", "a", "add") == 3, "what was written elsewhere is loaded"


async def test_memory_is_dropped_where_a_save_fails(database_uri: str, database_name: str) -> None:
    async with LossyProxy(parse_uri(database_uri)["nodelist"][0][1]) as proxy:
        handle = await connect(f"mongodb://127.0.0.1:{proxy.port}/?w=1", database_name, [TallyDocument])
        host = make_host()
        await host.call("tally", "a", "add")
        proxy.go_away()
        with pytest.raises(DatabaseUnavailable):
            await host.call("tally", "a", "add")
        with pytest.raises(DatabaseUnavailable):
            await host.call("tally", "a", "value")
        proxy.come_back()
        assert await host.call("tally", "a", "value") == 1
        await handle.close()


async def test_a_lazy_change_is_seen_at_once_and_saved_soon(tallies: DatabaseHandle) -> None:
    host = make_host()
    for _ in range(5):
        await collect(host.stream("tally", "a", "add_lazily"))
    assert await host.call("tally", "a", "value") == 5
    assert (await TallyDocument.load("a")).rev == 0
    await asyncio.sleep(0.2)
    stored = await TallyDocument.load("a")
    assert (stored.total, stored.rev) == (5, 1)


async def test_a_lazy_change_goes_with_the_next_durable_one(tallies: DatabaseHandle) -> None:
    host = make_host()
    await collect(host.stream("tally", "a", "add_lazily"))
    assert await host.call("tally", "a", "add") == 2
    await asyncio.sleep(0.2)
    stored = await TallyDocument.load("a")
    assert (stored.total, stored.rev) == (2, 1)


async def test_misuse_is_a_clear_error(tallies: DatabaseHandle) -> None:
    host = make_host()
    with pytest.raises(RuntimeError, match="inside itself"):
        await host.call("tally", "a", "enter_twice")
    with pytest.raises(RuntimeError, match="outside its exclusive section"):
        await collect(host.stream("tally", "a", "peek"))
    for kind, method, expected in [
        ("tally", "hidden", "expose no method 'hidden'"),
        ("tally", "exclusive", "expose no method"),
        ("tally", "__init__", "expose no method"),
        ("tally", "climb", "is for `stream`"),
        ("nothing", "add", "no actor kind 'nothing'; known are"),
    ]:
        with pytest.raises(RequestError, match=expected):
            await host.call(kind, "a", method)
    with pytest.raises(RequestError, match="is for `call`"):
        await collect(host.stream("tally", "a", "add"))
    assert await host.call("tally", "a", "add") == 1, "the actor lives on"


async def test_a_call_ends_at_its_time_and_frees_the_actor(tallies: DatabaseHandle) -> None:
    actors = LocalVirtualActors(make_host())
    with pytest.raises(DeadlineExceeded, match="tally a did not answer hang"):
        await actors.call("tally", "a", "hang", timeout_s=0.05)
    assert await actors.call("tally", "a", "add") == 1


async def test_idle_actors_are_forgotten_and_come_back(tallies: DatabaseHandle) -> None:
    host = make_host(idle_s=0.2)
    await host.call("tally", "a", "add")
    assert host.stats().by_kind == {"tally": 1}
    await asyncio.sleep(0.6)
    assert host.stats().resident == 0
    assert await host.call("tally", "a", "add") == 2
    assert host.stats().activations == 2


async def test_the_number_of_residents_is_bounded(tallies: DatabaseHandle) -> None:
    host = make_host(max_resident=3)
    for key in "abcde":
        await host.call("tally", key, "add")
        assert host.stats().resident <= 3
    assert await host.call("tally", "e", "add") == 2
    assert host.stats().activations == 5, "the latest was still there"
    hanging = [asyncio.create_task(host.call("tally", key, "hang")) for key in "xyz"]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded, match="All 3 actors of this host are busy"):
        await host.call("tally", "a", "add")
    for task in hanging:
        task.cancel()


def test_a_place_is_stable_even_and_moves_little() -> None:
    keys = [str(10**18 + n) for n in range(3000)]
    # Other values would mean that two versions of this program look for the same actor in different processes.
    assert [place("channel", key, 4) for key in keys[:8]] == [1, 1, 2, 3, 1, 1, 1, 0]
    shares = Counter(place("channel", key, 4) for key in keys)
    assert all(650 < share < 850 for share in shares.values())
    moved = [key for key in keys if place("channel", key, 5) != place("channel", key, 4)]
    assert all(place("channel", key, 5) == 4 for key in moved)
    assert 480 < len(moved) < 720
