"""/admin-data, for those who manage a server: who may use the cast and how much, what was used, and who did what."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import discord
from discord import app_commands
from pydantic_core import to_jsonable_python

from actors import access as lists
from actors import additions
from actors import audit as audits
from actors.access_rules import GUILD, OPERATORS, AccessRules, Listing, Side, people_in, role
from actors.additions import Additions
from actors.audit import Entry
from actors.guild import ALL as ALL_SETTINGS
from actors.guild import KIND as SETTINGS
from actors.proposals import KIND as PROPOSAL
from actors.proposals import Decided
from actors.schedule import KIND as SCHEDULE
from bot.commands.admin_quota import Target, add_quota, shown, subject_of, usage_lines, usage_short
from bot.commands.confirm import Confirm
from bot.commands.needs import guild_of, needs
from bot.commands.services import Services
from bot.language import Words, words
from bot.meter import used
from core import clock
from core.errors import RequestError

_SHOWN = 25
_TOP = 5
_DESCRIPTION_LIMIT = 4096
_PURGED = ("conversations", "usage", "lists", "settings", "jobs", "world")


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /admin-data into the tree."""
    group = app_commands.Group(
        name="admin-data", description="Who may use the cast here, how much, and who did what.", guild_only=True
    )
    _add_overview(group, services)
    _add_lists(group, services)
    add_quota(group, services)
    tree.add_command(group)


def _add_overview(group: app_commands.Group, services: Services) -> None:
    @group.command(name="stats", description="What was used here, and by whom most.")
    @needs("manage_guild")
    async def stats(interaction: discord.Interaction) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        key, now_ms = str(guild.id), clock.now_ms()
        counts = await services.access.meter.counts(key)
        rules: AccessRules = await services.actors.call(lists.KIND, key, "rules")
        heard = await services.index.heard_in(key, 0)
        embed = discord.Embed(title=say("admin-stats-title"), colour=discord.Colour.blurple())
        everybody = used(counts, None, now_ms)
        limits = rules.limits_of_guild(services.config.quota_guild)
        embed.add_field(name=say("admin-used"), value=usage_lines(everybody, limits, say), inline=False)
        today = {one: used(counts, one, now_ms) for one in people_in(counts.day.spent)}
        most = sorted(today, key=lambda one: (-today[one]["tokens/day"], -today[one]["requests/day"]))
        top = [f"<@{one}>: {usage_short(today[one], say)}" for one in most[:_TOP] if today[one]["requests/day"]]
        embed.add_field(name=say("admin-stats-top"), value="\n".join(top) or say("admin-nobody"), inline=False)
        embed.add_field(name=say("admin-stats-channels"), value=str(len(heard)))
        embed.add_field(name=say("admin-stats-blocked"), value=str(len(rules.blocked)))
        embed.add_field(name=say("admin-stats-allowed"), value=str(len(rules.allowed)))
        await interaction.followup.send(embed=embed)

    @group.command(name="export", description="This server's settings, lists, usage, jobs, lore and log, as a file.")
    @needs("manage_guild")
    async def export(interaction: discord.Interaction) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        key = str(guild.id)
        settings = await services.actors.call(SETTINGS, key, "view")
        rules: AccessRules = await services.actors.call(lists.KIND, key, "rules")
        entries: Sequence[Entry] = await services.actors.call(audits.KIND, key, "entries")
        counts = await services.access.meter.counts(key)
        document = {
            "guild_id": key,
            "settings": {view.name: view.value for view in settings if view.own},
            "access": asdict(rules),
            "usage": counts.model_dump(),
            "audit": [asdict(entry) for entry in entries],
            **await _jobs_and_world(key, services),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        file = discord.File(io.BytesIO(text.encode()), filename="server.json")
        await services.access.audit(guild.id, interaction.user, "data.export")
        await interaction.followup.send(say("admin-exported"), file=file)

    @group.command(name="purge", description="Delete what is kept of this server, for good.")
    @app_commands.describe(what="What is to be deleted.")
    @app_commands.choices(what=[app_commands.Choice(name=name, value=name) for name in _PURGED])
    @needs("manage_guild")
    async def purge(interaction: discord.Interaction, what: str) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)

        async def act() -> str:
            await _purge(guild, what, interaction, services)
            await services.access.audit(guild.id, interaction.user, "data.purge", what)
            return say("admin-purged", what=say(f"admin-purge-{what}"))

        question = say("admin-purge-question", what=say(f"admin-purge-{what}"))
        await interaction.followup.send(question, view=Confirm(say("admin-purge-button"), act))

    @group.command(name="audit", description="Who changed or did what here.")
    @app_commands.describe(member="Only what this person did, or had done to them.")
    @needs("manage_guild")
    async def audit(interaction: discord.Interaction, member: discord.User | None = None) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        entries: Sequence[Entry] = await services.actors.call(audits.KIND, str(guild.id), "entries")
        if member is not None:
            entries = [one for one in entries if str(member.id) in (one.by, one.about)]
        await interaction.followup.send(embed=audit_embed(entries, say))


