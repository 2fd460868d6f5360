"""How what jobs posted was received, and telling those who run a server that one of them fails."""

from __future__ import annotations

import discord

from bot.language import words
from bot.permissions import writable
from bot.webhooks import NOBODY, Place, place_of
from core.errors import RequestError, Unavailable

_LOOK_AT_MOST = 50


class Reception:
    """Looks through one connected client. Its methods raise Unavailable where Discord is away."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether anybody wrote after a post or reacted to it. One that has buttons, that is gone, or that cannot be
        read counts as answered: nobody can tell that it was ignored."""
        place = place_of(self._client.get_channel(int(channel_id)))
        if place is None:
            return True
        try:
            post = await place.fetch_message(int(message_id))
            if post.reactions or post.components or post.edited_at is not None:
                return True
            return await self._people_since(place, message_id)
        except (discord.NotFound, discord.Forbidden):
            return True
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not show a post: {error}.", component="bot") from error

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether a person has written in the channel since a post."""
        place = place_of(self._client.get_channel(int(channel_id)))
        if place is None:
            raise RequestError("The channel is not there any more, or I cannot see it.", field="channel")
        try:
            return await self._people_since(place, message_id)
        except discord.Forbidden:
            return False
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not show a channel: {error}.", component="bot") from error

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """Tells in the channel for those who run the server that a job fails."""
        guild = self._client.get_guild(int(guild_id))
        channel = (guild.public_updates_channel or writable(guild)) if guild is not None else None
        if guild is None or channel is None:
            raise RequestError("There is no channel in which the admins could be told.", field="channel")
        say = words(guild.preferred_locale)
        title = say.find(f"job-{job}", job)
        text = say("schedule-fails", job=title, reason=discord.utils.escape_markdown(say.render(reason))[:500])
        try:
            await channel.send(text, allowed_mentions=NOBODY)
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not take a message: {error}.", component="bot") from error

    async def _people_since(self, place: Place, message_id: str) -> bool:
        after = discord.Object(int(message_id))
        async for message in place.history(limit=_LOOK_AT_MOST, after=after, oldest_first=True):
            if not message.author.bot and message.webhook_id is None:
                return True
        return False
