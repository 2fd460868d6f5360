"""Tells more of the lore that belongs to what people just talk about."""

from __future__ import annotations

from core.prompts import one_line
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Silence, Slot, World
from schedules.staging import DAY_MS, NOWHERE, WEEK_MS, chance, fresh, lore_about, nearest, place, talks
from schedules.talk import escaped, topics

NAME = "content_expansion"


async def make(slot: Slot, world: World) -> Made:
    """A passage that has to do with what was talked about, told by whose business it is; silent where nobody talked, or
    where all of it was told within the week."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    pack, rng = await world.cast(here.id), chance(slot)
    about = topics(await talks(slot, world, here, slot.at_ms - DAY_MS), 4, [one.name for one in pack.personas])
    if not about:
        return Silence(Wording("silent-nobody-talked", "Nobody talked within a day, so there is nothing to add to."))
    told = await fresh(world, NAME, slot, WEEK_MS)
    for topic in about:
        if passages := await lore_about(world, topic, 3, told):
            break
    else:
        return Silence(
            Wording(
                "silent-lore-told",
                "The lore has nothing more on {topics} that was not told within the week.",
                topics=", ".join(about),
            )
        )
    first, *more = passages
    persona = nearest(pack, f"{first.title} {first.text}", rng)
    text = await world.write(
        persona.id, f"People talk about {topic}. Tell them what you know of {first.title}.", (first.text,), 60
    )
    say = await world.words()
    fields = tuple((escaped(one.title), escaped(one_line(one.text))) for one in more)
    return Post(
        channel_id=here.id,
        persona_id=persona.id,
        text=text or rng.choice(persona.fallback_lore).format(lore=one_line(first.text)),
        card=Card(
            title=escaped(first.title),
            description=escaped(one_line(first.text)) if text else "",
            fields=fields,
            footer=say("post-expansion-footer", topic=topic, source=first.source),
        ),
        fingerprint=first.id,
    )


JOB = Job(name=NAME, title="Content expansion", cron="0 */6 * * *", make=make, jitter_s=300.0)
