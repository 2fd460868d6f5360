"""The first run's world: a guild with four channels, three people and one bot."""

from __future__ import annotations

import secrets
from typing import Any

from local_discord import art, cdn, guilds
from local_discord.codec import Doc
from local_discord.world import World

_PEOPLE = (("ada", "Ada"), ("bruno", "Bruno"), ("chiyo", "Chiyo"))
_CHANNELS = (
    ("general", "Anything goes"),
    ("lore-talk", "Stories, legends and the facts behind them"),
    ("games", "Trivia, riddles and rounds"),
    ("bot-testing", "Try commands here"),
)
# Presence, members and message content, each as an application below 100 guilds may switch them on.
_ALL_LIMITED_INTENTS = 1 << 13 | 1 << 15 | 1 << 19


def plant(world: World, bot_name: str) -> None:
    """Fill an empty store. Does nothing where there is a world already."""
    if len(world.store.users):
        return
    with world.store.transaction():
        people = [_account(world, name, display, art.portrait(name)) for name, display in _PEOPLE]
        bot = _account(world, bot_name, None, art.mask(bot_name), bot=True)
        application_id = world.ids.next()
        world.store.applications.put(
            application_id,
            {
                "id": application_id,
                "name": bot_name,
                "description": "",
                "icon": None,
                "bot_id": bot["id"],
                "owner_id": people[0]["id"],
                "flags": _ALL_LIMITED_INTENTS,
                "verify_key": secrets.token_hex(32),
            },
        )
        guild = guilds.new_guild(world, people[0]["id"], "The Lobby")
        for name, topic in _CHANNELS:
            guilds.new_channel(world, guild["id"], name, topic=topic)
        guild["system_channel_id"] = world.store.channels.by(guild["id"])[0]["id"]
        for person in people[1:]:
            world.add_member(guild["id"], person["id"])
        guilds.install(world, guild, bot)
        world.store.meta.put("seed", {"guild_id": guild["id"], "application_id": application_id})


def _account(world: World, username: str, display: str | None, picture: bytes, *, bot: bool = False) -> Doc:
    user = world.add_user(username, display=display, bot=bot)
    user["avatar"] = cdn.save_image(world, f"avatars/{user['id']}", picture, "image/png")
    return world.store.users.put(user["id"], user)


def describe(world: World, base_url: str = "") -> dict[str, Any]:
    """What `GET /local/seed` answers: where everything is, and the tokens to enter with.

    `base_url` is how the asker reached the server: a page opened as localhost must not be sent to 127.0.0.1, which
    its browser takes for another site.
    """
    base_url = base_url or world.base_url
    seed = world.store.meta["seed"]
    application = world.store.applications[seed["application_id"]]
    channels = [c for c in world.store.channels.by(seed["guild_id"]) if c["type"] == 0]
    return {
        "api": f"{base_url}/api/v10",
        "gateway": base_url.replace("http", "ws", 1) + "/gateway",
        "cdn": f"{base_url}/cdn",
        "guild_id": seed["guild_id"],
        "channels": [{"id": channel["id"], "name": channel["name"]} for channel in channels],
        "users": [
            {"id": user["id"], "username": user["username"], "token": user["token"]}
            for user in world.store.users.all()
            if not user.get("bot")
        ],
        "application_id": application["id"],
        "bot_token": world.user(application["bot_id"])["token"],
    }
