"""An answer on several pages, to be turned with buttons by whoever asked for it."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.errors import answer_error
from bot.gate import Gated
from bot.language import Words, words

_TURNED_S = 600.0


class Pages(Gated, discord.ui.View):
    """The buttons below the pages. What is looked up anew easily need not outlive a restart: after that, or ten minutes
    without a press, whoever presses one is told to ask again."""

    def __init__(self, pages: Sequence[discord.Embed], asker_id: int, words: Words) -> None:
        """`pages` are at least one embed; each says in its footer which it is."""
        super().__init__(timeout=_TURNED_S)
        self.pages, self._asker_id = pages, asker_id
        self._at = 0
        self.back.label, self.on.label = words("page-back"), words("page-on")
        if len(pages) > 1:
            for number, page in enumerate(pages, start=1):
                place = words("page-of", page=number, pages=len(pages))
                page.set_footer(text=f"{page.footer.text} · {place}" if page.footer.text else place)
        self._show()

    async def send(self, interaction: discord.Interaction, *, ephemeral: bool = False) -> None:
        """Answer a deferred command with the first page."""
        if len(self.pages) == 1:
            await interaction.followup.send(embed=self.pages[0], ephemeral=ephemeral)
        else:
            await interaction.followup.send(embed=self.pages[0], view=self, ephemeral=ephemeral)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Others are told why not."""
        if interaction.user.id == self._asker_id:
            return await super().interaction_check(interaction)
        await interaction.response.send_message(words(interaction.locale)("page-not-yours"), ephemeral=True)
        return False

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def back(self, click: discord.Interaction, button: discord.ui.Button[Pages]) -> None:
        """One page back."""
        await self.turn(click, self._at - 1)

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def on(self, click: discord.Interaction, button: discord.ui.Button[Pages]) -> None:
        """One page on."""
        await self.turn(click, self._at + 1)

    async def turn(self, click: discord.Interaction, page: int) -> None:
        """Show a page."""
        self._at = min(max(page, 0), len(self.pages) - 1)
        self._show()
        await click.response.edit_message(embed=self.pages[self._at], view=self)

    async def on_error(self, click: discord.Interaction, error: Exception, item: discord.ui.Item[Pages]) -> None:
        """As for a command."""
        await answer_error(click, error)

    def _show(self) -> None:
        self.back.disabled, self.on.disabled = self._at == 0, self._at == len(self.pages) - 1


def in_pages(lines: Sequence[str], *, limit: int = 2000, most: int = 15) -> list[str]:
    """Lines as texts of at most `most` lines and `limit` characters; a longer line is cut."""
    pages: list[list[str]] = [[]]
    for line in (line[:limit] for line in lines):
        page = pages[-1]
        if page and (len(page) >= most or sum(map(len, page)) + len(page) + len(line) > limit):
            page = []
            pages.append(page)
        page.append(line)
    return ["\n".join(page) for page in pages]
