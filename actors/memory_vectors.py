"""Vectors as they are stored: a byte per dimension, as base64, since the embedded database stands in for a MongoDB
server in everything but bytes. Of two directions so rounded the cosine is right to about 0.003.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float32]


def packed(vector: ArrayLike) -> str:
    """The direction of a vector that is not null; its length is lost."""
    given = np.asarray(vector, np.float32)
    steps = np.rint(given * (127 / np.abs(given).max())).astype(np.int8)
    return base64.b64encode(steps.tobytes()).decode("ascii")


def unpacked(vectors: Sequence[str]) -> Vectors:
    """[vectors, dimensions], each of length one. All have the same number of dimensions; of none there are no rows."""
    if not vectors:
        return np.zeros((0, 1), np.float32)
    raw = b"".join(base64.b64decode(vector) for vector in vectors)
    found = np.frombuffer(raw, np.int8).reshape(len(vectors), -1).astype(np.float32)
    unit: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit
