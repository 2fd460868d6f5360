"""The items of one scope: how a new one joins them, what a question brings back, and how a person's are taken out.

Pure but for the vectors' arithmetic: no clock, no network, no lock. An item is a sentence as it was said. Saying it
again does not make two of it but gives the one more weight; saying otherwise ends the older one's validity and keeps
both (`actors.memory_facts` knows what is otherwise).

The score of an item is a weighted sum of likeness in meaning, recency, which halves in `half_life_days`, and
engagement, as in Park et al., "Generative Agents" (2023), whose importance, told by a language model, is here how often
people came back to it. What is not like the question at all (`least_cosine`) is not found, however new it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from actors.memory_facts import Claim, agrees, claims, contradicts, marks, words
from actors.memory_scopes import Saying
from actors.memory_vectors import Vectors, packed, unpacked
from actors.memory_worth import Kind, Worthy
from core.settings import Settings

MAX_ITEMS = 300  # of a scope: 300 KB with vectors of 384, which is loaded and written as one document
MAX_SOURCES = 12
MAX_ECHOES = 24
SAME_COSINE, SAME_WORDS = 0.90, 0.8  # from which a sentence is the same one again
# What somebody tells of themselves is looked for where the question is about them: of all that is like "which vehicle
# is mine?" the asker's own is meant. Chosen, like the least cosine, on the tuning wordings of `bench.memory_recall`.
NEARER, FARTHER = 0.1, 0.7
LEAST_OF_BEST = 0.8  # beside an item that fits well, others that fit much less are noise
ALIKE_COSINE = 0.97  # of two found items, from which one is enough
CHANGED_COSINE = 0.45  # from which a line that tells of a change is about the same as another that fits the question
_CHANGE = re.compile(
    r"\b(?:now|new|moved|changed?|switched|renamed|replaced|instead|no longer|any ?more|correction|update|from now on|"
    r"these days|since (?:last|this|\w+day)|turned out|finally|became|got (?:a|the) new)\b",
    re.IGNORECASE,
)
_SOMEBODY = ""
_DAY_MS = 86_400_000
_ENGAGED = 8  # people's reactions after which more of them count no further
_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|myself|i'm|i've|i'd)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRules:
    """How memories are weighed; the three weights need not add up to one. `limit` is the number of items that a reply
    is given; with 0 nothing is recalled, and nothing kept."""

    limit: int = 4
    half_life_days: float = 14.0
    meaning: float = 0.75
    recency: float = 0.15
    engagement: float = 0.1
    least_cosine: float = 0.32

    @classmethod
    def of(cls, settings: Settings) -> MemoryRules:
        """The rules in `settings`."""
        return cls(
            limit=settings.memory_recall_limit,
            half_life_days=settings.memory_half_life_days,
            meaning=settings.memory_weight_meaning,
            recency=settings.memory_weight_recency,
            engagement=settings.memory_weight_engagement,
            least_cosine=settings.memory_least_cosine,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Somebody's reply to an item: the message, and who wrote it. With a `reaction`, an emoji, it is that instead, to
    the message."""

    message_id: str
    author_id: str
    reaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One remembered sentence. It was valid from `since_ms`, and until `until_ms` where a newer one says otherwise;
    `said_ms` is when it was last said. `id` is a message's and the number of the sentence in it; `sources` are the ids
    of all times it was said, by the same person. `vector` as `memory_vectors` packs it."""

    id: str
    kind: Kind
    text: str
    speaker: str
    author_id: str
    channel_id: str
    guild_id: str | None
    since_ms: int
    said_ms: int
    vector: str
    until_ms: int | None = None
    claims: tuple[Claim, ...] = ()
    sources: tuple[str, ...] = ()
    echoes: tuple[Echo, ...] = ()
    persona_id: str | None = None

    @property
    def about_themselves(self) -> bool:
        """Whether it tells of the one who said it."""
        return self.kind == "self"

    @property
    def message_ids(self) -> frozenset[str]:
        """The messages it stands in."""
        return frozenset(source.partition(":")[0] for source in self.sources)

    @property
    def engaged(self) -> float:
        """0 to 1: how often it was said again, replied to and reacted to; several emojis of one person count once."""
        reactions = {(echo.message_id, echo.author_id) for echo in self.echoes if echo.reaction}
        replies = sum(not echo.reaction for echo in self.echoes)
        times = len(self.sources) - 1 + replies + len(reactions)
        return min(1.0, math.log2(1 + max(times, 0)) / math.log2(1 + _ENGAGED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for: the line, its vector (float32, length one), who asks, and when. Items that stand in one of
    the messages `without` are known already."""

    text: str
    vector: bytes
    asker_id: str
    now_ms: int
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An item with its score, and the likeness in meaning that is part of it."""

    item: Item
    score: float
    cosine: float


def make_item(saying: Saying, worthy: Worthy, number: int) -> Item:
    """The item of the `number`-th sentence of a line that is worth keeping."""
    kind: Kind = "lore" if saying.persona_id else worthy.kind
    own = f"{saying.message_id}:{number}"
    return Item(
        id=own,
        kind=kind,
        text=worthy.text,
        speaker=saying.speaker,
        author_id=saying.author_id,
        channel_id=saying.channel_id,
        guild_id=saying.guild_id,
        since_ms=saying.at_ms,
        said_ms=saying.at_ms,
        vector=packed(worthy.vector),
        claims=() if saying.persona_id else claims(worthy.text, about_themselves=kind == "self"),
        sources=(own,),
        persona_id=saying.persona_id,
    )


def matrix(items: Sequence[Item]) -> Vectors:
    """[items, dimensions]: their vectors, of length one."""
    return unpacked([item.vector for item in items])


def with_items(items: Sequence[Item], new: Iterable[Item]) -> list[Item]:
    """The items with `new` ones, in any order of time; a sentence that is known already changes nothing."""
    held = list(items)
    for item in new:
        if any(item.id in one.sources for one in held):
            continue
        index = _same(held, item)
        if index is None:
            held.append(item)
            index = len(held) - 1
        else:
            held[index] = _merged(held[index], item)
        held = _settled(held, held[index])
    return _bounded(held)


def with_vectors(items: Sequence[Item], vectors: Vectors) -> list[Item]:
    """The items with other vectors, as of another model."""
    return [replace(item, vector=packed(vector)) for item, vector in zip(items, vectors, strict=True)]


def with_echo(items: Sequence[Item], replied_to: str, echo: Echo) -> list[Item]:
    """The items, those that stand in the message `replied_to` with one echo more, unless it is the same person's."""

    def heard(item: Item) -> Item:
        known = replied_to not in item.message_ids or item.author_id == echo.author_id or echo in item.echoes
        return item if known else replace(item, echoes=(*item.echoes, echo)[-MAX_ECHOES:])

    return [heard(item) for item in items]


