"""Settings: validated once, with errors that name the variable and never show a secret."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from core.errors import ConfigError
from core.settings import ROOT, Settings, load_settings
from deploy.env_example import TARGET, render


@pytest.fixture(autouse=True)
def _no_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("API_PORT", "99999"), ("MEMORY_WINDOW", "many"), ("LLM_DTYPE", "int4"), ("MONGODB_DATABASE", "Bad-Name")],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.field == variable
    assert value in str(caught.value)
    assert ".env" in caught.value.fix


def test_either_name_of_the_token_works_and_it_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "a.secret.token")
    settings = load_settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "a.secret.token"
    assert not settings.local_discord
    assert "secret" not in repr(settings)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    monkeypatch.setenv("API_PORT", "")
    settings = load_settings()
    assert settings.local_discord
    assert settings.api_port == 8000


def test_relative_folders_belong_to_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    monkeypatch.setenv("LLM_MODEL", "models/troupe-small")
    settings = load_settings()
    assert settings.data_dir == ROOT / "elsewhere"
    assert settings.llm_model == str(ROOT / "models" / "troupe-small")


def test_the_example_file_is_the_settings() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()
    for name in Settings.model_fields:
        assert f"\n#{name.upper()}=" in render()


def test_api_keys_are_separated_by_commas() -> None:
    assert Settings(api_keys=SecretStr(" one, two,,")).api_key_list == ("one", "two")
    assert Settings().api_key_list == ()


def test_a_finetuned_model_brings_its_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNED_MODEL_ENABLED", "true")
    with pytest.raises(ConfigError, match="needs FINETUNED_ADAPTER_PATH"):
        load_settings()
    monkeypatch.setenv("FINETUNED_ADAPTER_PATH", "var/adapters/mine")
    monkeypatch.setenv("FINETUNED_BASE_MODEL", "some/model")
    settings = load_settings()
    assert settings.finetuned_adapter_path == ROOT / "var" / "adapters" / "mine"
    assert settings.llm_model == "some/model"
    monkeypatch.setenv("LLM_MODEL", "another/model")
    with pytest.raises(ConfigError, match="LLM_MODEL and FINETUNED_BASE_MODEL differ"):
        load_settings()
