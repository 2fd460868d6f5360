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
# Dimension 0 of each embedding holds this many standard deviations: what is the same for every token can be attended by
# position alone.
CONSTANT = 2.0
FAST = 12  # rotary frequencies, fastest first, by which the heads of layer 0 tell "one back"; the slower ones match
SHARPNESS = 50.0  # of looking one back: about 7 logits above the neighbours
MATCH = 1.5  # of matching: about 11 logits above tokens that do not match
NOTE, COPY = 0.1, 0.3  # how strongly the two layers write, so that each outweighs what the stream holds by then
NOTING_HEADS = 2


NEAR_PAIRS = (10, 11, 12, 13)  # rotary pairs whose sum falls from 0 to some 35 tokens of distance
STILL_PAIRS = 4  # the slowest pairs turn so little that position does not count
FIRST_SLOW = 16  # of the pairs that words are recognised by
NEAREST = 3.9  # about 30 logits for the special token that stands nearest
RECOGNISED = 3.8  # about 11 logits for the same word
ASKED = 1.5  # about 6 more where it stands in a question
MARK, VOTE, VOICE = 0.3, 0.1, 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """The ids of the tokens by which a model finds its way: all special ones, and two of them."""

    specials: tuple[int, ...]
    user: int
    assistant: int


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
    generator = torch.Generator().manual_seed(seed)

    def orthogonal() -> torch.Tensor:
        square: torch.Tensor = torch.linalg.qr(torch.randn(hidden, hidden, generator=generator))[0]
        square[:, :2] = 0.0  # reads nothing from the constant dimensions
        return square

    embeddings = model.model.embed_tokens.weight
    embeddings.normal_(0.0, EMBEDDING_STD, generator=generator)
    embeddings[:, 0] = CONSTANT * EMBEDDING_STD
    embeddings[:, 1] = 0.0
    if reading:
        embeddings[list(reading.specials), 1] = CONSTANT * EMBEDDING_STD

    # Rotary position turns a query at m and a key at n so that only m - n counts. A query turned back by one step in
    # advance therefore fits best the key one token before it.
    theta = config.rope_parameters["rope_theta"]
    turn = theta ** (-torch.arange(half) / half)
    key, query = torch.zeros(size), torch.zeros(size)
    key[:fast] = 1.0
    query[:fast], query[half : half + fast] = torch.cos(turn[:fast]), -torch.sin(turn[:fast])
    scale = math.sqrt(SHARPNESS) / CONSTANT

    noting, matching = (layer.self_attn for layer in model.model.layers[:2])
    read, written, copied = orthogonal(), orthogonal(), orthogonal()
    for head in range(NOTING_HEADS):
        rows = slice(head * size, (head + 1) * size)
        noting.q_proj.weight[rows] = 0.0
        noting.k_proj.weight[rows] = 0.0
        noting.q_proj.weight[rows, 0] = scale * query
        noting.k_proj.weight[rows, 0] = scale * key
        noting.v_proj.weight[rows] = read[rows]
        noting.o_proj.weight[:, rows] = NOTE * written[rows].T

    slow = torch.zeros(size, 1)
    slow[fast:half] = slow[half + fast :] = 1.0
    for head in range(NOTING_HEADS if reading else heads):
        rows, notes = slice(head * size, (head + 1) * size), head % NOTING_HEADS
        note = slice(notes * size, (notes + 1) * size)
        matching.q_proj.weight[rows] = MATCH * slow * read[note]
        matching.k_proj.weight[rows] = MATCH * slow * written[note]
        matching.v_proj.weight[rows] = copied[rows]
        matching.o_proj.weight[:, rows] = COPY * copied[rows].T

    if reading:
        _write_reading(model, reading, read, written)


