"""Passages with other words in them, the same everywhere: what is left to find an answer by is what it shares with the
question.

A small model that reads a thousand sentences a thousand times learns which question goes with which sentence, and reads
nothing that is new. Here the words that carry meaning are exchanged for others, drawn anew for each dialogue, and the
ending of a word stays (`guards` and `guard` become `tallows` and `tallow`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from training.phrases import load_phrases
from training.topics import Pair, Topic
from training.worlds import random_name

INVENTED_SHARE = 0.3  # of the new words belong to no language
_WORD = re.compile(r"[A-Za-z]{3,}")
_STEM = re.compile(r"(\w{2,}?)(ies|ied|ing|es|ed|e|s|y)?")
_LIST = re.compile(r"\{\w+\}|<\w+>|#.*")


def reworded(rng: random.Random, topics: Sequence[Topic], share: float = 1.0) -> list[Topic]:
    """The topics with `share` of their words exchanged for others, names included, in texts, questions and answers
    alike. Questions that share nothing but the name with their sentence are left out where there are others: nobody
    could answer them any more."""
    new = dict[str, str]()
    used = set[str]()

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if word.lower() in _kept():
            return word
        split = _STEM.fullmatch(word.lower())
        stem, ending = (split[1], split[2] or "") if split else (word.lower(), "")
        if stem not in new and rng.random() >= share:
            new[stem] = stem
        while stem not in new:
            drawn = random_name(rng).lower() if rng.random() < INVENTED_SHARE else rng.choice(_stems())
            if drawn not in used:
                used.add(drawn)
                new[stem] = drawn
        said = new[stem] + ending
        return said.capitalize() if word[0].isupper() else said

    def say(text: str) -> str:
        return _WORD.sub(other, text)

    def pairs(topic: Topic, told: Sequence[Pair]) -> tuple[Pair, ...]:
        kept = [p for p in told if _meaning(p.question) & _meaning(p.sentence) - _meaning(topic.name)] or told
        return tuple(Pair(say(p.question), say(p.answer), say(p.sentence), say(p.outdated)) for p in kept)

    return [
        replace(
            topic,
            name=say(topic.name),
            text=say(topic.text),
            asked=pairs(topic, topic.asked),
            held_out=pairs(topic, topic.held_out),
            untold=tuple(say(question) for question in topic.untold),
        )
        for topic in topics
    ]


def _meaning(text: str) -> set[str]:
    """The stems of the words of `text` that carry meaning."""
    words = (word.lower() for word in _WORD.findall(text))
    return {split[1] for word in words if word not in _kept() and (split := _STEM.fullmatch(word))}


@cache
def _kept() -> frozenset[str]:
    """The words that questions are asked with and that hold sentences together."""
    return frozenset(load_phrases().lists["small_words"][0].split())


@cache
def _stems() -> tuple[str, ...]:
    """The stems of all words that training's own lists and passages are made of."""
    here = Path(__file__).parent
    files = [
        here / "worlds.yaml",
        here / "talks.yaml",
        here / "phrases.yaml",
        *sorted((here / "readings").glob("*.yaml")),
    ]
    words = {word.lower() for file in files for word in _WORD.findall(_LIST.sub(" ", file.read_text("utf-8")))}
    stems = {split[1] for word in words - _kept() if (split := _STEM.fullmatch(word))}
    return tuple(sorted(stem for stem in stems if len(stem) > 2 and stem not in _kept()))