def _add_lists(group: app_commands.Group, services: Services) -> None:
    @group.command(name="block", description="Have the cast not answer somebody, or a role.")
    @app_commands.describe(
        target="Whom.", reason="For the log.", everywhere="On every server. For those who run the bot."
    )
    @needs("manage_guild")
    async def block(
        interaction: discord.Interaction,
        target: discord.Member | discord.Role,
        reason: app_commands.Range[str, 1, 200] | None = None,
        everywhere: bool = False,
    ) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        key = await _key(interaction, everywhere, services, say)
        if isinstance(target, discord.Role) and everywhere:
            raise RequestError(say("admin-role-everywhere"), field="target")
        if isinstance(target, discord.Role) and target.is_default():
            raise RequestError(say("admin-block-everybody"), field="target")
        if not isinstance(target, discord.Role):
            if target.id in (interaction.user.id, getattr(interaction.client.user, "id", None)):
                raise RequestError(say("admin-block-who"), field="target")
            if await services.access.is_owner(target):
                raise RequestError(say("admin-block-owner"), field="target")
        await _put(interaction, services, key, guild, "blocked", target, reason or "")

    @group.command(name="unblock", description="Have the cast answer somebody again, or a role.")
    @app_commands.describe(target="Whom.", everywhere="Off the list for every server. For those who run the bot.")
    @needs("manage_guild")
    async def unblock(
        interaction: discord.Interaction, target: discord.User | discord.Role, everywhere: bool = False
    ) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        key = await _key(interaction, everywhere, services, say)
        await _take(interaction, services, key, guild, "blocked", target)

    @group.command(name="allow", description="Have the cast answer this person or role, and only those on this list.")
    @app_commands.describe(target="Whom.")
    @needs("manage_guild")
    async def allow(interaction: discord.Interaction, target: discord.Member | discord.Role) -> None:
        guild = guild_of(interaction)
        await _put(interaction, services, str(guild.id), guild, "allowed", target, "")

    @group.command(name="disallow", description="Take somebody off that list. Once it is empty, everybody is answered.")
    @app_commands.describe(target="Whom.")
    @needs("manage_guild")
    async def disallow(interaction: discord.Interaction, target: discord.User | discord.Role) -> None:
        guild = guild_of(interaction)
        await _take(interaction, services, str(guild.id), guild, "allowed", target)

    @group.command(name="blocked", description="Who may not use the cast here, and who may.")
    @app_commands.describe(everywhere="The list for every server. For those who run the bot.")
    @needs("manage_guild")
    async def blocked(interaction: discord.Interaction, everywhere: bool = False) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        key = await _key(interaction, everywhere, services, say)
        await interaction.response.defer(ephemeral=True, thinking=True)
        rules: AccessRules = await services.actors.call(lists.KIND, key or str(guild.id), "rules")
        embed = discord.Embed(title=say("admin-lists-title"), colour=discord.Colour.blurple())
        embed.description = f"**{say('admin-list-blocked')}**\n{_listed(rules.blocked, say)}"
        if rules.allowed:
            embed.description += f"\n\n**{say('admin-list-allowed')}**\n{_listed(rules.allowed, say)}"
        embed.description = embed.description[:_DESCRIPTION_LIMIT]
        await interaction.followup.send(embed=embed)


def audit_embed(entries: Sequence[Entry], say: Words) -> discord.Embed:
    """The latest entries, newest first."""
    embed = discord.Embed(title=say("admin-audit-title"), colour=discord.Colour.blurple())
    lines = []
    for one in list(reversed(entries))[:_SHOWN]:
        who = f"<@{one.by}>" if one.by else say("admin-somebody")
        about = f" <@{one.about}>" if one.about else ""
        detail = f" {discord.utils.escape_markdown(one.detail)}" if one.detail else ""
        lines.append(f"<t:{one.at_ms // 1000}:R> {who} `{one.action}`{about}{detail[:150]}")
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > _DESCRIPTION_LIMIT:
            break
        text += f"{line}\n"
    embed.description = text.rstrip() or say("admin-audit-empty")
    if len(entries) > _SHOWN:
        embed.set_footer(text=say("admin-audit-more", shown=_SHOWN, count=len(entries)))
    return embed


