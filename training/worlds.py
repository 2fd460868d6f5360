"""Worlds that exist nowhere: passages with invented names, places and numbers, and questions about them.

A model that only ever sees one world learns to recite it. Here every passage is new, so the only way to answer is to
find the right sentence in the prompt and repeat it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_SLOT = re.compile(r"<(\w+)>|\{(\w+)\}")
_NAMES_TRIED = 50


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence of a passage with the questions that it answers. `answer` stands verbatim in `sentence`;
    `held_out` is a wording of the question that is never trained on."""

    sentence: str
    answer: str
    questions: tuple[str, ...]
    held_out: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Something a world tells about one thing: its name and one to three facts. `person` where it is a somebody."""

    subject: str
    facts: tuple[Fact, ...]
    person: bool = False

    @property
    def text(self) -> str:
        return " ".join(fact.sentence for fact in self.facts)


@cache
def _grammar() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "worlds.yaml").read_text("utf-8"))
    return data


def random_name(rng: random.Random) -> str:
    """An invented word with a capital, such as `Morlis`."""
    syllables = _grammar()["syllables"]
    return "".join(rng.choice(syllables[part]) for part in ("start", "middle", "end"))


def random_world(rng: random.Random, passages: int) -> list[Passage]:
    """`passages` passages about different things; about half are of one kind, so that they are easy to mix up."""
    kinds = _grammar()["kinds"]
    favorite = rng.choice(kinds)
    world: list[Passage] = []
    names: set[str] = set()
    while len(world) < passages:
        passage = _passage(rng, favorite if rng.random() < 0.5 else rng.choice(kinds))
        if passage.subject not in names:
            names.add(passage.subject)
            world.append(passage)
    return world


def _passage(rng: random.Random, kind: Mapping[str, Any]) -> Passage:
    subject = _fill(rng, rng.choice(kind["name"]), {})
    person = isinstance(kind["pronoun"], list)
    pronoun = rng.choice(kind["pronoun"]) if person else kind["pronoun"]
    facts = rng.sample(kind["facts"], rng.choices((1, 2, 3), (1, 6, 1))[0])
    told = []
    for number, fact in enumerate(facts):
        again = number > 0 and rng.random() < 0.7
        told.append(_fact(rng, fact, subject, pronoun if again else subject))
    return Passage(subject, tuple(told), person)


def _fact(rng: random.Random, fact: Mapping[str, Any], subject: str, called: str) -> Fact:
    filled: dict[str, str] = {"it": subject, "It": called}
    sentence = _capital(_fill(rng, fact["say"], filled))
    asked = [_capital(_fill(rng, question, filled)) for question in fact["ask"]]
    return Fact(sentence, filled["<>"], tuple(asked[:-1]), asked[-1])


def _fill(rng: random.Random, template: str, filled: dict[str, str]) -> str:
    """`template` with its slots filled. What was drawn is kept in `filled` (the answer as `<>`), so that a question can
    name a word of its sentence."""

    def draw(match: re.Match[str]) -> str:
        slot = match[1] or match[2]
        value = filled.get(slot) if match[2] else None
        if value is None:
            value = _word(rng, slot)
            if match[1]:
                filled["<>"] = value
            else:
                filled[slot] = value
        return value

    return _SLOT.sub(draw, template)


def _word(rng: random.Random, slot: str) -> str:
    if slot in ("person", "Person"):
        return f"{random_name(rng)} {random_name(rng)}" if rng.random() < 0.4 else random_name(rng)
    if slot in ("place", "name"):
        return f"{_word(rng, 'Adjective')} {_word(rng, 'Noun')}" if rng.random() < 0.15 else random_name(rng)
    if slot == "number":
        return f"{rng.choice((rng.randint(2, 30), rng.randint(2, 999), rng.randint(1, 99) * 100)):,}"
    word: str = rng.choice(_grammar()["words"][slot.lower()])
    return word.title() if slot[0].isupper() else word


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
