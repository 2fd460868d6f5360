"""The channel actor: hears every message of one channel, decides who answers, and sees each answer through.

`turn` is the life of one message up to its text; `posted` and `delivered` are how the gateway reports what stands in
Discord. Between the decision and the delivery a turn is *open* in the channel's document, and whoever survives a crash
goes on with it (docs/architecture.md, "Exactly one answer").

What a crash can lose: messages nobody answers are saved up to a second after they were heard, so the last of them may
be missing from memory. They were not answered, so being heard again does no harm.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Protocol

from actors.channel_state import ChannelDocument, ChannelState, TurnRecord, record_line
from actors.generation import Generation
from actors.host import VirtualActor, exposed
from actors.routing import ChannelRules, decide
from core.documents import DatabaseHandle, reachable
from core.errors import DatabaseUnavailable, StaleRevision
from core.messages import Delta, IncomingMessage, OpenTurn, ReplyEvent, ReplyRequest, Silent, Speaking, Spoken, Turn
from core.personas import Pack

log = logging.getLogger(__name__)

KIND = "channel"
_GRACE_S = 2.0  # the persona app keeps the deadline itself; this is for one that hangs
_RECORD_S = 60.0  # how long a finished text waits for a database that is away
_RESUMED_S = 10.0  # a turn taken up again after a crash gets at least this long


class PersonaApp(Protocol):
    """What answers in a persona's voice."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """Deltas, then exactly one Spoken."""
        ...


