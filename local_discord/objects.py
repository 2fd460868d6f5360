"""Stored documents turned into the JSON objects of Discord's API. Pure functions; no lookups, no side effects.

Every field that discord.py reads without a default is always there, and a field that Discord leaves out (`guild_id` in
a direct message, `thread` where none was started) is left out rather than null, since clients tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local_discord.codec import Doc
from local_discord.locales import DEFAULT

TEXT, DM, CATEGORY = 0, 1, 4
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREADS = (NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD)

EPHEMERAL, LOADING, SUPPRESS_EMBEDS, HAS_THREAD, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 2, 1 << 5, 1 << 15


def user(doc: Doc) -> Doc:
    """A user as others see it."""
    shown = {
        "id": doc["id"],
        "username": doc["username"],
        "discriminator": "0",
        "global_name": doc.get("global_name"),
        "avatar": doc.get("avatar"),
        "public_flags": 0,
    }
    if doc.get("bot"):
        shown["bot"] = True
    return shown


def own_user(doc: Doc) -> Doc:
    """A user as it sees itself."""
    return {
        **user(doc),
        "bot": bool(doc.get("bot")),
        "verified": True,
        "mfa_enabled": False,
        "locale": doc.get("locale", DEFAULT),
        "email": None,
        "flags": 0,
        "bio": doc.get("bio", ""),
    }


def member(doc: Doc, user_doc: Doc | None = None) -> Doc:
    """A guild member; with `user` where `user_doc` is given (events about messages leave it out)."""
    shown = {
        "roles": doc["roles"],
        "nick": doc.get("nick"),
        "avatar": None,
        "joined_at": doc["joined_at"],
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": doc.get("communication_disabled_until"),
    }
    if user_doc is not None:
        shown["user"] = user(user_doc)
    return shown


def webhook_author(webhook_id: str, name: str, avatar: str | None) -> Doc:
    return {
        "id": webhook_id,
        "username": name,
        "discriminator": "0000",
        "global_name": None,
        "avatar": avatar,
        "public_flags": 0,
        "bot": True,
    }


def channel(doc: Doc, last_message_id: str | None, recipients: Iterable[Doc] = ()) -> Doc:
    """A channel, thread or DM. `recipients` are the user documents of the other side of a DM."""
    shown = {key: value for key, value in doc.items() if key not in ("thread_members", "recipient_ids")}
    shown["last_message_id"] = last_message_id
    if doc["type"] == DM:
        shown.pop("guild_id", None)
        shown["recipients"] = [user(recipient) for recipient in recipients]
        shown["flags"] = 0
    elif doc["type"] in THREADS:
        shown["member_count"] = min(len(doc["thread_members"]), 50)
    return shown


def thread_member(thread: Doc, user_id: str) -> Doc:
    return {"id": thread["id"], "user_id": user_id, "join_timestamp": thread["thread_members"][user_id], "flags": 0}


def guild(doc: Doc) -> Doc:
    """A guild without its channels and members, as REST returns it."""
    return {
        "id": doc["id"],
        "name": doc["name"],
        "icon": doc.get("icon"),
        "splash": None,
        "discovery_splash": None,
        "description": doc.get("description"),
        "owner_id": doc["owner_id"],
        "region": "local",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": list(doc["roles"].values()),
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": doc.get("system_channel_id"),
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": doc.get("preferred_locale", DEFAULT),
        "nsfw_level": 0,
        "nsfw": False,
        "max_members": 500_000,
    }


def emoji(key: str) -> Doc:
    """A reaction's emoji from its stored key: the character itself, or `name:id`."""
    name, _, emoji_id = key.rpartition(":")
    return {"id": emoji_id, "name": name} if name and emoji_id.isdecimal() else {"id": None, "name": key}


def reactions(found: dict[str, list[str]], viewer_id: str) -> list[Doc]:
    return [
        {
            "emoji": emoji(key),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me": viewer_id in users,
            "me_burst": False,
        }
        for key, users in found.items()
    ]


def message(doc: Doc, author: Doc, mentions: list[Doc], extra: Doc | None = None) -> Doc:
    """A message. `author` and `mentions` are user objects; `extra` are the fields that depend on the occasion."""
    shown: Doc = {
        "id": doc["id"],
        "channel_id": doc["channel_id"],
        "author": author,
        "content": doc["content"],
        "timestamp": doc["timestamp"],
        "edited_timestamp": doc.get("edited_timestamp"),
        "tts": doc.get("tts", False),
        "mention_everyone": doc["mention_everyone"],
        "mentions": mentions,
        "mention_roles": doc["mention_roles"],
        "attachments": doc["attachments"],
        "embeds": doc["embeds"],
        "components": doc["components"],
        "pinned": bool(doc.get("pinned_at")),
        "type": doc["type"],
        "flags": doc["flags"],
    }
    for key in ("webhook_id", "application_id", "message_reference", "interaction_metadata", "interaction", "position"):
        if doc.get(key) is not None:
            shown[key] = doc[key]
    if extra:
        shown.update(extra)
    return shown


def webhook(doc: Doc, creator: Doc | None, *, with_token: bool = True) -> Doc:
    shown = {
        "id": doc["id"],
        "type": 1,
        "guild_id": doc["guild_id"],
        "channel_id": doc["channel_id"],
        "name": doc["name"],
        "avatar": doc.get("avatar"),
        "application_id": doc.get("application_id"),
    }
    if creator is not None:
        shown["user"] = user(creator)
    if with_token:
        shown["token"] = doc["token"]
    return shown


def application(doc: Doc, bot: Doc, owner: Doc, guild_count: int) -> Doc:
    return {
        "id": doc["id"],
        "name": doc["name"],
        "icon": doc.get("icon"),
        "description": doc.get("description", ""),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": doc["verify_key"],
        "flags": doc["flags"],
        "owner": user(owner),
        "bot": user(bot),
        "team": None,
        "tags": doc.get("tags", []),
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "custom_install_url": doc.get("custom_install_url"),
        "install_params": None,
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "redirect_uris": [],
        "integration_types_config": {"0": {}},
    }


def presence(user_id: str, guild_id: str, online: dict[str, Any] | None) -> Doc:
    """A presence; `online` is what the user last announced, None where no session is connected."""
    status = online["status"] if online else "offline"
    return {
        "user": {"id": user_id},
        "guild_id": guild_id,
        "status": status,
        "activities": online["activities"] if online else [],
        "client_status": {"web": status} if status != "offline" else {},
    }
