"""The content filter: what is not answered, and what no persona says.

A text is compared with lists that a person can read and edit (`word_lists/content_filter.yaml`), by whole words, after
it was brought to the form that a reader sees (`core.folding`); `Dick Turpin of Scunthorpe` passes, and `ｋ1ll y.o.u.r
self` does not. Words are found that are written with look-alikes, digits for letters, points, stars or spaces between
the letters, and letters that are drawn out.

It is a net and no judge: it does not know what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from core.folding import folded
from core.messages import FilterLevel
from core.personal_data import personal_data

Category = Literal["minors", "self_harm", "hate", "sexual", "violence", "threat", "profanity", "personal_data"]
Severity = Literal["always", "severe", "moderate", "mild"]

WORD_LISTS = Path(__file__).parent / "word_lists" / "content_filter.yaml"
LEVELS: tuple[FilterLevel, ...] = get_args(FilterLevel)
CATEGORIES: tuple[Category, ...] = get_args(Category)
_CAUGHT: dict[FilterLevel, frozenset[Severity]] = {
    "off": frozenset(("always",)),
    "low": frozenset(("always", "severe")),
    "medium": frozenset(("always", "severe", "moderate")),
    "high": frozenset(("always", "severe", "moderate", "mild")),
}
# What a channel for adults may have.
_ADULT: frozenset[Category] = frozenset(("sexual", "profanity"))
_EXPLICIT: frozenset[Severity] = frozenset(("severe", "moderate"))
NEAR_WORDS = 12  # that may stand between what is sexual and who is a minor
LONGEST = 8_000  # characters that are read; Discord's longest message is half of it

_ENDINGS = ("", "s", "z", "es", "ed", "d", "er", "ers", "ing", "in", "y", "ty")
_SEVERAL = "(?: [^ ]+){0,3}"
_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+")
_STANDING_IN = "013457@$!|€"
_LEET = str.maketrans(_STANDING_IN, "oieastasiie")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_STARRED = re.compile(r"[^\W_]+[*#%]+[^\W_]+")
_QUOTES = re.compile("['’‘`´]")
_EDGES = "\"'“”‘’«»()[]{}<>.,;:?!…*_~|-–—`"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: its category, how bad it is, and which words of the read text (first and behind the last)."""

    category: Category
    severity: Severity
    start: int = 0
    end: int = 0


