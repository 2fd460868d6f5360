"""Where jobs look and post: a server's channel, archived threads included, and how its absence is to be understood."""

from __future__ import annotations

import discord

from bot.webhooks import Place, place_of
from core.errors import RequestError, Unavailable


async def guild_at(client: discord.Client, guild_id: str) -> discord.Guild:
    """A server of the bot. Raises Unavailable while Discord does not show it, as for a while after each connection, and
    RequestError, of the field `guild`, where the bot is not on it."""
    guild = client.get_guild(int(guild_id))
    if guild is None:
        try:
            await client.fetch_guild(int(guild_id), with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            raise RequestError("I am not on that server any more.", field="guild") from None
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not tell of a server: {error}.", component="bot") from error
    if guild is None or guild.unavailable:
        raise Unavailable("Discord does not show this server just now.", component="bot")
    return guild


async def place_at(client: discord.Client, guild_id: str, channel_id: str) -> Place:
    """A channel or thread of a server. Raises RequestError where there is none that the bot can see; else as above."""
    guild = await guild_at(client, guild_id)
    channel: object = guild.get_channel_or_thread(int(channel_id))
    if channel is None:
        try:
            channel = await client.fetch_channel(int(channel_id))  # a thread may be archived
        except (discord.NotFound, discord.Forbidden, discord.InvalidData):
            channel = None
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not show a channel: {error}.", component="bot") from error
    place = place_of(channel)
    if place is None or place.guild is None or place.guild.id != guild.id:
        raise RequestError("The channel is not there any more, or I cannot see it.", field="channel")
    return place
