"""The buttons below what a job proposed: an admin approves or rejects it, and what was approved goes live.

The proposal's actor keeps the decision before anything follows from it; each step that follows may be done twice, so a
press that was cut short is mended by pressing again.
"""

from __future__ import annotations

import enum
import re
from typing import Any, Self

import discord

from actors import additions
from actors.additions import Additions
from actors.guests import CARD, CAST, card_key
from actors.guild_book import GuildBook
from actors.proposals import KIND, Decided, Proposal
from actors.virtual import Actors
from bot.access import Access
from bot.commands.needs import manages_server
from bot.errors import answer_error
from bot.gate import Gated
from bot.language import words
from bot.ports import RetrievalApp
from bot.webhooks import NOBODY
from core.errors import RequestError
from core.personas import Guest

_GREEN, _GREY = 0x4CAF72, 0x6B7280


class Decision(enum.StrEnum):
    """What a button says; the value stands in its custom id."""

    APPROVE = "approve"
    REJECT = "reject"


class ProposalButton(
    Gated,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"proposal:(?P<decision>approve|reject):(?P<proposal>[\w-]{1,60})",
):
    """One of the two. The client that it is pressed in must have `proposals`."""

    def __init__(self, decision: Decision, proposal_id: str, locale: object = None) -> None:
        approve = decision is Decision.APPROVE
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.success if approve else discord.ButtonStyle.danger,
                label=words(locale)(f"proposal-button-{decision}"),
                custom_id=f"proposal:{decision}:{proposal_id}",
            )
        )
        self.decision, self.proposal_id = decision, proposal_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        return cls(Decision(match["decision"]), match["proposal"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Has the client act; whoever pressed is told, alone, where that was refused or failed."""
        try:
            manages_server(interaction)
            await interaction.response.defer()
        except discord.HTTPException:
            return  # another process of the bot was first, or Discord waited too long
        except Exception as error:
            await answer_error(interaction, error)
            return
        try:
            await interaction.client.proposals.press(self.decision, self.proposal_id, interaction)
        except Exception as error:
            await answer_error(interaction, error)


def buttons(proposal_id: str, locale: object) -> discord.ui.View:
    """Both buttons."""
    view = discord.ui.View(timeout=None)
    for decision in Decision:
        view.add_item(ProposalButton(decision, proposal_id, locale))
    return view


class Proposals:
    """The proposals of one connected client."""

    def __init__(self, actors: Actors, retrieval: RetrievalApp, guilds: GuildBook, access: Access) -> None:
        self._actors, self._retrieval, self._guilds, self._access = actors, retrieval, guilds, access

    async def press(self, decision: Decision, proposal_id: str, interaction: discord.Interaction[Any]) -> None:
        """An admin decided. Raises MissingPermissions for whoever is none, and TroupeError."""
        guild, user = manages_server(interaction), interaction.user
        approve = decision is Decision.APPROVE
        decided: Decided = await self._actors.call(KIND, proposal_id, "decide", approve, str(guild.id), str(user.id))
        left_out: tuple[str, ...] = ()
        if decided.state == "approved" and not decided.live:
            left_out = await self._go_live(decided.proposal)
            await self._actors.call(KIND, proposal_id, "went_live")
        if (decided.state == "approved") is approve:
            await self._access.audit(guild.id, user, f"proposal.{decision}", proposal_id)
        await self._show(decided, interaction)
        if left_out:
            say = words(interaction.locale)
            told = say("proposal-left-out", reasons=" ".join(map(say.render, left_out)))
            await interaction.followup.send(told, ephemeral=True, allowed_mentions=NOBODY)

    async def _go_live(self, proposal: Proposal) -> tuple[str, ...]:
        """Adds what was proposed; why some of it was left out. Raises TroupeError where it is to be tried again."""
        guild_id, reasons = proposal.guild_id, []
        for number, card in enumerate(proposal.cards):
            try:
                change = f"{proposal.id}-{number}"
                guest: Guest = await self._actors.call(CAST, guild_id, "put", card.encode(), "", change)
            except RequestError as error:  # the name was taken since, or the server has all the personas it may
                reasons.append(error.message)
                continue
            await self._actors.call(CARD, card_key(guild_id, guest.id), "put", card.encode(), None)
        parts = (proposal.scenarios, proposal.greetings, proposal.lore)
        if any(parts):
            added: Additions = await self._actors.call(additions.KIND, guild_id, "add", *parts)
            if proposal.lore:
                passages = tuple((one.title, one.text) for one in added.lore)
                await self._retrieval.keep(guild_id, additions.OWNER, passages)
        self._guilds.forget(guild_id)
        return tuple(reasons)

    async def _show(self, decided: Decided, interaction: discord.Interaction[Any]) -> None:
        """The message without its buttons, and how it was decided."""
        message, say = interaction.message, words(interaction.guild_locale)
        if message is None:
            return
        embeds = message.embeds[:1] or [discord.Embed()]
        approved = decided.state == "approved"
        embeds[0].colour = discord.Colour(_GREEN if approved else _GREY)
        embeds[0].set_footer(text=say("proposal-approved") if approved else say("proposal-rejected"))
        await interaction.edit_original_response(embeds=embeds, view=None, allowed_mentions=NOBODY)
