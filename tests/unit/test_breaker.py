"""The circuit breaker over a clock that the tests move."""

from __future__ import annotations

import pytest

from serve_apps.breaker import FORGET_S, Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(open_after_s=30, probe_every_s=5, clock=clock)


def fail_for(breaker: Breaker, clock: Clock, seconds: int) -> None:
    for _ in range(seconds):
        breaker.failed()
        clock.now += 1


def test_a_short_outage_turns_nobody_away(breaker: Breaker, clock: Clock) -> None:
    fail_for(breaker, clock, 29)
    assert not breaker.open
    assert breaker.failing_s == 29
    assert all(breaker.allows() for _ in range(9))


def test_after_a_long_one_only_a_probe_is_let_through_now_and_then(breaker: Breaker, clock: Clock) -> None:
    fail_for(breaker, clock, 31)
    assert breaker.open
    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]
    clock.now += 5
    breaker.failed()
    assert [breaker.allows() for _ in range(2)] == [True, False]
    breaker.succeeded()
    assert not breaker.open
    assert breaker.failing_s == 0
    assert all(breaker.allows() for _ in range(9))


def test_a_success_in_between_begins_anew(breaker: Breaker, clock: Clock) -> None:
    fail_for(breaker, clock, 20)
    breaker.succeeded()
    fail_for(breaker, clock, 20)
    assert not breaker.open


def test_what_failed_long_ago_says_nothing_about_now(breaker: Breaker, clock: Clock) -> None:
    fail_for(breaker, clock, 40)
    assert breaker.open
    clock.now += FORGET_S + 1
    assert not breaker.open
    breaker.failed()
    assert breaker.failing_s == 0
    assert not breaker.open
