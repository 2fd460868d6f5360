"""Interactions: from what a person does, to the bot, and back.

    POST /interactions → INTERACTION_CREATE to the bot → callback within 3 s → follow-ups and edits for 15 minutes

The person's client hears INTERACTION_CREATE when it starts, INTERACTION_SUCCESS or INTERACTION_FAILURE when it ends,
and the messages, choices or modal that the bot answers with.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

from local_discord import messages, objects
from local_discord.codec import Doc
from local_discord.components import check_modal
from local_discord.errors import ApiError, invalid_field, unknown
from local_discord.locales import DEFAULT
from local_discord.validation import MessageBody
from local_discord.web import MAX_BODY, Upload
from local_discord.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 4, 5, 6, 7, 8, 9
_ANSWERS = {
    COMMAND: {REPLY, DEFER, SHOW_MODAL},
    COMPONENT: {REPLY, DEFER, DEFER_UPDATE, UPDATE, SHOW_MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {REPLY, DEFER, DEFER_UPDATE, UPDATE},
}


def _now_ms() -> int:
    return int(time.time() * 1000)


def begin(world: World, kind: int, user_id: str, channel: Doc, application: Doc, data: Doc, **more: Any) -> Doc:
    """Store an interaction, tell the person's client and the bot, and start the clock. `more`: nonce, session_id,
    message_id (the message a component is on), name (of a command)."""
    _forget_expired(world)
    interaction_id = world.ids.next()
    doc = {
        "id": interaction_id,
        "token": secrets.token_urlsafe(48),
        "type": kind,
        "application_id": application["id"],
        "application_bot_id": application["bot_id"],
        "user_id": user_id,
        "channel_id": channel["id"],
        "guild_id": channel.get("guild_id"),
        "created_ms": _now_ms(),
        "acknowledged": False,
        "response_id": None,
        "modal": None,
        **more,
    }
    world.store.interactions.put(interaction_id, doc)
    tell(world, doc, "INTERACTION_CREATE", {"id": interaction_id, "nonce": doc.get("nonce")})
    payload = _payload(world, doc, channel, data)
    world.hub.to_bot("INTERACTION_CREATE", application["bot_id"], channel.get("guild_id"), payload)
    asyncio.get_running_loop().call_later(world.timing.interaction_s, _fail_if_unanswered, world, interaction_id)
    return doc


def _payload(world: World, doc: Doc, channel: Doc, data: Doc) -> Doc:
    guild_id, user_id = doc["guild_id"], doc["user_id"]
    user = world.user(user_id)
    owners = {"0": guild_id or "0"}
    payload: Doc = {
        "id": doc["id"],
        "application_id": doc["application_id"],
        "type": doc["type"],
        "token": doc["token"],
        "version": 1,
        "attachment_size_limit": MAX_BODY,
        "data": data,
        "channel_id": channel["id"],
        "channel": {
            **world.show_channel(channel, doc["application_bot_id"]),
            "permissions": str(int(world.bits(user_id, channel))),
        },
        "app_permissions": str(int(world.bits(doc["application_bot_id"], channel))),
        "locale": user.get("locale", DEFAULT),
        "entitlements": [],
        "authorizing_integration_owners": owners,
        "context": 0 if guild_id else 1,
    }
    if guild_id:
        permissions = str(int(world.bits(user_id, channel)))
        payload["member"] = {**world.show_member(world.member(guild_id, user_id)), "permissions": permissions}
        payload["guild_id"] = guild_id
        locale = world.guild(guild_id).get("preferred_locale", DEFAULT)
        payload["guild"] = {"id": guild_id, "locale": locale, "features": []}
        payload["guild_locale"] = locale
    else:
        payload["user"] = objects.user(user)
    if (message_id := doc.get("message_id")) and (message := world.store.message(message_id)):
        payload["message"] = messages.show(world, [message], doc["application_bot_id"])[0]
    return payload


def tell(world: World, doc: Doc, event: str, data: Doc) -> None:
    """An event for the client that started the interaction, or all of the person's where that one is gone."""
    session_id = doc.get("session_id")
    if session_id not in world.hub.sessions:
        session_id = None
    world.hub.to_users(event, [doc["user_id"]], data, session_id=session_id)


def _fail_if_unanswered(world: World, interaction_id: str) -> None:
    doc = None if world.closed else world.store.interactions.get(interaction_id)
    if doc is not None and not doc["acknowledged"]:
        world.store.interactions.delete(interaction_id)
        failed = {"id": interaction_id, "nonce": doc.get("nonce"), "reason_code": 2}
        tell(world, doc, "INTERACTION_FAILURE", failed)