class ChannelActor(VirtualActor[ChannelDocument]):
    """One channel, by its Discord id. Bind all but the key with `functools.partial` to get its factory."""

    def __init__(self, key: str, *, app: PersonaApp, pack: Pack, rules: ChannelRules) -> None:
        super().__init__(key, ChannelDocument)
        self._app = app
        self._pack = pack
        self._rules = rules
        self._generations: dict[str, Generation] = {}
        self._work: dict[str, asyncio.Task[None]] = {}

    @property
    def _state(self) -> ChannelState:
        return self.document.state

    @exposed
    async def turn(self, message: IncomingMessage) -> AsyncIterator[ReplyEvent]:
        """The answer to `message`: Silent; or Speaking, Deltas and Spoken.

        Of a message that is being answered already it gives the same answer again, from what is recorded: the ids
        posted so far, and the text if it is known. The former listener hears Silent (`superseded`). A message whose
        answer was delivered is Silent (`duplicate`).
        """
        if message.author.bot:  # before anything is loaded: our own webhook messages come by here
            yield Silent(source_id=message.id, reason="loop_guard")
            return
        now_ms = _now_ms()
        async with self.exclusive() as section:
            resumed = self._state.find(message.id)
            if resumed is None and self._state.is_handled(message.id):
                outcome: TurnRecord | str = "duplicate"
            elif resumed is None:
                decision = decide(message, self._state, self._rules, self._pack, now_ms)
                opened = self._state.hear(message, decision, self._rules, now_ms)
                section.durable = opened is not None
                outcome = opened or decision.reason
            else:
                outcome = resumed
            history = self._recall(outcome.persona_id, now_ms, outcome) if isinstance(outcome, TurnRecord) else ()
        if isinstance(outcome, str):
            yield Silent(source_id=message.id, reason=outcome)
            return

        # No await between the section and here: nobody else can have started or ended this reply meanwhile.
        generation = self._generations.get(message.id)
        if generation is None and outcome.spoken is None:
            generation = self._generate(outcome, history, now_ms, resumed=resumed is not None)
        yield Speaking(
            source_id=message.id,
            persona_id=outcome.persona_id,
            trigger=outcome.trigger,
            reply_ids=tuple(outcome.reply_ids),
        )
        if generation is None:
            if outcome.spoken is not None:
                yield outcome.spoken
            return
        async with aclosing(generation.follow()) as events:
            async for event in events:
                yield event

    @exposed
    async def posted(self, source_id: str, reply_id: str) -> None:
        """`reply_id` now stands in the channel as (a part of) the answer to `source_id`."""
        self._state.post(source_id, [reply_id])

    @exposed
    async def delivered(self, source_id: str, reply_ids: tuple[str, ...]) -> None:
        """The whole answer to `source_id` stands in the channel in `reply_ids`; the turn is closed.

        Needs no `posted` before it. Raises RequestError where the text is not known yet.
        """
        record = self._state.find(source_id)
        speaker = self._name(record.persona_id) if record else ""
        self._state.deliver(source_id, reply_ids, speaker, self._rules, _now_ms())

    @exposed
    async def abandon(self, source_id: str, reason: str) -> None:
        """Closes a turn that cannot be delivered (channel deleted, permission lost); `reason` is for the log."""
        log.info("[ROUTER] turn %s of channel %s abandoned: %s", source_id, self.key, reason)
        self._state.abandon(source_id)
        if work := self._work.get(source_id):
            work.cancel()

    @exposed
    async def open_turns(self) -> tuple[OpenTurn, ...]:
        """The turns that are decided and not delivered, oldest first."""
        return tuple(record.as_open_turn() for record in self._state.open)

    @exposed
    async def known_replies(self) -> tuple[str, ...]:
        """Ids of the last messages we posted here, oldest first."""
        return tuple(reply.id for reply in self._state.replies)

    @exposed
    async def last_seen(self) -> str | None:
        """The highest message id heard here; what came after it while we were away is to be caught up on."""
        return self._state.last_seen

    @exposed
    async def set_persona(self, persona_id: str | None) -> str:
        """Makes a persona (by id or name) the one that answers here, None the pack's default. Returns its id."""
        self._state.persona_id = None if persona_id is None else self._pack.persona(persona_id).id
        return self._state.persona_id or self._pack.default_persona

    @exposed
    async def persona(self) -> str:
        """The id of the persona that answers here where nothing else decides."""
        return self._state.persona_id or self._pack.default_persona

    @exposed
    async def clear(self) -> None:
        """Forgets what was said here."""
        self._state.forget()

    @exposed
    async def history(self, persona_id: str | None = None) -> tuple[Turn, ...]:
        """What a persona (None: the one that answers here) knows of the channel, oldest first."""
        wanted = persona_id or self._state.persona_id or self._pack.default_persona
        return self._recall(wanted, _now_ms())

    def _recall(self, persona_id: str, now_ms: int, answering: TurnRecord | None = None) -> tuple[Turn, ...]:
        """What the persona knows, without the message it is answering, with answers still on their way out."""
        lines = list(self._state.recall(persona_id, self._rules, now_ms))
        for record in self._state.open:
            if record.spoken is not None and record is not answering:
                lines.append(record_line(record, self._name(record.persona_id), now_ms))
        if answering is not None:
            lines = [line for line in lines if line.message_id != answering.message.id]
        return tuple(lines[-self._rules.memory_window :])

    def _generate(self, record: TurnRecord, history: tuple[Turn, ...], now_ms: int, *, resumed: bool) -> Generation:
        """Starts the reply to an open turn; it goes on whether anybody listens or not."""
        deadline_ms = record.message.deadline_ms or now_ms + int(self._rules.reply_deadline_s * 1000)
        if resumed:
            deadline_ms = max(deadline_ms, now_ms + int(_RESUMED_S * 1000))
        request = ReplyRequest(
            persona_id=record.persona_id,
            message=record.message,
            history=history,
            deadline_ms=deadline_ms,
            traceparent=record.message.traceparent,
        )
        source_id = record.message.id
        generation = self._generations[source_id] = Generation(source_id)
        self._work[source_id] = self.background(self._run(generation, request))
        return generation

    async def _run(self, generation: Generation, request: ReplyRequest) -> None:
        source_id = request.message.id
        try:
            self._end(generation, await self._record(source_id, await self._ask(generation, request)))
        except asyncio.CancelledError:
            self._end(generation, Silent(source_id=source_id, reason="abandoned"))
        except Exception as error:
            # Not recorded, so the turn stays open: streaming it again asks for a new reply.
            self._end(generation, error)

    async def _record(self, source_id: str, spoken: Spoken) -> Spoken | Silent:
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
                    record.spoken = record.spoken or spoken
                    return record.spoken
            except (DatabaseUnavailable, StaleRevision):
                if time.monotonic() > deadline:
                    raise

    def _end(self, generation: Generation, end: Spoken | Silent | Exception) -> None:
        self._generations.pop(generation.source_id, None)
        self._work.pop(generation.source_id, None)
        generation.finish(end)

    async def _ask(self, generation: Generation, request: ReplyRequest) -> Spoken:
        """The persona app's reply, or the last resort where it fails or hangs."""
        remaining_s = ((request.deadline_ms or 0) - _now_ms()) / 1000
        try:
            async with asyncio.timeout(max(remaining_s, 0) + _GRACE_S):
                async for event in self._app.reply(request):
                    if isinstance(event, Delta):
                        generation.add(event.text)
                    elif event.text.strip():
                        return event
            log.warning("[ROUTER] the persona app gave no text for message %s", request.message.id)
        except Exception as error:
            log.warning("[ROUTER] the persona app failed on message %s: %r", request.message.id, error)
        return self._last_resort(request)

    def _last_resort(self, request: ReplyRequest) -> Spoken:
        """One of the persona's own lines for when it cannot think; the same for the same message."""
        personas = {persona.id: persona for persona in self._pack.personas}
        # A turn may outlive its persona: packs are edited between runs.
        persona = personas.get(request.persona_id) or personas[self._pack.default_persona]
        lines = persona.fallback_plain
        return Spoken(text=lines[zlib.crc32(request.message.id.encode()) % len(lines)], model="none", fallback=True)

    def _name(self, persona_id: str) -> str:
        known = {persona.id: persona.name for persona in self._pack.personas}
        return known.get(persona_id, persona_id)


async def channels_with_open_turns(database: DatabaseHandle) -> list[str]:
    """Ids of all channels that have an open turn. Raises DatabaseUnavailable."""
    async with reachable():
        found = database.collection(ChannelDocument).find({"open_turns": {"$gt": 0}}, projection={"_id": 1})
        return [document["_id"] async for document in found]


async def known_channels(database: DatabaseHandle, since_ms: int) -> list[str]:
    """Ids of the channels in which something was heard since then, the latest first. Raises DatabaseUnavailable."""
    async with reachable():
        found = database.collection(ChannelDocument).find({"seen_ms": {"$gte": since_ms}}, projection={"_id": 1})
        return [document["_id"] async for document in found.sort("seen_ms", -1)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
