"""When a cron expression is due: croniter's own times, and what becomes of them where a clock is changed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from croniter import CroniterBadDateError, croniter

from core.cron import checked, is_more_often_than, next_after
from core.errors import RequestError


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def times(cron: str, zone: str, after: str, count: int) -> list[str]:
    """The next moments, in UTC."""
    found, at_ms = [], ms(after)
    for _ in range(count):
        at_ms = next_after(cron, zone, at_ms)
        found.append(datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%d %H:%M"))
    return found


def test_it_agrees_with_croniter_where_no_clock_is_changed() -> None:
    rng, compared = random.Random(1), 0
    fields = (("*", "0", "*/7", "5,50", "10-20/3"), ("0", "*/4", "9-17", "23"), ("*", "1", "13,31"), ("*", "2", "*/5"))
    for _ in range(150):
        cron = " ".join([*(rng.choice(one) for one in fields), rng.choice(("*", "0", "1-5", "0,6", "7", "2#1"))])
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(500_000))
        try:
            due = croniter(cron, start).get_next(datetime)
        except CroniterBadDateError:
            continue
        compared += 1
        assert next_after(cron, "UTC", int(start.timestamp() * 1000)) == int(due.timestamp() * 1000), cron
    assert compared > 120


def test_a_time_that_the_clock_leaps_over_is_due_once_just_behind_the_leap() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-03-28T03:00+00:00", 2) == ["29 01:00", "30 00:30"]
    # Several of them, and the moment of the leap itself, are one.
    assert times("*/20 2,3 * * *", "Europe/Berlin", "2026-03-29T00:59+00:00", 3) == ["29 01:00", "29 01:20", "29 01:40"]


def test_a_time_that_is_there_twice_is_due_the_first_time() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-10-24T03:00+00:00", 2) == ["25 00:30", "26 01:30"]


def test_what_is_due_every_hour_goes_by_hours_that_pass() -> None:
    assert times("30 * * * *", "Europe/Berlin", "2026-10-25T00:00+00:00", 3) == ["25 00:30", "25 01:30", "25 02:30"]
    assert times("30 * * * *", "Europe/Berlin", "2026-03-29T00:00+00:00", 3) == ["29 00:30", "29 01:30", "29 02:30"]
    # Lord Howe puts its clock back by half an hour.
    assert times("15 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00+00:00", 2) == ["04 14:15", "04 15:45"]


def test_midnight_that_is_leapt_over() -> None:
    assert times("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00+00:00", 2) == ["23 22:00", "24 21:00"]


@pytest.mark.parametrize(
    "wrong",
    ["", "0 0 30 2 *", "* * * *", "* * * * * *", "61 * * * *", "@daily", "0 0 * * x", "R R * * *", "0 H * * *"],
)
def test_what_is_no_time_is_refused_with_examples(wrong: str) -> None:
    with pytest.raises(RequestError, match="every weekday at 9"):
        checked(wrong)


def test_names_and_the_last_day_are_taken() -> None:
    for cron in ("0 9 * * mon-FRI", "0 9 l mar,oct *", "0 9 * * l5"):
        assert checked(cron) == cron


def test_how_often() -> None:
    assert is_more_often_than("*/5 * * * *", 10)
    assert is_more_often_than("0,5 9 * * *", 10)
    assert not is_more_often_than("*/10 * * * *", 10)
    assert not is_more_often_than("0 3 * * 0", 60)
