"""Webhooks: making them, and speaking through them. An interaction's token works on the same routes."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from pydantic import StringConstraints

from local_discord import images, interactions, messages, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_permissions, unknown
from local_discord.permissions import P
from local_discord.validation import Body, MessageBody, Snowflake, WebhookBody
from local_discord.web import Call, Routes

routes = Routes()
_MAX_PER_CHANNEL = 15
_Name = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class NewWebhookBody(Body):
    name: _Name
    avatar: str | None = None


class EditWebhookBody(Body):
    name: _Name | None = None
    avatar: str | None = None
    channel_id: Snowflake | None = None


def _shown(call: Call, webhook: Doc, *, with_user: bool = True) -> Doc:
    """The token is for its maker's application and for people; another application must not speak through it."""
    foreign = call.user is not None and call.user.get("bot") and webhook["user_id"] != call.my_id
    creator = call.world.store.users.get(webhook["user_id"]) if with_user else None
    return objects.webhook(webhook, creator, with_token=not foreign)


def _announce(call: Call, webhook: Doc) -> None:
    channel = call.world.channel(webhook["channel_id"])
    event = {"guild_id": channel["guild_id"], "channel_id": channel["id"]}
    call.world.hub.to_channel("WEBHOOKS_UPDATE", channel, event)


@routes.post("/channels/{channel_id}/webhooks")
async def create(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.MANAGE_WEBHOOKS)
    if channel["type"] not in (objects.TEXT, 2, 5, 15):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    body = await call.body(NewWebhookBody)
    if call.world.store.webhooks.count(channel["id"]) >= _MAX_PER_CHANNEL:
        raise ApiError(400, 30007, f"Maximum number of webhooks reached ({_MAX_PER_CHANNEL})")
    webhook_id = call.world.ids.next()
    application = call.world.application_of(call.my_id)
    webhook = {
        "id": webhook_id,
        "guild_id": channel["guild_id"],
        "channel_id": channel["id"],
        "name": body.name,
        "avatar": images.save(call.world, f"avatars/{webhook_id}", body.avatar, "avatar"),
        "application_id": application["id"] if application else None,
        "user_id": call.my_id,
        "token": secrets.token_urlsafe(51),
    }
    call.world.store.webhooks.put(webhook_id, webhook)
    _announce(call, webhook)
    return _shown(call, webhook)


