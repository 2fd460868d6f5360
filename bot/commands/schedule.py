"""/schedule: what the cast does by itself on a server and when, for who manages it; and members' own reminders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from actors.guild import KIND as GUILD
from actors.guild_settings import GuildSettings
from actors.schedule import KIND, Edit, JobView, ScheduleView
from actors.schedule_state import Record, Reminder
from bot.commands.needs import guild_of, needs
from bot.commands.services import MOST_CHOICES, Services
from bot.convert import age_gated
from bot.language import Words, words
from bot.permissions import TO_POST, missing
from core.content_filter import default_filter
from core.errors import RequestError
from core.phrases import cron_of, when_of
from core.refusals import care
from schedules.catalog import job_of

_SHOWN_RECORDS = 15
_RUN_SHOWN_S, _LOOK_AGAIN_S = 60.0, 0.5
_MARKS = {
    "posted": "\N{WHITE HEAVY CHECK MARK}",
    "silent": "\N{FACE WITHOUT MOUTH}",
    "failed": "\N{CROSS MARK}",
    "superseded": "\N{BLACK RIGHT-POINTING DOUBLE TRIANGLE}",
    "missed": "\N{BLACK RIGHT-POINTING DOUBLE TRIANGLE}",
}


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /schedule into the tree."""
    group = app_commands.Group(
        name="schedule", description="What the cast does by itself on this server, and when.", guild_only=True
    )
    complete = complete_job(services)

    @group.command(name="list", description="All jobs, when they are due here, and how they went.")
    @needs("manage_guild")
    async def list_(interaction: discord.Interaction) -> None:
        await show(interaction, services)

    @group.command(name="add", description="Have a job run on this server.")
    @app_commands.describe(
        job="Which job.", channel="Where it writes.", when="When: “every weekday at 9”, “every 4 hours”, or cron."
    )
    @app_commands.autocomplete(job=complete)
    @needs("manage_guild")
    async def add_(
        interaction: discord.Interaction,
        job: str,
        channel: discord.TextChannel,
        when: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        cron = cron_of(when) if when else None
        await change(
            interaction, services, job, Edit(on=True, paused=False, cron=cron, add_channel=_id(channel)), channel
        )

    @group.command(name="edit", description="Change when or where a job runs.")
    @app_commands.describe(
        job="Which job.", when="When; `default` is the job's own time.", channel="The only channel it writes in."
    )
    @app_commands.autocomplete(job=complete)
    @needs("manage_guild")
    async def edit(
        interaction: discord.Interaction,
        job: str,
        when: app_commands.Range[str, 1, 100] | None = None,
        channel: discord.TextChannel | None = None,
    ) -> None:
        if when is None and channel is None:
            raise RequestError(words(interaction.locale)("schedule-nothing-to-change"), field="when")
        own = when is not None and when.strip().casefold() in ("default", "standard")
        cron = "" if own else cron_of(when) if when else None
        await change(interaction, services, job, Edit(cron=cron, only_channel=_id(channel)), channel)

    @group.command(name="pause", description="Pause a job, or all of them, also what is under way; or have them go on.")
    @app_commands.describe(job="Which job. Default: all.", resume="Have it go on again.")
    @app_commands.autocomplete(job=complete)
    @needs("manage_guild")
    async def pause(interaction: discord.Interaction, job: str | None = None, resume: bool = False) -> None:
        if job is not None:
            await change(interaction, services, job, Edit(paused=not resume), None)
            return
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await services.actors.call(KIND, str(guild.id), "pause_all", not resume)
        await _changed(interaction, services, "all", "resumed" if resume else "paused")
        await interaction.followup.send(say("schedule-all-resumed" if resume else "schedule-all-paused"))

    @group.command(name="run", description="Run a job now, whatever its time.")
    @app_commands.describe(job="Which job.")
    @app_commands.autocomplete(job=complete)
    @needs("manage_guild")
    async def run(interaction: discord.Interaction, job: str) -> None:
        guild, say, chosen = guild_of(interaction), words(interaction.locale), job_of(services.jobs, job)
        await interaction.response.defer(ephemeral=True, thinking=True)
        run_id = await services.actors.call(KIND, str(guild.id), "run_now", chosen.name, str(interaction.id))
        await services.access.audit(guild.id, interaction.user, "schedule.run", chosen.name)
        awake = await services.wake(str(guild.id))
        name = named(chosen.name, say)
        await interaction.followup.send(say("schedule-runs" if awake else "schedule-runs-later", job=name))
        record = await _watched(services, str(guild.id), chosen.name, run_id)
        if record is not None:
            await interaction.edit_original_response(content=record_line(record, guild.id, say))

    @group.command(name="history", description="What ran, and what came of it.")
    @app_commands.describe(job="Only this one.")
    @app_commands.autocomplete(job=complete)
    @needs("manage_guild")
    async def history(interaction: discord.Interaction, job: str | None = None) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        name = job_of(services.jobs, job).name if job else None
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await services.actors.call(KIND, str(guild.id), "history", name, _SHOWN_RECORDS)
        await interaction.followup.send(embed=history_embed(found, guild.id, say))

    @group.command(name="remind", description="Have yourself reminded of something, in this channel.")
    @app_commands.describe(when="“in 20 minutes”, “tomorrow at 9”, “every weekday at 9”.", text="Of what.")
    async def remind(
        interaction: discord.Interaction, when: app_commands.Range[str, 1, 100], text: app_commands.Range[str, 1, 500]
    ) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        _may_be_reminded(interaction, say)
        await _is_fit(interaction, services, text)
        await interaction.response.defer(ephemeral=True, thinking=True)
        settings: GuildSettings = await services.actors.call(GUILD, str(guild.id), "settings")
        moment = when_of(when, settings.time_zone or "UTC", time.time_ns() // 1_000_000)
        who, place = str(interaction.user.id), str(interaction.channel_id)
        asked = (str(interaction.id), who, place, text, moment)
        reminder: Reminder = await services.actors.call(KIND, str(guild.id), "remind", *asked)
        await services.wake(str(guild.id))
        key = "schedule-reminds-again" if reminder.cron else "schedule-reminds"
        when_shown = _moment(reminder.due_ms, "F")
        await interaction.followup.send(say(key, when=when_shown, cron=f"`{reminder.cron}`"))

    @group.command(name="reminders", description="Your reminders on this server.")
    @app_commands.describe(cancel="Take this one back.")
    async def reminders(interaction: discord.Interaction, cancel: str | None = None) -> None:
        guild, say, who = guild_of(interaction), words(interaction.locale), str(interaction.user.id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if cancel is not None and not await services.actors.call(KIND, str(guild.id), "unremind", cancel, who):
            raise RequestError(say("schedule-no-such-reminder"), field="cancel")
        found: tuple[Reminder, ...] = await services.actors.call(KIND, str(guild.id), "reminders", who)
        await interaction.followup.send(embed=reminders_embed(found, say))

    @reminders.autocomplete("cancel")
    async def complete_reminder(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        who = (str(guild_of(interaction).id), "reminders", str(interaction.user.id))
        found: tuple[Reminder, ...] = await services.actors.call(KIND, *who, timeout_s=2.0)
        fitting = [one for one in found if current.casefold() in one.text.casefold()]
        return [app_commands.Choice(name=one.text[:100], value=one.id) for one in fitting[:MOST_CHOICES]]

    tree.add_command(group)


def complete_job(services: Services) -> Any:
    """Autocomplete: the jobs whose name or description holds what was typed."""

    async def complete(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        say, typed = words(interaction.locale), current.strip().casefold()
        labels = [(f"{name}: {about(name, say)}"[:100], name) for name in services.jobs]
        fitting = [(label, name) for label, name in labels if typed in label.casefold()]
        return [app_commands.Choice(name=label, value=name) for label, name in fitting[:MOST_CHOICES]]

    return complete


async def show(interaction: discord.Interaction, services: Services) -> None:
    """Show the whole schedule."""
    guild = guild_of(interaction)
    await interaction.response.defer(ephemeral=True, thinking=True)
    view: ScheduleView = await services.actors.call(KIND, str(guild.id), "view")
    await interaction.followup.send(embed=schedule_embed(view, words(interaction.locale)))


async def change(
    interaction: discord.Interaction, services: Services, name: str, edit: Edit, channel: discord.TextChannel | None
) -> None:
    """Change a job, and show how it is then. Raises RequestError where it could not write in `channel`."""
    guild, say, wanted = guild_of(interaction), words(interaction.locale), job_of(services.jobs, name).name
    if channel is not None and (lacks := [one for one in missing(channel) if one in TO_POST]):
        told = [say("schedule-not-there", channel=channel.mention), *("- " + say(f"lack-{one}") for one in lacks)]
        raise RequestError("\n".join(told), field="channel")
    await interaction.response.defer(ephemeral=True, thinking=True)
    view: JobView = await services.actors.call(KIND, str(guild.id), "edit", wanted, edit)
    await _changed(interaction, services, wanted, state_of(view, words(None)))
    await interaction.followup.send(say("schedule-changed", job=named(wanted, say), state=state_of(view, say)))


def schedule_embed(view: ScheduleView, say: Words) -> discord.Embed:
    """Every job: when it is due, where, and how often it is let pass since nobody answers."""
    embed = discord.Embed(title=say("schedule-title"), colour=discord.Colour.blurple())
    lines = []
    for one in view.jobs:
        lines.append(f"**{one.name}** `{one.cron}` {state_of(one, say)}\n-# {about(one.name, say)}")
    if not view.proactive:
        lines.insert(0, say("schedule-all-off"))
    embed.description = "\n".join(lines)[:4096]
    embed.set_footer(text=say("schedule-footer", zone=view.zone))
    return embed


def state_of(view: JobView, say: Words) -> str:
    """How a job is, in a line."""
    if not view.on:
        return say("schedule-off")
    if view.paused:
        return say("schedule-paused")
    channels = " ".join(f"<#{one}>" for one in view.channel_ids) or say("schedule-anywhere")
    parts = [say("schedule-on", channels=channels)]
    if view.due_ms:
        parts.append(say("schedule-next", when=_moment(view.due_ms, "R")))
    if view.stride > 1:
        parts.append(say("schedule-backs-off", ignored=view.ignored, stride=view.stride))
    return " ".join(parts)


def history_embed(records: Sequence[Record], guild_id: int, say: Words) -> discord.Embed:
    """What ran, the latest first."""
    embed = discord.Embed(title=say("schedule-history-title"), colour=discord.Colour.blurple())
    lines = [record_line(one, guild_id, say) for one in records]
    embed.description = "\n".join(lines)[:4096] or say("schedule-no-history")
    return embed


def record_line(record: Record, guild_id: int, say: Words) -> str:
    """A run in a line: how it ended, when, how long it took, what the models read and wrote, and where it stands."""
    links = " ".join(
        f"[↗](https://discord.com/channels/{guild_id}/{one.channel_id}/{one.message_id})" for one in record.posted[:5]
    )
    parts = [f"{_MARKS[record.outcome]} **{record.job}** {_moment(record.began_ms, 'R')} {links}".rstrip()]
    parts.append(say("schedule-took", seconds=round(record.took_ms / 1000, 1)))
    if record.tokens:
        parts.append(say("schedule-tokens", tokens=record.tokens))
    if record.attempts > 1:
        parts.append(say("schedule-attempts", count=record.attempts))
    detail = discord.utils.escape_markdown(say.render(record.detail))[:150]
    return ", ".join(parts) + (f"\n-# {detail}" if detail else "")


def reminders_embed(reminders: Sequence[Reminder], say: Words) -> discord.Embed:
    """Somebody's reminders."""
    embed = discord.Embed(title=say("schedule-reminders-title"), colour=discord.Colour.blurple())
    lines = [
        f"{_moment(one.due_ms, 'R')} {discord.utils.escape_markdown(one.text)[:200]}"
        + (f" `{one.cron}`" if one.cron else "")
        for one in reminders
    ]
    embed.description = "\n".join(lines) or say("schedule-no-reminders")
    return embed


def named(name: str, say: Words) -> str:
    """A job by its name, with what it does."""
    return f"**{name}** ({about(name, say)})"


def about(name: str, say: Words) -> str:
    """What a job does, in a few words."""
    return say.find(f"job-{name}", name)


async def _watched(services: Services, guild_id: str, job: str, run_id: str) -> Record | None:
    """What came of a run; None where that is not known in time."""
    end = time.monotonic() + _RUN_SHOWN_S
    while time.monotonic() < end:
        await asyncio.sleep(_LOOK_AGAIN_S)
        found: tuple[Record, ...] = await services.actors.call(KIND, guild_id, "history", job, _SHOWN_RECORDS)
        if (record := next((one for one in found if one.id == run_id), None)) is not None:
            return record
    return None


async def _changed(interaction: discord.Interaction, services: Services, job: str, state: str) -> None:
    guild_id = str(interaction.guild_id)
    await services.access.audit(guild_id, interaction.user, "schedule.edit", f"{job}: {state}")
    await services.wake(guild_id)


def _may_be_reminded(interaction: discord.Interaction, say: Words) -> None:
    if not interaction.permissions.send_messages or not interaction.app_permissions.send_messages:
        raise RequestError(say("schedule-cannot-remind-here"), field="channel")


async def _is_fit(interaction: discord.Interaction, services: Services, text: str) -> None:
    """A reminder is read by everybody in its channel, so it is held to what personas may say there."""
    here = await services.here(interaction)
    level = here.rules.filter_level or services.config.content_filter
    caught = default_filter().verdict(text, level, age_gated=age_gated(interaction.channel))
    if caught == "self_harm":
        raise RequestError(care(text), field="text")
    if caught is not None:
        raise RequestError(words(interaction.locale)("schedule-reminds-not-of-that"), field="text")


def _moment(at_ms: int, style: str) -> str:
    return f"<t:{at_ms // 1000}:{style}>"


def _id(channel: discord.TextChannel | None) -> str | None:
    return str(channel.id) if channel is not None else None
