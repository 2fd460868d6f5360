"""Discord's permission bits and how roles and channel overwrites add up to what a member may do where."""

from __future__ import annotations

import time
from datetime import datetime
from enum import IntFlag

from local_discord.codec import Doc


class P(IntFlag):
    """The bits, named as in Discord's documentation."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1
EVERYONE_DEFAULT = (
    P.CREATE_INSTANT_INVITE
    | P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
DIRECT = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_APPLICATION_COMMANDS
    | P.PIN_MESSAGES
)
_TIMED_OUT = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY


def in_guild(guild: Doc, member: Doc) -> int:
    """What the member may do in the guild, before any channel's overwrites."""
    if member["user_id"] == guild["owner_id"]:
        return ALL
    roles: dict[str, Doc] = guild["roles"]
    bits = int(roles[guild["id"]]["permissions"])
    for role_id in member["roles"]:
        if role_id in roles:
            bits |= int(roles[role_id]["permissions"])
    return ALL if bits & P.ADMINISTRATOR else bits


def in_channel(guild: Doc, member: Doc, channel: Doc) -> int:
    """What the member may do in the channel. For a thread pass its parent. 0 where the channel is not visible."""
    bits = in_guild(guild, member)
    if bits == ALL:
        return ALL
    overwrites = {entry["id"]: entry for entry in channel.get("permission_overwrites", ())}
    if everyone := overwrites.get(guild["id"]):
        bits = bits & ~int(everyone["deny"]) | int(everyone["allow"])
    deny = allow = 0
    for role_id in member["roles"]:
        if entry := overwrites.get(role_id):
            deny |= int(entry["deny"])
            allow |= int(entry["allow"])
    bits = bits & ~deny | allow
    if entry := overwrites.get(member["user_id"]):
        bits = bits & ~int(entry["deny"]) | int(entry["allow"])
    if is_timed_out(member):
        bits &= _TIMED_OUT
    if not bits & P.VIEW_CHANNEL:
        return 0
    return bits


def is_timed_out(member: Doc) -> bool:
    until: str | None = member.get("communication_disabled_until")
    return until is not None and datetime.fromisoformat(until).timestamp() > time.time()


def top_position(guild: Doc, member: Doc) -> int:
    """The position of the member's highest role; who is higher may manage who is lower. The owner is above all."""
    if member["user_id"] == guild["owner_id"]:
        return 1 << 30
    return max((guild["roles"][r]["position"] for r in member["roles"] if r in guild["roles"]), default=0)
