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
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from actors import scenes
from actors.answering import Answering, PersonaApp
from actors.bursts import joins
from actors.chain import MAX_EXCHANGE
from actors.channel_state import ChannelDocument, ChannelState
from actors.decisions import DecisionRecord
from actors.generation import Generation, Generations
from actors.guild_book import GuildBook, Here
from actors.hand_over import HandOver
from actors.host import VirtualActor, exposed
from actors.leases import Leases
from actors.long_term import MAX_CHARS, LongTermMemory, Recalled
from actors.memory_scopes import Saying
from actors.routing import ChannelRules, Decision, decide, wants_relation
from actors.turn_record import TurnRecord, nothing_of, record_line, saying_of
from core.errors import DatabaseUnavailable, RequestError, StaleRevision, TroupeError
from core.messages import (
    Author,
    IncomingMessage,
    Kept,
    Lease,
    Memory,
    MemoryMode,
    OpenTurn,
    Relation,
    ReplyEvent,
    ReplyRequest,
    SearchQuery,
    Silent,
    Speaking,
    Spoken,
    Trigger,
    Turn,
)
from core.personas import Guest, Pack, Scenario
from core.prompts import one_line
from core.wording import Wording

log = logging.getLogger(__name__)

KIND = "channel"
_RECORD_S = 60.0  # how long a finished text waits for a database that is away
_RELATE_S = 1.5
_AHEAD_S = 10.0
_RESUMED_S = 10.0  # a turn taken up again after a crash gets at least this long
_MOST_EARLY = 64


# Has a model read ahead for an answer whose message is still empty. Raises TroupeError.
Prefill = Callable[[ReplyRequest], Awaitable[None]]


