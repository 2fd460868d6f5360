"""What the bot asks of the rest of Troupe. The real things are given to the gateway by constructor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from core.messages import Delta, Passage, ReplyRequest, SearchQuery, Spoken


class Actors(Protocol):
    """The virtual actors: `kind` and `key` name one, `method` one of its public methods."""

    async def call(self, kind: str, key: str, method: str, *args: Any) -> Any:
        """The method's result. Raises what the method raises, or Unavailable where no host answers."""

    def stream(self, kind: str, key: str, method: str, *args: Any) -> AsyncIterator[Any]:
        """What the method yields. Raises as `call` does, also between two items."""


class PersonaApp(Protocol):
    """Composes a reply in a persona's voice."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """Deltas, then one Spoken. Raises TroupeError."""


class RetrievalApp(Protocol):
    """Finds lore."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises TroupeError."""
