"""An embedding without a model: texts are as alike as the words that they share."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from actors.memory_facts import words

DIMENSIONS = 64


async def words_embedded(texts: Sequence[str]) -> list[list[float]]:
    """One vector of length one per text: the sum of a fixed direction for each of its words' stems."""
    return [words_vector(text).tolist() for text in texts]


def words_vector(text: str) -> np.ndarray:
    """The vector of one text."""
    total = np.zeros(DIMENSIONS)
    for word in sorted(words(text)) or [text]:
        total += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(DIMENSIONS)
    return total / np.linalg.norm(total)
