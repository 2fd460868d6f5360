"""What is said instead of an answer: care for who speaks of hurting themselves, a refusal in the persona's voice."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from core.languages import language_of
from core.personas import Persona

CARE = Path(__file__).parent / "word_lists" / "care.yaml"
# Of personas whose pack gives them none.
PLAIN = (
    "I would rather not talk about that. Shall we talk about something else?",
    "Let us leave that one alone. What else is on your mind?",
    "Not that, please. Ask me something else.",
)


def care(text: str) -> str:
    """What who wrote `text` is told, in its language where there are words for it."""
    known = _care()
    return known.get(language_of(text), known["en"])


def refusal(persona: Persona, choice: int) -> str:
    """A short line by which the persona declines; the same for the same `choice`."""
    lines = persona.refusals or PLAIN
    return lines[choice % len(lines)]


@cache
def _care() -> dict[str, str]:
    return {str(code): text.strip() for code, text in yaml.safe_load(CARE.read_text(encoding="utf-8")).items()}
