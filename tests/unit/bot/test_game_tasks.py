"""The tasks that carry games end when their client leaves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import bot.commands  # noqa: F401  # first, since its modules and the games know each other
from actors.game_views import Work
from bot.games import Games
from tests.support.eventually import eventually


class Waiting:
    """A game in which nothing is to be done for an hour."""

    def __init__(self) -> None:
        self.asked = 0

    async def call(self, *args: Any, **options: Any) -> Work:
        self.asked += 1
        return Work(wait_ms=3_600_000)


async def test_a_game_that_is_woken_while_its_client_leaves_does_not_keep_it() -> None:
    actors: Any = Waiting()
    unused: Any = None
    games = Games(unused, actors, unused, unused, unused, unused, unused, unused)
    place: Any = SimpleNamespace(id=1)
    games.look_after(place)

    async def asked() -> bool:
        return actors.asked > 0

    await eventually(asked)
    games.look_after(place)
    async with asyncio.timeout(5):
        await games.close()
