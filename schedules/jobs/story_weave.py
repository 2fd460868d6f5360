"""A serial: each day the cast tells a chapter together, which goes on where the last one ended."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence

from core.messages import Passage
from core.personas import Persona
from core.prompts import one_line
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Silence, Slot, World
from schedules.staging import NOWHERE, chance, company, last, nearest, place, places, subject, within
from schedules.writers_room import Draft, Said, worth_of

NAME = "story_weave"
WORDS, DRAFTS = 60, 3
_NUMBER = re.compile(r"^chapter:(\d+):(.*)$", re.DOTALL)
# What each part of a chapter is for, and how it is told without a model; {place}, {other} and {topic} are filled in.
BEATS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Begin the chapter: where we are and what is odd there today.",
        (
            "The morning began at {place}, and somebody had turned every sign around.",
            "There was a light at {place} where no lamp had ever hung.",
            "Nobody had slept at {place}, for the floor was humming a tune about {topic}.",
        ),
    ),
    (
        "Go on: trouble comes, and somebody has a plan.",
        (
            "Then a crate arrived from {other}, ticking, and addressed to whoever was hungry.",
            "A note was pushed under the door: “Come to {other}, and bring {topic}.”",
            "The way to {other} was gone; in its place stood a polite queue of strangers.",
        ),
    ),
    (
        "Go on: the plan goes wrong in a way that nobody expected.",
        (
            "The plan was good, but it had been made for {other}, and this was {place}.",
            "They opened it all at once, and out came every lost glove of the last hundred years.",
            "Halfway there they noticed that they had been following themselves.",
        ),
    ),
    (
        "End the chapter with one open question.",
        (
            "So they sat down together and laughed. But who had sent it, and why did it smell of {topic}?",
            "By evening {place} was itself again, all but one door. What is behind it now?",
            "They carried it home to {other}. It is still warm, and tonight it knocked from inside. Who lets it out?",
        ),
    ),
)


async def make(slot: Slot, world: World) -> Made:
    """A chapter in four parts, each by another persona."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    pack, rng = await world.cast(here.id), chance(slot)
    documents = await world.documents()
    if not documents:
        return Silence(Wording("silent-no-story", "There is no lore to weave a story from."))
    before = await last(world, NAME, slot)
    match = _NUMBER.match(before.fingerprint) if before else None
    number = int(match[1]) + 1 if match else 1
    about, theirs = await subject(slot, world, here, pack, rng)
    known = [one.title for one in places(documents)]
    # A chapter begins where the last one ended.
    scene = match[2] if match and match[2] in known else rng.choice(known)
    other = rng.choice([one for one in known if one != scene] or known)
    aside = rng.choice([one for one in known if one not in (scene, other)] or known)
    by_title = {one.title: one for one in documents}
    passages = [by_title[scene], by_title[other]]  # each part that names a place may tell what it is like
    tellers = company(pack, nearest(pack, scene, rng), len(BEATS), rng)
    words = {"place": within(scene), "other": within(other), "topic": about if theirs else within(aside)}
    parts = await _parts(world, rng, tellers, passages, words)
    say = await world.words()
    title = say("post-chapter", number=number, title=_headline(scene))
    return tuple(
        Post(
            channel_id=here.id,
            persona_id=part.persona.id,
            text=part.text,
            card=Card(title=title, footer=say("post-chapter-footer")) if not at else None,
            pause_s=part.pause_s if at else 0.0,
            yields=at > 0,
            fingerprint=f"chapter:{number}:{other}",
        )
        for at, part in enumerate(parts)
    )


async def _parts(
    world: World,
    rng: random.Random,
    tellers: Sequence[Persona],
    passages: Sequence[Passage],
    words: dict[str, str],
) -> list[Said]:
    """The parts of the chapter: for each some personas draft at once, and what goes on best is taken."""
    told: list[Said] = []
    lore = tuple(one_line(one.text) for one in passages[:2])
    for number, (task, plain) in enumerate(BEATS):
        room = [one for one in tellers if not told or one.id != told[-1].persona.id]
        # Whose turn it is comes first, so that everybody has a part where drafts are alike or missing.
        room.sort(key=lambda one: (sum(one.id == line.persona.id for line in told), tellers.index(one)))
        so_far = tuple(line.text for line in told[-2:])
        ask = f"We tell a story about {words['place']} and {words['other']}, you one part of it. {task}"
        asked = (world.write(one.id, ask, (*so_far, *lore), WORDS) for one in room[:DRAFTS])
        written = await asyncio.gather(*asked)
        drafts = [Draft(who, text) for who, text in zip(room, written, strict=False) if text and text not in so_far]
        if drafts:
            best = max(drafts, key=lambda one: worth_of(one, told or [Said(one.persona, "")], words["place"]))
            told.append(Said(best.persona, best.text))
            continue
        detail = one_line(passages[number].text) if number < min(2, len(passages)) else ""
        text = " ".join(part for part in (rng.choice(plain).format(**words), detail) if part)
        told.append(Said(room[0], text))
    return told


def _headline(scene: str) -> str:
    return scene[:1].upper() + scene[1:]


JOB = Job(
    name=NAME,
    title="Auto story weave",
    cron="0 12 * * *",
    make=make,
    misfire="run_once",
    deadline_s=300.0,
    jitter_s=300.0,
)
