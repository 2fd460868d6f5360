"""What is read from the log of an engine's process that is gone."""

from __future__ import annotations

import json
import logging
import logging.config
import os
from pathlib import Path

import pytest

from core.errors import ConfigError, ModelUnavailable
from serve_apps.engines.engine_errors import EngineErrors
from serve_apps.engines.vllm_engine import VllmConfig, _why_not_started

PATH = "VLLM_LOGGING_CONFIG_PATH"
NO_CACHE = "No available memory for the cache blocks. Try increasing `gpu_memory_utilization`."


def died(errors: EngineErrors, *raised: Exception) -> None:
    """As the engine's process configures its logging, and logs what it dies of."""
    with errors.kept():
        logging.config.dictConfig(json.loads(Path(os.environ[PATH]).read_text("utf-8")))
    vllm = logging.getLogger("vllm")
    for error in raised:
        try:
            raise error
        except Exception:
            logging.getLogger("vllm.v1.engine.core").exception("EngineCore failed to start.")
    for handler in list(vllm.handlers):
        handler.close()
        vllm.removeHandler(handler)


def test_the_last_error_is_the_cause() -> None:
    errors = EngineErrors()
    assert errors.cause() is None
    assert not errors.out_of_memory()
    died(errors, ValueError("First."), KeyError("second"))
    assert errors.cause() == "'second'"
    assert not errors.out_of_memory()
    errors.close()
    assert errors.cause() is None


@pytest.mark.parametrize(
    "said",
    [
        NO_CACHE,
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 11 GiB",
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.",
        "Free memory on device (4/16 GiB) on startup is less than desired GPU memory utilization (0.7, 11.2 GiB).",
    ],
)
def test_want_of_memory_is_told_from_what_follows_it(said: str) -> None:
    errors = EngineErrors()
    died(errors, RuntimeError(said), ConnectionError("the other side is gone"))
    assert errors.out_of_memory()
    assert errors.cause() == said.rstrip(".")
    errors.close()


def test_the_operators_own_logging_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATH, "/mine.json")
    errors = EngineErrors()
    with errors.kept():
        assert os.environ[PATH] == "/mine.json"
    assert os.environ[PATH] == "/mine.json"
    errors.close()


def test_a_start_that_fails_says_what_to_lower() -> None:
    errors = EngineErrors()
    failed = RuntimeError("Engine core initialization failed. See root cause above.")
    vision = VllmConfig(model="some/model", slice_setting="VLM_GPU_SLICE")
    plain = _why_not_started(failed, errors, vision, cpu=False)
    assert isinstance(plain, ModelUnavailable)
    assert "Engine core initialization failed" in str(plain)
    died(errors, ValueError(NO_CACHE))
    short = _why_not_started(failed, errors, vision, cpu=False)
    assert isinstance(short, ConfigError)
    assert short.field == "VLM_GPU_SLICE"
    assert "No available memory" in str(short)
    assert "Raise VLM_GPU_SLICE" in short.fix
    assert "USE_4BIT" in short.fix
    small = _why_not_started(failed, errors, vision.model_copy(update={"quantization": "fp8"}), cpu=False)
    assert isinstance(small, ConfigError)
    assert "USE_4BIT" not in small.fix
    wrong = _why_not_started(OSError("no such model."), errors, vision, cpu=True)
    assert isinstance(wrong, ConfigError)
    assert wrong.field == "LLM_MODEL"
    errors.close()
