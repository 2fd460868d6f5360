"""What vLLM is started with, on a CPU and on a GPU that is not here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from core.errors import ConfigError
from core.settings import Settings, load_settings
from serve_apps.engines import vllm_engine
from serve_apps.engines.choose import _quantization
from serve_apps.engines.vllm_engine import VllmConfig, check_quantization, check_sleep, engine_arguments


@pytest.mark.parametrize("cpu", [True, False])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"quantization": "fp8"},
        {"quantization": "bitsandbytes"},
        {"adapters": False, "images": 1, "max_model_len": 4096},
    ],
)
def test_vllm_knows_every_argument(cpu: bool, given: dict[str, Any]) -> None:
    from vllm import AsyncEngineArgs

    made = engine_arguments(VllmConfig(model="some/model", gpu_memory_utilization=0.5, **given), cpu=cpu)
    assert set(made) <= {field.name for field in fields(AsyncEngineArgs)}
    args = AsyncEngineArgs(**made)
    assert args.gpu_memory_utilization == 0.5
    assert args.enable_lora == given.get("adapters", True)


def test_a_gpu_takes_the_models_own_type_and_graphs() -> None:
    made = engine_arguments(VllmConfig(model="m"), cpu=False)
    assert (made["dtype"], made["enforce_eager"], made["distributed_executor_backend"]) == ("auto", False, None)
    assert engine_arguments(VllmConfig(model="m"), cpu=True)["dtype"] == "float32"


@pytest.mark.parametrize(
    ("given", "width", "field"),
    [({"use_8bit": True}, "fp8", "USE_8BIT"), ({"use_4bit": True}, "bitsandbytes", "USE_4BIT")],
)
def test_fewer_bits_need_a_gpu(given: dict[str, bool], width: str, field: str) -> None:
    settings = Settings(_env_file=None, **given)  # type: ignore[call-arg,arg-type]
    assert _quantization(settings) == width
    with pytest.raises(ConfigError, match="on a GPU only") as refused:
        check_quantization(VllmConfig(model="m", quantization=width), cpu=True)
    assert refused.value.field == field


def test_four_bits_need_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    config = VllmConfig(model="m", quantization="bitsandbytes")
    with pytest.raises(ConfigError, match="vllm-bnb-plugin"):
        check_quantization(config, cpu=False)
    monkeypatch.setattr(vllm_engine, "_installed", lambda package: True)
    check_quantization(config, cpu=False)
    check_quantization(VllmConfig(model="m", quantization="fp8"), cpu=False)
    check_quantization(VllmConfig(model="m"), cpu=True)


def test_pytorch_can_read_how_memory_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:256,expandable_segments:true")
    given = load_settings().pytorch_cuda_alloc_conf
    monkeypatch.delenv("PYTORCH_CUDA_ALLOC_CONF")  # PyTorch reads it, too
    assert given == Settings(_env_file=None).pytorch_cuda_alloc_conf  # type: ignore[call-arg]
    read = torch._C._accelerator_setAllocatorSettings  # what PyTorch does with it once there is a card
    with pytest.raises(Exception, match="True"):
        read("expandable_segments:true")
    read(given)
    read("")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments=true", "PYTORCH_CUDA_ALLOC_CONF"),
        ("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:256, expandable_segments:true", "PYTORCH_CUDA_ALLOC_CONF"),
        ("USE_4BIT", "true", "exclude each other"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv("USE_8BIT", "true")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=says):
        load_settings()


def test_only_a_gpu_gives_memory_back_while_the_model_sleeps() -> None:
    config = VllmConfig(model="m", sleeps=True)
    check_sleep(config, cpu=False)
    check_sleep(VllmConfig(model="m"), cpu=True)
    assert engine_arguments(config, cpu=False)["enable_sleep_mode"] is True
    with pytest.raises(ConfigError) as refused:
        check_sleep(config, cpu=True)
    assert refused.value.field == "LLM_SLEEP_S"
