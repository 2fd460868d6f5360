"""/config-proactive: which jobs run on a server, and in which of its channels they write."""

from __future__ import annotations

import discord
from discord import app_commands

from actors.schedule import Edit
from bot.commands.needs import needs
from bot.commands.schedule import change, complete_job, show
from bot.commands.services import Services


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /config-proactive into the tree."""
    group = app_commands.Group(
        name="config-proactive",
        description="Which jobs run on this server, and where they write.",
        guild_only=True,
    )

    @group.command(name="show", description="What runs here, where and when.")
    @needs("manage_guild")
    async def show_(interaction: discord.Interaction) -> None:
        await show(interaction, services)

    @group.command(name="set", description="Switch a job on or off, here or in one channel.")
    @app_commands.describe(
        job="Which job.", on="Whether it runs.", channel="Only whether it writes there. Default: the whole job."
    )
    @app_commands.autocomplete(job=complete_job(services))
    @needs("manage_guild")
    async def set_(
        interaction: discord.Interaction, job: str, on: bool, channel: discord.TextChannel | None = None
    ) -> None:
        if channel is None:
            await change(interaction, services, job, Edit(on=on), None)
        elif on:
            await change(interaction, services, job, Edit(on=True, add_channel=str(channel.id)), channel)
        else:
            await change(interaction, services, job, Edit(remove_channel=str(channel.id)), None)

    tree.add_command(group)
