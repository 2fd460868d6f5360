"""LoRA adapters: which folders an engine is given, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.errors import RequestError
from serve_apps.adapters import AdapterRegistry, check_name
from serve_apps.engines.adapter_files import CONFIG, WEIGHTS, checked_adapter
from serve_apps.results import Adapter

HIDDEN = 32
A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = A.replace("lora_A", "lora_B")


def folder(path: Path, *, config: Any = None, shape: tuple[int, int] = (8, HIDDEN), name: str = A) -> Path:
    """An adapter of one projection."""
    path.mkdir()
    (path / CONFIG).write_text(json.dumps({"r": 8, "peft_type": "LORA"} if config is None else config))
    save_file({name: np.zeros(shape, np.float32), B: np.zeros((HIDDEN, 8), np.float32)}, path / WEIGHTS)
    return path


def check(path: Path) -> str:
    return checked_adapter(str(path), max_rank=16, hidden_size=HIDDEN)


def test_a_good_adapter_is_its_folder(tmp_path: Path) -> None:
    assert check(folder(tmp_path / "a")) == str(tmp_path / "a")


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"config": {"r": 64}}, "rank 64; the engine holds 1 to 16"),
        ({"config": {"r": "8"}}, "rank 8; the engine"),
        ({"config": {}}, "rank 0"),
        ({"config": []}, "not the folder of a LoRA adapter"),
        ({"config": {"r": 8, "peft_type": "IA3"}}, "has IA3"),
        ({"config": {"r": 8, "use_dora": True}}, "DoRA"),
        ({"shape": (8, 4096)}, "another base.*reads 4096 numbers, and this model has 32"),
        ({"shape": (64, HIDDEN)}, "rank 64"),
        ({"name": "classifier.weight"}, "holds no LoRA weights"),
    ],
)
def test_an_adapter_that_the_engine_cannot_hold_is_refused_with_the_reason(
    tmp_path: Path, made: dict[str, Any], says: str
) -> None:
    with pytest.raises(RequestError, match=says) as refused:
        check(folder(tmp_path / "a", **made))
    assert refused.value.field == "path"


@pytest.mark.parametrize("data", [None, b"", b"no tensors", b"\xff" * 64])
def test_damaged_weights_are_refused(tmp_path: Path, data: bytes | None) -> None:
    made = folder(tmp_path / "a")
    if data is None:
        (made / WEIGHTS).unlink()
    else:
        (made / WEIGHTS).write_bytes(data)
    with pytest.raises(RequestError, match="missing or damaged"):
        check(made)


def test_weights_that_break_off_are_refused(tmp_path: Path) -> None:
    made = folder(tmp_path / "a")
    whole = (made / WEIGHTS).read_bytes()
    (made / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RequestError, match="missing or damaged"):
        check(made)


@pytest.mark.parametrize("name", ["", "Loud", "a b", "../a", "x" * 65, "troupe-small", "-a"])
def test_names_that_no_adapter_may_have(name: str) -> None:
    with pytest.raises(RequestError) as refused:
        check_name(name, "Troupe-Small")
    assert refused.value.field == "name"


@pytest.fixture
async def registry(database_uri: str, database_name: str) -> AsyncIterator[AdapterRegistry]:
    made = AdapterRegistry(database_uri, database_name)
    yield made
    await made.close()


async def test_what_is_kept_is_there_for_the_next_start(registry: AdapterRegistry) -> None:
    assert await registry.all() == ()
    loud, soft = Adapter(name="loud", path="/a", personas=("olga", "elio")), Adapter(name="soft", path="/b")
    await registry.put(soft)
    await registry.put(loud)
    await registry.close()
    assert await registry.all() == (loud, soft)
    await registry.remove("soft")
    await registry.remove("soft")
    assert await registry.all() == (loud,)


async def test_an_adapter_is_replaced_and_a_persona_has_one(registry: AdapterRegistry) -> None:
    await registry.put(Adapter(name="loud", path="/a", personas=("olga", "elio")))
    await registry.put(Adapter(name="soft", path="/b", personas=("olga",)))
    await registry.put(Adapter(name="soft", path="/c", personas=("olga",)))
    assert await registry.all() == (
        Adapter(name="loud", path="/a", personas=("elio",)),
        Adapter(name="soft", path="/c", personas=("olga",)),
    )