@routes.get("/channels/{channel_id}/webhooks")
async def of_channel(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"), P.MANAGE_WEBHOOKS)
    return [_shown(call, webhook) for webhook in call.world.store.webhooks.by(channel["id"])]


@routes.get("/guilds/{guild_id}/webhooks")
async def of_guild(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_WEBHOOKS)
    return [_shown(call, webhook) for webhook in call.world.store.webhooks.all() if webhook["guild_id"] == guild["id"]]


def _managed(call: Call) -> Doc:
    webhook = call.world.store.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise unknown("Webhook")
    call.world.require(call.my_id, webhook["channel_id"], P.MANAGE_WEBHOOKS)
    return webhook


def _by_token(call: Call) -> Doc:
    webhook = call.world.store.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise unknown("Webhook")
    if not secrets.compare_digest(webhook["token"].encode(), call.path("token").encode()):
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return webhook


async def _edit(call: Call, webhook: Doc, *, may_move: bool) -> Doc:
    body = await call.body(EditWebhookBody)
    if body.name is not None:
        webhook["name"] = body.name
    if "avatar" in body.model_fields_set:
        webhook["avatar"] = images.save(call.world, f"avatars/{webhook['id']}", body.avatar, "avatar")
    if body.channel_id and may_move:
        target = call.world.require(call.my_id, body.channel_id, P.MANAGE_WEBHOOKS)
        if target.get("guild_id") != webhook["guild_id"]:
            raise missing_permissions()
        webhook["channel_id"] = target["id"]
    call.world.store.webhooks.put(webhook["id"], webhook)
    _announce(call, webhook)
    return webhook


def _delete(call: Call, webhook: Doc) -> None:
    call.world.store.webhooks.delete(webhook["id"])
    _announce(call, webhook)


@routes.get("/webhooks/{webhook_id}")
async def get(call: Call) -> Any:
    return _shown(call, _managed(call))


@routes.patch("/webhooks/{webhook_id}")
async def edit(call: Call) -> Any:
    return _shown(call, await _edit(call, _managed(call), may_move=True))


@routes.delete("/webhooks/{webhook_id}")
async def delete(call: Call) -> Any:
    _delete(call, _managed(call))


@routes.get("/webhooks/{webhook_id}/{token}", auth=False)
async def get_by_token(call: Call) -> Any:
    return _shown(call, _by_token(call), with_user=False)


@routes.patch("/webhooks/{webhook_id}/{token}", auth=False)
async def edit_by_token(call: Call) -> Any:
    return _shown(call, await _edit(call, _by_token(call), may_move=False), with_user=False)


@routes.delete("/webhooks/{webhook_id}/{token}", auth=False)
async def delete_by_token(call: Call) -> Any:
    _delete(call, _by_token(call))


# Speaking. Where the path's id is an application's, the token is an interaction's.


def _interaction(call: Call) -> Doc | None:
    if call.id("webhook_id") not in call.world.store.applications:
        return None
    return interactions.by_token(call.world, call.id("webhook_id"), call.path("token"))


def _place(call: Call, webhook: Doc) -> Doc:
    """The webhook's channel, or the thread of it that `thread_id` names."""
    channel = call.world.channel(webhook["channel_id"])
    if thread_id := call.query_id("thread_id"):
        thread = call.world.channel(thread_id)
        if thread.get("parent_id") != channel["id"]:
            raise unknown("Channel")
        return thread
    return channel


@routes.post("/webhooks/{webhook_id}/{token}", auth=False)
async def execute(call: Call) -> Any:
    if interaction := _interaction(call):
        body = await call.body(MessageBody)
        doc = interactions.follow_up(call.world, interaction, body, call.uploads)
        return messages.show(call.world, [doc], interaction["application_bot_id"])[0]
    webhook = _by_token(call)
    channel = _place(call, webhook)
    messages.wake_thread(call.world, channel)
    spoken = await call.body(WebhookBody)
    spoken.message_reference = None
    origin = messages.Origin(
        webhook=webhook,
        username=spoken.username,
        avatar_url=spoken.avatar_url,
        application_id=webhook["application_id"],
    )
    doc = messages.create(call.world, webhook["id"], channel, spoken, call.uploads, origin)
    return messages.show(call.world, [doc], webhook["id"])[0] if call.query_flag("wait") else None


def _spoken(call: Call) -> tuple[Doc, str]:
    """The message of the path, and who looks at it: one that this webhook, or this interaction, sent."""
    if interaction := _interaction(call):
        return interactions.response_message(call.world, interaction, call.path("message_id")), ""
    webhook = _by_token(call)
    doc = call.world.store.message(call.id("message_id"), _place(call, webhook)["id"])
    if doc is None or doc.get("webhook_id") != webhook["id"]:
        raise unknown("Message")
    return doc, webhook["id"]


@routes.get("/webhooks/{webhook_id}/{token}/messages/{message_id}", auth=False)
async def get_message(call: Call) -> Any:
    doc, viewer = _spoken(call)
    return messages.show(call.world, [doc], viewer)[0]


@routes.patch("/webhooks/{webhook_id}/{token}/messages/{message_id}", auth=False)
async def edit_message(call: Call) -> Any:
    doc, viewer = _spoken(call)
    body = await call.body(MessageBody)
    if doc["flags"] & objects.LOADING:
        doc = interactions.fill(call.world, doc, body, call.uploads)
    else:
        doc = messages.edit(call.world, doc, body, call.uploads)
    return messages.show(call.world, [doc], viewer)[0]


@routes.delete("/webhooks/{webhook_id}/{token}/messages/{message_id}", auth=False)
async def delete_message(call: Call) -> Any:
    messages.delete(call.world, [_spoken(call)[0]])
