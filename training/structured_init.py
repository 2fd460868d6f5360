"""Weights to start from with which a fresh Llama already copies from its context and finds what was asked for.

Two circuits are what reading a passage rests on, and small models find both late: from random weights, and with the few
million tokens that two CPU cores can afford, this one did not. So they are written by hand.

*Induction heads* copy: find where the present token stood before, repeat what came after it. Heads of layer 0 look one
token back and note what stood there; heads of a later layer look for notes that match the present token. Training
refines them.

*Reading* (`_Reader`) finds the numbered sentence that has the words of the question, as a search by keywords would: in
layer 0 every word notes in which sentence or message it stands, in layer 1 words of one root find each other, and in
layer 2 the reply starts with the numbers that the words of the question found, rare words before common ones
(`python -m bench.reading` measures it). Training leaves it alone (`kept`) and adds the rest.

Sources: Olsson et al., "In-context Learning and Induction Heads" (2022); Trockman and Kolter, "Mimetic Initialization
of Self-Attention Layers" (2023), for starting from the structure that training would find; Sparck Jones, "A statistical
interpretation of term specificity" (1972), for rare words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

EMBEDDING_STD = 0.05
# The first dimensions of the stream are registers: nothing reads or writes them but what stands here.
# Of a token itself: what is the same for all, whether it is special, how rare it is, which sort of special token it is.
CONSTANT, SPECIAL, RARITY, NUMBER, REPEATS, USER, ASSISTANT = range(7)
# Of the place where it stands: in a numbered sentence, in the repeated question, in a line of user or assistant.
INSIDE, AGAIN, HEARD, SAID = range(7, 11)
# Of a word: that the user said it before, that the assistant did.
WAS_HEARD, WAS_SAID = 11, 12
REGISTERS = 13
WORDS = slice(16, 72)  # what of an embedding all forms of a word share
STRENGTH = 2.0  # of a register, in standard deviations of the other dimensions
# Rotary pairs, fastest first, at a base of 1,000,000: the first tell "one back", the sum of some falls from 0 to some
# 35 tokens of distance, and the slowest turn so little that position does not count.
FAST = 8
NEAR_PAIRS = (6, 7, 8)
FIRST_SLOW, STILL_PAIRS = 14, 2
SHARPNESS = 50.0  # of looking one back: about 7 logits above the neighbours
MATCH = 1.8  # of matching: about 16 logits above tokens that do not match
# How strongly heads write, so that each outweighs what the stream holds by then.
NOTE, COPY, FOUND, VOICE = 0.1, 0.45, 0.1, 0.3
NOTING_HEADS = 2
# Found by trial, on the share of questions for which a fresh model names the right sentence.
NEAREST = 4.5  # of the special token that stands nearest: about 30 logits
SAME, FAVOURED = 8.0, 3.0  # of a word of the same root, and of any word where it is looked for
ASKING, RARE, ONLY_AGAIN = 1.0, 25.0, 16.0  # of words of the question that is repeated, and of rare ones among them


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model finds its way by: the ids of all special tokens, and of those that say where a word stands; for each
    token the number of its root, which all forms of a word share, and how rare it is, 0 to 1
    (`training.word_families`)."""

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
    for head in range(1, 1 + NOTING_HEADS) if reading else range(heads):  # with reading, the first votes
        rows, notes = slice(head * size, (head + 1) * size), head % NOTING_HEADS
        note = slice(notes * size, (notes + 1) * size)
        matching.q_proj.weight[rows] = MATCH * slow * read[note]
        matching.k_proj.weight[rows] = MATCH * slow * written[note]
        copy = copied[note] if reading else copied[rows]
        matching.v_proj.weight[rows] = copy
        matching.o_proj.weight[:, rows] = COPY * copy.T

    if reading:
        _Reader(model, read, written).write(reading, generator)


def kept(model: Any, specials: Sequence[int]) -> list[tuple[torch.nn.Parameter, Any]]:
    """What training is not to change: parameters with the parts of them by which words and numbers are found. It would
    unlearn to look at the question before it has found out what that is good for."""
    layers = model.model.layers[:3]
    first, second, third = (layer.self_attn for layer in layers)
    size = first.head_dim
    every, registers = slice(None), slice(0, REGISTERS)
    parts: list[tuple[torch.nn.Parameter, Any]] = []
    for attention, heads in ((first, slice(0, 3 * size)), (second, slice(0, 4 * size)), (third, slice(0, size))):
        parts += [(projection.weight, heads) for projection in (attention.q_proj, attention.k_proj, attention.v_proj)]
        parts.append((attention.o_proj.weight, (every, heads)))
    for layer, until in zip(layers[:2], (WORDS.stop, REGISTERS), strict=True):
        parts += [(projection.weight, slice(0, until)) for projection in (layer.self_attn.o_proj, layer.mlp.down_proj)]
    parts += [(layer.input_layernorm.weight, slice(0, WORDS.stop)) for layer in layers]
    embeddings = model.model.embed_tokens.weight
    return [*parts, (embeddings, list(specials)), (embeddings, (every, registers))]


