"""The channel actor: hears every message of one channel, decides who answers, and sees each answer through.

`turn` is the life of one message up to its text; `posted` and `delivered` are how the gateway reports what stands in
Discord. Between the decision and the delivery a turn is *open* in the channel's document, and whoever survives a crash
goes on with it (docs/architecture.md, "Exactly one answer").
How a text is made, who plays, and what is shown and forgotten stand in the parts it is joined from (`channel_base.py`).

What a crash can lose: messages nobody answers are saved up to a second after they were heard, so the last of them may
be missing from memory. They were not answered, so being heard again does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from actors.bursts import joins
from actors.channel_replies import ChannelReplies
from actors.channel_rights import ChannelRights
from actors.channel_stage import ChannelStage
from actors.guild_book import Here
from actors.host import exposed
from actors.long_term import MAX_CHARS
from actors.memory_scopes import Saying
from actors.routing import Decision, decide, wants_relation
from actors.turn_record import TurnRecord, nothing_of, reaction_of, saying_of
from core import clock
from core.errors import RequestError, TroupeError
from core.messages import IncomingMessage, Lease, OpenTurn, Relation, ReplyEvent, SearchQuery, Silent, Speaking, Spoken
from core.prompts import one_line
from core.wording import Wording

log = logging.getLogger(__name__)

KIND = "channel"
_RELATE_S = 1.5
_MOST_EARLY = 64


class ChannelActor(ChannelReplies, ChannelStage, ChannelRights):
    """One channel, by its Discord id. Bind all but the key with `functools.partial` to get its factory."""

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
        now_ms = clock.now_ms()
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
        speaker, now_ms = self._name(record.persona_id) if record else "", clock.now_ms()
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
    async def reacted(
        self, message_id: str, user_id: str, emoji: str, guild_id: str | None = None, taken_back: bool = False
    ) -> None:
        """Somebody reacted to a message: what is remembered of it weighs more, until that is taken back."""
        here = await self._at(guild_id)
        message_id = self._state.first_of(message_id)
        if self._hand_over is not None and here.rules.gathers and self._knows(message_id):
            self._state.react(reaction_of(user_id, emoji, message_id, self.key, guild_id, taken_back=taken_back))
            self._gather()

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
            return self._state.reopen(source_id, parts, clock.now_ms()).message
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

    async def _relate(self, message: IncomingMessage, here: Here) -> Relation | None:
        """How the message has to do with the lore, where that decides anything. The channel is not held while that is
        found out, so that others need not wait for it."""
        if self._lore is None or not here.rules.speaks_unasked(message.channel_id):
            return None
        now_ms = clock.now_ms()
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

    async def _end_stopped(self, source_id: str) -> None:
        """Once it is saved that an answer was stopped, its listener hears so."""
        async with self.exclusive():
            record = self._state.find(source_id)
            if record is not None and record.spoken is not None:
                self._drop(source_id, record.spoken)

    def _gather(self) -> None:
        """Has what may be worth keeping for long handed over, soon and beside everything else."""
        if self._hand_over is not None and self._state.outbox:
            self._hand_over.begin()

    def _withdraw(self, saying: Saying) -> None:
        if self._hand_over is not None and self._knows(saying.message_id):
            self._state.withdraw(saying)
            self._gather()

    def _knows(self, message_id: str) -> bool:
        """Whether the message was heard here, or is ours."""
        return self._state.is_handled(message_id) or self._state.replied_as(message_id) is not None

    def _interrupt(self) -> None:
        """A person speaks: a line that personas would say among themselves, and of which nothing stands yet, is not."""
        for record in [one for one in self._state.open if one.chained == "exchange" and not self._is_sent(one)]:
            self._state.open.remove(record)
            self._drop(record.message.id, "interrupted")


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
