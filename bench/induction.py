"""How soon does a small model copy from its context? Random weights against those of `training.structured_init`.

    python -m bench.induction

A model is trained for some steps on random tokens in which short runs come again and again. Each figure is the mean
cross entropy, in nats, of the tokens of a run that was there before, over the last steps; the baseline is chance.
"""

from __future__ import annotations

import argparse
import math
import random
from typing import Any

import torch
from torch.nn import functional

from bench.report import report
from training.batches import IGNORED
from training.precision import Muon, mixed_precision
from training.small_model import VOCABULARY, new_model
from training.tokenizer import train_tokenizer

ROWS, TOKENS = 24, 128
RUNS = 6
WARMUP_STEPS = 10
LAST = 5
# (name, whether the weights are structured, rate of the matrices, rate of the embeddings)
TRIED = (
    ("random", False, 6e-3, 3e-3),
    ("random_slow_embeddings", False, 2e-3, 5e-4),
    ("structured", True, 6e-3, 3e-3),
    ("structured_slow_matrices", True, 2e-3, 2e-3),
    ("structured_slow_embeddings", True, 6e-3, 5e-4),
    ("structured_slow", True, 2e-3, 5e-4),
)


def repeated_runs(rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and targets, [ROWS, TOKENS]; a target is IGNORED where nothing tells the next token."""
    ids = torch.zeros(ROWS, TOKENS + 1, dtype=torch.long)
    targets = torch.full((ROWS, TOKENS + 1), IGNORED)
    for row in range(ROWS):
        runs = [[rng.randrange(5, VOCABULARY) for _ in range(rng.randint(3, 12))] for _ in range(RUNS)]
        seen: set[int] = set()
        said: list[int] = []
        known: list[bool] = []
        while len(said) <= TOKENS:
            number = rng.randrange(RUNS)
            said += runs[number]
            known += [number in seen and place > 0 for place in range(len(runs[number]))]
            seen.add(number)
        ids[row] = torch.tensor(said[: TOKENS + 1])
        mask = torch.tensor(known[: TOKENS + 1])
        targets[row][mask] = ids[row][mask]
    return ids[:, :-1], targets[:, 1:]


def loss_after(model: Any, steps: int, matrices_rate: float, embeddings_rate: float) -> float:
    """Train as `training.pretrain` does, and the mean loss of the last steps."""
    named = [(n, p, "embed" in n or "lm_head" in n) for n, p in model.named_parameters()]
    matrices = [p for _, p, words in named if p.ndim == 2 and not words]
    others = [p for _, p, words in named if p.ndim < 2 or words]
    optimizers: tuple[tuple[torch.optim.Optimizer, float], ...] = (
        (Muon(matrices, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"), matrices_rate),
        (torch.optim.AdamW(others, betas=(0.9, 0.95), weight_decay=0.0, fused=True), embeddings_rate),
    )
    rng, losses = random.Random(1), []
    for step in range(steps):
        ids, targets = repeated_runs(rng)
        learned = targets != IGNORED
        with mixed_precision():
            logits = model.lm_head(model.model(input_ids=ids, use_cache=False).last_hidden_state[learned])
        loss = functional.cross_entropy(logits.float(), targets[learned])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, rate in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, (step + 1) / WARMUP_STEPS)
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    return sum(losses[-LAST:]) / len(losses[-LAST:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    tokenizer = train_tokenizer(["Any text will do: only ids are used."], 320)
    for name, structured, matrices_rate, embeddings_rate in TRIED:
        model = new_model(tokenizer, seed=1)
        if not structured:
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    torch.nn.init.normal_(parameter, 0.0, model.config.initializer_range)
        loss = loss_after(model, given.steps, matrices_rate, embeddings_rate)
        report(f"repeat_loss_{name}", loss, "nats", math.log(VOCABULARY))


if __name__ == "__main__":
    main()