class _Reader:
    """Writes the circuit that finds sentences. `read` and `written` are bases of what is not given: the noting heads of
    layer 0 write into the first of it, and the numbers of sentences into the rest."""

    def __init__(self, model: Any, read: torch.Tensor, written: torch.Tensor) -> None:
        self.layers = model.model.layers[:3]
        self.embeddings = model.model.embed_tokens.weight
        self.size = self.layers[0].self_attn.head_dim
        self.half = self.size // 2
        if self.half <= FIRST_SLOW:
            raise ValueError("Reading is written for heads of 64 dimensions.")
        block = self._rows(NOTING_HEADS)
        self.read, self.numbers = read[block], written[block]
        self.near, self.still = torch.zeros(self.size), torch.zeros(self.size)
        self.near[list(NEAR_PAIRS)] = 1.0
        self.still[self.half - STILL_PAIRS : self.half] = self.still[self.size - STILL_PAIRS :] = 1.0

    def write(self, reading: Reading, generator: torch.Generator) -> None:
        for layer, until in zip(self.layers[:2], (WORDS.stop, REGISTERS), strict=True):
            layer.self_attn.o_proj.weight[:until] = 0.0
            layer.mlp.down_proj.weight[:until] = 0.0
        self._tokens(reading, generator)
        self._places()
        self._words()
        self._votes()

    def _tokens(self, reading: Reading, generator: torch.Generator) -> None:
        """What a token is: its root, how rare it is, and whether it says where the next words stand. A root has two
        halves of equal length, one for each of two heads."""
        per_head = (WORDS.stop - WORDS.start) // 2
        of_root = torch.randn(max(reading.roots) + 1, 2, per_head, generator=generator)
        of_root *= EMBEDDING_STD * math.sqrt(per_head) / of_root.norm(dim=-1, keepdim=True)
        self.embeddings[: len(reading.roots), WORDS] = of_root[list(reading.roots)].flatten(1)
        strong = STRENGTH * EMBEDDING_STD
        self.embeddings[: len(reading.rarity), RARITY] = strong * torch.tensor(reading.rarity)
        sorts = ((SPECIAL, reading.specials), (NUMBER, reading.numbers), (REPEATS, [reading.again]))
        for register, tokens in (*sorts, (USER, [reading.user]), (ASSISTANT, [reading.assistant])):
            self.embeddings[list(tokens), register] = strong

    def _places(self) -> None:
        """Layer 0: a word notes the special token it stands behind, and in registers of which sort that is."""
        attention, rows = self._cleared(0, NOTING_HEADS)
        attention.q_proj.weight[rows, CONSTANT] = NEAREST * self.near
        attention.k_proj.weight[rows, SPECIAL] = NEAREST * self.near
        attention.v_proj.weight[rows] = self.read
        attention.o_proj.weight[:, rows] = NOTE * self.numbers.T
        # The last dimensions of the head are for the sorts.
        for place, (sort, where) in enumerate(
            ((NUMBER, INSIDE), (REPEATS, AGAIN), (USER, HEARD), (ASSISTANT, SAID)), start=1
        ):
            row = rows.stop - place
            attention.v_proj.weight[row] = attention.o_proj.weight[:, row] = 0.0
            attention.v_proj.weight[row, sort] = 1.0
            attention.o_proj.weight[where, row] = NOTE

    def _words(self) -> None:
        """Layer 1: a word looks for words of its root. Two heads, half a root each, tell a word of the repeated
        question in which sentence it stands; the others tell any word whether user and assistant said it before."""
        per_head = (WORDS.stop - WORDS.start) // 2
        slow = [*range(FIRST_SLOW, self.half - STILL_PAIRS)]
        dims = [*slow, *(self.half + dim for dim in slow)][:per_head]
        for head, (looks, where, mark) in enumerate(
            ((CONSTANT, HEARD, WAS_HEARD), (CONSTANT, SAID, WAS_SAID), (AGAIN, INSIDE, None), (AGAIN, INSIDE, None))
        ):
            attention, rows = self._cleared(1, head)
            for projection in (attention.q_proj, attention.k_proj):
                for place, dim in enumerate(dims):
                    projection.weight[rows.start + dim, WORDS.start + head % 2 * per_head + place] = SAME
            attention.q_proj.weight[rows, looks] += FAVOURED * self.still
            attention.k_proj.weight[rows, where] += FAVOURED * self.still
            if mark is None:
                attention.v_proj.weight[rows] = self.numbers
                attention.o_proj.weight[:, rows] = FOUND * self.numbers.T
            else:
                attention.v_proj.weight[rows.start, where] = 1.0
                attention.o_proj.weight[mark, rows.start] = FOUND

    def _votes(self) -> None:
        """Layer 2: the sentences that the words of the question found, rare words before common ones."""
        attention, rows = self._cleared(2, 0)
        attention.q_proj.weight[rows, CONSTANT] = ASKING * self.still
        attention.k_proj.weight[rows, RARITY] = RARE * self.still
        attention.k_proj.weight[rows, AGAIN] = ONLY_AGAIN * self.still
        attention.v_proj.weight[rows] = self.numbers
        attention.o_proj.weight[:, rows] = VOICE * self.read.T

    def _rows(self, head: int) -> slice:
        return slice(head * self.size, (head + 1) * self.size)

    def _cleared(self, layer: int, head: int) -> tuple[Any, slice]:
        """The attention of the layer with this head empty, and the rows of the head."""
        attention, rows = self.layers[layer].self_attn, self._rows(head)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
            projection.weight[rows] = 0.0
        attention.o_proj.weight[:, rows] = 0.0
        return attention, rows
