"""The state of a channel, and how each event changes it. Pure data: no clock, no network, no lock.

What was said is in `channel_memory.py`, what people may have shown and forgotten in `channel_people.py`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pydantic import Field

from actors import chain
from actors.bursts import joined
from actors.channel_memory import NOTES_TTL_S, ChannelMemory
from actors.decisions import DecisionRecord, noted
from actors.routing import ChannelRules, Decision
from actors.scenes import Scene
from actors.turn_record import Answer, OwnReply, TurnRecord, lore_told, record_line, saying_of
from core.errors import RequestError
from core.messages import IncomingMessage, Memory, Spoken, Trigger, Turn
from core.personas import Pack
from core.prompts import own_words
from core.tracing import trace_id
from core.wording import Wording

MAX_HANDLED = 256
MAX_REPLIES = 200
MAX_MENTIONS = 100
MAX_ANSWERS = 20


class ChannelState(ChannelMemory):
    """The state of one channel. Every change is a method; each may be repeated without a further effect.

    A message id counts as handled if it stands in `handled` (ascending, at most MAX_HANDLED) or is not above `floor`.
    Where the list is full its lowest id becomes the floor, so that forgetting an id can only ever mean silence, never a
    second answer.
    """

    persona_id: str | None = None
    cast: list[str] = Field(default_factory=list)  # who alone speaks here; everybody where it is empty
    exchange: int = 0  # lines that personas exchange who were called together
    scene: Scene | None = None
    open: list[TurnRecord] = Field(default_factory=list)
    handled: list[int] = Field(default_factory=list)
    floor: int = 0
    seen_ms: int = 0
    guild_id: str = ""  # of the newest message heard; empty in direct messages
    replies: list[OwnReply] = Field(default_factory=list)
    answers: list[Answer] = Field(default_factory=list)
    keyword_ms: int = 0
    unasked_ms: dict[str, int] = Field(default_factory=dict)
    spoke_ms: int = 0
    speaker: str | None = None
    mention_ms: dict[str, int] = Field(default_factory=dict)
    decisions: list[DecisionRecord] = Field(default_factory=list)

    def busy(self, since_ms: int) -> bool:
        """Whether an answer is under way that was begun since then. One that failed may stay open for longer."""
        return any(record.opened_ms >= since_ms for record in self.open)

    def in_conversation(self, user_id: str, rules: ChannelRules, now_ms: int) -> str | None:
        """The persona that spoke last, where it spoke to that person and not long ago."""
        return self.speaker if rules.converses(self.spoke_ms, now_ms) and self.spoke_to == user_id else None

    def is_handled(self, message_id: str) -> bool:
        """Whether the message was decided on before, or is too old to tell."""
        number = snowflake(message_id)
        at = bisect_left(self.handled, number)
        return number <= self.floor or (at < len(self.handled) and self.handled[at] == number)

    @property
    def last_seen(self) -> str | None:
        """The highest message id handled."""
        return str(self.handled[-1]) if self.handled else None

    @property
    def known_since(self) -> str | None:
        """The id after which it is known of every message whether it was handled; None where none was."""
        return str(self.floor or self.handled[0]) if self.handled else None

    def find(self, source_id: str) -> TurnRecord | None:
        """The open turn that answers the message."""
        return next((record for record in self.open if record.message.id == source_id), None)

    def covering(self, message_id: str) -> TurnRecord | None:
        """The open turn that answers the message, perhaps together with others."""
        covers = (record for record in self.open if message_id in record.source_ids or message_id == record.message.id)
        return next(covers, None)

    def answer_to(self, source_id: str) -> Answer | None:
        """The delivered answer of the turn with that id, None where there is none or it is long ago."""
        return next((answer for answer in self.answers if answer.source_id == source_id), None)

    def replied_as(self, reply_id: str) -> str | None:
        """Which persona posted that message, None where it is none of ours."""
        return next((reply.persona_id for reply in self.replies if reply.id == reply_id), None)

    def first_of(self, message_id: str) -> str:
        """The first of our messages that the one with that id goes on with, under which it is remembered."""
        source = next((reply.source_id for reply in self.replies if reply.id == message_id), None)
        return next((reply.id for reply in self.replies if reply.source_id == source), message_id)

    def pass_over(self, message_id: str) -> None:
        """The message is handled."""
        insort(self.handled, snowflake(message_id))
        if len(self.handled) > MAX_HANDLED:
            self.floor = self.handled.pop(0)

    def hear(self, message: IncomingMessage, decision: Decision, rules: ChannelRules, now_ms: int) -> TurnRecord | None:
        """Takes in a message and what was decided on it; returns the turn that this opens, if any."""
        self.pass_over(message.id)
        chain.interrupted(self.open)
        self.seen_ms = max(self.seen_ms, message.created_ms)
        self.guild_id = message.guild_id or ""
        self.decisions = noted(self.decisions, _told(message, decision, now_ms))
        if not rules.allows(message):
            return None  # what is said where the cast has no business is not remembered
        line = Turn(
            message_id=message.id,
            speaker=message.author.name,
            text=own_words(message.content),
            at_ms=message.created_ms,
            addressed_to=decision.persona_id or None,
            author_id=message.author.id,
        )
        self._remember(line, rules, now_ms)
        if rules.gathers:
            self._put_out(saying_of(message))
        if decision.trigger is None:
            return None
        if decision.trigger == "keyword":
            self.keyword_ms = now_ms
        if decision.trigger in ("image", "relevance", "random"):
            self.unasked_ms[decision.trigger] = now_ms
        if decision.trigger == "mention" and rules.mention_cooldown_s:
            self.mention_ms.pop(message.author.id, None)
            self.mention_ms[message.author.id] = now_ms
            if len(self.mention_ms) > MAX_MENTIONS:
                del self.mention_ms[next(iter(self.mention_ms))]
        record = TurnRecord(
            message=message,
            persona_id=decision.persona_id,
            trigger=decision.trigger,
            then=list(decision.then),
            lines=self.exchange if decision.then else 0,
            opened_ms=now_ms,
        )
        self.open.append(record)
        return record

    def go_on(self, record: TurnRecord, cast: Pack, now_ms: int) -> None:
        """Opens the turn that comes after a delivered one, if any (`actors.chain`)."""
        following = chain.following(record, cast)
        if following is None or self.is_handled(following.message.id):
            return
        self.pass_over(following.message.id)
        following.opened_ms = now_ms
        self.open.append(following)
        decision = Decision(
            reason=f"chained_{following.chained}", persona_id=following.persona_id, trigger=record.trigger
        )
        self.decisions = noted(self.decisions, _told(following.message, decision, now_ms))

    def chained_after(self, reply_ids: Collection[str]) -> TurnRecord | None:
        """The open turn that came after the answer with these posts."""
        return next((one for one in self.open if one.chained and one.message.id in reply_ids), None)

    def speak(self, line: Turn, guild_id: str | None, trigger: Trigger, rules: ChannelRules, now_ms: int) -> None:
        """A persona said something that is no answer, since a command or a job wanted it. Known, it changes nothing."""
        if line.persona_id is None or self.replied_as(line.message_id) is not None:
            return
        self.guild_id = guild_id or ""
        self.replies.append(OwnReply(id=line.message_id, persona_id=line.persona_id, source_id=line.message_id))
        del self.replies[:-MAX_REPLIES]
        self.spoke_ms, self.speaker = now_ms, line.persona_id
        decision = Decision(reason=f"said_by_{trigger}", persona_id=line.persona_id, trigger=trigger)
        self.decisions = noted(
            self.decisions, DecisionRecord(message_id=line.message_id, at_ms=now_ms, decision=decision)
        )
        self._remember(line, rules, now_ms)

    def join(self, record: TurnRecord, message: IncomingMessage, reason: str, rules: ChannelRules, now_ms: int) -> None:
        """Takes in a further message that `record` answers as well. The turn goes on under the id of the newest."""
        former = next((one for one in self.decisions if one.message_id == record.message.id), None)
        lines = record.lines
        self.hear(message, Decision(reason=reason, persona_id=record.persona_id), rules, now_ms)
        if former is not None:  # why the turn was opened is why the newest is answered
            renamed = replace(former, message_id=message.id, at_ms=now_ms)
            others = [one for one in self.decisions if one is not former]
            self.decisions = [renamed if one.message_id == message.id else one for one in others]
        record.lines = lines  # who goes on with their own question interrupts nobody
        record.parts = [*record.sources, message]
        record.message, record.spoken = joined(record.parts), None

    def revise(self, message_id: str, content: str, *, sent: bool = False) -> TurnRecord | None:
        """A message says something else now: so does its remembered line. Returns the open turn whose question that
        changed, if any; not where something was `sent` for it already."""
        for index, turn in enumerate(self.turns):
            if turn.message_id == message_id and turn.persona_id is None:
                self.turns[index] = replace(
                    turn, text="\n".join([own_words(content), *_pictures_of(turn.text)]).strip()
                )
        self._note_anew(message_id, content, self.replied_as(message_id))
        record = self.covering(message_id)
        if record is None or sent or record.reply_ids:
            return None
        parts = [replace(part, content=content) if part.id == message_id else part for part in record.sources]
        return self._ask_anew(record, parts)

    def retract(self, message_id: str, *, sent: bool = False) -> TurnRecord | None:
        """A message is gone: its line and its note leave memory, and an open turn that answers nothing else is closed.
        Returns the one that goes on without it; its question changes unless something was `sent` already."""
        self.turns = [turn for turn in self.turns if turn.message_id != message_id]
        self.notes = [note for note in self.notes if note.message_id != message_id]
        record = self.covering(message_id)
        if record is None:
            return None
        parts = [part for part in record.sources if part.id != message_id]
        if not parts:
            self.open.remove(record)
            return None
        if not (sent or record.reply_ids):
            self._ask_anew(record, parts)
        return record

    def reopen(self, source_id: str, parts: Sequence[IncomingMessage], now_ms: int) -> TurnRecord:
        """Opens the turn of a delivered answer once more, for another text in the same posts.

        Raises RequestError where the answer is not known any more.
        """
        if (record := self.find(source_id)) is not None:
            return record
        if (answer := self.answer_to(source_id)) is None:
            raise RequestError(
                Wording("refused-answer-old", "This answer is too long ago to be given anew."), field="source_id"
            )
        record = TurnRecord(
            message=joined(parts, source_id),
            persona_id=answer.persona_id,
            trigger=answer.trigger,
            reply_ids=list(answer.reply_ids),
            parts=list(parts) if len(parts) > 1 or parts[-1].id != source_id else [],
            revision=answer.revision + 1,
            again=True,
            opened_ms=now_ms,
        )
        self.open.append(record)
        return record

    def post(self, source_id: str, reply_ids: Iterable[str]) -> None:
        """Notes messages that were posted for a turn. Raises RequestError for a message never heard."""
        # What was posted for a message that a later one has joined belongs to the answer to both.
        record = self._open_or_closed(source_id) or self.covering(source_id)
        if record is None:
            return
        for reply_id in reply_ids:
            if reply_id not in record.reply_ids:
                record.reply_ids.append(reply_id)
            if self.replied_as(reply_id) is None:
                self.replies.append(OwnReply(id=reply_id, persona_id=record.persona_id, source_id=source_id))
        del self.replies[:-MAX_REPLIES]

    def answered(self, source_id: str, spoken: Spoken, memories: Sequence[Memory] = ()) -> None:
        """Notes how the answer to a message came about, for which `memories` were at hand."""
        self.decisions = [
            one.answered(spoken, memories) if one.message_id == source_id else one for one in self.decisions
        ]

    def asked(self, reply_id: str, persona_id: str, spoken: Spoken, traceparent: str | None, now_ms: int) -> None:
        """Notes how the answer to a command came about, which stands in `reply_id`."""
        decision = Decision(reason="asked_by_command", persona_id=persona_id, trigger="command")
        record = DecisionRecord(message_id=reply_id, at_ms=now_ms, decision=decision, trace_id=trace_id(traceparent))
        others = [one for one in self.decisions if one.message_id != reply_id]
        self.decisions = noted(others, record.answered(spoken))

    def why(self, message_id: str) -> DecisionRecord | None:
        """What was decided on a message, or on the one that our message of that id answers."""
        source_id = next((reply.source_id for reply in self.replies if reply.id == message_id), message_id)
        return next((one for one in self.decisions if one.message_id == source_id), None)

    def deliver(
        self,
        source_id: str,
        reply_ids: Iterable[str],
        speaker: str,
        rules: ChannelRules,
        now_ms: int,
        text: str | None = None,
    ) -> None:
        """Closes a turn whose whole text stands in the channel, and remembers what was said: `text` where less stands
        there than was spoken. An answer given anew takes the place of the former one.

        Raises RequestError for a message never heard and for a turn whose text is not known yet.
        """
        record = self._open_or_closed(source_id)
        if record is None:
            return
        if record.spoken is None:
            raise RequestError(f"The answer to message {source_id} is not spoken yet.", field="source_id")
        if text is not None:
            record.spoken = replace(record.spoken, text=text)
        former, standing = self.answer_to(source_id), list(reply_ids)
        self.post(source_id, standing)
        record.reply_ids = standing or record.reply_ids
        self.open.remove(record)
        self._can_be_renewed(record, former, now_ms)
        line = record_line(record, speaker, now_ms)
        if record.again:
            self._say_instead(former.reply_ids[:1] if former else (), record)
            if rules.gathers and former:
                self.withdraw(lore_told(record, replace(line, message_id=former.reply_ids[0])))
            return
        self.spoke_ms, self.speaker = now_ms, record.persona_id
        if not record.spoken.text:
            return
        self._remember(line, rules, now_ms)
        if rules.gathers:
            self._put_out(lore_told(record, line))

    def abandon(self, source_id: str) -> None:
        """Closes a turn that cannot be delivered. Raises RequestError for a message never heard."""
        record = self._open_or_closed(source_id)
        if record is not None:
            self.open.remove(record)

    def forget(self) -> None:
        """Drops what was said. What was handled and what is open stays."""
        self.turns.clear()
        self.notes.clear()
        self.decisions.clear()
        self.answers.clear()
        self.outbox.clear()

    def prune(self, rules: ChannelRules, now_ms: int) -> None:
        """Drops what is past its time: lines, which leave notes, and notes and what is known of answers."""
        super().prune(rules, now_ms)
        last = now_ms - NOTES_TTL_S * 1000
        self.answers = [answer for answer in self.answers if answer.at_ms >= last]
        cooling = now_ms - rules.mention_cooldown_s * 1000
        self.mention_ms = {who: at_ms for who, at_ms in self.mention_ms.items() if at_ms >= cooling}

    def _ask_anew(self, record: TurnRecord, parts: Sequence[IncomingMessage]) -> TurnRecord | None:
        """Has an open turn answer `parts`; None where that is what it answers already."""
        if tuple(parts) == record.sources:
            return None
        record.message = joined(parts, record.message.id)
        record.parts = list(parts) if len(parts) > 1 or parts[-1].id != record.message.id else []
        record.spoken, record.revision = None, record.revision + 1
        return record

    def _can_be_renewed(self, record: TurnRecord, former: Answer | None, now_ms: int) -> None:
        answer = Answer(
            source_id=record.message.id,
            source_ids=record.source_ids,
            author_id=record.message.author.id,
            persona_id=record.persona_id,
            trigger=record.trigger,
            reply_ids=tuple(record.reply_ids),
            revision=record.revision,
            at_ms=now_ms,
        )
        self.answers = [*(one for one in self.answers if one is not former), answer][-MAX_ANSWERS:]

    def _say_instead(self, line_ids: Sequence[str], record: TurnRecord) -> None:
        """The remembered line of an answer, wherever it is kept, holds the answer that replaced it."""
        text = record.spoken.text if record.spoken else ""
        for line_id in line_ids:
            self.turns = [replace(turn, text=text) if turn.message_id == line_id else turn for turn in self.turns]
            self._note_anew(line_id, text, self.replied_as(line_id))

    def _open_or_closed(self, source_id: str) -> TurnRecord | None:
        record = self.find(source_id)
        if record is None and not self.is_handled(source_id):
            raise RequestError(f"Message {source_id} was never heard in this channel.", field="source_id")
        return record


def _told(message: IncomingMessage, decision: Decision, now_ms: int) -> DecisionRecord:
    trace = trace_id(message.traceparent)
    return DecisionRecord(message_id=message.id, at_ms=now_ms, decision=decision, trace_id=trace)


def _pictures_of(text: str) -> list[str]:
    """The lines that tell what the pictures of a message show, as `with_pictures` put them behind it."""
    lines = text.split("\n")
    return lines[next((at for at, line in enumerate(lines) if line.startswith("[picture: ")), len(lines)) :]


def snowflake(message_id: str) -> int:
    """A message id as the number that orders it. Raises RequestError where it is none."""
    if not (message_id.isascii() and message_id.isdigit() and len(message_id) < 20):
        raise RequestError(f"{message_id[:40]!r} is not a Discord id.", field="id")
    return int(message_id)
