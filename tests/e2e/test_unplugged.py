"""Processes are killed with kill -9 under a steady load, and the system is restarted: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from actors.channel_document import ChannelDocument
from actors.channel_state import ChannelState
from bench.recovery import VICTIMS, survive
from bench.system import System
from core.documents import connect
from deploy.run_file import members
from local_discord import Human
from tests.support.eventually import eventually

pytestmark = pytest.mark.cluster


async def states_of(system: System, channels: list[str]) -> dict[str, ChannelState]:
    """What the documents hold of the channels."""
    handle = await connect(system.database_uri, "troupe", [ChannelDocument], patience_s=30.0)
    try:
        return {channel: (await ChannelDocument.load(channel, patience_s=10.0)).state for channel in channels}
    finally:
        await handle.close()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_kill_under_load_loses_and_doubles_nothing(system: System, victim: str) -> None:
    outcome = await survive(system, victim)
    assert {c: len(ids) for c, ids in outcome.posted.items()} == {c: len(ids) for c, ids in outcome.sent.items()}
    channels = list(outcome.sent)

    async def closed() -> bool:  # a turn is closed a moment after its reply can be seen
        return not any(state.open for state in (await states_of(system, channels)).values())

    await eventually(closed, 20)
    for channel, state in (await states_of(system, channels)).items():
        answers = Counter(reply.source_id for reply in state.replies)
        assert answers == Counter(outcome.sent[channel]), "every message has one reply of its own"
        assert {reply.id for reply in state.replies} == set(outcome.posted[channel])


@pytest.mark.timeout(400)
async def test_a_restart_of_everything_forgets_nothing(system: System) -> None:
    async with await Human.connect(system.seed(), "chiyo") as human:
        channel = human.channel_id("lore-talk")
        await human.send(channel, f"<@{human.bot_id}> my cat is called Biscuit")
        await human.wait_for("MESSAGE_CREATE", lambda m: m["channel_id"] == channel and m["author"].get("bot"), 60)
        await asyncio.sleep(2)
    before = (await states_of(system, [channel]))[channel]
    await asyncio.to_thread(system.stop)
    assert members(system.data_dir) == [], "a stopped system leaves no process behind"

    await asyncio.to_thread(system.start)
    async with await Human.connect(system.seed(), "chiyo") as human:
        sent = await human.send(channel, f"<@{human.bot_id}> are you still there?")
        await human.wait_for("MESSAGE_CREATE", lambda m: m["channel_id"] == channel and m["author"].get("bot"), 60)
        await asyncio.sleep(2)
    after = (await states_of(system, [channel]))[channel]
    texts = [turn.text for turn in after.turns]
    assert [turn.text for turn in before.turns] == texts[: len(before.turns)]
    assert any("Biscuit" in text for text in texts)
    assert after.replies[-1].source_id == sent["id"]


@pytest.mark.timeout(400)
async def test_a_killed_supervisor_leaves_nothing_and_down_stops_the_next(system: System) -> None:
    left = members(system.data_dir)
    assert len(left) > 10
    system.kill()
    for _ in range(150):
        if not members(system.data_dir):
            break
        await asyncio.sleep(0.2)
    assert [process.cmdline() for process in members(system.data_dir)] == []
    status = await asyncio.to_thread(system.command, "status")
    assert status.returncode == 1
    assert "does not run" in status.stdout

    await asyncio.to_thread(system.start)
    down = await asyncio.to_thread(system.command, "down")
    assert down.returncode == 0, down.stdout
    assert await asyncio.to_thread(system.stop) == 0, "it stopped in order, and was not shot"
    assert "Stopped." in system.log.read_text()[-300:]
    assert members(system.data_dir) == []
