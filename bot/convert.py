"""From a Discord message to the message that the channel actor gets."""

from __future__ import annotations

import re
import time

import discord

from core.messages import Attachment, Author, IncomingMessage
from core.tracing import traceparent_of

_TOKEN = re.compile(r"<(?:@!?(?P<user>\d+)|@&(?P<role>\d+)|#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+)>")


def is_for_personas(message: discord.Message) -> bool:
    """False for what never triggers anybody: bots, webhooks (our own personas among them) and system notices."""
    ordinary = message.type in (discord.MessageType.default, discord.MessageType.reply)
    return ordinary and not message.author.bot and message.webhook_id is None


def incoming(
    message: discord.Message, me: discord.ClientUser, deadline_s: float | None = None, refused: str | None = None
) -> IncomingMessage:
    """`message` as the channel actor reads it: names for ids, and the mention of `me` removed. `refused` is why it is
    not to be answered.

    `deadline_s` counts seconds from now, not from when the message was written, so that a message read after an
    outage gets as long as any other.
    """
    role = message.guild.self_role if message.guild else None
    reference = message.reference
    return IncomingMessage(
        id=str(message.id),
        channel_id=str(message.channel.id),
        guild_id=str(message.guild.id) if message.guild else None,
        author=Author(id=str(message.author.id), name=message.author.display_name, bot=message.author.bot),
        content=readable(message, me.id, role.id if role else None),
        created_ms=int(message.created_at.timestamp() * 1000),
        mentions_bot=any(user.id == me.id for user in message.mentions)
        or (role is not None and any(mentioned.id == role.id for mentioned in message.role_mentions)),
        parent_id=str(parent) if (parent := getattr(message.channel, "parent_id", None)) else None,
        reply_to=str(reference.message_id) if reference and reference.message_id else None,
        attachments=tuple(
            Attachment(id=str(a.id), filename=a.filename, url=a.url, size=a.size, content_type=a.content_type)
            for a in message.attachments
        ),
        age_gated=age_gated(message.channel),
        deadline_ms=int((time.time() + deadline_s) * 1000) if deadline_s is not None else None,
        public=is_public(message),
        traceparent=traceparent_of(str(message.id)),
        refused=refused,
    )


def is_public(message: discord.Message) -> bool:
    """Whether everybody on the server can read the channel and its history; False where that is not known."""
    channel: object = message.channel
    if isinstance(channel, discord.Thread):
        if channel.is_private():
            return False
        channel = channel.parent
    if message.guild is None or not isinstance(channel, discord.abc.GuildChannel):
        return False
    allowed = channel.permissions_for(message.guild.default_role)
    return allowed.view_channel and allowed.read_message_history


def age_gated(channel: object) -> bool:
    """Whether a channel is for adults only, as Discord says; a thread is what the channel is that it belongs to. Direct
    messages never are, and nor is what cannot be told."""
    if isinstance(channel, discord.Thread | discord.TextChannel | discord.VoiceChannel | discord.StageChannel):
        return channel.is_nsfw()
    return False


def readable(message: discord.Message, my_id: int, my_role_id: int | None) -> str:
    """The text of `message` with mentions and custom emojis as names; the bot's own mentions are cut out."""
    users = {user.id: user.display_name for user in message.mentions}
    roles = {role.id: role.name for role in message.role_mentions}
    channels = {channel.id: channel.name for channel in message.channel_mentions}

    def name(match: re.Match[str]) -> str:
        if match["user"]:
            return f"@{users.get(int(match['user']), 'someone')}"
        if match["role"]:
            return f"@{roles.get(int(match['role']), 'role')}"
        if match["channel"]:
            return f"#{channels.get(int(match['channel']), 'channel')}"
        return f":{match['emoji']}:"

    content = message.content.strip()
    own = re.compile(rf" ?<@!?{my_id}>" + (rf"| ?<@&{my_role_id}>" if my_role_id else ""))
    text = own.sub("", content)
    if own.match(content):
        # "@Troupe, hello" was addressed with a comma that now addresses nobody.
        text = text.lstrip(" ,:")
    return _TOKEN.sub(name, text).strip()
