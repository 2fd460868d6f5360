"""Weights to start from with which a fresh Llama already copies from its context.

The circuit that copies (an *induction head*: find where the present token stood before, repeat what came after it) is
what reading a passage rests on. Small models find it late: from random weights, and with the few million tokens that
two CPU cores can afford, this one did not. So it is written into the first two layers by hand, and training refines it:
heads of layer 0 look one token back and note what stood there; heads of layer 1 look for notes that match the present
token.

Sources: Olsson et al., "In-context Learning and Induction Heads" (2022), for the circuit; Trockman and Kolter, "Mimetic
Initialization of Self-Attention Layers" (2023), for starting from the structure that training would find.
"""

from __future__ import annotations

import math
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


@torch.no_grad()
def write_induction_heads(model: Any, *, seed: int) -> None:
    """Write the circuit into a `LlamaForCausalLM` with tied embeddings, at least two layers and two heads a layer, and
    as many key heads as query heads."""
    config = model.config
    hidden, heads = config.hidden_size, config.num_attention_heads
    size = hidden // heads
    half = size // 2
    fast = min(FAST, half // 2)
    generator = torch.Generator().manual_seed(seed)

    def orthogonal() -> torch.Tensor:
        square: torch.Tensor = torch.linalg.qr(torch.randn(hidden, hidden, generator=generator))[0]
        square[:, 0] = 0.0  # reads nothing from the constant dimension
        return square

    embeddings = model.model.embed_tokens.weight
    embeddings.normal_(0.0, EMBEDDING_STD, generator=generator)
    embeddings[:, 0] = CONSTANT * EMBEDDING_STD

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
    for head in range(heads):
        rows, notes = slice(head * size, (head + 1) * size), head % NOTING_HEADS
        note = slice(notes * size, (notes + 1) * size)
        matching.q_proj.weight[rows] = MATCH * slow * read[note]
        matching.k_proj.weight[rows] = MATCH * slow * written[note]
        matching.v_proj.weight[rows] = copied[rows]
        matching.o_proj.weight[:, rows] = COPY * copied[rows].T
