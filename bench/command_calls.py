"""A use of every command that a bot has registered, with a value for each option: for load, and for tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local_discord.client import Human
from local_discord.codec import Doc

_SUB_COMMAND, _GROUP, _STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL, _ROLE, _MENTIONABLE, _NUMBER, _FILE = range(1, 12)

# What suits options of a name; others get something of their type.
_SUITABLE = {
    "persona": "elio",
    "setting": "rag",
    "value": "off",
    "url": "https://93.184.216.34/page",
    "job": "daily_digest",
    "message": "123456789012345678",
    "personas": "elio, olga",
    "scenario": "the-missing-peel-crown",
    "text": "The raid starts on Fridays at eight.",
    "when": "in 20 minutes",
}


@dataclass(frozen=True, slots=True)
class CommandCall:
    """What `Human.slash` takes."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] | None = None


def calls(human: Human, commands: list[Doc], text: str | None = None) -> list[CommandCall]:
    """A use of each command and sub-command of an index (`Human.commands`), with what it must be given. With a `text`
    that stands in every option that takes any, also in those that may be left out."""
    return [
        CommandCall(
            name,
            {one["name"]: _value(human, one, text) for one in options if one.get("required") or _takes(one, text)},
            {"nothing.bin": bytes(range(64))}
            if any(one["type"] == _FILE for one in options if one.get("required"))
            else None,
        )
        for command in commands
        if command["type"] == 1
        for name, options in _leaves(command, command["name"])
    ]


def _leaves(node: Doc, name: str) -> Iterator[tuple[str, list[Doc]]]:
    options = node.get("options", [])
    inner = [one for one in options if one["type"] in (_SUB_COMMAND, _GROUP)]
    if not inner:
        yield name, options
    for one in inner:
        yield from _leaves(one, f"{name} {one['name']}")


def _takes(option: Doc, text: str | None) -> bool:
    return text is not None and option["type"] == _STRING and not option.get("choices")


def _value(human: Human, option: Doc, text: str | None) -> Any:
    kind = option["type"]
    if option.get("choices"):
        return option["choices"][0]["value"]
    if kind == _STRING:
        value = _SUITABLE.get(option["name"], "something") if text is None else text
        return value.ljust(option.get("min_length", 0), "x")[: option.get("max_length", 6000)]
    if kind in (_INTEGER, _NUMBER):
        return option.get("min_value", 1)
    return {
        _BOOLEAN: True,
        _USER: human.id,
        _CHANNEL: human.channel_id("games"),
        _ROLE: human.seed["guild_id"],  # the role that everybody has
        _MENTIONABLE: human.id,
        _FILE: "0",
    }[kind]
