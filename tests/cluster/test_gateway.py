"""The gateway as a Ray actor, killed with kill -9: it comes back by itself and everybody is answered once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.channel_document import ChannelDocument
from actors.virtual import HostSpec, start_hosts
from bot.actor import GatewaySpec, start_gateway, stop_gateway
from bot.config import BotConfig
from bot.index import DatabaseIndex
from bot.ports import Apps
from local_discord import Human, LocalDiscord
from tests.support.bot import PACK, Shelf, SpeakingApp
from tests.support.eventually import eventually
from tests.support.unique_app import build

CHANNELS = ("general", "games", "lore-talk")

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("ray_cluster")]


@pytest.fixture
async def discord(tmp_path: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path) as server:
        yield server


@pytest.fixture
async def gateway(discord: LocalDiscord, database_uri: str, database_name: str) -> AsyncIterator[Any]:
    """The gateway's Ray handle, once it is connected."""
    namespace = f"test-{database_name}"
    hosts = HostSpec(database_uri=database_uri, database=database_name, documents=(ChannelDocument,), build=build)
    actors = start_hosts(1, hosts, namespace=namespace)
    spec = GatewaySpec(
        config=BotConfig(
            token=discord.seed["bot_token"],
            api_url=discord.api_url,
            gateway_url=discord.gateway_url,
            cdn_url=discord.cdn_url,
            join_bursts=False,  # one person stands for many here
        ),
        actors=actors,
        index=DatabaseIndex(database_uri, database_name),
        pack_dir=PACK,
        apps=Apps(persona=SpeakingApp(), retrieval=Shelf()),
    )
    handle = start_gateway(spec, namespace=namespace)
    try:
        await ready(handle)
        yield handle
    finally:
        await stop_gateway(namespace=namespace)
        actors.stop()


async def ready(handle: Any) -> None:
    async def connected() -> bool:
        return bool((await handle.health.remote()).state == "ready")

    await eventually(connected, 60)


async def test_a_killed_gateway_comes_back_and_answers_everything_once(discord: LocalDiscord, gateway: Any) -> None:
    async with await Human.connect(discord.seed, "ada") as ada:
        asked: list[str] = []

        async def ask(number: int) -> None:
            channel = CHANNELS[number % 3]
            asked.append((await ada.send(channel, f"<@{ada.bot_id}> question {number}"))["id"])

        def answers() -> list[dict[str, Any]]:
            return ada.seen("MESSAGE_CREATE", lambda message: bool(message["author"].get("bot")))

        await ask(0)
        await ada.wait_for("MESSAGE_CREATE", lambda message: bool(message.get("webhook_id")), timeout=20)
        victim = (await gateway.health.remote()).pid
        killed_at = 0.0
        for number in range(1, 21):
            await ask(number)
            if number == 7:
                os.kill(victim, signal.SIGKILL)
                killed_at = time.monotonic()
            await asyncio.sleep(0.2)

        async def all_answered() -> bool:
            return len(answers()) >= len(asked)

        with contextlib.suppress(TimeoutError):  # what is missing is told below
            await eventually(all_answered, 60)
        recovered_s = time.monotonic() - killed_at
        await ready(gateway)
        assert (await gateway.health.remote()).pid != victim
        await asyncio.sleep(2.0)  # time enough for a second answer to anything
        # Each text begins with the id of its question and is never given twice.
        posts = [post for channel in CHANNELS for post in await ada.history(channel, limit=100)]
        sources = [post["content"].split()[0] for post in posts if post["author"].get("bot")]
        assert sorted(sources) == sorted(asked)
        assert recovered_s < 30
