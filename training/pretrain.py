"""Train the bundled small model from scratch: data, tokenizer, model, measured, with a model card.

    python -m training.pretrain --out models/troupe-small --minutes 40

A run stopped half-way goes on where its last checkpoint (in var/training) stands.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from tokenizers import Tokenizer

from core.settings import ROOT
from training.batches import IGNORED, Batch, batches
from training.card import write_card
from training.dialogues import LessonName, chunk_of_dialogues, held_out_dialogues
from training.inspection import inspect
from training.precision import Muon, has_avx512
from training.small_model import (
    NUMBER_WEIGHT,
    VOCABULARY,
    compile_for_training,
    kept_parts,
    load_weights,
    loss_of,
    new_model,
    save_model,
)
from training.tokenizer import train_tokenizer
from training.turns import Dialogue
from training.voices import load_cast
from training.word_families import rarity

CHUNK = 1024  # dialogues that are made at a time
BATCH_TOKENS = 6144
TOKENIZER_CHUNKS = 6
LONGEST = 512
WARMUP_STEPS = 20
AVERAGED_STEPS = 50  # the weights that are kept are an average that forgets over about so many steps
# The embeddings must not outrun what the first layers were given to match them by.
MATRIX_RATE, VECTOR_RATE, WORD_RATE = 2e-3, 1e-3, 1e-4
HELD_OUT_DIALOGUES = 200
CHECKPOINT_S = 240.0
REPORT_S = 15.0
console = Console(soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Each lesson with the share of the run at which it ends, and the share after which the learning rate falls, in a
    line, to zero."""

    lessons: tuple[tuple[LessonName, float], ...]
    decay_from: float

    def lesson_at(self, used: float) -> LessonName:
        """The lesson when this share of the budget is used."""
        return next(lesson for lesson, end in self.lessons if used < end or end == 1.0)

    def rate(self, used: float, step: int) -> float:
        """The learning rate's factor: a short warm-up, level, then down to zero."""
        warm = min(1.0, (step + 1) / WARMUP_STEPS)
        return warm * min(1.0, (1.0 - used) / (1.0 - self.decay_from))


ANEW = Schedule((("drill", 0.144), ("voices", 0.313), ("all", 0.449), ("home", 1.0)), decay_from=0.57)
FURTHER = Schedule((("home", 1.0),), decay_from=0.3)  # for weights that were trained before


@dataclass
class Progress:
    """How far a run is. `losses` and `held_out` are (tokens, loss) pairs."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    chunk: int = 0
    batch: int = 0
    lesson: LessonName = ANEW.lessons[0][0]
    next_lesson: LessonName = ANEW.lessons[0][0]
    losses: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use: tokens (which makes it repeatable) or minutes."""

    tokens: int | None
    minutes: float | None

    def used(self, progress: Progress) -> float:
        """The share used, 0 to 1."""
        shares = [
            progress.tokens / self.tokens if self.tokens else 0.0,
            progress.seconds / (self.minutes * 60) if self.minutes else 0.0,
        ]
        return min(1.0, max(shares))


