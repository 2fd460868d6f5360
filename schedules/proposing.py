"""Makes what is proposed: personas, scenarios, greetings and lore, out of the documents of the lore.

A model writes the words where there is one; whom and what they are about is taken from the documents, and whatever is
made is checked like the files of a pack.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from core.cards import to_json
from core.content_filter import default_filter
from core.errors import RequestError
from core.guests import card_new, cut, guest_of
from core.messages import FilterLevel, Passage
from core.personas import Greeting, Lore, Pack, Persona, Scenario
from core.prompts import one_line
from schedules.job import World
from schedules.staging import places, within

_NAMED = re.compile(r"\b(?:[Aa]n?|[Tt]he|[Ii]ts) ([a-z-]+(?: [a-z-]+)?) (?:is|named|called) ([A-Z][a-z]+)\b(?!'s)")
_THINGS = frozenset(
    ("star", "spoon", "snail", "lake", "ship", "moon", "can", "comet", "song", "bowl", "soup", "feast", "disk")
)
_WORDS = re.compile(r"\w+")
LEAST_LORE, MOST_LORE = 10, 60


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom the documents name and who is not in the cast."""

    name: str
    role: str
    passage: Passage


def strangers(pack: Pack, documents: Sequence[Passage]) -> tuple[Stranger, ...]:
    """They, in the order of the documents."""
    known = {word for persona in pack.personas for word in persona.name.split()}
    found: dict[str, Stranger] = {}
    for passage in documents:
        for match in _NAMED.finditer(one_line(passage.text)):
            role, name = match[1], match[2]
            if name not in known and name not in found and not _THINGS & set(role.split()):
                found[name] = Stranger(name, role, passage)
    return tuple(found.values())


async def card_for(world: World, who: Stranger, host: Persona) -> str | None:
    """A character card of somebody, as JSON; `host` is whoever introduces them. None where none can be made."""
    about = one_line(who.passage.text)
    voice = await world.write(host.id, f"Say in one sentence how {who.name} talks.", (about,), 30)
    texts = {
        "name": who.name,
        "title": cut(f"the {who.role} of {within(who.passage.title)}", 60).rstrip("…").strip(),
        "description": cut(f"{who.name} is known from “{who.passage.title}”: {about}", 600),
        "voice": cut(voice or f"Speaks plainly and warmly, and always comes back to being the {who.role}.", 300),
        "greeting": cut(f"Hello, I am {who.name}. You may know me as the {who.role}. What brings you here?", 300),
    }
    try:
        card = card_new(texts, [who.name.lower()])
        guest_of(card, who.name.lower())
    except RequestError:
        return None
    return to_json(card).decode()


def scenario_from(
    pack: Pack, documents: Sequence[Passage], known: Collection[str], rng: random.Random
) -> Scenario | None:
    """A scene around a passage that the pack has a question about; None where all of those were used."""
    by_id = {one.id: one for one in places(documents)}
    questions = [one for one in pack.questions if one.lore_id in by_id]
    rng.shuffle(questions)
    for question in questions:
        passage = by_id[question.lore_id]
        scenario_id = _slug(f"night at {passage.title}")
        if scenario_id in known:
            continue
        cast = tuple(one.id for one in rng.sample(pack.personas, min(3, len(pack.personas))))
        opener = pack.persona(cast[0])
        told = rng.choice(
            (
                "All lamps went out at once, and in the dark somebody wrote a question on the wall.",
                "A traveller came in from the rain, put down a sealed box, and would say one thing only.",
                "The clock stopped, and it will not go on until somebody answers it.",
            )
        )
        try:
            return Scenario.model_validate(
                {
                    "id": scenario_id,
                    "title": cut(f"A Night at {within(passage.title)}", 80),
                    "setting": cut(
                        f"{told} It is about {within(passage.title)}. Everybody here knows a piece of it.", 600
                    ),
                    "cast": cast,
                    "opening": f"Did you all see that? I am {opener.name}, I was right here, and I have no answer.",
                    "question": question.question,
                    "answer": f"{_headline(question.answer)}. {one_line(passage.text)}"[:400],
                    "reveal_after_h": 24.0,
                    "tags": ("lore", "mystery"),
                }
            )
        except ValidationError:
            continue
    return None


