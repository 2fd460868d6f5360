"""What a set of training dialogues holds, and what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.dialogues import LONGEST_REPLY_WORDS
from training.judge import first_person
from training.turns import Dialogue


@dataclass(frozen=True, slots=True)
class Report:
    """What a set of dialogues holds, and what is wrong with it: `problems` is empty for good data."""

    dialogues: int
    turns: dict[str, int]
    unique_share: float
    mean_reply_words: float
    first_person_share: float
    problems: tuple[str, ...]


def inspect(dialogues: Sequence[Dialogue]) -> Report:
    """Counts and checks: replies that are empty or too long, open slots, answers their reply does not hold."""
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    problems = []
    for turn in turns:
        if not turn.reply.strip() or len(turn.reply.split()) > 2 * LONGEST_REPLY_WORDS:
            problems.append(f"reply of {len(turn.reply.split())} words to {turn.line!r}")
        if re.search(r"\{\w+\}", turn.line + turn.reply):
            problems.append(f"open slot in {turn.line!r} / {turn.reply!r}")
        if turn.answer and turn.answer.lower() not in turn.reply.lower():
            problems.append(f"{turn.answer!r} is not in {turn.reply!r}")
    if len({dialogue.messages for dialogue in dialogues}) < 0.99 * len(dialogues):
        problems.append("more than 1 in 100 dialogues are copies of another")
    return Report(
        dialogues=len(dialogues),
        turns=dict(Counter(turn.kind for turn in turns)),
        unique_share=len({(turn.line, turn.reply) for turn in turns}) / max(1, len(turns)),
        mean_reply_words=sum(len(turn.reply.split()) for turn in turns) / max(1, len(turns)),
        first_person_share=sum(first_person(turn.reply) for turn in turns) / max(1, len(turns)),
        problems=tuple(problems),
    )
