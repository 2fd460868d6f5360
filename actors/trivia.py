"""Makes trivia out of passages: a question, its right answer and wrong choices, each with the passage it comes from.

Where the pack has questions about a passage, those are asked; of other passages a sentence is asked with a gap in it.
Wrong choices are of the same kind as the answer (a number with its unit, a colour, a name, a phrase), and are taken
from other passages such that none of them can be right as well. No model is needed.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from actors.answer_judge import same, stands_in
from core.messages import Passage
from core.personas import Pack

GAP = "▁▁▁▁▁"
CHOICES = 4
_FEWEST_WRONG = 2
_NEAREST = 7  # of so many wrong choices that fit best, some are drawn

Kind = Literal["number", "colour", "name", "phrase"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COLOURS = _words(
    "red orange yellow green blue purple violet pink brown black white grey gray gold golden silver copper crimson "
    "scarlet turquoise indigo beige ivory magenta teal lilac"
)
_NUMBER = re.compile(r"(?<![\w:.,])\d{1,3}(?:,\d{3})+(?![\d:])|(?<![\w:.,])\d+(?![\d:,])|(?<![\w:.,])\d+(?=,\D)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_PREPOSITIONS = _words("in on at by to over behind after before every under with for from as because")
_SMALL = _words("of the and a an in on at to for")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A choice with the passage it was drawn from."""

    text: str
    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriviaQuestion:
    """A question with one right answer. With `gap`, `text` is a sentence in which GAP stands for the answer. `id` is
    the same whenever the same question is made."""

    id: str
    text: str
    gap: bool
    right: Drawn
    wrong: tuple[Drawn, ...]
    passage: Passage


@dataclass(frozen=True, slots=True)
class _Fact:
    passage: Passage
    text: str
    answer: str
    gap: bool

    @property
    def id(self) -> str:
        digest = hashlib.blake2b(f"{self.text}|{self.answer}".encode(), digest_size=6).hexdigest()
        return f"{self.passage.id}#{digest}"


def passages_of(pack: Pack) -> tuple[Passage, ...]:
    """All lore of a pack."""
    return tuple(
        Passage(id=lore.id, text=lore.text, score=0.0, source=lore.source, title=lore.title) for lore in pack.lore
    )


def about(pack: Pack, theme: str) -> tuple[Passage, ...]:
    """What a pack's lore has on a theme by its words alone, for when nothing else can be asked; best first."""
    scored = [
        (fuzz.token_set_ratio(theme.casefold(), f"{one.title} {' '.join(one.tags)} {one.text}".casefold()), index)
        for index, one in enumerate(pack.lore)
    ]
    known = passages_of(pack)
    return tuple(known[index] for score, index in sorted(scored, key=lambda one: -one[0])[:12] if score >= 60)


