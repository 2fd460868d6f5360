"""Teach a model a new persona: a LoRA adapter from a file of chats, which the running engine takes without a restart.

    python -m training.lora --data packs/examples/percival.jsonl --out var/adapters/percival

Every line of the file is a chat, {"messages": [{"role": "system" | "user" | "assistant", "content": "…"}, …]}, that
ends with the persona's reply; all its replies are learned. What the model could do before is rehearsed in between, in
the new persona's manner as well. The rate and the epochs fit the bundled model and some dozens of lines; a model
of billions of parameters wants about
`--rank 16 --rate 2e-4 --epochs 3 --replay 3 --attention --every-layer --no-output`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import ConfigError, TroupeError
from core.settings import ROOT
from training.chats import encode_chat, read_chats
from training.citations import NUMBERS
from training.precision import mixed_precision
from training.rehearse import rehearsal
from training.small_model import NUMBER_WEIGHT, weighted_loss
from training.tokenizer import Encoded
from training.voices import load_cast

# What vLLM applies adapters to in the Llama family; it takes ranks up to its max_lora_rank, here 16.
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MAX_RANK = 16
WARMUP = 0.1  # the share of the steps in which the learning rate rises
IGNORED = -100
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Options:
    """How an adapter is trained. `replay` is the number of rehearsed dialogues per new chat and epoch; a `batch` holds
    both. A gentle rate among many of them teaches a manner as well as a high one and unlearns less (`bench.lora`).

    `attention` adapts attention as well, `every_layer` the lower half of the layers. The bundled model needs all of
    these to find a fact in a passage, and a manner is learned without. `output` adapts the output layer: a persona has
    words that the bundled model never said, and a large model has said them all.
    """

    rank: int = 8
    epochs: int = 4
    rate: float = 1e-3
    batch: int = 12
    replay: float = 8.0
    attention: bool = False
    every_layer: bool = False
    output: bool = True
    longest: int = 512
    seed: int = 7


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it. `losses` are mean losses of a reply's token, one per epoch."""

    chats: int
    steps: int
    seconds: float
    losses: tuple[float, ...]


