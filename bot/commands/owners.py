"""What only whoever runs the bot may do with a command."""

from __future__ import annotations

import discord

from bot.access import Access
from bot.commands.needs import OWNER, mark
from bot.language import words
from core.errors import RequestError

for_owners = mark(OWNER)
"""Marks a command that calls `refuse_others`."""


async def refuse_others(interaction: discord.Interaction, access: Access) -> None:
    """Raises RequestError for anybody who does not run the bot."""
    if not await access.is_owner(interaction.user):
        raise RequestError(words(interaction.locale)("owners-only"), field="user")
