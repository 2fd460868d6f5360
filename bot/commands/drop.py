"""/drop: give points away to whoever is first."""

from __future__ import annotations

import discord
from discord import app_commands

from actors.drop import Drop
from bot.commands.needs import guild_of, needs
from bot.commands.services import MOST_CHOICES, Services
from bot.language import words
from bot.permissions import require
from bot.webhooks import place_of
from core.errors import RequestError

_MOST_POINTS = 10_000
_MOST_MINUTES = 7 * 24 * 60


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /drop into the tree."""
    group = app_commands.Group(name="drop", description="Points for whoever is first.", guild_only=True)

    @group.command(name="create", description="Give points away in this channel, to whoever is first (Manage Server).")
    @app_commands.describe(
        points="How many.", message="What stands above the button.", minutes="For how long. Default: an hour."
    )
    @needs("manage_guild")
    async def create(
        interaction: discord.Interaction,
        points: app_commands.Range[int, 1, _MOST_POINTS],
        message: app_commands.Range[str, 1, 300] = "",
        minutes: app_commands.Range[int, 1, _MOST_MINUTES] = 60,
    ) -> None:
        guild_id = str(guild_of(interaction).id)
        place = place_of(interaction.channel)
        if place is None:
            raise RequestError(words(interaction.locale)("drop-no-place"), field="channel")
        require(place, "view_channel", "send_messages", "embed_links")
        await interaction.response.defer(ephemeral=True, thinking=True)
        drop = Drop(
            guild_id=guild_id,
            channel_id=str(interaction.channel_id),
            points=points,
            lasts_s=minutes * 60.0,
            text=message,
            by=str(interaction.user.id),
            locale=str(interaction.guild_locale or interaction.locale),
        )
        await services.drops.give(str(interaction.id), drop)
        await interaction.followup.send(words(interaction.locale)("drop-posted", points=points), ephemeral=True)
        await services.access.audit(guild_id, interaction.user, "drop.create", f"{points} points")

    @group.command(name="status", description="Which drops are open on this server.")
    async def status(interaction: discord.Interaction) -> None:
        guild_id = _guild(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        say = words(interaction.locale)
        lines = [
            say(
                "drop-open-line",
                points=one.points,
                channel=f"https://discord.com/channels/{guild_id}/{one.channel_id}/{one.message_id}",
                when=f"<t:{one.expires_ms // 1000}:R>",
            )
            for one in await services.drops.open_on(guild_id)
        ]
        if not lines:
            await interaction.followup.send(say("drop-none-open"), ephemeral=True)
            return
        embed = discord.Embed(title=say("drop-open"), description="\n".join(lines)[:4096])
        await interaction.followup.send(embed=embed, ephemeral=True)

    @group.command(name="cancel", description="Take a drop back that nobody has yet (Manage Server).")
    @app_commands.describe(drop="Which one.")
    @needs("manage_guild")
    async def cancel(interaction: discord.Interaction, drop: str) -> None:
        guild_id, say = str(guild_of(interaction).id), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        known = await services.drops.view(drop) if drop.isascii() and drop.isdecimal() and len(drop) <= 20 else None
        if known is None or known.guild_id != guild_id:
            raise RequestError(say("drop-unknown"), field="drop")
        after = await services.drops.cancel(drop) if known.state == "open" else None
        cancelled = after is not None and after.state == "cancelled"
        text = say("drop-cancelled", points=known.points) if cancelled else say("drop-not-open")
        await interaction.followup.send(text, ephemeral=True)
        if cancelled:
            await services.access.audit(guild_id, interaction.user, "drop.cancel", f"{known.points} points")

    @cancel.autocomplete("drop")
    async def open_drops(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        if interaction.guild_id is None or not interaction.permissions.manage_guild:
            return []
        found = await services.drops.open_on(str(interaction.guild_id))
        say = words(interaction.locale)

        def name(channel_id: str) -> str:
            channel = interaction.guild.get_channel_or_thread(int(channel_id)) if interaction.guild else None
            return f"#{channel.name}" if channel else "#?"

        choices = [(f"{say('points-amount', points=one.points)} · {name(one.channel_id)}", one) for one in found]
        return [
            app_commands.Choice(name=f"{label} · {one.text}"[:100].rstrip(" ·"), value=one.id)
            for label, one in choices
            if current.casefold() in f"{label} {one.text}".casefold()
        ][:MOST_CHOICES]

    tree.add_command(group)


def _guild(interaction: discord.Interaction) -> str:
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return str(interaction.guild_id)
