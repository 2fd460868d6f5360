"""What does reading a message cost, beside embedding it?

    python -m bench.preprocessing

The lines of `tests/data/readings.yaml`, one at a time. The first figures are `serve_apps.preprocessing.read` with the
baseline of embedding the same line with the real model, which the search for lore needs anyway; then the content filter
on the way in, and the whole judgement of a reply on the way out.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

import torch
import yaml

from bench.report import percentile, report
from core.content_filter import default_filter
from core.personas import load_pack
from core.prompts import system_text
from core.settings import ROOT
from serve_apps.decency import Decency
from serve_apps.guard import Guard
from serve_apps.preprocessing import Prototypes, read, world_of
from serve_apps.validation import Validation
from training.recognise import minilm

WARM_UP = 20


def lines() -> list[str]:
    """All lines that the tests read."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "data" / "readings.yaml").read_text(encoding="utf-8"))
    return [line for part in ("intents", "fresh_intents") for texts in data[part].values() for line in texts]


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    embed, pack = minilm(), load_pack(ROOT / "packs" / "communiverse")

    async def embedded(texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = embed(texts).tolist()
        return vectors

    known, world, filter_ = asyncio.run(Prototypes.embedded(embedded)), world_of(pack), default_filter()
    persona = pack.persona(pack.default_persona)
    instructions = system_text(persona)
    names = tuple(one.name for one in pack.personas)
    guard = Guard(persona=persona.name, others=names, instructions=instructions.split(". ")[0])
    judge = Validation(guard, instructions, names, Decency(filter_, "medium"))
    replies = [example.reply for one in pack.personas for example in one.examples]
    took: dict[str, list[float]] = {"embedding": [], "reading": [], "filter": [], "validation": []}

    def timed(what: str, started: float) -> None:
        took[what].append((time.perf_counter() - started) * 1000)

    for number, line in enumerate(lines() * given.rounds):
        started = time.perf_counter()
        vector = asyncio.run(embedded([line]))[0]
        timed("embedding", started)
        started = time.perf_counter()
        read(line, vector, known, world)
        timed("reading", started)
        started = time.perf_counter()
        filter_.verdict(line, "medium")
        timed("filter", started)
        started = time.perf_counter()
        judge.problem(replies[number % len(replies)])
        timed("validation", started)
    warm = {what: values[WARM_UP:] for what, values in took.items()}
    for what in ("reading", "filter", "validation"):
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            report(f"{what}_{name}", percentile(warm[what], share), "ms", percentile(warm["embedding"], share))


if __name__ == "__main__":
    main()
