"""The grammar of training/talks.yaml: templates with slots and options, expanded at random."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from training.phrases import OPTIONS, load_phrases

Values = dict[str, str]
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def load_talks() -> Mapping[str, Any]:
    """All of talks.yaml."""
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "talks.yaml").read_text("utf-8"))
    return data


def expand(rng: random.Random, template: str, values: Values) -> str:
    """`template` with one part of each option and its slots filled. A word drawn for a slot is kept in `values`, so
    that all lines of a conversation agree. Raises KeyError for a slot that neither `values` nor the words have."""
    line = OPTIONS.sub(lambda match: rng.choice(match[1].split("|")), template)

    def filled(match: re.Match[str]) -> str:
        slot = match[1]
        name = slot.lower()
        if name not in values:
            values[name] = expand(rng, word(rng, name), values)
        return capital(values[name]) if slot[0].isupper() else values[name]

    return _SLOT.sub(filled, line).strip()


def fresh(rng: random.Random, template: str, values: Values) -> str:
    """As `expand`, but words drawn are used for this line only."""
    return expand(rng, template, dict(values))


def wording(rng: random.Random, exchange: str, *, held_out: bool) -> str:
    """The template of a user's line of an exchange."""
    return str(rng.choice(load_talks()["exchanges"][exchange]["held_out" if held_out else "say"]))


def answer(rng: random.Random, exchange: str, manner: str = "reply") -> str:
    """The template of a reply of an exchange."""
    return str(rng.choice(load_talks()["exchanges"][exchange][manner]))


def word(rng: random.Random, name: str) -> str:
    """One of the words for a slot, which may hold slots itself."""
    if name in ("topic", "other"):
        if rng.random() < 0.5:
            return load_phrases().pick(rng, "topics")
        return f"{word(rng, 'adjective')} {word(rng, 'plural')}"
    return str(rng.choice(load_talks()["words"][name]))


def capital(text: str) -> str:
    """`text` with its first letter large."""
    return text[:1].upper() + text[1:]
