"""/schedule and /config-proactive over the wire, with a scheduler that really runs what is due through the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from actors.schedule import KIND
from actors.schedule_state import REMINDER, Run, ScheduleDocument
from actors.scheduler import Scheduler
from actors.virtual import LocalVirtualActors
from bot.gateway import Gateway
from core.errors import DatabaseUnavailable
from local_discord import Human
from schedules.catalog import load_jobs
from schedules.job import Card, Job, Made, Post, Silence, Slot, World
from schedules.running import Runner
from tests.support.bot import Index, Stage
from tests.support.eventually import eventually
from tests.support.jobs import Backstage
from tests.wire.test_citizenship import forbid
from tests.wire.test_conversation import by_bot
from tests.wire.test_points_commands import guild_of, registered

Doc = dict[str, Any]


async def digest(slot: Slot, world: World) -> Made:
    """One post with a card in each channel of the job."""
    channels = await world.channels()
    if not channels:
        return Silence("There is no channel to post in.")
    return tuple(
        Post(channel_id=one.id, persona_id="olga", text=f"News {slot.id}", card=Card(title="News")) for one in channels
    )


async def lost(slot: Slot, world: World) -> Made:
    """A post for a channel that is gone."""
    return Post(channel_id="1", text="Hello?")


JOBS = MappingProxyType(
    {
        **load_jobs(),
        "daily_digest": Job(name="daily_digest", title="", cron="0 10 * * *", make=digest),
        "story_weave": Job(name="story_weave", title="", cron="0 12 * * *", make=lost),
    }
)


class LocalScheduler:
    """The scheduler in this process, as the bot reaches it."""

    scheduler: Scheduler

    async def wake(self, guild_id: str) -> None:
        """See SchedulerApp."""
        self.scheduler.wake(guild_id)


@asynccontextmanager
async def clockwork(stage: Stage) -> AsyncIterator[tuple[Gateway, LocalVirtualActors]]:
    """A gateway, and a scheduler that delivers through it."""
    stage.jobs = JOBS
    local = LocalScheduler()
    stage.scheduler = local
    actors = stage.actors()
    async with stage.gateway(actors) as gateway:
        behind = Backstage(stage, gateway, actors, guild_of(stage))

        def world(guild_id: str, run: Run) -> World:
            return behind.world(Slot(run.job, guild_id, run.at_ms, run.seed), *run.channel_ids)

        runner = Runner(actors, JOBS, world, gateway)
        local.scheduler = Scheduler(actors, Index(stage.database), runner.run)
        running = asyncio.create_task(local.scheduler.run())
        try:
            yield gateway, actors
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def told(human: Human, command: str, wanted: str, **options: Any) -> str:
    """What somebody is told, which says `wanted`."""
    found = await shown(human, command, **options)
    said = found["content"] + "".join(one.get("description", "") for one in found["embeds"])
    assert wanted in said
    return str(said)


async def shown(human: Human, command: str, **options: Any) -> Doc:
    """What the bot answers to a command, once it is there."""
    human.forget()
    await human.slash("general", command, **options)
    found = await human.wait_for("MESSAGE_CREATE", by_bot)
    answer_id = found["id"]
    while not (found["content"] or found["embeds"]):  # a deferral
        found = await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == answer_id)
    return found


async def answer(human: Human, command: str, **options: Any) -> Doc:
    """The embed that somebody is shown."""
    embed: Doc = (await shown(human, command, **options))["embeds"][0]
    return embed


async def state(stage: Stage) -> Any:
    return (await ScheduleDocument.load(guild_of(stage))).state


async def test_a_job_is_switched_on_by_a_phrase_run_by_hand_and_leaves_its_message(stage: Stage, ada: Human) -> None:
    async with clockwork(stage):
        await registered(ada)
        general = ada.channel_id("general")
        said = await told(
            ada, "schedule add", "is now: on", job="daily_digest", channel=general, when="every weekday at 9"
        )
        assert f"<#{general}>" in said
        entry = (await state(stage)).entries["daily_digest"]
        assert (entry.cron, entry.on, entry.channel_ids) == ("0 9 * * 1-5", True, (general,))
        ada.forget()
        await ada.slash("general", "schedule run", job="daily_digest")
        post = await ada.wait_for("MESSAGE_CREATE", lambda one: one["content"].startswith("News "))
        assert post["author"]["username"] == "Olga"
        assert post["embeds"][0]["title"] == "News"
        shown = await ada.wait_for("MESSAGE_UPDATE", lambda one: post["id"] in one["content"])
        assert "daily_digest" in shown["content"]
        embed = await answer(ada, "schedule history")
        assert f"/{general}/{post['id']}" in embed["description"]
        embed = await answer(ada, "schedule list")
        assert "`0 9 * * 1-5` on, in <#" in embed["description"]


async def test_every_way_to_change_a_job(stage: Stage, ada: Human) -> None:
    async with clockwork(stage):
        await registered(ada)
        general = ada.channel_id("general")
        await told(ada, "config-proactive set", "is now: on", job="meme_drop", on=True, channel=general)
        await told(ada, "schedule edit", "is now: on", job="meme_drop", when="alle 4 Stunden")
        assert (await state(stage)).entries["meme_drop"].cron == "0 */4 * * *"
        await told(ada, "schedule edit", "is now: on", job="meme_drop", when="default")
        assert (await state(stage)).entries["meme_drop"].cron is None
        await told(ada, "schedule pause", "is now: paused", job="meme_drop")
        await told(ada, "schedule pause", "is now: on", job="meme_drop", resume=True)
        await told(ada, "schedule pause", "All jobs are paused.")
        due = {name: one.due_ms > 0 for name, one in (await state(stage)).entries.items()}
        assert due.pop("scenario_reveal")  # scenes that people play are ended all the same
        assert not any(due.values())
        await told(ada, "schedule pause", "All jobs go on.", resume=True)
        games = ada.channel_id("games")
        await told(ada, "config-proactive set", f"<#{games}>", job="meme_drop", on=True, channel=games)
        await told(ada, "config-proactive set", f"on, in <#{games}>", job="meme_drop", on=False, channel=general)
        await told(ada, "config-proactive set", "is now: off", job="meme_drop", on=False, channel=games)
        assert (await state(stage)).entries["meme_drop"].channel_ids == ()
        await told(ada, "config-proactive set", "is now: off", job="meme_drop", on=False)
        embed = await answer(ada, "config-proactive show")
        assert "**meme_drop** `0 */6 * * *` off" in embed["description"]
        await told(ada, "config set", "quiet_hours", setting="quiet_hours", value="22:00-07:00")
        assert (await state(stage)).house.quiet is not None


async def test_errors_say_what_to_do(stage: Stage, ada: Human) -> None:
    async with clockwork(stage), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        general = ada.channel_id("general")
        for command, options in {
            "schedule list": {},
            "schedule add": {"job": "meme_drop", "channel": general},
            "schedule edit": {"job": "meme_drop", "when": "hourly"},
            "schedule pause": {},
            "schedule run": {"job": "meme_drop"},
            "schedule history": {},
            "config-proactive show": {},
            "config-proactive set": {"job": "meme_drop", "on": True},
        }.items():
            await told(bruno, command, "Manage Server", **options)
        await told(ada, "schedule run", "Did you mean meme_drop", job="memedrop")
        await told(ada, "schedule edit", "Say what to change", job="meme_drop")
        await told(ada, "schedule edit", "every weekday at 9", job="meme_drop", when="some day")
        await told(ada, "schedule edit", "every 10 minutes at most", job="meme_drop", when="every 2 minutes")
        await told(ada, "schedule add", "every weekday at 9", job="meme_drop", channel=general, when="x")
        await told(ada, "schedule history", "There is no job", job="zzzz")
        await told(ada, "schedule remind", "in 20 minutes", when="some day", text="tea")
        await told(ada, "schedule reminders", "no such reminder", cancel="5")


async def test_a_member_is_reminded_and_nobody_else_is_pinged(stage: Stage, ada: Human) -> None:
    async with clockwork(stage) as (_, actors), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await told(bruno, "schedule remind", "I will remind you", when="in 20 minutes", text="tea @everyone")
        await told(bruno, "schedule remind", "again and again", when="every weekday at 9", text="stretch")
        await told(
            bruno, "schedule remind", "I will not say that", when="in 20 minutes", text="I will kill you, bastard"
        )
        embed = await answer(bruno, "schedule reminders")
        assert "tea @everyone" in embed["description"]
        choices = await bruno.autocomplete("general", "schedule reminders", "cancel", "str")
        assert [one["name"] for one in choices] == ["stretch"]
        embed = await answer(bruno, "schedule reminders", cancel=choices[0]["value"])
        assert "stretch" not in embed["description"]
        # Twenty minutes are over: somebody claims it then, and it is brought through the gateway.
        [reminder] = await actors.call(KIND, guild_of(stage), "reminders", bruno.id)
        bruno.forget()
        claimed = await actors.call(KIND, guild_of(stage), "claim", reminder.due_ms, "then")
        [run] = [one for one in claimed.runs if one.job == REMINDER]
        scheduler: Any = stage.scheduler
        await scheduler.scheduler._launch(guild_of(stage), run, "then")
        post = await bruno.wait_for("MESSAGE_CREATE", lambda one: "tea" in one["content"])
        assert [one["id"] for one in post["mentions"]] == [bruno.id]
        assert not post["mention_everyone"]


async def test_a_job_with_nowhere_to_post_says_so_in_the_history(stage: Stage, ada: Human) -> None:
    async with clockwork(stage) as (_, actors):
        await registered(ada)
        await told(ada, "schedule run", "daily_digest", job="daily_digest")  # it has no channel: silent, with a reason

        async def silent() -> bool:
            found = await actors.call(KIND, guild_of(stage), "history", "daily_digest")
            return bool(found) and found[0].outcome == "silent"

        await eventually(silent)
        embed = await answer(ada, "schedule history", job="daily_digest")
        assert "There is no channel to post in." in embed["description"]


async def test_of_a_job_that_fails_the_admins_are_told_once(stage: Stage, ada: Human) -> None:
    async with clockwork(stage) as (_, actors):
        await registered(ada)

        async def failed(times: int) -> bool:
            found = await actors.call(KIND, guild_of(stage), "history", "story_weave")
            return [one.outcome for one in found] == ["failed"] * times

        ada.forget()
        await ada.slash("general", "schedule run", job="story_weave")
        warned = await ada.wait_for("MESSAGE_CREATE", lambda one: "fails on this server" in one["content"])
        assert "The channel is not there any more" in warned["content"]
        await eventually(lambda: failed(1))
        ada.forget()
        await ada.slash("general", "schedule run", job="story_weave")
        await eventually(lambda: failed(2))
        shown = await ada.wait_for("MESSAGE_UPDATE", lambda one: "not there any more" in one["content"])
        assert shown["flags"] & 1 << 6
        assert ada.seen("MESSAGE_CREATE", lambda one: "fails on this server" in one["content"]) == []


async def test_the_database_is_away(stage: Stage, ada: Human) -> None:
    class Away(LocalVirtualActors):
        async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
            if kind == KIND:
                raise DatabaseUnavailable("The database does not answer.", component="database")
            return await super().call(kind, key, method, *args, timeout_s=timeout_s)

    actors = stage.actors()
    actors.__class__ = Away
    async with stage.gateway(actors):
        await registered(ada)
        for command in ("schedule list", "config-proactive show", "schedule history", "schedule reminders"):
            await told(ada, command, "Database is not answering")


async def test_a_channel_in_which_a_job_could_not_post_is_not_taken(stage: Stage, ada: Human) -> None:
    async with clockwork(stage):
        await registered(ada)
        await forbid(ada, "games", 1 << 14)
        games = ada.channel_id("games")
        said = await told(ada, "schedule add", f"I cannot post in <#{games}>", job="meme_drop", channel=games)
        assert "Embed Links" in said
        assert "Attach Files" not in said
        assert (await state(stage)).entries.keys() <= {"scenario_reveal"}
