"""A bare discord.py bot that answers every mention with its own text: what Troupe's overhead is measured against."""

from __future__ import annotations

import sys

import discord
import discord.gateway
import discord.http
import yarl


class EchoBot(discord.Client):
    """No memory, no routing, no model: one request per message."""

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
