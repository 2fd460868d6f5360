"""How long from the command until a person gets an answer, the first time and the second: `python -m bench.startup`.

The first start has an empty DATA_DIR, so it embeds the lore and makes the local Discord's world. The baseline is the
bare vLLM engine with the same model in a process of its own, from the command to its first token.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.report import report
from bench.system import ROOT, System
from core.settings import Settings

BARE_ENGINE = """
import asyncio, sys
from vllm import AsyncEngineArgs, SamplingParams
from vllm.v1.engine.async_llm import AsyncLLM

async def main():
    engine = AsyncLLM.from_engine_args(
        AsyncEngineArgs(model=sys.argv[1], dtype="float32", enforce_eager=True, enable_lora=True)
    )
    async for _ in engine.generate("Hello", SamplingParams(max_tokens=1), "first"):
        print("token", flush=True)
    engine.shutdown()

if __name__ == "__main__":
    asyncio.run(main())
"""


def bare_engine_s(model: str) -> float:
    """Seconds from starting Python to the first token of a bare AsyncLLM."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE_ENGINE)
        env = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, str(script), model], cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("token"):
                break
        else:
            raise RuntimeError("the bare engine gave no token")
        elapsed = time.monotonic() - started
        process.wait(60)
        return elapsed


def first_answer_s(system: System) -> float:
    """Seconds until a persona's reply that a model wrote, asked for right now."""
    started = time.monotonic()
    body = {"persona": "elio", "message": "Hello!"}
    answer = httpx.post(f"{system.api}/persona/reply", json=body, timeout=60).raise_for_status().json()
    if answer["fallback"]:
        raise RuntimeError("the first answer was a fallback: the model was not ready")
    return time.monotonic() - started


def main() -> None:
    """Runs the bench."""
    bare = bare_engine_s(Settings().llm_model)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first_start", "second_start"):
            with System(Path(folder) / "data") as system:
                report(f"{name}_to_ready", system.started_s, "s", baseline=bare)
                report(f"{name}_first_answer", first_answer_s(system), "s")


if __name__ == "__main__":
    main()
