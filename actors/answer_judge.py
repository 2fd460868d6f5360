"""Whether what somebody typed is an answer, and whether it is the right one.

Tolerant of case, accents, articles, plurals, filler words and typing errors; strict about numbers. Ordinary talk is no
answer: a text counts only where, apart from such fillers and the words of the question, nothing else is in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA

Judgement = Literal["right", "wrong", "close", "none"]

_MOST_CHARACTERS = 120
_CLOSE = 0.62  # likeness from which a wrong guess at a riddle is called close


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ARTICLES = _words("a an the der die das ein eine einen einem einer den dem")
_FILLERS = _ARTICLES | _words(
    "is it its i im think guess say believe know maybe perhaps probably must be would should was are were that this "
    "they of course answer my final hm hmm um uh er well so ok okay yes oh ah and then to in on at by with from for "
    "one ich glaube denke meine es ist sind war wohl vielleicht antwort lautet die"
)
_NEGATIONS = _words("not no never isnt arent wasnt nor neither nicht kein keine keinen nie")
_DIGITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBERS = {word: str(value) for value, word in enumerate(_DIGITS.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_UNITS = {"metre": "meter", "kilometre": "kilometer", "litre": "liter", "min": "minute", "hr": "hour", "yr": "year"}
_UNITS |= {"km": "kilometer", "m": "meter", "colour": "color", "grey": "gray"}
_TOKEN = re.compile(r"\d+(?::\d+)?(?:\.\d+)?|[^\W\d_]+")
_THOUSANDS = re.compile(r"(?<=\d)[,.\u2019'  ](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class _Said:
    """A text in the form that is compared: its numbers as they stand, and its other words."""

    numbers: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def judge(text: str, question: str, answers: Sequence[str], wrong: Sequence[str] = ()) -> Judgement:
    """What `text` is as an answer to `question`: one of `answers` ("right"), one of the `wrong` choices or another
    number where a number is asked ("wrong"), nearly right ("close", only where there are no choices), or none."""
    tokens = _tokens(text)
    if not tokens or len(text) > _MOST_CHARACTERS or _NEGATIONS & set(tokens):
        return "none"
    asked = frozenset(_stem(token) for token in _tokens(question))
    said = _read(text)
    right = max(_likeness(said, answer, asked) for answer in answers)
    others = max((_likeness(said, choice, asked) for choice in wrong), default=0.0)
    if right >= 1.0 and right > others:
        return "right"
    if others >= 1.0 and others > right:
        return "wrong"
    if max(right, others) > 0.9 and right != others:
        return "right" if right > others else "wrong"
    only_number = said.numbers and not _left(said.words, asked)
    if only_number and all(_read(answer).numbers for answer in answers):
        return "wrong"
    return "close" if not wrong and right >= _CLOSE else "none"


def same(one: str, other: str) -> bool:
    """Whether two texts would count as the same answer."""
    nothing: frozenset[str] = frozenset()
    return _likeness(_read(one), other, nothing) > 0.9 or _likeness(_read(other), one, nothing) > 0.9


def stands_in(answer: str, text: str) -> bool:
    """Whether the words of an answer stand in a text one after the other."""
    wanted, found = _stems(answer), _stems(text)
    size = len(wanted)
    return bool(wanted) and any(found[at : at + size] == wanted for at in range(len(found) - size + 1))


def _likeness(said: _Said, answer: str, asked: frozenset[str]) -> float:
    """From 0 to 1 how much what was said is that answer; above 0.9 it counts as it."""
    meant = _read(answer)
    if sorted(said.numbers) != sorted(meant.numbers):
        return 0.0
    if meant.numbers and not said.words:
        return 1.0  # the unit may be left out
    # Word by word first: whatever is said twice, in another order or with fillers around it.
    left = [word for word in said.words if word not in meant.words]
    core = [word for word in meant.words if word not in _FILLERS] or meant.words
    if set(core) <= set(said.words):
        return 1.0 if not _left(left, asked) else 0.0
    if meant.numbers and not _left(said.words, asked):
        return 1.0
    spoken = " ".join(word for word in said.words if word in meant.words or word not in _FILLERS | asked)
    return _spelled_alike(spoken or said.text, meant.text)


def _spelled_alike(spoken: str, meant: str) -> float:
    if not spoken or not meant:
        return 0.0
    distance = OSA.distance(spoken, meant)
    allowed = 0 if len(meant) <= 3 else 1 if len(meant) <= 6 else 2 if len(meant) <= 11 else 3
    if distance <= allowed and (spoken[0] == meant[0] or distance <= 1):
        return 1.0 - 0.01 * distance
    return 0.9 * max(0.0, 1.0 - distance / max(len(spoken), len(meant)))


def _left(words: Sequence[str], asked: frozenset[str]) -> list[str]:
    return [word for word in words if word not in _FILLERS and word not in asked]


@lru_cache(maxsize=4096)
def _read(text: str) -> _Said:
    numbers: list[str] = []
    words: list[str] = []
    tokens = _tokens(text)
    for index, token in enumerate(tokens):
        if token[0].isdigit():
            numbers.append(token)
        elif token in _SCALES and numbers and index and (tokens[index - 1][0].isdigit()) and "." not in numbers[-1]:
            numbers[-1] = str(int(numbers[-1]) * _SCALES[token]) if numbers[-1].isdigit() else numbers[-1]
        else:
            words.append(_stem(token))
    kept = [word for word in words if word not in _ARTICLES]
    return _Said(tuple(numbers), tuple(kept or words))


def _tokens(text: str) -> list[str]:
    """Lower-case words and numbers; number words as digits, thousands without their separators."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    plain = _THOUSANDS.sub("", plain.casefold().replace("’", "'"))
    plain = re.sub(r"(?<=[^\W\d])'(?=[^\W\d])", "", plain)
    tokens = _TOKEN.findall(plain)
    # "one" is a filler more often than a number, except where it stands alone.
    return _joined([word if word == "one" and len(tokens) > 1 else _NUMBERS.get(word, word) for word in tokens])


def _joined(words: list[str]) -> list[str]:
    """As they are, but "twenty two" as one number."""
    out: list[str] = []
    for word in words:
        if out and re.fullmatch("[2-9]0", out[-1]) and re.fullmatch("[1-9]", word):
            out[-1] = out[-1][0] + word
        else:
            out.append(word)
    return out


@lru_cache(maxsize=4096)
def _stems(text: str) -> tuple[str, ...]:
    tokens = _tokens(text)
    return tuple(_stem(token) for token in tokens if token not in _ARTICLES) or tuple(tokens)


@lru_cache(maxsize=4096)
def _stem(token: str) -> str:
    """The token without its plural, in American spelling."""
    token = _UNITS.get(token, token)
    if len(token) > 4 and token.endswith("ies"):
        token = token[:-3] + "y"
    elif len(token) > 4 and token.endswith(("ches", "shes", "sses", "xes", "oes")):
        token = token[:-2]
    elif len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    return _UNITS.get(token, token)
