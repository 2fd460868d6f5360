"""Interactions: begun by people, answered by bots."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from local_discord import commands, components, interactions, messages, options
from local_discord.codec import Doc
from local_discord.errors import ApiError, invalid_field, missing_permissions, unknown
from local_discord.validation import Body, MessageBody, Nonce, Snowflake, check
from local_discord.web import Call, Routes

routes = Routes()


class InteractionBody(Body):
    """What a person's client sends. `data` depends on `type`: 2 command, 3 component, 4 autocomplete, 5 modal."""

    type: Literal[2, 3, 4, 5]
    application_id: Snowflake
    guild_id: Snowflake | None = None
    channel_id: Snowflake
    session_id: str | None = None
    nonce: Nonce | None = None
    message_id: Snowflake | None = None
    data: dict[str, Any]


@routes.post("/interactions")
async def begin(call: Call) -> Any:
    body = await call.body(InteractionBody)
    if call.me.get("bot"):
        raise ApiError(403, 20001, "Bots cannot use this endpoint")
    channel = call.world.require(call.my_id, body.channel_id)
    # A message that a bot posted by itself names no application, so clients give its author; on Discord most bots and
    # their applications have the same id.
    application = call.world.store.applications.get(body.application_id) or call.world.application_of(
        body.application_id
    )
    if application is None:
        raise unknown("Application")
    body.application_id = application["id"]
    if not call.world.can_view(application["bot_id"], channel):
        raise ApiError(403, 50001, "Missing Access")
    resolver = options.Resolver(call.world, channel, call.my_id, call.uploads)
    more: Doc = {"nonce": body.nonce, "session_id": body.session_id}
    if body.type in (interactions.COMMAND, interactions.AUTOCOMPLETE):
        data = _command(call, body, channel, resolver, more)
    elif body.type == interactions.COMPONENT:
        data = _component(call, body, channel, resolver, more)
    else:
        data = _modal(call, body, channel, resolver, more)
    if resolver.found:
        data["resolved"] = resolver.found
    interactions.begin(call.world, body.type, call.my_id, channel, application, data, **more)


def _command(call: Call, body: InteractionBody, channel: Doc, resolver: options.Resolver, more: Doc) -> Doc:
    command = call.world.store.commands.get(str(body.data.get("id")))
    if command is None or command["application_id"] != body.application_id:
        raise unknown("Application Command")
    if command not in commands.usable(call.world, call.my_id, channel):
        raise missing_permissions()
    data: Doc = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    autocomplete = body.type == interactions.AUTOCOMPLETE
    if command["type"] == commands.CHAT:
        given = body.data.get("options") or []
        data["options"] = options.check(command["options"], given, resolver, autocomplete=autocomplete)
        if autocomplete and options.focused(data["options"]) is None:
            raise invalid_field("data.options", "BASE_TYPE_REQUIRED", "One option must be focused.")
    else:
        data["target_id"] = _target(call, body, command["type"], channel, resolver)
    more |= {"name": _full_name(command["name"], data.get("options", [])), "command_type": command["type"]}
    return data


def _full_name(name: str, given: list[Doc]) -> str:
    """`group sub` after the command's name, as messages about it show."""
    for option in given:
        if option["type"] in (commands.SUB_COMMAND, commands.SUB_GROUP):
            return f"{name} {_full_name(option['name'], option['options'])}"
    return name


def _target(call: Call, body: InteractionBody, kind: int, channel: Doc, resolver: options.Resolver) -> str:
    target = str(body.data.get("target_id"))
    if kind == commands.USER:
        if not resolver.user(target):
            raise unknown("User")
        return target
    message = call.world.store.message(target, channel["id"])
    if message is None:
        raise unknown("Message")
    resolver.found["messages"] = {target: messages.show(call.world, [message], call.my_id)[0]}
    return target


def _component(call: Call, body: InteractionBody, channel: Doc, resolver: options.Resolver, more: Doc) -> Doc:
    message = call.world.store.message(body.message_id or "0", channel["id"])
    if message is None or message.get("ephemeral_to") not in (None, call.my_id):
        raise unknown("Message")
    owner = message.get("application_id")
    if owner is None and (application := call.world.application_of(message["author_id"])):
        owner = application["id"]
    component = components.find(message["components"], str(body.data.get("custom_id")))
    if owner != body.application_id or component is None or component.get("disabled"):
        raise invalid_field("data.custom_id", "COMPONENT_VALIDATION_FAILED", "Component validation failed")
    if component["type"] != body.data.get("component_type", component["type"]):
        raise invalid_field("data.component_type", "COMPONENT_VALIDATION_FAILED", "Component validation failed")
    more["message_id"] = message["id"]
    data: Doc = {
        "custom_id": component["custom_id"],
        "component_type": component["type"],
        "id": component.get("id", 0),
    }
    if component["type"] in components.SELECTS:
        data["values"] = options.pick(component, body.data.get("values"), resolver)
    return data


def _modal(call: Call, body: InteractionBody, channel: Doc, resolver: options.Resolver, more: Doc) -> Doc:
    given = body.data.get("components")
    modal_id = body.data.get("id")
    opened = interactions.open_modal(
        call.world, call.my_id, str(body.data.get("custom_id")), str(modal_id) if modal_id else None
    )
    if opened["application_id"] != body.application_id or opened["channel_id"] != channel["id"]:
        raise unknown("Interaction")
    if not isinstance(given, list):
        raise invalid_field("data.components", "BASE_TYPE_REQUIRED", "This field is required")
    modal = opened["modal"]
    filled = components.fill_modal(modal["components"], given, lambda c, v: options.pick(c, v, resolver))
    data = {"custom_id": modal["custom_id"], "components": filled}
    interactions.close_modal(call.world, opened)
    if opened.get("message_id"):
        more["message_id"] = opened["message_id"]
    return data


class CallbackBody(Body):
    type: Annotated[int, Field(ge=1, le=12)]
    data: dict[str, Any] | None = None


@routes.post("/interactions/{interaction_id}/{token}/callback", auth=False)
async def callback(call: Call) -> Any:
    body = await call.body(CallbackBody)
    speaks = body.type in (interactions.REPLY, interactions.DEFER, interactions.UPDATE)
    answer = check(MessageBody, (body.data or {}) if speaks else {})
    response = interactions.callback(
        call.world, call.id("interaction_id"), call.path("token"), body.type, body.data, answer, call.uploads
    )
    return response if call.query_flag("with_response") else None
