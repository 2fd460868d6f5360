"""The rolling summary of a channel: what was worth keeping of the lines that have left the window.

It is extractive: a line is kept as it was said, with who said it and the message it stands in, so nothing is invented,
and what one person said can be taken out again. What people tell of themselves outlasts chatter; what is private
(`core.discretion`) is not kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.discretion import is_private
from core.messages import Turn
from core.prompts import one_line, person_name, without_said

FOLD_EVERY = 5  # lines that have left before they are folded in
MOST_NOTES = 8
MOST_WORDS = 80  # of the summary
NOTE_WORDS = (3, 24)  # a shorter line says nothing, a longer one is cut at its end
HALF_LIFE_S = 6 * 3600.0  # after which a note counts half
LEAST_WEIGHT = 1.0
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_OWN = re.compile(r"\b(?:I|I'm|my|mine|we|our)\b", re.IGNORECASE)
_TELLS = re.compile(
    r"\b(?:am|is|are|was|were|have|has|had|like|love|hate|live|work|want|need|called|named|moved|bought|lost|found)\b"
)
_NAME_OR_NUMBER = re.compile(r"(?<=\s)[A-Z][a-z]+|\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One sentence of a line. `author_id` is the person who said it, or whom a persona answered; `weight` is what it
    was worth then."""

    message_id: str
    speaker: str
    text: str
    at_ms: int
    weight: float
    author_id: str | None = None


def fold(notes: Sequence[Note], left: Iterable[Turn]) -> list[Note]:
    """The notes with those of the lines that have `left` the window, oldest first, at most MOST_NOTES: the ones that
    weigh most, at the time of the newest. A line that is noted already is not noted twice."""
    known = {note.message_id for note in notes}
    found = [*notes, *(made for turn in left if turn.message_id not in known and (made := _note(turn)) is not None)]
    if not found:
        return []
    now_ms = max(note.at_ms for note in found)
    # Of what was said twice the newer stays.
    said = {(note.speaker, note.text.lower()): note for note in sorted(found, key=lambda note: note.at_ms)}
    best = sorted(said.values(), key=lambda note: -_weight_at(note, now_ms))
    return sorted(best[:MOST_NOTES], key=lambda note: note.at_ms)


def as_text(notes: Sequence[Note], *, without: Iterable[str] = (), most_words: int = MOST_WORDS) -> str:
    """The notes as a text, oldest first, at most `most_words` long, so that the oldest go first; lines whose message
    ids are given are left out, since the prompt holds them as they are."""
    hidden = set(without)
    told: list[str] = []
    words = 0
    for note in reversed(notes):
        line = f"{note.speaker} said: {note.text}"
        words += len(line.split())
        if words > most_words:
            break
        if note.message_id not in hidden:
            told.append(line)
    return " ".join(reversed(told))


def _note(turn: Turn) -> Note | None:
    """The sentence of a line that says most, None where none says anything worth keeping."""
    weighed = [(_weight(sentence), sentence) for part in _SENTENCE.split(turn.text) if (sentence := one_line(part))]
    telling = [one for one in weighed if one[0] >= LEAST_WEIGHT and not is_private(one[1])]
    weight, sentence = max(telling, default=(0.0, ""))
    if turn.persona_id is not None:
        weight -= 1.5  # what a persona said of itself it says again
    if weight < LEAST_WEIGHT:
        return None
    words = without_said(sentence).split()
    text = " ".join(words) if len(words) <= NOTE_WORDS[1] else " ".join(words[: NOTE_WORDS[1]]) + " …"
    if text[-1] not in ".!?…":
        text += "."
    return Note(
        message_id=turn.message_id,
        speaker=person_name(turn.speaker),
        text=text,
        at_ms=turn.at_ms,
        weight=weight,
        author_id=turn.author_id,
    )


def _weight(sentence: str) -> float:
    words = sentence.split()
    if len(words) < NOTE_WORDS[0]:
        return 0.0
    weight = 1.5 * bool(_OWN.search(sentence)) + bool(_TELLS.search(sentence.lower()))
    weight += 0.5 * bool(_NAME_OR_NUMBER.search(sentence)) + 0.02 * min(len(words), NOTE_WORDS[1])
    return weight - 2.0 * sentence.endswith("?")


def _weight_at(note: Note, now_ms: int) -> float:
    return note.weight * math.exp2((note.at_ms - now_ms) / 1000 / HALF_LIFE_S)