class Run:
    """One training run over the seeded stream, with checkpoints. `start` is the folder of a model of this architecture
    whose weights and tokenizer it goes on from; `rate` is a factor of all learning rates."""

    def __init__(
        self,
        pack_dir: Path,
        work: Path,
        *,
        seed: int,
        budget: Budget,
        threads: int,
        start: Path | None = None,
        rate: float = 1.0,
    ) -> None:
        torch.set_num_threads(threads)
        self.seed, self.budget, self.work = seed, budget, work
        self.schedule = FURTHER if start else ANEW
        self.pack, self.cast = load_cast(pack_dir)
        work.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer((start or work) / "tokenizer.json")
        said = (m.content for d in self._sample(-1) for m in d.messages if m.role == "user")
        self.model = new_model(self.tokenizer, seed=seed, rarity=rarity(self.tokenizer, said))
        if start:
            load_weights(self.model, start)
        self.averaged = copy.deepcopy(self.model)
        named = list(self.model.named_parameters())
        matrices = [p for n, p in named if p.ndim == 2 and "embed" not in n and "lm_head" not in n]
        others = [p for n, p in named if p.ndim < 2 or "lm_head" in n]
        words = [p for n, p in named if "embed" in n]
        self.kept = kept_parts(self.model, self.tokenizer)
        self.optimizers: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, lr=MATRIX_RATE, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=VECTOR_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
            torch.optim.AdamW(words, lr=WORD_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        )
        self.rates = (rate * MATRIX_RATE, rate * VECTOR_RATE, rate * WORD_RATE)
        self.stopped = False
        first = self.schedule.lessons[0][0]
        self.progress = Progress(lesson=first, next_lesson=first)
        held_out = held_out_dialogues(self.pack, self.cast, seed=seed, count=HELD_OUT_DIALOGUES)
        self.held_out = batches(held_out, self.tokenizer, tokens=BATCH_TOKENS, longest=LONGEST, seed=seed)

    def _tokenizer(self, path: Path) -> Tokenizer:
        if not path.is_file():
            dialogues = [dialogue for number in range(TOKENIZER_CHUNKS) for dialogue in self._sample(-1 - number)]
            report = inspect(dialogues)
            console.print(f"data: {asdict(report)}")
            if report.problems:
                raise typer.Exit(1)
            train_tokenizer((m.content for d in dialogues for m in d.messages), VOCABULARY).save(str(path))
        return Tokenizer.from_file(str(path))

    def _sample(self, number: int) -> list[Dialogue]:
        """A chunk of dialogues that are not trained on; `number` is below 0."""
        return chunk_of_dialogues(self.pack, self.cast, seed=self.seed, number=number, lesson="home", size=CHUNK)

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.pt"

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one."""
        if self.checkpoint.is_file():
            state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.progress = Progress(**state["progress"])
            console.print(f"going on at step {self.progress.step:,} ({self.progress.tokens:,} tokens)")

    def save_checkpoint(self) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "progress": asdict(self.progress),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def train(self, *, until_step: int | None = None) -> None:
        """Use up the budget, or stop at a step; what was reached is in the checkpoint."""
        progress, started = self.progress, time.monotonic() - self.progress.seconds
        saved = reported = time.monotonic()
        for batch in self._stream():
            if self.budget.used(progress) >= 1.0 or progress.step == until_step or self.stopped:
                break
            self._step(batch)
            now = time.monotonic()
            progress.seconds = now - started
            if now - reported > REPORT_S:
                self._report()
                reported = now
            if now - saved > CHECKPOINT_S:
                self._checkpoint()
                saved = now
        self._checkpoint()

    def stop(self, *_: object) -> None:
        """Let the present step be the last; what was reached is kept."""
        self.stopped = True

    def _checkpoint(self) -> None:
        """Measure on the held-out dialogues, once per state of the model, and write the checkpoint."""
        progress = self.progress
        if not progress.held_out or progress.held_out[-1][0] != progress.tokens:
            progress.held_out.append((progress.tokens, self.held_out_loss()))
            self.save_checkpoint()

    def _stream(self) -> Iterator[Batch]:
        """Batches without end, from where the run stands."""
        progress = self.progress
        # The next chunk is made beside the training. Its lesson is settled a chunk ahead, so that a run that
        # was resumed makes the same one.
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawning, initializer=_end_with_parent) as maker:

            def start(number: int, lesson: LessonName) -> Future[list[Dialogue]]:
                return maker.submit(
                    chunk_of_dialogues, self.pack, self.cast, seed=self.seed, number=number, lesson=lesson, size=CHUNK
                )

            coming = start(progress.chunk, progress.lesson)
            while True:
                made = batches(
                    coming.result(), self.tokenizer, tokens=BATCH_TOKENS, longest=LONGEST, seed=progress.chunk
                )
                if progress.batch == 0:
                    progress.next_lesson = self.schedule.lesson_at(self.budget.used(progress))
                coming = start(progress.chunk + 1, progress.next_lesson)
                yield from made[progress.batch :]
                progress.chunk, progress.batch, progress.lesson = progress.chunk + 1, 0, progress.next_lesson

    def _step(self, batch: Batch) -> None:
        progress = self.progress
        factor = self.schedule.rate(self.budget.used(progress), progress.step)
        loss = loss_of(self.model, batch, number_weight=NUMBER_WEIGHT)
        loss.backward()  # type: ignore[no-untyped-call]
        for parameter, part, _ in self.kept:
            if parameter.grad is not None:
                parameter.grad[part] = 0.0  # what is not to change takes no share of a step
        self._leave_unsaid(batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, peak in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            for parameter, part, value in self.kept:
                parameter[part] = value
            for average, parameter in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                average.lerp_(parameter, 1 / AVERAGED_STEPS)
        progress.step += 1
        progress.batch += 1
        progress.tokens += batch.tokens
        progress.losses.append((progress.tokens, loss.item()))

    def _leave_unsaid(self, batch: Batch) -> None:
        """Keep the output rows of the words that nobody says in this batch as they are. They have tiny gradients that
        all point away from whatever is said, and AdamW makes whole steps of them: a word that is read often and said
        never could not be repeated any more."""
        said = torch.zeros(VOCABULARY, dtype=torch.bool)
        said[batch.targets[batch.targets != IGNORED]] = True
        self.model.lm_head.weight.grad[~said] = 0.0

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean loss of the averaged weights on the held-out dialogues."""
        return sum(loss_of(self.averaged, batch).item() for batch in self.held_out) / len(self.held_out)

    def _report(self) -> None:
        progress = self.progress
        used = self.budget.used(progress)
        recent = [loss for _, loss in progress.losses[-20:]]
        left = progress.seconds * (1 - used) / max(used, 1e-6) / 60
        held_out = f", held out {progress.held_out[-1][1]:.3f}" if progress.held_out else ""
        console.print(
            f"step {progress.step:,}, {progress.tokens / 1e6:.2f}M tokens, "
            f"loss {sum(recent) / len(recent):.3f}{held_out}, "
            f"{progress.tokens / progress.seconds:,.0f} tokens/s, {used:.0%}, {left:.0f} min left"
        )


