"""Worlds that exist nowhere: passages with invented names, places and numbers, and questions about them.

A model that only ever sees one world learns to recite it. Here every passage is new, so the only way to answer is to
find the right sentence in the prompt and repeat it. There are two sorts: passages put together from single facts
(worlds.yaml), of which there are endlessly many, and passages written as a whole (readings/), whose sentences are as
different as those of a real pack; names, numbers and some words are drawn anew in both.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# The C one reads the two megabytes of readings/ ten times as fast; both are safe.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SLOT = re.compile(r"<(\w+)>|\{(\w+)\}")
_ANSWER = "<>"
_ANY_SHARE = 0.5  # of the facts come from those that fit everything
WRITTEN_SHARE = 0.6  # of the passages that training sees are written as a whole
_SHORTENED_SHARE = 0.35  # of those lack a sentence, so that what it tells cannot be known
_JOINED_SHARE = 0.15  # of the passages tell their first two facts in one sentence
_UPDATED_SHARE = 0.06  # of the facts are told as they were and as they are
_UPDATES = (
    "An old book says: {old} But now it is otherwise: {new}",
    "Once it was so: {old} Today it is so: {new}",
    "Many still believe: {old} The truth is: {new}",
    "Last year we wrote: {old} Since then that has changed: {new}",
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
_AGREEING = {"has": "have", "does": "do", "is": "are", "was": "were"}
_VERB_FORMS = {"verb": 0, "verbs": 1, "verbed": 2, "verben": 3}


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence with the questions that it answers. `answer` stands word for word in `sentence`, which may hold two;
    `told` is what a passage says, more than the sentence where the fact has changed. `outdated` is the old answer then;
    `held_out` is a wording of the question that is never trained on."""

    sentence: str
    answer: str
    questions: tuple[str, ...]
    held_out: str
    told: str = ""
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """Something a world tells about one thing: its name, what it is called by afterwards (`it`, `he`, `she`, `they`),
    its facts, and some `untold` ones that nobody can know. What was written as a whole has its `words`."""

    subject: str
    pronoun: str
    facts: tuple[Fact, ...]
    untold: tuple[Fact, ...] = ()
    words: str = ""

    @property
    def person(self) -> bool:
        """Whether it is somebody."""
        return self.pronoun in ("he", "she")

    @property
    def text(self) -> str:
        """All that is told, as one line; a sentence that holds two facts stands once."""
        return self.words or " ".join(dict.fromkeys(fact.told or fact.sentence for fact in self.facts))


@cache
def _grammar() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "worlds.yaml").read_text("utf-8"))
    return data


@cache
def readings(*, held_out: bool) -> list[dict[str, Any]]:
    """The templates of the passages written as a whole; those that are only used to measure with `held_out` alone."""
    folder = Path(__file__).parent / "readings"
    files = sorted(folder.glob("*.yaml"))
    every = [one for path in files for one in yaml.load(path.read_text("utf-8"), _Loader)]  # noqa: S506 (it is safe)
    return [one for one in every if held_out or not one.get("held_out")]


def random_name(rng: random.Random) -> str:
    """An invented word with a capital, such as `Morlis`."""
    syllables = _grammar()["syllables"]
    return "".join(rng.choice(syllables[part]) for part in ("start", "middle", "end"))


def sentences(text: str) -> list[str]:
    """`text` cut at the ends of its sentences."""
    return _SENTENCE_END.split(text)


def random_world(
    rng: random.Random, passages: int, *, held_out: bool = False, written_share: float = 0.0
) -> list[Passage]:
    """`passages` passages about different things; many are of one kind, so that they are easy to mix up. Only with
    `held_out` do they tell kinds of facts, and hold written passages, that are never trained on, too."""
    kinds = _grammar()["kinds"]
    favorite = rng.choice(kinds)
    world: list[Passage] = []
    names: set[str] = set()
    while len(world) < passages:
        if rng.random() < written_share:
            passage = written(rng, rng.choice(readings(held_out=held_out)))
        else:
            passage = _passage(rng, favorite if rng.random() < 0.5 else rng.choice(kinds), held_out=held_out)
        if passage.subject not in names:
            names.add(passage.subject)
            world.append(passage)
    return world


def random_title(rng: random.Random) -> str:
    """An invented name of two words, such as `Hollow Lamp`."""
    return f"{_word(rng, 'Adjective')} {_word(rng, 'Noun')}"


def random_fact(rng: random.Random, subject: str, pronoun: str) -> Fact:
    """A fact that training may tell of anything, about `subject`, which is called by `pronoun` (`it`, `they`...)."""
    if rng.random() < 0.5:
        fitting = [one for one in readings(held_out=False) if pronoun.capitalize() in one["pronoun"]]
        passage = written(rng, rng.choice(fitting), subject) if fitting else None
        named = [fact for fact in passage.facts if subject in fact.sentence] if passage else []
        if named:
            return rng.choice(named)
    templates = [fact for fact in _grammar()["any"] if not fact.get("held_out")]
    called = pronoun.capitalize() if rng.random() < 0.5 else subject
    return _fact(rng, rng.choice(templates), subject, pronoun.capitalize(), called)


def other_answer(rng: random.Random, answer: str) -> str | None:
    """Another answer of the same sort (number, name, or a word of the same list); None where the sort is unclear."""
    if re.fullmatch(r"[\d,]+", answer):
        while (number := _word(rng, "number")) == answer:
            pass
        return number
    for words in _grammar()["words"].values():
        if answer in words:
            return str(rng.choice([word for word in words if word != answer]))
    if re.fullmatch(r"[A-Z][a-z]+", answer):
        return random_name(rng)
    return None


