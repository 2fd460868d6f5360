"""The doctor: one finding per check, each with a fix where something is wrong."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from core.settings import Settings
from deploy.doctor import Finding, examine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    return Settings(data_dir=tmp_path)


def finding(settings: Settings, name: str) -> Finding:
    return next(found for found in examine(settings) if found.name == name)


def test_a_good_machine_has_nothing_bad(settings: Settings) -> None:
    free = settings.model_copy(update={"api_port": 18931, "dashboard_port": 18932, "local_discord_port": 18933})
    findings = list(examine(free.model_copy(update={"database_port": 18934})))
    assert [found for found in findings if found.level == "bad"] == []
    assert all(found.fix for found in findings if found.level == "bad")
    assert {"Python", "engine", "pack", "model", "Discord", "API_PORT"} <= {found.name for found in findings}


def test_a_taken_port_is_named_with_its_setting(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = finding(settings.model_copy(update={"api_port": port}), "API_PORT")
    assert found.level == "bad"
    assert str(port) in found.detail
    assert "API_PORT" in found.fix


@pytest.mark.parametrize(
    ("name", "update", "word"),
    [
        ("pack", {"pack": "no-such-pack"}, "no-such-pack"),
        ("model", {"llm_model": "/nowhere/model"}, "config.json"),
        ("Discord", {"discord_api_url": "http://127.0.0.1:1/api"}, "without a token"),
    ],
)
def test_a_wrong_setting_is_bad_and_has_a_fix(settings: Settings, name: str, update: dict[str, str], word: str) -> None:
    found = finding(settings.model_copy(update=update), name)
    assert found.level == "bad"
    assert word in found.detail
    assert found.fix
