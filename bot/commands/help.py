"""/help: how to talk to the cast."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.services import Services
from core.personas import Pack


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /help into the tree."""

    @tree.command(name="help", description="How to talk to the personas here.")
    async def help_(interaction: discord.Interaction) -> None:
        me = interaction.client.user
        embed = overview(services.pack, me.mention if me else "the bot")
        for command in tree.walk_commands():
            if isinstance(command, app_commands.Command):
                embed.add_field(name=f"/{command.qualified_name}", value=command.description, inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)


def overview(pack: Pack, mention: str) -> discord.Embed:
    """What the cast is and how it is addressed."""
    someone = pack.personas[-1]
    embed = discord.Embed(title=pack.name, description=pack.description, colour=discord.Colour.blurple())
    embed.add_field(
        name="Talk to them",
        value=f"Mention {mention}, reply to a persona's message, or write to {mention} directly. "
        f"A word can bring someone too: “{someone.keywords[0]}” brings {someone.name}.",
        inline=False,
    )
    return embed
