"""The scheduler on a clock that leaps: misfires, quiet hours, outages, back-off, retries, one run at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest

from actors.guild_settings import GuildSettings
from actors.schedule import Claimed, Edit, JobView, ScheduleView
from actors.schedule_state import Record
from core.errors import RequestError
from core.phrases import When
from schedules.job import Job, Made, Post, Silence, Slot, World
from tests.support.clockwork import Shelf, Town, leap_through, said

START = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
HOUR, DAY = 3600, 86_400
G = "500"


async def silent(slot: Slot, world: World) -> Made:
    return Silence("Nothing happened.", slot.at_ms + 6 * HOUR * 1000)


async def broken(slot: Slot, world: World) -> Made:
    raise RuntimeError("a defect")


async def refused(slot: Slot, world: World) -> Made:
    raise RequestError("There is no channel.", field="channel")


async def slow(slot: Slot, world: World) -> Made:
    await asyncio.sleep(40)
    return await said(slot, world)


async def endless(slot: Slot, world: World) -> Made:
    await asyncio.sleep(10 * HOUR)
    return await said(slot, world)


async def three(slot: Slot, world: World) -> Made:
    posts = [Post(channel_id=slot.guild_id, text=f"three-{n} {slot.at_ms}", pause_s=20.0) for n in range(3)]
    return tuple(posts)


async def placed(slot: Slot, world: Any) -> Made:
    return tuple(Post(channel_id=one, text=f"placed {one}", pause_s=20.0) for one in world.channel_ids)


async def spread(slot: Slot, world: World) -> Made:
    return tuple(Post(channel_id=one, text=f"{one} {slot.at_ms}") for one in ("gone", G, "gone", "900"))


async def gossip(slot: Slot, world: World) -> Made:
    """Quotes whoever may be told of when it is made."""
    return Post(channel_id=G, text=f"said by {', '.join(TELLABLE)}", about=tuple(TELLABLE))


TELLABLE: list[str] = []


async def chat(slot: Slot, world: World) -> Made:
    return tuple(Post(channel_id=G, text=f"chat-{number}", yields=True) for number in range(2))


JOBS = MappingProxyType(
    {
        job.name: job
        for job in (
            Job(name="skips", title="", cron="0 */2 * * *", make=said),
            Job(name="once", title="", cron="0 */2 * * *", make=said, misfire="run_once"),
            Job(name="catches", title="", cron="0 */2 * * *", make=said, misfire="catch_up", catch_up_at_most=3),
            Job(name="hoards", title="", cron="0 */2 * * *", make=said, misfire="catch_up", catch_up_at_most=6),
            Job(name="silent", title="", cron="0 * * * *", make=silent, frequent=True),
            Job(name="broken", title="", cron="0 12 * * *", make=broken, misfire="run_once"),
            Job(name="refused", title="", cron="0 12 * * *", make=refused),
            Job(name="slow", title="", cron="0 12 * * *", make=slow, misfire="run_once"),
            Job(name="slower", title="", cron="0 12 * * *", make=slow, misfire="run_once"),
            Job(name="endless", title="", cron="0 12 * * *", make=endless, deadline_s=30.0),
            Job(name="gossip", title="", cron="0 12 * * *", make=gossip, misfire="run_once"),
            Job(name="chat", title="", cron="0 12 * * *", make=chat),
            Job(name="spread", title="", cron="0 12 * * *", make=spread),
            Job(name="asked", title="", cron="0 12 * * *", make=said, asked_for=True),
            Job(name="three", title="", cron="0 12 * * *", make=three, misfire="run_once"),
            Job(name="placed", title="", cron="0 12 * * *", make=placed, misfire="run_once"),
            Job(name="lengthy", title="", cron="0 12 * * *", make=slow, deadline_s=300.0),
            Job(name="refuses", title="", cron="0 12 * * *", make=refused, misfire="run_once"),
            Job(name="nightly", title="", cron="0 23 * * *", make=said, misfire="run_once", jitter_s=120.0),
        )
    }
)


def live(shelf: Shelf, act: Callable[[Town], Awaitable[None]], **settings: str) -> Town:
    place = Town(JOBS, {G: GuildSettings.model_validate(settings)}, START, shelf=shelf)

    async def lived() -> None:
        async with place:
            await act(place)

    leap_through(lived)
    return place


async def until(place: Town, seconds: float) -> None:
    await asyncio.sleep(seconds - asyncio.get_running_loop().time())


def test_what_was_missed_while_everything_was_down(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("skips", "once", "catches"):
            await place.switch_on(G, name)
        await until(place, 11 * HOUR + 60)  # 02:00 to 10:00 are over
        place.start()
        await until(place, 12 * HOUR + 60)

    place = live(shelf, act)
    minutes = sorted(place.said(G))
    assert minutes == [
        *[("catches", "01 11:01")] * 3,
        ("catches", "01 12:00"),
        ("once", "01 11:01"),
        ("once", "01 12:00"),
        ("skips", "01 12:00"),
    ]
    caught = [text.split()[2] for text, _ in place.discord.messages[G] if text.startswith("catches")]
    assert caught == [str(START + hour * HOUR * 1000) for hour in (6, 8, 10, 12)]


def test_quiet_hours_move_or_skip(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("skips", "once", "catches"):
            await place.switch_on(G, name)
        place.start()
        await until(place, DAY)

    place = live(shelf, act, quiet_hours="21:00-07:00", time_zone="Europe/Berlin")  # 19:00 to 05:00 UTC
    by = {name: [at for one, at in place.said(G) if one == name] for name in ("skips", "once", "catches")}
    # By the clock of Berlin, which is two hours ahead: 08:00, 10:00 and so on, which is 06:00 UTC.
    day = [f"01 {hour:02}:00" for hour in range(6, 19, 2)]
    assert by["skips"] == day
    assert by["once"] == ["01 05:00", *day]
    assert by["catches"] == ["01 05:00"] * 2 + day


def test_discord_away_for_an_hour_loses_nothing_that_is_kept_and_doubles_nothing(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("skips", "once", "catches"):
            await place.switch_on(G, name)
        place.discord.loses = 0.3
        place.start()
        await until(place, 9.5 * HOUR)
        place.discord.away = True
        await until(place, 10.5 * HOUR)
        place.discord.away = False
        await until(place, DAY + 600)

    place = live(shelf, act)
    counted = place.discord.counted()
    assert set(counted.values()) == {1}
    even = [START + hour * HOUR * 1000 for hour in range(2, 25, 2)]
    for name in ("once", "catches"):
        assert {text for text in counted if text.startswith(name)} == {f"{name} {G} {at_ms}" for at_ms in even}
    late = dict(place.said(G)[-1:])
    assert late
    assert f"skips {G} {START + 10 * HOUR * 1000}" not in counted  # it is dropped after some minutes
    assert [job for _, job, _ in place.discord.told] == ["skips"]


def test_all_slots_of_an_outage_that_are_to_be_caught_up_with_are_kept(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "hoards")
        place.start()
        await until(place, HOUR)
        place.discord.away = True
        await until(place, 9 * HOUR)
        place.discord.away = False
        await until(place, 10 * HOUR - 60)

    assert len(live(shelf, act).said(G)) == 4


def test_posts_that_nobody_answers_make_a_job_speak_less_often(shelf: Shelf) -> None:
    views: list[JobView] = []
    records: list[Record] = []

    async def act(place: Town) -> None:
        await place.switch_on(G, "skips")
        place.discord.deserted.add(G)
        place.start()
        await until(place, 3 * DAY + 60)
        view: ScheduleView = await place.ask(G, "view")
        views.append(view.jobs[0])
        records.extend(await place.ask(G, "history", "skips"))
        place.discord.deserted.clear()
        await until(place, 5 * DAY)
        view = await place.ask(G, "view")
        views.append(view.jobs[0])

    place = live(shelf, act)
    hours = [int(at[:2]) * 24 + int(at[3:5]) for _, at in place.said(G)]
    gaps = [after - before for before, after in pairwise(hours)]
    assert gaps[:6] == [2, 4, 8, 16, 16, 16]
    assert gaps[6] < 16  # people answered meanwhile, so the next slot is used
    assert gaps[7:] == [2] * len(gaps[7:])
    passed = [one for one in records if one.outcome == "silent"]
    assert len(passed) == 8  # the last ones; more of those that posted nothing are not kept
    assert {one.detail for one in passed} == {"Nobody answered its last posts."}
    assert (views[0].ignored, views[0].stride) == (7, 8)
    assert (views[1].ignored, views[1].stride) == (0, 1)


def test_one_run_of_a_server_at_a_time(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("slow", "slower", "once"):
            await place.switch_on(G, name)
        place.start()
        await until(place, 13 * HOUR)

    place = live(shelf, act)
    noon = [
        at_ms - START - 12 * HOUR * 1000
        for text, at_ms in place.discord.messages[G]
        if at_ms > START + 12 * HOUR * 1000
    ]
    assert len(noon) == 3
    gaps = [after - before for before, after in pairwise(sorted(noon))]
    assert max(gaps) >= 40_000
    assert max(noon) >= 80_000


def test_failures_are_told_once_with_the_reason_until_it_works_again(shelf: Shelf) -> None:
    records: list[Record] = []

    async def act(place: Town) -> None:
        for name in ("refused", "broken", "endless"):
            await place.switch_on(G, name)
        place.start()
        await until(place, 3 * DAY)
        records.extend(await place.ask(G, "history", None, 50))

    place = live(shelf, act)
    assert place.discord.messages == {}
    assert sorted(job for _, job, _ in place.discord.told) == ["broken", "endless", "refused"]
    reasons = {job: reason for _, job, reason in place.discord.told}
    assert reasons["refused"] == "There is no channel."
    assert "a defect" in reasons["broken"]
    assert "longer than the 30 s" in reasons["endless"]
    by_job = {one.job: one for one in records}
    assert by_job["refused"].attempts == 1
    assert by_job["broken"].attempts == 3
    assert by_job["endless"].attempts > 2
    assert len([one for one in records if one.job == "refused"]) == 3


def test_a_channel_that_is_gone_keeps_no_other_from_its_post(shelf: Shelf) -> None:
    records: list[Record] = []

    async def act(place: Town) -> None:
        await place.switch_on(G, "spread")
        place.discord.gone.add("gone")
        place.start()
        await until(place, DAY)
        records.extend(await place.ask(G, "history", "spread"))

    place = live(shelf, act)
    noon = START + 12 * HOUR * 1000
    assert place.discord.counted() == {f"{G} {noon}": 1, f"900 {noon}": 1}
    [record] = records
    assert (record.outcome, record.detail, record.attempts) == ("failed", "gone is gone.", 1)
    assert [one.channel_id for one in record.posted] == [G, "900"]
    assert [job for _, job, _ in place.discord.told] == ["spread"]


def test_what_people_began_is_ended_also_where_the_cast_does_not_speak_unasked(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("once", "asked"):
            await place.switch_on(G, name)
        place.settings[G] = GuildSettings(proactive=False)
        await place.ask(G, "pause_all", True)
        place.start()
        await until(place, DAY)

    assert live(shelf, act).said(G) == [("asked", "01 12:00")]


def test_on_a_server_that_the_bot_left_nothing_runs_until_it_is_back(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "once")
        place.discord.left.add(G)
        place.start()
        await until(place, DAY)
        assert shelf.next[G] == 0
        assert place.discord.refusals == 1
        place.discord.left.clear()
        await place.ask(G, "resettle")
        await until(place, 2 * DAY)

    place = live(shelf, act)
    assert place.discord.told == []
    assert place.said(G)


def test_a_talk_that_waited_does_not_begin_once_people_talk(shelf: Shelf) -> None:
    records: list[Record] = []

    async def act(place: Town) -> None:
        await place.switch_on(G, "chat")
        place.discord.away = True
        place.start()
        await until(place, 12 * HOUR + 60)
        place.discord.lively.add(G)
        place.discord.away = False
        await until(place, 13 * HOUR)
        records.extend(await place.ask(G, "history", "chat"))

    assert live(shelf, act).discord.messages == {}
    assert [(one.outcome, one.detail) for one in records] == [("silent", "People spoke, so it was left out.")]


def test_a_job_with_nothing_to_say_waits_until_then_and_can_be_stirred(shelf: Shelf) -> None:
    dues: list[int] = []

    async def due(place: Town) -> None:
        view: ScheduleView = await place.ask(G, "view")
        dues.append(next(one.due_ms for one in view.jobs if one.name == "silent") - START)

    async def act(place: Town) -> None:
        await place.switch_on(G, "silent")
        place.start()
        await until(place, HOUR + 60)
        await due(place)
        await place.ask(G, "stir", "silent", START + int(2.5 * HOUR) * 1000)
        await due(place)
        await place.ask(G, "stir", "silent", START + 20 * HOUR * 1000)  # later than it looks anyway
        await due(place)
        assert await place.ask(G, "history") == ()

    live(shelf, act)
    assert dues == [7 * HOUR * 1000, 3 * HOUR * 1000, 3 * HOUR * 1000]


def test_a_run_that_was_cut_off_goes_on_where_it_stood(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "three")
        task = place.start()
        await until(place, 12 * HOUR + 30)  # two of three are posted
        await place.kill(task)
        place.rehost()
        place.start()
        await until(place, 13 * HOUR)

    place = live(shelf, act)
    assert [text.split()[0] for text, _ in place.discord.messages[G]] == ["three-0", "three-1", "three-2"]


def test_a_job_is_run_by_hand_once_per_request_also_in_quiet_hours(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        scheduler = place.scheduler()
        task = asyncio.create_task(scheduler.run())
        run_id = await place.ask(G, "run_now", "once", "77")
        assert await place.ask(G, "run_now", "once", "77") == run_id
        scheduler.wake(G)
        await until(place, 60)
        assert await place.ask(G, "run_now", "once", "77") == run_id
        scheduler.wake(G)
        await until(place, 120)
        [record] = await place.ask(G, "history", "once")
        assert (record.id, record.outcome, record.manual, record.tokens) == (run_id, "posted", True, 7)
        assert record.posted[0].channel_id == G
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    place = live(shelf, act, quiet_hours="22:00-07:00")
    assert len(place.discord.messages[G]) == 1


def test_reminders_come_on_time_also_beside_a_run_and_again(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        place.start()
        await place.switch_on(G, "slow")
        await place.ask(G, "remind", "1", "9", G, "tea @everyone", When(START + (12 * HOUR + 10) * 1000))
        await place.ask(G, "remind", "2", "9", G, "water", When(START + HOUR * 1000, "0 * * * *"))
        assert await place.ask(G, "unremind", "2", "8") is False
        await until(place, 12 * HOUR + 60)
        assert await place.ask(G, "unremind", "2", "9")
        await until(place, DAY)
        assert await place.ask(G, "reminders", "9") == ()

    place = live(shelf, act)
    texts = [text for text, _ in place.discord.messages[G]]
    assert texts.count("\N{ALARM CLOCK} <@9> tea @everyone") == 1
    assert texts.count("\N{ALARM CLOCK} <@9> water") == 12
    tea = next(at_ms for text, at_ms in place.discord.messages[G] if "tea" in text)
    assert 0 <= tea - START - (12 * HOUR + 10) * 1000 < 1000


def test_who_is_forgotten_is_not_reminded(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for number in range(10):
            await place.ask(G, "remind", str(number), "9", G, f"thing {number}", When(START + DAY * 1000))
        with pytest.raises(RequestError, match="10 reminders"):
            await place.ask(G, "remind", "x", "9", G, "one more", When(START + DAY * 1000))
        await place.ask(G, "remind", "y", "8", G, "mine", When(START + DAY * 1000))
        kept = await place.ask(G, "kept_about", "9")
        assert len(kept) == 10
        assert kept[0].kind == "reminder"
        assert await place.ask(G, "forget_person", "9") == 10
        assert await place.ask(G, "kept_about", "9") == ()
        place.start()
        await until(place, 2 * DAY)

    place = live(shelf, act)
    assert [text for text, _ in place.discord.messages[G]] == ["\N{ALARM CLOCK} <@8> mine"]


def test_who_is_forgotten_is_in_no_post_that_waits(shelf: Shelf) -> None:
    TELLABLE[:] = ["8", "9"]

    async def act(place: Town) -> None:
        await place.switch_on(G, "gossip")
        place.discord.away = True
        place.start()
        await until(place, 12 * HOUR + 60)
        [kept] = await place.ask(G, "kept_about", "9")
        assert (kept.kind, kept.channel_id) == ("post", G)
        assert "gossip" in kept.text
        stored = (await shelf.load(G)).people
        assert stored == ["8", "9"]
        TELLABLE.remove("9")
        assert await place.ask(G, "forget_person", "9") == 1
        assert await place.ask(G, "kept_about", "8") == ()
        place.discord.away = False
        await until(place, 12 * HOUR + 290)

    assert [text for text, _ in live(shelf, act).discord.messages[G]] == ["said by 8"]


@pytest.mark.parametrize("stands", [True, False])
def test_what_waited_long_is_made_anew_unless_it_stands(shelf: Shelf, stands: bool) -> None:
    TELLABLE[:] = ["8", "9"]

    async def act(place: Town) -> None:
        await place.switch_on(G, "gossip")
        place.discord.loses, place.discord.away = (1.0, False) if stands else (0.0, True)
        place.start()
        await until(place, 12 * HOUR + 5)
        place.discord.loses, place.discord.away = 0.0, True
        await until(place, 13 * HOUR)
        TELLABLE.remove("9")
        place.discord.away = False
        await until(place, 14 * HOUR)

    texts = [text for text, _ in live(shelf, act).discord.messages[G]]
    assert texts == ["said by 8, 9" if stands else "said by 8"]


def test_a_reminder_whose_channel_is_gone_comes_alone_and_what_reaches_nobody_ends(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        place.discord.gone.add("gone")
        place.discord.closed.add("8")
        for user_id in ("8", "9"):
            await place.ask(G, "remind", user_id, user_id, "gone", "tea", When(START + HOUR * 1000, "0 * * * *"))
        place.start()
        await until(place, 2.5 * HOUR)
        assert len(await place.ask(G, "reminders", "8")) == 1
        await until(place, 5.5 * HOUR)
        assert await place.ask(G, "reminders", "8") == ()
        assert len(await place.ask(G, "reminders", "9")) == 1

    place = live(shelf, act)
    assert [text for text, _ in place.discord.messages["@9"]] == ["\N{ALARM CLOCK} <@9> tea"] * 5


def test_reminders_are_plain_text_and_go_by_the_clock_of_the_server(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        text = "# [free](https://example.org) https://example.org/a_b_c"
        await place.ask(G, "remind", "1", "9", G, text, When(START + 9 * HOUR * 1000, "0 9 * * *"))
        place.settings[G] = GuildSettings(time_zone="Europe/Berlin")
        await place.ask(G, "resettle")
        place.start()
        await until(place, DAY)

    [(text, at_ms)] = live(shelf, act).discord.messages[G]
    assert text.endswith(r"\# \[free\]\(https://example.org\) https://example.org/a_b_c")
    assert at_ms - START < 7.1 * HOUR * 1000


def test_edits(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        with pytest.raises(RequestError, match="every 10 minutes"):
            await place.ask(G, "edit", "once", Edit(cron="* * * * *"))
        with pytest.raises(RequestError, match="Did you mean"):
            await place.ask(G, "edit", "onc", Edit(on=True))
        view = await place.ask(G, "edit", "once", Edit(on=True, cron="30 9 * * *", add_channel="1"))
        assert (view.cron, view.channel_ids, view.due_ms) == ("30 9 * * *", ("1",), START + int(9.5 * HOUR) * 1000)
        view = await place.ask(G, "edit", "once", Edit(cron="", add_channel="2", remove_channel="1"))
        assert (view.cron, view.channel_ids) == ("0 */2 * * *", ("2",))
        view = await place.ask(G, "edit", "once", Edit(paused=True))
        assert (view.due_ms, view.on, view.paused) == (0, True, True)
        place.settings[G] = GuildSettings(proactive=False)
        assert await place.ask(G, "edit", "once", Edit(paused=False))
        assert await place.ask(G, "resettle") == 0
        place.settings[G] = GuildSettings(time_zone="Asia/Kolkata")
        assert await place.ask(G, "resettle") == START + int(0.5 * HOUR) * 1000  # 06:00 there

    live(shelf, act)


NOON_MS = START + 12 * HOUR * 1000


def test_no_more_runs_are_under_way_than_there_is_room_for(shelf: Shelf) -> None:
    under_way, most, runs = 0, 0, 0

    async def counted(slot: Slot, world: World) -> Made:
        nonlocal under_way, most, runs
        under_way, runs = under_way + 1, runs + 1
        most = max(most, under_way)
        await asyncio.sleep(10)
        under_way -= 1
        return Silence("")

    names = ("first", "second")
    jobs = MappingProxyType({one: Job(name=one, title="", cron="0 12 * * *", make=counted) for one in names})
    guilds = [str(number) for number in range(60)]

    async def lived() -> None:
        async with Town(jobs, {one: GuildSettings() for one in guilds}, START, shelf=shelf, at_once=4) as place:
            for guild_id in guilds:
                for name in jobs:
                    await place.switch_on(guild_id, name)
                await place.ask(guild_id, "remind", "1", "9", guild_id, "tea", When(NOON_MS))
            place.hosts[0].takes_s = 0.05
            place.start()
            await until(place, 12 * HOUR + 9)
            assert place.latest.health().running == 4  # also of what is brought beside the jobs
            await until(place, 13 * HOUR)
            assert sum(place.discord.counted().values()) == len(guilds)

    leap_through(lived)
    assert most <= 4
    assert runs == 120


def test_no_slot_of_a_server_is_dropped_behind_long_runs(shelf: Shelf) -> None:
    async def taking(slot: Slot, world: World) -> Made:
        await asyncio.sleep(200 if slot.job == "job_0" else 90)
        return await said(slot, world)

    names = [f"job_{number}" for number in range(11)]
    jobs = {one: Job(name=one, title="", cron="0 12 * * *", make=taking, deadline_s=300.0) for one in names}

    async def lived() -> None:
        async with Town(MappingProxyType(jobs), {G: GuildSettings()}, START, shelf=shelf) as place:
            for name in names:
                await place.switch_on(G, name)
            place.start()
            await until(place, 13 * HOUR)
            assert sorted(name for name, _ in place.said(G)) == sorted(names)

    leap_through(lived)


def test_what_waits_behind_a_long_run_gives_way_to_its_next_slot(shelf: Shelf) -> None:
    jobs = {
        "long": Job(name="long", title="", cron="0 12 * * *", make=endless, deadline_s=1500.0),
        "short": Job(name="short", title="", cron="*/10 * * * *", make=said),
    }

    async def lived() -> None:
        async with Town(MappingProxyType(jobs), {G: GuildSettings()}, START, shelf=shelf) as place:
            await place.switch_on(G, "long")
            await until(place, 12 * HOUR - 300)
            place.start()
            await place.change(G, "edit", "short", Edit(on=True))
            await until(place, 12 * HOUR + 1505)  # three slots came meanwhile
            assert [at for _, at in place.said(G)] == ["01 12:25"]
            outcomes = [one.outcome for one in await place.ask(G, "history", "short")]
            assert outcomes == ["posted", "superseded", "superseded"]

    leap_through(lived)


def test_a_claim_whose_answer_is_lost_is_the_same_claim_when_it_is_made_again(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "once")
        place.start()
        await until(place, 2 * HOUR - 1)
        place.hosts[0].loses.append("claim")
        await until(place, 2 * HOUR + 5)
        [record] = await place.ask(G, "history", "once")
        assert (record.outcome, record.attempts) == ("posted", 1)

    live(shelf, act)


def test_a_run_whose_process_died_is_run_again_however_long_it_may_take(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "lengthy")
        task = place.start()
        await until(place, 12 * HOUR + 20)
        await place.kill(task)
        place.rehost()
        place.start()
        await until(place, 13 * HOUR)
        [record] = await place.ask(G, "history", "lengthy")
        assert (record.outcome, record.attempts) == ("posted", 2)

    live(shelf, act)


def test_the_admins_are_told_of_a_run_whose_process_died_each_time(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "lengthy")
        at_ms, attempts = NOON_MS, 0
        for number in range(10):
            claimed: Claimed = await place.ask(G, "claim", at_ms, f"holder {number}")
            for run in claimed.runs:
                if run.news is not None:
                    assert (run.news.job, run.news.reason) == ("lengthy", "The process that ran it died.")
                    assert attempts == 2
                    return
                attempts = run.attempt
            at_ms = max(at_ms, claimed.next_ms)
        raise AssertionError("nobody is told")

    live(shelf, act)


def test_the_admins_are_told_as_soon_as_they_can_be(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "refuses")
        place.start()
        place.discord.away = True
        await until(place, 15 * HOUR)
        [record] = await place.ask(G, "history", "refuses")
        assert (record.outcome, place.discord.told) == ("failed", [])
        place.discord.away = False
        await until(place, 15 * HOUR + 600)
        assert place.discord.told == [(G, "refuses", "There is no channel.")]
        place.discord.away = True
        await until(place, 2 * DAY)

    assert len(live(shelf, act).discord.told) == 1


def test_what_works_again_before_anybody_could_be_told_is_not_told(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "skips")
        place.start()
        await until(place, 2 * HOUR - 60)
        place.discord.away = True
        await until(place, 2 * HOUR + 900)  # the slot is given up
        [failed] = await place.ask(G, "history", "skips")
        assert failed.outcome == "failed"
        place.discord.away = False
        await place.change(G, "run_now", "skips", "1")
        await until(place, 5 * HOUR)
        assert [at for _, at in place.said(G)] == ["01 02:15", "01 04:00"]

    assert live(shelf, act).discord.told == []


def test_a_single_slot_that_was_missed_is_in_the_history(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "lengthy")
        await until(place, 13 * HOUR)
        place.start()
        await until(place, 14 * HOUR)
        [record] = await place.ask(G, "history", "lengthy")
        assert (record.outcome, record.detail) == ("missed", "Slots that could not be run in time: 1.")

    live(shelf, act)


def test_what_was_switched_off_does_not_post(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        for name in ("once", "placed", "three", "slow"):
            await place.switch_on(G, name)
        await place.ask(G, "edit", "placed", Edit(add_channel="1"))
        place.start()
        await until(place, 12 * HOUR - 10)
        place.discord.messages.clear()
        place.discord.away = True
        await until(place, 12 * HOUR + 600)
        place.settings[G] = GuildSettings(proactive=False)
        await place.change(G, "edit", "placed", Edit(paused=True))
        place.settings[G] = GuildSettings()
        await place.change(G, "resettle")
        place.discord.away = False
        await until(place, 13 * HOUR)

    place = live(shelf, act)
    assert place.discord.messages == {}


@pytest.mark.parametrize("manual", [False, True])
def test_a_pause_ends_what_is_under_way(shelf: Shelf, manual: bool) -> None:
    async def act(place: Town) -> None:
        task = place.start()
        await until(place, 12 * HOUR - 10)
        if not manual:
            await place.switch_on(G, "three")
        else:
            await place.ask(G, "run_now", "three", "1")
        place.latest.wake(G)
        await until(place, 12 * HOUR + (15 if not manual else 5))  # one of three is posted
        await place.change(G, "edit", "three", Edit(paused=True))
        await asyncio.sleep(1)
        assert place.latest.health().running == 0
        [record] = await place.ask(G, "history", "three")
        assert (record.outcome, record.detail, len(record.posted)) == ("posted", "It was switched off.", 1)
        await until(place, 13 * HOUR)
        assert not task.done()

    place = live(shelf, act)
    assert [text.split()[0] for text, _ in place.discord.messages[G]] == ["three-0"]


def test_all_jobs_are_paused_at_once(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "slow")
        place.start()
        await until(place, 12 * HOUR + 10)
        await place.change(G, "pause_all", True)
        await until(place, 13 * HOUR)
        [record] = await place.ask(G, "history", "slow")
        assert (record.outcome, record.detail) == ("superseded", "It was switched off.")
        await place.ask(G, "run_now", "slow", "1")  # but somebody may have it run once
        place.latest.wake(G)
        await until(place, 14 * HOUR)

    assert len(live(shelf, act).discord.messages[G]) == 1


def test_what_is_open_goes_to_the_channels_of_then(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.ask(G, "edit", "placed", Edit(on=True, add_channel="1"))
        place.start()
        await until(place, 12 * HOUR - 10)
        place.discord.away = True
        await until(place, 12 * HOUR + 60)
        await place.change(G, "edit", "placed", Edit(only_channel="2"))
        place.discord.away = False
        await until(place, 13 * HOUR)
        await place.ask(G, "edit", "placed", Edit(add_channel="3"))
        await until(place, DAY + 12 * HOUR + 10)  # it stands in 2
        await place.change(G, "edit", "placed", Edit(remove_channel="3"))
        await until(place, DAY + 13 * HOUR)
        record, _ = await place.ask(G, "history", "placed")
        assert (record.outcome, record.detail) == ("posted", "Its channels were changed.")

    counted = {channel: len(texts) for channel, texts in live(shelf, act).discord.messages.items()}
    assert counted == {"2": 2}


def test_an_edit_keeps_a_slot_that_quiet_hours_put_off(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "nightly")
        place.start()
        await until(place, DAY + HOUR)
        await place.change(G, "edit", "nightly", Edit(add_channel="1"))
        await until(place, DAY + 2 * HOUR)
        await place.change(G, "edit", "nightly", Edit(cron="0 22 * * *"))
        await until(place, DAY + 3 * HOUR)
        place.settings[G] = GuildSettings(quiet_hours="22:00-06:00")
        await place.change(G, "resettle")
        await until(place, DAY + 20 * HOUR)
        await place.ask(G, "edit", "nightly", Edit(paused=True))
        view = await place.ask(G, "edit", "nightly", Edit(paused=False))
        assert view.due_ms == START + (2 * DAY + 6 * HOUR) * 1000  # that of 22:00

    assert live(shelf, act, quiet_hours="22:00-07:00").said(G) == [("nightly", "02 06:00")]


def test_a_job_that_is_run_by_hand_tells_also_that_it_has_nothing_to_say(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        place.start()
        await place.ask(G, "run_now", "silent", "1")
        place.latest.wake(G)
        await until(place, 60)
        [record] = await place.ask(G, "history", "silent")
        assert (record.outcome, record.detail) == ("silent", "Nothing happened.")

    live(shelf, act)


def test_it_is_known_what_was_posted_for_as_long_as_the_job_asks(shelf: Shelf) -> None:
    async def act(place: Town) -> None:
        await place.switch_on(G, "once")
        place.start()
        for days in (7, 10):
            await until(place, days * DAY + 60)
            posted = await place.ask(G, "posted", "once", place.now_ms() - 7 * DAY * 1000)
            assert len({one.fingerprint for one in posted}) == 84
            assert [one.at_ms for one in posted] == sorted(one.at_ms for one in posted)
        assert len(await place.ask(G, "posted", "once", 0)) <= 85  # older ones are forgotten
        assert len(await place.ask(G, "history", "once", 1000)) <= 32

    live(shelf, act)
