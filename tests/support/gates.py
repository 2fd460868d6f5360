"""A small pack of towns with gates, and a cast for it, to see that nothing depends on the bundled pack."""

from __future__ import annotations

import random

from core.personas import Lore, Pack, Question
from training.voices import Voice, random_voice


def lore(number: int) -> Lore:
    """The passage about the gate of one town."""
    text = f"The gate of Town{number} is {number} feet wide. It is guarded by Guard{number}, who naps."
    return Lore(id=f"gates/{number}", title=f"The Gate of Town{number}", text=text, tags=(), source="gates.md", line=1)


def asked_of(number: int) -> tuple[Question, ...]:
    """The questions about it."""
    lore_id = f"gates/{number}"
    return (
        Question(lore_id=lore_id, question=f"How wide is the gate of Town{number}?", answer=f"{number} feet"),
        Question(lore_id=lore_id, question=f"Who guards the gate of Town{number}?", answer=f"Guard{number}"),
    )


def gates_pack() -> tuple[Pack, tuple[Voice, ...]]:
    """The pack and its three voices."""
    rng = random.Random(1)
    voices = tuple(random_voice(rng) for _ in range(3))
    personas = tuple(voice.persona.model_copy(update={"id": f"p{number}"}) for number, voice in enumerate(voices))
    pack = Pack(
        id="gates",
        name="Gates",
        description="Towns with gates.",
        default_persona="p0",
        personas=personas,
        lore=tuple(lore(number) for number in range(2, 42)),
        questions=tuple(question for number in range(2, 42) for question in asked_of(number)),
    )
    return pack, tuple(Voice(p, v.lines) for p, v in zip(personas, voices, strict=True))
