"""Train the bundled vision model from scratch on pictures rendered as it goes, measured, with a model card.

    python -m training.pretrain_vision --out models/troupe-small-vision --minutes 35

A run stopped half-way goes on where its last checkpoint (in var/training) stands.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from core.settings import ROOT
from training.picture_questions import questions
from training.pictures import KINDS, Painter
from training.precision import Muon, mixed_precision
from training.vision_batches import COLOUR_LABELS, EARLY, IGNORED, LABELS, LAST, LATER, Batch, Stream
from training.vision_model import WIDTH, new_model, save_model, train_tokenizer

BATCH = 32
WARMUP_STEPS = 60
EARLY_UNTIL = 0.2  # the share of the run in which the encoder learns alone, mostly from pages of letters
LAST_FROM = 0.7  # the share of the run after which it is about what takes the longest to learn
DECAY_FROM = 0.5  # the share of the run after which the learning rate falls, in a line, to zero
MATRIX_RATE, OTHER_RATE = 4e-3, 3e-3
NOTHING_WEIGHT = 0.15  # most of a picture is paper
TOKENIZER_PICTURES = 2100
HELD_OUT_BATCHES = 8
CHECKPOINT_S = 180.0
REPORT_S = 20.0
console = Console(soft_wrap=True)


@dataclass
class Progress:
    """How far a run is. `losses` holds (pictures, loss of the answers, loss of what is where), `held_out` (pictures,
    loss of the answers)."""

    step: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)

    @property
    def pictures(self) -> int:
        return self.step * BATCH


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use: pictures (which makes it repeatable) or minutes."""

    pictures: int | None
    minutes: float | None

    def used(self, progress: Progress) -> float:
        """The share used, 0 to 1."""
        shares = [
            progress.pictures / self.pictures if self.pictures else 0.0,
            progress.seconds / (self.minutes * 60) if self.minutes else 0.0,
        ]
        return min(1.0, max(shares))


def rate(used: float, step: int) -> float:
    """The learning rate's factor: a short warm-up, level, then down in a line to zero."""
    return min(1.0, (step + 1) / WARMUP_STEPS) * min(1.0, (1.0 - used) / (1.0 - DECAY_FROM))