class LoreApp(Protocol):
    """Knows the cast's world."""

    async def relate(self, query: SearchQuery) -> Relation:
        """How the line has to do with it. Raises TroupeError."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What a persona knows when it begins to answer; what is remembered for long is still being looked for."""

    history: tuple[Turn, ...]
    summary: str
    remembering: asyncio.Task[Recalled] | None
    scene: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Who answers in a channel where nobody else is called: who was set here, else the `default` of the server or of
    the operator. `cast` are those that alone speak here, nobody for everybody."""

    set_here: str | None
    default: str
    cast: tuple[str, ...]
    exchange: int


class ChannelActor(VirtualActor[ChannelDocument]):
    """One channel, by its Discord id. Bind all but the key with `functools.partial` to get its factory."""

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
    ) -> None:
        """With `prefill`, a model reads ahead for whoever is in conversation and begins to type."""
        super().__init__(key, ChannelDocument)
        self._memory = memory
        self._hand_over = HandOver(self, memory, self._memory_mode) if memory is not None else None
        self._answering = Answering(app, pack)
        self._lore = lore
        self._pack = pack
        self._guilds = guilds or GuildBook(pack, rules)
        self._generations = Generations(self.background)
        self._prefill = prefill
        self._reading_ahead: asyncio.Task[None] | None = None
        self._leases = Leases()
        self._early: dict[str, str | None] = {}
        self._here: Here | None = None  # as it was last seen
        self._chosen: tuple[Pack, tuple[str, ...], Pack] | None = None

    @property
    def _state(self) -> ChannelState:
        return self.document.state

    @exposed
    async def turn(self, message: IncomingMessage, unsent: tuple[str, ...] = ()) -> AsyncIterator[ReplyEvent]:
        """The answer to `message`: Silent; or Speaking, Deltas and Spoken.

        `unsent` are turns of the same author here for which the caller has posted nothing yet. The message may join
        one of them (`actors.bursts`): that one's listener hears Silent (`superseded`), and both get one answer here.
        Where the question changes on the way, Speaking comes again and the answer starts over.

        Of a message that is being answered already it gives the same answer again, from what is recorded: the ids
        posted so far, and the text if it is known. The former listener hears Silent (`superseded`). A message whose
        answer was delivered is Silent (`duplicate`).
        """
        if message.author.bot:  # before anything is loaded: our own webhook messages come by here
            yield Silent(source_id=message.id, reason="loop_guard")
            return
        here = await self._at(message.guild_id)
        relation = await self._relate(message, here)
        now_ms = _now_ms()
        former: str | None = None
        async with self.exclusive() as section:
            resumed = self._state.find(message.id)
            content = self._early.get(message.id, message.content)
            message = replace(message, content=content or "")
            if content is None:
                outcome: TurnRecord | str = "deleted"
            elif resumed is None and self._state.is_handled(message.id):
                outcome = "superseded" if self._state.covering(message.id) else "duplicate"
            elif resumed is None:
                decision = decide(message, self._state, here.rules, self._cast(here), now_ms, relation)
                self._interrupt()
                opened = self._unsent(message, decision, unsent)
                if opened is not None:
                    former = opened.message.id
                    self._state.join(opened, message, decision.reason, here.rules, now_ms)
                else:
                    opened = self._state.hear(message, decision, here.rules, now_ms)
                section.durable = opened is not None
                outcome = opened or decision.reason
                log.log(logging.INFO if opened else logging.DEBUG, "[ROUTER] message %s: %s", message.id, decision)
            else:
                outcome = resumed
            if isinstance(outcome, TurnRecord):
                known = self._know(outcome, now_ms, here)
            self._gather()
        if isinstance(outcome, str):
            yield Silent(source_id=message.id, reason=outcome)
            return

        # No await between the section and here: nobody else can have started or ended this reply meanwhile.
        if former is not None:
            self._drop(former, "superseded")
        generation = self._generations.get(message.id)
        if generation is None and outcome.spoken is None:
            generation = self._generate(outcome, known, now_ms, here, resumed=resumed is not None)
        if generation is None:
            yield _speaking(outcome)
            if outcome.spoken is not None:
                yield outcome.spoken
            return
        while generation is not None:
            following, generation = generation, None
            yield _speaking(outcome)
            async with aclosing(following.follow()) as events:
                async for event in events:
                    if following.successor is not None:
                        outcome, generation = following.successor
                        break
                    yield event

    @exposed
    async def expect(self, user_id: str, guild_id: str | None) -> bool:
        """Somebody begins to type. Where they are in conversation with a persona, the model reads beforehand what its
        answer will be written from, until the next turn begins. Returns whether it does."""
        here, now_ms = await self._at(guild_id), _now_ms()
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
            summary=self._state.summary(history, now_ms),
            guest=_guest(here, persona_id),
            scene=self._scene(now_ms),
            deadline_ms=now_ms + int(_AHEAD_S * 1000),
        )
        self._reading_ahead = self.background(self._read_ahead(self._prefill, here.rules.applied(request)))
        return True

    @exposed
    async def lease(self, source_id: str, holder: str, revision: int = 0) -> Lease:
        """Asks whether `holder` may post (a part of) the answer to `source_id` that it has read at `revision`.

        Granted to one holder at a time, until `posted` or for `actors.leases.LEASE_S`; from then on no message joins
        the turn any more. Costs no write.
        """
        record = self._state.find(source_id)
        if record is None:
            return Lease(state="over")
        if record.revision != revision:
            return Lease(state="changed")
        granted = self._leases.take(source_id, holder)
        return Lease(state="granted" if granted else "wait", reply_ids=tuple(record.reply_ids))

    @exposed
    async def posted(self, source_id: str, reply_id: str) -> None:
        """`reply_id` now stands in the channel as (a part of) the answer to `source_id`."""
        self._state.post(source_id, [reply_id])
        self._leases.end(source_id)

    @exposed
    async def delivered(
        self, source_id: str, reply_ids: tuple[str, ...], text: str | None = None
    ) -> IncomingMessage | None:
        """The whole answer to `source_id` stands in the channel in `reply_ids`; the turn is closed. `text` is what
        stands there where that is less than was spoken. Where somebody goes on (`actors.chain`), that turn is open
        now: the message that is returned is to be streamed by `turn`.

        Needs no `posted` before it. Raises RequestError where the text is not known yet.
        """
        record = self._state.find(source_id)
        here = self._here or await self._at(record.message.guild_id if record else None)
        speaker, now_ms = self._name(record.persona_id) if record else "", _now_ms()
        self._state.deliver(source_id, reply_ids, speaker, here.rules, now_ms, text)
        if record is not None:
            self._state.go_on(record, self._cast(here), now_ms)
        self._leases.end(source_id)
        self._gather()
        following = self._state.chained_after(reply_ids)
        return following.message if following else None

    @exposed
    async def abandon(self, source_id: str, reason: str) -> None:
        """Closes a turn that cannot be delivered (channel deleted, permission lost); `reason` is for the log."""
        log.info("[ROUTER] turn %s of channel %s abandoned: %s", source_id, self.key, reason)
        self._state.abandon(source_id)
        self._drop(source_id, "abandoned")

    @exposed
    async def revise(self, message: IncomingMessage) -> None:
        """A message was edited: an answer of which nothing was sent yet starts over, and memory says what it says."""
        self._come_early(message.id, message.content)
        here = await self._at(message.guild_id)
        record = self._state.covering(message.id)
        # Long-term memory takes the new text of a line that it had or has coming, not of a command or a line of old.
        kept = here.rules.allows(message) and here.rules.long_term and self._state.remembers(message.id)
        changed = self._state.revise(message.id, message.content, sent=self._is_sent(record))
        saying = saying_of(message)
        self._withdraw(saying if kept else replace(saying, text="", reply_to=None))
        if changed is not None:
            await self._restart(changed)

    @exposed
    async def retract(self, message_id: str, guild_id: str | None = None) -> bool:
        """A message was deleted: its line and note leave memory, and an answer to nothing else ends where it stands.
        Returns whether no answer to it is under way (any more)."""
        self._come_early(message_id, None)
        record = self._state.covering(message_id)
        revision = record.revision if record else 0
        author_id = self._state.author_of(message_id)
        left = self._state.retract(message_id, sent=self._is_sent(record))
        self._withdraw(nothing_of(message_id, author_id, self.key, guild_id))
        if record is not None and left is None:
            self._drop(record.message.id, "abandoned")
        elif left is not None and left.revision != revision:
            await self._restart(left)
        return left is None

    @exposed
    async def stop(self, source_id: str, user_id: str, moderator: bool) -> str:
        """Ends the answer to `source_id` where it stands, for its author, whose id is returned, or a moderator.

        Raises RequestError for anybody else, and where no answer is under way.
        """
        record = self._state.find(source_id)
        if record is None:
            raise RequestError(
                Wording("refused-answer-complete", "This answer is complete already."), field="source_id"
            )
        _allow(record.message.author.id, user_id, moderator)
        if record.spoken is None:
            generation = self._generations.get(source_id)
            text = generation.text if generation else ""
            record.spoken = Spoken(text=text, model="stopped", stopped=True)
            self.background(self._end_stopped(source_id))
        return record.message.author.id

    @exposed
    async def renewable(self, source_id: str, user_id: str, moderator: bool) -> tuple[str, ...]:
        """Ids of the messages that the delivered answer to `source_id` is to, for their author or a moderator.

        Raises RequestError for anybody else, and where that answer is under way or not known any more.
        """
        if self._state.find(source_id) is not None:
            raise RequestError(
                Wording("refused-answer-written", "This answer is still being written."), field="source_id"
            )
        if (answer := self._state.answer_to(source_id)) is None:
            raise RequestError(
                Wording("refused-answer-old", "This answer is too long ago to be given anew."), field="source_id"
            )
        _allow(answer.author_id, user_id, moderator)
        return answer.source_ids

    @exposed
    async def renew(
        self, source_id: str, parts: tuple[IncomingMessage, ...], user_id: str, moderator: bool
    ) -> IncomingMessage:
        """Opens the turn of a delivered answer once more: the message that is returned is to be streamed by `turn`, and
        its answer takes the place of the former one. `parts` are the messages of `renewable` as they stand now.

        Raises as `renewable`. One that is open already is the same renewal, asked for again.
        """
        record = self._state.find(source_id)
        if record is None or not record.again:
            await self.renewable(source_id, user_id, moderator)
            return self._state.reopen(source_id, parts, _now_ms()).message
        _allow(record.message.author.id, user_id, moderator)
        return record.message

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
        """The highest message id heard here."""
        return self._state.last_seen

    @exposed
    async def known_since(self) -> str | None:
        """The id after which every message that is not known was missed, and is to be caught up on."""
        self._gather()  # asked at each return, so what a crash left in the outbox goes on
        return self._state.known_since

    @exposed
    async def unheard(self, message_ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the messages that were never heard here."""
        return tuple(message_id for message_id in message_ids if not self._state.is_handled(message_id))

    @exposed
    async def not_for_us(self, message_id: str) -> None:
        """A message was a command or an answer in a game: nobody speaks to it, also not when it is caught up on."""
        if not self._state.is_handled(message_id):
            self._state.pass_over(message_id)

    @exposed
    async def set_persona(self, persona_id: str | None, guild_id: str | None = None) -> str:
        """Makes a persona (by id or name) the one that answers here, None the default. Returns its id. Raises
        UnknownPersona, also for one that the guild does not let speak."""
        cast = self._cast(await self._anew(guild_id))
        self._state.persona_id = None if persona_id is None else cast.persona(persona_id).id
        return self._state.persona_id or cast.default_persona

    @exposed
    async def persona(self, guild_id: str | None = None, wanted: str | None = None) -> str:
        """The id of the persona that answers here where nothing else decides, or of the one that is wanted. Raises
        UnknownPersona for one that may not speak here."""
        cast = self._cast(await (self._at(guild_id) if wanted is None else self._anew(guild_id)))
        if wanted is not None:
            return cast.persona(wanted).id
        known = any(persona.id == self._state.persona_id for persona in cast.personas)
        return self._state.persona_id if known and self._state.persona_id else cast.default_persona

    @exposed
    async def stage(self, guild_id: str | None = None) -> Stage:
        """Who answers here and who speaks here at all."""
        cast = self._cast(await self._anew(guild_id))
        known = any(persona.id == self._state.persona_id for persona in cast.personas)
        return Stage(
            set_here=self._state.persona_id if known else None,
            default=cast.default_persona,
            cast=tuple(persona.id for persona in cast.personas) if self._state.cast else (),
            exchange=self._state.exchange,
        )

    @exposed
    async def set_cast(
        self, persona_ids: tuple[str, ...], guild_id: str | None = None, exchange: int | None = None
    ) -> Stage:
        """Has only these personas (by id or name) speak here, everybody for none; with `exchange`, those that are
        called together exchange that many lines more. Raises UnknownPersona, RequestError."""
        if exchange is not None and not 0 <= exchange <= MAX_EXCHANGE:
            told = Wording("refused-exchange", "Personas may exchange 0 to {most} lines.", most=MAX_EXCHANGE)
            raise RequestError(told, field="lines")
        here = await self._anew(guild_id)
        self._state.cast = list(dict.fromkeys(here.pack.persona(one).id for one in persona_ids))
        self._state.exchange = self._state.exchange if exchange is None else exchange
        return await self.stage(guild_id)

    @exposed
    async def spoke(
        self,
        reply_id: str,
        persona_id: str,
        text: str,
        to_id: str | None,
        guild_id: str | None,
        trigger: Trigger = "command",
    ) -> None:
        """A persona said something here that answers nobody: it is remembered, and replies to it are for that persona.
        `to_id` is the person whom it was said to, if anybody; `trigger` is a command or a job."""
        here = await self._at(guild_id)
        now_ms = _now_ms()
        line = Turn(
            message_id=reply_id,
            speaker=self._name(persona_id),
            text=text,
            at_ms=now_ms,
            persona_id=persona_id,
            author_id=to_id,
        )
        self._state.speak(line, guild_id, trigger, here.rules, now_ms)

    @exposed
    async def answered(self, reply_id: str, persona_id: str, spoken: Spoken, traceparent: str | None) -> None:
        """A command was answered in `reply_id`, as a persona or (empty) as nobody: how that came about is kept for
        `why`, and nothing of what was said."""
        self._state.asked(reply_id, persona_id, spoken, traceparent, _now_ms())

    @exposed
    async def open_scene(self, scenario_id: str, scene_id: str, guild_id: str | None) -> Scenario:
        """Has the channel play a scenario, which is returned. A `scene_id` that is known does nothing. Raises
        RequestError where another one runs or nobody may open it."""
        here = await self._at(guild_id)
        scenario = here.pack.scenario(scenario_id)
        cast = [persona.id for persona in self._cast(here).personas]
        self._state.scene = scenes.begun(self._state.scene, scene_id, scenario, cast, _now_ms(), guild_id or "")
        return scenario

    @exposed
    async def scene(self) -> scenes.Scene | None:
        """The scene that the channel plays or played last."""
        return self._state.scene

    @exposed
    async def withdraw_scene(self, scene_id: str) -> None:
        """A scene of that id could not be announced: the channel does not play it."""
        if self._state.scene is not None and self._state.scene.id == scene_id:
            self._state.scene = None

    @exposed
    async def end_scene(self, reveal: bool, scene_id: str | None = None) -> scenes.Scene | None:
        """Ends it; with `reveal`, its answer is told. Where `scene_id` is given, only the scene of that id. Raises
        RequestError where there is none."""
        if scene_id is not None and (self._state.scene is None or self._state.scene.id != scene_id):
            return self._state.scene
        self._state.scene = scenes.ended(self._state.scene, reveal=reveal, now_ms=_now_ms())
        return self._state.scene

    @exposed
    async def why(self, message_id: str | None = None) -> tuple[DecisionRecord, ...]:
        """What was decided on a message (or on the one that our message of that id answers), nothing where that is no
        longer known; without an id the last decisions, oldest first."""
        if message_id is None:
            return tuple(self._state.decisions)
        found = self._state.why(message_id)
        return (found,) if found else ()

    @exposed
    async def clear(self) -> None:
        """Forgets what was said here. Raises Unavailable where some of it is on its way to long-term memory."""
        self._state.forget()
        await self._nothing_under_way()

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here that comes from a person or was said to them."""
        return self._state.kept_about(user_id, self.key)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets that, and ends the answers to them that are under way. Returns how many things that were.

        What is on its way to long-term memory has arrived there when this returns, so that whoever then has long-term
        memory forget the person finds it. Raises Unavailable where it does not arrive.
        """
        count = len(self._state.kept_about(user_id, self.key))
        for source_id in self._state.forget_person(user_id):
            self._drop(source_id, "abandoned")
        await self._nothing_under_way()
        return count

    @exposed
    async def remembered(self) -> frozenset[str]:
        """The people of whom something may outlast the last lines. Knows the server's settings of now."""
        await self._anew(self._state.guild_id or None)
        return self._state.remembered()

    @exposed
    async def forget_for_long(self, people: frozenset[str]) -> int:
        """Forgets the notes of people and makes none of what they said until now; returns how many there were.
        Nothing is on its way to long-term memory when this returns. Raises Unavailable where that takes too long."""
        count = len(self._state.notes)
        self._state.unwelcome(people)
        await self._nothing_under_way()
        return count - len(self._state.notes)

    @exposed
    async def prune(self) -> None:
        """Drops what is past its time."""
        here = await self._at(self._state.guild_id or None)
        self._state.prune(here.rules, _now_ms())

    @exposed
    async def history(self, persona_id: str | None = None) -> tuple[Turn, ...]:
        """What a persona (None: the one that answers here) knows of the channel, oldest first."""
        wanted = persona_id or self._state.persona_id or self._pack.default_persona
        here = await self._at(self._state.guild_id or None)
        return self._recall(wanted, here.rules, _now_ms())

    async def _relate(self, message: IncomingMessage, here: Here) -> Relation | None:
        """How the message has to do with the lore, where that decides anything. The channel is not held while that is
        found out, so that others need not wait for it."""
        if self._lore is None or not here.rules.speaks_unasked(message.channel_id):
            return None
        now_ms = _now_ms()
        async with self.exclusive():
            new, cast = not self._state.is_handled(message.id), self._cast(here)
            if not (new and wants_relation(message, self._state, here.rules, cast, now_ms)):
                return None
        query = SearchQuery(
            text=one_line(message.content)[:MAX_CHARS],  # as memory and retrieval ask for it, so it is embedded once
            limit=1,
            pack=self._pack.id,
            guild_id=message.guild_id,
            personas=tuple((one.id, one.told) for one in cast.personas),
            deadline_ms=now_ms + int(_RELATE_S * 1000),
        )
        try:
            return await self._lore.relate(query)
        except TroupeError as error:
            log.warning("[ROUTER] message %s is judged without its relevance: %s", message.id, error)
            return None

    async def _read_ahead(self, prefill: Prefill, request: ReplyRequest) -> None:
        try:
            await prefill(request)
        except TroupeError as error:
            log.debug("[ROUTER] nothing is read ahead in channel %s: %s", self.key, error)

    def _come_early(self, message_id: str, content: str | None) -> None:
        """An edit or a deletion (None) may overtake its message on the way here, which then counts as it stands."""
        if not self._state.is_handled(message_id):
            self._early[message_id] = content
            while len(self._early) > _MOST_EARLY:
                del self._early[next(iter(self._early))]

    def _unsent(self, message: IncomingMessage, decision: Decision, unsent: tuple[str, ...]) -> TurnRecord | None:
        """The open turn, one of `unsent`, that the message joins."""
        to_cast = message.reply_to is not None and self._state.replied_as(message.reply_to) is not None
        for record in reversed(self._state.open):
            waits = record.message.id in unsent and not self._is_sent(record) and record.chained != "exchange"
            if waits and joins(message, decision, record.sources, record.persona_id, to_cast=to_cast):
                return record
        return None

    def _is_sent(self, record: TurnRecord | None) -> bool:
        """Whether something was posted for the turn, or is just being posted."""
        return record is not None and (bool(record.reply_ids) or self._leases.holder(record.message.id) is not None)

    def _drop(self, source_id: str, end: Spoken | str) -> None:
        """Ends a reply that is being made, and whoever was about to post of it posts no more."""
        self._leases.end(source_id)
        self._generations.drop(source_id, end)

    async def _end_stopped(self, source_id: str) -> None:
        """Once it is saved that an answer was stopped, its listener hears so."""
        async with self.exclusive():
            record = self._state.find(source_id)
            if record is not None and record.spoken is not None:
                self._drop(source_id, record.spoken)

    async def _restart(self, record: TurnRecord) -> None:
        """Has the reply that is being made to an open turn start over. Where none is, the next `turn` makes one."""
        here = await self._at(record.message.guild_id)
        source_id, now_ms = record.message.id, _now_ms()
        if (former := self._generations.get(source_id)) is None:
            return
        self._drop(source_id, "restarted")
        known = self._know(record, now_ms, here)
        former.successor = record, self._generate(record, known, now_ms, here, resumed=True)

    def _know(self, record: TurnRecord, now_ms: int, here: Here) -> _Known:
        """What the persona knows that answers an open turn. Where its answer begins now, what is remembered for long is
        looked for from here on, while the turn is saved."""
        history = self._recall(record.persona_id, here.rules, now_ms, record)
        summary = self._state.summary(history, now_ms)
        remembering = None
        if self._memory is not None and record.spoken is None and self._generations.get(record.message.id) is None:
            told = frozenset(turn.message_id for turn in history) | self._state.noted(summary)
            remembering = asyncio.create_task(self._memory.recall(record.message, without=told))
        return _Known(history, summary, remembering, self._scene(now_ms))

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

    def _gather(self) -> None:
        """Has what may be worth keeping for long handed over, soon and beside everything else."""
        if self._hand_over is not None and self._state.outbox:
            self._hand_over.begin()

    def _withdraw(self, saying: Saying) -> None:
        known = self._state.is_handled(saying.message_id) or self._state.replied_as(saying.message_id) is not None
        if self._hand_over is not None and known:
            self._state.withdraw(saying)
            self._gather()

    async def _nothing_under_way(self) -> None:
        if self._hand_over is not None:
            await self._hand_over.nothing_under_way()

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

    def _name(self, persona_id: str) -> str:
        pack = self._here.pack if self._here else self._pack
        return next(
            (persona.name for persona in (*pack.personas, *self._pack.personas) if persona.id == persona_id), persona_id
        )

    async def _at(self, guild_id: str | None) -> Here:
        """What holds here."""
        self._here = await self._guilds.of(guild_id)
        return self._here

    async def _memory_mode(self, guild_id: str | None) -> MemoryMode:
        return (await self._guilds.of(guild_id)).rules.memory

    async def _anew(self, guild_id: str | None) -> Here:
        """The same, read anew: who sets something may have made that persona a second ago."""
        if guild_id is not None:
            self._guilds.forget(guild_id)
        return await self._at(guild_id)

    def _cast(self, here: Here) -> Pack:
        """The pack with whom of the cast speaks in this channel."""
        wanted = tuple(self._state.cast)
        if not wanted:
            return here.pack
        if self._chosen is None or self._chosen[0] is not here.pack or self._chosen[1] != wanted:
            self._chosen = here.pack, wanted, here.pack.with_cast(wanted)
        return self._chosen[2]

    def _scene(self, now_ms: int) -> str:
        pack = self._here.pack if self._here else self._pack
        return self._state.scene.told(pack, now_ms) if self._state.scene else ""

    def _interrupt(self) -> None:
        """A person speaks: a line that personas would say among themselves, and of which nothing stands yet, is not."""
        for record in [one for one in self._state.open if one.chained == "exchange" and not self._is_sent(one)]:
            self._state.open.remove(record)
            self._drop(record.message.id, "interrupted")


def _guest(here: Here, persona_id: str) -> Guest | None:
    return next((one for one in here.pack.personas if one.id == persona_id and isinstance(one, Guest)), None)


def _speaking(record: TurnRecord) -> Speaking:
    return Speaking(
        source_id=record.message.id,
        persona_id=record.persona_id,
        trigger=record.trigger,
        reply_ids=tuple(record.reply_ids),
        revision=record.revision,
        again=record.again,
    )


def _allow(author_id: str, user_id: str, moderator: bool) -> None:
    if user_id != author_id and not moderator:
        raise RequestError(
            Wording(
                "refused-answer-other",
                "Only whoever asked, or somebody with the permission Manage Messages, can do that to this answer.",
            ),
            field="user_id",
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
