"""Questions that a persona asks: trivia that names the answers to choose from, and riddles."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.talk_grammar import load_talks


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question with its answer, wrong ones, and a hint."""

    question: str
    answer: str
    wrong: tuple[str, ...]
    hint: str


def trivia(rng: random.Random) -> Quiz:
    """A question about opposites, sounds, colors, sizes, sums or kinds of things, with two or three answers in it."""
    kind = rng.choice(("opposite", "sound", "color", "size", "sum", "family"))
    talks = load_talks()["trivia"]
    if kind == "opposite":
        pairs = talks["opposites"]
        asked, answer = rng.sample(rng.choice(pairs), 2)
        others = [rng.choice(pair) for pair in rng.sample([p for p in pairs if answer not in p], 2)]
        return _with_options(rng, f"What is the opposite of {asked}?", answer, others)
    if kind == "sound":
        (answer, sound), *rest = rng.sample(talks["sounds"], 3)
        return _with_options(
            rng, f"Which animal says {sound}?", f"the {answer}", [f"the {animal}" for animal, _ in rest]
        )
    if kind == "color":
        thing, answer = rng.choice(talks["colors"])
        others = sorted({color for _, color in talks["colors"]} - {answer})
        return _with_options(rng, f"What color is {thing}?", answer, rng.sample(others, 2))
    if kind == "size":
        small, middle, large = sorted(rng.sample(range(len(talks["sizes"])), 3))
        names = [f"the {talks['sizes'][index]}" for index in (small, middle, large)]
        if rng.random() < 0.5:
            return _with_options(rng, "Which animal is the biggest?", names[2], names[:2])
        return _with_options(rng, "Which animal is the smallest?", names[0], names[1:])
    if kind == "sum":
        one, two = rng.randint(1, 6), rng.randint(1, 6)
        others = rng.sample([n for n in range(1, 13) if n != one + two], 2)
        return _with_options(rng, f"What is {one} plus {two}?", str(one + two), [str(n) for n in others])
    family, other = rng.sample(sorted(talks["families"]), 2)
    odd = f"the {rng.choice(talks['families'][other])}"
    others = [f"the {one}" for one in rng.sample(talks["families"][family], 2)]
    return _with_options(rng, f"Which of these is not a kind of {family}?", odd, others)


def riddle(rng: random.Random) -> Quiz:
    """One of the riddles of talks.yaml; the answers of others are the wrong guesses."""
    riddles = load_talks()["riddles"]
    question, answer, hint = rng.choice(riddles)
    return Quiz(question, answer, tuple(other for _, other, _ in riddles if other != answer), hint)


def _with_options(rng: random.Random, question: str, answer: str, others: list[str]) -> Quiz:
    options = rng.sample([answer, *others], 3)
    named = f"{question} {options[0].capitalize()}, {options[1]} or {options[2]}?"
    return Quiz(named, answer, tuple(others), f"It is not {others[0]}.")
