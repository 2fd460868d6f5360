"""/leaderboard: who has how many points, here or among all servers."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.services import Services
from bot.leaderboards import MOST_PAGES, Period, Scope, View
from bot.webhooks import NOBODY


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /leaderboard into the tree."""

    @tree.command(name="leaderboard", description="Who has the most points.")
    @app_commands.describe(
        scope="Of this server, or of all servers (those who want to be seen). Default: this server.",
        period="Of all time, or of this week. Default: all time.",
        page="Which page.",
    )
    async def leaderboard(
        interaction: discord.Interaction,
        scope: Scope | None = None,
        period: Period = "all",
        page: app_commands.Range[int, 1, MOST_PAGES] = 1,
    ) -> None:
        await interaction.response.defer(thinking=True)
        chosen: Scope = scope or ("server" if interaction.guild_id else "global")
        shown = await services.leaderboards.page(interaction, View(chosen, period, page))
        await interaction.followup.send(
            embeds=shown.embeds, file=shown.file, view=shown.buttons, allowed_mentions=NOBODY
        )