async def greeting_of(
    world: World, persona: Persona, documents: Sequence[Passage], known: Collection[str], rng: random.Random
) -> Greeting | None:
    """A new greeting by a persona, which tells something of the lore; None where it is known already."""
    passage = rng.choice(documents)
    first = re.split(r"(?<=[.!?])\s", one_line(passage.text))[0]
    written = await world.write(persona.id, "Greet somebody who has just arrived, in one sentence.", (first,), 25)
    text = cut((written or f"Good that you are here! {first}").replace("{", "").replace("}", ""), 280)
    try:
        made = Greeting.model_validate({"persona": persona.id, "text": "{user}! " + text})
    except ValidationError:
        return None
    return made if made.text not in known else None


# What a server's world may gain without a model: titles and texts, filled from the lists below.
_KINDS: tuple[tuple[str, str], ...] = (
    (
        "The {Adjective} {Noun} of {near}",
        "Behind {near} there is a {adjective} {noun} that {does}. "
        "Whoever visits it {custom}, and {keeper} keeps the key.",
    ),
    (
        "The Night of {Adjective} {Noun}s",
        "Once in {count} years everybody near {near} carries a {adjective} {noun} through the streets. It {does}, and "
        "whoever sees it first {custom}.",
    ),
    (
        "{keeper}'s {Adjective} {Noun}",
        "{keeper} owns a {adjective} {noun} that {does}. It was found near {near} and weighs {count} beads; whoever "
        "borrows it {custom}.",
    ),
)
_ADJECTIVES = ("humming", "folded", "sleepy", "borrowed", "backward", "glowing", "shy", "patient", "velvet")
_NOUNS = ["bridge", "kettle", "staircase", "lantern", "ladder", "compass", "orchard", "drum", "curtain", "well"]
_DOES = (
    "changes its color when somebody tells the truth",
    "opens only while it rains",
    "answers in the voice of whoever asked last",
    "points to the nearest person who is hungry",
    "remembers every song but never its end",
)
_CUSTOMS = (
    "leaves a button there",
    "bows to it twice",
    "has to tell a joke that nobody knows yet",
    "is owed a bowl of soup",
    "whispers a wish for somebody else",
)


async def lore_new(
    world: World, pack: Pack, documents: Sequence[Passage], level: FilterLevel, rng: random.Random
) -> Lore | None:
    """A new passage of lore that fits the others; None where nothing usable comes."""
    near, keeper = rng.choice(places(documents)), rng.choice(pack.personas)
    template, text = rng.choice(_KINDS)
    adjective, noun = rng.choice(_ADJECTIVES), rng.choice(_NOUNS)
    words = {
        "adjective": adjective,
        "Adjective": _headline(adjective),
        "noun": noun,
        "Noun": _headline(noun),
        "near": within(near.title),
        "keeper": keeper.name,
        "count": str(rng.randrange(3, 90)),
        "does": rng.choice(_DOES),
        "custom": rng.choice(_CUSTOMS),
    }
    title = _headline(cut(template.format(**words), 150))
    ask = f"Invent something new in our world, called {title}, in two sentences with a number in them."
    written = await world.write(keeper.id, ask, (one_line(near.text),), MOST_LORE)
    for candidate in (written, text.format(**words)):
        told = one_line(candidate or "")
        if _fits(told, documents) and default_filter().verdict(told, level) is None:
            slug = _slug(title)
            return Lore(id=f"added/{slug}", title=title, text=told[:600], tags=("added",), source="added", line=0)
    return None


def _fits(text: str, documents: Sequence[Passage]) -> bool:
    """Whether a text is a passage: neither too short nor too long, and not what another one says already."""
    words = set(_WORDS.findall(text.casefold()))
    if not LEAST_LORE <= len(text.split()) <= MOST_LORE:
        return False
    return all(len(words & other) < 0.7 * len(words) for other in _sets(documents))


def _sets(documents: Sequence[Passage]) -> Iterator[set[str]]:
    for passage in documents:
        yield set(_WORDS.findall(passage.text.casefold()))


def _headline(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")
