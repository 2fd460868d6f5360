"""/minigame: scored rounds of trivia or riddles against the clock."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands

from actors.game_making import MAX_ROUNDS, SECONDS
from bot.commands.game import complete_theme, show_status, stop_game
from bot.commands.services import Services
from bot.game_cards import stats_embed
from bot.game_texts import verdict_text
from bot.language import words


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /minigame into the tree."""
    group = app_commands.Group(
        name="minigame", description="Scored rounds against the clock: the first right answer wins."
    )

    @group.command(name="start", description="Begin scored rounds in this channel.")
    @app_commands.describe(
        type="What to play.",
        rounds="How many questions. Default: 5.",
        seconds="How long each one takes. Default: 30.",
        theme="What they shall be about. Default: anything.",
    )
    async def start(
        interaction: discord.Interaction,
        type: Literal["trivia", "riddle"],  # noqa: A002 (the option is called so)
        rounds: app_commands.Range[int, 1, MAX_ROUNDS] = 5,
        seconds: app_commands.Range[int, *SECONDS] = 30,
        theme: app_commands.Range[str, 1, 60] | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = interaction.guild_locale or interaction.locale
        channel, user = interaction.channel, interaction.user
        await services.games.begin(interaction.id, channel, user, locale, type, theme, rounds, seconds)
        await interaction.followup.send(words(interaction.locale)("games-begins"), ephemeral=True)

    @start.autocomplete("theme")
    async def themes(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return complete_theme(services, getattr(interaction.namespace, "type", None), current)

    @group.command(name="status", description="Which round runs here, and who leads.")
    async def status(interaction: discord.Interaction) -> None:
        await show_status(interaction, services)

    @group.command(name="answer", description="Answer without the others reading along.")
    @app_commands.describe(text="Your answer, or the letter of a choice.")
    async def answer(interaction: discord.Interaction, text: app_commands.Range[str, 1, 100]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        verdict = await services.games.answer(interaction, text)
        await interaction.followup.send(verdict_text(verdict, words(interaction.locale)), ephemeral=True)

    @group.command(name="stats", description="Who has won what in this channel.")
    async def stats(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        tallies = await services.games.tallies(str(interaction.channel_id))
        await interaction.followup.send(embed=stats_embed(tallies, words(interaction.locale)), ephemeral=True)

    @group.command(name="stop", description="End the rounds of this channel.")
    async def stop(interaction: discord.Interaction) -> None:
        await stop_game(interaction, services)

    tree.add_command(group)
