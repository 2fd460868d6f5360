"""Profiles: files that Serve and `troupe up` both take, strict, below what people set themselves."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import ray
import yaml
from ray.serve import Application
from ray.serve.schema import ServeDeploySchema
from typer.testing import CliRunner

from core.errors import ConfigError
from core.profiles import FOLDER, load_profile, profile_names
from core.settings import Settings, load_settings
from deploy import profiles
from deploy.profiles import concerns, keep
from serve_apps import apps, builders, embeddings, ingress, llm, names, persona, retrieval, vlm
from serve_apps.engines import choose
from serve_apps.engines.choose import llm_config, vlm_config
from serve_apps.engines.vllm_engine import engine_arguments
from serve_apps.slices import Card, fits
from serve_apps.tokens import PLAIN_TEMPLATE

ALL = profile_names()
ON_A_GPU = [name for name in ALL if name != "local"]


@pytest.fixture(autouse=True)
def _no_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def written(folder: Path, text: str) -> Path:
    (folder / "mine.yaml").write_text(text)
    return folder


APP = "{name: llm, route_prefix: null, import_path: 'serve_apps.builders:llm', args: {LLM_GPU_SLICE: 0.5}}"
MINE = f"# Mine.\nproxy_location: HeadOnly\nhttp_options: {{host: 127.0.0.1, port: 8000}}\napplications: [{APP}]\n"


def test_there_is_one_for_every_kind_of_machine() -> None:
    assert set(ALL) == {"local", "multitask", "performance", "single-channel-11gb", "cluster"}


@pytest.mark.parametrize("name", ALL)
def test_serve_takes_it_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ServeDeploySchema.model_validate(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()))
    assert [one.name for one in config.applications] == list(names.ALL)
    assert {one.name: one.route_prefix for one in config.applications if one.route_prefix} == {names.API: "/"}
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"GPU": 1.0})
    for one in config.applications:
        assert one.import_path == f"serve_apps.builders:{one.name}"
        assert isinstance(getattr(builders, one.name)(one.args), Application)


@pytest.mark.parametrize("name", ON_A_GPU)
def test_its_models_fit_the_cards_it_is_for(name: str) -> None:
    settings = load_settings(load_profile(name).settings)
    cards = [Card(number, "card", 16.0) for number in range(2 if name == "cluster" else 1)]
    placed = fits(settings, cards)
    assert {one.slice.name for one in placed} >= {names.LLM, names.EMBEDDINGS}
    if name == "cluster":
        assert len({one.card.index for one in placed}) == 2
        with pytest.raises(ConfigError, match="left"):
            fits(settings, cards[:1])


@pytest.mark.parametrize("name", ON_A_GPU)
def test_vllm_knows_what_it_is_started_with(name: str) -> None:
    from vllm import AsyncEngineArgs

    settings = load_settings(load_profile(name).settings)
    configs = [llm_config(settings), *([vlm_config(settings)] if settings.vlm_model else [])]
    for config in configs:
        made = engine_arguments(config, cpu=False)
        assert set(made) <= {field.name for field in fields(AsyncEngineArgs)}
        assert AsyncEngineArgs(**made).gpu_memory_utilization == config.gpu_memory_utilization
    width = {"multitask": "fp8", "performance": "fp8", "single-channel-11gb": "bitsandbytes", "cluster": None}
    assert configs[0].quantization == width[name]


def test_what_people_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE", "performance")
    assert load_settings().llm_gpu_slice == load_profile("performance").settings["LLM_GPU_SLICE"]
    assert load_settings().use_8bit
    monkeypatch.setenv("USE_8BIT", "false")
    monkeypatch.setenv("LLM_GPU_SLICE", "0.33")
    settings = load_settings()
    assert (settings.llm_gpu_slice, settings.use_8bit, settings.profile) == (0.33, False, "performance")


def test_a_profile_and_a_setting_that_exclude_each_other_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE", "performance")
    monkeypatch.setenv("USE_4BIT", "true")
    with pytest.raises(ConfigError, match="USE_8BIT and USE_4BIT"):
        load_settings()


def test_an_unknown_profile_is_answered_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE", "turbo")
    with pytest.raises(ConfigError, match="local, multitask") as refused:
        load_settings()
    assert refused.value.field == "PROFILE"


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    mine = load_profile("mine", written(tmp_path, MINE))
    assert (mine.about, mine.settings) == ("Mine.", {"LLM_GPU_SLICE": 0.5})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("applications: [", "no YAML"),
        (MINE.replace("HeadOnly", "Nowhere"), "proxy_location"),
        (MINE.replace("port: 8000", "port: 99999"), "http_options.port"),
        (MINE.replace("args:", "arguments:"), "applications.0.arguments"),
        (MINE.replace(f"[{APP}]", "[]"), "applications"),
        (
            MINE.replace(f"[{APP}]", f"[{APP}, {{name: vlm, route_prefix: null, import_path: 'a:b', args: {{}}}}]"),
            "gives vlm other settings",
        ),
        ("- a list", "mine.yaml"),
    ],
)
def test_a_malformed_profile_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        load_profile("mine", written(tmp_path, text))


@pytest.mark.parametrize("name", ["LLM_GPU_SLICES", "llm_gpu_slice", "DISCORD_TOKEN", "API_KEYS", "MONGODB_URI"])
def test_a_profile_sets_settings_but_no_secrets(name: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot set {name}"):
        load_settings({name: "x"})


def test_a_wrong_value_in_a_profile_is_named() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"LLM_GPU_SLICE": 1.5})
    assert refused.value.field == "LLM_GPU_SLICE"


def test_the_profile_is_kept_beside_the_other_lines(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    keep("local", path)
    assert path.read_text() == "PROFILE=local\n"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("DISCORD_TOKEN=abc\nPROFILE=local\n#PROFILE=\nAPI_PORT=81")
    keep("performance", path)
    assert path.read_text() == "DISCORD_TOKEN=abc\nPROFILE=performance\n#PROFILE=\nAPI_PORT=81"
    path.write_text("API_PORT=81")
    keep("local", path)
    assert path.read_text() == "API_PORT=81\nPROFILE=local\n"


def test_only_what_reads_a_changed_setting_is_replaced() -> None:
    before = load_settings()
    assert apps.changed(before, before) == ()
    assert apps.changed(before, load_settings({"RETRIEVAL_LEAST_BM25": 3})) == (names.RETRIEVAL,)
    assert apps.changed(before, load_settings({"LLM_GPU_SLICE": 0.5})) == (names.LLM,)
    assert set(apps.changed(before, load_settings({"PRELOAD_VLM": True}))) == {names.VLM, names.API}
    concerned, later = concerns(before, load_settings({"MEMORY_WINDOW": 20, "LLM_MAX_NUM_SEQS": 4}))
    assert (concerned, later) == ((names.LLM,), ("MEMORY_WINDOW",))


def test_the_command_keeps_a_profile_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "ROOT", tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    (tmp_path / "var" / "run").mkdir(parents=True)
    used = CliRunner().invoke(profiles.app, ["use", "local"])
    assert used.exit_code == 0, used.output
    assert "the next `troupe up` takes it" in used.output
    assert (tmp_path / ".env").read_text() == "PROFILE=local\n"


def test_the_command_refuses_what_does_not_fit_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "ROOT", tmp_path)
    monkeypatch.setenv("NUM_GPUS", "1")
    used = CliRunner().invoke(profiles.app, ["use", "cluster"])
    assert isinstance(used.exception, ConfigError)
    assert "left" in str(used.exception)
    assert not (tmp_path / ".env").exists()


MODULES = {
    names.LLM: llm, names.EMBEDDINGS: embeddings, names.RETRIEVAL: retrieval, names.PERSONA: persona, names.VLM: vlm,
    names.API: ingress,
}  # fmt: skip
PROPERTIES = {"api_key_list": "api_keys", "pack_dir": "pack"}


@pytest.mark.parametrize("name", names.ALL)
def test_every_setting_that_an_application_reads_is_known(name: str) -> None:
    def read(module: object) -> set[str]:
        found = re.findall(r"\bsettings\.([a-z_0-9]+)", inspect.getsource(module))  # type: ignore[arg-type]
        return {PROPERTIES.get(field, field) for field in found} - {"model_fields_set"}

    assert read(MODULES[name]) <= set(apps.READS[name])
    assert set(apps.READS[name]) <= set(Settings.model_fields)
    assert read(choose) <= {*apps.READS[names.LLM], *apps.READS[names.VLM]}


def test_a_model_without_a_chat_template_is_given_a_script() -> None:
    import jinja2

    chat = [("system", "You are Elio."), ("user", "Mara: hi"), ("assistant", "Whoa!"), ("user", "Mara: bye")]
    text = jinja2.Template(PLAIN_TEMPLATE).render(
        messages=[{"role": role, "content": content} for role, content in chat],
        add_generation_prompt=True,
        bos_token="<s>",
    )
    assert text == "<s>You are Elio.\n\nMara: hi\n\nReply: Whoa!\n\nMara: bye\n\nReply:"
