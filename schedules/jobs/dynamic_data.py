"""Once a week: reads the documents of the lore and proposes a persona, a scenario and greetings made from them. An
admin approves before any of it goes live."""

from __future__ import annotations

from actors.proposals import Proposal
from core.cards import parse_json
from core.personas import Greeting, Pack, Scenario
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Propose, Say, Silence, Slot, World
from schedules.proposing import card_for, greeting_of, scenario_from, strangers
from schedules.staging import DAY_MS, NOWHERE, chance, place
from schedules.talk import escaped

NAME = "dynamic_data"
GREETINGS = 2


async def make(slot: Slot, world: World) -> Made:
    """The proposal, with buttons to approve or reject it."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    pack, rng, documents = await world.cast(here.id), chance(slot), await world.documents()
    if not documents:
        return Silence(Wording("silent-no-documents", "There are no documents to read."))
    known = {part for one in await world.posted(NAME, slot.at_ms - 400 * DAY_MS) for part in one.fingerprint.split(",")}
    host = pack.persona(pack.default_persona)
    new = [one for one in strangers(pack, documents) if one.name not in known]
    who = rng.choice(new) if new else None
    card = await card_for(world, who, host) if who else None
    scenario = scenario_from(pack, documents, {one.id for one in pack.scenarios} | known, rng)
    greeters = rng.sample(pack.personas, min(GREETINGS, len(pack.personas)))
    texts = {one.text for one in pack.greetings}
    made = [await greeting_of(world, persona, documents, texts, rng) for persona in greeters]
    greetings = tuple(one for one in made if one is not None)
    if card is None and scenario is None and not greetings:
        return Silence(Wording("silent-documents", "The documents hold nothing that was not proposed already."))
    proposal = Proposal(
        id=slot.id,
        guild_id=slot.guild_id,
        cards=(card,) if card else (),
        scenarios=(scenario,) if scenario else (),
        greetings=greetings,
    )
    say = await world.words()
    return Post(
        channel_id=here.id,
        persona_id=host.id,
        text=say("post-data-intro", count=len(documents)),
        card=Card(
            title=say("post-data-title"),
            fields=_fields(card, scenario, greetings, pack, say),
            footer=say("post-proposal-footer"),
        ),
        action=Propose(proposal_id=await world.propose(proposal)),
        fingerprint=",".join([*([who.name] if who and card else []), *([scenario.id] if scenario else [])]),
    )


def _fields(
    card: str | None, scenario: Scenario | None, greetings: tuple[Greeting, ...], pack: Pack, say: Say
) -> tuple[tuple[str, str], ...]:
    fields = []
    if card:
        data = parse_json(card.encode()).data
        fields.append(
            (
                say("post-data-persona", name=data.name),
                f"{escaped(data.description)}\n-# {escaped(data.personality)}"[:1000],
            )
        )
    if scenario:
        names = ", ".join(pack.persona(one).name for one in scenario.cast)
        told = f"{scenario.setting}\n*{scenario.question}*\n||{scenario.answer}||\n-# {names}"
        fields.append((say("post-data-scenario", title=scenario.title), told[:1000]))
    if greetings:
        told = "\n".join(f"**{pack.persona(one.persona).name}**: {escaped(one.text)}" for one in greetings)
        fields.append((say("post-data-greetings", count=len(greetings)), told[:1000]))
    return tuple(fields)


JOB = Job(
    name=NAME,
    title="Weekly dynamic data",
    cron="0 3 * * 0",
    make=make,
    misfire="run_once",
    deadline_s=300.0,
    jitter_s=600.0,
    remembers_days=400,
)