def _passage(rng: random.Random, kind: Mapping[str, Any], *, held_out: bool) -> Passage:
    subject = _fill(rng, rng.choice(kind["name"]), {})
    pronoun = rng.choice(kind["pronoun"]) if isinstance(kind["pronoun"], list) else kind["pronoun"]
    size, more = rng.choices((1, 2, 3), (1, 5, 2))[0], 2
    facts: list[Fact] = []
    while len(facts) < size + more:
        template = rng.choice(_grammar()["any"] if rng.random() < _ANY_SHARE else kind["facts"])
        if template.get("held_out") and not held_out:
            continue
        again = 0 < len(facts) < size and rng.random() < 0.6
        fact = _fact(rng, template, subject, pronoun, pronoun if again else subject)
        if not any(_alike(fact, other) for other in facts):
            facts.append(fact)
    told = facts[:size]
    if size > 1 and rng.random() < _JOINED_SHARE:
        first, second = told[:2]
        sentence = f"{first.sentence[:-1]}, and {_small(second.sentence)}"
        if not first.told and not second.told:
            told[:2] = [replace(first, sentence=sentence), replace(second, sentence=sentence)]
    return Passage(subject, pronoun.lower(), tuple(told), tuple(facts[size:]))


def written(rng: random.Random, template: Mapping[str, Any], subject: str = "") -> Passage:
    """A passage of readings/ with other names and numbers each time, and now and then without one of its sentences."""
    subject = subject or _fill(rng, rng.choice(template["name"]), {})
    pronoun = rng.choice(template["pronoun"]) if isinstance(template["pronoun"], list) else template["pronoun"]
    filled = {"it": subject, "It": _capital(subject)}
    told = [_capital(sentence) for sentence in sentences(_fill(rng, template["text"], filled))]
    facts = []
    for asked in template["ask"]:
        answer = _fill(rng, asked["answer"], filled)
        questions = [_capital(_fill(rng, question, filled)) for question in asked["questions"]]
        sentence = next(sentence for sentence in told if answer in sentence or _capital(answer) in sentence)
        facts.append(Fact(sentence, answer, tuple(questions[:-1]), questions[-1]))
    open_questions = [_capital(_fill(rng, question, filled)) for question in template["untold"]]
    untold = [Fact("", "", tuple(open_questions[:-1]), open_questions[-1])]
    if len(told) > 1 and rng.random() < _SHORTENED_SHARE:
        gone = told.pop(rng.randrange(1, len(told)))
        rest = " ".join(told).lower()
        untold += [fact for fact in facts if fact.sentence == gone and fact.answer.lower() not in rest]
        facts = [fact for fact in facts if fact.sentence != gone] or facts
    return Passage(subject, pronoun.lower(), tuple(facts), tuple(untold), " ".join(told))


def _alike(one: Fact, other: Fact) -> bool:
    """Whether two facts answer the same question, or give the same answer."""
    asked = {*one.questions, one.held_out} & {*other.questions, other.held_out}
    return bool(asked) or one.answer == other.answer


def _fact(rng: random.Random, fact: Mapping[str, Any], subject: str, pronoun: str, called: str) -> Fact:
    filled = {"it": subject, "It": called}
    for single, plural in _AGREEING.items():
        filled[single] = plural if pronoun == "They" else single
    forms = rng.choice(_grammar()["words"]["verb"]).split()
    filled |= {slot: forms[index] for slot, index in _VERB_FORMS.items()}
    if pronoun == "They":
        filled["verbs"] = filled["verb"]
    sentence = _capital(_fill(rng, fact["say"], filled))
    asked = [_capital(_fill(rng, question, filled)) for question in fact["ask"]]
    made = Fact(sentence, filled[_ANSWER], tuple(asked[:-1]), asked[-1])
    if rng.random() < _UPDATED_SHARE and sentence.lower().count(made.answer.lower()) == 1:
        old = other_answer(rng, made.answer)
        if old is not None:
            before = sentence.replace(made.answer, old)
            told = rng.choice(_UPDATES).format(old=before, new=sentence)
            return replace(made, told=told, outdated=old)
    return made


def _fill(rng: random.Random, template: str, filled: dict[str, str]) -> str:
    """`template` with its slots filled. What was drawn is kept in `filled` (the answer as `<>`), so that a question can
    name a word of its sentence."""

    def draw(match: re.Match[str]) -> str:
        slot = match[1] or match[2]
        value = filled.get(slot) if match[2] else None
        if value is None:
            value = _word(rng, slot)
            filled[_ANSWER if match[1] else slot] = value
        return value

    return _SLOT.sub(draw, template)


def _word(rng: random.Random, slot: str) -> str:
    slot = slot.rstrip("2")
    if slot in ("person", "Person"):
        return f"{random_name(rng)} {random_name(rng)}" if rng.random() < 0.3 else random_name(rng)
    if slot in ("place", "Place", "name"):
        return random_title(rng) if rng.random() < 0.15 else random_name(rng)
    if slot == "number":
        return f"{rng.choice((rng.randint(2, 30), rng.randint(2, 999), rng.randint(1, 99) * 100)):,}"
    word: str = rng.choice(_grammar()["words"][slot.lower()])
    return word.title() if slot[0].isupper() else word


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _small(sentence: str) -> str:
    """A sentence as it goes on after a comma: `The` and pronouns lose their capital, names keep it."""
    first = sentence.split(" ", 1)[0]
    return (
        sentence[:1].lower() + sentence[1:]
        if first in ("The", "It", "He", "She", "They", "In", "At", "On", "Only", "A", "Every")
        else sentence
    )
