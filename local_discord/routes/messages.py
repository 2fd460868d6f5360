"""Messages of a channel: history, writing, editing, deleting, typing, pins."""

from __future__ import annotations

import time
from typing import Annotated, Any

from pydantic import Field

from local_discord import messages, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_permissions, unknown
from local_discord.permissions import P
from local_discord.ratelimit import SLOW_MODE, limited
from local_discord.snowflake import now_iso
from local_discord.validation import Body, MessageBody, Snowflake
from local_discord.web import Call, Routes

routes = Routes()
_READ = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY


def find(call: Call, needed: int = 0) -> tuple[Doc, Doc]:
    """The channel and message of the path."""
    channel = call.world.require(call.my_id, call.id("channel_id"), needed)
    doc = call.world.store.message(call.id("message_id"), channel["id"])
    if doc is None or doc.get("ephemeral_to"):
        raise unknown("Message")
    return channel, doc


@routes.get("/channels/{channel_id}/messages")
async def history(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"))
    if not call.world.bits(call.my_id, channel) & P.READ_MESSAGE_HISTORY:
        return []
    limit = call.query_int("limit", 50, 1, 100)
    before, after, around = (call.query_id(name) for name in ("before", "after", "around"))
    store, channel_id = call.world.store, channel["id"]
    if around:
        newer = store.history(channel_id, limit // 2, after=int(around))
        docs = newer + store.history(channel_id, limit - len(newer), before=int(around) + 1)
    elif after:
        docs = store.history(channel_id, limit, after=int(after))
    else:
        docs = store.history(channel_id, limit, before=int(before) if before else None)
    return messages.show(call.world, docs, call.my_id)


@routes.get("/channels/{channel_id}/messages/{message_id}")
async def get_message(call: Call) -> Any:
    _, doc = find(call, _READ)
    return messages.show(call.world, [doc], call.my_id)[0]


@routes.post("/channels/{channel_id}/messages")
async def send(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.SEND_MESSAGES)
    if channel["type"] not in (objects.TEXT, objects.DM, *objects.THREADS, 2, 5):
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    _keep_slow_mode(call, channel)
    body = await call.body(MessageBody)
    if not call.me.get("bot"):
        body.embeds = body.components = None  # what only bots and webhooks may send
    messages.wake_thread(call.world, channel)
    doc = messages.create(call.world, call.my_id, channel, body, call.uploads)
    call.world.last_sent[channel["id"], call.my_id] = time.time()
    shown = messages.show(call.world, [doc], call.my_id)[0]
    return {**shown, "nonce": doc["nonce"]} if doc.get("nonce") else shown


def _keep_slow_mode(call: Call, channel: Doc) -> None:
    """One message per person each `rate_limit_per_user` seconds; moderators and bots are free of it."""
    pause = channel.get("rate_limit_per_user") or 0
    exempt = P.MANAGE_MESSAGES | P.MANAGE_CHANNELS
    if not pause or call.me.get("bot") or call.world.bits(call.my_id, channel) & exempt:
        return
    left = call.world.last_sent.get((channel["id"], call.my_id), 0.0) + pause - time.time()
    if left > 0:
        raise limited(left, code=SLOW_MODE)


@routes.patch("/channels/{channel_id}/messages/{message_id}")
async def edit(call: Call) -> Any:
    channel, doc = find(call)
    body = await call.body(MessageBody)
    if doc["author_id"] != call.my_id:
        # Others may only hide the embeds, and need to be moderators for that.
        moderates = call.world.bits(call.my_id, channel) & P.MANAGE_MESSAGES
        if body.model_fields_set - {"flags"} or not moderates:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    elif not call.me.get("bot"):
        body.model_fields_set.difference_update(("embeds", "components"))
    doc = messages.edit(call.world, doc, body, call.uploads)
    return messages.show(call.world, [doc], call.my_id)[0]


@routes.delete("/channels/{channel_id}/messages/{message_id}")
async def delete(call: Call) -> Any:
    channel, doc = find(call)
    if doc["author_id"] != call.my_id and not call.world.bits(call.my_id, channel) & P.MANAGE_MESSAGES:
        raise missing_permissions()
    if channel["type"] == objects.DM and doc["author_id"] != call.my_id:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    messages.delete(call.world, [doc])


class BulkBody(Body):
    messages: Annotated[list[Snowflake], Field(min_length=2, max_length=100)]


@routes.post("/channels/{channel_id}/messages/bulk-delete")
async def bulk_delete(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.MANAGE_MESSAGES)
    body = await call.body(BulkBody)
    found = [call.world.store.message(message_id, channel["id"]) for message_id in dict.fromkeys(body.messages)]
    docs = [doc for doc in found if doc and not doc.get("ephemeral_to")]
    if docs:
        messages.delete(call.world, docs)


@routes.post("/channels/{channel_id}/typing")
async def typing(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.SEND_MESSAGES)
    event: Doc = {"channel_id": channel["id"], "user_id": call.my_id, "timestamp": int(time.time())}
    if guild_id := channel.get("guild_id"):
        event["guild_id"] = guild_id
        event["member"] = call.world.show_member(call.world.member(guild_id, call.my_id))
    call.world.hub.to_channel("TYPING_START", channel, event)


# Pins, by the routes of today and by those that older clients use.


@routes.get("/channels/{channel_id}/messages/pins")
async def pins(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), _READ)
    limit = call.query_int("limit", 50, 1, 50)
    docs = call.world.store.pins(channel["id"], limit + 1, call.request.query.get("before"))
    shown = messages.show(call.world, docs[:limit], call.my_id)
    items = [{"pinned_at": doc["pinned_at"], "message": message} for doc, message in zip(docs, shown, strict=False)]
    return {"items": items, "has_more": len(docs) > limit}


@routes.get("/channels/{channel_id}/pins")
async def pins_as_list(call: Call) -> Any:
    return [item["message"] for item in (await pins(call))["items"]]


@routes.put("/channels/{channel_id}/messages/pins/{message_id}")
@routes.put("/channels/{channel_id}/pins/{message_id}")
async def pin(call: Call) -> Any:
    _set_pin(call, now_iso())


@routes.delete("/channels/{channel_id}/messages/pins/{message_id}")
@routes.delete("/channels/{channel_id}/pins/{message_id}")
async def unpin(call: Call) -> Any:
    _set_pin(call, None)


def _set_pin(call: Call, at: str | None) -> None:
    channel, doc = find(call)
    if not call.world.bits(call.my_id, channel) & (P.MANAGE_MESSAGES | P.PIN_MESSAGES):
        raise missing_permissions()
    if bool(doc.get("pinned_at")) == bool(at):
        return
    doc["pinned_at"] = at
    call.world.store.put_message(doc)
    messages.publish(call.world, "MESSAGE_UPDATE", doc)
    place = {"guild_id": channel["guild_id"]} if channel.get("guild_id") else {}
    event = {"channel_id": channel["id"], "last_pin_timestamp": at, **place}
    call.world.hub.to_channel("CHANNEL_PINS_UPDATE", channel, event)
