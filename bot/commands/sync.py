"""Registering the commands with Discord, but only where they differ from those it knows.

Discord allows few registrations a day, and every start of the bot would spend one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

log = logging.getLogger(__name__)

# What Discord adds by itself, or what only restates a default.
_COMPARED = (
    "name", "type", "description", "required", "autocomplete", "choices", "options", "value",
    "min_value", "max_value", "min_length", "max_length", "channel_types",
)  # fmt: skip
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0


async def sync(tree: app_commands.CommandTree) -> None:
    """Make Discord know the commands of `tree`. Tries again until it worked; never raises discord.HTTPException."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            if await _differs(tree):
                await tree.sync()
                log.info("[COMMAND] registered %d commands", len(tree.get_commands()))
        except discord.HTTPException as error:
            log.warning("[COMMAND] commands are not registered yet: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        else:
            return


async def _differs(tree: app_commands.CommandTree) -> bool:
    ours = {command.name: shape(command.to_dict(tree)) for command in tree.get_commands()}
    theirs = {command.name: shape(command.to_dict()) for command in await tree.fetch_commands()}
    return ours != theirs


def shape(value: Any) -> Any:
    """What matters of a command as Discord's API writes it, equal for both directions."""
    if isinstance(value, Mapping):
        return {key: shape(value[key]) for key in _COMPARED if value.get(key) not in (None, False, [], ())}
    if isinstance(value, (list, tuple)):
        return [shape(item) for item in value]
    return value
