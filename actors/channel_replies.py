"""How an open turn of a channel gets its text: what the persona knows, the reply that is made of it, and its record."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.channel_base import ChannelBase, Prefill
from actors.generation import Generation
from actors.guild_book import Here
from actors.host import exposed
from actors.long_term import Recalled
from actors.turn_record import TurnRecord
from core import clock
from core.errors import DatabaseUnavailable, StaleRevision, TroupeError
from core.messages import Author, IncomingMessage, Memory, ReplyRequest, Silent, Spoken, Turn
from core.personas import Guest

log = logging.getLogger(__name__)

_RECORD_S = 60.0  # how long a finished text waits for a database that is away
_AHEAD_S = 10.0
_RESUMED_S = 10.0  # a turn taken up again after a crash gets at least this long


@dataclass(frozen=True, slots=True)
class _Known:
    """What a persona knows when it begins to answer; what is remembered for long is still being looked for."""

    history: tuple[Turn, ...]
    summary: str
    remembering: asyncio.Task[Recalled] | None
    scene: str = ""


class ChannelReplies(ChannelBase):
    """The replies that are being made, and what is read ahead for the next one."""

    @exposed
    async def expect(self, user_id: str, guild_id: str | None) -> bool:
        """Somebody begins to type. Where they are in conversation with a persona, memory and the model read beforehand
        what its answer will be written from, until the next turn begins. Returns whether they do."""
        here, now_ms = await self._at(guild_id), clock.now_ms()
        persona_id = self._state.in_conversation(user_id, here.rules, now_ms)
        reading = self._reading_ahead is not None and not self._reading_ahead.done()
        if self._prefill is None or persona_id is None or reading or self._state.busy(here.rules.busy_since(now_ms)):
            return False
        # The line that comes takes a place in the window.
        history = self._recall(persona_id, here.rules, now_ms)[-max(1, here.rules.memory_window - 1) :]
        said = (turn for turn in reversed(history) if turn.author_id == user_id and not turn.persona_id)
        coming = IncomingMessage(
            id="0",
            channel_id=self.key,
            guild_id=guild_id,
            author=Author(id=user_id, name=next((turn.speaker for turn in said), "")),
            content="",
            created_ms=now_ms,
        )
        request = ReplyRequest(
            persona_id=persona_id,
            message=coming,
            history=history,
            summary=self._told_before(history, now_ms)[0],
            guest=_guest(here, persona_id),
            scene=self._scene(now_ms),
            deadline_ms=now_ms + int(_AHEAD_S * 1000),
        )
        self._reading_ahead = self.background(self._read_ahead(self._prefill, here.rules.applied(request)))
        return True

    async def _read_ahead(self, prefill: Prefill, request: ReplyRequest) -> None:
        if self._memory is not None:
            await self._memory.read_ahead(request.message)
        try:
            await prefill(request)
        except TroupeError as error:
            log.debug("[ROUTER] nothing is read ahead in channel %s: %s", self.key, error)

    def _know(self, record: TurnRecord, now_ms: int, here: Here) -> _Known:
        """What the persona knows that answers an open turn. Where its answer begins now, what is remembered for long is
        looked for from here on, while the turn is saved."""
        history = self._recall(record.persona_id, here.rules, now_ms, record)
        summary, noted = self._told_before(history, now_ms)
        remembering = None
        if self._memory is not None and record.spoken is None and self._generations.get(record.message.id) is None:
            told = frozenset(turn.message_id for turn in history) | noted
            remembering = asyncio.create_task(self._memory.recall(record.message, without=told))
        return _Known(history, summary, remembering, self._scene(now_ms))

    def _told_before(self, history: Sequence[Turn], now_ms: int) -> tuple[str, frozenset[str]]:
        """The summary of what was said before `history`, and the messages of which it tells."""
        notes = self._state.fresh_notes(now_ms)
        ids = frozenset(note.message_id for note in notes)
        # Notes of lines that the prompt holds as they are would be told twice.
        apart = ids.isdisjoint(turn.message_id for turn in history)
        if self._condensed is not None and apart and (text := self._condensed.text(notes)):
            return text, ids
        summary = self._state.summary(history, now_ms)
        return summary, self._state.noted(summary)

    def _scene(self, now_ms: int) -> str:
        pack = self._here.pack if self._here else self._pack
        return self._state.scene.told(pack, now_ms) if self._state.scene else ""

    def _generate(self, record: TurnRecord, known: _Known, now_ms: int, here: Here, *, resumed: bool) -> Generation:
        """Starts the reply to an open turn; it goes on whether anybody listens or not."""
        if self._reading_ahead is not None:
            self._reading_ahead.cancel()
        deadline_ms = record.message.deadline_ms or now_ms + int(here.rules.reply_deadline_s * 1000)
        if resumed:
            deadline_ms = max(deadline_ms, now_ms + int(_RESUMED_S * 1000))
        request = ReplyRequest(
            persona_id=record.persona_id,
            message=record.message,
            history=known.history,
            summary=known.summary,
            attempt=record.revision if record.again else 0,
            guest=_guest(here, record.persona_id),
            scene=known.scene,
            deadline_ms=deadline_ms,
            traceparent=record.message.traceparent,
        )
        asked = here.rules.applied(request)
        return self._generations.begin(
            record.message.id, lambda generation: self._run(generation, asked, known.remembering)
        )

    async def _restart(self, record: TurnRecord) -> None:
        """Has the reply that is being made to an open turn start over. Where none is, the next `turn` makes one."""
        here = await self._at(record.message.guild_id)
        source_id, now_ms = record.message.id, clock.now_ms()
        if (former := self._generations.get(source_id)) is None:
            return
        self._drop(source_id, "restarted")
        known = self._know(record, now_ms, here)
        former.successor = record, self._generate(record, known, now_ms, here, resumed=True)

    async def _run(
        self,
        generation: Generation,
        request: ReplyRequest,
        remembering: asyncio.Task[Recalled] | None,
    ) -> None:
        source_id = request.message.id
        try:
            if remembering is not None:
                recalled = await remembering
                request = replace(request, memories=recalled.memories, vector=recalled.vector)
            spoken = await self._answering.ask(generation, request)
            self._generations.end(generation, await self._record(source_id, spoken, request.memories))
        except asyncio.CancelledError:
            self._generations.end(generation, Silent(source_id=source_id, reason="abandoned"))
        except Exception as error:
            # Not recorded, so the turn stays open: streaming it again asks for a new reply.
            self._generations.end(generation, error)

    async def _record(self, source_id: str, spoken: Spoken, memories: tuple[Memory, ...]) -> Spoken | Silent:
        """Saves the text of an open turn and returns what its listener is to be told.

        Keeps trying while the database is away, since the text cost a model's time. Where another process recorded a
        text first (both took this channel for theirs), that one stands: a text once told is never told otherwise.
        """
        deadline = time.monotonic() + _RECORD_S
        while True:
            try:
                async with self.exclusive():
                    record = self._state.find(source_id)
                    if record is None:
                        return Silent(source_id=source_id, reason="abandoned")
                    if record.spoken is None:
                        record.spoken = spoken
                        self._state.saw(source_id, spoken.pictures)
                        self._state.answered(source_id, spoken, memories)
                    return record.spoken
            except (DatabaseUnavailable, StaleRevision):
                if time.monotonic() > deadline:
                    raise


def _guest(here: Here, persona_id: str) -> Guest | None:
    return next((one for one in here.pack.personas if one.id == persona_id and isinstance(one, Guest)), None)