def without_echo(items: Sequence[Item], echo: Echo) -> list[Item]:
    """The items without an echo that somebody took back."""

    def unheard(item: Item) -> Item:
        kept = tuple(one for one in item.echoes if one != echo)
        return item if len(kept) == len(item.echoes) else replace(item, echoes=kept)

    return [unheard(item) for item in items]


def without_message(items: Sequence[Item], message_id: str) -> list[Item]:
    """The items without what stands in one message only, and without its reply to others. What it said to be over may
    hold again."""
    kept: list[Item] = []
    for item in items:
        sources = tuple(source for source in item.sources if source.partition(":")[0] != message_id)
        echoes = tuple(echo for echo in item.echoes if echo.message_id != message_id)
        if sources:
            kept.append(replace(item, id=item.id if item.id in sources else sources[0], sources=sources, echoes=echoes))
    gone = [item for item in items if item.message_ids == {message_id}]
    ended = {at_ms for item in gone for at_ms in (item.since_ms, item.said_ms)}
    return [replace(item, until_ms=None) if item.until_ms in ended else item for item in kept]


def without_person(items: Sequence[Item], user_id: str) -> list[Item]:
    """The items without what a person said, was told, or replied to."""
    kept = [item for item in items if item.author_id != user_id]
    return [
        replace(item, echoes=tuple(echo for echo in item.echoes if echo.author_id != user_id))
        if any(echo.author_id == user_id for echo in item.echoes)
        else item
        for item in kept
    ]


