"""/game start, stop and status: trivia, riddles or a story in this channel."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import discord
from discord import app_commands

from bot.commands.services import MOST_CHOICES, Services
from bot.game_cards import status_embed
from bot.language import words
from core.errors import RequestError


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /game into the tree."""
    group = app_commands.Group(name="game", description="Play with the cast: trivia about its world, riddles, stories.")

    @group.command(name="start", description="Begin a game in this channel.")
    @app_commands.describe(kind="What to play.", theme="What it shall be about. Default: anything.")
    async def start(
        interaction: discord.Interaction,
        kind: Literal["trivia", "riddle", "story"],
        theme: app_commands.Range[str, 1, 60] | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = interaction.guild_locale or interaction.locale
        await services.games.begin(interaction.id, interaction.channel, interaction.user, locale, kind, theme)
        await interaction.followup.send(words(interaction.locale)("games-begins"), ephemeral=True)

    @start.autocomplete("theme")
    async def themes(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return complete_theme(services, getattr(interaction.namespace, "kind", None), current)

    @group.command(name="stop", description="End the game of this channel.")
    async def stop(interaction: discord.Interaction) -> None:
        await stop_game(interaction, services)

    @group.command(name="status", description="Which game runs here, and who leads.")
    async def status(interaction: discord.Interaction) -> None:
        await show_status(interaction, services)

    tree.add_command(group)


def complete_theme(services: Services, kind: str | None, typed: str) -> list[app_commands.Choice[str]]:
    """Autocomplete: the themes that the pack has most of for a kind of game, those that begin with what was typed
    first."""
    pack = services.pack
    found = {
        "riddle": [theme for riddle in pack.riddles for theme in riddle.themes],
        "story": [theme for story in pack.stories for theme in story.themes],
    }.get(kind or "", [tag for lore in pack.lore for tag in lore.tags])
    wanted = typed.strip().casefold()
    fitting = [theme for theme, _ in Counter(found).most_common() if wanted in theme]
    fitting.sort(key=lambda theme: not theme.startswith(wanted))
    return [app_commands.Choice(name=theme, value=theme) for theme in fitting[:MOST_CHOICES]]


async def stop_game(interaction: discord.Interaction, services: Services) -> None:
    """End the channel's game, for whoever may. Raises TroupeError."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    # In a direct message there is nobody to moderate.
    moderator = interaction.guild_id is not None and interaction.permissions.manage_messages
    game = await services.games.stop(interaction.channel, interaction.user, moderator=moderator)
    await interaction.followup.send(words(interaction.locale)("games-ended"), ephemeral=True)
    if interaction.guild_id is not None and game.starter_id != str(interaction.user.id):
        detail, starter = f"{game.kind} in #{interaction.channel}", game.starter_id or None
        await services.access.audit(interaction.guild_id, interaction.user, "game.stop", detail, about=starter)


async def show_status(interaction: discord.Interaction, services: Services) -> None:
    """Show the channel's game to whoever asks. Raises TroupeError."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    say = words(interaction.locale)
    game = await services.games.view(str(interaction.channel_id))
    if game is None:
        raise RequestError(say("games-none"), field="channel")
    await interaction.followup.send(embed=status_embed(game, say), ephemeral=True)
