"""The way that a job takes on a running system: claimed, run as `deploy.compose` has it, through the outlet."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pytest
import ray
from ray import cloudpickle
from ray.exceptions import RayTaskError
from rich.console import Console

from actors.routing import ChannelRules
from actors.schedule import KIND, Edit
from bot.gateway import Gateway
from core.errors import RequestError, TroupeError, Unavailable
from deploy import compose
from deploy.jobs import history_table, ran, schedule_table
from schedules.job import Post
from tests.support.bot import PACK, Index, Stage
from tests.support.eventually import eventually
from tests.support.jobs import JOBS, Backstage, TakingUp
from tests.wire.test_jobs import lively, stands


def _sent(value: Any) -> Any:
    """What arrives in another process."""
    return cloudpickle.loads(cloudpickle.dumps(value))


@dataclass
class Handle:
    """A gateway as Ray gives it: whatever goes there or comes back is pickled, and errors come in Ray's own."""

    gateway: Gateway

    def __getattr__(self, name: str) -> Any:
        return _Method(self.gateway, name)


@dataclass
class _Method:
    gateway: Gateway
    name: str

    async def remote(self, *args: Any) -> Any:
        try:
            found = await getattr(self.gateway, self.name)(*_sent(args))
        except TroupeError as error:
            raise RayTaskError(self.name, "", _sent(error)) from None
        return _sent(found)


class KeptIndex(Index):
    """A run closes its own connection; here it shares that of the test."""

    async def close(self) -> None:
        """See DatabaseIndex."""


@dataclass
class Hands:
    """Stands for the scheduler: whatever is claimed is run at once."""

    behind: Backstage

    async def wake(self, guild_id: str) -> None:
        """See RemoteScheduler."""
        actors = self.behind.actors
        claimed = await actors.call(KIND, guild_id, "claim", self.behind.stage.now_ms(), "hands")
        for run in _sent(claimed.runs):
            index: Any = KeptIndex(self.behind.stage.database)
            await compose._run_claimed(actors, index, PACK, ChannelRules(), 1, guild_id, run, "hands")


@pytest.fixture
def as_if_in_ray(monkeypatch: pytest.MonkeyPatch) -> dict[str, Gateway]:
    """The gateways that Ray knows, by name."""
    known: dict[str, Gateway] = {}

    def get_actor(name: str, namespace: str) -> Handle:
        if name not in known:
            raise ValueError(f"Failed to look up actor {name}.")
        return Handle(known[name])

    monkeypatch.setattr(ray, "get_actor", get_actor)
    return known


async def test_each_job_run_by_hand_leaves_its_message_and_its_record(
    stage: Stage,
    as_if_in_ray: dict[str, Gateway],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage.app = TakingUp()
    monkeypatch.setattr("schedules.writers_room._PAUSE_S", (0.0, 0.0))
    monkeypatch.setattr("deploy.jobs._LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr("actors.scenes.HOUR_MS", 0)  # a scene is over as soon as it has begun
    async with lively(stage) as (behind, people):
        monkeypatch.setattr(compose, "PersonaClient", lambda: stage.app)
        monkeypatch.setattr(compose, "RetrievalClient", lambda: stage.shelf)
        as_if_in_ray["troupe-gateway"] = behind.gateway
        general, guild, hands = (
            people["ada"].channel_id("general"),
            behind.guild_id,
            Hands(behind),
        )
        slot = behind.slot("daily_digest")
        await eventually(lambda: _is_heard(behind, slot, general))
        texts = {}
        for name in sorted(JOBS, key=lambda one: (one == "scenario_reveal", one)):
            await behind.actors.call(KIND, guild, "edit", name, Edit(on=True, add_channel=general))
            record = await ran(behind.actors, hands, guild, name)  # type: ignore[arg-type]
            assert record is not None
            texts[name] = (record.outcome, record.detail)
            for one in record.posted:
                message = await stands(people["ada"], one.message_id)
                assert message["webhook_id"], name
            assert bool(record.posted) == (record.outcome == "posted")
        # People have just talked, so personas do not.
        assert texts.pop("persona_chat") == ("silent", "People are talking in the channel, so the cast lets them.")
        assert {one for one, _ in texts.values()} == {"posted"}, texts
        shown = Console(width=300, file=io.StringIO(), record=True)
        shown.print(history_table(await behind.actors.call(KIND, guild, "history")))
        shown.print(schedule_table(await behind.actors.call(KIND, guild, "view")))
        told = shown.export_text()
        assert all(name in told for name in JOBS)
        await behind.actors.call("game", general, "stop", people["ada"].id, True)


async def _is_heard(behind: Backstage, slot: Any, channel_id: str) -> bool:
    return channel_id in await behind.world(slot).active_since(0)


async def test_what_the_gateway_raises_comes_through_and_one_that_is_gone_is_away(
    stage: Stage, as_if_in_ray: dict[str, Gateway]
) -> None:
    async with lively(stage) as (behind, people):
        outlet = compose.GatewayOutlet(guild_id=behind.guild_id)
        post = Post(channel_id="1", text="Hello?")
        with pytest.raises(Unavailable, match="does not answer"):
            await outlet.deliver(behind.guild_id, post, "1", 0, False)
        as_if_in_ray["troupe-gateway"] = behind.gateway
        with pytest.raises(RequestError) as caught:
            await outlet.deliver(behind.guild_id, post, "1", 0, False)
        assert caught.value.field == "channel"
        general = people["ada"].channel_id("general")
        posted = Post(channel_id=general, persona_id="elio", text="Whoa!")
        message_id = await outlet.deliver(behind.guild_id, posted, "2", 0, False)
        assert await outlet.standing(behind.guild_id, posted, 0) == message_id
        assert not await outlet.answered(behind.guild_id, general, message_id)
        assert not await outlet.heard(behind.guild_id, general, message_id)
        await outlet.whisper(behind.guild_id, people["ada"].id, "tea", "3")
        await people["ada"].wait_for("MESSAGE_CREATE", lambda one: "asked for it: tea" in one["content"])
        await outlet.tell(behind.guild_id, "meme_drop", "A reason")
        told = await people["ada"].wait_for("MESSAGE_CREATE", lambda one: "fails on this server" in one["content"])
        assert "A reason" in told["content"]
