"""A persona that no training saw, taught by 60 lines: how long it takes, how well it is recognised, what it costs.

    python -m bench.lora

fine-tunes the bundled model on packs/examples/percival.jsonl, loads the adapter into the running vLLM engine, and asks
the persona the same questions with and without it. The baselines are the same model without the adapter.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from rich.console import Console

from bench.report import report
from core.personas import Persona
from core.settings import ROOT, Settings, load_settings
from serve_apps.engines.base import Engine
from serve_apps.engines.choose import start_engine
from serve_apps.tokens import token_counter
from training.candidate import Candidate, Sampling
from training.chats import read_chats
from training.exam import Examiner
from training.lora import DEFAULTS, Options, train_adapter
from training.recognise import Embed, Recogniser, minilm
from training.scores import CENTROID_REPLIES, TrainingData, is_right, share
from training.voices import Voice, load_cast

EXAMPLE = ROOT / "packs" / "examples" / "percival"
PACK = ROOT / "packs" / "communiverse"
ADAPTER = "percival"
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares, 0 to 1: replies told to be the new persona's, and right answers with the passage in the prompt."""

    recognised: float
    in_pack: float
    in_new_world: float


async def measure(
    engine: Engine,
    settings: Settings,
    voice: Voice,
    recogniser: Recogniser,
    embed: Embed,
    *,
    adapter: str | None,
    samples: int,
) -> Measured:
    """Ask the persona of `voice`, and only it, `samples` questions of each kind."""
    pack, _ = load_cast(PACK)
    examiner = Examiner(pack, [voice], seed=11, strangers=0.0, embed=embed)
    counter = token_counter(settings.llm_model, remote=False, window=settings.llm_max_model_len)
    sampling = Sampling(settings.reply_max_tokens, settings.reply_temperature, seed=11)
    names = [persona.name for persona in pack.personas]
    candidate = Candidate(engine, counter, sampling, cast=names, adapter=adapter, console=console)
    talk = await candidate.replies(examiner.small_talk(samples), "small talk")
    facts, worlds = examiner.pack_facts(samples), examiner.world_facts(samples)
    in_pack = await candidate.replies(facts, "facts of the pack")
    in_world = await candidate.replies(worlds, "facts of new worlds")
    said = [reply.text for reply in (*talk, *in_pack)]
    return Measured(
        share([who == voice.persona.id for who in recogniser.who(said)]),
        share([is_right(q, r) for q, r in zip(facts, in_pack, strict=True)]),
        share([is_right(q, r) for q, r in zip(worlds, in_world, strict=True)]),
    )


async def run(options: Options, samples: int, folder: Path) -> None:
    """Train, load, measure, and print the figures."""
    settings = load_settings()
    persona = Persona(**yaml.safe_load(EXAMPLE.with_suffix(".yaml").read_text("utf-8")), avatar=Path("percival.png"))
    voice = Voice(persona, {})
    pack, cast = load_cast(PACK)
    lines = [chat[-1].content for chat in read_chats(EXAMPLE.with_suffix(".jsonl"))]
    known = TrainingData.collect(pack, cast, seed=11).by_persona
    examples = {who: replies[:CENTROID_REPLIES] for who, replies in known.items()} | {persona.id: lines}
    embed = minilm()
    recogniser = Recogniser(examples, embed)
    console.print("training the adapter")
    trained = train_adapter(
        EXAMPLE.with_suffix(".jsonl"), folder, base=Path(settings.llm_model), pack=PACK, options=options
    )
    console.print("starting the engine")
    engine = await start_engine(settings)
    try:
        before = await measure(engine, settings, voice, recogniser, embed, adapter=None, samples=samples)
        started = time.monotonic()
        await engine.add_adapter(ADAPTER, str(folder))
        loaded = time.monotonic() - started
        after = await measure(engine, settings, voice, recogniser, embed, adapter=ADAPTER, samples=samples)
    finally:
        engine.close()
    report("lora_training", trained.seconds, "s")
    report("lora_loading", loaded, "s")
    report("lora_persona_recognised", after.recognised, "share", before.recognised)
    report("lora_fact_in_pack", after.in_pack, "share", before.in_pack)
    report("lora_fact_in_new_world", after.in_new_world, "share", before.in_new_world)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=150, help="questions of each kind, before and after")
    for name in ("rank", "epochs", "rate", "replay"):
        standard = getattr(DEFAULTS, name)
        parser.add_argument(f"--{name}", type=type(standard), default=standard)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    options = Options(rank=given.rank, epochs=given.epochs, rate=given.rate, replay=given.replay)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(options, given.samples, Path(folder) / ADAPTER))
    gc.collect()  # vLLM complains when its engine is left to the interpreter's end


if __name__ == "__main__":
    main()