def _forget_expired(world: World) -> None:
    horizon = _now_ms() - world.timing.token_s * 1000
    for doc in world.store.interactions.all():  # oldest first
        if doc["created_ms"] > horizon:
            break
        world.store.interactions.delete(doc["id"])


# The bot's answers


def callback(
    world: World,
    interaction_id: str,
    token: str,
    kind: int,
    data: Doc | None,
    answer: MessageBody,
    uploads: list[Upload],
) -> Doc:
    """The first answer. Returns Discord's callback response. Errors: 10062 too late or unknown, 40060 twice."""
    doc = world.store.interactions.get(interaction_id)
    if doc is None or not secrets.compare_digest(doc["token"].encode(), token.encode()):
        raise unknown("Interaction")
    if doc["acknowledged"]:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    if _now_ms() - doc["created_ms"] > world.timing.interaction_s * 1000:
        raise unknown("Interaction")
    source = doc.get("message_id")
    if kind not in _ANSWERS[doc["type"]] or (kind in (DEFER_UPDATE, UPDATE) and source is None):
        raise invalid_field("type", "INTERACTION_CALLBACK_TYPE", "This interaction cannot be answered that way.")
    message: Doc | None = None
    if kind in (REPLY, DEFER):
        message = _respond(world, doc, answer, uploads, loading=kind == DEFER)
        doc["response_id"] = message["id"]
    elif kind == UPDATE:
        shown_in = world.store.message(source or "0")
        if shown_in is None:
            raise unknown("Message")
        message = messages.edit(world, shown_in, answer, uploads)
    elif kind == CHOICES:
        choices = {"choices": _choices(data), "nonce": doc.get("nonce")}
        tell(world, doc, "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", choices)
    elif kind == SHOW_MODAL:
        doc["modal"] = _modal(data)
    if kind in (DEFER_UPDATE, UPDATE):
        doc["response_id"] = source
    doc["acknowledged"] = True
    world.store.interactions.put(interaction_id, doc)
    if kind == SHOW_MODAL:
        tell(world, doc, "INTERACTION_MODAL_CREATE", _modal_event(world, doc))
    tell(world, doc, "INTERACTION_SUCCESS", {"id": interaction_id, "nonce": doc.get("nonce")})
    return _callback_response(world, doc, kind, message)


def _callback_response(world: World, doc: Doc, kind: int, message: Doc | None) -> Doc:
    interaction: Doc = {"id": doc["id"], "type": doc["type"]}
    response: Doc = {"interaction": interaction}
    if doc["response_id"] is not None and kind != DEFER_UPDATE:
        stored = message or world.store.message(doc["response_id"]) or {"flags": 0}
        interaction["response_message_id"] = doc["response_id"]
        interaction["response_message_loading"] = bool(stored["flags"] & objects.LOADING)
        interaction["response_message_ephemeral"] = bool(stored["flags"] & objects.EPHEMERAL)
    if message is not None:
        response["resource"] = {
            "type": kind,
            "message": messages.show(world, [message], doc["application_bot_id"])[0],
        }
    elif kind in (CHOICES, SHOW_MODAL, DEFER_UPDATE):
        response["resource"] = {"type": kind}
    return response


def _respond(
    world: World, doc: Doc, answer: MessageBody, uploads: list[Upload], *, loading: bool = False, again: bool = False
) -> Doc:
    """Post a message in answer: the first one, or (`again`) a follow-up."""
    channel = world.channel(doc["channel_id"])
    ephemeral = bool((answer.flags or 0) & objects.EPHEMERAL)
    target = doc["response_id"] if again else doc.get("message_id")
    kind, reference = messages.DEFAULT, None
    if doc["type"] == COMMAND:
        kind = messages.CHAT_COMMAND if doc["command_type"] == 1 else messages.CONTEXT_COMMAND
    if target is not None and world.store.message(target) is not None:
        kind, reference = messages.REPLY, {"type": 0, "message_id": target, "channel_id": channel["id"]}
        if doc["guild_id"]:
            reference["guild_id"] = doc["guild_id"]
    elif again:
        kind = messages.DEFAULT
    answer.message_reference = None
    origin = messages.Origin(
        type=kind,
        flags=objects.LOADING if loading else 0,
        application_id=doc["application_id"],
        interaction=_metadata(world, doc, again=again),
        ephemeral_to=doc["user_id"] if ephemeral else None,
        reference=reference,
    )
    body = MessageBody(flags=answer.flags) if loading else answer
    return messages.create(world, doc["application_bot_id"], channel, body, uploads, origin)