class Surveyor(nn.Module):
    """Says what each token of the encoder has before it: letters, things and their colours.

    It exists for training only. Answers alone teach the encoder to read letters very slowly; this teaches it directly.
    """

    def __init__(self, width: int = WIDTH, points: int = 4) -> None:
        super().__init__()
        self.labels = nn.Linear(width, points * len(LABELS))
        self.colours = nn.Linear(width, points * len(COLOUR_LABELS))

    def loss(self, seen: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean cross entropy over the points; `seen` is [pictures, cells, width]."""
        total = torch.zeros(())
        for head, wanted, weight in ((self.labels, batch.labels, 1.0), (self.colours, batch.colours, 0.5)):
            logits = head(seen).float().view(wanted.numel(), -1)
            weights = torch.ones(logits.shape[-1])
            weights[0] = NOTHING_WEIGHT
            total = total + weight * functional.cross_entropy(logits, wanted.flatten(), weight=weights)
        return total


def losses_of(
    model: Any, surveyor: Surveyor, batch: Batch, *, answers: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of the answers' tokens (zero without `answers`), and that of what is where."""
    with mixed_precision():
        seen = model.encoder(pixel_values=batch.pixels).last_hidden_state
        survey = surveyor.loss(seen[:, 1:], batch)  # the first token stands for no cell
        if not answers:
            return torch.zeros(()), survey
        hidden = model.decoder.transformer(
            input_ids=batch.ids,
            attention_mask=batch.mask,
            position_ids=batch.positions,
            encoder_hidden_states=seen,
            use_cache=False,
        ).last_hidden_state
        learned = batch.targets != IGNORED
        logits = model.decoder.lm_head(hidden[learned])
    return functional.cross_entropy(logits.float(), batch.targets[learned]), survey


class Run:
    """One training run over the seeded stream, with checkpoints."""

    def __init__(self, work: Path, *, seed: int, budget: Budget, threads: int) -> None:
        torch.set_num_threads(threads)
        self.seed, self.budget, self.work = seed, budget, work
        work.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer(work / "tokenizer.json")
        self.model = new_model(self.tokenizer, seed=seed)
        self.surveyor = Surveyor()
        blocks = [*self.model.encoder.encoder.parameters(), *self.model.decoder.transformer.h.parameters()]
        matrices = [p for p in blocks if p.ndim == 2]
        inside = {id(p) for p in matrices}
        others = [p for p in (*self.model.parameters(), *self.surveyor.parameters()) if id(p) not in inside]
        self.optimizers: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, lr=MATRIX_RATE, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        )
        self.rates = (MATRIX_RATE, OTHER_RATE)
        self.progress = Progress()
        self.stream = Stream(self.tokenizer, seed=seed, part="train", size=BATCH)
        held_out = Stream(self.tokenizer, seed=seed, part="validation", size=BATCH)
        self.held_out = [held_out.batch(number, LATER) for number in range(HELD_OUT_BATCHES)]

    def _tokenizer(self, path: Path) -> Tokenizer:
        if not path.is_file():
            painter, rng = Painter(f"tokenizer {self.seed}"), random.Random(self.seed)
            texts = (
                text
                for number in range(TOKENIZER_PICTURES)
                for q in questions(painter.picture(KINDS[number % len(KINDS)]).facts, rng)
                for text in (q.text, q.answer)
            )
            train_tokenizer(texts).save(str(path))
        return Tokenizer.from_file(str(path))

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.pt"

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one."""
        if self.checkpoint.is_file():
            state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.surveyor.load_state_dict(state["surveyor"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.progress = Progress(**state["progress"])
            console.print(f"going on at step {self.progress.step:,} ({self.progress.pictures:,} pictures)")

    def save_checkpoint(self) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "surveyor": self.surveyor.state_dict(),
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
        while self.budget.used(progress) < 1.0 and progress.step != until_step:
            self._step()
            now = time.monotonic()
            progress.seconds = now - started
            if now - reported > REPORT_S:
                self._report()
                reported = now
            if now - saved > CHECKPOINT_S:
                self._checkpoint()
                saved = now
        self._checkpoint()

    def _checkpoint(self) -> None:
        """Measure on the held-out pictures, once per state of the model, and write the checkpoint."""
        progress = self.progress
        if not progress.held_out or progress.held_out[-1][0] != progress.pictures:
            progress.held_out.append((progress.pictures, self.held_out_loss()))
            self.save_checkpoint()

    def _step(self) -> None:
        progress = self.progress
        used = self.budget.used(progress)
        early = used < EARLY_UNTIL
        batch = self.stream.batch(progress.step, EARLY if early else LATER if used < LAST_FROM else LAST)
        self.model.train()
        answers, survey = losses_of(self.model, self.surveyor, batch, answers=not early)
        (answers + survey).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*self.model.parameters(), *self.surveyor.parameters()], 2.0)
        factor = rate(used, progress.step)
        for optimizer, peak in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
            optimizer.step()
            optimizer.zero_grad()
        progress.step += 1
        progress.losses.append((progress.pictures, answers.item(), survey.item()))

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean loss of the answers on the held-out pictures."""
        self.model.eval()
        return sum(losses_of(self.model, self.surveyor, batch)[0].item() for batch in self.held_out) / len(
            self.held_out
        )

    def _report(self) -> None:
        progress = self.progress
        used = self.budget.used(progress)
        recent = progress.losses[-20:]
        answers, survey = (sum(one[i] for one in recent) / len(recent) for i in (1, 2))
        left = progress.seconds * (1 - used) / max(used, 1e-6) / 60
        held_out = f", held out {progress.held_out[-1][1]:.3f}" if progress.held_out else ""
        console.print(
            f"step {progress.step:,}, {progress.pictures:,} pictures, answers {answers:.3f}, survey {survey:.3f}"
            f"{held_out}, {progress.pictures / progress.seconds:.0f} pictures/s, {used:.0%}, {left:.0f} min left"
        )


def main(
    out: Annotated[Path, typer.Option(help="Folder of the model.")] = ROOT / "models" / "troupe-small-vision",
    pictures: Annotated[int | None, typer.Option(min=1, help="Pictures to train on; repeatable.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Minutes to train instead.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of pictures and weights.")] = 7,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    resume: Annotated[bool, typer.Option(help="Go on from a checkpoint of the same seed.")] = True,
) -> None:
    """Make the small vision model."""
    budget = Budget(pictures if pictures or minutes else 120_000, minutes)
    run = Run(ROOT / "var" / "training" / f"{out.name}-{seed}", seed=seed, budget=budget, threads=threads)
    if resume:
        run.resume()
    run.train()
    save_model(run.model, run.tokenizer, out)
    console.print(f"wrote {out}")


if __name__ == "__main__":
    typer.run(main)