def kept(model: Any, specials: Sequence[int]) -> list[tuple[torch.nn.Parameter, Any]]:
    """What training is not to change: parameters with the parts of them by which words and numbers are found. It would
    unlearn to look at the question before it has found out what that is good for."""
    first, second = (layer.self_attn for layer in model.model.layers[:2])
    size = first.head_dim
    every = slice(None)
    parts: list[tuple[torch.nn.Parameter, Any]] = []
    for attention, heads in ((first, slice(0, 3 * size)), (second, slice(2 * size, 4 * size))):
        parts += [(projection.weight, heads) for projection in (attention.q_proj, attention.k_proj, attention.v_proj)]
        parts.append((attention.o_proj.weight, (every, heads)))
    embeddings = model.model.embed_tokens.weight
    return [*parts, (embeddings, list(specials)), (embeddings, (every, slice(0, 2)))]


def _write_reading(model: Any, reading: Reading, read: torch.Tensor, written: torch.Tensor) -> None:
    """Three steps, one a layer. Every word notes the special token that it stands behind: the number of its sentence,
    or the role of its message. A word that the question holds as well is marked. And the reply begins with the numbers
    of marked words, each as strong as there are words for it.

    `written` is a basis of the stream: the first two heads of layer 0 write into its first half, the numbers go into
    the next quarter, and in the last one a word can be recognised undisturbed."""
    first, second, third = (layer.self_attn for layer in model.model.layers[:3])
    size = first.head_dim
    half = size // 2
    if half <= max(NEAR_PAIRS):
        raise ValueError("Reading is written for heads of 64 dimensions.")
    embeddings = model.model.embed_tokens.weight
    third_head = slice(2 * size, 3 * size)
    numbers, words = written[third_head], written[3 * size :]
    near, still = torch.zeros(size), torch.zeros(size)
    near[list(NEAR_PAIRS)] = 1.0
    still[half - STILL_PAIRS : half] = 1.0

    first.q_proj.weight[third_head] = first.k_proj.weight[third_head] = 0.0
    first.q_proj.weight[third_head, 0] = NEAREST * near
    first.k_proj.weight[third_head, 1] = NEAREST * near
    first.v_proj.weight[third_head] = read[third_head]
    first.o_proj.weight[:, third_head] = NOTE * numbers.T

    def direction(token: int) -> torch.Tensor:
        """Where the stream holds that a word stands behind this token."""
        noted = numbers.T @ (read[third_head] @ embeddings[token])
        unit: torch.Tensor = noted / noted.norm()
        return unit

    user, assistant = direction(reading.user), direction(reading.assistant)
    mark = torch.linalg.qr(torch.randn(embeddings.shape[1], 1))[0][:, 0]
    pairs = half - FIRST_SLOW - STILL_PAIRS
    for number, head in enumerate((2, 3)):
        rows = slice(head * size, (head + 1) * size)
        for projection in (second.q_proj, second.k_proj, second.v_proj):
            projection.weight[rows] = 0.0
        second.o_proj.weight[:, rows] = 0.0
        recognised = words[number * 2 * pairs : (number + 1) * 2 * pairs]
        dims = [*range(FIRST_SLOW, half - STILL_PAIRS), *range(half + FIRST_SLOW, size - STILL_PAIRS)]
        for projection in (second.q_proj, second.k_proj):
            projection.weight[[head * size + dim for dim in dims]] = RECOGNISED * recognised
        second.q_proj.weight[rows, 0] += ASKED * still
        second.k_proj.weight[rows] += torch.outer(still, user)
        second.v_proj.weight[head * size] = user
        second.o_proj.weight[:, head * size] = MARK * mark

    rows = slice(0, size)
    for projection in (third.q_proj, third.k_proj):
        projection.weight[rows] = 0.0
    third.q_proj.weight[rows] = VOTE * torch.outer(still, assistant)
    third.k_proj.weight[rows] = torch.outer(still, mark - user)
    third.v_proj.weight[rows] = numbers
    third.o_proj.weight[:, rows] = VOICE * read[third_head].T
