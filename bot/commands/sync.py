"""Registering the commands with Discord in all languages, but only where they differ from those it knows.

Discord allows few registrations a day, and every start of the bot would spend one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.http import Route

from bot.commands.translate import Texts

log = logging.getLogger(__name__)

# What Discord adds by itself, or what only restates a default.
_COMPARED = (
    "name", "type", "description", "required", "autocomplete", "choices", "options", "value",
    "min_value", "max_value", "min_length", "max_length", "channel_types",
)  # fmt: skip
_LOCALIZED = ("name_localizations", "description_localizations")
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0


async def sync(tree: app_commands.CommandTree) -> None:
    """Make Discord know the commands of `tree`. Tries again until it worked; never raises discord.HTTPException."""
    texts = Texts(tree)
    await tree.set_translator(texts)
    pause = _FIRST_PAUSE_S
    while True:
        try:
            if await _differs(tree, texts):
                await tree.sync()
                log.info("[COMMAND] registered %d commands", len(tree.get_commands()))
        except discord.HTTPException as error:
            log.warning("[COMMAND] commands are not registered yet: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        else:
            return


async def _differs(tree: app_commands.CommandTree, texts: Texts) -> bool:
    ours = [await command.get_translated_payload(tree, texts) for command in tree.get_commands()]
    theirs = await _known(tree.client)
    return _shapes(ours) != _shapes(theirs)


def _shapes(commands: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Any]:
    return {(one["name"], one.get("type", 1)): shape(one) for one in commands}


async def _known(client: discord.Client) -> list[dict[str, Any]]:
    # The library's fetch_commands does not ask for the other languages, and Discord leaves them out then.
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    found: list[dict[str, Any]] = await client.http.request(route, params={"with_localizations": "true"})
    return found


def shape(value: Any) -> Any:
    """What matters of a command as Discord's API writes it, equal for both directions."""
    if isinstance(value, Mapping):
        texts = {key: dict(value[key]) for key in _LOCALIZED if value.get(key)}
        return texts | {key: shape(value[key]) for key in _COMPARED if value.get(key) not in (None, False, "", [], ())}
    if isinstance(value, (list, tuple)):
        return [shape(item) for item in value]
    return value
