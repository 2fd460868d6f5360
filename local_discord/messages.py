"""Writing, editing and showing messages, whichever route they come by."""

from __future__ import annotations

import mimetypes
import re
import time
from dataclasses import dataclass
from hashlib import sha1
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError

from local_discord import components, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, invalid_field, missing_permissions
from local_discord.permissions import P
from local_discord.snowflake import EPOCH_MS, now_iso
from local_discord.validation import AllowedMentions, Embed, MessageBody, Reference
from local_discord.web import Upload
from local_discord.world import World

DEFAULT, REPLY, CHAT_COMMAND, CONTEXT_COMMAND = 0, 19, 20, 23
_USER, _ROLE = re.compile(r"<@!?(\d{1,19})>"), re.compile(r"<@&(\d{1,19})>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_SETTABLE_FLAGS = objects.SUPPRESS_EMBEDS | objects.EPHEMERAL | objects.COMPONENTS_V2 | 1 << 12


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a message comes from, beyond its author: a webhook, an interaction, the system."""

    type: int = DEFAULT
    flags: int = 0
    webhook: Doc | None = None
    username: str | None = None
    avatar_url: str | None = None
    application_id: str | None = None
    interaction: Doc | None = None
    ephemeral_to: str | None = None
    reference: Doc | None = None


def create(
    world: World, author_id: str, channel: Doc, body: MessageBody, uploads: list[Upload], origin: Origin | None = None
) -> Doc:
    """Store a message and tell everyone who sees it. The caller has checked SEND_MESSAGES. Returns the document."""
    origin = origin or Origin()
    if body.nonce and body.enforce_nonce:
        since = int((time.time() - world.timing.nonce_s) * 1000) - EPOCH_MS << 22
        if known := world.store.message_by_nonce(author_id, channel["id"], body.nonce, max(since, 0)):
            return known
    bits = P.MENTION_EVERYONE if origin.webhook else world.bits(author_id, channel)
    if not origin.webhook and not origin.interaction:
        _may_write(bits, body, uploads)
    flags = origin.flags | (body.flags or 0) & _SETTABLE_FLAGS
    doc: Doc = {
        "id": world.ids.next(),
        "channel_id": channel["id"],
        "author_id": origin.webhook["id"] if origin.webhook else author_id,
        "timestamp": now_iso(),
        "type": origin.type,
        "tts": body.tts,
        "flags": flags,
        "content": body.content or "",
        "embeds": _embeds(body.embeds or []),
        "components": components.check(body.components or [], flags),
        "attachments": [],
        "nonce": body.nonce,
    }
    if channel.get("guild_id"):
        doc["guild_id"] = channel["guild_id"]
    if origin.webhook:
        _dress(world, doc, origin)
    if origin.interaction:
        doc.update(webhook_id=origin.application_id, **origin.interaction)
    if origin.application_id:
        doc["application_id"] = origin.application_id
    if origin.ephemeral_to:
        doc["ephemeral_to"] = origin.ephemeral_to
    if origin.reference:
        doc["message_reference"] = origin.reference
    replied = _refer(world, doc, channel, body.message_reference) if body.message_reference else None
    _resolve_mentions(world, doc, channel, body.allowed_mentions, bits, replied)
    doc["attachments"] = _show_in_embeds(doc["embeds"], _attach(world, doc, body, uploads))
    refuse_empty(doc)
    with world.store.transaction():
        world.store.put_message(doc)
        if channel["type"] in objects.THREADS:
            channel["message_count"] += 1
            channel["total_message_sent"] += 1
            world.store.channels.put(channel["id"], channel)
    publish(world, "MESSAGE_CREATE", doc)
    return doc


def edit(world: World, doc: Doc, body: MessageBody, uploads: list[Upload], *, silent: bool = False) -> Doc:
    """Change what `body` names, and tell everyone who sees the message."""
    sent = body.model_fields_set
    channel = world.channel(doc["channel_id"])
    if "flags" in sent and body.flags is not None:
        changeable = objects.SUPPRESS_EMBEDS | objects.COMPONENTS_V2
        doc["flags"] = doc["flags"] & ~objects.SUPPRESS_EMBEDS | body.flags & changeable
    if "embeds" in sent:
        doc["embeds"] = _embeds(body.embeds or [])
    if "components" in sent:
        doc["components"] = components.check(body.components or [], doc["flags"])
    if "content" in sent:
        doc["content"] = body.content or ""
    if "content" in sent or "allowed_mentions" in sent:
        bits = P.MENTION_EVERYONE if doc.get("webhook_id") else world.bits(doc["author_id"], channel)
        replied = world.store.message(doc["message_reference"]["message_id"]) if doc["type"] == REPLY else None
        _resolve_mentions(world, doc, channel, body.allowed_mentions, bits, replied)
    if "attachments" in sent:
        kept = {ref.id for ref in body.attachments or []}
        doc["attachments"] = [a for a in doc["attachments"] if a["id"] in kept]
    doc["attachments"] = _show_in_embeds(doc["embeds"], doc["attachments"] + _attach(world, doc, body, uploads))
    refuse_empty(doc)
    if not silent:
        doc["edited_timestamp"] = now_iso()
    world.store.put_message(doc)
    publish(world, "MESSAGE_UPDATE", doc)
    return doc


def delete(world: World, docs: list[Doc]) -> None:
    """Delete messages of one channel. An ephemeral one vanishes only where it was shown."""
    channel = world.channel(docs[0]["channel_id"])
    with world.store.transaction():
        for doc in docs:
            world.store.delete_message(doc["id"])
    only = [docs[0]["ephemeral_to"]] if docs[0].get("ephemeral_to") else None
    place = {"channel_id": channel["id"], **({"guild_id": channel["guild_id"]} if channel.get("guild_id") else {})}
    if len(docs) == 1:
        world.hub.to_channel("MESSAGE_DELETE", channel, {"id": docs[0]["id"], **place}, only=only)
    else:
        world.hub.to_channel("MESSAGE_DELETE_BULK", channel, {"ids": [doc["id"] for doc in docs], **place})


def publish(world: World, event: str, doc: Doc) -> None:
    """Send MESSAGE_CREATE or MESSAGE_UPDATE to all who may see the message."""
    channel = world.channel(doc["channel_id"])
    shown = show(world, [doc], "", reactions=False)[0]
    guild_id = channel.get("guild_id")
    if guild_id:
        shown["guild_id"] = guild_id
        if not doc.get("webhook_id") and (member := world.store.members.get(f"{guild_id}:{doc['author_id']}")):
            shown["member"] = objects.member(member)
        for user in shown["mentions"]:
            if member := world.store.members.get(f"{guild_id}:{user['id']}"):
                user["member"] = objects.member(member)
    if event == "MESSAGE_CREATE" and doc.get("nonce"):
        shown["nonce"] = doc["nonce"]
    redacted = {**shown, "content": "", "embeds": [], "attachments": [], "components": []}
    only = [doc["ephemeral_to"]] if doc.get("ephemeral_to") else None
    world.hub.to_channel(event, channel, shown, only=only, redacted=redacted)


def show(world: World, docs: list[Doc], viewer_id: str, *, reactions: bool = True) -> list[Doc]:
    """Messages as `viewer_id` sees them."""
    found = world.store.reactions([doc["id"] for doc in docs]) if reactions and docs else {}
    return [_show(world, doc, viewer_id, found.get(doc["id"], {})) for doc in docs]


def _show(world: World, doc: Doc, viewer_id: str, reactions: dict[str, list[str]], *, nested: bool = False) -> Doc:
    extra: Doc = {}
    if reactions:
        extra["reactions"] = objects.reactions(reactions, viewer_id)
    if doc["type"] in (REPLY, CONTEXT_COMMAND) and not nested and (reference := doc.get("message_reference")):
        target = world.store.message(reference["message_id"])
        extra["referenced_message"] = _show(world, target, viewer_id, {}, nested=True) if target else None
    thread = world.store.channels.get(doc["id"])
    if thread is not None:
        extra["thread"] = world.show_channel(thread, viewer_id)
    if dressed := doc.get("dressed_as"):
        author = objects.webhook_author(doc["webhook_id"], dressed["name"], dressed["avatar"])
    else:
        author = objects.user(world.user(doc["author_id"]))
    mentions = [objects.user(user) for m in doc["mention_ids"] if (user := world.store.users.get(m))]
    return objects.message(doc, author, mentions, extra)


def refuse_empty(doc: Doc) -> None:
    has_v2 = doc["flags"] & objects.COMPONENTS_V2 and doc["components"]
    if doc["flags"] & objects.LOADING or has_v2 or doc["type"] not in (DEFAULT, REPLY, CHAT_COMMAND, CONTEXT_COMMAND):
        return
    if not (doc["content"].strip() or doc["embeds"] or doc["attachments"]):
        raise ApiError(400, 50006, "Cannot send an empty message")


def _may_write(bits: int, body: MessageBody, uploads: list[Upload]) -> None:
    if (uploads and not bits & P.ATTACH_FILES) or (body.embeds and not bits & P.EMBED_LINKS):
        raise missing_permissions()
    if body.message_reference and not bits & P.READ_MESSAGE_HISTORY:
        raise missing_permissions()


def _embeds(embeds: list[Embed]) -> list[Doc]:
    if sum(embed.size() for embed in embeds) > 6000:
        raise invalid_field("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return [embed.shown() for embed in embeds]


def _dress(world: World, doc: Doc, origin: Origin) -> None:
    """A webhook's message wears the name and picture given with it, or the webhook's own."""
    webhook = origin.webhook or {}
    avatar = webhook.get("avatar")
    if origin.avatar_url:
        # Clients address avatars by hash; this one's CDN route redirects to the URL. It is never fetched here.
        avatar = "w" + sha1(origin.avatar_url.encode(), usedforsecurity=False).hexdigest()
        world.store.meta.put(f"avatar_url:{avatar}", {"url": origin.avatar_url})
    doc["webhook_id"] = webhook["id"]
    doc["dressed_as"] = {"name": origin.username or webhook["name"], "avatar": avatar}


def _refer(world: World, doc: Doc, channel: Doc, reference: Reference) -> Doc | None:
    target = world.store.message(reference.message_id, channel["id"])
    if target is None or target.get("ephemeral_to"):
        if reference.fail_if_not_exists:
            raise invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    doc["type"] = REPLY
    doc["message_reference"] = {"type": 0, "message_id": target["id"], "channel_id": channel["id"]}
    if channel.get("guild_id"):
        doc["message_reference"]["guild_id"] = channel["guild_id"]
    return target


def _resolve_mentions(
    world: World, doc: Doc, channel: Doc, allowed: AllowedMentions | None, bits: int, replied: Doc | None
) -> None:
    """Who the content pings, within what `allowed` lets through and, for roles and everyone, what the author may."""
    content: str = doc["content"]
    guild = world.store.guilds.get(channel.get("guild_id", ""))

    def passes(kind: str, listed: list[str], target: str) -> bool:
        return allowed is None or kind in allowed.parse or target in listed

    users = list(dict.fromkeys(_USER.findall(content)))
    pinged = [u for u in users if passes("users", allowed.users if allowed else [], u) and u in world.store.users]
    if replied is not None and not replied.get("webhook_id") and (allowed is None or allowed.replied_user):
        pinged = list(dict.fromkeys([replied["author_id"], *pinged]))
    may_ping_all = bool(bits & P.MENTION_EVERYONE)
    roles = guild["roles"] if guild else {}
    doc["mention_ids"] = pinged
    doc["mention_roles"] = [
        role
        for role in dict.fromkeys(_ROLE.findall(content))
        if role in roles
        and passes("roles", allowed.roles if allowed else [], role)
        and (may_ping_all or roles[role]["mentionable"])
    ]
    everyone = bool(guild and _EVERYONE.search(content))
    doc["mention_everyone"] = everyone and may_ping_all and passes("everyone", [], "")


def _attach(world: World, doc: Doc, body: MessageBody, uploads: list[Upload]) -> list[Doc]:
    notes = {ref.id: ref for ref in body.attachments or []}
    return [
        keep_file(world, doc["channel_id"], upload, getattr(notes.get(str(upload.index)), "description", None))
        for upload in uploads
    ]


def _show_in_embeds(embeds: list[Doc], attachments: list[Doc]) -> list[Doc]:
    """Point `attachment://name` in embeds at the file; returns the attachments that no embed shows."""
    by_name = {attachment["filename"]: attachment for attachment in attachments}
    shown: set[str] = set()
    places = [
        (part, key)
        for embed in embeds
        for part, key in (
            (embed.get("image"), "url"),
            (embed.get("thumbnail"), "url"),
            (embed.get("author"), "icon_url"),
            (embed.get("footer"), "icon_url"),
        )
        if part
    ]
    for part, key in places:
        name = str(part.get(key) or "").removeprefix("attachment://")
        if name in by_name:
            part[key] = by_name[name]["url"]
            shown.add(name)
    return [attachment for attachment in attachments if attachment["filename"] not in shown]


def keep_file(world: World, channel_id: str, upload: Upload, description: str | None) -> Doc:
    """Store an uploaded file for the CDN; returns its attachment object.

    The type is that of the content where it is a picture, else what the file's name says: clients rarely say better.
    """
    attachment_id = world.ids.next()
    filename = re.sub(r"[^\w.\-]+", "_", upload.filename)[-200:].strip(".") or "file"
    path = f"attachments/{channel_id}/{attachment_id}/{filename}"
    url = f"{world.base_url}/cdn/{path}"
    shown: dict[str, Any] = {
        "id": attachment_id,
        "filename": filename,
        "size": len(upload.body),
        "url": url,
        "proxy_url": url,
        "content_type": mimetypes.guess_type(filename)[0] or upload.content_type,
    }
    if description:
        shown["description"] = description
    try:
        with Image.open(BytesIO(upload.body)) as image:
            shown["width"], shown["height"] = image.size
            shown["content_type"] = image.get_format_mimetype() or shown["content_type"]
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        pass  # not a picture
    world.store.put_file(path, shown["content_type"], upload.body)
    return shown


def wake_thread(world: World, channel: Doc) -> None:
    """Writing into an archived thread opens it again, unless it is locked."""
    if channel["type"] not in objects.THREADS or not channel["thread_metadata"]["archived"]:
        return
    if channel["thread_metadata"].get("locked"):
        raise ApiError(400, 50083, "Thread is archived")
    channel["thread_metadata"]["archived"] = False
    world.store.channels.put(channel["id"], channel)
    world.hub.to_channel("THREAD_UPDATE", channel, world.show_channel(channel, ""))
