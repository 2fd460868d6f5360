"""What every button, select and form of the bot is mixed with, so that the gatekeeper is asked before it is used."""

from __future__ import annotations

from typing import Any

import discord


class Gated:
    """Mixed into a view, a form or a DynamicItem, before its discord.py class: who is blocked is told so, and who
    presses too fast. `feature` is what using it needs beyond that, as in `Access.check`.

    The client's `admit` decides; a client without one lets everybody through.
    """

    feature: str | None = None

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """See discord.ui.View."""
        admit = getattr(interaction.client, "admit", None)
        return admit is None or bool(await admit(interaction, self.feature))
