"""Asking once more before something that cannot be undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord

from bot.errors import answer_error

CONFIRM_S = 120.0


class Confirm(discord.ui.View):
    """A button that has `act` done, whose answer takes the question's place.

    For who sees the question: where others see it, too, `only` is the id of whose it is. The gatekeeper is not asked
    again: people may have their own forgotten whatever else they may not.
    """

    def __init__(self, label: str, act: Callable[[], Awaitable[str]], *, only: int | None = None) -> None:
        super().__init__(timeout=CONFIRM_S)
        self._act, self._only = act, only
        self.confirm.label = label

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """See discord.ui.View."""
        if self._only in (None, interaction.user.id):
            return True
        await interaction.response.defer()
        return False

    @discord.ui.button(style=discord.ButtonStyle.danger)
    async def confirm(self, click: discord.Interaction, button: discord.ui.Button[Confirm]) -> None:
        """The button."""
        await click.response.defer()
        self.stop()
        await click.edit_original_response(content=await self._act(), view=None)

    async def on_error(self, click: discord.Interaction, error: Exception, item: discord.ui.Item[Confirm]) -> None:
        """As for a command."""
        await answer_error(click, error)
