"""A sleeping language model is asked: how long until the first token, and where the time goes.

    python -m bench.coldstart

starts the language model with PRELOAD_LLM=false on a Ray of its own and asks it while no replica exists. The parts are
the time until Ray has a process for it (`schedule`), until the deployment's code is imported (`import`), until the
engine is loaded, vLLM's own imports included (`load`), and from there to the first token. The baseline is the bare
engine in a process of its own, from the command to its first token; `added` is what Troupe takes beyond it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

import psutil

from bench.report import report
from bench.startup import bare_engine_s
from bench.system import free_port
from core.messages import ChatMessage, GenerateRequest
from core.settings import Settings
from serve_apps.engines.base import Engine

TIMES = "times.json"
TIMEOUT_S = 300.0


async def timed_start(settings: Settings) -> Engine:
    """As `start_engine`, and writes down when this process began, came here, and had the engine."""
    called = time.time()
    from serve_apps.engines.choose import start_engine

    engine = await start_engine(settings)
    times = {"process": psutil.Process().create_time(), "called": called, "loaded": time.time()}
    (settings.data_dir / TIMES).write_text(json.dumps(times))
    return engine


async def first_token() -> float:
    """When the first token of a request came; waits for the replica."""
    from core.clock import now_ms
    from serve_apps import apps, names
    from serve_apps.calls import stream

    asked = GenerateRequest(messages=(ChatMessage(role="user", content="Mara: hello"),), max_tokens=4)
    late = now_ms() + int(TIMEOUT_S * 1000)
    handle = apps.handle(names.LLM)
    async with aclosing(stream(handle.generate, asked, component=names.LLM, deadline_ms=late)) as chunks:
        async for _ in chunks:
            return time.time()
    raise RuntimeError("the model said nothing")


def main() -> None:
    """Runs the bench."""
    import ray
    from ray import serve

    from serve_apps import apps, names
    from serve_apps.llm import llm_app

    bare = bare_engine_s(Settings().llm_model)
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        settings = Settings(data_dir=Path(folder), api_port=free_port(), preload_llm=False)
        ray.init(address="local", num_cpus=8, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            serve.start(http_options={"host": settings.api_host, "port": settings.api_port})
            serve.run(llm_app(settings, None, gpu=False, start=timed_start), name=names.LLM, route_prefix=None)
            while apps.statuses()[names.LLM][0] != "idle":
                time.sleep(0.2)
            asked = time.time()
            token = asyncio.run(first_token())
            times = json.loads((settings.data_dir / TIMES).read_text())
        finally:
            apps.shutdown()
            ray.shutdown()
    report("schedule", times["process"] - asked, "s")
    report("import", times["called"] - times["process"], "s")
    report("load", times["loaded"] - times["called"], "s")
    report("first_token_after_load", token - times["loaded"], "s")
    report("zero_to_first_token", token - asked, "s", bare)
    report("added", token - asked - bare, "s")


if __name__ == "__main__":
    main()
