"""Guild channels: reading, making, changing, deleting, and their permission overwrites."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from local_discord import guilds, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_permissions
from local_discord.permissions import P
from local_discord.snowflake import now_iso
from local_discord.validation import Bits, Body, Snowflake
from local_discord.web import Call, Routes

routes = Routes()
_MAX_CHANNELS = 500
_Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Overwrite(Body):
    id: Snowflake
    type: Literal[0, 1]
    allow: Bits = "0"
    deny: Bits = "0"


class OverwriteBody(Body):
    type: Literal[0, 1]
    allow: Bits = "0"
    deny: Bits = "0"


class ChannelBody(Body):
    name: _Name | None = None
    topic: Annotated[str, StringConstraints(max_length=1024)] | None = None
    nsfw: bool | None = None
    position: int | None = None
    rate_limit_per_user: Annotated[int, Field(ge=0, le=21600)] | None = None
    parent_id: Snowflake | None = None
    permission_overwrites: list[Overwrite] | None = None
    # Threads only
    archived: bool | None = None
    locked: bool | None = None
    invitable: bool | None = None
    auto_archive_duration: Literal[60, 1440, 4320, 10080] | None = None


class NewChannelBody(ChannelBody):
    name: _Name
    type: Literal[0, 2, 4, 5] = 0


@routes.get("/channels/{channel_id}")
async def get(call: Call) -> Any:
    return call.world.show_channel(call.world.require(call.my_id, call.id("channel_id")), call.my_id)


@routes.get("/guilds/{guild_id}/channels")
async def of_guild(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    channels = [c for c in call.world.store.channels.by(guild["id"]) if c["type"] not in objects.THREADS]
    return [call.world.show_channel(c, call.my_id) for c in channels if call.world.can_view(call.my_id, c)]


def _text_name(name: str, kind: int) -> str:
    return name.strip().lower().replace(" ", "-") if kind in (objects.TEXT, 5) else name.strip()


@routes.post("/guilds/{guild_id}/channels")
async def create(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_CHANNELS)
    body = await call.body(NewChannelBody)
    if call.world.store.channels.count(guild["id"]) >= _MAX_CHANNELS:
        raise ApiError(400, 30013, f"Maximum number of guild channels reached ({_MAX_CHANNELS})")
    fields = body.model_dump(
        exclude_none=True, exclude={"name", "archived", "locked", "invitable", "auto_archive_duration"}
    )
    channel = guilds.new_channel(call.world, guild["id"], _text_name(body.name, body.type), **fields)
    shown = call.world.show_channel(channel, call.my_id)
    call.world.hub.to_channel("CHANNEL_CREATE", channel, shown)
    return shown


@routes.patch("/channels/{channel_id}")
async def edit(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"))
    body = await call.body(ChannelBody)
    changes = body.model_dump(exclude_unset=True)
    if channel["type"] == objects.DM:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    if channel["type"] in objects.THREADS:
        return _edit_thread(call, channel, changes)
    if not call.world.bits(call.my_id, channel) & P.MANAGE_CHANNELS:
        raise missing_permissions()
    for key in ("archived", "locked", "invitable", "auto_archive_duration"):
        changes.pop(key, None)
    if changes.get("name"):
        changes["name"] = _text_name(changes["name"], channel["type"])
    nullable = ("topic", "parent_id")
    before = call.world.viewers(channel)
    channel.update({key: value for key, value in changes.items() if value is not None or key in nullable})
    return _save(call, channel, before)


def _edit_thread(call: Call, thread: Doc, changes: Doc) -> Doc:
    bits = call.world.bits(call.my_id, thread)
    only_reopens = changes == {"archived": False} and not thread["thread_metadata"].get("locked")
    owns = thread["owner_id"] == call.my_id and "locked" not in changes
    if not (bits & P.MANAGE_THREADS or owns or (only_reopens and bits & P.SEND_MESSAGES)):
        raise missing_permissions()
    for key in ("name", "rate_limit_per_user"):
        if changes.get(key) is not None:
            thread[key] = changes[key]
    for key in ("archived", "locked", "invitable", "auto_archive_duration"):
        if changes.get(key) is not None:
            thread["thread_metadata"][key] = changes[key]
    if "archived" in changes:
        thread["thread_metadata"]["archive_timestamp"] = now_iso()
    return _save(call, thread)


def _save(call: Call, channel: Doc, before: set[str] | None = None) -> Doc:
    """Store and announce. For those who, unlike `before`, now see the channel or no longer do, it comes or goes."""
    call.world.store.channels.put(channel["id"], channel)
    after = call.world.viewers(channel)
    for user_id in (before or after) ^ after:
        event = "CHANNEL_CREATE" if user_id in after else "CHANNEL_DELETE"
        call.world.hub.to_users(event, [user_id], call.world.show_channel(channel, user_id))
    shown = call.world.show_channel(channel, call.my_id)
    event = "THREAD_UPDATE" if channel["type"] in objects.THREADS else "CHANNEL_UPDATE"
    call.world.hub.to_channel(event, channel, shown)
    return shown


@routes.delete("/channels/{channel_id}")
async def delete(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"))
    if channel["type"] == objects.DM:
        return call.world.show_channel(channel, call.my_id)
    is_thread = channel["type"] in objects.THREADS
    if not call.world.bits(call.my_id, channel) & (P.MANAGE_THREADS if is_thread else P.MANAGE_CHANNELS):
        raise missing_permissions()
    shown = call.world.show_channel(channel, call.my_id)
    guilds.delete_channel(call.world, channel, shown)
    return shown


@routes.put("/channels/{channel_id}/permissions/{target}")
async def set_overwrite(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.MANAGE_ROLES)
    body = await call.body(OverwriteBody)
    target = call.id("target")
    others = [entry for entry in channel["permission_overwrites"] if entry["id"] != target]
    before = call.world.viewers(channel)
    channel["permission_overwrites"] = [*others, {"id": target, **body.model_dump()}]
    _save(call, channel, before)


@routes.delete("/channels/{channel_id}/permissions/{target}")
async def delete_overwrite(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.MANAGE_ROLES)
    target, before = call.id("target"), call.world.viewers(channel)
    channel["permission_overwrites"] = [entry for entry in channel["permission_overwrites"] if entry["id"] != target]
    _save(call, channel, before)
