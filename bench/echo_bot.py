"""A bare discord.py bot that answers every mention with its own text, and has one trivial command: what Troupe's
overhead is measured against."""

from __future__ import annotations

import sys

import discord
import discord.gateway
import discord.http
import yarl
from discord import app_commands


class EchoBot(discord.Client):
    """No memory, no routing, no model: one request per message, or command."""

    def __init__(self, *, intents: discord.Intents) -> None:
        super().__init__(intents=intents)
        self._tree = app_commands.CommandTree(self)

        @self._tree.command(name="ping", description="Answers at once.")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("pong")

    async def setup_hook(self) -> None:
        """Before the gateway connects."""
        await self._tree.sync()

    async def on_ready(self) -> None:
        """Tells the bench that it listens."""
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    async def on_message(self, message: discord.Message) -> None:
        """Answers."""
        if not message.author.bot and self.user in message.mentions:
            await message.channel.send(message.content)


def main() -> None:
    """`python -m bench.echo_bot API GATEWAY TOKEN`."""
    api, gateway, token = sys.argv[1:4]
    discord.http.Route.BASE = api
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    EchoBot(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True)).run(
        token, log_handler=None
    )


if __name__ == "__main__":
    main()
