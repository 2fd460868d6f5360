"""What a job proposes to a server: personas, scenarios, greetings and lore, which go live when an admin approves.

A proposal is one document, by the id of the run that made it. Who decided is kept until they have themselves forgotten;
what was decided stays.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, computed_field

from actors.host import VirtualActor, exposed
from core.documents import DatabaseHandle, OwnedDocument, ids_where
from core.errors import RequestError
from core.messages import Kept
from core.personas import Greeting, Lore, Scenario
from core.wording import Wording

KIND = "proposal"

State = Literal["none", "open", "approved", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed to a server. `cards` are character cards as JSON, each a persona."""

    id: str
    guild_id: str
    cards: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    lore: tuple[Lore, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A proposal, how it stands, and whether what was approved is live."""

    proposal: Proposal
    state: State
    live: bool = False


class ProposalDocument(OwnedDocument):
    """How a proposal is stored."""

    guild_id: str = ""
    cards: list[str] = Field(default_factory=list)
    scenarios: list[Scenario] = Field(default_factory=list)
    greetings: list[Greeting] = Field(default_factory=list)
    lore: list[Lore] = Field(default_factory=list)
    state: State = "none"
    by: str = ""
    decided_ms: int = 0
    live: bool = False

    class Settings:
        """Beanie's own: the collection."""

        name = "proposals"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return [self.by] if self.by else []

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return self.state == "none"


class ProposalActor(VirtualActor[ProposalDocument]):
    """One proposal."""

    def __init__(self, key: str) -> None:
        super().__init__(key, ProposalDocument)

    @exposed
    async def open(self, proposal: Proposal) -> Decided:
        """Keeps it; one that is there already stays as it is."""
        document = self.document
        if document.state == "none":
            document.guild_id, document.cards = proposal.guild_id, list(proposal.cards)
            document.scenarios, document.greetings = list(proposal.scenarios), list(proposal.greetings)
            document.lore, document.state = list(proposal.lore), "open"
        return self._decided()

    @exposed
    async def view(self) -> Decided:
        """As it stands. Raises RequestError where there is none."""
        self._there()
        return self._decided()

    @exposed
    async def decide(self, approve: bool, guild_id: str, user_id: str) -> Decided:
        """An admin of `guild_id` decides; the first decision counts. Raises RequestError where there is no such
        proposal on that server."""
        document = self._there()
        if document.guild_id != guild_id:
            raise RequestError(
                Wording("refused-proposal", "There is no such proposal on this server."), field="proposal"
            )
        if document.state == "open":
            document.state, document.by = ("approved" if approve else "rejected"), user_id
            document.decided_ms = time.time_ns() // 1_000_000
        return self._decided()

    @exposed
    async def went_live(self) -> None:
        """What was approved is live now."""
        self.document.live = self.document.state == "approved"

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """That they decided on it."""
        document = self.document
        if document.by != user_id:
            return ()
        approved = Wording("kept-approved", "approved a proposal of the cast")
        text = approved if document.state == "approved" else Wording("kept-rejected", "rejected a proposal of the cast")
        return (Kept(kind="audit", channel_id="", message_id="", at_ms=document.decided_ms, text=text),)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets who that was. Returns how many things that were."""
        count = len(await self.kept_about(user_id))
        if count:
            self.document.by = ""
        return count

    @exposed
    async def clear(self) -> None:
        """There is no such proposal any more."""
        fresh = ProposalDocument(id=self.key)
        for name in ProposalDocument.model_fields:
            if name not in ("id", "rev", "revision_id"):
                setattr(self.document, name, getattr(fresh, name))

    def _there(self) -> ProposalDocument:
        if self.document.state == "none":
            raise RequestError(
                Wording("refused-proposal-gone", "This proposal is not there any more."), field="proposal"
            )
        return self.document

    def _decided(self) -> Decided:
        document = self.document
        parts: Mapping[str, Any] = {
            "cards": tuple(document.cards),
            "scenarios": tuple(document.scenarios),
            "greetings": tuple(document.greetings),
            "lore": tuple(document.lore),
        }
        proposal = Proposal(id=self.key, guild_id=document.guild_id, **parts)
        return Decided(proposal=proposal, state=document.state, live=document.live)


async def proposals_of(database: DatabaseHandle, guild_id: str) -> list[str]:
    """Ids of a server's proposals. Raises DatabaseUnavailable."""
    return await ids_where(database, ProposalDocument, {"guild_id": guild_id})