class ContentFilter:
    """Holds the lists, ready to be compared. Immutable, so that one serves all."""

    def __init__(self, lists: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """`lists` as the file has them. Raises ValueError for what they cannot hold."""
        self._words: dict[str, tuple[Category, Severity]] = {}
        self._phrases: list[tuple[Category, Severity, re.Pattern[str]]] = []
        self._minor: re.Pattern[str] = re.compile(r"(?!)")
        for category, by_severity in lists.items():
            for severity, entries in by_severity.items():
                if severity == "minor_words":
                    self._minor = _pattern(entries)
                    continue
                self._add(_category(category), _severity(severity), entries)
        self._long = [word for word in self._words if len(word) > 4]

    def _add(self, category: Category, severity: Severity, entries: Sequence[str]) -> None:
        phrases = []
        for entry in entries:
            word = entry.removesuffix("~")
            if not _WORD.fullmatch(word):
                phrases.append(entry)
                continue
            endings = _ENDINGS if entry.endswith("~") else ("", "s", "z")
            for form in {folded(word) + ending for ending in endings}:
                self._words.setdefault(form, (category, severity))
        if phrases:
            self._phrases.append((category, severity, _pattern(phrases)))

    def verdict(
        self, text: str, level: FilterLevel, *, age_gated: bool = False, about_minor: bool = False
    ) -> Category | None:
        """The category for which `text` is caught at `level`, None where it passes. `age_gated` is true in a channel
        for adults only, outside of which nothing explicit passes at any level; `about_minor` where a minor speaks or is
        spoken to, so that nothing sexual may be said."""
        caught = _CAUGHT[level]
        found = list(self.findings(text))
        explicit = [one for one in found if one.category == "sexual" and one.severity in _EXPLICIT]
        if any(one.category == "minors" for one in found) or (
            explicit and (about_minor or self._beside(text, explicit))
        ):
            return "minors"
        allowed = _ADULT if age_gated else frozenset[Category]()
        held = {one.category for one in found if one.severity in caught} - allowed
        if explicit and not age_gated:
            held.add("sexual")
        return min(held, key=CATEGORIES.index, default=None)

    def findings(self, text: str) -> Iterator[Finding]:
        """Everything that any level would catch."""
        plain, disguised, hidden = _read(text[:LONGEST])
        for form in (plain,) if plain == disguised else (plain, disguised):
            for number, word in enumerate(form.split()):
                if known := self._words.get(word):
                    yield Finding(*known, start=number, end=number + 1)
            for category, severity, pattern in self._phrases:
                for match in pattern.finditer(form):
                    start = form.count(" ", 0, match.start() + 1)
                    yield Finding(category, severity, start, start + match.group().count(" ") + 1)
        for word in hidden:
            yield from self._hidden(word)

    def _hidden(self, word: str) -> Iterator[Finding]:
        if "." in word:  # as `_read` leaves a letter that was starred out
            pattern = re.compile(word)
            if known := next((self._words[one] for one in self._words if pattern.fullmatch(one)), None):
                yield Finding(*known)
        elif known := self._words.get(word):
            yield Finding(*known)
        elif inside := next((one for one in self._long if one in word), None) if len(word) > 5 else None:
            yield Finding(*self._words[inside])
        else:
            for category, severity, pattern in self._phrases:
                # A phrase that is spelled out has no spaces between its words any more.
                if pattern.pattern and _without_spaces(pattern).search(word):
                    yield Finding(category, severity)

    def _beside(self, text: str, explicit: Iterable[Finding]) -> bool:
        """Whether who is a minor is named near what is sexual."""
        plain, disguised, _ = _read(text[:LONGEST])
        for form in {plain, disguised}:
            for match in self._minor.finditer(form):
                at = form.count(" ", 0, match.start() + 1)
                if any(one.start - NEAR_WORDS <= at <= one.end + NEAR_WORDS for one in explicit):
                    return True
        return False


def outgoing(
    filter_: ContentFilter,
    text: str,
    level: FilterLevel,
    *,
    age_gated: bool = False,
    about_minor: bool = False,
    known: Iterable[str] = (),
) -> Category | None:
    """As `ContentFilter.verdict` for what a persona says: personal data is caught, too, unless it stands in one of the
    texts that are `known` to everybody (lore)."""
    caught = filter_.verdict(text, level, age_gated=age_gated, about_minor=about_minor)
    if caught is not None or level == "off":
        return caught
    told = "\n".join(known)
    found = [severe for what, severe in personal_data(text) if what not in told]
    return "personal_data" if any(found) or (found and level != "low") else None


@cache
def default_filter() -> ContentFilter:
    """The filter with the project's own lists, read once."""
    return ContentFilter(yaml.safe_load(WORD_LISTS.read_text(encoding="utf-8")))


def _read(text: str) -> tuple[str, str, list[str]]:
    """A text as its words with one space between them; the same with letters for the digits and signs that stand for
    them; and what may be hidden in it: words with their inner points taken out, starred letters as `.`, single letters
    in a row as one word."""
    plain: list[str] = []
    disguised: list[str] = []
    hidden: list[str] = []
    spelled = ""
    for chunk in [*_CHUNK.findall(_QUOTES.sub("", folded(text))), ""]:
        bare = chunk.strip(_EDGES)
        words = _WORD.findall(chunk)
        plain += words
        if len(bare) == 1 and bare.translate(_LEET).isalpha():
            spelled += bare.translate(_LEET)
            continue
        if len(spelled) > 2:
            hidden.append(spelled)
            disguised.append(spelled)
        else:
            disguised += spelled
        spelled = ""
        masked = chunk.strip("\"'“”().,;:?").rstrip("!")
        disguise = any(char in _STANDING_IN for char in masked) and any(map(str.isalpha, masked))
        clear = masked.translate(_LEET) if disguise else chunk
        if _DRAWN_OUT.search(clear):
            hidden += _WORD.findall(_DRAWN_OUT.sub(r"\1\1", clear))
            clear = _DRAWN_OUT.sub(r"\1", clear)
        parts = _WORD.findall(clear) if clear != chunk else words
        if len(words) > 1 and "/" not in chunk:
            letters = [word.translate(_LEET) for word in words]
            if all(len(one) == 1 for one in letters):
                parts = ["".join(letters)]
                hidden += parts
            elif len(letters) == 2:
                hidden.append("".join(letters))
        disguised += parts
        if match := _STARRED.fullmatch(bare):
            hidden.append(re.sub(r"[*#%]", ".", match.group()))
    return " ".join(plain), " ".join(disguised), hidden


def _pattern(entries: Iterable[str]) -> re.Pattern[str]:
    """Whole words that any of the entries fits."""
    parts = [folded(entry).strip().replace(" * ", f"{_SEVERAL} ").replace(" *", _SEVERAL) for entry in entries]
    try:
        return re.compile(rf"(?<![^ ])(?:{'|'.join(f'(?:{part})' for part in parts)})(?![^ ])")
    except re.error as error:
        raise ValueError(f"An entry of the content filter is no pattern: {error}") from error


@cache
def _without_spaces(pattern: re.Pattern[str]) -> re.Pattern[str]:
    source = pattern.pattern.removeprefix("(?<![^ ])").removesuffix("(?![^ ])")
    return re.compile(f"^(?:{source.replace(_SEVERAL, '').replace(' ', '')})$")


def _category(name: str) -> Category:
    if (found := next((one for one in CATEGORIES if one == name), None)) is None:
        raise ValueError(f"The content filter knows no category {name!r}: {', '.join(CATEGORIES)}.")
    return found


def _severity(name: Any) -> Severity:
    severities: tuple[Severity, ...] = get_args(Severity)
    if (found := next((one for one in severities if one == name), None)) is None:
        raise ValueError(f"The content filter knows no list {name!r}: {', '.join(chain(severities, ['minor_words']))}.")
    return found
