"""/rag query: what the lore says, with its source."""

from __future__ import annotations

import time

import discord
from discord import app_commands

from bot.commands.services import Services
from core.messages import Passage, SearchQuery

_FIELD_LIMIT = 1024


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /rag into the tree."""
    group = app_commands.Group(name="rag", description="Look into the lore the personas draw on.")

    @group.command(name="query", description="Find what the lore says about something.")
    @app_commands.describe(query="What to look for, in your own words.")
    async def query(interaction: discord.Interaction, query: app_commands.Range[str, 1, 300]) -> None:
        await interaction.response.defer(thinking=True)
        passages = await services.apps.retrieval.search(
            SearchQuery(
                text=query,
                limit=max(1, services.config.retrieval_limit),
                pack=services.pack.id,
                guild_id=str(interaction.guild_id) if interaction.guild_id else None,
                deadline_ms=int((time.time() + services.config.reply_deadline_s) * 1000),
            )
        )
        await interaction.followup.send(embed=passages_embed(query, passages))

    tree.add_command(group)


def passages_embed(query: str, passages: tuple[Passage, ...]) -> discord.Embed:
    """The passages, best first, each with the file it stands in."""
    embed = discord.Embed(title=f"Lore: {query}"[:256], colour=discord.Colour.blurple())
    if not passages:
        embed.description = "The lore says nothing about that. Try other words."
    for passage in passages[:10]:
        source = f"\n-# {passage.source}"
        embed.add_field(
            name=(passage.title or passage.id)[:256],
            value=passage.text[: _FIELD_LIMIT - len(source)] + source,
            inline=False,
        )
    return embed
