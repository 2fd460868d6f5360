"""One turn as its channel keeps book of it, and the lines that it leaves in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from actors.memory_scopes import Saying
from core.messages import IncomingMessage, OpenTurn, Spoken, Trigger, Turn, TurnStatus


@dataclass(slots=True, kw_only=True)
class TurnRecord:
    """A turn between its decision, at `opened_ms`, and its delivery. `spoken` is known once the persona has finished.

    `message` is what the persona is given, and its id the turn's. Where that is made of several messages, `parts` are
    these as they were written, oldest first: the turn covers all their ids. `revision` counts how often they changed,
    and grows with every answer `again`, which replaces the text of the posts in `reply_ids`.

    `then` are who answers next, after which this persona and its `partner` may exchange `lines` more; `chained` tells
    of a turn that came after another (`actors.chain`).
    """

    message: IncomingMessage
    persona_id: str
    trigger: Trigger
    reply_ids: list[str] = field(default_factory=list)
    spoken: Spoken | None = None
    parts: list[IncomingMessage] = field(default_factory=list)
    revision: int = 0
    again: bool = False
    then: list[str] = field(default_factory=list)
    lines: int = 0
    partner: str = ""
    chained: Literal["", "asked", "exchange"] = ""
    opened_ms: int = 0

    @property
    def sources(self) -> tuple[IncomingMessage, ...]:
        """The messages that it answers, oldest first."""
        return tuple(self.parts) or (self.message,)

    @property
    def source_ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(part.id for part in self.sources)

    @property
    def status(self) -> TurnStatus:
        """How far the turn has come."""
        if self.spoken is not None:
            return "spoken"
        return "posted" if self.reply_ids else "claimed"

    def as_open_turn(self) -> OpenTurn:
        """The turn as others see it."""
        return OpenTurn(
            message=self.message,
            persona_id=self.persona_id,
            status=self.status,
            reply_ids=tuple(self.reply_ids),
            source_ids=self.source_ids if self.parts else (),
            opened_ms=self.opened_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReply:
    """A message that we posted, as whom, and in answer to which message."""

    id: str
    persona_id: str
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A delivered answer that can still be given anew: to which messages of whom, as whom, where it stands and since
    when."""

    source_id: str
    source_ids: tuple[str, ...]
    author_id: str
    persona_id: str
    trigger: Trigger
    reply_ids: tuple[str, ...]
    revision: int = 0
    at_ms: int = 0


def nothing_of(message_id: str, author_id: str, channel_id: str, guild_id: str | None) -> Saying:
    """The line of a message that is gone; `author_id` is empty where nobody knows any more."""
    return Saying(
        message_id=message_id,
        text="",
        speaker="",
        author_id=author_id,
        channel_id=channel_id,
        guild_id=guild_id,
        at_ms=0,
    )


def saying_of(message: IncomingMessage) -> Saying:
    """A person's line as long-term memory looks at it."""
    return Saying(
        message_id=message.id,
        text=message.content,
        speaker=message.author.name,
        author_id=message.author.id,
        channel_id=message.channel_id,
        guild_id=message.guild_id,
        at_ms=message.created_ms,
        public=message.public,
        reply_to=message.reply_to,
    )


def reaction_of(
    user_id: str, emoji: str, message_id: str, channel_id: str, guild_id: str | None, *, taken_back: bool
) -> Saying:
    """What somebody's reaction to a message is for long-term memory, or its being taken back."""
    gone = nothing_of(message_id, user_id, channel_id, guild_id)
    return replace(gone, reaction=emoji, taken_back=taken_back)


def lore_told(record: TurnRecord, line: Turn) -> Saying:
    """What a persona said of the lore it was given, for long-term memory; the rest it may have made up."""
    knew = record.spoken is not None and record.spoken.passages and not record.spoken.fallback
    return replace(
        saying_of(record.message),
        message_id=line.message_id,
        text=line.text if knew else "",
        speaker=line.speaker,
        at_ms=line.at_ms,
        persona_id=record.persona_id,
        reply_to=None,
    )


def record_line(record: TurnRecord, speaker: str, now_ms: int) -> Turn:
    """The remembered line of a spoken turn."""
    return Turn(
        message_id=record.reply_ids[0] if record.reply_ids else record.message.id,
        speaker=speaker,
        text=record.spoken.text if record.spoken else "",
        at_ms=now_ms,
        persona_id=record.persona_id,
        author_id=record.message.author.id,
    )
