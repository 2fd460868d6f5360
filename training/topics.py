"""What passages can be asked: those of a pack, with a share of their sentences held out, and those of random worlds."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from core.personas import Lore, Pack, Question
from training import worlds
from training.worlds import sentences

HELD_OUT_SHARE = 0.25
_HEAD = re.compile(r"^(It|He|She|They|Its|His|Her|Their)\b")
_PREPOSITION = re.compile(r"\b(of|in|on|at|to|for|with|by|from|near|about|over|under|during)\s*$", re.IGNORECASE)
_AUXILIARY = re.compile(r"\b(is|are|was|were|does|do|did|has|have|can|may|would)\s*$", re.IGNORECASE)
_OBJECTIVE = {"it": "it", "he": "him", "she": "her", "they": "them"}
_POSSESSIVE = {"it": "its", "he": "his", "she": "her", "they": "their"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A question that a passage answers: `answer` stands word for word in `sentence`, a sentence of the passage.
    `outdated` is an answer that the passage gives as a former one."""

    question: str
    answer: str
    sentence: str
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A passage: the name of what it is about, how that is called afterwards, its text, what it can be asked, and
    questions about the same thing that it does not answer (`untold`). `held_out` is only asked to measure; `whole` says
    that nothing of the text is held out, so that all of it may be told."""

    name: str
    pronoun: str
    text: str
    asked: tuple[Pair, ...]
    held_out: tuple[Pair, ...] = ()
    untold: tuple[str, ...] = ()
    whole: bool = True

    @property
    def person(self) -> bool:
        """Whether it is about somebody."""
        return self.pronoun in ("he", "she")

    def without(self, pair: Pair) -> Topic | None:
        """The topic less what answers `pair`; None where nothing would be left that says what it is about."""
        kept = [s for s in sentences(self.text) if pair.sentence not in s and pair.answer.lower() not in s.lower()]
        if (
            not kept
            or re.match(r"(It|Its|He|His|She|Her|They|Their)\b", kept[0])
            or (pair.outdated and pair.outdated in " ".join(kept))
        ):
            return None
        text = " ".join(kept)
        return replace(self, text=text, asked=_within(self.asked, text), held_out=_within(self.held_out, text))

    def by_pronoun(self, question: str) -> str | None:
        """`question` with the name replaced by a pronoun, as one asks on; None where it does not hold the name once."""
        name = re.escape(self.name[4:] if self.name.lower().startswith("the ") else self.name)
        pattern = re.compile(rf"\b(?:the )?{name}('s?)?(?= |[?.!,]|$)", re.IGNORECASE)
        match = pattern.search(question)
        if not match or len(pattern.findall(question)) > 1:
            return None
        before, after = question[: match.start()], question[match.end() :]
        if re.search(r"\ban?\s*$", before, re.IGNORECASE):
            return None
        if match[1]:
            word = _POSSESSIVE[self.pronoun]
        elif _PREPOSITION.search(before) or (not after.strip("?.! ") and not _AUXILIARY.search(before)):
            word = _OBJECTIVE[self.pronoun]
        else:
            word = self.pronoun
        return before + (word if before else word.capitalize()) + after


def topic_of(passage: worlds.Passage) -> Topic:
    """A passage of a random world as a topic."""
    asked = tuple(Pair(q, f.answer, f.sentence, f.outdated) for f in passage.facts for q in f.questions)
    held = tuple(Pair(f.held_out, f.answer, f.sentence, f.outdated) for f in passage.facts)
    untold = tuple(q for fact in passage.untold for q in fact.questions)
    return Topic(passage.subject, passage.pronoun, passage.text, asked, held, untold)


@dataclass
class PackTopics:
    """The passages of a pack as topics. Of about a quarter of the questions the sentences are held out: training never
    asks for them and never says them. With `stripped` the passages lack them as well: what a model reads a thousand
    times and is never to repeat, it learns not to repeat."""

    pack: Pack
    stripped: bool = False
    held_out_share: float = HELD_OUT_SHARE
    topics: dict[str, Topic] = field(init=False)

    def __post_init__(self) -> None:
        questions: dict[str, list[Question]] = {}
        for question in self.pack.questions:
            questions.setdefault(question.lore_id, []).append(question)
        self.topics = {lore.id: self._topic(lore, questions.get(lore.id, [])) for lore in self.pack.lore}

    def _topic(self, lore: Lore, questions: Sequence[Question]) -> Topic:
        pairs = [Pair(q.question, q.answer, _sentence_with(lore.text, q.answer)) for q in questions]
        told = list(dict.fromkeys(pair.sentence for pair in pairs))
        rng = random.Random(lore.id)
        held = ""
        # One of two sentences in half of the passages; a passage keeps a sentence to be asked for.
        if len(told) > 1 and rng.random() < self.held_out_share * 2:
            held = rng.choice(told)
        asked = tuple(pair for pair in pairs if pair.sentence != held)
        if not (held and self.stripped):
            held_pairs = tuple(pair for pair in pairs if pair.sentence == held)
            return Topic(lore.title, self._pronoun(lore), lore.text, asked, held_pairs, whole=not held)
        first, *others = [sentence for sentence in sentences(lore.text) if sentence != held]
        named = with_subject(first, lore.title)
        asked = tuple(replace(pair, sentence=pair.sentence.replace(first, named)) for pair in asked)
        return Topic(lore.title, self._pronoun(lore), " ".join([named, *others]), asked)

    def _pronoun(self, lore: Lore) -> str:
        """How the passage itself goes on about its subject."""
        if any(persona.name == lore.title for persona in self.pack.personas):
            return "she" if re.search(r"\b(She|Her|her|she)\b", lore.text) else "he"
        return "they" if re.search(r"\bThey\b|\b(are|have)\b", lore.text) and lore.title.endswith("s") else "it"

    def nearest(self, rng: random.Random, question: str, count: int) -> list[Topic]:
        """Topics that share words with the question, as a search would find them; chance decides between equals."""
        wanted = _words(question)
        ranked = sorted(self._words, key=lambda pair: (-len(wanted & pair[1]), rng.random()))
        return [topic for topic, _ in ranked[:count]]

    @cached_property
    def _words(self) -> list[tuple[Topic, frozenset[str]]]:
        return [(topic, _words(f"{topic.name} {topic.text}")) for topic in self.topics.values()]


def with_subject(text: str, subject: str) -> str:
    """`text` with the subject in place of a pronoun at its head, which would stand there without what it means."""

    def named(match: re.Match[str]) -> str:
        return subject if match[1] in ("It", "He", "She", "They") else f"{subject}'s"

    return _HEAD.sub(named, text)


def altered(rng: random.Random, topic: Topic) -> Topic:
    """The topic with other answers, as if its world had changed, so that knowing it by heart is of no use. Only answers
    whose sort is clear (numbers, names, colors and the like) and that stand once in the text are changed."""
    text, changed = topic.text, dict[str, str]()
    for pair in topic.asked:
        new = worlds.other_answer(rng, pair.answer)
        if new and pair.answer not in changed and len(_whole(pair.answer).findall(text)) == 1:
            text = _whole(pair.answer).sub(new, text)
            changed[pair.answer] = new

    def other(said: str) -> str:
        for old, new in changed.items():
            said = _whole(old).sub(new, said)
        return said

    asked = tuple(
        Pair(pair.question, changed.get(pair.answer, pair.answer), other(pair.sentence))
        for pair in topic.asked
        if not any(_whole(old).search(pair.question) for old in changed)
    )
    return replace(topic, text=text, asked=asked, held_out=()) if asked else topic


def renamed(rng: random.Random, topic: Topic) -> Topic:
    """The topic under a name that nobody has heard, so that its name is of no use for knowing it by heart."""
    name = topic.name[4:] if topic.name.lower().startswith("the ") else topic.name
    new = worlds.random_title(rng) if " " in name else worlds.random_name(rng)
    pattern = re.compile(rf"\b{re.escape(name)}(?=s?\b)", re.IGNORECASE)

    def under(said: str) -> str:
        return pattern.sub(new, said)

    asked = tuple(Pair(under(p.question), under(p.answer), under(p.sentence)) for p in topic.asked)
    return replace(topic, name=under(topic.name), text=under(topic.text), asked=asked, held_out=())


def extended(rng: random.Random, topic: Topic) -> Topic:
    """The topic with one more fact, before or after the others, that its world never told: also of what one knows there
    is more to read."""
    fact = worlds.random_fact(rng, inside(topic.name), topic.pronoun)
    more = tuple(Pair(question, fact.answer, fact.sentence, fact.outdated) for question in fact.questions)
    told = [topic.text, fact.told or fact.sentence]
    if inside(topic.name) in fact.sentence and rng.random() < 0.5:
        told.reverse()
    return replace(topic, text=" ".join(told), asked=(*topic.asked, *more), held_out=())


def inside(title: str) -> str:
    """A title as it reads within a sentence."""
    return title[:1].lower() + title[1:] if title.startswith("The ") else title


def _whole(text: str) -> re.Pattern[str]:
    """`text` where it is no part of a longer word or number."""
    return re.compile(rf"(?<![\w,.]){re.escape(text)}(?!\w|[,.]\d)")


def _within(pairs: Sequence[Pair], text: str) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if pair.sentence in text)


def _sentence_with(text: str, answer: str) -> str:
    return next((s for s in sentences(text) if answer.lower() in s.lower()), text)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 3)
