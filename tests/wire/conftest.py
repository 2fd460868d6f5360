"""A stage per test: a local Discord with its own data, and an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import Human, LocalDiscord
from tests.support.bot import PACK, Stage


@pytest.fixture
async def stage(tmp_path: Path, database: DatabaseHandle) -> AsyncIterator[Stage]:
    """A server nobody has connected to yet."""
    async with LocalDiscord(tmp_path / "discord") as server:
        yield Stage(server, load_pack(PACK), database)


@pytest.fixture
async def ada(stage: Stage) -> AsyncIterator[Human]:
    """A person in the server's channels."""
    async with await Human.connect(stage.server.seed, "ada") as human:
        yield human
