"""Begins a scene for a channel to play, one that it has not had lately."""

from __future__ import annotations

from core.personas import Pack, Scenario
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Silence, Slot, StartScene, World
from schedules.staging import DAY_MS, HOUR_MS, NOWHERE, chance, least_recent, place

NAME = "auto_scenario"


async def make(slot: Slot, world: World) -> Made:
    """The opening of a scenario, by whom it belongs to."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    scene = await world.scene(here.id)
    if scene is not None and scene.runs(slot.at_ms):
        return Silence(Wording("silent-scene-runs", "A scene runs in the channel already."))
    pack = await world.cast(here.id)
    cast = {persona.id for persona in pack.personas}
    known = {one.id: one for one in pack.scenarios if one.cast[0] in cast}
    if not known:
        return Silence(Wording("silent-no-scenario", "There is no scenario that somebody of the cast could open."))
    posted = [one.fingerprint for one in await world.posted(NAME, slot.at_ms - 180 * DAY_MS)]
    chosen = known[least_recent(list(known), posted, chance(slot))]
    opening = await world.write(
        chosen.cast[0], "Open this scene in one or two sentences, and leave its riddle open.", _facts(chosen), 50
    )
    ends_ms = slot.at_ms + int(chosen.reveal_after_h * HOUR_MS)
    say = await world.words()
    return Post(
        channel_id=here.id,
        persona_id=chosen.cast[0],
        text=opening if opening and not _tells(opening, chosen) else chosen.opening,
        card=Card(
            title=chosen.title,
            description=chosen.setting,
            fields=(
                (say("scenario-question"), chosen.question),
                (say("scenario-cast"), ", ".join(_names(pack, chosen))),
                (say("post-scene-reveal"), f"<t:{ends_ms // 1000}:R>"),
            ),
            footer=say("post-scene-footer"),
        ),
        action=StartScene(scenario_id=chosen.id, reveal_at_ms=ends_ms),
        fingerprint=chosen.id,
    )


def _facts(scenario: Scenario) -> tuple[str, ...]:
    return (scenario.title, scenario.setting, f"For example: {scenario.opening}")


def _tells(text: str, scenario: Scenario) -> bool:
    """Whether a text gives the answer away: most of its telling words are those of the answer alone."""
    known = set(f"{scenario.title} {scenario.setting} {scenario.opening} {scenario.question}".casefold().split())
    secret = {word for word in scenario.answer.casefold().split() if len(word) > 4} - known
    return len(secret & set(text.casefold().split())) >= 3


def _names(pack: Pack, scenario: Scenario) -> list[str]:
    names = {persona.id: persona.name for persona in pack.personas}
    return [names[one] for one in scenario.cast if one in names]


JOB = Job(name=NAME, title="Auto scenario", cron="0 */4 * * *", make=make, jitter_s=300.0, remembers_days=180)
