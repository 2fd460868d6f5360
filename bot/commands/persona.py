"""/persona ask, list, info and set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import discord
from discord import app_commands

from bot.commands.services import Services
from bot.webhooks import NOBODY, Face
from core.errors import Unavailable
from core.messages import Author, Delta, IncomingMessage, ReplyRequest, Spoken

_DESCRIPTION_LIMIT = 4096


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /persona into the tree."""
    group = app_commands.Group(name="persona", description="The cast: ask them, meet them, choose who answers here.")

    @group.command(name="ask", description="Ask a persona something.")
    @app_commands.describe(question="What you want to know.", persona="Whom to ask. Default: who answers here.")
    @app_commands.autocomplete(persona=services.complete_persona)
    async def ask(
        interaction: discord.Interaction, question: app_commands.Range[str, 1, 1000], persona: str | None = None
    ) -> None:
        # Checked first, since what follows the deferral can only be shown to everybody.
        chosen = services.pack.persona(persona).id if persona else None
        await interaction.response.defer(thinking=True)
        channel = str(interaction.channel_id)
        persona_id = chosen or await services.actors.call("channel", channel, "persona")
        deadline_ms = int((time.time() + services.config.reply_deadline_s) * 1000)
        request = ReplyRequest(
            persona_id=persona_id,
            message=_as_message(interaction, question, deadline_ms),
            history=await services.actors.call("channel", channel, "history", persona_id),
            deadline_ms=deadline_ms,
        )
        await _stream(interaction, services, services.voices.face(persona_id), question, request)

    @group.command(name="list", description="Who is in the cast.")
    async def list_(interaction: discord.Interaction) -> None:
        lines = [f"**{p.name}**, {p.title} (“{p.keywords[0]}”)" for p in services.pack.personas]
        embed = discord.Embed(title=services.pack.name, description="\n".join(lines)[:_DESCRIPTION_LIMIT])
        embed.set_footer(text="The word in quotes brings that persona into a conversation.")
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @group.command(name="info", description="What a persona is like.")
    @app_commands.describe(persona="Whom you want to know about.")
    @app_commands.autocomplete(persona=services.complete_persona)
    async def info(interaction: discord.Interaction, persona: str) -> None:
        chosen = services.pack.persona(persona)
        embed = discord.Embed(title=f"{chosen.name}, {chosen.title}", description=chosen.description)
        embed.add_field(name="Says", value=f"“{chosen.greeting}”", inline=False)
        embed.add_field(name="Comes when you say", value=", ".join(chosen.keywords)[:1024], inline=False)
        if picture := services.voices.face(chosen.id).avatar_url:
            embed.set_thumbnail(url=picture)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @group.command(name="set", description="Choose who answers in this channel where nobody else is called.")
    @app_commands.describe(persona="Who shall answer here.")
    @app_commands.autocomplete(persona=services.complete_persona)
    async def set_(interaction: discord.Interaction, persona: str) -> None:
        # Discord tells the permissions with the interaction; in a direct message the channel is one's own.
        if interaction.guild_id is not None and not interaction.permissions.manage_channels:
            raise app_commands.MissingPermissions(["manage_channels"])
        chosen = services.pack.persona(persona)
        await services.actors.call("channel", str(interaction.channel_id), "set_persona", chosen.id)
        await interaction.response.send_message(f"**{chosen.name}** answers here from now on.", allowed_mentions=NOBODY)

    tree.add_command(group)


async def _stream(
    interaction: discord.Interaction, services: Services, face: Face, question: str, request: ReplyRequest
) -> None:
    """Show the answer while it grows, by editing the command's own response.

    That response has to be filled anyway, works where webhooks do not, and no turn of the channel can mistake it for
    one of its own posts.
    """
    quoted = "> " + question.replace("\n", "\n> ")[:1900]
    loop = asyncio.get_running_loop()
    shown_at = loop.time()
    text = ""
    async for event in _whole(services.apps.persona.reply(request)):
        text = text + event.text if isinstance(event, Delta) else event.text
        if isinstance(event, Spoken) or (text.strip() and loop.time() - shown_at >= services.config.edit_interval_s):
            embed = discord.Embed(description=text[:_DESCRIPTION_LIMIT])
            embed.set_author(name=face.name, icon_url=face.avatar_url)
            await interaction.edit_original_response(content=quoted, embed=embed, allowed_mentions=NOBODY)
            shown_at = loop.time()


async def _whole(events: AsyncIterator[Delta | Spoken]) -> AsyncIterator[Delta | Spoken]:
    """`events`, insisting on the Spoken at their end."""
    async for event in events:
        yield event
        if isinstance(event, Spoken):
            return
    raise Unavailable("The answer broke off before it was whole.", component="persona")


def _as_message(interaction: discord.Interaction, question: str, deadline_ms: int) -> IncomingMessage:
    return IncomingMessage(
        id=str(interaction.id),
        channel_id=str(interaction.channel_id),
        guild_id=str(interaction.guild_id) if interaction.guild_id else None,
        author=Author(id=str(interaction.user.id), name=interaction.user.display_name),
        content=question,
        created_ms=int(interaction.created_at.timestamp() * 1000),
        mentions_bot=True,
        deadline_ms=deadline_ms,
    )
