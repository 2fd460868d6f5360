"""The tree of commands that asks the gatekeeper before each of them, and before it offers anything while one types."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.access import COMMAND, ENTRY, FEATURES, RIGHT, Access, is_right
from bot.errors import answer_error
from core.errors import TroupeError


class GatedTree(app_commands.CommandTree[discord.Client]):
    """A tree of commands that asks `access` before each."""

    def __init__(self, client: discord.Client, access: Access) -> None:
        super().__init__(client)
        self._access = access

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whoever is refused is told alone; while they type, nothing is offered."""
        name = interaction.command.qualified_name if interaction.command else ""
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await self._access.check(interaction, ENTRY)
            else:
                await self._access.check(interaction, RIGHT if is_right(name) else COMMAND)
                if (feature := FEATURES.get(name)) is not None:
                    await self._access.check(interaction, feature)
        except TroupeError as error:
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await answer_error(interaction, error)
            return False
        return True