def search(items: Sequence[Item], vectors: Vectors, question: Question, rules: MemoryRules) -> list[Found]:
    """The valid items that have to do with the question, best first, at most `rules.limit`. `vectors` are theirs."""
    if not items or rules.limit < 1:
        return []
    asked = np.frombuffer(question.vector, np.float32)
    if asked.shape[0] != vectors.shape[1]:  # of another model
        return []
    cosines = vectors @ asked
    aim = _Aim(question, items)
    found: list[Found] = []
    for i in np.flatnonzero(cosines >= rules.least_cosine - NEARER).tolist():
        item, cosine = items[i], aim.likeness(items[i], float(cosines[i]))
        if (
            item.until_ms is not None
            or cosine < rules.least_cosine
            or not question.without.isdisjoint(item.message_ids)
        ):
            continue
        found.append(Found(item=item, score=score(item, cosine, question.now_ms, rules), cosine=cosine))
    return sorted(found, key=lambda one: (-one.score, one.item.id))[: rules.limit]


def score(item: Item, cosine: float, now_ms: int, rules: MemoryRules) -> float:
    """The weighted sum of likeness, recency and engagement."""
    age_days = max(0, now_ms - item.said_ms) / _DAY_MS
    recency = math.exp2(-age_days / rules.half_life_days)
    return rules.meaning * cosine + rules.recency * recency + rules.engagement * item.engaged


def best(found: Iterable[Found], limit: int) -> tuple[Found, ...]:
    """What several scopes brought, best first: of what was said twice the best, and of what contradicts each other the
    newest, as within one scope. Here, where all has to do with one question, a line that tells of a change ("I moved",
    "now") also stands for what is like it and older; both stay in memory."""
    chosen: list[Found] = []
    pool = sorted(found, key=lambda one: (-one.score, one.item.id))
    least = LEAST_OF_BEST * max((one.cosine for one in pool), default=0.0)
    for one in pool:
        newer = [other.item for other in pool if other.item.since_ms > one.item.since_ms]
        if one.cosine < least or any(_ends(other, one.item) or _changes(other, one.item) for other in newer):
            continue
        if not any(_alike(one.item, other.item) for other in chosen):
            chosen.append(one)
    return tuple(chosen[:limit])


class _Aim:
    """Whom a question is about, as far as its words tell: the one who asks, or those whose names stand in it."""

    def __init__(self, question: Question, items: Sequence[Item]) -> None:
        spoken = {
            word.casefold().removesuffix("'s").removesuffix("’s") for word in re.findall(r"[\w'’]+", question.text)
        }
        self._about = {item.author_id for item in items if spoken & _names(item.speaker)}
        if not self._about and _FIRST_PERSON.search(question.text):
            self._about = {question.asker_id}
        elif not self._about and marks(question.text):
            self._about = {_SOMEBODY}  # whose name is none of these

    def likeness(self, item: Item, cosine: float) -> float:
        """The cosine, with what the question's person told of themselves nearer and what others told farther."""
        if not self._about or not item.about_themselves:
            return cosine
        return cosine + NEARER if item.author_id in self._about else cosine * FARTHER


def _names(speaker: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]{3,}", speaker)}


def _same(held: Sequence[Item], item: Item) -> int | None:
    """Which valid item says the same, by the same person."""
    theirs = [
        i
        for i, one in enumerate(held)
        if one.author_id == item.author_id and one.persona_id == item.persona_id and one.until_ms is None
    ]
    cosines = matrix([held[i] for i in theirs]) @ _vector(item) if theirs else ()
    for i, cosine in zip(theirs, cosines, strict=True):
        one = held[i]
        if item.claims and one.claims:
            if agrees(item.claims, one.claims):
                return i
        elif cosine >= SAME_COSINE and _shared(one.text, item.text) >= SAME_WORDS:
            return i
    return None


