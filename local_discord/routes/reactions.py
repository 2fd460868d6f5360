"""Reactions. An emoji is addressed by its character, or by `name:id` where it is a custom one."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from local_discord import objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_permissions
from local_discord.permissions import P
from local_discord.routes.messages import find
from local_discord.web import Call, Routes

routes = Routes()
_BASE = "/channels/{channel_id}/messages/{message_id}/reactions"
_MAX_KINDS = 20
_CUSTOM = re.compile(r"^(?:a:)?(\w{2,32}:\d{1,19})$")


def _emoji(call: Call) -> str:
    """The store's key of the path's emoji. ApiError 10014 for what is none."""
    given = call.path("emoji")
    if custom := _CUSTOM.match(given):
        known = custom[1].split(":")[1] in call.world.store.emojis
        if known:
            return custom[1]
    # Emojis are symbols (So), with digits and signs for keycaps; letters and words are not.
    elif len(given) <= 16 and any(unicodedata.category(char) in ("So", "Sk", "Cs", "Me", "Sm") for char in given):
        return given
    raise ApiError(400, 10014, "Unknown Emoji")


def _tell(call: Call, event: str, channel: Doc, doc: Doc, user_id: str | None = None, emoji: str | None = None) -> None:
    data: Doc = {"channel_id": channel["id"], "message_id": doc["id"]}
    if guild_id := channel.get("guild_id"):
        data["guild_id"] = guild_id
    if emoji is not None:
        data["emoji"] = objects.emoji(emoji)
    if user_id is not None:
        data |= {"user_id": user_id, "type": 0, "burst": False}
        if event == "MESSAGE_REACTION_ADD":
            data["message_author_id"] = doc["author_id"]
            if guild_id:
                data["member"] = call.world.show_member(call.world.member(guild_id, user_id))
    call.world.hub.to_channel(event, channel, data)


@routes.put(_BASE + "/{emoji}/@me")
async def add(call: Call) -> Any:
    channel, doc = find(call, P.READ_MESSAGE_HISTORY)
    emoji = _emoji(call)
    present = call.world.store.reactions([doc["id"]]).get(doc["id"], {})
    if emoji not in present:
        if not call.world.bits(call.my_id, channel) & P.ADD_REACTIONS:
            raise missing_permissions()
        if len(present) >= _MAX_KINDS:
            raise ApiError(400, 30010, f"Maximum number of reactions reached ({_MAX_KINDS})")
    if call.world.store.add_reaction(doc["id"], emoji, call.my_id):
        _tell(call, "MESSAGE_REACTION_ADD", channel, doc, call.my_id, emoji)


@routes.delete(_BASE + "/{emoji}/{user_id}")
async def remove(call: Call) -> Any:
    channel, doc = find(call)
    user_id, emoji = call.id("user_id"), _emoji(call)
    if user_id != call.my_id and not call.world.bits(call.my_id, channel) & P.MANAGE_MESSAGES:
        raise missing_permissions()
    if call.world.store.remove_reactions(doc["id"], emoji, user_id):
        _tell(call, "MESSAGE_REACTION_REMOVE", channel, doc, user_id, emoji)


@routes.get(_BASE + "/{emoji}")
async def who(call: Call) -> Any:
    _, doc = find(call, P.READ_MESSAGE_HISTORY)
    users = call.world.store.reactions([doc["id"]]).get(doc["id"], {}).get(_emoji(call), [])
    after = int(call.query_id("after") or 0)
    chosen = sorted((user for user in users if int(user) > after), key=int)
    return [objects.user(call.world.user(user)) for user in chosen[: call.query_int("limit", 25, 1, 100)]]


@routes.delete(_BASE)
async def clear(call: Call) -> Any:
    channel, doc = find(call, P.MANAGE_MESSAGES)
    call.world.store.remove_reactions(doc["id"])
    _tell(call, "MESSAGE_REACTION_REMOVE_ALL", channel, doc)


@routes.delete(_BASE + "/{emoji}")
async def clear_emoji(call: Call) -> Any:
    channel, doc = find(call, P.MANAGE_MESSAGES)
    emoji = _emoji(call)
    call.world.store.remove_reactions(doc["id"], emoji)
    _tell(call, "MESSAGE_REACTION_REMOVE_EMOJI", channel, doc, emoji=emoji)
