"""Measure a language model as Troupe would serve it: does it read, does it admit what it does not know, who speaks?

    python -m training.evaluate                                   # the bundled model
    python -m training.evaluate --model some/model --adapter some/adapter
    python -m training.evaluate --url http://127.0.0.1:11434/v1 --model name

prints one JSON object per figure, {"figure", "value", "unit", "baseline", "ratio"}, and writes a report as text, JSON
and a picture. Questions, worlds and wordings are held out from training; `training.report.MEANINGS` tells what each
figure is. The engine, the sampling, the prompt and the guard are those of the settings, as in production.
"""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from core.errors import TroupeError
from core.settings import ROOT, Settings, load_settings
from serve_apps.engines.base import Engine
from serve_apps.engines.choose import start_engine
from serve_apps.tokens import token_counter
from training.candidate import Candidate, Sampling
from training.exam import Examiner
from training.recognise import minilm
from training.report import write_report
from training.scores import Examination, Score, TrainingData
from training.voices import load_cast

ADAPTER = "candidate"
CLOSING_S = 0.2  # an engine only begins to close when it is told to


async def measure(
    engine: Engine,
    settings: Settings,
    pack: Path,
    *,
    seed: int,
    samples: int,
    adapter: str | None = None,
    console: Console | None = None,
) -> list[Score]:
    """All scores of the language model that `engine` runs, with the sampling of `settings`. `adapter` is the name of
    one that is loaded. Raises what `Engine.generate` raises, PackError for a wrong pack."""
    loaded, cast = load_cast(pack)
    counter = token_counter(
        settings.llm_model, remote=settings.openai_base_url is not None, window=settings.llm_max_model_len
    )
    sampling = Sampling(settings.reply_max_tokens, settings.reply_temperature, seed=seed)
    names = [persona.name for persona in loaded.personas]
    candidate = Candidate(engine, counter, sampling, cast=names, adapter=adapter, console=console)
    data = TrainingData.collect(loaded, cast, seed=seed)
    embed = minilm()
    examiner = Examiner(loaded, cast, seed=seed, embed=embed)
    return await Examination(candidate, examiner, data, embed, samples).run()


async def _language(
    settings: Settings, pack: Path, adapter: Path | None, seed: int, samples: int, console: Console
) -> tuple[str, list[Score]]:
    """The model's name, and its scores."""
    with console.status("starting the engine (about half a minute)"):
        engine = await start_engine(settings)
    try:
        if adapter is not None:
            await engine.add_adapter(ADAPTER, str(adapter))
        name = ADAPTER if adapter is not None else None
        return engine.model, await measure(
            engine, settings, pack, seed=seed, samples=samples, adapter=name, console=console
        )
    finally:
        engine.close()
        await asyncio.sleep(CLOSING_S)


def _vision(folder: Path, seed: int, samples: int) -> list[Score]:
    from training.vision_exam import vision_figures  # late: the language model needs none of it

    return [Score(figure, samples) for figure in vision_figures(folder, seed=seed, samples=samples)]


def _settings(model: str | None, url: str | None) -> Settings:
    """The settings with what the command line says otherwise."""
    given: dict[str, Any] = {"openai_base_url": url, "llm_model": model}
    changes = {name: value for name, value in given.items() if value is not None}
    return Settings(**changes) if changes else load_settings()


def main(
    model: Annotated[str | None, typer.Option(help="Folder or name of the model. Default: LLM_MODEL.")] = None,
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint. Default: OPENAI_BASE_URL.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="Folder of a LoRA adapter to measure.")] = None,
    vision: Annotated[Path | None, typer.Option(help="Folder of the vision model.")] = ROOT
    / "models"
    / "troupe-small-vision",
    pack: Annotated[Path, typer.Option(help="Folder of the persona pack.")] = ROOT / "packs" / "communiverse",
    seed: Annotated[int, typer.Option(help="Seed of questions and sampling.")] = 2026,
    samples: Annotated[int, typer.Option(min=5, help="Questions per figure.")] = 250,
    out: Annotated[Path | None, typer.Option(help="Folder of the report. Default: var/evaluation/<model>.")] = None,
    only: Annotated[str, typer.Option(help="language, vision or both.")] = "both",
) -> None:
    """Print the figures, one JSON object per line, and write the report."""
    settings = _settings(model, url)
    notes, lines = Console(stderr=True), Console(soft_wrap=True, highlight=False)
    started, scores, name = time.monotonic(), list[Score](), Path(settings.llm_model).name
    try:
        if only != "vision":
            name, scores = asyncio.run(_language(settings, pack, adapter, seed, samples, notes))
            gc.collect()  # vLLM complains when its engine is left to the interpreter's end
        if only != "language" and vision is not None and vision.is_dir():
            scores += _vision(vision, seed, samples)
    except TroupeError as error:
        notes.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None
    for score in scores:
        lines.print(score.figure.line(), markup=False)
    called = name.replace("/", "-") + (f"-{adapter.name}" if adapter else "")
    folder = out or ROOT / "var" / "evaluation" / called
    about = {
        "model": name,
        "adapter": adapter.name if adapter else None,
        "engine": settings.openai_base_url or "vLLM",
        "temperature": "the model's own" if settings.reply_temperature is None else settings.reply_temperature,
        "longest reply": f"{settings.reply_max_tokens} tokens",
        "seed": seed,
        "samples": samples,
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
    write_report(folder, scores, about)
    notes.print(f"wrote {folder}/report.md, report.json and report.png")


if __name__ == "__main__":
    typer.run(main)
