"""Many LoRA adapters over one base: what mixing twenty of them costs, and what loading one more does to who is served.

    python -m bench.adapters

Requests run against the engine as the language model's replica runs it, some at a time: all for the base, all for one
adapter, and each for another of twenty, of which a batch may mix `max_loras`. During the last a new adapter is loaded.
The baseline is the base alone; `failed` must be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.report import percentile, report
from core.errors import TroupeError
from core.messages import ChatMessage, GenerateRequest
from core.settings import ROOT, Settings
from serve_apps.engines.base import Engine
from serve_apps.engines.choose import start_engine

ADAPTERS, AT_ONCE, REQUESTS, TOKENS = 20, 16, 160, 48
MESSAGES = (
    ChatMessage(role="system", content="You are Elio, an ambassador. Warm and curious."),
    ChatMessage(role="user", content="Mara: tell me everything about the Lantern Hall"),
)


def make_adapters(folder: Path, count: int) -> list[Path]:
    """`count` random adapters of rank 8 for the bundled model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    made = []
    for seed in range(count):
        torch.manual_seed(seed)
        base = AutoModelForCausalLM.from_pretrained(ROOT / "models" / "troupe-small")
        config = LoraConfig(r=8, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        made.append(folder / f"adapter-{seed}")
        get_peft_model(base, config).save_pretrained(made[-1])
    return made


class Load:
    """Requests against one engine; counts what came and what failed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.failed = 0
        self._seeds = itertools.count()

    async def run(self, adapters: Iterator[str | None], count: int) -> tuple[float, float]:
        """`count` requests, AT_ONCE of them at any time: tokens a second of all, and the median seconds of one."""
        slots = asyncio.Semaphore(AT_ONCE)
        took: list[float] = []
        tokens = 0

        async def one(adapter: str | None) -> None:
            nonlocal tokens
            async with slots:
                asked = GenerateRequest(
                    messages=MESSAGES, max_tokens=TOKENS, temperature=2.0, seed=next(self._seeds), adapter=adapter
                )
                started = time.perf_counter()
                try:
                    async for chunk in self.engine.generate(asked):
                        tokens += chunk.usage.completion_tokens if chunk.usage else 0
                except TroupeError:
                    self.failed += 1
                else:
                    took.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*(one(next(adapters)) for _ in range(count)))
        return tokens / (time.perf_counter() - started), percentile(took, 0.5)


async def measure(folders: list[Path], requests: int) -> None:
    """Reports everything."""
    engine = await start_engine(Settings())
    try:
        *known, new = folders
        for path in known:
            await engine.add_adapter(path.name, str(path))
        load = Load(engine)
        await load.run(itertools.repeat(None), 2 * AT_ONCE)  # warm up
        base, alone = await load.run(itertools.repeat(None), requests)
        report("base_tokens_per_s", base, "tokens/s")
        speed, median = await load.run(itertools.repeat(known[0].name), requests)
        report("one_adapter_tokens_per_s", speed, "tokens/s", base)
        report("one_adapter_request_p50", median, "s", alone)

        names = itertools.cycle(path.name for path in known)
        mixed = asyncio.create_task(load.run(names, requests))
        await asyncio.sleep(1.0)
        started = time.perf_counter()
        await engine.add_adapter(new.name, str(new))
        report("load_time_of_a_new_one_while_serving", time.perf_counter() - started, "s")
        speed, median = await mixed
        report(f"{len(known)}_adapters_tokens_per_s", speed, "tokens/s", base)
        report(f"{len(known)}_adapters_request_p50", median, "s", alone)
        await load.run(itertools.repeat(new.name), AT_ONCE)
        report("failed", load.failed, "requests")
    finally:
        engine.close()


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        asyncio.run(measure(make_adapters(Path(folder), ADAPTERS + 1), given.requests))


if __name__ == "__main__":
    main()
