"""What serving costs on top of the engine: the same prompts on a bare `AsyncLLM`, through the Serve handle, and through
`/v1/chat/completions`, streamed.

    python -m bench.llm_overhead [--large]

One engine runs at a time, the bare one in a process of its own with the same arguments. Figures are tokens a second of
all requests together and the median time to the first text (a token may have none), with 1, 8 and 64 requests at once;
the baseline is bare. `--large` takes a model whose token costs what a model costs that people serve (random weights),
instead of the bundled one, which writes a token in a millisecond or two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.random_model import write_random_model
from bench.report import percentile, report
from bench.system import free_port
from core.messages import ChatMessage, GenerateRequest
from core.settings import Settings

TOKENS = 64
# So hot that the model hardly ever thinks of stopping; tokens are counted all the same.
TEMPERATURE = 2.0
# How many requests there are at once, and in all.
LOADS = ((1, 8), (8, 32), (64, 128))
MESSAGES = (
    ChatMessage(role="system", content="You are Elio, an ambassador. Warm and curious. Never hurts anyone."),
    ChatMessage(role="user", content="Mara: tell me everything about the Lantern Hall"),
)

# Yields the number of new tokens with each piece, and whether there is text.
Ask = Callable[[int], AsyncIterator[tuple[int, bool]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Tokens a second of all requests, and the median seconds to a first token."""

    tokens_per_s: float
    first_s: float


async def measure(ask: Ask, at_once: int, count: int) -> Measured:
    """`count` requests, `at_once` of them at any time."""
    slots = asyncio.Semaphore(at_once)
    firsts: list[float] = []
    tokens = 0

    async def one(seed: int) -> None:
        nonlocal tokens
        async with slots:
            started, first = time.monotonic(), True
            async for new, has_text in ask(seed):
                if first and has_text:
                    firsts.append(time.monotonic() - started)
                    first = False
                tokens += new

    started = time.monotonic()
    await asyncio.gather(*(one(seed) for seed in range(count)))
    return Measured(tokens / (time.monotonic() - started), percentile(firsts, 0.5))


async def measure_all(ask: Ask) -> list[Measured]:
    """One measurement per load, after a warm-up."""
    await measure(ask, 4, 8)
    return [await measure(ask, at_once, count) for at_once, count in LOADS]


async def bare(settings: Settings) -> list[Measured]:
    """The engine alone, in this process."""
    from serve_apps.engines.choose import start_engine

    engine: Any = await start_engine(settings)
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    ids = engine._render(MESSAGES)

    async def ask(seed: int) -> AsyncIterator[tuple[int, bool]]:
        kind = RequestOutputKind.DELTA
        wanted = SamplingParams(max_tokens=TOKENS, temperature=TEMPERATURE, seed=seed, output_kind=kind)
        async for output in engine._llm.generate({"prompt_token_ids": ids}, wanted, f"bare-{seed}-{time.monotonic()}"):
            yield len(output.outputs[0].token_ids), bool(output.outputs[0].text)

    try:
        return await measure_all(ask)
    finally:
        engine.close()


async def served(settings: Settings) -> dict[str, list[Measured]]:
    """Through the handle and over HTTP; the applications run."""
    from serve_apps import apps, names
    from serve_apps.calls import stream

    generate = apps.handle(names.LLM).generate  # made once, as applications do: a new one asks the controller first

    def by_handle(seed: int) -> AsyncIterator[tuple[int, bool]]:
        asked = GenerateRequest(messages=MESSAGES, max_tokens=TOKENS, temperature=TEMPERATURE, seed=seed)

        async def pieces() -> AsyncIterator[tuple[int, bool]]:
            async with aclosing(stream(generate, asked, component=names.LLM)) as chunks:
                said = 0
                async for chunk in chunks:
                    done = chunk.usage.completion_tokens if chunk.usage else said + 1
                    yield done - said, bool(chunk.text)
                    said = done

        return pieces()

    base = f"http://{settings.api_host}:{settings.api_port}"
    async with httpx.AsyncClient(base_url=base, timeout=120, limits=httpx.Limits(max_connections=None)) as client:

        async def by_http(seed: int) -> AsyncIterator[tuple[int, bool]]:
            body = {
                "model": Path(settings.llm_model).name,
                "messages": [asdict(message) for message in MESSAGES],
                "max_tokens": TOKENS,
                "temperature": TEMPERATURE,
                "seed": seed,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
            said = 0
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                response.raise_for_status()
                async for line in response.aiter_lines():
                    if not line.startswith("data: {"):
                        continue
                    event = json.loads(line.removeprefix("data: "))
                    has_text = any(choice["delta"].get("content") for choice in event["choices"])
                    done = event["usage"]["completion_tokens"] if event.get("usage") else said + has_text
                    yield done - said, has_text
                    said = done

        return {"handle": await measure_all(by_handle), "http": await measure_all(by_http)}


def run_served(model: str) -> dict[str, list[Measured]]:
    """Starts the applications on a Ray of its own, measures, and stops both."""
    import ray

    from serve_apps import apps, names

    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        settings = Settings(data_dir=Path(folder), api_port=free_port(), llm_model=model)
        ray.init(address="local", num_cpus=8, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            apps.deploy(settings)
            while any(apps.statuses()[name][0] != "ready" for name in (names.LLM, names.API)):
                time.sleep(0.5)
            return asyncio.run(served(settings))
        finally:
            apps.shutdown()
            ray.shutdown()


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--large", action="store_true", help="a model of 110 million parameters with random weights")
    parser.add_argument("--bare", metavar="MODEL", help="measure the bare engine only, as one line of JSON")
    asked = parser.parse_args()
    if asked.bare:
        found = asyncio.run(bare(Settings(llm_model=asked.bare)))
        sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        model = str(write_random_model(Path(folder) / "large")) if asked.large else Settings().llm_model
        command = [sys.executable, "-m", "bench.llm_overhead", "--bare", model]
        printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
        alone = [Measured(**one) for one in json.loads(printed.strip().splitlines()[-1])]
        for way, found_so in run_served(model).items():
            for (at_once, _), one, base in zip(LOADS, found_so, alone, strict=True):
                report(f"{way}_tokens_per_s_{at_once}", one.tokens_per_s, "tokens/s", base.tokens_per_s)
                report(f"{way}_first_token_p50_{at_once}", one.first_s * 1000, "ms", base.first_s * 1000)


if __name__ == "__main__":
    main()
