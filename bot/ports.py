"""What the bot asks of the rest of Troupe. The real things are given to the gateway by constructor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from actors.channel import PersonaApp
from core.messages import Passage, SearchQuery


class ChannelIndex(Protocol):
    """Which channels there are to look after, from the database rather than from every channel's actor."""

    async def with_open_turns(self) -> list[str]:
        """Ids of the channels in which an answer is not delivered yet. Raises TroupeError."""
        ...

    async def heard_since(self, since_ms: int) -> list[str]:
        """Ids of the channels in which something was heard since then, the latest first. Raises TroupeError."""
        ...


class RetrievalApp(Protocol):
    """Finds lore."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises TroupeError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Apps:
    """The Serve apps that commands ask directly."""

    persona: PersonaApp
    retrieval: RetrievalApp
