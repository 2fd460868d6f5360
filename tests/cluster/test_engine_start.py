"""A start that cannot succeed, with the real engine: what its own processes log is told, and what to change."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT

SCRIPT = f"""
import asyncio
from core.errors import ConfigError
from serve_apps.engines.vllm_engine import VllmConfig, VllmEngine

if __name__ == "__main__":
    try:
        asyncio.run(VllmEngine.start(VllmConfig(model={str(ROOT / "models" / "troupe-small")!r}, kv_cache_gib=100_000)))
    except ConfigError as error:
        print(error)
"""


def test_memory_that_is_too_small_is_named_with_what_to_lower() -> None:
    # In a process of its own: vLLM reads its settings from the environment.
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
    )
    assert "requested memory for kv (100000.0 GiB)" in ran.stdout
    assert "Lower LLM_MAX_MODEL_LEN or LLM_MAX_NUM_SEQS" in ran.stdout
