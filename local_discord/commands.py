"""Application commands: what may be registered, what a member may use, and the ids that stay over a re-sync."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from local_discord import permissions
from local_discord.codec import Doc
from local_discord.errors import ApiError, invalid_field
from local_discord.locales import LOCALES, Locale
from local_discord.permissions import P
from local_discord.validation import Bits, Body, check, check_each
from local_discord.world import World

CHAT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_GROUP, STRING, INTEGER, BOOLEAN, USER_OPTION, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)
_MAX = {CHAT: 100, USER: 15, MESSAGE: 15}
_MAX_CHARACTERS = 8000
_CHAT_NAME = re.compile(r"^[-_'\w]{1,32}$")
_Localizations = dict[Locale, Annotated[str, StringConstraints(min_length=1, max_length=100)]]
_Description = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _check_name(name: str, translated: dict[str, str] | None = None) -> None:
    for one in (name, *(translated or {}).values()):
        if not _CHAT_NAME.match(one) or one != one.lower():
            raise ValueError(f"Command name is invalid: {one!r} (lower case letters, digits, - and _; at most 32).")


def _are_unique(named: list[Option] | list[CommandBody]) -> bool:
    """Whether nobody, in whatever language, sees the same name twice."""
    seen = [{locale: (one.name_localizations or {}).get(locale, one.name) for locale in LOCALES} for one in named]
    return all(len({names[locale] for names in seen}) == len(seen) for locale in LOCALES)


def _longest(text: str, translated: dict[str, str] | None) -> int:
    return max(map(len, (text, *(translated or {}).values())))


class Choice(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    name_localizations: _Localizations | None = None
    value: Annotated[str, StringConstraints(max_length=6000)] | int | float


class Option(Body):
    type: Annotated[int, Field(ge=1, le=11)]
    name: str
    name_localizations: _Localizations | None = None
    description: _Description
    description_localizations: _Localizations | None = None
    required: bool = False
    choices: Annotated[list[Choice], Field(max_length=25)] | None = None
    options: Annotated[list[Option], Field(max_length=25)] | None = None
    channel_types: list[int] | None = None
    min_value: float | int | None = None
    max_value: float | int | None = None
    min_length: Annotated[int, Field(ge=0, le=6000)] | None = None
    max_length: Annotated[int, Field(ge=1, le=6000)] | None = None
    autocomplete: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Option:
        _check_name(self.name, self.name_localizations)
        if self.autocomplete and (self.choices or self.type not in (STRING, INTEGER, NUMBER)):
            raise ValueError("autocomplete is for string, integer and number options without choices.")
        if self.options and self.type not in (SUB_COMMAND, SUB_GROUP):
            raise ValueError("Only subcommands and groups have options.")
        allowed = {SUB_GROUP: {SUB_COMMAND}, SUB_COMMAND: set(range(STRING, ATTACHMENT + 1))}.get(self.type, set())
        _check_options(self.options or [], allowed)
        for choice in self.choices or []:
            if self.type == STRING and not isinstance(choice.value, str):
                raise ValueError("The choices of a string option are strings.")
            if self.type in (INTEGER, NUMBER) and isinstance(choice.value, str):
                raise ValueError("The choices of a number option are numbers.")
        return self


def _check_options(options: list[Option], allowed: set[int]) -> None:
    if not _are_unique(options):
        raise ValueError("Option names must be unique.")
    if any(option.type not in allowed for option in options):
        raise ValueError("An option of this type may not stand here.")
    optional = False
    for option in options:
        if option.required and optional:
            raise ValueError("Required options must be placed before non-required options.")
        optional = optional or not option.required


class CommandBody(Body):
    """A command as clients register it. Of a text in several languages the longest counts towards the size."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    type: Literal[1, 2, 3] = 1
    name_localizations: _Localizations | None = None
    description: Annotated[str, StringConstraints(max_length=100)] = ""
    description_localizations: _Localizations | None = None
    options: Annotated[list[Option], Field(default_factory=list, max_length=25)]
    default_member_permissions: Bits | None = None
    dm_permission: bool | None = None
    contexts: list[Literal[0, 1, 2]] | None = None
    integration_types: list[Literal[0, 1]] | None = None
    nsfw: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> CommandBody:
        if self.type != CHAT:
            if self.options or self.description:
                raise ValueError("User and message commands have neither description nor options.")
            return self
        _check_name(self.name, self.name_localizations)
        if not self.description:
            raise ValueError("description: This field is required.")
        nested = [option.type in (SUB_COMMAND, SUB_GROUP) for option in self.options]
        if any(nested) and not all(nested):
            raise ValueError("Subcommands and other options cannot stand side by side.")
        _check_options(self.options, set(range(1, ATTACHMENT + 1)))
        if self.characters() > _MAX_CHARACTERS:
            raise ValueError(f"Command exceeds maximum size ({_MAX_CHARACTERS}).")
        return self

    def characters(self) -> int:
        def of(options: list[Option]) -> int:
            choices = [choice for option in options for choice in option.choices or []]
            return sum(
                _longest(option.name, option.name_localizations)
                + _longest(option.description, option.description_localizations)
                + of(option.options or [])
                for option in options
            ) + sum(_longest(choice.name, choice.name_localizations) + len(str(choice.value)) for choice in choices)

        mine = _longest(self.name, self.name_localizations)
        return mine + _longest(self.description, self.description_localizations) + of(self.options)


