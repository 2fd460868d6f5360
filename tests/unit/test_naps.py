"""An engine that sleeps when nobody asks, and what comes in while it falls asleep or wakes."""

from __future__ import annotations

import asyncio

import pytest

from serve_apps.naps import Naps
from tests.support.eventually import eventually


class Sleeper:
    """Takes its time to fall asleep and to wake, and tells what it did."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.fails = False
        self.begun = asyncio.Event()

    async def sleep(self) -> None:
        self.begun.set()
        await asyncio.sleep(0.02)
        if self.fails:
            raise RuntimeError("restless")
        self.did.append("sleep")

    async def wake(self) -> None:
        await asyncio.sleep(0.02)
        if self.fails:
            raise RuntimeError("drowsy")
        self.did.append("wake")


def naps(sleeper: Sleeper, after_s: float | None = 0.03) -> Naps:
    return Naps(sleeper.sleep, sleeper.wake, after_s)


async def until_asleep(napping: Naps) -> None:
    async def asleep() -> bool:
        return napping.asleep

    await eventually(asleep, 2)


async def test_it_sleeps_once_idle_and_wakes_once_for_all_who_come() -> None:
    sleeper = Sleeper()
    napping = naps(sleeper)
    napping.rest()
    await until_asleep(napping)

    async def ask() -> None:
        async with napping.awake():
            sleeper.did.append("ask")

    await asyncio.gather(*(ask() for _ in range(3)))
    assert sleeper.did == ["sleep", "wake", "ask", "ask", "ask"]
    await until_asleep(napping)
    assert sleeper.did[-1] == "sleep"


async def test_nobody_is_asked_of_a_sleeper_and_work_keeps_it_awake() -> None:
    sleeper = Sleeper()
    napping = naps(sleeper)
    async with napping.awake():
        await asyncio.sleep(0.1)
        assert not napping.asleep
        assert sleeper.did == []
    await sleeper.begun.wait()  # it is falling asleep
    async with napping.awake():
        assert not napping.asleep
        assert sleeper.did == ["sleep", "wake"]


async def test_without_a_time_it_never_sleeps() -> None:
    sleeper = Sleeper()
    napping = naps(sleeper, None)
    napping.rest()
    async with napping.awake():
        pass
    await asyncio.sleep(0.05)
    assert sleeper.did == []


async def test_who_cannot_wake_is_told_and_tried_again() -> None:
    sleeper = Sleeper()
    napping = naps(sleeper)
    napping.rest()
    await until_asleep(napping)
    sleeper.fails = True
    with pytest.raises(RuntimeError, match="drowsy"):
        async with napping.awake():
            pass
    sleeper.fails = False
    async with napping.awake():
        assert not napping.asleep


async def test_who_cannot_sleep_stays_awake() -> None:
    sleeper = Sleeper()
    sleeper.fails = True
    napping = naps(sleeper, 0.01)
    napping.rest()
    await asyncio.sleep(0.1)
    assert not napping.asleep
    async with napping.awake():
        pass