def train_adapter(
    data: Path,
    out: Path,
    *,
    base: Path,
    pack: Path,
    options: Options = DEFAULTS,
    tell: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> Trained:
    """Write an adapter for `base` into the folder `out`; `pack` is where rehearsed dialogues come from. `tell` is
    called with the step, the number of steps and the loss.

    Raises ConfigError naming the line where `data` is wrong, PackError for a wrong pack.
    """
    from peft import LoraConfig, get_peft_model  # late: these take seconds to import
    from transformers import AutoModelForCausalLM, AutoTokenizer

    started = time.monotonic()
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    chats = read_chats(data)
    new = [encode_chat(tokenizer, chat) for chat in chats]
    _check_lengths(new, data.name, options.longest)
    wanted = round(len(new) * options.replay * options.epochs)
    made = islice(rehearsal(chats, *load_cast(pack), seed=options.seed), 2 * wanted)
    encoded = (encode_chat(tokenizer, chat) for chat in made)
    old = list(islice((one for one in encoded if len(one.ids) <= options.longest), wanted))
    torch.manual_seed(options.seed)
    # Written-out attention is faster than the fused kernel for the few hundred tokens of a chat on a CPU.
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    config = LoraConfig(
        r=options.rank,
        lora_alpha=2 * options.rank,
        target_modules=_adapted(options, model.config),
        task_type="CAUSAL_LM",
    )
    adapted: Any = get_peft_model(model, config)
    plan = list(_plan(new, old, options))
    first_number = tokenizer.get_vocab().get(NUMBERS[0])
    learned = [p for p in adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=options.rate, weight_decay=0.01)
    losses: list[list[float]] = [[] for _ in range(options.epochs)]
    for step, (epoch, batch) in enumerate(plan):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * rate(step, len(plan))
        loss = _loss(adapted, batch, first_number)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses[epoch].append(loss.item())
        tell(step + 1, len(plan), loss.item())
    adapted.save_pretrained(out, save_embedding_layers=False)
    means = tuple(sum(some) / max(1, len(some)) for some in losses)
    return Trained(len(new), len(plan), time.monotonic() - started, means)


def _adapted(options: Options, config: Any) -> str:
    """The modules that are adapted, as the pattern that PEFT takes. An output layer that is the embeddings as well
    stays as it is."""
    layers: int = config.num_hidden_layers
    output = options.output and not config.tie_word_embeddings
    numbers = "|".join(str(layer) for layer in range(0 if options.every_layer else layers // 2, layers))
    modules = "|".join((*FEED_FORWARD, *(ATTENTION if options.attention else ())))
    return rf".*layers\.({numbers})\..*({modules})" + ("|lm_head" if output else "")


def rate(step: int, steps: int) -> float:
    """The learning rate's factor: up in a line, then down in a line to nearly zero."""
    warm = max(1, round(steps * WARMUP))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm))


def _check_lengths(chats: Sequence[Encoded], name: str, longest: int) -> None:
    for number, chat in enumerate(chats, 1):
        if len(chat.ids) > longest:
            raise ConfigError(
                f"Chat {number} has {len(chat.ids)} tokens.",
                field=name,
                fix=f"At most {longest} are learned; shorten it.",
            )


def _plan(new: Sequence[Encoded], old: Sequence[Encoded], options: Options) -> Iterator[tuple[int, list[Encoded]]]:
    """(epoch, batch) pairs: every epoch has all new chats and its share of the rehearsed ones, those of about one
    length together, in random order."""
    rng = random.Random(options.seed)
    share = len(old) // options.epochs
    for epoch in range(options.epochs):
        mixed = [*new, *old[epoch * share : (epoch + 1) * share]]
        mixed.sort(key=lambda one: len(one.ids) * rng.uniform(0.8, 1.2))
        made = [mixed[start : start + options.batch] for start in range(0, len(mixed), options.batch)]
        rng.shuffle(made)
        for batch in made:
            yield epoch, batch


def _loss(model: Any, batch: Sequence[Encoded], first_number: int | None) -> torch.Tensor:
    """Mean cross entropy over the tokens of replies, of which a number of a sentence counts as in the base model's
    training. Rows are padded at their end: causal attention needs no mask."""
    width = max(len(one.ids) for one in batch) - 1
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    targets = torch.full((len(batch), width), IGNORED)
    for row, one in enumerate(batch):
        size = len(one.ids) - 1
        ids[row, :size] = torch.tensor(one.ids[:-1])
        wanted = [token if learn else IGNORED for token, learn in zip(one.ids[1:], one.learn[1:], strict=True)]
        targets[row, :size] = torch.tensor(wanted)
    learned, inner = targets != IGNORED, model.get_base_model()
    with mixed_precision():
        hidden = inner.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
        # Only what is learned goes through the output layer, which is a good part of a small model.
        logits = inner.get_output_embeddings()(hidden[learned])
    return weighted_loss(logits, targets[learned], first_number, NUMBER_WEIGHT)


def main(
    data: Annotated[Path, typer.Option(help="The chats, one JSON object per line.")],
    out: Annotated[Path, typer.Option(help="Folder of the adapter.")],
    base: Annotated[Path, typer.Option(help="Folder of the base model.")] = ROOT / "models" / "troupe-small",
    pack: Annotated[Path, typer.Option(help="Pack that rehearsed dialogues come from.")] = ROOT
    / "packs"
    / "communiverse",
    rank: Annotated[int, typer.Option(min=1, max=MAX_RANK, help="Rank of the adapter.")] = DEFAULTS.rank,
    epochs: Annotated[int, typer.Option(min=1, help="Times that every chat is seen.")] = DEFAULTS.epochs,
    rate: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Highest learning rate.")] = DEFAULTS.rate,
    replay: Annotated[float, typer.Option(min=0, help="Rehearsed dialogues per new chat and epoch.")] = DEFAULTS.replay,
    attention: Annotated[bool, typer.Option(help="Adapt attention as well.")] = DEFAULTS.attention,
    every_layer: Annotated[
        bool, typer.Option("--every-layer", help="Adapt the lower half of the layers as well.")
    ] = DEFAULTS.every_layer,
    output: Annotated[bool, typer.Option(help="Adapt the output layer as well.")] = DEFAULTS.output,
    seed: Annotated[int, typer.Option(help="Seed of the order and the adapter.")] = DEFAULTS.seed,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = os.cpu_count() or 1,
) -> None:
    """Train an adapter."""
    torch.set_num_threads(threads)
    options = Options(
        rank=rank,
        epochs=epochs,
        rate=rate,
        replay=replay,
        attention=attention,
        every_layer=every_layer,
        output=output,
        seed=seed,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("reading", total=None)

            def tell(step: int, steps: int, loss: float) -> None:
                progress.update(task, completed=step, total=steps, description=f"loss {loss:.3f}")

            trained = train_adapter(data, out, base=base, pack=pack, options=options, tell=tell)
    except TroupeError as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(
        f"{trained.chats} chats, {trained.steps} steps in {trained.seconds:.0f} s, "
        f"loss {trained.losses[0]:.3f} to {trained.losses[-1]:.3f}: wrote {out}",
        soft_wrap=True,
    )


if __name__ == "__main__":
    typer.run(main)
