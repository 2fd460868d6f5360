"""What several unit tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from actors.schedule_state import ScheduleDocument
from core.documents import DatabaseHandle
from tests.support.api_world import World, client_of
from tests.support.clockwork import Shelf


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(world) as asking:
        yield asking


@pytest.fixture
def shelf(database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Schedules in memory; of the database only the classes are bound."""
    shelf = Shelf()

    async def write(document: ScheduleDocument, content: bytes, rev: int) -> None:
        await shelf.write(document, content, rev)

    monkeypatch.setattr(ScheduleDocument, "load", shelf.load)
    monkeypatch.setattr(ScheduleDocument, "_write", write)
    return shelf
