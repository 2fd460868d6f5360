"""/points: how many somebody has, and, for those who manage the server, corrections by hand."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from actors.points import BY_HAND, KIND, Balance, Entry, key_of
from actors.progress import REASONS
from bot.commands.needs import guild_of, needs
from bot.commands.services import Services
from bot.language import Words, words
from bot.webhooks import NOBODY
from core.errors import RequestError

_MOST = 100_000
_SHOWN = 8
_NAMED = ("talk", *REASONS)

Somebody = discord.Member | discord.User


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /points into the tree."""
    group = app_commands.Group(name="points", description="Points for talking, playing and being quick.")

    @group.command(name="show", description="How many points you have, or somebody else.")
    @app_commands.describe(member="Whose points. Default: yours.")
    async def show(interaction: discord.Interaction, member: Somebody | None = None) -> None:
        say, who = words(interaction.locale), member or interaction.user
        person(who, say)
        await interaction.response.defer(ephemeral=True, thinking=True)
        ledger = key_of(_guild_id(interaction), str(who.id))
        balance: Balance = await services.actors.call(KIND, ledger, "balance")
        if who.id != interaction.user.id:
            text = say("points-of", name=shown(who), points=balance.points, level=balance.level)
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
            return
        last = await services.actors.call(KIND, ledger, "history", _SHOWN)
        await interaction.followup.send(embed=own_embed(balance, last, say), ephemeral=True)

    @group.command(name="give", description="Give a member points (Manage Server).")
    @app_commands.describe(member="Who gets them.", amount="How many.", reason="What for; everybody sees it.")
    @app_commands.guild_only()
    @needs("manage_guild")
    async def give(
        interaction: discord.Interaction,
        member: Somebody,
        amount: app_commands.Range[int, 1, _MOST],
        reason: app_commands.Range[str, 3, 150],
    ) -> None:
        ledger = _correctable(interaction, member)
        await interaction.response.defer(thinking=True)
        await _correct(interaction, services, ledger, member, amount, reason)

    @group.command(name="take", description="Take points from a member (Manage Server).")
    @app_commands.describe(member="Who loses them.", amount="How many.", reason="What for; everybody sees it.")
    @app_commands.guild_only()
    @needs("manage_guild")
    async def take(
        interaction: discord.Interaction,
        member: Somebody,
        amount: app_commands.Range[int, 1, _MOST],
        reason: app_commands.Range[str, 3, 150],
    ) -> None:
        ledger = _correctable(interaction, member)
        await interaction.response.defer(thinking=True)
        balance: Balance = await services.actors.call(KIND, ledger, "balance")
        if amount > balance.points:
            say = words(interaction.locale)
            text = say("points-too-few", name=shown(member), points=balance.points)
            raise RequestError(text, field="amount")
        await _correct(interaction, services, ledger, member, -amount, reason)

    tree.add_command(group)


def own_embed(balance: Balance, last: tuple[Entry, ...], say: Words) -> discord.Embed:
    """Somebody's own points, with what they were for."""
    left = balance.level_to - balance.points
    embed = discord.Embed(
        description=say("points-own", points=balance.points, level=balance.level, left=left, next=balance.level + 1)
        + "\n"
        + say("points-streak", days=balance.streak, best=balance.best_streak)
    )
    if last:
        lines = [f"<t:{one.at_ms // 1000}:R> **{one.amount:+d}** {_reason(one, say)}" for one in last]
        embed.add_field(name=say("points-last"), value="\n".join(lines)[:1024], inline=False)
    return embed


def person(somebody: Somebody, say: Words) -> None:
    """Raises RequestError for a bot."""
    if somebody.bot:
        raise RequestError(say("points-nobody"), field="member")


def shown(somebody: Somebody) -> str:
    """How somebody is called here, as it stands in a text."""
    return discord.utils.escape_markdown(somebody.display_name)


def _correctable(interaction: discord.Interaction, member: Somebody) -> str:
    """The key of the ledger. Raises what the error handler explains, where it may not be corrected."""
    guild_id, say = str(guild_of(interaction).id), words(interaction.locale)
    person(member, say)
    if not isinstance(member, discord.Member):
        raise RequestError(say("points-not-here", name=shown(member)), field="member")
    return key_of(guild_id, str(member.id))


async def _correct(
    interaction: discord.Interaction, services: Services, ledger: str, member: Somebody, amount: int, reason: str
) -> None:
    entry_id, name = f"{BY_HAND}{interaction.id}", member.display_name
    balance: Balance = await services.actors.call(KIND, ledger, "enter", entry_id, amount, reason, name)
    say = words(interaction.guild_locale)
    told: dict[str, Any] = {
        "by": shown(interaction.user),
        "name": shown(member),
        "points": abs(amount),
        "reason": discord.utils.escape_markdown(reason),
    }
    text = say("points-given", **told) if amount > 0 else say("points-taken", **told)
    await interaction.followup.send(f"{text}\n{say('points-now', points=balance.points)}", allowed_mentions=NOBODY)
    action = "points.give" if amount > 0 else "points.take"
    detail = f"{abs(amount)}: {reason}"
    await services.access.audit(interaction.guild_id, interaction.user, action, detail, about=member.id)


def _reason(entry: Entry, say: Words) -> str:
    return (
        say(f"points-reason-{entry.reason}") if entry.reason in _NAMED else discord.utils.escape_markdown(entry.reason)
    )


def _guild_id(interaction: discord.Interaction) -> str | None:
    return str(interaction.guild_id) if interaction.guild_id is not None else None
