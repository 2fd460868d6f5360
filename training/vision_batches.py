"""An endless, seeded stream of batches: pictures with all that is asked about them, and what is where in them.

The questions of a picture stand in one row, so that the encoder and the keys of the cross-attention are computed once
for all of them; a mask keeps them from seeing one another.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from training.picture_questions import Question, questions
from training.pictures import SIDE, Kind, Mark, Painter, Part, Picture
from training.sprites import COLOURS, FIGURES, SHAPES
from training.vision_model import ASK, CELL, END, PAD, SAY

IGNORED = -100
BLOCKED = -1e4
POINT = 8  # pixels between the points at which the encoder learns what is there
POINTS = SIDE // POINT
LABELS = (
    "",
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    *SHAPES,
    *FIGURES,
    *("sun", "cloud", "house", "tree", "snowman", "boat", "face"),
)
COLOUR_LABELS = ("", *COLOURS)
_LABEL_IDS = {label: i for i, label in enumerate(LABELS)}
_COLOUR_IDS = {colour: i for i, colour in enumerate(COLOUR_LABELS)}
# What a stream is made of. Pages of letters teach the encoder to read; then everything; in the end mostly what takes
# the longest to learn, which is counting and where things are.
EARLY: dict[Kind, int] = {"page": 74, "shapes": 10, "places": 8, "face": 2, "scene": 3, "meme": 3}
LATER: dict[Kind, int] = {"page": 9, "word": 36, "shapes": 18, "places": 15, "face": 5, "scene": 6, "meme": 11}
LAST: dict[Kind, int] = {"page": 2, "word": 28, "shapes": 28, "places": 28, "face": 3, "scene": 4, "meme": 7}
ROW_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Batch:
    """`pixels` [pictures, 3, side, side] from -1 to 1; `ids`, `targets` and `positions` [pictures, tokens]; `mask`
    [pictures, 1, tokens, tokens], to be added to attention scores; `labels` and `colours` [pictures, cells, points of a
    cell]."""

    pixels: torch.Tensor
    ids: torch.Tensor
    targets: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    colours: torch.Tensor


class Stream:
    """The `number`-th batch is always the same for the same seed and part."""

    def __init__(self, tokenizer: Tokenizer, *, seed: int, part: Part, size: int) -> None:
        self.tokenizer, self.seed, self.part, self.size = tokenizer, seed, part, size

    def batch(self, number: int, mix: dict[Kind, int]) -> Batch:
        """One batch of pictures in the shares of `mix`."""
        painter = Painter(f"{self.seed}/{number}", self.part)
        rng = random.Random(f"batch {self.part} {self.seed}/{number}")
        kinds = rng.choices(list(mix), list(mix.values()), k=self.size)
        pictures = [painter.picture(kind) for kind in kinds]
        asked = [questions(picture.facts, rng) for picture in pictures]
        for some in asked:
            rng.shuffle(some)
        return collate(self.tokenizer, pictures, asked)


def collate(tokenizer: Tokenizer, pictures: list[Picture], asked: list[list[Question]]) -> Batch:
    """Pictures and, of each one's questions, as many as fit into ROW_TOKENS, but at least the first."""
    flat = [question for some in asked for question in some]
    texts = tokenizer.encode_batch([text for q in flat for text in (q.text, q.answer)])
    encoded = iter([(texts[i].ids, texts[i + 1].ids) for i in range(0, len(texts), 2)])
    ask, say, end, pad = (tokenizer.encode(token).ids[0] for token in (ASK, SAY, END, PAD))
    rows: list[tuple[list[int], list[int], list[int], list[int]]] = []
    for some in asked:
        ids: list[int] = []
        targets: list[int] = []
        positions: list[int] = []
        segments: list[int] = []
        for segment, _ in enumerate(some, start=1):
            question, answer = next(encoded)
            line = [ask, *question, say, *answer]
            if ids and len(ids) + len(line) > ROW_TOKENS:
                continue
            ids += line
            targets += [IGNORED] * (len(question) + 1) + [*answer, end]
            positions += range(len(line))
            segments += [segment] * len(line)
        rows.append((ids, targets, positions, segments))
    width = max(len(ids) for ids, *_ in rows)

    def padded(column: int, value: int) -> torch.Tensor:
        return torch.tensor([row[column] + [value] * (width - len(row[column])) for row in rows])

    segments_of = padded(3, 0)
    same = segments_of[:, :, None] == segments_of[:, None, :]
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    pixels = torch.from_numpy(np.stack([np.asarray(picture.image) for picture in pictures]))
    labels, colours = zip(*(point_labels(picture.marks) for picture in pictures), strict=True)
    return Batch(
        pixels=pixels.permute(0, 3, 1, 2).float() / 127.5 - 1,  # channels last in memory, as the convolutions like it
        ids=padded(0, pad),
        targets=padded(1, IGNORED),
        positions=padded(2, 0),
        mask=torch.zeros(same.shape).masked_fill(~(same & causal), BLOCKED)[:, None],
        labels=_by_cell(np.stack(labels)),
        colours=_by_cell(np.stack(colours)),
    )


def point_labels(marks: tuple[Mark, ...]) -> tuple[np.ndarray, np.ndarray]:
    """What is at each point of a grid over the picture, and its colour: two arrays [rows, columns] of label numbers."""
    labels, colours = np.zeros((POINTS, POINTS), np.int64), np.zeros((POINTS, POINTS), np.int64)
    for mark in marks:
        left, top, right, lower = (round(edge / POINT) for edge in mark.box)
        inside = (slice(max(0, top), max(top + 1, lower)), slice(max(0, left), max(left + 1, right)))
        labels[inside] = _LABEL_IDS[mark.label]
        colours[inside] = _COLOUR_IDS[mark.colour]
    return labels, colours


def _by_cell(grid: np.ndarray) -> torch.Tensor:
    """[pictures, rows, columns] of points as [pictures, cells, points of a cell]."""
    cells, inner = SIDE // CELL, CELL // POINT
    tensor = torch.from_numpy(grid).view(-1, cells, inner, cells, inner)
    return tensor.permute(0, 1, 3, 2, 4).reshape(len(grid), cells * cells, inner * inner)
