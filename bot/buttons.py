"""The buttons below a reply: Stop while it is being written, Regenerate once it stands.

Which answer a button is for stands in its custom id, so it works after a restart of the bot, too. Webhook messages may
have working buttons because the bot made the webhook: Discord ties them to its application. Whether somebody may use a
button is decided by the channel actor, which knows who asked.
"""

from __future__ import annotations

import enum
import re
from typing import Any, Self

import discord

from bot.errors import answer_error
from bot.gate import Gated
from bot.language import words
from bot.webhooks import Place


class Act(enum.StrEnum):
    """What a button does; the value stands in its custom id."""

    STOP = "stop"
    RENEW = "renew"


_EMOJI = {
    Act.STOP: "\N{BLACK SQUARE FOR STOP}\N{VARIATION SELECTOR-16}",
    Act.RENEW: "\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}",
}


class ReplyButton(
    Gated,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"reply:(?P<act>stop|renew):(?P<source>[0-9]{1,20})",
):
    """One button of one reply, in the language of the server. The client that it is pressed in must have a `press`."""

    def __init__(self, act: Act, source_id: str, locale: object = None) -> None:
        label, emoji = words(locale)(f"reply-button-{act}"), _EMOJI[act]
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary, label=label, emoji=emoji, custom_id=f"reply:{act}:{source_id}"
            )
        )
        self.act, self.source_id = act, source_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        return cls(Act(match["act"]), match["source"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Has the client act; whoever pressed is told, alone, where that failed or was refused."""
        try:
            await interaction.response.defer()
        except discord.HTTPException:
            return  # another process of the bot was first, or Discord waited too long
        try:
            await interaction.client.press(self.act, self.source_id, interaction)
        except Exception as error:
            await answer_error(interaction, error)


def buttons(act: Act | None, source_id: str, place: Place) -> discord.ui.View | None:
    """The view with the button for a reply in `place`, None for no button."""
    if act is None:
        return None
    view = discord.ui.View(timeout=None)
    guild = None if isinstance(place, discord.DMChannel) else place.guild
    view.add_item(ReplyButton(act, source_id, guild and guild.preferred_locale))
    return view
