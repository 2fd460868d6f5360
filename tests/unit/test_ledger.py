"""The ledger of points: every entry counts once, whatever is tried again and whoever dies; levels, streaks, badges."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import points, standing
from actors.guild_settings import GuildSettings
from actors.points import (
    BY_HAND,
    MAX_ENTRIES,
    MAX_IDS,
    TALK_A_DAY,
    TALK_PAUSE_S,
    TALK_POINTS,
    Balance,
    PointsDocument,
    key_of,
)
from actors.points_queries import Board, leaderboard, names_on, place_of
from actors.progress import BADGES, Streak, Tally, badges, begins_at, day_of, level_of, week_of
from core.documents import DatabaseHandle
from core.errors import RequestError, Unavailable
from tests.support.eventually import eventually
from tests.support.ledger import Clock, Treasury, enter

BERLIN = ZoneInfo("Europe/Berlin")


async def balance_of(actors: points.Calls, user: str = "1", guild: str = "600") -> Balance:
    balance: Balance = await actors.call(points.KIND, key_of(guild, user), "balance")
    return balance


# Levels, streaks, badges: pure


@given(st.integers(-1_000, 10_000_000))
def test_a_level_begins_where_it_says(some: int) -> None:
    level = level_of(some)
    assert begins_at(level) <= max(0, some) < begins_at(level + 1)


def test_levels_cost_fifty_more_each() -> None:
    assert [begins_at(level) for level in (1, 2, 3, 4, 10)] == [0, 50, 150, 300, 2250]


def test_days_and_weeks_go_by_the_clock_on_the_wall() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # a Sunday in UTC, Monday in Berlin
    ms = int(late.timestamp() * 1000)
    assert day_of(ms, BERLIN) == day_of(ms, UTC) + 1
    assert week_of(day_of(ms, BERLIN)) == day_of(ms, BERLIN)
    assert week_of(day_of(ms, UTC)) == day_of(ms, UTC) - 6


@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 27, 0, 5, tzinfo=BERLIN), datetime(2026, 10, 23, 23, 55, tzinfo=BERLIN)]
)
def test_a_streak_does_not_notice_that_the_clock_is_changed(start: datetime) -> None:
    streak = Streak()
    for day in range(5):
        wall = start + timedelta(days=day)  # the same time on the wall, 23 or 25 hours later once
        streak = streak.then(day_of(int(wall.timestamp() * 1000), BERLIN))
    assert (streak.days, streak.best) == (5, 5)


def test_a_streak_ends_after_a_day_without_and_its_best_stays() -> None:
    streak = Streak().then(10).then(11).then(11).then(12)
    assert (streak.on(12), streak.on(13), streak.on(14)) == (3, 3, 0)
    again = streak.then(15)
    assert (again.days, again.best) == (1, 3)
    assert again.then(14) == again  # the server moved its time zone to the west


def test_badges_are_earned_one_by_one_and_none_for_nothing() -> None:
    nothing = Tally(points=0, earned=0, best_streak=0, feats={}, personas={})
    assert badges(nothing) == ()
    feats = dict.fromkeys(
        ("talk", "drop", "night", "dawn", "return", "trivia", "riddle", "story", "perfect", "win"), 1000
    )
    everything = Tally(
        points=1_000_000, earned=1, best_streak=400, feats=feats, personas=dict.fromkeys(map(str, range(12)), 1)
    )
    assert badges(everything) == tuple(badge.id for badge in BADGES)
    assert len(set(badges(everything))) >= 12
    assert badges(Tally(points=150, earned=3, best_streak=3, feats={"drop": 1}, personas={})) == (
        "first-spark",
        "pocketful",
        "kindling",
        "quick-hands",
    )


# The ledger


async def test_an_entry_counts_once_however_often_it_comes(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = treasury.actors()
    first = await enter(actors, "g:1")
    assert (first.points, first.changed) == (10, True)
    assert not (await enter(actors, "g:1")).changed
    await enter(treasury.actors(), "g:1")  # after the process was killed
    again = await asyncio.gather(*(enter(actors, "g:2") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Balance) and one.changed for one in again) <= 1
    assert (await balance_of(treasury.actors())).points == 20


async def test_what_is_folded_still_counts_and_is_still_known(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = treasury.actors()
    for number in range(MAX_ENTRIES + 25):
        await enter(actors, f"e{number}", 1)
    document = await PointsDocument.load("600:1")
    assert (len(document.entries), document.carried.count, document.points) == (MAX_ENTRIES, 25, MAX_ENTRIES + 25)
    assert not (await enter(actors, "e0", 1)).changed
    assert len(document.encoded()) < 64_000


async def test_the_document_stays_bounded(database: DatabaseHandle) -> None:
    document = PointsDocument(id="600:1", seen=" abcdefghijkl" * MAX_IDS, guild_id="600", user_id="1")
    await document.replace_owned()
    await enter(Treasury().actors(), "one more")
    assert len((await PointsDocument.load("600:1")).seen) == 13 * MAX_IDS


_STEP = st.one_of(
    st.tuples(st.just("enter"), st.integers(0, 12), st.integers(-50, 50)),
    st.tuples(st.just("together"), st.integers(0, 12), st.integers(-50, 50)),
    st.tuples(st.just("kill"), st.just(0), st.just(0)),
    st.tuples(st.just("read"), st.just(0), st.just(0)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=25))
async def test_any_order_of_entries_retries_and_kills_keeps_the_sum(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int, int]]
) -> None:
    monkeypatch.setattr(points, "MAX_ENTRIES", 3)  # so that much is folded
    treasury, guild = Treasury(), uuid4().hex
    actors, expected = treasury.actors(), {}
    for what, number, amount in steps:
        if what == "kill":
            actors = treasury.actors()
        elif what == "read":
            await balance_of(actors, guild=guild)
        else:
            expected.setdefault(number, amount)
            calls = [enter(actors, str(number), expected[number], guild=guild) for _ in range(1 + (what == "together"))]
            await asyncio.gather(*calls)
    assert (await balance_of(treasury.actors(), guild=guild)).points == sum(expected.values())


async def test_too_much_at_once_is_refused(database: DatabaseHandle) -> None:
    with pytest.raises(RequestError, match="At most 1,000,000"):
        await enter(Treasury().actors(), "x", 1_000_001)


# Streaks and weeks of a ledger


async def test_days_in_a_row_go_by_the_servers_time_zone(database: DatabaseHandle) -> None:
    treasury = Treasury(settings=GuildSettings(time_zone="Asia/Tokyo"))
    actors, clock = treasury.actors(), treasury.clock
    clock.at(datetime(2026, 3, 2, 14, 30, tzinfo=UTC))  # 23:30 in Tokyo
    await enter(actors, "1")
    clock.later(seconds=3600)  # 00:30 there, the same day in UTC
    assert (await enter(actors, "2")).streak == 2
    clock.later(days=1)
    treasury.fails = Unavailable("The guild does not answer.", component="actors")
    assert (await enter(treasury.actors(), "3")).streak == 3  # by the last known zone
    clock.later(days=3)
    late = await balance_of(treasury.actors())
    assert (late.streak, late.best_streak) == (0, 3)


async def test_corrections_by_hand_count_for_the_sum_only(database: DatabaseHandle) -> None:
    actors = Treasury().actors()
    given = await enter(actors, f"{BY_HAND}1", 70)
    assert (given.points, given.level, given.streak, given.badges) == (70, 2, 0, ())
    assert (await enter(actors, f"{BY_HAND}2", -30)).points == 40


async def test_a_week_begins_on_monday(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = treasury.actors()
    await enter(actors, "1", 5)
    treasury.clock.later(days=6)
    assert (await enter(actors, "2", 7)).week_points == 12
    treasury.clock.later(days=1)
    assert (await balance_of(actors)).week_points == 0
    assert (await enter(actors, "3", 1)).week_points == 1


# Talk and feats


async def test_talk_gives_a_little_and_not_without_end(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors, clock = treasury.actors(), treasury.clock

    async def talked(number: int, persona: str = "elio") -> Balance:
        balance: Balance = await actors.call(points.KIND, "600:1", "talked", f"m{number}", "Ada", persona)
        return balance

    assert (await talked(1)).points == TALK_POINTS
    assert not (await talked(2)).changed  # too soon
    for number in range(3, 60):
        clock.later(seconds=TALK_PAUSE_S)
        await talked(number, "olga" if number % 3 else "elio")
    full = await balance_of(actors)
    assert full.points == TALK_A_DAY
    assert full.personas[0][0] == "olga"
    assert sum(count for _, count in full.personas) == 58
    clock.later(days=1)
    assert not (await talked(59)).changed  # the same message
    assert (await talked(61)).points == TALK_A_DAY + TALK_POINTS
    assert "good-company" in (await balance_of(actors)).badges


async def test_talk_gives_nothing_where_the_server_wants_so(database: DatabaseHandle) -> None:
    actors = Treasury(settings=GuildSettings(talk_points=False)).actors()
    balance = await actors.call(points.KIND, "600:1", "talked", "m1", "Ada", "elio")
    assert (balance.changed, balance.points, balance.personas) == (False, 0, ())
    assert (await PointsDocument.load("600:1")).rev == 0


async def test_feats_count_and_one_that_is_tried_again_once(database: DatabaseHandle) -> None:
    actors = Treasury().actors()
    for _ in range(2):
        await actors.call(points.KIND, "600:1", "note", "drop", "drop:1")
    for number in range(9):
        await actors.call(points.KIND, "600:1", "note", "drop", f"drop:{number + 2}")
    for _ in range(2):
        await actors.call(points.KIND, "600:1", "enter", "g:1", 5, "trivia", "Ada")
    await actors.call(points.KIND, "600:1", "enter", "g:hint", -1, "trivia", "Ada")  # no feat
    await actors.call(points.KIND, "600:1", "enter", f"{BY_HAND}1", 5, "trivia", "Ada")  # nor this
    balance = await balance_of(actors)
    assert ("quick-hands" in balance.badges, "magpie" in balance.badges) == (True, True)
    assert (await PointsDocument.load("600:1")).feats == {"drop": 10, "trivia": 1}
    with pytest.raises(RequestError, match="cannot be called"):
        await actors.call(points.KIND, "600:1", "note", "No Such.Feat")


# Who is where


async def test_places_are_shared_and_pages_follow_on_each_other(database: DatabaseHandle) -> None:
    actors = Treasury().actors()
    for user, amount in enumerate((50, 40, 40, 40, 30, 0), start=1):
        await enter(actors, "e", amount, user=str(user))
    await enter(actors, "e", 99, user="1", guild="601")
    board = Board(guild_id="600")
    page = await leaderboard(database, board, 0, 3)
    assert ([row.place for row in page.rows], [row.points for row in page.rows], page.total) == (
        [1, 2, 2],
        [50, 40, 40],
        5,
    )
    rest = await leaderboard(database, board, 3, 3)
    assert [(row.place, row.name) for row in rest.rows] == [(2, "Member 4"), (5, "Member 5")]
    assert await place_of(database, board, 30) == 5
    assert (await leaderboard(database, Board(guild_id="600", week=7), 0, 3)).total == 0


async def test_among_all_servers_are_only_those_who_want_to(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = treasury.actors()
    for user in ("1", "2"):
        for guild in ("600", "601"):
            await enter(actors, "e", 10, user=user, guild=guild)
    everybody = Board(guild_id=None)
    assert (await leaderboard(database, everybody, 0, 10)).rows == ()

    await actors.call(standing.KIND, "1", "publish", True, "Ada L.", 5)
    for guild in ("600", "601"):
        await actors.call(points.KIND, key_of(guild, "1"), "publish", True)
    await enter(actors, "later", 5, guild="602")  # a server on which they are for the first time

    async def shown(sum_: int) -> bool:
        rows = (await leaderboard(database, everybody, 0, 10)).rows
        return [(row.user_id, row.name, row.points) for row in rows] == [("1", "Ada L.", sum_)]

    await eventually(lambda: shown(25))
    week = week_of(day_of(treasury.clock.ms, UTC))
    assert (await leaderboard(database, Board(guild_id=None, week=week), 0, 10)).rows[0].points == 25
    assert await names_on(database, "600", ["1", "9"]) == {"1": "Member 1"}

    await actors.call(standing.KIND, "1", "publish", False, "", 5)
    await enter(actors, "even later", 5)
    assert (await leaderboard(database, everybody, 0, 10)).rows == ()


async def test_a_standing_that_was_not_told_is_told_when_asked(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    treasury = Treasury()
    actors = treasury.actors()
    await actors.call(standing.KIND, "1", "publish", True, "Ada", 5)

    async def dies(self: points.PointsActor) -> None:
        return

    with monkeypatch.context() as patch:
        patch.setattr(points.PointsActor, "_tell", dies)
        await enter(actors, "e", 10)
    actors = treasury.actors()
    assert (await leaderboard(database, Board(guild_id=None), 0, 10)).rows == ()
    await balance_of(actors)

    async def shown() -> bool:
        return [row.points for row in (await leaderboard(database, Board(guild_id=None), 0, 10)).rows] == [10]

    await eventually(shown)


async def test_forgotten_is_forgotten_and_others_keep_theirs(database: DatabaseHandle) -> None:
    actors = Treasury().actors()
    for user in ("1", "2"):
        await enter(actors, "e", 10, user=user)
    assert [one.text for one in await actors.call(points.KIND, "600:1", "kept_about", "1")] == ["+10 points: test"]
    assert await actors.call(points.KIND, "600:1", "kept_about", "2") == ()
    assert await actors.call(points.KIND, "600:1", "forget_person", "1") == 1
    assert await database.collection(PointsDocument).find_one({"_id": "600:1"}) is None
    assert (await balance_of(actors)).points == 0
    assert (await enter(actors, "anew", 3)).points == 3
    assert (await balance_of(actors, user="2")).points == 10


def test_the_clock_of_these_tests_begins_on_a_monday() -> None:
    assert week_of(day_of(Clock().ms, UTC)) == day_of(Clock().ms, UTC)
