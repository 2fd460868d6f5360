"""The buttons below a game's posts. Which game, round and choice one is for stands in its custom id, so it works after
a restart, too; whether it still counts is the game actor's to say."""

from __future__ import annotations

import enum
import re
from typing import Any, Self

import discord

from bot.errors import answer_error
from bot.gate import Gated
from bot.language import words


class Act(enum.StrEnum):
    """What a button does; the value stands in its custom id."""

    PICK = "pick"
    HINT = "hint"
    TYPE = "type"
    AGAIN = "again"


class GameButton(
    Gated,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"game:(?P<act>pick|hint|type|again):(?P<game>[0-9]{1,20}):(?P<number>[0-9]{1,3}):(?P<choice>[0-9])",
):
    """One button of one round. The client that it is pressed in must have `games`."""

    def __init__(
        self,
        act: Act,
        game_id: str,
        number: int = 0,
        choice: int = 0,
        *,
        label: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
        row: int | None = None,
    ) -> None:
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            style=style,
            label=label or act.value,
            disabled=disabled,
            row=row,
            custom_id=_id(act, game_id, number, choice),
        )
        super().__init__(button)
        self.act, self.game_id, self.number, self.choice = act, game_id, number, choice

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        return cls(Act(match["act"]), match["game"], int(match["number"]), int(match["choice"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Has the client act; whoever pressed is told, alone, what came of it."""
        try:
            if self.act is Act.TYPE:
                await interaction.response.send_modal(_Guess(self.game_id, self.number, interaction.locale))
                return
            await interaction.response.defer()
        except discord.HTTPException:
            return  # another process of the bot was first, or Discord waited too long
        try:
            await interaction.client.games.press(self, interaction)
        except Exception as error:
            await answer_error(interaction, error)


class _Guess(Gated, discord.ui.Modal):
    """Where an answer is typed that others do not see."""

    def __init__(self, game_id: str, number: int, locale: discord.Locale) -> None:
        say = words(locale)
        super().__init__(title=say("games-modal-title"), timeout=300)
        self._game_id, self._number = game_id, number
        self.text: discord.ui.TextInput[_Guess] = discord.ui.TextInput(label=say("games-modal-label"), max_length=100)
        self.add_item(self.text)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Has it judged."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.client.games.typed_in(self._game_id, self._number, self.text.value, interaction)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception) -> None:  # type: ignore[override]
        """As for a command."""
        await answer_error(interaction, error)


def marks(game_id: str, number: int) -> re.Pattern[str]:
    """What the custom ids of a round's buttons look like; with a negative number, of the post that ends a game."""
    return re.compile(rf"game:again:{game_id}:" if number < 0 else rf"game:(?:pick|hint|type):{game_id}:{number}:")


def _id(act: Act, game_id: str, number: int, choice: int) -> str:
    return f"game:{act}:{game_id}:{number}:{choice}"
