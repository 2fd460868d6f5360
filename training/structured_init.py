"""Weights to start from with which a fresh Llama already copies from its context.

The circuit that copies (an *induction head*: find where the present token stood before, repeat what came after it) is
what reading a passage rests on. Small models find it late: from random weights, and with the few million tokens that
two CPU cores can afford, this one did not. So it is written into the first two layers by hand, and training refines it:
heads of layer 0 look one token back and note what stood there; heads of layer 1 look for notes that match the present
token. Two more circuits of the same kind (`_write_reading`) find the numbered sentence that shares its words with the
question; training refines what is made of them, and leaves alone what they are (`kept`).

Sources: Olsson et al., "In-context Learning and Induction Heads" (2022), for the circuit; Trockman and Kolter, "Mimetic
Initialization of Self-Attention Layers" (2023), for starting from the structure that training would find.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

EMBEDDING_STD = 0.05
# The first dimensions of the stream are registers: nothing is read from them or written to them but what stands here.
# Of a token itself: the same for all, whether it is special, how rare it is, and what sort of special token it is.
CONSTANT, SPECIAL, RARITY, NUMBER, REPEATS, USER, ASSISTANT = range(7)
# Of the place where it stands: in a numbered sentence, in the repeated question, in what a user or the assistant said.
INSIDE, AGAIN, HEARD, SAID = range(7, 11)
# Of a word: that a user said it before, that the assistant did.
WAS_HEARD, WAS_SAID = 11, 12
REGISTERS = 13
WORDS = slice(16, 72)  # what of an embedding all forms of a word share
# A given dimension holds this many standard deviations of the others: what is the same for every token can be attended
# by position alone.
STRENGTH = 2.0
# Rotary pairs, fastest first, at a base of 1,000,000: the first tell "one back", the sum of some falls from 0 to some 35
# tokens of distance, and the slowest turn so little that position does not count.
FAST = 8
NEAR_PAIRS = (6, 7, 8)
FIRST_SLOW, STILL_PAIRS = 14, 2
SHARPNESS = 50.0  # of looking one back: about 7 logits above the neighbours
MATCH = 1.8  # of matching: about 16 logits above tokens that do not match
NOTE, COPY = 0.1, 0.45  # how strongly the two layers write, so that each outweighs what the stream holds by then
NOTING_HEADS = 2
NEAREST = 4.5  # about 30 logits for the special token that stands nearest
MATCHING, FAVOUR = 8.0, 3.0
FOUND = 0.1
VOTE, RARE, ONLY_AGAIN = 1.0, 25.0, 16.0
VOICE = 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model finds its way by: the ids of all special tokens, and of single ones; for each token the number of its root, which all forms of a word share, and how rare it is,
    0 to 1 (`training.word_families`)."""

    specials: tuple[int, ...]
    numbers: tuple[int, ...]
    again: int
    user: int
    assistant: int
    roots: tuple[int, ...]
    rarity: tuple[float, ...]


