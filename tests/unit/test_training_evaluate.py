"""The command, against a server over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.support.openai_server import openai_server
from tests.support.speakers import by_words
from training import evaluate
from training.report import GOALS, read_report

APP = typer.Typer()
APP.command()(evaluate.main)


async def test_any_model_behind_an_endpoint_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "minilm", lambda: by_words)
    monkeypatch.setenv("REPLY_TEMPERATURE", "0.4")
    async with openai_server(pieces=("I am told ", "that it is blue.")) as server:
        asked = ["--url", server.url, "--only", "language", "--samples", "5", "--out", str(tmp_path)]
        said = await asyncio.to_thread(CliRunner().invoke, APP, asked)
    assert said.exit_code == 0, said.output
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert {goal for goal in GOALS if not goal.startswith("vision")} <= {line["figure"] for line in lines}
    assert all(set(line) == {"figure", "value", "unit", "baseline", "ratio"} for line in lines)
    values = {line["figure"]: line["value"] for line in lines}
    assert values["first_person"] == values["invented_without_passage"] == 1
    report = read_report(tmp_path / "report.json")
    assert report.about["model"] == "moon-7b"
    assert report.about["engine"] == server.url
    assert {row.figure: round(row.value, 3) for row in report.rows} == values
    bodies = server.bodies
    assert {body["temperature"] for body in bodies} == {0.4}
    assert any("<lore>" in body["messages"][-1]["content"] for body in bodies)
    assert any(len(body["messages"]) == 10 for body in bodies)  # the last line of a talk of five turns


def test_an_endpoint_that_is_not_there_is_told(tmp_path: Path) -> None:
    asked = ["--url", "http://127.0.0.1:9/v1", "--only", "language", "--samples", "5", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(APP, asked)
    assert said.exit_code == 1
    assert "cannot be reached" in said.output
    assert not (tmp_path / "out").exists()
