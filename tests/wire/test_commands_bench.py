"""A small run of `bench.commands`: under its load every command is acknowledged. How fast, the bench tells."""

from __future__ import annotations

import pytest

from bench.commands import Result, drive, tell
from tests.support.bot import Stage
from tests.support.commands import commands


async def test_all_commands_are_acknowledged_at_twenty_a_second(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stage.gateway():
        result = await drive(stage.server.seed, rounds=2)
    assert result.unanswered == []
    assert result.delays_ms.keys() == {command.qualified_name for command in commands()}
    assert all(len(delays) == 2 and min(delays) > 0 for delays in result.delays_ms.values())

    bare = Result({"ping": [1.0, 2.0]}, [])
    assert tell(Result({"ai ask": [3.0, 999.0]}, []), bare, 20.0)
    assert not tell(Result({"ai ask": [3.0, 1001.0]}, []), bare, 20.0)
    assert not tell(Result({"ai ask": [3.0]}, ["ai ask"]), bare, 20.0)
    tell(result, bare, 20.0)
    figures = capsys.readouterr().out
    assert '"persona_ask_p95"' in figures
    assert '"acknowledged_within_1_s"' in figures
