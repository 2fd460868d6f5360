"""Judging replies: does one hold the answer, loop, speak of itself? Pure functions on text.

They are made for any model, so they read what a reply says and not how the training data would have said it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

LONGEST_REPLY_WORDS = 45  # a reply that holds everything answers nothing
_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ARTICLES = frozenset(("a", "an", "the"))
_SPELLINGS = {"colour": "color", "colored": "coloured", "gray": "grey", "metres": "meters", "favourite": "favorite"}
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+")


def normal(text: str) -> tuple[str, ...]:
    """The words of `text` as they are compared: lower case, without articles and possessive s, numbers as digits."""
    text = re.sub(r"['’]s\b", "", text.lower().replace("%", " percent "))
    found = [match.group() for match in _TOKEN.finditer(text.replace("’", "'").replace("'", ""))]
    words = [word.replace(",", "") if word[0].isdigit() else _SPELLINGS.get(word, word) for word in found]
    return tuple(_stem(word) for word in _numbers(words) if word not in _ARTICLES)


def holds(text: str, answer: str) -> bool:
    """Whether the words of `answer` stand in `text`, in a row."""
    said, wanted = normal(text), normal(answer)
    size = len(wanted)
    return size > 0 and any(said[i : i + size] == wanted for i in range(len(said) - size + 1))


def right(reply: str, answer: str, rivals: Iterable[str] = ()) -> bool:
    """Whether `reply` gives `answer`: it holds it, none of the `rivals` (what other passages say) beside it, and is no
    recital of everything there is."""
    if len(reply.split()) > LONGEST_REPLY_WORDS or not holds(reply, answer):
        return False
    return not any(holds(reply, rival) for rival in rivals)


def first_person(text: str) -> bool:
    """Whether `text` speaks of itself as I (or we), at least once."""
    return bool(re.search(r"\b(I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself|[Ww]e|[Oo]ur|[Uu]s)\b", text))


def loops(text: str) -> bool:
    """Four words in a row three times over."""
    words = text.lower().split()
    fours = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    return max(fours.values(), default=0) >= 3


def degenerate(text: str, *, ended: bool) -> bool:
    """A reply that is empty, that had to be stopped, or that loops."""
    return not re.search(r"\w", text) or not ended or loops(text)


def distinct2(texts: Sequence[str]) -> float:
    """Different pairs of neighbouring words per pair, over all texts; 0 for none. Only comparable between as many
    texts of about one length."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        words = re.findall(r"[\w']+", text.lower())
        pairs += pairwise(words)
    return len(set(pairs)) / max(1, len(pairs))


def wilson(hits: int, asked: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% interval of a share of which `hits` of `asked` were seen; (0, 1) where nothing was asked."""
    if not asked:
        return 0.0, 1.0
    share = hits / asked
    scale = 1 + z * z / asked
    middle = (share + z * z / (2 * asked)) / scale
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def _stem(word: str) -> str:
    """Without the s of a plural, so that `3 lemons` and `a lemon` are of one kind."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _numbers(words: Sequence[str]) -> list[str]:
    """`words` with every run of number words as digits: `three hundred and twelve` is 312."""
    result: list[str] = []
    i = 0
    while i < len(words):
        if words[i] not in _SMALL:
            result.append(words[i])
            i += 1
            continue
        total = current = 0
        last = 1_000  # a run goes on only with smaller parts: `six seven` are two numbers
        while i < len(words):
            word = words[i]
            if word in _SMALL and _SMALL[word] < last and not (_SMALL[word] >= 10 and last < 100):
                current, last = current + _SMALL[word], 10 if _SMALL[word] >= 20 else 0
            elif word == "hundred":
                current, last = current * 100, 100
            elif word in _LARGE:
                total, current, last = total + current * _LARGE[word], 0, 1_000
            elif not (word == "and" and last >= 100 and i + 1 < len(words) and words[i + 1] in _SMALL):
                break
            i += 1
        result.append(str(total + current))
    return result