def _store(world: World, application_id: str, guild_id: str | None, body: CommandBody, known: Doc | None) -> Doc:
    content: Doc = {
        **body.model_dump(exclude={"options"}),
        "options": [option.model_dump(exclude_none=True, exclude_defaults=True) for option in body.options],
    }
    if content["dm_permission"] is None:
        content["dm_permission"] = content["contexts"] is None or 1 in content["contexts"]
    if known is not None and all(known.get(key) == value for key, value in content.items()):
        return known
    command_id = known["id"] if known else world.ids.next()
    doc = {"id": command_id, "application_id": application_id, "version": world.ids.next(), **content}
    if guild_id is not None:
        doc["guild_id"] = guild_id
    return world.store.commands.put(command_id, doc)


def of(world: World, application_id: str, guild_id: str | None) -> list[Doc]:
    return [c for c in world.store.commands.by(guild_id) if c["application_id"] == application_id]


def _same(commands: list[Doc], body: CommandBody) -> Doc | None:
    return next((c for c in commands if (c["name"], c["type"]) == (body.name, body.type)), None)


def overwrite(world: World, application_id: str, guild_id: str | None, given: Any) -> list[Doc]:
    """Replace all commands of that scope. A command that keeps name and type keeps its id."""
    bodies = check_each(CommandBody, given)
    if not all(_are_unique([body for body in bodies if body.type == kind]) for kind in _MAX):
        code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
        raise invalid_field("name", code, "Application command names must be unique")
    _refuse_too_many([body.type for body in bodies])
    known = of(world, application_id, guild_id)
    with world.store.transaction():
        kept = [_store(world, application_id, guild_id, body, _same(known, body)) for body in bodies]
        for gone in {c["id"] for c in known} - {c["id"] for c in kept}:
            world.store.commands.delete(gone)
    return kept


def _refuse_too_many(types: list[int]) -> None:
    for kind, most in _MAX.items():
        if types.count(kind) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most}).")


def upsert(world: World, application_id: str, guild_id: str | None, body: CommandBody) -> tuple[Doc, bool]:
    """Create a command, or replace the one of that name and type. True where it is new."""
    known = of(world, application_id, guild_id)
    same = _same(known, body)
    if same is None:
        _refuse_too_many([c["type"] for c in known] + [body.type])
    return _store(world, application_id, guild_id, body, same), same is None


def edit(world: World, command: Doc, changes: Doc) -> Doc:
    merged = {**command, **changes, "type": command["type"]}
    body = check(CommandBody, merged)
    siblings = of(world, command["application_id"], command.get("guild_id"))
    other = _same([c for c in siblings if c["id"] != command["id"]], body)
    if other is not None:
        code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
        raise invalid_field("name", code, "Application command names must be unique")
    return _store(world, command["application_id"], command.get("guild_id"), body, command)


# What a person may use


def usable(world: World, user_id: str, channel: Doc) -> list[Doc]:
    """The commands that a user may run in a channel, guild commands hiding global ones of their name."""
    if channel.get("guild_id") is None:
        bots = [u for u in channel["recipient_ids"] if world.user(u).get("bot")]
        apps = {app["id"] for bot in bots if (app := world.application_of(bot))}
        return [c for c in world.store.commands.by(None) if c["application_id"] in apps and c["dm_permission"]]
    if not world.bits(user_id, channel) & P.USE_APPLICATION_COMMANDS:
        return []
    return in_guild(world, user_id, channel["guild_id"])


def in_guild(world: World, user_id: str, guild_id: str) -> list[Doc]:
    """The commands that a member may use somewhere in a guild."""
    guild, member = world.guild(guild_id), world.member(guild_id, user_id)
    bits = permissions.in_guild(guild, member)
    present = {a["id"] for a in world.store.applications.all() if f"{guild_id}:{a['bot_id']}" in world.store.members}
    local = world.store.commands.by(guild_id)
    hidden = {(c["application_id"], c["name"], c["type"]) for c in local}
    every = local + [
        c for c in world.store.commands.by(None) if (c["application_id"], c["name"], c["type"]) not in hidden
    ]
    return [c for c in every if c["application_id"] in present and _allows(c, bits)]


def _allows(command: Doc, bits: int) -> bool:
    if command["contexts"] is not None and 0 not in command["contexts"] and command.get("guild_id") is None:
        return False
    needed = command["default_member_permissions"]
    if needed is None or bits == permissions.ALL:
        return True
    return int(needed) != 0 and bits & int(needed) == int(needed)
