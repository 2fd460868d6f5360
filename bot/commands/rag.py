"""/rag query and sources: what the lore says, with its source, and what it is made of."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

import discord
from discord import app_commands
from discord.utils import escape_markdown

from bot.commands.pages import Pages, in_pages
from bot.commands.services import Services
from bot.language import Words, words
from core.messages import Passage, SearchQuery
from core.personas import Pack

_FIELD_LIMIT = 1024
_ON_A_PAGE = 3
_MOST_FOUND = 12


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
                limit=_MOST_FOUND,
                pack=services.pack.id,
                guild_id=str(interaction.guild_id) if interaction.guild_id else None,
                deadline_ms=int((time.time() + services.config.reply_deadline_s) * 1000),
            )
        )
        say = words(interaction.guild_locale or interaction.locale)
        await Pages(passage_embeds(query, passages, say), interaction.user.id, say).send(interaction)

    @group.command(name="sources", description="Which documents the lore is made of.")
    async def sources(interaction: discord.Interaction) -> None:
        say = words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await Pages(source_embeds(services.pack, say), interaction.user.id, say).send(interaction, ephemeral=True)

    tree.add_command(group)


def passage_embeds(query: str, passages: Sequence[Passage], words: Words) -> list[discord.Embed]:
    """The passages, best first, each with the file it stands in and its score."""
    title = words("rag-title", query=escape_markdown(query))[:256]
    if not passages:
        return [discord.Embed(title=title, description=words("rag-nothing"), colour=discord.Colour.blurple())]
    pages = []
    for start in range(0, len(passages), _ON_A_PAGE):
        embed = discord.Embed(title=title, colour=discord.Colour.blurple())
        for passage in passages[start : start + _ON_A_PAGE]:
            source = f"\n-# {words('rag-source', source=passage.source, score=f'{passage.score:.3f}')}"
            text = passage.text[: _FIELD_LIMIT - len(source)]
            embed.add_field(name=(passage.title or passage.id)[:256], value=text + source, inline=False)
        pages.append(embed)
    return pages


def source_embeds(pack: Pack, words: Words) -> list[discord.Embed]:
    """The documents of a pack, with how many passages each has and what they are about."""
    titles: dict[str, list[str]] = defaultdict(list)
    for passage in pack.lore:
        titles[passage.source].append(passage.title)
    lines = [
        f"**{escape_markdown(source)}** · {words('rag-passages', count=len(found))}\n-# {', '.join(found)[:150]}"
        for source, found in sorted(titles.items())
    ]
    title = words("rag-sources-title", pack=pack.name)
    if not lines:
        return [discord.Embed(title=title, description=words("rag-no-sources"))]
    return [discord.Embed(title=title, description=page, colour=discord.Colour.blurple()) for page in in_pages(lines)]
