"""Training batches: dialogues encoded and grouped by length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from training.tokenizer import Encoded, encode_chats
from training.turns import Dialogue

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` and `targets` are [dialogues, tokens]; a target is the next token, or IGNORED where nothing is learned.

    Rows are padded at their end, and each holds one dialogue, so causal attention needs no further mask."""

    ids: torch.Tensor
    targets: torch.Tensor

    @property
    def tokens(self) -> int:
        return self.ids.numel()


def batches(
    dialogues: Sequence[Dialogue], tokenizer: Tokenizer, *, tokens: int, longest: int, seed: int
) -> list[Batch]:
    """The dialogues as batches of about `tokens` tokens, in random order. Those longer than `longest` are left out."""
    encoded = encode_chats(tokenizer, [dialogue.messages for dialogue in dialogues])
    fitting = sorted((e for e in encoded if len(e.ids) <= longest), key=lambda e: len(e.ids))
    made = [_batch(group) for group in _groups(fitting, tokens)]
    random.Random(seed).shuffle(made)
    return made


def _groups(encoded: Sequence[Encoded], tokens: int) -> Iterator[list[Encoded]]:
    group: list[Encoded] = []
    for one in encoded:
        if group and (len(group) + 1) * len(one.ids) > tokens:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _batch(group: Sequence[Encoded]) -> Batch:
    width = max(len(one.ids) for one in group) - 1
    ids = torch.zeros(len(group), width, dtype=torch.long)
    targets = torch.full((len(group), width), IGNORED, dtype=torch.long)
    for row, one in enumerate(group):
        size = len(one.ids) - 1
        ids[row, :size] = torch.tensor(one.ids[:-1])
        wanted = [token if learn else IGNORED for token, learn in zip(one.ids[1:], one.learn[1:], strict=True)]
        targets[row, :size] = torch.tensor(wanted)
    return Batch(ids, targets)
