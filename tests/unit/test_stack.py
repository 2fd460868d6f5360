"""The supervisor's patience with a process that keeps ending."""

from __future__ import annotations

import logging

import pytest

from core.errors import ConfigError
from deploy import stack
from deploy.stack import Restarts, Status


class Clock:
    """Time that passes only by sleeping, or by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(stack, "time", made)
    return made


def test_a_process_that_keeps_ending_is_started_ever_more_slowly(clock: Clock) -> None:
    restarts, starts = Restarts(), []
    for _ in range(8):
        restarts.again("database", lambda: starts.append(clock.now))
    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert len(starts) == 8


def test_one_that_had_lasted_starts_at_once_again(clock: Clock) -> None:
    restarts = Restarts()
    for _ in range(4):
        restarts.again("database", lambda: None)
    clock.now += 3600
    restarts.again("database", lambda: None)
    assert clock.slept[-1] == 0.2


def test_a_start_that_fails_is_told_and_does_not_end_the_supervisor(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def start() -> None:
        raise ConfigError("Port 27117 is taken.", field="DATABASE_PORT", fix="Choose another.")

    with caplog.at_level(logging.ERROR):
        Restarts().again("database", start)
    assert "DATABASE_PORT" in caplog.text


@pytest.mark.parametrize(("state", "up"), [("ready", True), ("idle", True), ("starting", False), ("failed", False)])
def test_a_sleeping_model_counts_as_up(state: str, up: bool) -> None:
    assert Status(state=state).up is up
