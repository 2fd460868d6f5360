"""What a ledger of points comes to: levels, streaks and badges. Pure.

A level costs `STEP` points more than the one before: level 2 begins at 50, 3 at 150, 4 at 300, 10 at 2,250. A streak
counts days in a row, by the calendar of the server's time zone, so a day on which the clock is changed is one day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import isqrt

STEP = 50


def level_of(points: int) -> int:
    """The level that so many points make, from 1."""
    return (1 + isqrt(1 + 8 * max(0, points) // STEP)) // 2


def begins_at(level: int) -> int:
    """The points at which a level begins."""
    return STEP * level * (level - 1) // 2


def day_of(now_ms: int, zone: tzinfo) -> int:
    """The day that an instant (epoch ms) falls on there, as `date.toordinal` counts."""
    return datetime.fromtimestamp(now_ms / 1000, zone).toordinal()


def week_of(day: int) -> int:
    """The Monday of a day's week, as a day."""
    return day - (day - 1) % 7


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row up to `last_day` (0: none yet), and the most there ever were."""

    last_day: int = 0
    days: int = 0
    best: int = 0

    def then(self, day: int) -> Streak:
        """The streak with that day in it. A day that is over already (the server moved its time zone) changes
        nothing."""
        if day <= self.last_day:
            return self
        days = self.days + 1 if day == self.last_day + 1 else 1
        return Streak(day, days, max(self.best, days))

    def on(self, today: int) -> int:
        """How many days it has today: it lives on until a whole day went by without one."""
        return self.days if today - self.last_day <= 1 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All that badges go by. `earned` are the entries that were no correction by hand, `feats` counts them by name,
    `personas` how often which of the cast was talked with."""

    points: int
    earned: int
    best_streak: int
    feats: Mapping[str, int]
    personas: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Badge:
    """One badge; its name and what it is for are the texts `badge-<id>` and `badge-<id>-for`."""

    id: str
    earned: Callable[[Tally], bool]


def _points(least: int) -> Callable[[Tally], bool]:
    return lambda tally: tally.points >= least


def _level(least: int) -> Callable[[Tally], bool]:
    return lambda tally: level_of(tally.points) >= least


def _streak(least: int) -> Callable[[Tally], bool]:
    return lambda tally: tally.best_streak >= least


def _feat(name: str, least: int) -> Callable[[Tally], bool]:
    return lambda tally: tally.feats.get(name, 0) >= least


def _met(least: int) -> Callable[[Tally], bool]:
    return lambda tally: len(tally.personas) >= least


# The ledger itself counts the feats talk, night, dawn and return, and those that are the reason of what was earned:
# drop, trivia (a question answered), riddle (one solved), story (an ending reached). Games note perfect (one without a
# mistake) and win (against others).
REASONS = ("drop", "trivia", "riddle", "story")
BADGES: tuple[Badge, ...] = (
    Badge("first-spark", lambda tally: tally.earned >= 1),
    Badge("pocketful", _points(100)),
    Badge("treasure-map", _points(1_000)),
    Badge("dragon-hoard", _points(10_000)),
    Badge("stair-climber", _level(5)),
    Badge("tower-keeper", _level(10)),
    Badge("skywalker", _level(25)),
    Badge("kindling", _streak(3)),
    Badge("campfire", _streak(7)),
    Badge("beacon", _streak(30)),
    Badge("everburning", _streak(100)),
    Badge("good-company", _feat("talk", 10)),
    Badge("regular", _feat("talk", 100)),
    Badge("part-of-the-furniture", _feat("talk", 500)),
    Badge("well-met", _met(3)),
    Badge("life-of-the-party", _met(10)),
    Badge("quick-hands", _feat("drop", 1)),
    Badge("magpie", _feat("drop", 10)),
    Badge("night-lamp", _feat("night", 10)),
    Badge("first-bird", _feat("dawn", 10)),
    Badge("long-way-home", _feat("return", 1)),
    Badge("know-it-some", _feat("trivia", 10)),
    Badge("know-it-all", _feat("trivia", 100)),
    Badge("knot-cutter", _feat("riddle", 10)),
    Badge("page-turner", _feat("story", 5)),
    Badge("spotless", _feat("perfect", 1)),
    Badge("podium", _feat("win", 10)),
)


def badges(tally: Tally) -> tuple[str, ...]:
    """Ids of the badges that a tally has earned, in the order of BADGES."""
    return tuple(badge.id for badge in BADGES if badge.earned(tally))