def _end_with_parent() -> None:
    """A process of a pool waits for work forever, also when whoever would send it was killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(
    out: Annotated[Path, typer.Option(help="Folder of the model.")] = ROOT / "models" / "troupe-small",
    pack: Annotated[Path, typer.Option(help="Folder of the persona pack.")] = ROOT / "packs" / "communiverse",
    tokens: Annotated[int | None, typer.Option(min=1, help="Tokens to train on; repeatable.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Minutes to train instead.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of data and weights.")] = 7,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = os.cpu_count() or 1,
    resume: Annotated[bool, typer.Option(help="Go on from a checkpoint of the same seed.")] = True,
    start: Annotated[Path | None, typer.Option(help="Folder of a bundled model to go on from.")] = None,
    rate: Annotated[
        float, typer.Option(min=0.01, max=2.0, help="Factor of the learning rates: less for a short run from --start.")
    ] = 1.0,
    report: Annotated[bool, typer.Option(help="Measure the model and write its card and loss curve.")] = True,
) -> None:
    """Make the small model."""
    budget = Budget(tokens if tokens or minutes else 12_000_000, minutes)
    work = ROOT / "var" / "training" / f"{out.name}-{seed}"
    run = Run(pack, work, seed=seed, budget=budget, threads=threads, start=start, rate=rate)
    if resume:
        run.resume()
    if shutil.which("g++") and has_avx512():  # with AVX2 alone the compiled step was the slower one
        compile_for_training(run.model)
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, run.stop)
    run.train()
    if run.stopped:
        console.print("stopped; the same command goes on from here")
        raise typer.Exit(130)
    save_model(run.averaged, run.tokenizer, out)
    console.print(f"wrote {out}")
    if report:
        write_card(out, pack, run.progress, seed=seed, start=start, rate=rate)


if __name__ == "__main__":
    typer.run(main)
