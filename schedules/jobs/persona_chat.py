"""Personas talk among themselves about what people talked about, until they have nothing more to say or a person
speaks."""

from __future__ import annotations

from core.wording import Wording
from schedules.job import Job, Made, Post, Silence, Slot, World
from schedules.staging import HOUR_MS, NOWHERE, chance, company, fresh, lore_about, nearest, place, subject
from schedules.writers_room import Room

NAME = "persona_chat"
QUIET_MS = 10 * 60_000
CAST, SPARE = 3, 2


async def make(slot: Slot, world: World) -> Made:
    """The lines of a talk; silent while people are talking."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE

    async def interrupted() -> bool:
        return await world.heard_since(here.id, slot.at_ms - QUIET_MS)

    busy = Silence(Wording("silent-people-talk", "People are talking in the channel, so the cast lets them."))
    if await interrupted():
        return busy
    pack, rng = await world.cast(here.id), chance(slot)
    about, theirs = await subject(slot, world, here, pack, rng)
    told = await fresh(world, NAME, slot, 24 * HOUR_MS)
    if about in told:
        titles = [one.title for one in await world.documents() if one.title not in told]
        if not titles:
            return Silence(Wording("silent-all-talked", "The cast has talked about all it knows within the day."))
        about, theirs = rng.choice(titles), False
    opener = nearest(pack, about, rng)
    passages = await lore_about(world, about, 5)
    task = f"You chat with friends about {about}" + (", which people here talked about." if theirs else ".")
    documents = await world.documents()
    spare = [] if passages else rng.sample(documents, min(SPARE, len(documents)))
    room = Room(world, rng, company(pack, opener, CAST, rng), about, passages, interrupted, spare)
    said = await room.talk(task)
    if said is None:
        return busy
    return tuple(
        Post(
            channel_id=here.id,
            persona_id=line.persona.id,
            text=line.text,
            pause_s=line.pause_s if number else 0.0,
            yields=True,
            fingerprint=about if not number else "",
        )
        for number, line in enumerate(said)
    )


JOB = Job(name=NAME, title="Auto persona chat", cron="0 */2 * * *", make=make, deadline_s=300.0, jitter_s=600.0)
