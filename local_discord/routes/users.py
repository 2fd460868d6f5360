"""Accounts, their guilds and their direct messages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from local_discord import images, objects
from local_discord.errors import ApiError
from local_discord.locales import DEFAULT, Locale
from local_discord.validation import Body, Snowflake
from local_discord.web import Call, Routes

routes = Routes()


@routes.get("/users/{user_id}")
async def get_user(call: Call) -> Any:
    user = call.world.user(call.id("user_id"))
    return objects.own_user(user) if user["id"] == call.my_id else objects.user(user)


class ProfileBody(Body):
    username: Annotated[str, StringConstraints(min_length=2, max_length=32)] | None = None
    global_name: Annotated[str, StringConstraints(max_length=32)] | None = None
    avatar: str | None = None


@routes.patch("/users/@me")
async def edit_me(call: Call) -> Any:
    body = await call.body(ProfileBody)
    changes = body.model_dump(exclude_unset=True)
    if "avatar" in changes:
        changes["avatar"] = images.save(call.world, f"avatars/{call.my_id}", changes["avatar"], "avatar")
    if changes.get("username", "") is None:
        del changes["username"]
    user = call.me
    user.update(changes)
    call.world.store.users.put(user["id"], user)
    call.world.hub.to_users("USER_UPDATE", [user["id"]], objects.own_user(user))
    for guild in call.world.guilds_of(user["id"]):
        member = call.world.show_member(call.world.member(guild["id"], user["id"]))
        event = {"guild_id": guild["id"], **member}
        call.world.hub.to_guild("GUILD_MEMBER_UPDATE", guild["id"], event, about=user["id"])
    return objects.own_user(user)


class SettingsBody(Body):
    locale: Locale | None = None


@routes.patch("/users/@me/settings")
async def edit_settings(call: Call) -> Any:
    """What somebody sets up in their own client; here only its language."""
    body = await call.body(SettingsBody)
    user = call.me
    if body.locale is not None:
        user["locale"] = body.locale
        call.world.store.users.put(user["id"], user)
        call.world.hub.to_users("USER_UPDATE", [user["id"]], objects.own_user(user))
    return {"locale": user.get("locale", DEFAULT)}


@routes.get("/users/@me/guilds")
async def my_guilds(call: Call) -> Any:
    keys = ("id", "name", "icon", "owner_id", "features")
    guilds = [objects.guild(guild) for guild in call.world.guilds_of(call.my_id)]
    return [{key: guild[key] for key in keys} for guild in guilds]


@routes.get("/users/@me/channels")
async def my_direct_channels(call: Call) -> Any:
    mine = [c for c in call.world.store.channels.by(None) if call.my_id in c["recipient_ids"]]
    return [call.world.show_channel(channel, call.my_id) for channel in mine]


class DirectBody(Body):
    recipient_id: Snowflake | None = None
    recipients: list[Snowflake] | None = None


@routes.post("/users/@me/channels")
async def open_direct(call: Call) -> Any:
    body = await call.body(DirectBody)
    other = call.world.user(body.recipient_id or (body.recipients or [""])[0])
    if other["id"] == call.my_id or (other.get("bot") and call.me.get("bot")):
        raise ApiError(400, 50007, "Cannot send messages to this user")
    known = {c["id"] for c in call.world.store.channels.by(None)}
    channel = call.world.dm_between(call.my_id, other["id"])
    if channel["id"] not in known:
        for user_id in channel["recipient_ids"]:
            if not call.world.user(user_id).get("bot"):  # bots learn of a DM by its first message
                shown = call.world.show_channel(channel, user_id)
                call.world.hub.to_users("CHANNEL_CREATE", [user_id], shown)
    return call.world.show_channel(channel, call.my_id)
