"""The bot's status on Discord says how its models are: online, idle while they sleep, dnd while they are away.

Presence updates share the gateway's small budget with everything else, so it is looked at every half minute and sent
only where it changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import discord

from bot.language import words
from bot.ports import HealthApp
from core.errors import TroupeError

log = logging.getLogger(__name__)

_NEEDED = ("persona", "actors", "database")
Look = tuple[discord.Status, str]


def look_of(states: Mapping[str, tuple[str, str]] | None) -> Look:
    """Status and the key of its text for the states of the components, None where they cannot be asked."""
    if states is None or any(states.get(name, ("ready", ""))[0] == "failed" for name in _NEEDED):
        return discord.Status.dnd, "presence-away"
    match states.get("llm", ("ready", ""))[0]:
        case "ready":
            return discord.Status.online, "presence-ready"
        case "idle":
            return discord.Status.idle, "presence-asleep"
        case "starting":
            return discord.Status.idle, "presence-waking"
        case _:
            return discord.Status.dnd, "presence-lore-only"


class Presence:
    """Keeps the status of one client right."""

    def __init__(self, client: discord.Client, health: HealthApp, every_s: float) -> None:
        self._client, self._health, self._every_s = client, health, every_s
        self._shown: Look | None = None

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.show()
            await asyncio.sleep(self._every_s)

    def renew(self) -> None:
        """A new session shows nothing yet."""
        self._shown = None

    async def show(self) -> None:
        """Look, and tell Discord where that has changed. Never raises for a health that does not answer."""
        try:
            states: Mapping[str, tuple[str, str]] | None = await self._health.states()
        except TroupeError as error:
            log.debug("[DISCORD] the models' health is not known: %s", error)
            states = None
        status, key = look = look_of(states)
        if look == self._shown or not self._client.is_ready() or self._client.ws is None:
            return
        try:
            await self._client.change_presence(status=status, activity=discord.CustomActivity(words()(key)))
        except (discord.DiscordException, OSError, RuntimeError) as error:
            log.debug("[DISCORD] the status cannot be shown: %s", error)
        else:
            self._shown = look
