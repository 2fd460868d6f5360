"""A scene that a channel plays: which scenario, since when, and until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from core.errors import RequestError
from core.personas import Pack, Scenario
from core.wording import Wording

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`id` is that of the interaction or the job that began it. It runs until `ends_ms`, or until it is stopped or
    revealed. `guild_id` is that of the server, empty in direct messages."""

    id: str
    scenario_id: str
    opened_ms: int
    ends_ms: int
    over: bool = False
    revealed: bool = False
    guild_id: str = ""

    @property
    def due_ms(self) -> int:
        """When its answer is to be told; 0 where it was told, or is not to be."""
        return 0 if self.over or self.revealed else self.ends_ms

    def runs(self, now_ms: int) -> bool:
        """Whether personas play it now."""
        return not self.over and now_ms < self.ends_ms

    def told(self, pack: Pack, now_ms: int) -> str:
        """What personas are told of it while it runs; empty otherwise, and where the pack has it no more."""
        scenario = scenario_of(self, pack)
        return f"{scenario.title}. {scenario.setting}" if scenario is not None and self.runs(now_ms) else ""


def begun(
    scene: Scene | None, scene_id: str, scenario: Scenario, cast: Collection[str], now_ms: int, guild_id: str = ""
) -> Scene:
    """The scene that begins in place of `scene`, which is over; the same once more for an id that is known.

    Raises RequestError while another one runs, and where nobody of `cast` can open it.
    """
    if scene is not None and scene.id == scene_id:
        return scene
    if scene is not None and scene.runs(now_ms):
        raise RequestError(
            Wording("refused-scene-runs", "A scene runs here already. /scenario stop ends it."), field="scenario"
        )
    if scenario.cast[0] not in cast:
        raise RequestError(
            Wording(
                "refused-scene-opener", "Who opens this scenario may not speak in this channel. Choose another one."
            ),
            field="scenario",
        )
    ends_ms = now_ms + int(scenario.reveal_after_h * HOUR_MS)
    return Scene(id=scene_id, scenario_id=scenario.id, opened_ms=now_ms, ends_ms=ends_ms, guild_id=guild_id)


def ended(scene: Scene | None, *, reveal: bool, now_ms: int) -> Scene:
    """The scene, over now. Raises RequestError where there is none to stop or to reveal."""
    if scene is None or (not reveal and not scene.runs(now_ms)):
        raise RequestError(
            Wording("refused-scene-none", "No scene runs here. /scenario start begins one."), field="scenario"
        )
    return replace(scene, over=True, revealed=scene.revealed or reveal)


def scenario_of(scene: Scene, pack: Pack) -> Scenario | None:
    """What is played; None where the pack has it no more."""
    return next((one for one in pack.scenarios if one.id == scene.scenario_id), None)
