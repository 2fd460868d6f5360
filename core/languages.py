"""Which language a line is written in, told by its script, its commonest words and its letters.

A method for chat lines, where a trained detector is as unsure as this: it answers only where the words of one language
clearly outnumber those of the others, and says nothing about a line of one or two words that several share. After the
short-word method of Grefenstette (1995).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel

FILE = Path(__file__).parent / "word_lists" / "languages.yaml"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
LETTER_POINTS = 0.7  # what a letter tells that only some languages have, against a word's 1
LEAST_POINTS = 0.9
LEAST_SHARE = 0.25  # of the words must be known
LEAST_LEAD = 1.25  # times the points of the next language


class Language(BaseModel, extra="forbid"):
    """One entry of the file. `script` holds first words of Unicode names; a language may be told by them alone."""

    name: str
    words: str = ""
    letters: str = ""
    script: str = ""
    without: str = ""


@cache
def languages() -> dict[str, Language]:
    """All of them by their ISO 639-1 code. Raises pydantic.ValidationError where the file is wrong."""
    read = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {str(code): Language.model_validate(entry) for code, entry in read.items()}


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language of `text`, empty where that is not clear."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    letters = Counter(char for word in words for char in word)
    if not letters:
        return ""
    if by_script := _by_script(letters):
        return by_script
    (most, best), (next_most, _) = _points(words, letters)[:2]
    if most < max(LEAST_POINTS, LEAST_SHARE * len(words)) or most < LEAST_LEAD * next_most:
        return ""
    return best


def _by_script(letters: Counter[str]) -> str:
    """The language of a line of which most letters are of another script than Latin."""
    scripts: Counter[str] = Counter()
    for char, count in letters.items():
        scripts[unicodedata.name(char, "").partition(" ")[0].partition("-")[0]] += count
    if scripts["HIRAGANA"] or scripts["KATAKANA"]:  # Japanese is full of Chinese characters
        scripts["HIRAGANA"] += scripts.pop("CJK", 0)
    script, count = scripts.most_common(1)[0]
    if script == "LATIN" or count < sum(letters.values()) / 2:
        return ""
    for code, language in languages().items():
        if script in language.script.split():
            own = any(char in letters for char in language.letters)
            if (not language.letters or own) and not any(char in letters for char in language.without):
                return code
    return ""


def _points(words: list[str], letters: Counter[str]) -> list[tuple[float, str]]:
    """The languages with their points, the likeliest first."""
    points: dict[str, float] = dict.fromkeys(languages(), 0.0)
    for word in words:
        codes = _known().get(word, ())
        for code in codes:
            points[code] += 1 if len(codes) == 1 else 0.6
    for code, language in languages().items():
        own = sum(letters[char] for char in language.letters if not language.script)
        points[code] += LETTER_POINTS * min(own, 3)
    return sorted(((value, code) for code, value in points.items()), reverse=True)


@cache
def _known() -> dict[str, tuple[str, ...]]:
    """Every listed word with the languages that list it."""
    known: dict[str, tuple[str, ...]] = {}
    for code, language in languages().items():
        for word in dict.fromkeys(language.words.split()):
            known[word] = (*known.get(word, ()), code)
    return known
