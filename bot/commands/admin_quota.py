"""/admin-data quota: how much may be used on a server, by whom, and what is used of it."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from actors import access as lists
from actors.access_rules import EVERYBODY, GUILD, AccessRules, role, user
from bot.commands.needs import guild_of, needs
from bot.commands.services import Services
from bot.language import Words, words
from bot.meter import used
from core import clock
from core.errors import RequestError
from core.limits import NAMES, NONE

Target = discord.Member | discord.User | discord.Role
_SHOWN = 25
_FIELD_LIMIT = 1024
_MOST_AMOUNT = 10**12


def add_quota(group: app_commands.Group, services: Services) -> None:
    """Put the quota commands into /admin-data."""
    quota = app_commands.Group(name="quota", description="How much may be used here.", parent=group)

    @quota.command(name="show", description="Limits and what is used of them, here or by somebody.")
    @app_commands.describe(member="Only this person's.")
    @needs("manage_guild")
    async def show(interaction: discord.Interaction, member: discord.Member | None = None) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        key, now_ms = str(guild.id), clock.now_ms()
        rules: AccessRules = await services.actors.call(lists.KIND, key, "rules")
        counts = await services.access.meter.counts(key)
        embed = discord.Embed(title=say("admin-quota-title"), colour=discord.Colour.blurple())
        if member is not None:
            roles = [str(one.id) for one in member.roles]
            limits = rules.limits_of(str(member.id), roles, services.config.quota_user)
            embed.description = f"{member.mention}\n{usage_lines(used(counts, str(member.id), now_ms), limits, say)}"
        else:
            limits = rules.limits_of_guild(services.config.quota_guild)
            lines = usage_lines(used(counts, None, now_ms), limits, say)
            embed.add_field(name=say("admin-quota-guild"), value=lines, inline=False)
            each = rules.limits_of("", (), services.config.quota_user)
            embed.add_field(name=say("admin-quota-everybody"), value=_limit_lines(each, say), inline=False)
            others = [one for one in rules.limits if one not in (GUILD, EVERYBODY)]
            own = [f"{shown(one, say)}: {_limit_lines(rules.limits[one], say)}" for one in others[:_SHOWN]]
            if own:
                embed.add_field(name=say("admin-quota-others"), value="\n".join(own)[:_FIELD_LIMIT], inline=False)
        await interaction.followup.send(embed=embed)

    @quota.command(name="set", description="Set a limit: for the server, for everybody, for a role or for a person.")
    @app_commands.describe(
        limit="What is limited, in which time.",
        amount="How many. 0: no limit of their own.",
        target="A role (each of its people) or a person. Default: everybody.",
        whole_server="All people of this server together.",
    )
    @app_commands.choices(limit=[app_commands.Choice(name=name, value=name) for name in NAMES])
    @needs("manage_guild")
    async def set_(
        interaction: discord.Interaction,
        limit: str,
        amount: app_commands.Range[int, 0, _MOST_AMOUNT],
        target: discord.Member | discord.Role | None = None,
        whole_server: bool = False,
    ) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        subject = _who(target, whole_server, say)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await services.actors.call(lists.KIND, str(guild.id), "limit", subject, limit, amount)
        services.access.rules.forget(str(guild.id))
        about = target.id if isinstance(target, discord.Member) else None
        detail = f"{'' if about else subject + ' '}{limit}={amount}"
        await services.access.audit(guild.id, interaction.user, "quota.set", detail, about=about)
        who = shown(subject, say)
        told = say("admin-quota-set", who=who, limit=_amount(limit, amount, say))
        note = say("admin-quota-capped") if _is_capped(subject, limit, amount, services) else ""
        await interaction.followup.send(f"{told} {note}".strip())

    @quota.command(name="reset", description="Have limits inherited again, or what was used counted from nothing.")
    @app_commands.describe(
        what="The limits that were set here, or what was used.",
        target="A role or a person. Default: everybody.",
        whole_server="All people of this server together.",
    )
    @app_commands.choices(what=[app_commands.Choice(name=name, value=name) for name in ("limits", "usage")])
    @needs("manage_guild")
    async def reset(
        interaction: discord.Interaction,
        what: str,
        target: discord.Member | discord.Role | None = None,
        whole_server: bool = False,
    ) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        subject = _who(target, whole_server, say)
        if what == "usage" and isinstance(target, discord.Role):
            raise RequestError(say("admin-quota-role-usage"), field="target")
        await interaction.response.defer(ephemeral=True, thinking=True)
        key = str(guild.id)
        if what == "usage":
            done = await services.access.meter.reset(key, GUILD if subject == EVERYBODY else subject)
        else:
            done = await services.actors.call(lists.KIND, key, "unlimit", subject)
            services.access.rules.forget(key)
        about = target.id if isinstance(target, discord.Member) else None
        detail = what if about else f"{subject} {what}"
        if done:
            await services.access.audit(guild.id, interaction.user, "quota.reset", detail, about=about)
        told = f"admin-quota-reset-{what}" if done else "admin-quota-reset-nothing"
        await interaction.followup.send(say(told, who=shown(subject, say)))


def _who(target: Target | None, whole_server: bool, say: Words) -> str:
    if target is not None and whole_server:
        raise RequestError(say("admin-quota-who"), field="target")
    if whole_server:
        return GUILD
    return EVERYBODY if target is None else subject_of(target)


def subject_of(target: Target) -> str:
    """What a person or role is called in the lists."""
    if isinstance(target, discord.Role):
        return EVERYBODY if target.is_default() else role(target.id)
    return user(target.id)


def _is_capped(subject: str, limit: str, amount: int, services: Services) -> bool:
    cap = services.config.quota_guild.get(limit, NONE)
    return subject == GUILD and bool(cap) and (amount == NONE or amount > cap)


def shown(subject: str, say: Words) -> str:
    """A subject of the lists, for people to read."""
    match subject[:2]:
        case "u:":
            return f"<@{subject[2:]}>"
        case "r:":
            return f"<@&{subject[2:]}>"
        case "h:":
            return say("admin-somebody")
        case _:
            return say("admin-whole-server") if subject == GUILD else say("admin-everybody")


def usage_lines(spent: dict[str, int], limits: Any, say: Words) -> str:
    """What was used, of what may be, a line each."""
    lines = []
    for name in NAMES:
        unit, per = name.split("/")
        limit = limits.get(name, NONE)
        if limit:
            lines.append(say("admin-usage-line-of", unit=unit, per=per, used=spent[name], limit=limit))
        else:
            lines.append(say("admin-usage-line", unit=unit, per=per, used=spent[name]))
    return "\n".join(lines)


def usage_short(spent: dict[str, int], say: Words) -> str:
    """What was used today, in a few words."""
    return say("admin-usage-short", requests=spent["requests/day"], tokens=spent["tokens/day"])


def _limit_lines(limits: Any, say: Words) -> str:
    told = [_amount(name, limits[name], say) for name in NAMES if name in limits]
    return ", ".join(told) or say("admin-no-limit")


def _amount(name: str, amount: int, say: Words) -> str:
    unit, per = name.split("/")
    return say("admin-limit", unit=unit, per=per, amount=amount) if amount else say("admin-no-limit")
