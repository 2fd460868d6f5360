"""What jobs share: where to post, who speaks, what was talked about, and what was posted before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence

from core.messages import Passage
from core.personas import Pack, Persona
from core.wording import Wording
from schedules.job import Channel, Line, Posted, Silence, Slot, World
from schedules.talk import Talk, tellable, topics

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
NOWHERE = Silence(
    Wording(
        "silent-nowhere",
        "There is no channel to post in: set one for this job, or let the cast speak unasked somewhere.",
    )
)
_MOST_PASSAGES = 30
_MOST_CHANNELS = 8  # of which a run reads what was said


def chance(slot: Slot) -> random.Random:
    """Everything random in a run."""
    return random.Random(slot.seed)


async def place(slot: Slot, world: World) -> Channel | None:
    """Where a job that posts once posts: in its own channel, or in the one of several where people talked last. None
    where it has none."""
    channels = await world.channels()
    if len(channels) < 2:
        return channels[0] if channels else None
    by_id = {one.id: one for one in channels}
    active = [by_id[one] for one in await world.active_since(slot.at_ms - WEEK_MS) if one in by_id]
    return active[0] if active else channels[0]


async def talks(slot: Slot, world: World, here: Channel, since_ms: int) -> tuple[Talk, ...]:
    """What was said since then, up to the slot, wherever it may be told of in `here`; where it was quiet nothing."""
    known = {one.id: one for one in tellable(await world.everywhere(), here)}
    active = [known[one] for one in await world.active_since(since_ms) if one in known][:_MOST_CHANNELS]
    said = await asyncio.gather(*(world.lines(one.id, since_ms) for one in active))
    found = (Talk(one, up_to(slot, lines)) for one, lines in zip(active, said, strict=True))
    return tuple(talk for talk in found if talk.lines)


def up_to(slot: Slot, lines: Sequence[Line]) -> tuple[Line, ...]:
    """What was said before the slot; the rest is for the next one."""
    return tuple(line for line in lines if line.at_ms < slot.at_ms)


async def subject(slot: Slot, world: World, here: Channel, pack: Pack, rng: random.Random) -> tuple[str, bool]:
    """What people talk about, one word of it; or the title of a piece of lore, where they do not talk. The second value
    is whether it is theirs."""
    found = topics(await talks(slot, world, here, slot.at_ms - DAY_MS), 3, [one.name for one in pack.personas])
    if found:
        return rng.choice(found), True
    documents = await world.documents()
    return (rng.choice(documents).title, False) if documents else (pack.name, False)


async def fresh(world: World, job: str, slot: Slot, back_ms: int) -> frozenset[str]:
    """The fingerprints of what the job posted in the time before the slot."""
    return frozenset(one.fingerprint for one in await world.posted(job, slot.at_ms - back_ms))


async def last(world: World, job: str, slot: Slot, back_ms: int = 8 * WEEK_MS) -> Posted | None:
    """What the job posted last."""
    found = await world.posted(job, slot.at_ms - back_ms)
    return found[-1] if found else None


def nearest(pack: Pack, text: str, rng: random.Random) -> Persona:
    """Whose business a subject is: whom its words bring, or else anybody."""
    return pack.match_keyword(text) or rng.choice(pack.personas)


def within(title: str) -> str:
    """A title within a sentence."""
    return f"the {title[4:]}" if title.startswith("The ") else title


def places(documents: Sequence[Passage]) -> tuple[Passage, ...]:
    """The documents that tell of places, by the name of their file; all of them where none does."""
    return tuple(one for one in documents if "place" in one.source) or tuple(documents)


def company(pack: Pack, opener: Persona, size: int, rng: random.Random) -> tuple[Persona, ...]:
    """Some of the cast with `opener` first."""
    others = [one for one in pack.personas if one.id != opener.id]
    return (opener, *rng.sample(others, min(size - 1, len(others))))


def least_recent(known: Sequence[str], posted: Sequence[str], rng: random.Random) -> str:
    """One of `known` that was not posted, or whose last time is longest ago."""
    new = [one for one in known if one not in posted]
    if new:
        return rng.choice(new)
    return min(known, key=lambda one: max(at for at, name in enumerate(posted) if name == one))


async def lore_about(world: World, text: str, limit: int, without: Collection[str] = ()) -> tuple[Passage, ...]:
    """The passages on a subject, without those of the ids `without`."""
    found = await world.search(text, min(limit + len(without), _MOST_PASSAGES))
    return tuple(one for one in found if one.id not in without)[:limit]
