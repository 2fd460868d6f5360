"""The slash commands. A new one is a file beside this one, with an entry in COMMANDS."""

from __future__ import annotations

from collections.abc import Callable

import discord
from discord import app_commands

from bot.commands import (
    admin_data,
    ai,
    analyze,
    config,
    config_proactive,
    drop,
    finetune,
    game,
    greet,
    leaderboard,
    memory,
    minigame,
    persona,
    points,
    profile,
    rag,
    scenario,
    schedule,
    story,
    why,
)
from bot.commands import help as help_command
from bot.commands.services import Services
from bot.commands.tree import GatedTree
from bot.errors import answer_error

COMMANDS: tuple[Callable[[app_commands.CommandTree, Services], None], ...] = (
    persona.add,
    rag.add,
    memory.add,
    config.add,
    why.add,
    help_command.add,
    scenario.add,
    greet.add,
    ai.add,
    finetune.add,
    analyze.add,
    schedule.add,
    config_proactive.add,
    admin_data.add,
    points.add,
    profile.add,
    leaderboard.add,
    drop.add,
    game.add,
    minigame.add,
    story.add,
)


def build(client: discord.Client, services: Services) -> app_commands.CommandTree:
    """The tree of all commands, with the one handler for their errors."""
    tree = GatedTree(client, services.access)
    for add in COMMANDS:
        add(tree, services)
    tree.error(answer_error)
    return tree
