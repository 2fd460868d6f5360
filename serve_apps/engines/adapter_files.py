"""LoRA adapters as folders, checked before an engine is given one: a bad file must not cost the engine its life."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from core.errors import RequestError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Projections that read the model's own stream, so that their width tells which base an adapter was made for.
_READS_STREAM = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")


def checked_adapter(path: str, *, max_rank: int, hidden_size: int) -> str:
    """The absolute folder of an adapter that the engine can hold: of at most `max_rank`, for a base of `hidden_size`.

    Raises RequestError (`path`) that says what is wrong with it."""
    folder = Path(path).resolve()
    config = _config(folder, path)
    rank = config.get("r", 0)
    if not isinstance(rank, int) or not 1 <= rank <= max_rank:
        raise RequestError(f"The adapter has rank {rank}; the engine holds 1 to {max_rank}.", field="path")
    kind = config.get("peft_type", "LORA")
    if kind != "LORA" or config.get("use_dora") or config.get("modules_to_save"):
        more = "DoRA or whole modules" if kind == "LORA" else kind
        raise RequestError(f"The adapter has {more}; the engine takes plain LoRA only.", field="path")
    for name, shape in _shapes(folder).items():
        if ".lora_A." not in name:
            continue
        if shape[0] > max_rank:
            raise RequestError(f"{name} has rank {shape[0]}; the engine holds 1 to {max_rank}.", field="path")
        if any(part in name for part in _READS_STREAM) and shape[-1] != hidden_size:
            raise RequestError(
                f"The adapter is for another base: {name} reads {shape[-1]} numbers, and this model has {hidden_size}.",
                field="path",
            )
    return str(folder)


def _config(folder: Path, path: str) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise RequestError(f"{path} is not the folder of a LoRA adapter: it has no readable {CONFIG}.", field="path")
    return config


def _shapes(folder: Path) -> dict[str, list[int]]:
    """The shape of every tensor, read from the head of the file."""
    try:
        with safe_open(folder / WEIGHTS, framework="np") as weights:
            found = {name: list(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise RequestError(
            f"{WEIGHTS} is missing or damaged ({error}). Save the adapter again.", field="path"
        ) from None
    if not any(".lora_A." in name for name in found):
        raise RequestError(f"{WEIGHTS} holds no LoRA weights.", field="path")
    return found
