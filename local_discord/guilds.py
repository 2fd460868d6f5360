"""Making and changing guilds, channels, roles and memberships."""

from __future__ import annotations

from typing import Any

from local_discord import objects
from local_discord.codec import Doc
from local_discord.permissions import EVERYONE_DEFAULT, P
from local_discord.world import World

_BOT_PERMISSIONS = EVERYONE_DEFAULT | P.MANAGE_WEBHOOKS | P.MANAGE_MESSAGES | P.MANAGE_THREADS


def new_guild(world: World, owner_id: str, name: str) -> Doc:
    """Store a guild with its @everyone role and its owner as the only member."""
    guild_id = world.ids.next()
    everyone = role(guild_id, "@everyone", permissions=int(EVERYONE_DEFAULT))
    guild = {
        "id": guild_id,
        "name": name,
        "owner_id": owner_id,
        "icon": None,
        "description": None,
        "system_channel_id": None,
        "roles": {guild_id: everyone},
    }
    world.store.guilds.put(guild_id, guild)
    world.add_member(guild_id, owner_id)
    return guild


def role(role_id: str, name: str, *, permissions: int, position: int = 0, **rest: Any) -> Doc:
    return {
        "id": role_id,
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "colors": colours(0),
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
        **rest,
    }


def colours(primary: int) -> Doc:
    """A role's colours as clients of today read them, beside the single `color` of before."""
    return {"primary_color": primary, "secondary_color": None, "tertiary_color": None}


def install(world: World, guild: Doc, bot: Doc) -> None:
    """Add a bot to a guild, with the managed role that carries its permissions."""
    role_id = world.ids.next()
    guild["roles"][role_id] = role(
        role_id,
        bot["username"],
        permissions=int(_BOT_PERMISSIONS),
        position=max(r["position"] for r in guild["roles"].values()) + 1,
        managed=True,
        tags={"bot_id": bot["id"]},
    )
    world.store.guilds.put(guild["id"], guild)
    world.add_member(guild["id"], bot["id"], [role_id])


def new_channel(world: World, guild_id: str, name: str, **fields: Any) -> Doc:
    """Store a guild channel. `fields` are those of Discord's channel object."""
    siblings = [c for c in world.store.channels.by(guild_id) if c["type"] not in objects.THREADS]
    channel_id = world.ids.next()
    channel = {
        "id": channel_id,
        "type": objects.TEXT,
        "guild_id": guild_id,
        "name": name,
        "position": len(siblings),
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "parent_id": None,
        "permission_overwrites": [],
        "flags": 0,
        **fields,
    }
    return world.store.channels.put(channel_id, channel)


def delete_channel(world: World, channel: Doc, shown: Doc) -> None:
    """Delete a channel or thread with its messages, its threads and its webhooks, and tell those who saw it."""
    if channel["type"] in objects.THREADS:
        keys = ("id", "guild_id", "parent_id", "type")
        world.hub.to_channel("THREAD_DELETE", channel, {key: channel[key] for key in keys})
    else:
        world.hub.to_channel("CHANNEL_DELETE", channel, shown)
    threads = [c for c in world.store.channels.by(channel["guild_id"]) if c["parent_id"] == channel["id"]]
    with world.store.transaction():
        for gone in [channel, *(thread for thread in threads if thread["type"] in objects.THREADS)]:
            world.store.delete_messages_of(gone["id"])
            world.store.channels.delete(gone["id"])
        for webhook in world.store.webhooks.by(channel["id"]):
            world.store.webhooks.delete(webhook["id"])


def delete_guild(world: World, guild: Doc) -> None:
    """Delete a guild and everything in it."""
    world.hub.to_guild("GUILD_DELETE", guild["id"], {"id": guild["id"]})
    with world.store.transaction():
        for channel in world.store.channels.by(guild["id"]):
            world.store.delete_messages_of(channel["id"])
            world.store.channels.delete(channel["id"])
            for webhook in world.store.webhooks.by(channel["id"]):
                world.store.webhooks.delete(webhook["id"])
        for member in world.store.members.by(guild["id"]):
            world.store.members.delete(f"{guild['id']}:{member['user_id']}")
        for command in world.store.commands.by(guild["id"]):
            world.store.commands.delete(command["id"])
        world.store.guilds.delete(guild["id"])
