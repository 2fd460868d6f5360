"""What the parts of the channel actor share: its handles, its state, who is here and what a persona knows.

`ChannelActor` (`actors/channel.py`) is joined from three parts over this one, each with a file of its own:
`ChannelReplies` makes answers, `ChannelStage` says who plays, `ChannelRights` shows and forgets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from actors.answering import Answering, PersonaApp
from actors.channel_document import ChannelDocument
from actors.channel_state import ChannelState
from actors.condensing import Condense, Condensed
from actors.generation import Generations
from actors.guild_book import GuildBook, Here
from actors.hand_over import HandOver
from actors.host import VirtualActor
from actors.leases import Leases
from actors.long_term import LongTermMemory
from actors.routing import ChannelRules
from actors.turn_record import TurnRecord, record_line
from core.messages import MemoryMode, Relation, ReplyRequest, SearchQuery, Spoken, Turn
from core.personas import Pack

# Has a model read ahead for an answer whose message is still empty. Raises TroupeError.
Prefill = Callable[[ReplyRequest], Awaitable[None]]


class LoreApp(Protocol):
    """Knows the cast's world."""

    async def relate(self, query: SearchQuery) -> Relation:
        """How the line has to do with it. Raises TroupeError."""
        ...


class ChannelBase(VirtualActor[ChannelDocument]):
    """One channel, without anything that may be called from outside."""

    def __init__(
        self,
        key: str,
        *,
        app: PersonaApp,
        pack: Pack,
        rules: ChannelRules,
        lore: LoreApp | None = None,
        guilds: GuildBook | None = None,
        memory: LongTermMemory | None = None,
        prefill: Prefill | None = None,
        condense: Condense | None = None,
    ) -> None:
        """With `prefill`, a model reads ahead for whoever is in conversation and begins to type; with `condense` one
        puts what was said before in fewer words."""
        super().__init__(key, ChannelDocument)
        self._memory = memory
        self._hand_over = HandOver(self, memory, self._memory_mode) if memory is not None else None
        self._answering = Answering(app, pack)
        self._lore = lore
        self._pack = pack
        self._guilds = guilds or GuildBook(pack, rules)
        self._generations = Generations(self.background)
        self._prefill = prefill
        self._condensed = Condensed(condense, self.background) if condense else None
        self._reading_ahead: asyncio.Task[None] | None = None
        self._leases = Leases()
        self._early: dict[str, str | None] = {}
        self._here: Here | None = None  # as it was last seen
        self._chosen: tuple[Pack, tuple[str, ...], Pack] | None = None

    @property
    def _state(self) -> ChannelState:
        return self.document.state

    async def _at(self, guild_id: str | None) -> Here:
        """What holds here."""
        self._here = await self._guilds.of(guild_id)
        return self._here

    async def _anew(self, guild_id: str | None) -> Here:
        """The same, read anew: who sets something may have made that persona a second ago."""
        if guild_id is not None:
            self._guilds.forget(guild_id)
        return await self._at(guild_id)

    async def _memory_mode(self, guild_id: str | None) -> MemoryMode:
        return (await self._guilds.of(guild_id)).rules.memory

    def _cast(self, here: Here) -> Pack:
        """The pack with whom of the cast speaks in this channel."""
        wanted = tuple(self._state.cast)
        if not wanted:
            return here.pack
        if self._chosen is None or self._chosen[0] is not here.pack or self._chosen[1] != wanted:
            self._chosen = here.pack, wanted, here.pack.with_cast(wanted)
        return self._chosen[2]

    def _name(self, persona_id: str) -> str:
        pack = self._here.pack if self._here else self._pack
        return next(
            (persona.name for persona in (*pack.personas, *self._pack.personas) if persona.id == persona_id), persona_id
        )

    def _recall(
        self, persona_id: str, rules: ChannelRules, now_ms: int, answering: TurnRecord | None = None
    ) -> tuple[Turn, ...]:
        """What the persona knows, without the message it is answering, with answers still on their way out."""
        lines = list(self._state.recall(persona_id, rules, now_ms))
        for record in self._state.open:
            if record.spoken is not None and record is not answering:
                lines.append(record_line(record, self._name(record.persona_id), now_ms))
        if answering is not None:
            # A turn that was called for together with another has the id of that one's answer, which is to be known.
            same = () if answering.chained == "asked" else (answering.message.id,)
            asked = (*answering.source_ids, *same) if answering.chained != "exchange" else same
            lines = [line for line in lines if line.message_id not in asked]
            if answering.again:
                before_ms = answering.sources[0].created_ms
                lines = [line for line in lines if line.at_ms < before_ms]
        return tuple(lines[-rules.memory_window :])

    def _drop(self, source_id: str, end: Spoken | str) -> None:
        """Ends a reply that is being made, and whoever was about to post of it posts no more."""
        self._leases.end(source_id)
        self._generations.drop(source_id, end)
