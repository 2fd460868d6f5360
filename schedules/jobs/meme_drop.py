"""Drops a meme: a drawn picture with captions on what people talk about; never the same twice within a week."""

from __future__ import annotations

import asyncio
import random

from core.content_filter import default_filter
from core.wording import Wording
from schedules.job import Job, Made, Post, Silence, Slot, World
from schedules.memes import TEMPLATES, Meme, Template, composed, usable
from schedules.staging import NOWHERE, WEEK_MS, chance, place, places, subject, within

NAME = "meme_drop"
_TRIES = 40


async def make(slot: Slot, world: World) -> Made:
    """A meme that was not posted within the week, nor with the template of the last one."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    pack, rng = await world.cast(here.id), chance(slot)
    topic, _ = await subject(slot, world, here, pack, rng)
    documents = await world.documents()
    persona = rng.choice(pack.personas)
    words = {
        "topic": topic,
        "thing": within(rng.choice([one.title for one in places(documents) if len(one.title) <= 24] or [pack.name])),
        "who": rng.choice(pack.personas).name,
    }
    posted = [one.fingerprint for one in await world.posted(NAME, slot.at_ms - WEEK_MS)]
    templates = [one for one in TEMPLATES if not (posted and posted[-1].startswith(f"{one.id}:"))]
    rng.shuffle(templates)
    level = await world.filter_level()
    written = await _written(world, persona.id, templates[0], topic)
    for meme in [*written, *_composed(templates, rng, words)]:
        if meme.fingerprint not in posted and default_filter().verdict(meme.alt, level) is None:
            return Post(
                channel_id=here.id,
                persona_id=persona.id,
                picture=await world.draw(meme.picture),
                alt=meme.alt,
                fingerprint=meme.fingerprint,
            )
    return Silence(Wording("silent-memes", "Every meme that came to mind was posted within the week."))


async def _written(world: World, persona_id: str, template: Template, topic: str) -> list[Meme]:
    """The template with captions by the model, where it has places for those and they can be used."""
    asked = (world.write(persona_id, ask.format(topic=topic), (), 12) for ask in template.asks)
    captions = [usable(one) for one in await asyncio.gather(*asked)]
    whole = [one for one in captions if one is not None]
    different = len({one.casefold() for one in whole}) == len(template.asks)
    return [Meme(template, tuple(whole))] if whole and len(whole) == len(template.asks) and different else []


def _composed(templates: list[Template], rng: random.Random, words: dict[str, str]) -> list[Meme]:
    return [composed(templates[number % len(templates)], rng, words) for number in range(_TRIES)]


JOB = Job(name=NAME, title="Auto meme drop", cron="0 */6 * * *", make=make, jitter_s=600.0)
