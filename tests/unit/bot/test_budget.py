"""The count of invalid requests, and the status that shows the models' health."""

from __future__ import annotations

import logging

import discord
import pytest

from bot.budget import WINDOW_S, RequestBudget
from bot.presence import look_of


def test_invalid_requests_are_counted_for_ten_minutes() -> None:
    budget = RequestBudget()
    for status in (200, 204, 400, 500, 502, 401, 403, 404, 429):
        budget.count(status, now=0.0)
    budget.count(404, now=300.0)
    assert budget.invalid(now=300.0) == 5
    assert budget.invalid(now=WINDOW_S + 1) == 1
    assert budget.invalid(now=WINDOW_S + 301) == 0


def test_past_a_bound_it_warns_and_what_nobody_would_miss_stops(caplog: pytest.LogCaptureFixture) -> None:
    budget = RequestBudget(warn_at=3, spare_at=5)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            budget.count(403)
        assert not caplog.records
        budget.count(403)
        assert "3 invalid requests in ten minutes" in caplog.text
        budget.count(403)
        assert budget.spare()
        budget.count(403)
        assert not budget.spare()
        assert len(caplog.records) == 1  # it does not flood the log


def test_gateways_share_the_bound() -> None:
    budget = RequestBudget(4, spare_at=20)
    for _ in range(5):
        assert budget.spare()
        budget.count(429)
    assert not budget.spare()


def test_the_count_takes_little_memory() -> None:
    budget = RequestBudget()
    for number in range(20_000):
        budget.count(404, now=number * 0.05)
    assert len(budget._slots) <= WINDOW_S / 10 + 1
    assert budget.invalid(now=1000.0) == pytest.approx(12_000, abs=200)


READY = dict.fromkeys(("llm", "persona", "actors", "database", "bot", "vlm"), ("ready", ""))


@pytest.mark.parametrize(
    ("states", "status", "key"),
    [
        (READY, discord.Status.online, "presence-ready"),
        ({**READY, "vlm": ("failed", "")}, discord.Status.online, "presence-ready"),
        ({**READY, "llm": ("idle", "")}, discord.Status.idle, "presence-asleep"),
        ({**READY, "llm": ("starting", "")}, discord.Status.idle, "presence-waking"),
        ({**READY, "llm": ("failed", "")}, discord.Status.dnd, "presence-lore-only"),
        ({**READY, "persona": ("failed", "")}, discord.Status.dnd, "presence-away"),
        ({**READY, "database": ("failed", "")}, discord.Status.dnd, "presence-away"),
        (None, discord.Status.dnd, "presence-away"),
    ],
)
def test_the_status_is_the_models_health(
    states: dict[str, tuple[str, str]] | None, status: discord.Status, key: str
) -> None:
    assert look_of(states) == (status, key)
