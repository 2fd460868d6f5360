"""Invents a piece of lore that fits the world, and proposes it: it is told by the cast once an admin has approved."""

from __future__ import annotations

from actors.proposals import Proposal
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Propose, Silence, Slot, World
from schedules.proposing import lore_new
from schedules.staging import NOWHERE, chance, place
from schedules.talk import escaped

NAME = "world_builder"
PASSAGES = 2
_TRIES = 6


async def make(slot: Slot, world: World) -> Made:
    """Two passages, with buttons to approve or reject them."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    pack, rng, level = await world.cast(here.id), chance(slot), await world.filter_level()
    documents = await world.documents()
    if not documents:
        return Silence(Wording("silent-no-lore", "There is no lore to build on."))
    known, found = {one.title.casefold() for one in documents}, []
    for _ in range(_TRIES):
        made = await lore_new(world, pack, documents, level, rng)
        if made is not None and made.title.casefold() not in known:
            found.append(made)
            known.add(made.title.casefold())
        if len(found) == PASSAGES:
            break
    if not found:
        return Silence(Wording("silent-no-idea", "Nothing came to mind that the lore does not have yet."))
    proposal = Proposal(id=slot.id, guild_id=slot.guild_id, lore=tuple(found))
    say = await world.words()
    return Post(
        channel_id=here.id,
        persona_id=pack.default_persona,
        text=say("post-world-intro"),
        card=Card(
            title=say("post-world-title", count=len(found)),
            fields=tuple((escaped(one.title), escaped(one.text)) for one in found),
            footer=say("post-proposal-footer"),
        ),
        action=Propose(proposal_id=await world.propose(proposal)),
        fingerprint=",".join(one.id for one in found),
    )


JOB = Job(name=NAME, title="Auto world builder", cron="0 0 * * *", make=make, deadline_s=240.0, jitter_s=300.0)