class Quiz:
    """Makes questions of one pack."""

    def __init__(self, pack: Pack) -> None:
        self._lore = passages_of(pack)
        self._asked: dict[str, list[tuple[str, str]]] = {}
        for question in pack.questions:
            self._asked.setdefault(question.lore_id, []).append((question.question, question.answer))
        self._facts = [fact for passage in self._lore for fact in self._facts_of(passage)]

    def questions(
        self, count: int, rng: random.Random, *, passages: Sequence[Passage] = (), used: Sequence[str] = ()
    ) -> tuple[TriviaQuestion, ...]:
        """At most `count` questions about `passages` (about anything, without), those not in `used` before those used
        longest ago (`used` is oldest first), and from as many passages as there are."""
        facts = [fact for passage in passages for fact in self._facts_of(passage)] if passages else list(self._facts)
        rng.shuffle(facts)
        last_used = {question_id: place for place, question_id in enumerate(used, 1)}
        facts.sort(key=lambda fact: last_used.get(fact.id, 0))
        made: list[TriviaQuestion] = []
        of_passage: Counter[str] = Counter()
        while facts and len(made) < count:
            # Sorting is stable: among equally often asked passages the order above holds.
            fact = min(facts, key=lambda one: (one.id in last_used, of_passage[one.passage.id]))
            facts.remove(fact)
            if question := self.question(fact, rng):
                made.append(question)
                of_passage[fact.passage.id] += 1
        return tuple(made)

    def every_question(self, rng: random.Random) -> Iterator[TriviaQuestion]:
        """Each question that can be made of the pack."""
        for fact in self._facts:
            if question := self.question(fact, rng):
                yield question

    def question(self, fact: _Fact, rng: random.Random) -> TriviaQuestion | None:
        """The question about a fact; None where there are too few wrong choices for it."""
        wrong = self._wrong(fact, rng)
        if len(wrong) < _FEWEST_WRONG:
            return None
        right = Drawn(fact.answer, fact.passage.title, fact.passage.source)
        return TriviaQuestion(
            id=fact.id, text=fact.text, gap=fact.gap, right=right, wrong=tuple(wrong), passage=fact.passage
        )

    def _facts_of(self, passage: Passage) -> list[_Fact]:
        asked = [_Fact(passage, text, answer, False) for text, answer in self._asked.get(passage.id, ())]
        facts = asked or [_Fact(passage, text, answer, True) for text, answer in _gaps(passage)]
        return [fact for fact in facts if not stands_in(fact.answer, fact.text)]

    def _wrong(self, fact: _Fact, rng: random.Random) -> list[Drawn]:
        kind = _kind(fact.answer)
        if kind == "number":
            fitting = self._other_numbers(fact)
        elif kind == "colour":
            fitting = self._other_colours(fact)
            rng.shuffle(fitting)
        else:
            fitting = self._other_answers(fact, kind)
        together = [one for one in self._lore if stands_in(fact.answer, one.text)] if kind in ("name", "phrase") else []
        usable: list[Drawn] = []
        for drawn in fitting:
            if len(usable) == _NEAREST:
                break
            if _may_be_right(drawn.text, fact) or any(stands_in(drawn.text, one.text) for one in together):
                continue
            if not any(_alike(drawn.text, other.text) for other in usable):
                usable.append(drawn)
        return rng.sample(usable, min(CHOICES - 1, len(usable)))

    def _other_numbers(self, fact: _Fact) -> list[Drawn]:
        """Other numbers in place of the answer's, the nearest first, those with the same unit before others."""
        match = _NUMBER.search(fact.answer)
        if match is None:
            return []
        before, after = fact.answer[: match.start()], fact.answer[match.end() :]
        value = _value(match[0])
        unit = _WORD.match(after.strip())
        found = []
        for passage in self._lore:
            if passage.id == fact.passage.id:
                continue
            for other in _NUMBER.finditer(passage.text):
                rest = passage.text[other.end() :].lstrip()
                same_unit = unit is not None and rest.casefold().startswith(unit[0].casefold())
                if (value == 1) is (_value(other[0]) == 1) or unit is None:
                    apart = abs(math.log((_value(other[0]) + 1) / (value + 1))) - (1.5 if same_unit else 0.0)
                    found.append((apart, Drawn(before + other[0] + after, passage.title, passage.source)))
                elif value == 1:
                    plural = unit[0] + "s" + after.strip()[unit.end() :]
                    found.append(
                        (_value(other[0]), Drawn(f"{before}{other[0]} {plural}", passage.title, passage.source))
                    )
        return [drawn for _, drawn in sorted(found, key=lambda one: one[0])]

    def _other_colours(self, fact: _Fact) -> list[Drawn]:
        return [
            Drawn(word.lower(), passage.title, passage.source)
            for passage in self._lore
            if passage.id != fact.passage.id
            for word in dict.fromkeys(_WORD.findall(passage.text))
            if word in _COLOURS
        ]

    def _other_answers(self, fact: _Fact, kind: Kind) -> list[Drawn]:
        """Answers of the same kind to other questions, those to the most similar questions first."""
        opening = fact.text.split()[0]
        words = len(fact.answer.split())

        def fits(other: _Fact) -> float:
            score = fuzz.token_sort_ratio(fact.text, other.text)
            score += 25 if not fact.gap and other.text.split()[0] == opening else 0
            score += 15 if (_first(fact.answer) in _PREPOSITIONS) is (_first(other.answer) in _PREPOSITIONS) else 0
            return score - 6 * abs(len(other.answer.split()) - words)

        others = [one for one in self._facts if one.passage.id != fact.passage.id and _kind(one.answer) == kind]
        others.sort(key=fits, reverse=True)
        return [Drawn(one.answer, one.passage.title, one.passage.source) for one in others]


def _may_be_right(text: str, fact: _Fact) -> bool:
    """Whether a wrong choice could be taken for the answer, or be right besides."""
    number = _NUMBER.search(text)
    told = number[0] if number else text  # "9 meters" is told where the passage says 9 of anything
    return (
        _alike(text, fact.answer)
        or stands_in(told, fact.passage.text)
        or stands_in(told, fact.passage.title)
        or stands_in(text, fact.text)
    )


def _alike(one: str, other: str) -> bool:
    return same(one, other) or stands_in(one, other) or stands_in(other, one)


def _gaps(passage: Passage) -> Iterable[tuple[str, str]]:
    """Sentences of a passage, each with a gap, and what stood there. The title says what they are about."""
    for sentence in _SENTENCE.split(passage.text):
        for start, end in _spans(sentence):
            answer = sentence[start:end]
            text = f"{passage.title}: {sentence[:start]}{GAP}{sentence[end:]}"
            if not stands_in(answer, text.replace(GAP, " ; ")):
                yield text, answer


def _spans(sentence: str) -> Iterator[tuple[int, int]]:
    for match in _NUMBER.finditer(sentence):
        yield match.span()
    words = list(_WORD.finditer(sentence))
    index = 1  # a capital at the beginning tells nothing
    while 0 < index < len(words) and words[0][0][0].isupper() and _goes_on(sentence, words[index - 1], words[index]):
        index += 1
    while index < len(words):
        match = words[index]
        last = index
        if match[0] in _COLOURS:
            yield match.span()
        elif match[0][0].isupper() and len(match[0]) > 1:
            while last + 1 < len(words) and _goes_on(sentence, words[last], words[last + 1]):
                last += 1
            end = words[last].end()
            yield match.start(), end - 2 if sentence[:end].endswith(("'s", "’s")) else end
        index = last + 1


def _goes_on(sentence: str, word: re.Match[str], following: re.Match[str]) -> bool:
    return sentence[word.end() : following.start()] == " " and following[0][0].isupper()


def _kind(answer: str) -> Kind:
    if _NUMBER.search(answer) or answer[0].isdigit():
        return "number"
    words = _WORD.findall(answer)
    if words and re.split("[-’']", words[-1])[-1].casefold() in _COLOURS and len(words) == 1:
        return "colour"
    named = [word for word in words if word.casefold() not in _SMALL]
    return "name" if named and all(word[0].isupper() for word in named) else "phrase"


def _first(answer: str) -> str:
    return answer.split()[0].casefold()


def _value(number: str) -> float:
    return float(number.replace(",", ""))
