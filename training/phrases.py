"""How people write: the phrasings of phrases.yaml, varied as in a chat (lower case, typos, "hey Elio,")."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_CONTRACTIONS = (
    ("what is", "what's"), ("who is", "who's"), ("where is", "where's"), ("how is", "how's"), ("I am", "I'm"),
    ("do not", "don't"), ("you are", "you're"), ("it is", "it's"), ("that is", "that's"), ("could not", "couldn't"),
)  # fmt: skip
_SMALL_WORD = re.compile(
    "the|a|an|of|does|do|did|is|are|was|in|on|at|to|for|with|what|which|who|how|its?", re.IGNORECASE
)
_FIRST_WORD = re.compile(
    "(what|who|how|where|when|which|why|whose|do|does|did|are|is|can|could|tell|on|at|for|the|in|from)('s)?",
    re.IGNORECASE,
)
OPTIONS = re.compile(r"<([^<>]*)>")
_Rewrite = tuple[re.Pattern[str], str]


def _rewrites(*pairs: tuple[str, str]) -> tuple[_Rewrite, ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), new) for pattern, new in pairs)


# A question said in other words. Those of the second group are only used to measure.
_SAID_OTHERWISE = _rewrites(
    (r"^What color (is|are|was) (.+)\?$", r"Which color \1 \2?"),
    (r"^What color (is|are|was) (.+)\?$", r"What \1 the color of \2?"),
    (r"^How many (.+?) (does|do|did) (.+?) have\?$", r"What number of \1 \2 \3 have?"),
    (r"^How many (.+?) (are|is) (in|on) (.+)\?$", r"What number of \1 \2 \3 \4?"),
    (r"^What is the name of (.+)\?$", r"What is \1 called?"),
    (r"^What is (.+?) called\?$", r"What is the name of \1?"),
    (r"^How old is (.+)\?$", r"What age is \1?"),
    (r"^Who (.+)\?$", r"Which person \1?"),
    (r"^When is (.+)\?$", r"On which day is \1?"),
    (r"^Where is (.+)\?$", r"Where can I find \1?"),
    (r"^What (.+)\?$", r"Which thing \1?"),
    (r"^How long (.+)\?$", r"For how long \1?"),
    (r"^What color (is|are|was) (.+)\?$", r"\2: what color?"),
    (r"^How many (.+?) (does|do) (.+?) have\?$", r"The number of \1 that \3 \2 have?"),
    (r"^How many (.+?) (does|do|did) (.+)\?$", r"Count for me: how many \1 \2 \3?"),
    (r"^How old is (.+)\?$", r"\1: how old?"),
    (r"^Who (.+)\?$", r"Who was the one that \1?"),
    (r"^Who (.+)\?$", r"I look for the one who \1."),
    (r"^Where (is|are) (.+)\?$", r"In what place \1 \2?"),
    (r"^Where (.+)\?$", r"Where in the world \1?"),
    (r"^When (.+)\?$", r"At which time \1?"),
    (r"^What is the (\w+) of (.+)\?$", r"The \1 of \2, what is it?"),
    (r"^What (does|do|did) (.+)\?$", r"What on earth \1 \2?"),
    (r"^(Which|What) (.+)\?$", r"I would like to know \1 \2."),
    (r"^Why (.+)\?$", r"What is the cause: why \1?"),
)
_SAID_OTHERWISE_HELD_OUT = _rewrites(
    (r"^What color (is|are) (.+)\?$", r"\2 \1 what color?"),
    (r"^How many (.+?) (does|do) (.+?) have\?$", r"\3 \2 have how many \1?"),
    (r"^Who (.+)\?$", r"Who is it that \1?"),
    (r"^Where (is|are) (.+)\?$", r"\2 \1 where exactly?"),
    (r"^How old is (.+)\?$", r"How many years old is \1?"),
)


@dataclass(frozen=True, slots=True)
class Intent:
    """Something people say to anybody: how they word it, and what a persona without own words answers."""

    say: tuple[str, ...]
    held_out: tuple[str, ...]
    reply: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrases:
    """All of phrases.yaml: `intents` by name, and every other list by its key."""

    intents: dict[str, Intent]
    lists: dict[str, tuple[str, ...]]

    def pick(self, rng: random.Random, key: str, *, held_out: bool = False) -> str:
        """One entry of the list `key`; with `held_out` one that is never trained on, where the list has such."""
        return rng.choice(self.lists.get(f"{key}_held_out", self.lists[key]) if held_out else self.lists[key])

    def intent_of(self, line: str) -> str | None:
        """The intent that has `line` among its phrasings."""
        return _index(self).get(_key(line))


@cache
def load_phrases() -> Phrases:
    """The phrasings that come with this package."""
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "phrases.yaml").read_text("utf-8"))
    intents = {
        name: Intent(tuple(map(str, d["say"])), tuple(d["held_out"]), tuple(d["reply"]))
        for name, d in data.pop("intents").items()
    }
    return Phrases(intents, {key: tuple(f for v in values for f in forms(str(v))) for key, values in data.items()})


def forms(text: str) -> list[str]:
    """All that `text` says with one part of each of its options: `more<|!>` gives `more` and `more!`."""
    options = OPTIONS.search(text)
    if not options:
        return [text]
    before, rest = text[: options.start()], forms(text[options.end() :])
    return [f"{before}{part}{end}" for part in options[1].split("|") for end in rest]


def say_otherwise(rng: random.Random, question: str, *, held_out: bool = False) -> str:
    """`question` in other words, where a rule knows some; else as it is."""
    rules = _SAID_OTHERWISE_HELD_OUT if held_out else _SAID_OTHERWISE
    fitting = [(pattern, new) for pattern, new in rules if pattern.match(question)]
    if not fitting:
        return question
    pattern, new = rng.choice(fitting)
    return _capital(pattern.sub(new, question))


def keywords(question: str) -> str:
    """`question` as typed into a search box: without its small words and its question mark."""
    return " ".join(word for word in question.rstrip("?.! ").split() if not _SMALL_WORD.fullmatch(word))


def as_typed(rng: random.Random, line: str, persona: str, *, held_out: bool = False) -> str:
    """`line` as a hurried person types it to `persona`."""
    phrases = load_phrases()
    line = line.strip()
    if rng.random() < 0.3:
        line = line.replace("color", "colour").replace("avorite", "avourite")
    if rng.random() < 0.4:
        for long, short in _CONTRACTIONS:
            line = re.sub(rf"\b{long}\b", short, line)
            line = re.sub(rf"\b{_capital(long)}\b", _capital(short), line)
    asks = line.endswith("?") and len(line) > 8
    if rng.random() < (0.3 if asks else 0.1):
        before = phrases.pick(rng, "before" if asks else "address", held_out=held_out)
        line = before.format(persona=persona) + _small(line)
    if asks and rng.random() < 0.12:
        line += phrases.pick(rng, "after", held_out=held_out)
    changes: tuple[tuple[float, Callable[[str], str]], ...] = (
        (0.2, str.lower),
        (0.35, lambda text: text.rstrip("?.!")),
        (0.08, lambda text: _typo(rng, text)),
        (0.02, str.upper),
    )
    for chance, change in changes:
        if rng.random() < chance:
            line = change(line) or line
    return _capital(line) if rng.random() < 0.3 else line


def _typo(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word, at = words[index], rng.randrange(1, len(words[index]) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[index] = rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
    return " ".join(words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    # A name or "I" keeps its capital; a question word does not.
    starts = _FIRST_WORD.fullmatch(text.split(" ", 1)[0])
    return text[:1].lower() + text[1:] if starts else text


def _key(line: str) -> str:
    return re.sub(r"[^a-z ]", "", line.lower()).strip()


@cache
def _index_of(intents: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    return {_key(line): name for name, lines in intents for line in lines}


def _index(phrases: Phrases) -> dict[str, str]:
    return _index_of(tuple((name, intent.say) for name, intent in phrases.intents.items()))


def choose(rng: random.Random, options: Sequence[tuple[str, float]]) -> str:
    """One of the options by weight."""
    return rng.choices([name for name, _ in options], [weight for _, weight in options])[0]
