"""A server per test, and discord.py's own client pointed at it by its three base addresses and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local_discord import Human, LocalDiscord, Timing
from tests.unit.local_discord.rig import Bot, Connect, Start, point_at


@pytest.fixture
def timing() -> Timing:
    return Timing(interaction_s=0.5)


@pytest.fixture
async def server(tmp_path: Path, timing: Timing) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "data", timing=timing) as running:
        yield running


@pytest.fixture
async def start(server: LocalDiscord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """`await start(bot)` logs a bot in, and it is closed at the end of the test."""
    point_at(server, monkeypatch)
    started: list[Bot] = []

    async def enter(bot: Bot) -> Bot:
        started.append(bot)
        await bot.enter(server.seed["bot_token"])
        return bot

    yield enter
    for bot in started:
        await bot.leave()


@pytest.fixture
async def bot(start: Start) -> Bot:
    return await start(Bot())


@pytest.fixture
async def connect(server: LocalDiscord) -> AsyncIterator[Connect]:
    """`await connect("ada")`: one of the seed's people."""
    people: list[Human] = []

    async def enter(username: str) -> Human:
        people.append(await Human.connect(server.seed, username))
        return people[-1]

    yield enter
    for human in people:
        await human.close()


@pytest.fixture
async def ada(connect: Connect) -> Human:
    return await connect("ada")
