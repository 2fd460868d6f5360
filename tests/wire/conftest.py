"""A stage per test: a local Discord with its own data, and an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import Human, LocalDiscord
from tests.support.bot import PACK, Stage

LAST = "test_every_command_is_run_by_a_test"
_OF_ALL = ("test_every_command.py", "test_commands_bench.py")  # these use whatever there is, whoever tests it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at what the others did comes after them."""
    items.sort(key=lambda item: item.name == LAST)


@pytest.fixture(scope="session")
def used_so_far() -> set[str]:
    """The commands that tests have used: slash commands and entries of menus by name, what is typed as `!clear`."""
    return set()


@pytest.fixture(autouse=True)
def noted(request: pytest.FixtureRequest, used_so_far: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has what people do noted there."""
    if request.path.name in _OF_ALL:
        return
    slash, menu, send, dm = Human.slash, Human.menu, Human.send, Human.dm

    async def slashed(self: Human, channel: str, name: str, /, **options: Any) -> str:
        nonce = await slash(self, channel, name, **options)
        used_so_far.add(name)
        return nonce

    async def chosen(self: Human, message: dict[str, Any], name: str) -> str:
        used_so_far.add(name)
        return await menu(self, message, name)

    async def sent(self: Human, channel: str, text: str, **more: Any) -> dict[str, Any]:
        used_so_far.update(text.lower().split()[:1])
        return await send(self, channel, text, **more)

    async def told(self: Human, user_id: str, text: str, **more: Any) -> dict[str, Any]:
        used_so_far.update(text.lower().split()[:1])
        return await dm(self, user_id, text, **more)

    for name, noting in (("slash", slashed), ("menu", chosen), ("send", sent), ("dm", told)):
        monkeypatch.setattr(Human, name, noting)


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
