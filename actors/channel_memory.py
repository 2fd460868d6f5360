"""What a channel remembers: its last lines, notes of those before, and what waits for long-term memory. Pure data."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pydantic import BaseModel

from actors.memory_scopes import Saying
from actors.memory_worth import sentences
from actors.routing import ChannelRules
from actors.summary import FOLD_EVERY, Note, as_text, fold
from core.messages import Turn
from core.prompts import with_pictures

MAX_OUTBOX = 100
MAX_REACTIONS = 50  # that wait there; more of them would drive out lines
NOTES_TTL_S = 7 * 86_400.0


class ChannelMemory(BaseModel):
    """The part of a channel's state that tells what was said. Every change is a method."""

    turns: list[Turn] = []
    notes: list[Note] = []
    folded_ms: int = 0  # lines up to this time are in the notes, where they were worth it
    outbox: list[Saying] = []  # what may be worth keeping for long and is not handed over yet, at most MAX_OUTBOX

    @property
    def spoke_to(self) -> str | None:
        """Whom the last persona that spoke answered, as long as that line is remembered."""
        return next((turn.author_id for turn in reversed(self.turns) if turn.persona_id), None)

    def remembers(self, message_id: str) -> bool:
        """Whether something of what the message said is still known here."""
        lines: tuple[Turn | Note | Saying, ...] = (*self.turns, *self.notes, *self.outbox)
        return any(line.message_id == message_id and line.text for line in lines)

    def author_of(self, message_id: str) -> str:
        """Who said a message that is still remembered here, or whom it answers; empty otherwise."""
        waiting = [saying for saying in self.outbox if not saying.reaction]
        known: list[Turn | Note | Saying] = [*self.turns, *self.notes, *waiting]
        return next((one.author_id for one in known if one.message_id == message_id and one.author_id), "")

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

    def fresh_notes(self, now_ms: int) -> tuple[Note, ...]:
        """The notes that are no older than NOTES_TTL_S."""
        return tuple(note for note in self.notes if note.at_ms >= now_ms - NOTES_TTL_S * 1000)

    def summary(self, history: Iterable[Turn], now_ms: int) -> str:
        """What was said before `history`, for NOTES_TTL_S."""
        return as_text(self.fresh_notes(now_ms), without=[turn.message_id for turn in history])

    def noted(self, summary: str) -> frozenset[str]:
        """The messages of which a summary tells."""
        return frozenset(note.message_id for note in self.notes if note.text in summary)

    def saw(self, source_id: str, pictures: Sequence[str]) -> None:
        """What the pictures of a message show joins its remembered line."""
        if not pictures:
            return
        self.turns = [
            replace(turn, text=with_pictures(turn.text, pictures)) if turn.message_id == source_id else turn
            for turn in self.turns
        ]

    def withdraw(self, saying: Saying) -> None:
        """A message that may be in long-term memory was edited or deleted: so `saying` takes its place."""
        others = [one for one in self.outbox if one.message_id != saying.message_id]
        self.outbox = [*others, replace(saying, withdrawn=True)][-MAX_OUTBOX:]

    def react(self, saying: Saying) -> None:
        """Somebody reacted to a message that may be in long-term memory, or took that back: the last word counts."""
        last = replace(saying, taken_back=not saying.taken_back)
        self.outbox = [one for one in self.outbox if one not in (saying, last)]
        if sum(bool(one.reaction) for one in self.outbox) < MAX_REACTIONS:
            self.outbox = [*self.outbox, saying][-MAX_OUTBOX:]

    def handed_over(self, lines: Collection[Saying]) -> None:
        """Lines of the outbox are in long-term memory now. One that was edited meanwhile is another one."""
        self.outbox = [saying for saying in self.outbox if saying not in lines]

    def unwelcome(self, people: Collection[str]) -> None:
        """These people do not want to be remembered for longer: their notes go, and their lines will leave none."""
        self.notes = [note for note in self.notes if note.author_id not in people]
        self.turns = [replace(turn, fleeting=True) if turn.author_id in people else turn for turn in self.turns]

    def remembered(self) -> frozenset[str]:
        """The people of whom there are notes, or lines that may leave some."""
        lines = {turn.author_id for turn in self.turns if not turn.fleeting}
        return frozenset(one for one in lines | {note.author_id for note in self.notes} if one)

    def prune(self, rules: ChannelRules, now_ms: int) -> None:
        """Drops what is past its time: lines, which leave notes, and notes."""
        horizon, last = now_ms - rules.memory_ttl_s * 1000, now_ms - NOTES_TTL_S * 1000
        newest = self.turns[-rules.memory_window :]
        left = [t for t in self.turns if t.at_ms > self.folded_ms and (t.at_ms < horizon or t.at_ms < newest[0].at_ms)]
        if len(left) >= FOLD_EVERY or any(turn.at_ms < horizon for turn in left):
            self._fold(left, rules)
        self.turns = [turn for turn in self.turns if turn.at_ms >= horizon][-rules.memory_window * 3 :]
        self.notes = [note for note in self.notes if note.at_ms >= last]

    def _remember(self, line: Turn, rules: ChannelRules, now_ms: int) -> None:
        # Messages caught up on arrive newest first; people read them in the order of their time.
        insort(self.turns, line, key=lambda turn: turn.at_ms)
        self.prune(rules, now_ms)

    def _fold(self, left: Sequence[Turn], rules: ChannelRules) -> None:
        """Notes what is worth it of lines that have left the window, but of nobody who does not want that."""
        fleeting = {turn.author_id for turn in self.turns if turn.fleeting}
        if rules.memory != "off":
            self.notes = fold(self.notes, [turn for turn in left if turn.author_id not in fleeting])
        self.folded_ms = left[-1].at_ms

    def _note_anew(self, message_id: str, text: str, spoke_as: str | None) -> None:
        """The note of a line that has left the window follows what the line says, which a person said or `spoke_as`."""
        noted = next((note for note in self.notes if note.message_id == message_id), None)
        if noted is None:
            return
        line = Turn(
            message_id=message_id,
            speaker=noted.speaker,
            text=text,
            at_ms=noted.at_ms,
            persona_id=spoke_as,
            author_id=noted.author_id,
        )
        self.notes = fold([note for note in self.notes if note is not noted], [line])

    def _put_out(self, saying: Saying) -> None:
        text = saying.text if sentences(saying.text) else ""
        known = {one.message_id for one in self.outbox if not one.reaction}
        if (text or saying.reply_to) and saying.message_id not in known:
            self.outbox = [*self.outbox, replace(saying, text=text)][-MAX_OUTBOX:]
