"""A year of two hundred servers in thirty time zones: every slot fires exactly once, whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from actors.guild_settings import GuildSettings
from actors.schedule_plan import jitter_ms
from schedules.job import Job, Slot
from tests.support.clockwork import Shelf, Town, leap_through, said

YEAR = 2026
START = datetime(YEAR, 1, 1, tzinfo=UTC) - timedelta(hours=1)
END = datetime(YEAR + 1, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Europe/Istanbul", "Africa/Cairo",
    "Africa/Casablanca", "Africa/Lagos", "Asia/Beirut", "Asia/Jerusalem", "Asia/Tehran", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Shanghai", "Asia/Tokyo", "Australia/Adelaide", "Australia/Lord_Howe", "Australia/Sydney",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Honolulu", "America/Los_Angeles",
    "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Havana",
    "Atlantic/Azores",
)  # fmt: skip
QUIET = "23:00-06:30"
JOBS = MappingProxyType(
    {
        job.name: job
        for job in (
            Job(name="daily", title="daily", cron="0 10 * * *", make=said, misfire="run_once"),
            Job(name="night", title="night", cron="30 2 * * *", make=said, misfire="catch_up", catch_up_at_most=3),
            Job(name="weekly", title="weekly", cron="0 3 * * 0", make=said, misfire="run_once"),
            Job(name="often", title="often", cron="0 */6 * * *", make=said, misfire="skip", jitter_s=60.0),
            Job(name="hourly", title="hourly", cron="15 * * * *", make=said, misfire="skip"),
        )
    }
)


def town(shelf: Shelf, guilds: int = 200, *, light: bool = False) -> tuple[Town, dict[tuple[str, str], str]]:
    """Servers with their wishes: the cron expression by server and job. Every fourth has quiet hours. With
    `light` there are fewer slots: Sunday nights, on which most clocks are changed, and a weekly job."""
    rng = random.Random(3)
    settings, wishes = {}, {}
    for number in range(guilds):
        guild_id = str(1000 + number)
        quiet = QUIET if number % 4 == 0 else None
        settings[guild_id] = GuildSettings(time_zone=ZONES[number % len(ZONES)], quiet_hours=quiet)
        # The days on which clocks are changed somewhere: Sundays, Fridays, and Saturdays at midnight.
        wishes[guild_id, "night"] = (
            f"{rng.choice((0, 15, 30, 45))} {rng.choice((0, 1, 2, 3))} * * {0 if light else '0,5'}"
        )
        if number % 5 == 0:
            wishes[guild_id, "weekly"] = "0 3 * * 0"
        if light:
            continue
        if number % 20 == 3:
            wishes[guild_id, "daily"] = f"{rng.randrange(60)} {rng.randrange(24)} * * *"
        if number % 40 == 8:
            wishes[guild_id, "often"] = "0 */6 * * *"
        if number == 77:  # Australia/Lord_Howe, whose clock is changed by half an hour
            wishes[guild_id, "hourly"] = "15 * * * *"
    return Town(JOBS, settings, int(START.timestamp() * 1000), shelf=shelf), wishes


def slots(cron: str, zone: ZoneInfo) -> Iterator[int]:
    """When it is due in the year, worked out from the wall: day by day, and hour by hour where it is for every hour."""
    minute, hour, _, _, weekday = cron.split()
    if hour == "*":
        moment = START
        while moment < END:
            if moment > START and moment.astimezone(zone).minute == int(minute):
                yield int(moment.timestamp() * 1000)
            moment += timedelta(minutes=15)
        return
    hours = range(0, 24, int(hour[2:])) if hour.startswith("*/") else [int(hour)]
    day = date(YEAR - 1, 12, 30)
    while day <= date(YEAR + 1, 1, 2):
        if weekday == "*" or str(day.isoweekday() % 7) in weekday.split(","):
            for one in hours:
                wall = datetime.combine(day, time(one, int(minute)))
                while wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
                    wall += timedelta(minutes=1)  # the clock leaps over it
                moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
                if START < moment < END:
                    yield int(moment.timestamp() * 1000)
        day += timedelta(days=1)


def is_quiet(at_ms: int, zone: ZoneInfo) -> bool:
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    return local.hour == 23 or (local.hour, local.minute) < (6, 30)


def expected(place: Town, wishes: dict[tuple[str, str], str]) -> set[str]:
    """The text of every post that there should be. In quiet hours a job that skips is left out; of the others, one
    slot of a night stands for all, since none of them has several that it would catch up with."""
    found = set()
    for (guild_id, name), cron in wishes.items():
        settings = place.settings[guild_id]
        zone = ZoneInfo(settings.time_zone or "UTC")
        for at_ms in slots(cron, zone):
            due_ms = at_ms
            if name == "often":
                due_ms += jitter_ms(JOBS[name], guild_id, at_ms)
            if settings.quiet_hours and JOBS[name].misfire == "skip" and is_quiet(due_ms, zone):
                continue
            found.add(f"{name} {guild_id} {at_ms}")
    return found


def year(shelf: Shelf, *, kills: int = 0, schedulers: int = 1, light: bool = False) -> tuple[Town, set[str]]:
    place, wishes = town(shelf, light=light)

    async def live() -> None:
        async with place:
            place.hosts += [place.process() for _ in range(schedulers - 1)]
            for (guild_id, name), cron in wishes.items():
                await place.switch_on(guild_id, name, cron)
            tasks = [place.start(host) for host in range(schedulers)]
            length_s = (END - START).total_seconds()
            for at_s in sorted(place.rng.uniform(0, length_s - 7200) for _ in range(kills)):
                await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))
                await place.kill_busy(tasks)
                for guild_id, name in place.rng.sample(sorted(wishes), 20):  # a change that changes nothing
                    await place.switch_on(guild_id, name, wishes[guild_id, name])
            await asyncio.sleep(length_s - asyncio.get_running_loop().time() + 3600 * 10)

    leap_through(live)
    return place, expected(place, wishes)


def check(place: Town, wanted: set[str]) -> None:
    counted = place.discord.counted()
    end_ms = int(END.timestamp() * 1000)
    within = Counter({text: n for text, n in counted.items() if int(text.split()[2]) < end_ms})
    assert {text: n for text, n in within.items() if n != 1} == {}
    assert wanted - within.keys() == set()
    assert within.keys() - wanted == set()
    quiet_zone = {
        guild_id: ZoneInfo(one.time_zone or "UTC") for guild_id, one in place.settings.items() if one.quiet_hours
    }
    loud = [
        text
        for guild_id, posts in place.discord.messages.items()
        if guild_id in quiet_zone
        for text, at_ms in posts
        if is_quiet(at_ms, quiet_zone[guild_id])
    ]
    assert loud == []
    assert place.discord.told == []


def test_every_slot_fires_exactly_once(shelf: Shelf) -> None:
    place, wanted = year(shelf)
    check(place, wanted)
    assert len(wanted) > 30_000


def test_nor_twice_by_two_schedulers(shelf: Shelf) -> None:
    check(*year(shelf, schedulers=2, light=True))


def test_nor_where_the_scheduler_is_killed_a_hundred_times(shelf: Shelf) -> None:
    place, wanted = year(shelf, kills=100, light=True)
    check(place, wanted)
    assert place.deaths == 101


def test_slot_ids_are_stable() -> None:
    assert Slot.of("daily", "1", 5) == Slot.of("daily", "1", 5)
    assert Slot.of("daily", "1", 5).seed != Slot.of("daily", "1", 6).seed
