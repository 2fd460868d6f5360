"""Application commands: registered by bots, indexed for people's clients."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from local_discord import commands, objects
from local_discord.codec import Doc, dumps
from local_discord.commands import CommandBody
from local_discord.errors import missing_access, unknown
from local_discord.locales import DEFAULT, localized
from local_discord.routes.applications import own_application
from local_discord.web import Call, Routes

routes = Routes()
_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: Call) -> tuple[str, str | None]:
    """The caller's application and, on guild routes, the guild, which it must be in."""
    application_id = str(own_application(call)["id"])
    if "guild_id" not in call.request.match_info:
        return application_id, None
    guild_id = call.id("guild_id")
    if f"{guild_id}:{call.my_id}" not in call.world.store.members:
        raise missing_access()
    return application_id, guild_id


def _command(call: Call) -> Doc:
    application_id, guild_id = _scope(call)
    command = call.world.store.commands.get(call.id("command_id"))
    if command is None or (command["application_id"], command.get("guild_id")) != (application_id, guild_id):
        raise unknown("Application Command")
    return command


def _locale(call: Call) -> str:
    """The language of the caller's client, which may name another one for a single request."""
    return call.request.headers.get("X-Discord-Locale") or str(call.me.get("locale", DEFAULT))


def _announce(call: Call, guild_id: str | None) -> None:
    """Tell people's clients that what they can pick from has changed."""
    for guild in call.world.guilds_of(call.my_id):
        if guild_id in (None, guild["id"]):
            people = [m["user_id"] for m in call.world.store.members.by(guild["id"])]
            humans = [user for user in people if not call.world.user(user).get("bot")]
            call.world.hub.to_users("GUILD_APPLICATION_COMMAND_INDEX_UPDATE", humans, {"guild_id": guild["id"]})


@routes.get(_GLOBAL)
@routes.get(_GUILD)
async def registered(call: Call) -> Any:
    found = commands.of(call.world, *_scope(call))
    return found if call.query_flag("with_localizations") else [localized(one, _locale(call)) for one in found]


@routes.put(_GLOBAL)
@routes.put(_GUILD)
async def overwrite(call: Call) -> Any:
    application_id, guild_id = _scope(call)
    kept = commands.overwrite(call.world, application_id, guild_id, await call.json())
    _announce(call, guild_id)
    return kept


@routes.post(_GLOBAL)
@routes.post(_GUILD)
async def create(call: Call) -> Any:
    application_id, guild_id = _scope(call)
    command, is_new = commands.upsert(call.world, application_id, guild_id, await call.body(CommandBody))
    _announce(call, guild_id)
    return web.Response(status=201 if is_new else 200, body=dumps(command), content_type="application/json")


@routes.get(_GLOBAL + "/{command_id}")
@routes.get(_GUILD + "/{command_id}")
async def get(call: Call) -> Any:
    return _command(call)


@routes.patch(_GLOBAL + "/{command_id}")
@routes.patch(_GUILD + "/{command_id}")
async def edit(call: Call) -> Any:
    changes = await call.json()
    edited = commands.edit(call.world, _command(call), changes if isinstance(changes, dict) else {})
    _announce(call, edited.get("guild_id"))
    return edited


@routes.delete(_GLOBAL + "/{command_id}")
@routes.delete(_GUILD + "/{command_id}")
async def delete(call: Call) -> Any:
    command = _command(call)
    call.world.store.commands.delete(command["id"])
    _announce(call, command.get("guild_id"))


# The index, as people's clients ask for it


def _index(call: Call, found: list[Doc]) -> Doc:
    used = dict.fromkeys(command["application_id"] for command in found)
    applications = [call.world.store.applications[application_id] for application_id in used]
    return {
        "applications": [
            {
                "id": application["id"],
                "name": application["name"],
                "description": application["description"],
                "icon": application["icon"],
                "bot": objects.user(call.world.user(application["bot_id"])),
            }
            for application in applications
        ],
        "application_commands": [localized(one, _locale(call)) for one in found],
        "version": call.world.ids.next(),
    }


@routes.get("/guilds/{guild_id}/application-command-index")
async def guild_index(call: Call) -> Any:
    guild, _ = call.world.require_guild(call.my_id, call.id("guild_id"))
    return _index(call, commands.in_guild(call.world, call.my_id, guild["id"]))


@routes.get("/channels/{channel_id}/application-command-index")
async def channel_index(call: Call) -> Any:
    channel = call.world.require(call.my_id, call.id("channel_id"))
    return _index(call, commands.usable(call.world, call.my_id, channel))


@routes.get("/users/@me/application-command-index")
async def user_index(call: Call) -> Any:
    """Commands that a person has installed for itself; nothing here can be installed so."""
    return _index(call, [])