async def _jobs_and_world(key: str, services: Services) -> dict[str, Any]:
    """What the cast does by itself here, and what it added; of members' reminders only where and when."""
    jobs, history, runs, reminders = await services.actors.call(SCHEDULE, key, "kept")
    proposed = await services.index.proposals_of(key)
    proposals: list[Decided] = [await services.actors.call(PROPOSAL, one, "view") for one in proposed]
    added: Additions | None = await services.actors.call(additions.KIND, key, "all")
    return {
        "jobs": {name: asdict(entry) for name, entry in jobs.items()},
        "runs": [asdict(run) for run in runs],
        "history": [asdict(record) for record in history],
        "reminders": [{"channel_id": one.channel_id, "due_ms": one.due_ms, "cron": one.cron} for one in reminders],
        "proposals": [to_jsonable_python(one) for one in proposals],
        "additions": to_jsonable_python(added),
    }


async def _purge(guild: discord.Guild, what: str, interaction: discord.Interaction, services: Services) -> None:
    key = str(guild.id)
    match what:
        case "conversations":
            await services.people.forget_server(key)
        case "usage":
            await services.access.meter.reset(key, GUILD)
        case "lists":
            await services.actors.call(lists.KIND, key, "clear")
            services.access.rules.forget(key)
        case "settings":
            by = (str(interaction.user.id), str(interaction.id))
            await services.actors.call(SETTINGS, key, "reset", ALL_SETTINGS, *by)
            services.guilds.forget(key)
            await services.reschedule(key)
        case "jobs":
            await services.actors.call(SCHEDULE, key, "clear")
            await services.reschedule(key)
        case "world":
            # The lore first: where that fails, what is left still tells that there is some.
            await services.apps.retrieval.keep(key, additions.OWNER, ())
            await services.actors.call(additions.KIND, key, "clear")
            for one in await services.index.proposals_of(key):
                await services.actors.call(PROPOSAL, one, "clear")
            services.guilds.forget(key)


async def _put(
    interaction: discord.Interaction,
    services: Services,
    key: str | None,
    guild: discord.Guild,
    side: Side,
    target: Target,
    reason: str,
) -> None:
    say = words(interaction.locale)
    await interaction.response.defer(ephemeral=True, thinking=True)
    key = key or str(guild.id)
    subject, by = subject_of(target), str(interaction.user.id)
    new = await services.actors.call(lists.KIND, key, "put", side, subject, by, reason)
    services.access.rules.forget(key)
    if new:
        await _audit(interaction, services, key, f"access.{side}", target, reason)
    told = f"admin-{side}" if new else f"admin-{side}-already"
    await interaction.followup.send(say(told, who=target.mention))


async def _take(
    interaction: discord.Interaction,
    services: Services,
    key: str | None,
    guild: discord.Guild,
    side: Side,
    target: Target,
) -> None:
    say = words(interaction.locale)
    await interaction.response.defer(ephemeral=True, thinking=True)
    key = key or str(guild.id)
    found = await services.actors.call(lists.KIND, key, "take", side, subject_of(target))
    services.access.rules.forget(key)
    if found:
        await _audit(interaction, services, key, f"access.un{side}", target, "")
    told = f"admin-un{side}" if found else f"admin-un{side}-already"
    await interaction.followup.send(say(told, who=target.mention))


async def _audit(
    interaction: discord.Interaction, services: Services, key: str, action: str, target: Target, detail: str
) -> None:
    is_role = isinstance(target, discord.Role)
    told = f"{role(target.id)} {detail}".strip() if is_role else detail
    about = None if is_role else target.id
    await services.access.audit(key, interaction.user, action, told, about=about)


async def _key(interaction: discord.Interaction, everywhere: bool, services: Services, say: Words) -> str | None:
    """The key of the lists for everywhere where that is asked for, which is for owners. Raises RequestError."""
    if not everywhere:
        return None
    if not await services.access.is_owner(interaction.user):
        raise RequestError(say("admin-owners-only"), field="everywhere")
    return OPERATORS


def _listed(side: Any, say: Words) -> str:
    lines = []
    entries: list[tuple[str, Listing]] = sorted(side.items(), key=lambda one: -one[1].at_ms)
    for subject, one in entries[:_SHOWN]:
        by = f"<@{one.by}>" if one.by else say("admin-somebody")
        reason = f": {discord.utils.escape_markdown(one.reason)}" if one.reason else ""
        lines.append(f"{shown(subject, say)} <t:{one.at_ms // 1000}:R> ({by}){reason}")
    return "\n".join(lines) or say("admin-nobody")
