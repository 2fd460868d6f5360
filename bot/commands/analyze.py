"""/analyze: what is behind a link. So far it is only looked at whether the link may be followed at all."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.services import Services
from bot.language import words
from core.links import LONGEST_URL, checked, public_address


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /analyze into the tree."""

    @tree.command(name="analyze", description="Have what is behind a link looked at.")
    @app_commands.describe(url="A link to a public page, beginning with https://.")
    async def analyze(interaction: discord.Interaction, url: app_commands.Range[str, 1, LONGEST_URL]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        target = checked(url.strip())
        await public_address(target)
        await interaction.followup.send(words(interaction.locale)("analyze-later", host=target.host))
