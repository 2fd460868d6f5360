"""Tells the answer of scenes whose time is over, a day or a week after they began, whoever began them."""

from __future__ import annotations

from actors.scenes import Scene, scenario_of
from core.personas import Pack
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, RevealScene, Silence, Slot, World
from schedules.staging import DAY_MS

NAME = "scenario_reveal"
LOOK_AGAIN_MS = DAY_MS // 4


async def make(slot: Slot, world: World) -> Made:
    """The answer of each scene that is due, in its channel."""
    due = await world.scenes_due(slot.at_ms)
    # A scene that begins later has the job look again in time.
    coming = [scene.due_ms for _, scene in await world.scenes_due(slot.at_ms + LOOK_AGAIN_MS)]
    until_ms = min((one for one in coming if one > slot.at_ms), default=slot.at_ms + LOOK_AGAIN_MS)
    if not due:
        return Silence(Wording("silent-no-scene", "No scene is due."), until_ms)
    say = await world.words()
    told = {one.fingerprint for one in await world.posted(NAME, slot.at_ms - 30 * DAY_MS)}
    posts = []
    for channel_id, scene in due:
        pack = await world.cast(channel_id)
        scenario = scenario_of(scene, pack)
        if scenario is None or scene.id in told:
            continue
        posts.append(
            Post(
                channel_id=channel_id,
                persona_id=_teller(scene, pack),
                text=say("post-reveal", title=scenario.title),
                card=Card(title=scenario.question, description=scenario.answer),
                action=RevealScene(scene_id=scene.id),
                fingerprint=scene.id,
            )
        )
    return tuple(posts) or Silence(
        Wording("silent-scene-told", "What is due was told already, or is in the pack no more."), until_ms
    )


def _teller(scene: Scene, pack: Pack) -> str:
    cast = {persona.id for persona in pack.personas}
    scenario = scenario_of(scene, pack)
    return (
        next((one for one in scenario.cast if one in cast), pack.default_persona) if scenario else pack.default_persona
    )


JOB = Job(
    name=NAME,
    title="Scenario reveal",
    cron="* * * * *",
    make=make,
    misfire="run_once",
    default_on=True,
    deadline_s=60.0,
    frequent=True,
    remembers_days=30,
    asked_for=True,
)
