"""Schedules in the database: found when they are due, page by page; and what they keep about people is forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import bson
import pytest

from actors import schedule_queries
from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.schedule import KIND, Done, Edit, ScheduleActor
from actors.schedule_queries import due_before, due_times
from actors.schedule_state import Run, ScheduleDocument, ScheduleState
from actors.virtual import LocalVirtualActors
from bot.commands.schedule import record_line
from bot.language import words
from core.documents import DatabaseHandle
from core.phrases import When
from core.wording import Wording
from schedules.job import Post
from tests.support.people import keepers_of
from tests.unit.test_scheduler import JOBS, START

HOUR_MS = 3_600_000


def process() -> LocalVirtualActors:
    async def settings(guild_id: str) -> GuildSettings:
        return GuildSettings()

    actor = partial(ScheduleActor, jobs=JOBS, settings=settings, now_ms=lambda: START)
    return LocalVirtualActors(VirtualHost({KIND: actor}))


async def test_what_is_due_is_found(database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    actors = process()
    for number in range(5):
        await actors.call(KIND, str(number), "edit", "once", Edit(on=True, cron=f"0 {10 - number} * * *"))
    await actors.call(KIND, "9", "edit", "once", Edit(on=False))
    monkeypatch.setattr(schedule_queries, "MOST_AT_ONCE", 2)
    pages, after = [], ""
    while page := await due_times(database, after):
        pages.append([guild_id for guild_id, _ in page])
        after = page[-1][0]
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    assert await due_before(database, START + 8 * HOUR_MS) == [("4", START + 6 * HOUR_MS), ("3", START + 7 * HOUR_MS)]


async def test_a_slot_is_claimed_once_by_two_processes(database: DatabaseHandle) -> None:
    first, second = process(), process()
    await first.call(KIND, "1", "edit", "once", Edit(on=True))
    due_ms = START + 2 * HOUR_MS
    claimed = await first.call(KIND, "1", "claim", due_ms, "first")
    assert [run.at_ms for run in claimed.runs] == [due_ms]
    assert (await second.call(KIND, "1", "claim", due_ms + 1, "second")).runs == ()
    assert claimed.next_ms == claimed.runs[0].lease_ms
    # Its holder says nothing more: the second has it then, with what was sent so far.
    again = await second.call(KIND, "1", "claim", claimed.runs[0].lease_ms, "second")
    assert [(run.id, run.attempt) for run in again.runs] == [(claimed.runs[0].id, 2)]


async def test_why_a_run_posted_nothing_is_told_in_german_by_whoever_reads_it_later(database: DatabaseHandle) -> None:
    first, second = process(), process()
    await first.call(KIND, "1", "edit", "once", Edit(on=True))
    now_ms = START + 2 * HOUR_MS
    [run] = (await first.call(KIND, "1", "claim", now_ms, "first")).runs
    said = Wording("silent-lines", "{lines} lines were", lines=3)
    told = "Only {said} said that may be told of; a digest begins at {least}."
    why = Wording("silent-digest", told, said=said, least=10)
    await first.call(KIND, "1", "done", run.id, "first", Done(outcome="silent", detail=why))
    [record] = await second.call(KIND, "1", "history", "once")
    assert record.detail == "Only 3 lines were said that may be told of; a digest begins at 10."
    line = record_line(record, 1, words("de"))
    assert "Nur 3 Zeilen wurden gesagt" in line
    assert "beginnt bei 10." in line


async def test_what_was_stored_in_english_or_of_a_text_that_is_gone_is_told_as_it_was() -> None:
    run = Run(id="1", job="once", at_ms=1, claimed_ms=1, seed=1, reason="Discord is away.")
    gone = Wording("run-of-before", "It {what}.", what="was otherwise")
    state = ScheduleState(runs=[run, replace(run, id="2", reason=gone)])
    stored = bson.decode(bson.encode(state.model_dump()))
    read = [one.reason for one in ScheduleState.model_validate(stored).runs]
    assert read == [words("de").render(one) for one in read] == ["Discord is away.", "It was otherwise."]


async def test_what_is_going_to_be_posted_is_kept_with_its_picture(database: DatabaseHandle) -> None:
    actors = process()
    run_id = await actors.call(KIND, "1", "run_now", "once", "7")
    await actors.call(KIND, "1", "claim", START, "first")
    post = Post(channel_id="2", text="look", picture=b"\x89PNG\xff\x00", alt="a bun", about=("777000777",))
    assert await actors.call(KIND, "1", "made", run_id, "first", (post,))
    assert (KIND, "1") in await keepers_of(database, "777000777")
    claimed = await process().call(KIND, "1", "claim", START + HOUR_MS // 15, "second")
    assert [run.posts for run in claimed.runs] == [(post,)]


async def test_reminders_are_found_and_forgotten(database: DatabaseHandle) -> None:
    actors = process()
    await actors.call(KIND, "1", "remind", "5", "777000777", "2", "tea", When(START + HOUR_MS))
    assert (KIND, "1") in await keepers_of(database, "777000777")
    claimed = await actors.call(KIND, "1", "claim", START + HOUR_MS, "somebody")  # it is being brought just now
    assert claimed.runs[0].posts[0].mentions == ("777000777",)
    assert (KIND, "1") in await keepers_of(database, "777000777")
    assert await actors.call(KIND, "1", "forget_person", "777000777") == 1
    assert await keepers_of(database, "777000777") == []
    stored = await database.collection(ScheduleDocument).find_one({"_id": "1"})
    assert "777000777" not in json.dumps(stored, default=str)
