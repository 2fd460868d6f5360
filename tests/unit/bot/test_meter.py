"""How fast somebody asks and what was spent, as the gateway counts it; and the copies of what actors keep."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.access_rules import GUILD, user
from actors.usage import Counts
from bot import meter
from bot.copies import Copies
from bot.meter import Meter, Rate, used
from core.errors import Unavailable

NOW = time.time_ns() // 1_000_000
DOWN = Unavailable("Away.", component="actors")


class Store:
    """The usage actors, of which calls may fail, before or after they took effect."""

    def __init__(self) -> None:
        self.counts: dict[str, Counts] = {}
        self.batches: list[str] = []
        self.calls: list[str] = []
        self.fails: list[str] = []  # `before` or `after`, for the next calls

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        self.calls.append(method)
        fails = self.fails.pop(0) if self.fails else ""
        if fails == "before":
            raise DOWN
        counts = self.counts.setdefault(key, Counts())
        result: Any = None
        match method:
            case "counts":
                result = counts.model_copy(deep=True)
            case "add":
                batch, at_ms, spent = args
                if batch not in self.batches:
                    self.batches.append(batch)
                    counts.add(at_ms, spent)
            case "reset":
                result = counts.forget(*args)
        if fails == "after":
            raise DOWN
        return result

    def stream(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def test_a_bucket_gives_a_burst_then_so_many_a_minute() -> None:
    rate = Rate(30)  # one in two seconds, ten at once
    assert [rate.take("1", 0.0) for _ in range(10)] == [(0.0, False)] * 10
    wait_s, news = rate.take("1", 0.0)
    assert (wait_s, news) == (pytest.approx(2.0), True)
    assert rate.take("1", 1.0) == (pytest.approx(1.0), False)  # told already
    assert rate.take("2", 1.0) == (0.0, False)  # somebody else
    assert rate.take("1", 2.0) == (0.0, False)
    assert rate.take("1", 2.0)[1]  # and there was one in between, so it is news again
    assert [rate.take("1", 1000.0)[0] for _ in range(11)].count(0.0) == 10  # never more than the burst


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_nobody_gets_more_than_the_rate(pauses: list[float]) -> None:
    rate, now, given_ = Rate(60), 0.0, 0
    for pause in pauses:
        now += pause
        given_ += rate.take("1", now)[0] == 0.0
    assert given_ <= 20 + now + 1


def test_without_a_rate_nothing_is_counted_and_people_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(Rate(0).take("1", 0.0) == (0.0, False) for _ in range(100))
    monkeypatch.setattr(meter, "_MOST_PEOPLE", 5)
    rate = Rate(3)
    for number in range(50):
        rate.take(str(number), 0.0)
    assert len(rate._buckets) == 5


async def test_what_was_spent_reaches_the_store_and_the_next_process() -> None:
    store = Store()
    first = Meter(store)
    assert used(await first.counts("600"), "1", NOW)["requests/day"] == 0
    first.spend("600", "1", 20, NOW)
    first.spend("600", "1", 5, NOW)
    first.spend("600", "2", 1, NOW)
    assert used(await first.counts("600"), "1", NOW)["tokens/day"] == 25  # at once
    assert used(await Meter(store).counts("600"), "1", NOW)["tokens/day"] == 0  # not yet
    await first.flush()
    assert store.calls.count("add") == 1
    counts = await Meter(store).counts("600")
    assert used(counts, "1", NOW)["tokens/day"] == 25
    assert used(counts, None, NOW) == {"requests/hour": 3, "requests/day": 3, "tokens/hour": 26, "tokens/day": 26}
    await first.flush()  # there is nothing to bring
    assert store.calls.count("add") == 1


async def test_a_turn_asks_the_store_once() -> None:
    store = Store()
    counting = Meter(store)
    for _ in range(50):
        await counting.counts("600")
        counting.spend("600", "1", 1, NOW)
    assert store.calls == ["counts"]


@pytest.mark.parametrize("fails", ["before", "after"])
async def test_what_cannot_be_brought_is_brought_later_and_once(fails: str) -> None:
    store = Store()
    counting = Meter(store)
    await counting.counts("600")
    counting.spend("600", "1", 20, NOW)
    store.fails = [fails, fails]
    await counting.flush()
    counting.spend("600", "1", 5, NOW)
    await counting.flush()
    await counting.flush()
    assert used(store.counts["600"], "1", NOW) == used(await counting.counts("600"), "1", NOW)
    assert used(store.counts["600"], "1", NOW)["tokens/day"] == 25


async def test_a_store_that_is_away_at_the_start_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.counts["600"] = Counts()
    store.counts["600"].add(NOW, {user("1"): (7, 70)})
    store.fails = ["before"]
    counting = Meter(store)
    counting.spend("600", "1", 5, NOW)
    assert used(await counting.counts("600"), "1", NOW)["requests/day"] == 1
    assert used(await counting.counts("600"), "1", NOW)["requests/day"] == 1  # not asked again at once
    monkeypatch.setattr(meter, "_AGAIN_S", 0.0)
    assert used(await counting.counts("600"), "1", NOW)["requests/day"] == 8
    await counting.flush()
    assert used(store.counts["600"], "1", NOW)["requests/day"] == 8


async def test_a_reset_counts_from_nothing_here_and_there() -> None:
    store = Store()
    counting = Meter(store)
    counting.spend("600", "1", 5, NOW)
    counting.spend("600", "2", 5, NOW)
    assert await counting.reset("600", user("1"))
    assert used(await counting.counts("600"), "1", NOW)["requests/day"] == 0
    assert used(store.counts["600"], "1", NOW)["requests/day"] == 0
    assert used(store.counts["600"], "2", NOW)["requests/day"] == 1
    assert await counting.reset("600", GUILD)
    assert set(used(await counting.counts("600"), None, NOW).values()) == {0}


async def test_places_are_bounded_and_none_is_dropped_that_has_something_to_bring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meter, "_MOST_PLACES", 3)
    store = Store()
    counting = Meter(store)
    counting.spend("spent", "1", 1, NOW)
    for number in range(20):
        await counting.counts(str(number))
    assert len(counting._places) == 3
    await counting.flush()
    assert used(store.counts["spent"], "1", NOW)["requests/day"] == 1


# Copies


async def test_a_copy_is_read_beside_and_only_the_first_waits() -> None:
    reads = 0

    async def read(key: str) -> int:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0)
        return reads

    copies = Copies(read, lambda key: 0, fresh_s=100)
    assert [await copies.of("a") for _ in range(5)] == [1] * 5
    copies.forget("a")
    assert await copies.of("a") == 2
    assert await copies.of("b") == 3
    await copies.close()


async def test_a_copy_that_is_not_fresh_is_read_again_and_not_waited_for() -> None:
    reads, gate = 0, asyncio.Event()

    async def read(key: str) -> int:
        nonlocal reads
        reads += 1
        if reads > 1:
            await gate.wait()
        return reads

    copies = Copies(read, lambda key: 0, fresh_s=0.01)
    assert await copies.of("a") == 1
    await asyncio.sleep(0.02)
    assert copies.is_fresh("a")
    assert await copies.of("a") == 1  # while it is being read
    gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await copies.of("a") == 2
    assert not copies.is_fresh("b")
    await copies.close()


async def test_a_copy_that_cannot_be_read_holds_what_is_known() -> None:
    answers: list[Any] = [RuntimeError("a defect"), 7, DOWN]

    async def read(key: str) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    copies = Copies(read, lambda key: -1, fresh_s=0.0)
    assert [await copies.of("a") for _ in range(3)] == [-1, 7, 7]


async def test_a_copy_that_takes_too_long_is_not_waited_for() -> None:
    async def read(key: str) -> int:
        await asyncio.sleep(60)
        return 1

    copies = Copies(read, lambda key: -1, patience_s=0.01)
    assert await copies.of("a") == -1
    assert await copies.of("a") == -1
    await copies.close()
