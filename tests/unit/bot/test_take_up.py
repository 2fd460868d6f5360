"""When what failed is tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.config import BotConfig
from bot.recovery import Recovery
from core.errors import Unavailable
from core.messages import OpenTurn
from tests.support.cast import make_message

OPENED_S = 1_800_000_000


class Stage:
    """A gateway with one open turn, of which each attempt fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = float(OPENED_S)
        self.away = False
        self.turns: Any = _Turns()
        self.attempts: list[float] = []
        self.read: list[str] = []
        config = BotConfig(token="t", take_up_every_s=60.0, reply_deadline_s=30.0)
        client: Any = SimpleNamespace(user=None)
        voices, index, actors = (SimpleNamespace() for _ in range(3))
        index.with_open_turns, actors.call = self._with_open_turns, self._call
        self.recovery = Recovery(client, config, actors, index, voices, self.turns, self._admits)  # type: ignore[arg-type]
        monkeypatch.setattr("bot.recovery.time.time", lambda: self.now_s)
        monkeypatch.setattr(self.recovery, "_place", self._place)
        monkeypatch.setattr(self.recovery, "_orphans", self._orphans)
        monkeypatch.setattr(self.recovery, "_finish", self._finish)
        monkeypatch.setattr(self.recovery, "_read", self._read)

    async def until(self, seconds: float) -> None:
        """A minute after the other, as the client does it."""
        while self.now_s < OPENED_S + seconds:
            self.now_s += 60
            await self.recovery.take_up()

    async def _with_open_turns(self) -> list[str]:
        if self.away:
            raise Unavailable("Away.", component="mongodb")
        return ["500"]

    async def _call(self, kind: str, key: str, method: str, *args: object) -> tuple[OpenTurn, ...]:
        message = make_message(1, guild_id=None)
        return (OpenTurn(message=message, persona_id="elio", status="claimed", opened_ms=OPENED_S * 1000),)

    async def _place(self, channel_id: int) -> object:
        return object()

    async def _orphans(self, *args: object) -> None:
        return None

    async def _admits(self, message: object) -> None:
        return None

    async def _finish(self, turn: object) -> None:
        self.attempts.append(self.now_s - OPENED_S)

    async def _read(self, mark: tuple[int, int]) -> None:
        self.read.append(str(mark[0]))


class _Turns(dict[str, object]):
    """Those under way, and what was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lost_after: dict[str, int] = {}

    def lose(self, channel_id: str, after: int) -> None:
        self.lost_after[channel_id] = after


async def test_a_turn_that_fails_each_time_is_tried_after_ever_longer_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    await stage.until(4 * 3600)
    assert stage.attempts == [120, 180, 300, 540, 1020, 1980, 3900, 7500, 11100]  # seconds after it was opened


async def test_a_turn_under_way_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    stage.turns[make_message(1).id] = object()
    await stage.until(600)
    assert stage.attempts == []


async def test_what_was_lost_is_read_once_the_actors_are_back(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    stage.turns.lose("500", 7)
    stage.away = True
    with pytest.raises(Unavailable):
        await stage.recovery.take_up()
    assert stage.turns.lost_after == {"500": 7}
    stage.away = False
    for _ in range(2):
        await stage.recovery.take_up()
    assert (stage.read, stage.turns.lost_after) == (["500"], {})
