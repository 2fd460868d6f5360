"""What every interaction tells besides its own matter: a person's language, and that nobody answers it any more."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import discord
from cachetools import LRUCache

from bot.language import words

log = logging.getLogger(__name__)

_MOST_PEOPLE = 10_000
_PATIENCE_S = 2.0  # of the three seconds that Discord waits
_LEFT_OVER = (discord.InteractionType.component, discord.InteractionType.modal_submit)


class Locales:
    """In which language people's clients are, as their last interaction told: a message does not tell. Only in memory,
    so after a restart English is spoken until somebody uses a command."""

    def __init__(self) -> None:
        self._known: LRUCache[int, str] = LRUCache(_MOST_PEOPLE)

    def note(self, interaction: discord.Interaction[Any]) -> None:
        """Remember what an interaction tells."""
        self._known[interaction.user.id] = interaction.locale.value

    def of(self, user_id: int) -> str | None:
        """The locale of somebody, None where it is not known."""
        found: str | None = self._known.get(user_id)
        return found


async def answer_left_over(interaction: discord.Interaction[Any]) -> None:
    """Tell who pressed a button of before a restart, or one that has had its time, what to do: nothing else answers."""
    if interaction.type not in _LEFT_OVER:
        return
    await asyncio.sleep(_PATIENCE_S)
    if interaction.response.is_done():
        return
    try:
        await interaction.response.send_message(words(interaction.locale)("error-old-button"), ephemeral=True)
    except (discord.HTTPException, discord.InteractionResponded) as answered:
        log.debug("[COMMAND] somebody else answered a button: %s", answered)
