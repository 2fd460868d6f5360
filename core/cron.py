"""When a cron expression is due on the clock of a time zone, also on the days on which that clock is changed.

A time that the wall clock leaps over is due once, at the first moment after the leap. A time that it shows twice is due
once, the first time; only what is due in every hour is due in both of them, since it goes by hours that pass.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from core.errors import RequestError
from core.wording import Wording

_FIELDS = 5
_MOST_DAYS = 366 * 8 + 2  # the 29th of February comes at least that often
_DAY = timedelta(days=1)
_SOME_DAY = datetime.fromisoformat("2026-01-01")  # a wall clock has no zone
_MOST_CHARACTERS = 100
_NAMES = re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat|l")
"""What of an expression may be letters. croniter also takes `R` and `H`, by chance other times in every process."""


def checked(cron: str) -> str:
    """The expression with single spaces. Raises RequestError where it is none of five fields, or is never due."""
    wanted = " ".join(cron.split())
    fields = wanted.split(" ")
    known = not re.search("[a-z]", _NAMES.sub("", wanted.casefold()))
    if known and len(fields) == _FIELDS and len(wanted) <= _MOST_CHARACTERS:
        with suppress(CroniterError, RequestError):
            _next_wall(wanted, _SOME_DAY)
            return wanted
    told = Wording(
        "refused-cron",
        "{phrase} is no time that I understand. Write “every weekday at 9”, “every 4 hours”, “on Sundays at 3:30”, or "
        "a cron expression of five fields such as `30 9 * * 1-5`.",
        phrase=repr(cron.strip()[:60]),
    )
    raise RequestError(told, field="when")


def next_after(cron: str, zone: str, after_ms: int) -> int:
    """The first moment later than `after_ms` at which `cron` is due by the clock of `zone`. Raises RequestError for an
    expression that is none."""
    there = zone_of(zone)
    if cron.split(" ")[1] == "*":
        return _next_hourly(cron, there, after_ms)
    wall = _wall(there, after_ms)
    while True:
        wall = _next_wall(cron, wall)
        due_ms = _instant(there, wall)
        if due_ms > after_ms:
            return due_ms


def is_more_often_than(cron: str, minutes: int) -> bool:
    """Whether `cron` can be due twice within less than `minutes`; a day and a bit is looked at."""
    before = _next_wall(cron, _SOME_DAY)
    end = before + timedelta(days=1, hours=1)
    while before < end:
        after = _next_wall(cron, before)
        if after - before < timedelta(minutes=minutes):
            return True
        before = after
    return False


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """The time zone of a name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # it was there when it was set: another machine's time zones
        return UTC


@dataclass(frozen=True, slots=True)
class _Times:
    """An expression, taken apart: minutes of the day, and which days they are on; None are all."""

    minutes: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int] | None
    weekdays: frozenset[int] | None  # Sunday is 0

    def on(self, day: date) -> bool:
        """Whether it is due on that day. Of a day of the month and one of the week, either will do, as cron has it."""
        if self.months is not None and day.month not in self.months:
            return False
        if self.days is None or self.weekdays is None:
            return (self.days is None or day.day in self.days) and (
                self.weekdays is None or day.isoweekday() % 7 in self.weekdays
            )
        return day.day in self.days or day.isoweekday() % 7 in self.weekdays


@lru_cache(maxsize=4096)
def _times(cron: str) -> _Times | None:
    """What croniter reads there; None for the third Sunday or the last day of a month, which it must count itself."""
    fields, counted = croniter.expand(cron)
    if counted or any("l" in field for field in fields):
        return None
    minutes, hours = (range(n) if field == ["*"] else field for field, n in zip(fields, (60, 24), strict=False))
    days, months, weekdays = (None if field == ["*"] else frozenset(field) for field in fields[2:])
    return _Times(tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes)), days, months, weekdays)


def _next_wall(cron: str, wall: datetime) -> datetime:
    """The next time on the wall. croniter reads the expression, but finds the next time a hundred times slower."""
    times = _times(cron)
    if times is None:
        found: datetime = croniter(cron, wall).get_next(datetime)
        return found
    day = wall.date()
    index = bisect_right(times.minutes, wall.hour * 60 + wall.minute)
    for _ in range(_MOST_DAYS):
        if index < len(times.minutes) and times.on(day):
            minute = times.minutes[index]
            return datetime.combine(day, time(minute // 60, minute % 60))
        day, index = day + _DAY, 0
    raise RequestError(Wording("refused-never-due", "{cron} is never due.", cron=repr(cron)), field="when")


def _next_hourly(cron: str, zone: tzinfo, after_ms: int) -> int:
    """By passing time: the wall clock only says which minute of the hour, and which day, it is."""
    offset = _offset(zone, after_ms)
    while True:
        wall = datetime.fromtimestamp(after_ms / 1000, UTC).replace(tzinfo=None) + offset
        due = _next_wall(cron, wall) - offset
        due_ms = int(due.replace(tzinfo=UTC).timestamp() * 1000)
        if _offset(zone, due_ms) == offset:
            return due_ms
        # The clock is changed in between: from that moment on, go by the new one.
        change_ms = _change(zone, after_ms + 1, due_ms)
        after_ms, offset = change_ms - 1, _offset(zone, change_ms)


def _wall(zone: tzinfo, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)


def _offset(zone: tzinfo, at_ms: int) -> timedelta:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset() or timedelta()


def _instant(zone: tzinfo, wall: datetime) -> int:
    """When the wall clock shows that first; for a time that it leaps over, the moment of the leap."""
    first = wall.replace(tzinfo=zone, fold=0)
    at_ms = int(first.timestamp() * 1000)
    if _wall(zone, at_ms) == wall:
        return at_ms
    # Python reads such a time with the offset from before the leap (fold=0) or from behind it, so between them it is.
    return _change(zone, int(wall.replace(tzinfo=zone, fold=1).timestamp() * 1000), at_ms)


def _change(zone: tzinfo, before_ms: int, after_ms: int) -> int:
    """The first moment at which the offset is no longer that of `before_ms`."""
    old = _offset(zone, before_ms)
    low, high = before_ms, after_ms
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == old else (low, middle)
    return high