def _metadata(world: World, doc: Doc, *, again: bool) -> Doc:
    user = objects.user(world.user(doc["user_id"]))
    metadata: Doc = {
        "id": doc["id"],
        "type": doc["type"],
        "user": user,
        "authorizing_integration_owners": {"0": doc["guild_id"] or "0"},
    }
    if doc["type"] == COMMAND:
        metadata |= {"name": doc["name"], "command_type": doc["command_type"]}
    if again and doc["response_id"]:
        metadata["original_response_message_id"] = doc["response_id"]
    if doc["type"] == COMPONENT:
        metadata["interacted_message_id"] = doc["message_id"]
    fields: Doc = {"interaction_metadata": metadata}
    if doc["type"] == COMMAND:
        fields["interaction"] = {"id": doc["id"], "type": COMMAND, "name": doc["name"], "user": user}
    return fields


def _choices(data: Doc | None) -> list[Doc]:
    choices = (data or {}).get("choices")
    if not isinstance(choices, list) or len(choices) > 25:
        raise invalid_field("data.choices", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    for index, choice in enumerate(choices):
        where = f"data.choices.{index}"
        if not isinstance(choice, dict) or not 1 <= len(str(choice.get("name") or "")) <= 100:
            raise invalid_field(f"{where}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        value = choice.get("value")
        if not isinstance(value, str | int | float) or (isinstance(value, str) and len(value) > 100):
            raise invalid_field(f"{where}.value", "BASE_TYPE_BAD_LENGTH", "Must be 100 or fewer in length.")
    return choices


# Modals


def _modal(data: Doc | None) -> Doc:
    modal = data or {}
    title, custom_id, rows = modal.get("title"), modal.get("custom_id"), modal.get("components")
    if not isinstance(title, str) or not 1 <= len(title) <= 45:
        raise invalid_field("data.title", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 45 in length.")
    if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 100:
        raise invalid_field("data.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 5:
        raise invalid_field("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    return {"title": title, "custom_id": custom_id, "components": check_modal(rows)}


def _modal_event(world: World, doc: Doc) -> Doc:
    application = world.store.applications[doc["application_id"]]
    return {
        "id": doc["id"],
        "channel_id": doc["channel_id"],
        **doc["modal"],
        "nonce": doc.get("nonce"),
        "application": {
            "id": application["id"],
            "name": application["name"],
            "icon": application["icon"],
            "bot": objects.user(world.user(application["bot_id"])),
        },
    }


def open_modal(world: World, user_id: str, custom_id: str, modal_id: str | None) -> Doc:
    """The interaction whose modal the person fills in: by its id, or the newest with that custom id."""
    for doc in reversed(world.store.interactions.all()):
        mine = doc["user_id"] == user_id and doc["modal"] and doc["modal"]["custom_id"] == custom_id
        if mine and modal_id in (None, doc["id"]):
            return doc
    raise unknown("Interaction")


def close_modal(world: World, doc: Doc) -> None:
    """A modal is submitted once."""
    doc["modal"] = None
    world.store.interactions.put(doc["id"], doc)


# Follow-ups


def by_token(world: World, application_id: str, token: str) -> Doc:
    """The answered interaction of a token that still works."""
    for doc in reversed(world.store.interactions.all()):
        if secrets.compare_digest(doc["token"].encode(), token.encode()) and doc["application_id"] == application_id:
            if _now_ms() - doc["created_ms"] > world.timing.token_s * 1000:
                break
            if not doc["acknowledged"]:
                raise unknown("Webhook")
            return doc
    raise ApiError(401, 50027, "Invalid Webhook Token")


def follow_up(world: World, doc: Doc, answer: MessageBody, uploads: list[Upload]) -> Doc:
    """A further message. The first one after a deferral takes the place of the loading message."""
    original = world.store.message(doc["response_id"]) if doc["response_id"] else None
    if original is not None and original["flags"] & objects.LOADING:
        return fill(world, original, answer, uploads)
    return _respond(world, doc, answer, uploads, again=True)


def fill(world: World, doc: Doc, answer: MessageBody, uploads: list[Upload]) -> Doc:
    """Put the answer into the loading message that a deferral left."""
    doc["flags"] &= ~objects.LOADING
    return messages.edit(world, doc, answer, uploads, silent=True)


def response_message(world: World, doc: Doc, message_id: str) -> Doc:
    """A message of this interaction: `@original`, or a follow-up's id. ApiError 10008 for any other."""
    wanted = doc["response_id"] if message_id == "@original" else message_id
    found = world.store.message(wanted) if wanted else None
    own = found is not None and (
        found["id"] == doc["response_id"] or found.get("interaction_metadata", {}).get("id") == doc["id"]
    )
    if found is None or not own:
        raise unknown("Message")
    return found
