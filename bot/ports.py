"""What the bot asks of the rest of Troupe. The real things are given to the gateway by constructor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import discord

from actors import answering
from actors.memory_scopes import Saying
from actors.people import PeopleIndex
from actors.points_queries import Board, Page
from core.messages import GenerateChunk, GenerateRequest, Passage, SearchQuery

Refuse = Callable[[discord.Interaction[Any], Exception], Awaitable[None]]
"""Tells whoever pressed a button why nothing came of it; never raises."""


class ChannelIndex(PeopleIndex, Protocol):
    """Which channels there are to look after, from the database rather than from every channel's actor."""

    async def with_open_turns(self) -> list[str]:
        """Ids of the channels in which an answer is not delivered yet. Raises TroupeError."""
        ...

    async def with_games(self) -> list[str]:
        """Ids of the channels whose game somebody has to look after. Raises TroupeError."""
        ...

    async def heard_since(self, since_ms: int) -> list[str]:
        """Ids of the channels in which something was heard since then, the latest first. Raises TroupeError."""
        ...

    async def to_prune(self, lines_before_ms: int, notes_before_ms: int) -> list[str]:
        """Ids of the channels that hold lines or notes from before then. Raises TroupeError."""
        ...

    async def proposals_of(self, guild_id: str) -> list[str]:
        """Ids of a server's proposals. Raises TroupeError."""
        ...

    async def unsettled_drops(self, guild_id: str | None = None) -> list[str]:
        """Ids of the drops, of one server or all, of which something is left to be done. Raises TroupeError."""
        ...

    async def leaderboard(self, board: Board, skip: int, limit: int) -> Page:
        """A page of a leaderboard. Raises TroupeError."""
        ...

    async def place_of(self, board: Board, points: int) -> int:
        """The place on a leaderboard of who has so many points. Raises TroupeError."""
        ...

    async def names_on(self, guild_id: str, user_ids: Sequence[str]) -> dict[str, str]:
        """How people are shown on a server, of those who are known there. Raises TroupeError."""
        ...


class RetrievalApp(Protocol):
    """Finds lore."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises TroupeError."""
        ...

    async def keep(self, guild_id: str, owner: str, passages: tuple[tuple[str, str], ...]) -> int:
        """Has a guild find these passages (titles and texts) of `owner`, in place of any it had. Raises TroupeError."""

    async def reload(self) -> tuple[int, int]:
        """Reads the pack's lore again; how many passages are new, and gone. Raises PackError and TroupeError."""
        ...


class HealthApp(Protocol):
    """Knows how the parts of Troupe are."""

    async def states(self) -> Mapping[str, tuple[str, str]]:
        """State (`ready`, `idle`, `starting` or `failed`) and detail of each component. Raises TroupeError."""
        ...


class SchedulerApp(Protocol):
    """Has jobs run when they are due."""

    async def wake(self, guild_id: str) -> None:
        """Looks at a server's schedule at once, since it was changed. Raises TroupeError."""
        ...


class PersonaApp(answering.PersonaApp, Protocol):
    """What answers in a persona's voice, and can be woken."""

    async def warm(self) -> None:
        """Has the language model awake, in however long that takes. Raises TroupeError."""
        ...


class MemoryApp(Protocol):
    """Remembers for long."""

    async def teach(self, guild_id: str, saying: Saying) -> str:
        """Keeps a sentence for a whole server; returns it. Raises TroupeError."""
        ...


class AdapterInfo(Protocol):
    """A LoRA adapter: its name, its folder, and the personas that speak with it."""

    @property
    def name(self) -> str:
        """As the API and `troupe adapter` call it."""
        ...

    @property
    def path(self) -> str:
        """The folder, on the machine of the language model."""
        ...

    @property
    def personas(self) -> Sequence[str]:
        """Ids; nobody where it is only used when asked for."""
        ...


class ModelsApp(Protocol):
    """The models themselves. Only `generate` and `assign` wake one."""

    @property
    def base(self) -> str:
        """The language model that adapters are made for."""
        ...

    def generate(self, request: GenerateRequest) -> AsyncIterator[GenerateChunk]:
        """The text as it comes. Raises TroupeError."""
        ...

    async def states(self) -> Mapping[str, tuple[str, str]]:
        """How each application is, `waiting`, `starting`, `ready`, `idle` or `failed`, with a few words. Raises
        TroupeError."""
        ...

    async def adapters(self) -> Sequence[AdapterInfo]:
        """The registered adapters, by name. Raises TroupeError."""
        ...

    async def assign(self, adapter: str, personas: Sequence[str]) -> None:
        """Has these personas, and nobody else, speak with a registered adapter from now on; one who spoke with another
        leaves it. Raises TroupeError, of which RequestError where there is none of that name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Apps:
    """What commands ask directly."""

    persona: PersonaApp
    retrieval: RetrievalApp
    memory: MemoryApp | None = None
    models: ModelsApp | None = None
    health: HealthApp | None = None
    scheduler: SchedulerApp | None = None
