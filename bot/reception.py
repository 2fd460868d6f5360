"""How what jobs posted was received, and telling those who run a server that one of them fails."""

from __future__ import annotations

from datetime import timedelta

import discord

from bot.language import words
from bot.permissions import may_write, writable
from bot.webhooks import NOBODY, Place
from bot.where import guild_at, place_at
from core.errors import RequestError, Unavailable

_LOOK_AT_MOST = 200
_SOON = timedelta(minutes=10)


class Reception:
    """Looks through one connected client. Its methods raise Unavailable where Discord is away."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether a person answered a post: reacted, pressed its buttons so that it says something else now, replied to
        it or to what followed it, or wrote within ten minutes. One that was deleted was not; of one that cannot be read
        nobody can tell that it was ignored."""
        try:
            place = await place_at(self._client, guild_id, channel_id)
            post = await place.fetch_message(int(message_id))
            if post.edited_at is not None or any(one.count > one.me for one in post.reactions):
                return True
            return await self._is_taken_up(place, post)
        except discord.NotFound:
            return False
        except (RequestError, discord.Forbidden):
            return True
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not show a post: {error}.", component="bot") from error

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether a person has written in the channel since a post."""
        place = await place_at(self._client, guild_id, channel_id)
        try:
            return await self._people_since(place, message_id)
        except discord.Forbidden:
            return False
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not show a channel: {error}.", component="bot") from error

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """Tells those who run the server that a job fails: in the channel that is theirs, else its owner. Where neither
        can be written to, everybody reads which job it is, and not why."""
        guild = await guild_at(self._client, guild_id)
        say = words(guild.preferred_locale)
        title = say.find(f"job-{job}", job)
        text = say("schedule-fails", job=title, reason=discord.utils.escape_markdown(say.render(reason))[:500])
        theirs, public = guild.public_updates_channel, writable(guild)
        try:
            if theirs is not None and may_write(theirs):
                await theirs.send(text, allowed_mentions=NOBODY)
            elif not await self._tell_owner(guild, text):
                if public is None:
                    raise RequestError("There is no channel in which the admins could be told.", field="channel")
                await public.send(say("schedule-fails-somehow", job=title), allowed_mentions=NOBODY)
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not take a message: {error}.", component="bot") from error

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """Tells a member alone what could not be posted where they wanted it. Raises RequestError where they take no
        direct messages."""
        say = words((await guild_at(self._client, guild_id)).preferred_locale)
        try:
            member = await self._client.fetch_user(int(user_id))
            await member.send(say("schedule-reminds-alone", text=text), nonce=nonce[-25:], allowed_mentions=NOBODY)
        except (discord.Forbidden, discord.NotFound):
            raise RequestError("They take no direct messages.", field="user") from None
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not take a message: {error}.", component="bot") from error

    async def _tell_owner(self, guild: discord.Guild, text: str) -> bool:
        if guild.owner_id is None:
            return False
        try:
            owner = await self._client.fetch_user(guild.owner_id)
            await owner.send(f"{guild.name[:100]}: {text}", allowed_mentions=NOBODY)
        except (discord.Forbidden, discord.NotFound):  # whoever takes no direct messages
            return False
        return True

    async def _is_taken_up(self, place: Place, post: discord.Message) -> bool:
        """Whether a person wrote soon after a post, or replied to it, or to what the cast said soon after it."""
        ours, soon = {post.id}, post.created_at + _SOON
        async for message in place.history(limit=_LOOK_AT_MOST, after=post, oldest_first=True):
            if not is_by_person(message):
                ours |= {message.id} if message.created_at <= soon else set()
            elif message.created_at <= soon or (message.reference and message.reference.message_id in ours):
                return True
        return False

    async def _people_since(self, place: Place, message_id: str) -> bool:
        after = discord.Object(int(message_id))
        async for message in place.history(limit=_LOOK_AT_MOST, after=after, oldest_first=True):
            if is_by_person(message):
                return True
        return False


def is_by_person(message: discord.Message) -> bool:
    """Whether a person wrote a message, whoever they are."""
    return not message.author.bot and message.webhook_id is None
