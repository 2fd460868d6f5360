"""Begins a small game: trivia about what people talk about, riddles, or a story."""

from __future__ import annotations

from core.wording import Wording
from schedules.job import GameKind, Job, Made, Post, Silence, Slot, StartGame, World
from schedules.staging import NOWHERE, WEEK_MS, chance, least_recent, place, subject

NAME = "mini_game"
ROUNDS = 3


async def make(slot: Slot, world: World) -> Made:
    """An invitation and the game; silent while one runs."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    if await world.plays(here.id):
        return Silence(Wording("silent-game-runs", "A game runs in the channel already."))
    pack, rng = await world.cast(here.id), chance(slot)
    kinds: list[GameKind] = ["trivia"]
    kinds += ["riddle"] if pack.riddles else []
    kinds += ["story"] if pack.stories else []
    posted = [one.fingerprint for one in await world.posted(NAME, slot.at_ms - WEEK_MS)]
    wanted = least_recent(kinds, posted, rng)
    kind = next(one for one in kinds if one == wanted)
    about, theirs = await subject(slot, world, here, pack, rng)
    topic = about if kind == "trivia" and theirs and await world.search(about, 3) else ""
    persona = rng.choice(pack.personas)
    say = await world.words()
    text = await world.write(
        persona.id,
        f"Invite everybody in one sentence to a small game: {kind}.",
        (f"A game of {kind}, {ROUNDS} rounds, with points for the fastest.",),
        30,
    )
    return Post(
        channel_id=here.id,
        persona_id=persona.id,
        text=text or say(f"post-game-{kind}", name=persona.name),
        action=StartGame(kind=kind, rounds=1 if kind == "story" else ROUNDS, topic=topic),
        fingerprint=kind,
    )


JOB = Job(name=NAME, title="Auto mini-game", cron="0 */4 * * *", make=make, jitter_s=600.0)
