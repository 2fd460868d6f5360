"""What a person fills in, checked as Discord's client and server do, and the objects it refers to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_discord import commands as kinds
from local_discord import objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, invalid_field
from local_discord.messages import keep_file
from local_discord.web import Upload
from local_discord.world import World


class Resolver:
    """Collects the full objects behind the ids that an interaction names."""

    def __init__(self, world: World, channel: Doc, user_id: str, uploads: list[Upload]) -> None:
        self._world = world
        self._channel = channel
        self._guild_id: str | None = channel.get("guild_id")
        self._user_id = user_id
        self._uploads = {str(upload.index): upload for upload in uploads}
        self.found: dict[str, Doc] = {}

    def _add(self, kind: str, key: str, value: Doc) -> None:
        self.found.setdefault(kind, {})[key] = value

    def user(self, user_id: str) -> bool:
        user = self._world.store.users.get(user_id)
        if user is None:
            return False
        self._add("users", user_id, objects.user(user))
        if self._guild_id and (member := self._world.store.members.get(f"{self._guild_id}:{user_id}")):
            bits = self._world.bits(user_id, self._channel)
            self._add("members", user_id, {**objects.member(member), "permissions": str(int(bits))})
        return True

    def role(self, role_id: str) -> bool:
        roles = self._world.guild(self._guild_id)["roles"] if self._guild_id else {}
        if role_id in roles:
            self._add("roles", role_id, roles[role_id])
        return role_id in roles

    def channel(self, channel_id: str, types: list[int] | None) -> bool:
        channel = self._world.store.channels.get(channel_id)
        if channel is None or channel.get("guild_id") != self._guild_id or (types and channel["type"] not in types):
            return False
        if not (bits := self._world.bits(self._user_id, channel)):
            return False
        shown = self._world.show_channel(channel, self._user_id)
        self._add("channels", channel_id, {**shown, "permissions": str(int(bits))})
        return True

    def attachment(self, index: str) -> str | None:
        """The id of the attachment that was uploaded as `files[index]`."""
        if (upload := self._uploads.get(index)) is None:
            return None
        shown = keep_file(self._world, self._channel["id"], upload, None)
        self._add("attachments", shown["id"], {**shown, "ephemeral": True})
        return str(shown["id"])


def check(
    defined: list[Doc], given: Any, resolver: Resolver, *, autocomplete: bool, path: str = "options"
) -> list[Doc]:
    """The given options in the form a bot gets them. ApiError 50035 names what is missing or wrong.

    While autocompleting, what is not typed yet may be missing, and the focused value may be anything.
    """
    if not isinstance(given, list) or not all(isinstance(option, dict) for option in given):
        raise invalid_field(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    by_name = {option["name"]: option for option in defined}
    names = [option.get("name") for option in given]
    if len(set(map(str, names))) != len(names):
        raise invalid_field(path, "APPLICATION_COMMANDS_DUPLICATE_OPTION", "An option was given twice.")
    nested = [o for o in defined if o["type"] in (kinds.SUB_COMMAND, kinds.SUB_GROUP)]
    if nested and len(given) != 1:
        raise invalid_field(path, "BASE_TYPE_REQUIRED", "Exactly one subcommand is required")
    for option in defined:
        if option.get("required") and option["name"] not in names and not autocomplete:
            raise invalid_field(f"{path}.{option['name']}", "BASE_TYPE_REQUIRED", "This field is required")
    checked = []
    for option in given:
        definition = by_name.get(str(option.get("name")))
        where = f"{path}.{option.get('name')}"
        if definition is None or option.get("type", definition["type"]) != definition["type"]:
            raise ApiError(400, 50035, "This command is outdated, please try again in a few minutes")
        shown: Doc = {"name": definition["name"], "type": definition["type"]}
        if definition["type"] in (kinds.SUB_COMMAND, kinds.SUB_GROUP):
            inner = definition.get("options", [])
            shown["options"] = check(
                inner, option.get("options") or [], resolver, autocomplete=autocomplete, path=where
            )
        elif autocomplete and option.get("focused"):
            shown |= {"value": str(option.get("value", "")), "focused": True}
        else:
            shown["value"] = _value(definition, option.get("value"), resolver, where)
        checked.append(shown)
    return checked


def focused(options: list[Doc]) -> Doc | None:
    """The option being typed, at whatever depth."""
    for option in options:
        if option.get("focused"):
            return option
        if inner := focused(option.get("options", [])):
            return inner
    return None


def _value(definition: Doc, value: Any, resolver: Resolver, where: str) -> Any:
    kind = definition["type"]
    good = True
    if kind == kinds.STRING:
        good = isinstance(value, str)
    elif kind == kinds.INTEGER:
        good = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53
    elif kind == kinds.NUMBER:
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53
    elif kind == kinds.BOOLEAN:
        good = isinstance(value, bool)
    elif kind == kinds.ATTACHMENT:
        value = resolver.attachment(str(value))
        good = value is not None
    else:
        value = str(value)
        good = {
            kinds.USER_OPTION: lambda: resolver.user(value),
            kinds.ROLE: lambda: resolver.role(value),
            kinds.CHANNEL: lambda: resolver.channel(value, definition.get("channel_types")),
            kinds.MENTIONABLE: lambda: resolver.user(value) or resolver.role(value),
        }[kind]()
    if not good:
        raise invalid_field(where, "APPLICATION_COMMAND_OPTION_TYPE", f"{value!r} does not fit this option.")
    _bounds(definition, value, where)
    return value


def _bounds(definition: Doc, value: Any, where: str) -> None:
    if (choices := definition.get("choices")) and value not in [choice["value"] for choice in choices]:
        raise invalid_field(where, "APPLICATION_COMMAND_OPTION_CHOICE", f"{value!r} is not among the choices.")
    if definition["type"] == kinds.STRING:
        low, high = definition.get("min_length", 0), definition.get("max_length", 6000)
        if not low <= len(value) <= high:
            raise invalid_field(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
    if definition["type"] in (kinds.INTEGER, kinds.NUMBER):
        if (low := definition.get("min_value")) is not None and value < low:
            raise invalid_field(where, "NUMBER_TYPE_MIN", f"Value should be greater than or equal to {low}.")
        if (high := definition.get("max_value")) is not None and value > high:
            raise invalid_field(where, "NUMBER_TYPE_MAX", f"Value should be less than or equal to {high}.")


# Components


def pick(component: Doc, values: Any, resolver: Resolver) -> list[str]:
    """The values chosen in a select, checked against what it offers."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid_field("data.values", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    least, most = component.get("min_values"), component.get("max_values") or 1
    least = 1 if least is None else least
    if not least <= len(values) <= most:
        raise invalid_field("data.values", "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    offered = {option["value"] for option in component.get("options", [])}
    fits: Callable[[str], bool] = {
        3: lambda value: value in offered,
        5: resolver.user,
        6: resolver.role,
        7: lambda value: resolver.user(value) or resolver.role(value),
        8: lambda value: resolver.channel(value, component.get("channel_types")),
    }[component["type"]]
    for value in values:
        if not fits(value):
            raise invalid_field("data.values", "BASE_TYPE_CHOICES", f"{value!r} is not offered.")
    return values
