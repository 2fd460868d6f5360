"""The names and descriptions of commands in other languages than English, found by their place in the tree.

The key of a command is `command-` and its names, `command-persona-ask`; that of an option goes on with `-option-` and
its name, that of a choice with `-choice-` and its value. `.name` and `.description` are attributes of it. A further
language is a folder more in bot/locales; what it lacks, Discord shows in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as At

from bot.language import ENGLISH, attributes, words

Node = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu

_NAMES = (At.command_name, At.group_name, At.parameter_name, At.choice_name)


class Texts(app_commands.Translator):
    """Reads the Fluent files. `tree` is where the choices are looked for, which do not know their place."""

    def __init__(self, tree: app_commands.CommandTree[Any]) -> None:
        self._tree = tree
        self._choices: dict[int, str] = {}

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """See app_commands.Translator."""
        language = words(locale.value).language
        if language == ENGLISH:
            return None
        key = self._key(context)
        part = "name" if context.location in _NAMES else "description"
        return attributes(language).get(f"{key}.{part}")

    def _key(self, context: app_commands.TranslationContextTypes) -> str:
        data = context.data
        if isinstance(data, app_commands.Choice):
            if id(data) not in self._choices:
                self._choices = {id(choice): key for choice, key in _choices(self._tree)}
            return self._choices[id(data)]
        return option_key(data) if isinstance(data, app_commands.Parameter) else command_key(data)


def command_key(command: Node) -> str:
    """The key of a command, a group or an entry of a menu."""
    return f"command-{_slug(command.qualified_name)}"


def option_key(option: app_commands.Parameter) -> str:
    """The key of an option."""
    return f"{command_key(option.command)}-option-{option.display_name}"


def choice_key(option: app_commands.Parameter, choice: app_commands.Choice[Any]) -> str:
    """The key of a choice that stands in the tree."""
    return f"{option_key(option)}-choice-{_slug(str(choice.value))}"


def places(tree: app_commands.CommandTree[Any]) -> Iterator[tuple[str, str, str | None]]:
    """Key, English name and English description (None where there is none to have) of all that the tree shows."""
    for node in nodes(tree):
        described = None if isinstance(node, app_commands.ContextMenu) else node.description
        yield command_key(node), node.name, described
        if isinstance(node, app_commands.Command):
            for option in node.parameters:
                yield option_key(option), option.display_name, option.description
    for choice, key in _choices(tree):
        yield key, choice.name, None


def shown_name(command: Node, language: str) -> str:
    """The whole name of a command, or a group, as a client of that language shows it."""
    name = attributes(language).get(f"{command_key(command)}.name", command.name)
    parent = None if isinstance(command, app_commands.ContextMenu) else command.parent
    return name if parent is None else f"{shown_name(parent, language)} {name}"


def shown_description(command: app_commands.Command[Any, ..., Any] | app_commands.Group, language: str) -> str:
    """The description of a command as a client of that language shows it."""
    return attributes(language).get(f"{command_key(command)}.description", command.description)


def nodes(tree: app_commands.CommandTree[Any]) -> list[Node]:
    """All commands, groups and entries of menus."""
    menus = [kind for kind in discord.AppCommandType if kind is not discord.AppCommandType.chat_input]
    return [*tree.walk_commands(), *(node for kind in menus for node in tree.walk_commands(type=kind))]


def _choices(tree: app_commands.CommandTree[Any]) -> Iterator[tuple[app_commands.Choice[Any], str]]:
    for node in tree.walk_commands():
        if isinstance(node, app_commands.Command):
            for option in node.parameters:
                yield from ((choice, choice_key(option, choice)) for choice in option.choices)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")
