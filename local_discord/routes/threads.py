"""Threads: starting them, joining, listing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from local_discord import messages, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_permissions, unknown
from local_discord.permissions import P
from local_discord.routes.messages import find
from local_discord.snowflake import now_iso
from local_discord.validation import Body, MessageBody
from local_discord.web import Call, Routes

routes = Routes()
_ME = "/channels/{channel_id}/thread-members/@me"
_MEMBER = "/channels/{channel_id}/thread-members/{user_id}"


class ThreadBody(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    auto_archive_duration: Literal[60, 1440, 4320, 10080] | None = None
    rate_limit_per_user: int | None = None
    type: Literal[10, 11, 12] = 12
    invitable: bool = True


def _start(call: Call, parent: Doc, thread_id: str, body: ThreadBody, kind: int) -> Doc:
    if parent["type"] not in (objects.TEXT, 5):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    at = now_iso()
    thread: Doc = {
        "id": thread_id,
        "type": kind,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": call.my_id,
        "name": body.name,
        "rate_limit_per_user": body.rate_limit_per_user or 0,
        "message_count": 0,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "locked": False,
            "auto_archive_duration": body.auto_archive_duration or 1440,
            "archive_timestamp": at,
            "create_timestamp": at,
            **({"invitable": body.invitable} if kind == objects.PRIVATE_THREAD else {}),
        },
        "thread_members": {call.my_id: at},
    }
    call.world.store.channels.put(thread_id, thread)
    shown = call.world.show_channel(thread, call.my_id)
    call.world.hub.to_channel("THREAD_CREATE", thread, {**shown, "newly_created": True})
    return {**shown, "member": objects.thread_member(thread, call.my_id)}


@routes.post("/channels/{channel_id}/messages/{message_id}/threads")
async def start_from_message(call: Call) -> Any:
    parent, doc = find(call, P.CREATE_PUBLIC_THREADS)
    body = await call.body(ThreadBody)
    if doc["id"] in call.world.store.channels:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    shown = _start(call, parent, doc["id"], body, objects.PUBLIC_THREAD)
    doc["flags"] |= objects.HAS_THREAD
    call.world.store.put_message(doc)
    messages.publish(call.world, "MESSAGE_UPDATE", doc)
    return shown


@routes.post("/channels/{channel_id}/threads")
async def start(call: Call) -> Any:
    body = await call.body(ThreadBody)
    private = body.type == objects.PRIVATE_THREAD
    needed = P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS
    parent = call.world.require(call.my_id, call.id("channel_id"), needed)
    thread_id = call.world.ids.next()
    shown = _start(call, parent, thread_id, body, body.type)
    if not private:
        reference = {"type": 0, "channel_id": thread_id, "guild_id": parent["guild_id"]}
        origin = messages.Origin(type=18, reference=reference)
        messages.create(call.world, call.my_id, parent, MessageBody(content=body.name), [], origin)
    return shown


@routes.get("/guilds/{guild_id}/threads/active")
async def active(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    threads = [t for t in call.world.threads_of(guild["id"]) if call.world.can_view(call.my_id, t)]
    mine = [objects.thread_member(t, call.my_id) for t in threads if call.my_id in t["thread_members"]]
    return {"threads": [call.world.show_channel(t, call.my_id) for t in threads], "members": mine, "has_more": False}


async def _archived(call: Call, kinds: tuple[int, ...]) -> Doc:
    parent = call.world.require(call.my_id, call.id("channel_id"), P.READ_MESSAGE_HISTORY)
    threads = [
        thread
        for thread in call.world.store.channels.by(parent["guild_id"])
        if thread["type"] in kinds and thread["parent_id"] == parent["id"] and thread["thread_metadata"]["archived"]
    ]
    threads = [t for t in reversed(threads) if call.world.can_view(call.my_id, t)]
    limit = call.query_int("limit", 50, 2, 100)
    mine = [objects.thread_member(t, call.my_id) for t in threads[:limit] if call.my_id in t["thread_members"]]
    shown = [call.world.show_channel(thread, call.my_id) for thread in threads[:limit]]
    return {"threads": shown, "members": mine, "has_more": len(threads) > limit}


@routes.get("/channels/{channel_id}/threads/archived/public")
async def archived_public(call: Call) -> Any:
    return await _archived(call, (objects.NEWS_THREAD, objects.PUBLIC_THREAD))


@routes.get("/channels/{channel_id}/threads/archived/private")
async def archived_private(call: Call) -> Any:
    return await _archived(call, (objects.PRIVATE_THREAD,))


def _thread(call: Call) -> Doc:
    thread = call.world.require(call.my_id, call.id("channel_id"))
    if thread["type"] not in objects.THREADS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return thread


def _announce(call: Call, thread: Doc, added: list[str], removed: list[str]) -> None:
    call.world.store.channels.put(thread["id"], thread)
    event = {
        "id": thread["id"],
        "guild_id": thread["guild_id"],
        "member_count": len(thread["thread_members"]),
        "added_members": [
            {
                **objects.thread_member(thread, user_id),
                "member": call.world.show_member(call.world.member(thread["guild_id"], user_id)),
                "presence": objects.presence(user_id, thread["guild_id"], call.world.hub.presence(user_id)),
            }
            for user_id in added
        ],
        "removed_member_ids": removed,
    }
    call.world.hub.to_channel("THREAD_MEMBERS_UPDATE", thread, event)


@routes.get("/channels/{channel_id}/thread-members")
async def members(call: Call) -> Any:
    thread = _thread(call)
    return [objects.thread_member(thread, user_id) for user_id in thread["thread_members"]]


@routes.get(_MEMBER)
async def member(call: Call) -> Any:
    thread = _thread(call)
    if call.id("user_id") not in thread["thread_members"]:
        raise unknown("Member")
    return objects.thread_member(thread, call.id("user_id"))


@routes.put(_ME)
@routes.put(_MEMBER)
async def join(call: Call) -> Any:
    thread, user_id = _thread(call), _target(call)
    call.world.member(thread["guild_id"], user_id)
    if user_id not in thread["thread_members"]:
        thread["thread_members"][user_id] = now_iso()
        _announce(call, thread, [user_id], [])


@routes.delete(_ME)
@routes.delete(_MEMBER)
async def leave(call: Call) -> Any:
    thread, user_id = _thread(call), _target(call)
    if user_id not in (call.my_id,) and not call.world.bits(call.my_id, thread) & P.MANAGE_THREADS:
        raise missing_permissions()
    if thread["thread_members"].pop(user_id, None):
        _announce(call, thread, [], [user_id])


def _target(call: Call) -> str:
    return call.id("user_id") if "user_id" in call.request.match_info else call.my_id
