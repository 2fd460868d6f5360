"""Points for talking with the cast: what was answered is told to the ledger of who asked, which decides."""

from __future__ import annotations

import logging

import discord

from actors import points
from actors.virtual import Actors
from core.errors import TroupeError

log = logging.getLogger(__name__)

_WITHIN_S = 10.0


class Talk:
    """Tells the ledgers. Beside the turns, so that nobody waits for it; where it is lost, a point or two are."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    async def answered(self, message: discord.Message) -> None:
        """A persona answered a message. Only on servers: alone with the cast nobody competes. Never raises
        TroupeError."""
        if message.guild is None:
            return
        try:
            decisions = await self._actors.call(
                "channel", str(message.channel.id), "why", str(message.id), timeout_s=_WITHIN_S
            )
            ledger = points.key_of(str(message.guild.id), str(message.author.id))
            persona_id = next((one.decision.persona_id for one in decisions if one.decision.persona_id), "")
            name = message.author.display_name
            await self._actors.call(
                points.KIND, ledger, "talked", str(message.id), name, persona_id, timeout_s=_WITHIN_S
            )
        except TroupeError as error:
            log.warning("[POINTS] talk of message %s is not counted: %s", message.id, error)