@torch.no_grad()
def write_induction_heads(model: Any, *, seed: int, reading: Reading | None = None) -> None:
    """Write the circuit into a `LlamaForCausalLM` with tied embeddings, at least two layers and two heads a layer, and
    as many key heads as query heads. With `reading`, of which three layers and four heads of 64 are needed, also the
    one that finds the sentence a question is about."""
    config = model.config
    hidden, heads = config.hidden_size, config.num_attention_heads
    size = hidden // heads
    half = size // 2
    fast = min(FAST, half // 2)
    given = WORDS.stop if reading else 1
    generator = torch.Generator().manual_seed(seed)

    def orthogonal() -> torch.Tensor:
        square = torch.zeros(hidden, hidden)
        free = hidden - given
        square[:free, given:] = torch.linalg.qr(torch.randn(free, free, generator=generator))[0]
        return square

    embeddings = model.model.embed_tokens.weight
    embeddings.normal_(0.0, EMBEDDING_STD, generator=generator)
    embeddings[:, :given] = 0.0
    embeddings[:, CONSTANT] = STRENGTH * EMBEDDING_STD

    # Rotary position turns a query at m and a key at n so that only m - n counts. A query turned back by one step in
    # advance therefore fits best the key one token before it.
    theta = config.rope_parameters["rope_theta"]
    turn = theta ** (-torch.arange(half) / half)
    key, query = torch.zeros(size), torch.zeros(size)
    key[:fast] = 1.0
    query[:fast], query[half : half + fast] = torch.cos(turn[:fast]), -torch.sin(turn[:fast])
    scale = math.sqrt(SHARPNESS) / STRENGTH

    noting, matching = (model.model.layers[number].self_attn for number in (0, 2 if reading else 1))
    read, written, copied = orthogonal(), orthogonal(), orthogonal()
    for head in range(NOTING_HEADS):
        rows = slice(head * size, (head + 1) * size)
        noting.q_proj.weight[rows] = 0.0
        noting.k_proj.weight[rows] = 0.0
        noting.q_proj.weight[rows, CONSTANT] = scale * query
        noting.k_proj.weight[rows, CONSTANT] = scale * key
        noting.v_proj.weight[rows] = read[rows]
        noting.o_proj.weight[:, rows] = NOTE * written[rows].T

    slow = torch.zeros(size, 1)
    slow[fast:half] = slow[half + fast :] = 1.0
    for head in range(1, 1 + NOTING_HEADS) if reading else range(heads):  # the first one has something else to do then
        rows, notes = slice(head * size, (head + 1) * size), head % NOTING_HEADS
        note = slice(notes * size, (notes + 1) * size)
        matching.q_proj.weight[rows] = MATCH * slow * read[note]
        matching.k_proj.weight[rows] = MATCH * slow * written[note]
        copy = copied[note] if reading else copied[rows]
        matching.v_proj.weight[rows] = copy
        matching.o_proj.weight[:, rows] = COPY * copy.T

    if reading:
        _write_reading(model, reading, read, written, generator)


def kept(model: Any, specials: Sequence[int]) -> list[tuple[torch.nn.Parameter, Any]]:
    """What training is not to change: parameters with the parts of them by which words and numbers are found. It would
    unlearn to look at the question before it has found out what that is good for."""
    first, second, third = (layer.self_attn for layer in model.model.layers[:3])
    size = first.head_dim
    every, given = slice(None), slice(0, REGISTERS)
    parts: list[tuple[torch.nn.Parameter, Any]] = []
    for attention, heads in ((first, slice(0, 3 * size)), (second, slice(0, 4 * size)), (third, slice(0, size))):
        parts += [(projection.weight, heads) for projection in (attention.q_proj, attention.k_proj, attention.v_proj)]
        parts.append((attention.o_proj.weight, (every, heads)))
    for layer, until in zip(model.model.layers[:2], (WORDS.stop, REGISTERS), strict=True):
        parts += [(projection.weight, slice(0, until)) for projection in (layer.self_attn.o_proj, layer.mlp.down_proj)]
    parts += [(layer.input_layernorm.weight, slice(0, WORDS.stop)) for layer in model.model.layers[:3]]
    embeddings = model.model.embed_tokens.weight
    return [*parts, (embeddings, list(specials)), (embeddings, (every, given))]


def _write_reading(
    model: Any, reading: Reading, read: torch.Tensor, written: torch.Tensor, generator: torch.Generator
) -> None:
    """Three steps, one a layer. Every word notes the special token that it stands behind: the number of its sentence,
    or the role of its message. A word that the question holds as well, in any form, is marked. And the reply begins
    with the numbers of marked words, each as strong as there are words for it, rare ones before common ones.

    `written` is a basis of what is not given: the first two heads of layer 0 write into two thirds of it, the numbers go
    into the rest."""
    first, second, third = (layer.self_attn for layer in model.model.layers[:3])
    size = first.head_dim
    half = size // 2
    if half <= max(NEAR_PAIRS):
        raise ValueError("Reading is written for heads of 64 dimensions.")
    embeddings = model.model.embed_tokens.weight
    third_head = slice(2 * size, 3 * size)
    numbers = written[third_head]
    near, still = torch.zeros(size), torch.zeros(size)
    near[list(NEAR_PAIRS)] = 1.0
    still[half - STILL_PAIRS : half] = still[size - STILL_PAIRS :] = 1.0
    strong = STRENGTH * EMBEDDING_STD

    per_head = (WORDS.stop - WORDS.start) // 2
    of_root = torch.randn(max(reading.roots) + 1, 2, per_head, generator=generator)
    of_root *= EMBEDDING_STD * math.sqrt(per_head) / of_root.norm(dim=-1, keepdim=True)
    embeddings[: len(reading.roots), WORDS] = of_root[list(reading.roots)].flatten(1)
    embeddings[list(reading.specials), SPECIAL] = strong
    kinds = ((NUMBER, INSIDE), (REPEATS, AGAIN), (USER, HEARD), (ASSISTANT, SAID))
    for (kind, _), tokens in zip(
        kinds, (list(reading.numbers), reading.again, reading.user, reading.assistant), strict=True
    ):
        embeddings[tokens, kind] = strong
    embeddings[: len(reading.rarity), RARITY] = strong * torch.tensor(reading.rarity)
    for layer, until in zip(model.model.layers[:2], (WORDS.stop, REGISTERS), strict=True):
        layer.self_attn.o_proj.weight[:until] = 0.0
        layer.mlp.down_proj.weight[:until] = 0.0

    first.q_proj.weight[third_head] = first.k_proj.weight[third_head] = 0.0
    first.q_proj.weight[third_head, CONSTANT] = NEAREST * near
    first.k_proj.weight[third_head, SPECIAL] = NEAREST * near
    first.v_proj.weight[third_head] = read[third_head]
    first.o_proj.weight[:, third_head] = NOTE * numbers.T
    # The last of its dimensions say what kind of special token it is.
    for place, (source, target) in enumerate(kinds):
        row = third_head.stop - 1 - place
        first.v_proj.weight[row] = 0.0
        first.v_proj.weight[row, source] = 1.0
        first.o_proj.weight[:, row] = 0.0
        first.o_proj.weight[target, row] = NOTE

    dims = [*range(FIRST_SLOW, half - STILL_PAIRS), *range(half + FIRST_SLOW, size - STILL_PAIRS)][:per_head]
    second.o_proj.weight[:] = 0.0
    for head in range(4):
        rows = slice(head * size, (head + 1) * size)
        for projection in (second.q_proj, second.k_proj, second.v_proj):
            projection.weight[rows] = 0.0
        for projection in (second.q_proj, second.k_proj):
            for place, dim in enumerate(dims):
                projection.weight[head * size + dim, WORDS.start + head % 2 * per_head + place] = MATCHING
    for head, (place, mark) in enumerate(((HEARD, WAS_HEARD), (SAID, WAS_SAID))):
        rows = slice(head * size, (head + 1) * size)
        second.q_proj.weight[rows, CONSTANT] += FAVOUR * still
        second.k_proj.weight[rows, place] += FAVOUR * still
        second.v_proj.weight[head * size, place] = 1.0
        second.o_proj.weight[mark, head * size] = FOUND
    for head in (2, 3):
        rows = slice(head * size, (head + 1) * size)
        second.q_proj.weight[rows, AGAIN] += FAVOUR * still
        second.k_proj.weight[rows, INSIDE] += FAVOUR * still
        second.v_proj.weight[rows] = numbers
        second.o_proj.weight[:, rows] = FOUND * numbers.T

    rows = slice(0, size)
    for projection in (third.q_proj, third.k_proj):
        projection.weight[rows] = 0.0
    third.q_proj.weight[rows, CONSTANT] = VOTE * still
    third.k_proj.weight[rows, RARITY] = RARE * still
    third.k_proj.weight[rows, AGAIN] = ONLY_AGAIN * still
    third.v_proj.weight[rows] = numbers
    third.o_proj.weight[:, rows] = VOICE * read[third_head].T
