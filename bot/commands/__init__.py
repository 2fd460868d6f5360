"""The slash commands. A new one is a file beside this one, with an entry in COMMANDS."""

from __future__ import annotations

from collections.abc import Callable

import discord
from discord import app_commands

from bot.commands import help as help_command
from bot.commands import persona, rag
from bot.commands.errors import answer_error
from bot.commands.services import Services

COMMANDS: tuple[Callable[[app_commands.CommandTree, Services], None], ...] = (
    persona.add,
    rag.add,
    help_command.add,
)


def build(client: discord.Client, services: Services) -> app_commands.CommandTree:
    """The tree of all commands, with the one handler for their errors."""
    tree = app_commands.CommandTree(client)
    for add in COMMANDS:
        add(tree, services)
    tree.error(answer_error)
    return tree
