"""/story: a story that the channel steers."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.game import complete_theme, show_status, stop_game
from bot.commands.services import Services
from bot.game_texts import verdict_text
from bot.language import words

_SHOWN = 100  # Discord allows no longer choice


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /story into the tree."""
    group = app_commands.Group(
        name="story", description="A story that you all steer, scene by scene, to one of its endings."
    )

    @group.command(name="start", description="Begin a story in this channel.")
    @app_commands.describe(theme="What it shall be about. Default: anything.")
    async def start(interaction: discord.Interaction, theme: app_commands.Range[str, 1, 60] | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = interaction.guild_locale or interaction.locale
        await services.games.begin(interaction.id, interaction.channel, interaction.user, locale, "story", theme)
        await interaction.followup.send(words(interaction.locale)("games-begins"), ephemeral=True)

    @start.autocomplete("theme")
    async def themes(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return complete_theme(services, "story", current)

    @group.command(name="choose", description="Choose how the story goes on.")
    @app_commands.describe(option="A choice, or its letter.")
    async def choose(interaction: discord.Interaction, option: app_commands.Range[str, 1, 100]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        verdict = await services.games.answer(interaction, option)
        await interaction.followup.send(verdict_text(verdict, words(interaction.locale)), ephemeral=True)

    @choose.autocomplete("option")
    async def options(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        game = await services.games.view(str(interaction.channel_id))
        if game is None or game.kind != "story" or game.round.closed:
            return []
        typed = current.strip().casefold()
        labels = [choice.text for choice in game.round.choices]
        return [
            app_commands.Choice(name=f"{'ABCD'[index]} · {label}"[:_SHOWN], value="ABCD"[index])
            for index, label in enumerate(labels)
            if typed in label.casefold() or typed == "abcd"[index]
        ]

    @group.command(name="status", description="Which story runs here.")
    async def status(interaction: discord.Interaction) -> None:
        await show_status(interaction, services)

    @group.command(name="end", description="End the story of this channel.")
    async def end(interaction: discord.Interaction) -> None:
        await stop_game(interaction, services)

    tree.add_command(group)
