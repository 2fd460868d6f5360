"""Guilds, their roles and their members."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from local_discord import guilds, images, objects, permissions
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_access, missing_permissions, unknown
from local_discord.locales import DEFAULT, Locale
from local_discord.permissions import P
from local_discord.validation import Bits, Body, Snowflake
from local_discord.web import Call, Routes

routes = Routes()
_Name = Annotated[str, StringConstraints(min_length=2, max_length=100)]
_RoleName = Annotated[str, StringConstraints(max_length=100)]


class GuildBody(Body):
    name: _Name | None = None
    description: str | None = None
    icon: str | None = None
    system_channel_id: Snowflake | None = None
    preferred_locale: Locale = DEFAULT


class NewGuildBody(GuildBody):
    name: _Name


@routes.post("/guilds")
async def create(call: Call) -> Any:
    body = await call.body(NewGuildBody)
    with call.world.store.transaction():
        guild = guilds.new_guild(call.world, call.my_id, body.name)
        guild["icon"] = images.save(call.world, f"icons/{guild['id']}", body.icon, "icon")
        guild["system_channel_id"] = guilds.new_channel(call.world, guild["id"], "general")["id"]
        call.world.store.guilds.put(guild["id"], guild)
    for session in call.world.hub.of_user(call.my_id):
        if session.holds_guild(guild["id"]):
            call.world.hub.to_session(session, "GUILD_CREATE", call.world.guild_for(session, guild, joined=True))
    return objects.guild(guild)


@routes.get("/guilds/{guild_id}")
async def get(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    shown = objects.guild(guild)
    if call.query_flag("with_counts"):
        members = call.world.store.members.by(guild["id"])
        shown["approximate_member_count"] = len(members)
        shown["approximate_presence_count"] = sum(bool(call.world.hub.presence(m["user_id"])) for m in members)
    return shown


@routes.patch("/guilds/{guild_id}")
async def edit(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_GUILD)
    changes = (await call.body(GuildBody)).model_dump(exclude_unset=True)
    if "icon" in changes:
        changes["icon"] = images.save(call.world, f"icons/{guild['id']}", changes["icon"], "icon")
    if changes.get("name", "") is None:
        del changes["name"]
    guild.update(changes)
    call.world.store.guilds.put(guild["id"], guild)
    call.world.hub.to_guild("GUILD_UPDATE", guild["id"], objects.guild(guild))
    return objects.guild(guild)


@routes.delete("/guilds/{guild_id}")
async def delete(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    if guild["owner_id"] != call.my_id:
        raise missing_permissions()
    guilds.delete_guild(call.world, guild)


# Roles


class RoleBody(Body):
    name: _RoleName | None = None
    permissions: Bits | None = None
    color: Annotated[int, Field(ge=0, le=0xFFFFFF)] | None = None
    hoist: bool | None = None
    mentionable: bool | None = None


class RolePosition(Body):
    id: Snowflake
    position: int | None = None


def _managed_role(call: Call) -> tuple[Doc, Doc]:
    """The guild and the path's role, which must be below the caller's highest."""
    guild, member = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_ROLES)
    role = guild["roles"].get(call.id("role_id"))
    if role is None:
        raise unknown("Role")
    if role["position"] >= permissions.top_position(guild, member):
        raise missing_permissions()
    return guild, role


def _may_grant(call: Call, guild: Doc, bits: str | None) -> None:
    mine = permissions.in_guild(guild, call.world.member(guild["id"], call.my_id))
    if int(bits or 0) & ~mine:
        raise missing_permissions()


def _save_role(call: Call, event: str, guild: Doc, role: Doc) -> Doc:
    guild["roles"][role["id"]] = role
    call.world.store.guilds.put(guild["id"], guild)
    call.world.hub.to_guild(event, guild["id"], {"guild_id": guild["id"], "role": role})
    return role


@routes.get("/guilds/{guild_id}/roles")
async def roles(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    return list(guild["roles"].values())


@routes.get("/guilds/{guild_id}/roles/{role_id}")
async def get_role(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    if (role := guild["roles"].get(call.id("role_id"))) is None:
        raise unknown("Role")
    return role


@routes.post("/guilds/{guild_id}/roles")
async def create_role(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_ROLES)
    body = await call.body(RoleBody)
    _may_grant(call, guild, body.permissions)
    fields = body.model_dump(exclude_none=True, exclude={"name", "permissions"})
    everyone = guild["roles"][guild["id"]]["permissions"]
    bits = int(body.permissions if body.permissions is not None else everyone)
    fields["colors"] = guilds.colours(body.color or 0)
    role = guilds.role(call.world.ids.next(), body.name or "new role", permissions=bits, position=1, **fields)
    return _save_role(call, "GUILD_ROLE_CREATE", guild, role)


@routes.patch("/guilds/{guild_id}/roles/{role_id}")
async def edit_role(call: Call) -> Any:
    guild, role = _managed_role(call)
    body = await call.body(RoleBody)
    _may_grant(call, guild, body.permissions)
    role.update(body.model_dump(exclude_none=True))
    role["colors"] = guilds.colours(role["color"])
    return _save_role(call, "GUILD_ROLE_UPDATE", guild, role)


@routes.patch("/guilds/{guild_id}/roles")
async def move_roles(call: Call) -> Any:
    guild, member = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_ROLES)
    top = permissions.top_position(guild, member)
    moves = (await call.list_of(RolePosition)) or []
    for move in moves:
        role = guild["roles"].get(move.id)
        if role is None or role["id"] == guild["id"]:
            raise unknown("Role")
        if role["position"] >= top or (move.position or 0) >= top:
            raise missing_permissions()
    for move in moves:
        if move.position is not None:
            role = guild["roles"][move.id]
            role["position"] = max(move.position, 1)
            _save_role(call, "GUILD_ROLE_UPDATE", guild, role)
    return list(guild["roles"].values())


@routes.delete("/guilds/{guild_id}/roles/{role_id}")
async def delete_role(call: Call) -> Any:
    guild, role = _managed_role(call)
    if role["managed"] or role["id"] == guild["id"]:
        raise ApiError(400, 50028, "Invalid role")
    del guild["roles"][role["id"]]
    with call.world.store.transaction():
        call.world.store.guilds.put(guild["id"], guild)
        for member in call.world.store.members.by(guild["id"]):
            if role["id"] in member["roles"]:
                member["roles"].remove(role["id"])
                call.world.save_member(member)
    event = {"guild_id": guild["id"], "role_id": role["id"]}
    call.world.hub.to_guild("GUILD_ROLE_DELETE", guild["id"], event)


# Members


def _changed(call: Call, member: Doc) -> Doc:
    call.world.save_member(member)
    shown = call.world.show_member(member)
    event = {"guild_id": member["guild_id"], **shown}
    call.world.hub.to_guild("GUILD_MEMBER_UPDATE", member["guild_id"], event, about=member["user_id"])
    return shown


@routes.get("/guilds/{guild_id}/members")
async def members(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    after = int(call.query_id("after") or 0)
    found = [m for m in call.world.store.members.by(guild["id"]) if int(m["user_id"]) > after]
    found.sort(key=lambda member: int(member["user_id"]))
    return [call.world.show_member(m) for m in found[: call.query_int("limit", 1, 1, 1000)]]


@routes.get("/guilds/{guild_id}/members/{user_id}")
async def get_member(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    return call.world.show_member(call.world.member(guild["id"], call.id("user_id")))


@routes.put("/guilds/{guild_id}/members/{user_id}")
async def add_member(call: Call) -> Any:
    """Add an account to a guild. On Discord that takes the account's OAuth2 token; here a manager's word is enough."""
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_GUILD)
    user = call.world.user(call.id("user_id"))
    if f"{guild['id']}:{user['id']}" in call.world.store.members:
        return None
    if user.get("bot"):
        guilds.install(call.world, guild, user)
        role = guild["roles"][call.world.member(guild["id"], user["id"])["roles"][0]]
        event = {"guild_id": guild["id"], "role": role}
        call.world.hub.to_guild("GUILD_ROLE_CREATE", guild["id"], event)
    else:
        call.world.add_member(guild["id"], user["id"])
    for session in call.world.hub.of_user(user["id"]):
        if session.holds_guild(guild["id"]):
            call.world.hub.to_session(session, "GUILD_CREATE", call.world.guild_for(session, guild, joined=True))
    shown = call.world.show_member(call.world.member(guild["id"], user["id"]))
    call.world.hub.to_guild("GUILD_MEMBER_ADD", guild["id"], {"guild_id": guild["id"], **shown})
    return shown


class MemberBody(Body):
    nick: Annotated[str, StringConstraints(max_length=32)] | None = None
    roles: list[Snowflake] | None = None
    communication_disabled_until: str | None = None


@routes.patch("/guilds/{guild_id}/members/{user_id}")
async def edit_member(call: Call) -> Any:
    guild, me = call.world.require_guild(call.my_id, call.id("guild_id"))
    member = call.world.member(guild["id"], call.id("user_id"))
    body = await call.body(MemberBody)
    mine, sent = permissions.in_guild(guild, me), body.model_fields_set
    is_me = member["user_id"] == call.my_id
    needed = 0
    if "nick" in sent:
        needed |= P.CHANGE_NICKNAME if is_me else P.MANAGE_NICKNAMES
    if "roles" in sent:
        needed |= P.MANAGE_ROLES
    if "communication_disabled_until" in sent:
        needed |= P.MODERATE_MEMBERS
    above = permissions.top_position(guild, me) > permissions.top_position(guild, member)
    if mine & needed != needed or not (is_me or above):
        raise missing_permissions()
    if "nick" in sent:
        member["nick"] = body.nick or None
    if "roles" in sent:
        wanted = [role for role in dict.fromkeys(body.roles or []) if role in guild["roles"] and role != guild["id"]]
        for role in set(wanted) ^ set(member["roles"]):
            _may_assign(guild, me, guild["roles"][role])
        member["roles"] = wanted
    if "communication_disabled_until" in sent:
        member["communication_disabled_until"] = body.communication_disabled_until
    return _changed(call, member)


def _may_assign(guild: Doc, me: Doc, role: Doc) -> None:
    if role["managed"] or role["position"] >= permissions.top_position(guild, me):
        raise missing_permissions()


def _role_of_member(call: Call) -> tuple[Doc, str]:
    guild, me = call.world.require_guild(call.my_id, call.id("guild_id"), P.MANAGE_ROLES)
    member = call.world.member(guild["id"], call.id("user_id"))
    role = guild["roles"].get(call.id("role_id"))
    if role is None or role["id"] == guild["id"]:
        raise unknown("Role")
    _may_assign(guild, me, role)
    return member, role["id"]


@routes.put("/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
async def add_member_role(call: Call) -> Any:
    member, role_id = _role_of_member(call)
    if role_id not in member["roles"]:
        member["roles"].append(role_id)
        _changed(call, member)


@routes.delete("/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
async def remove_member_role(call: Call) -> Any:
    member, role_id = _role_of_member(call)
    if role_id in member["roles"]:
        member["roles"].remove(role_id)
        _changed(call, member)


@routes.delete("/guilds/{guild_id}/members/{user_id}")
async def kick(call: Call) -> Any:
    guild, me = call.world.require_guild(call.my_id, call.id("guild_id"), P.KICK_MEMBERS)
    member = call.world.member(guild["id"], call.id("user_id"))
    if permissions.top_position(guild, me) <= permissions.top_position(guild, member):
        raise missing_permissions()
    _leave(call, guild, member["user_id"])


@routes.delete("/users/@me/guilds/{guild_id}")
async def leave(call: Call) -> Any:
    guild = call.world.guild(call.id("guild_id"))
    if f"{guild['id']}:{call.my_id}" not in call.world.store.members:
        raise missing_access()
    if guild["owner_id"] == call.my_id:
        raise ApiError(400, 50055, "Invalid Guild")
    _leave(call, guild, call.my_id)


def _leave(call: Call, guild: Doc, user_id: str) -> None:
    call.world.store.members.delete(f"{guild['id']}:{user_id}")
    event = {"guild_id": guild["id"], "user": objects.user(call.world.user(user_id))}
    call.world.hub.to_guild("GUILD_MEMBER_REMOVE", guild["id"], event)
    for session in call.world.hub.of_user(user_id):
        if session.holds_guild(guild["id"]):
            call.world.hub.to_session(session, "GUILD_DELETE", {"id": guild["id"]})
