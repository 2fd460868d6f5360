"""What jobs see of Discord: a server's channels, and what stands in one. Read when it is asked for and kept nowhere, so
what was deleted or edited since is deleted or edited here."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import discord

from bot.convert import age_gated, readable
from bot.where import guild_at
from core.errors import RequestError, Unavailable
from schedules.job import Line
from schedules.world import Place, Server

_LINK = re.compile(r"https?://[^\s<>()\[\]]+")
_MOST_PLACES = 500  # as many as a server can have
_TO_POST = {"send_messages": "Send Messages", "embed_links": "Embed Links", "attach_files": "Attach Files"}


class Window:
    """Looks through one connected client."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def server(self, guild_id: str) -> Server:
        """See schedules.world.Window."""
        guild = await guild_at(self._client, guild_id)
        found = [_place(one, guild) for one in guild.text_channels if _is_seen(one, guild)]
        return Server(locale=str(guild.preferred_locale), places=tuple(found[:_MOST_PLACES]))

    async def lines(self, channel_id: str, since_ms: int, limit: int) -> tuple[Line, ...]:
        """See schedules.world.Window."""
        channel, me = self._client.get_channel(int(channel_id)), self._client.user
        if not isinstance(channel, discord.TextChannel | discord.Thread) or me is None:
            # The run has just seen it: it was deleted meanwhile, or Discord does not show its server for a moment.
            raise Unavailable("That channel is not there just now.", component="bot")
        since = moment(since_ms)
        try:
            messages = [one async for one in channel.history(limit=limit, after=since, oldest_first=False)]
        except discord.Forbidden:
            raise RequestError("I may not read the messages of that channel.", field="channel") from None
        except (discord.HTTPException, OSError) as error:
            raise Unavailable(f"Discord does not give that channel's messages: {error}", component="bot") from error
        answered = Counter(one.reference.message_id for one in messages if one.reference and not one.author.bot)
        return tuple(_line(one, me, answered[one.id]) for one in reversed(messages) if _is_line(one))


def moment(at_ms: int) -> datetime:
    """A time as Discord's ids can tell it: none is before Discord itself."""
    return datetime.fromtimestamp(max(at_ms, discord.utils.DISCORD_EPOCH) / 1000, UTC)


def _is_seen(channel: discord.TextChannel, guild: discord.Guild) -> bool:
    mine = channel.permissions_for(guild.me)
    return mine.view_channel and mine.read_message_history


def _place(channel: discord.TextChannel, guild: discord.Guild) -> Place:
    all_may, mine = channel.permissions_for(guild.default_role), channel.permissions_for(guild.me)
    return Place(
        id=str(channel.id),
        name=channel.name,
        public=all_may.view_channel and all_may.read_message_history,
        age_gated=age_gated(channel),
        lacks=tuple(name for permission, name in _TO_POST.items() if not getattr(mine, permission)),
    )


def _is_line(message: discord.Message) -> bool:
    """What people or personas said: no notices of Discord's, nothing by other bots, and nothing by the bot itself."""
    ordinary = message.type in (discord.MessageType.default, discord.MessageType.reply)
    return ordinary and (message.webhook_id is not None or not message.author.bot)


def _line(message: discord.Message, me: discord.ClientUser, replies: int) -> Line:
    by_webhook = message.webhook_id is not None
    pictures = [one for one in message.attachments if (one.content_type or "").startswith("image/")]
    return Line(
        message_id=str(message.id),
        speaker=message.author.display_name,
        text=readable(message, me.id, None),
        at_ms=int(message.created_at.timestamp() * 1000),
        persona_id=message.author.display_name if by_webhook else None,
        author_id=None if by_webhook else str(message.author.id),
        reactions=sum(one.count for one in message.reactions),
        replies=replies,
        links=tuple(dict.fromkeys(_LINK.findall(message.content)))[:10],
        pictures=len(pictures),
    )
