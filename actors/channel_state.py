"""What a channel remembers, and how each event changes it. Pure data: no clock, no network, no lock."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel, computed_field

from actors.routing import ChannelRules, Decision
from core.documents import OwnedDocument
from core.errors import RequestError
from core.messages import IncomingMessage, OpenTurn, Spoken, Trigger, Turn, TurnStatus

MAX_HANDLED = 256
MAX_REPLIES = 200
MAX_MENTIONS = 100


@dataclass(slots=True, kw_only=True)
class TurnRecord:
    """A turn between its decision and its delivery. `spoken` is known once the persona has finished."""

    message: IncomingMessage
    persona_id: str
    trigger: Trigger
    reply_ids: list[str] = field(default_factory=list)
    spoken: Spoken | None = None

    @property
    def status(self) -> TurnStatus:
        """How far the turn has come."""
        if self.spoken is not None:
            return "spoken"
        return "posted" if self.reply_ids else "claimed"

    def as_open_turn(self) -> OpenTurn:
        """The turn as others see it."""
        return OpenTurn(
            message=self.message, persona_id=self.persona_id, status=self.status, reply_ids=tuple(self.reply_ids)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReply:
    """A message that we posted, as whom, and in answer to which message."""

    id: str
    persona_id: str
    source_id: str


class ChannelState(BaseModel):
    """The state of one channel. Every change is a method; each may be repeated without a further effect.

    A message id counts as handled if it stands in `handled` (ascending, at most MAX_HANDLED) or is not above `floor`.
    Where the list is full its lowest id becomes the floor, so that forgetting an id can only ever mean silence, never a
    second answer.
    """

    persona_id: str | None = None
    turns: list[Turn] = []
    open: list[TurnRecord] = []
    handled: list[int] = []
    floor: int = 0
    seen_ms: int = 0
    replies: list[OwnReply] = []
    keyword_ms: int = 0
    mention_ms: dict[str, int] = {}

    def is_handled(self, message_id: str) -> bool:
        """Whether the message was decided on before, or is too old to tell."""
        number = snowflake(message_id)
        at = bisect_left(self.handled, number)
        return number <= self.floor or (at < len(self.handled) and self.handled[at] == number)

    @property
    def last_seen(self) -> str | None:
        """The highest message id handled."""
        return str(self.handled[-1]) if self.handled else None

    def find(self, source_id: str) -> TurnRecord | None:
        """The open turn that answers the message."""
        return next((record for record in self.open if record.message.id == source_id), None)

    def replied_as(self, reply_id: str) -> str | None:
        """Which persona posted that message, None where it is none of ours."""
        return next((reply.persona_id for reply in self.replies if reply.id == reply_id), None)

    def hear(self, message: IncomingMessage, decision: Decision, rules: ChannelRules, now_ms: int) -> TurnRecord | None:
        """Takes in a message and what was decided on it; returns the turn that this opens, if any."""
        insort(self.handled, snowflake(message.id))
        if len(self.handled) > MAX_HANDLED:
            self.floor = self.handled.pop(0)
        self.seen_ms = max(self.seen_ms, message.created_ms)
        line = Turn(
            message_id=message.id,
            speaker=message.author.name,
            text=message.content,
            at_ms=message.created_ms,
            addressed_to=decision.persona_id or None,
        )
        self._remember(line, rules, now_ms)
        if decision.trigger is None:
            return None
        if decision.trigger == "keyword":
            self.keyword_ms = now_ms
        if decision.trigger == "mention" and rules.mention_cooldown_s:
            self.mention_ms.pop(message.author.id, None)
            self.mention_ms[message.author.id] = now_ms
            if len(self.mention_ms) > MAX_MENTIONS:
                del self.mention_ms[next(iter(self.mention_ms))]
        record = TurnRecord(message=message, persona_id=decision.persona_id, trigger=decision.trigger)
        self.open.append(record)
        return record

    def post(self, source_id: str, reply_ids: Iterable[str]) -> None:
        """Notes messages that were posted for a turn. Raises RequestError for a message never heard."""
        record = self._open_or_closed(source_id)
        if record is None:
            return
        for reply_id in reply_ids:
            if reply_id not in record.reply_ids:
                record.reply_ids.append(reply_id)
            if self.replied_as(reply_id) is None:
                self.replies.append(OwnReply(id=reply_id, persona_id=record.persona_id, source_id=source_id))
        del self.replies[:-MAX_REPLIES]

    def deliver(self, source_id: str, reply_ids: Iterable[str], speaker: str, rules: ChannelRules, now_ms: int) -> None:
        """Closes a turn whose whole text stands in the channel, and remembers what was said.

        Raises RequestError for a message never heard and for a turn whose text is not known yet.
        """
        record = self._open_or_closed(source_id)
        if record is None:
            return
        if record.spoken is None:
            raise RequestError(f"The answer to message {source_id} is not spoken yet.", field="source_id")
        self.post(source_id, reply_ids)
        self.open.remove(record)
        self._remember(record_line(record, speaker, now_ms), rules, now_ms)

    def abandon(self, source_id: str) -> None:
        """Closes a turn that cannot be delivered. Raises RequestError for a message never heard."""
        record = self._open_or_closed(source_id)
        if record is not None:
            self.open.remove(record)

    def recall(self, persona_id: str, rules: ChannelRules, now_ms: int) -> tuple[Turn, ...]:
        """What a persona knows of the channel, oldest first: the last lines within the window and the time to live.

        Talk between people and other personas fills at most a third of the window, so that it does not drive out
        the persona's own.
        """
        horizon = now_ms - rules.memory_ttl_s * 1000
        others = max(1, rules.memory_window // 3)
        known: list[Turn] = []
        for turn in reversed(self.turns):
            if len(known) == rules.memory_window:
                break
            if turn.at_ms < horizon:
                continue
            if (turn.persona_id or turn.addressed_to or persona_id) != persona_id:
                others -= 1
                if others < 0:
                    continue
            known.append(turn)
        return tuple(reversed(known))

    def forget(self) -> None:
        """Drops what was said. What was handled and what is open stays."""
        self.turns.clear()

    def _remember(self, line: Turn, rules: ChannelRules, now_ms: int) -> None:
        horizon = now_ms - rules.memory_ttl_s * 1000
        self.turns = [turn for turn in self.turns if turn.at_ms >= horizon]
        # Messages caught up on arrive newest first; people read them in the order of their time.
        insort(self.turns, line, key=lambda turn: turn.at_ms)
        del self.turns[: -rules.memory_window * 3]

    def _open_or_closed(self, source_id: str) -> TurnRecord | None:
        record = self.find(source_id)
        if record is None and not self.is_handled(source_id):
            raise RequestError(f"Message {source_id} was never heard in this channel.", field="source_id")
        return record


class ChannelDocument(OwnedDocument):
    """How a channel is stored: its state, and beside it the plain numbers that are queried."""

    state: ChannelState = ChannelState()

    class Settings:
        """Beanie's own: the collection."""

        name = "channels"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def open_turns(self) -> int:
        """Turns not delivered yet."""
        return len(self.state.open)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def seen_ms(self) -> int:
        """When the newest message heard was written."""
        return self.state.seen_ms


def record_line(record: TurnRecord, speaker: str, now_ms: int) -> Turn:
    """The remembered line of a spoken turn."""
    return Turn(
        message_id=record.reply_ids[0] if record.reply_ids else record.message.id,
        speaker=speaker,
        text=record.spoken.text if record.spoken else "",
        at_ms=now_ms,
        persona_id=record.persona_id,
    )


def snowflake(message_id: str) -> int:
    """A message id as the number that orders it. Raises RequestError where it is none."""
    if not (message_id.isascii() and message_id.isdigit() and len(message_id) < 20):
        raise RequestError(f"{message_id[:40]!r} is not a Discord id.", field="id")
    return int(message_id)