def _shared(one: str, other: str) -> float:
    """The share of words that two sentences have in common; 0 where their names or numbers differ."""
    if marks(one) != marks(other):
        return 0.0
    a, b = words(one), words(other)
    return len(a & b) / max(1, len(a | b))


def _merged(one: Item, again: Item) -> Item:
    """An item that was said again: the newer words, and everywhere that it stands."""
    newer, older = (again, one) if again.said_ms >= one.said_ms else (one, again)
    sources = tuple(dict.fromkeys([*older.sources, *newer.sources]))[-MAX_SOURCES:]
    echoes = tuple(dict.fromkeys([*one.echoes, *again.echoes]))[-MAX_ECHOES:]
    return replace(newer, since_ms=min(one.since_ms, again.since_ms), sources=sources, echoes=echoes)


def _settled(held: Sequence[Item], item: Item) -> list[Item]:
    """The items, among them `item`: ended what it contradicts, and it, where a later one contradicts it."""
    later = [one.since_ms for one in held if one is not item and _ends(one, item)]
    return [
        replace(one, until_ms=min(later))
        if one is item and later and one.until_ms is None
        else replace(one, until_ms=item.said_ms)
        if one is not item and one.until_ms is None and _ends(item, one)
        else one
        for one in held
    ]


def _ends(newer: Item, older: Item) -> bool:
    """Whether `newer` says otherwise than `older`, and later. What a persona says ends nothing, and what was taught is
    ended by what is taught only."""
    if newer.said_ms <= older.said_ms or newer.about_themselves != older.about_themselves:
        return False
    if newer.about_themselves and newer.author_id != older.author_id:
        return False
    if newer.kind == "lore" or older.kind == "lore" or (older.kind == "taught" and newer.kind != "taught"):
        return False
    return contradicts(newer.claims, older.claims)


def _changes(newer: Item, older: Item) -> bool:
    """Whether `newer` tells of a change of what `older` seems to be about."""
    same = newer.author_id == older.author_id if newer.about_themselves else newer.channel_id == older.channel_id
    if not same or newer.kind != older.kind or newer.kind in ("lore", "taught") or not _CHANGE.search(newer.text):
        return False
    a, b = _vector(newer), _vector(older)
    return a.shape == b.shape and float(a @ b) >= CHANGED_COSINE


def _alike(one: Item, other: Item) -> bool:
    if one.sources == other.sources and one.text == other.text:
        return True
    a, b = _vector(one), _vector(other)
    return one.author_id == other.author_id and a.shape == b.shape and float(a @ b) >= ALIKE_COSINE


def _vector(item: Item) -> Vectors:
    row: Vectors = matrix([item])[0]
    return row


def _bounded(items: list[Item]) -> list[Item]:
    """At most MAX_ITEMS: what is valid no more goes first, then what was said long ago and nobody came back to."""
    if len(items) <= MAX_ITEMS:
        return items
    now_ms = max(item.said_ms for item in items)

    def worth(item: Item) -> tuple[bool, float]:
        months = (now_ms - item.said_ms) / _DAY_MS / 30
        return item.until_ms is None, item.engaged + math.exp2(-months) + (10.0 if item.kind == "taught" else 0.0)

    kept = {item.id for item in sorted(items, key=worth, reverse=True)[:MAX_ITEMS]}
    return [item for item in items if item.id in kept]


def mentioned(items: Iterable[Item]) -> list[str]:
    """Ids of the people of whom something is in the items."""
    found: set[str] = set()
    for item in items:
        found.add(item.author_id)
        found.update(echo.author_id for echo in item.echoes)
    return sorted(found)


def of_person(items: Iterable[Item], user_id: str) -> Collection[Item]:
    """The items that come from a person or were said to them."""
    return [item for item in items if item.author_id == user_id]
