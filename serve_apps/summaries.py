"""Talk in a few words, as a Serve deployment: a summariser such as BART, where SUMMARY_MODEL names one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from core.errors import ConfigError, RequestError
from core.settings import Settings
from observability.metrics import BatchMetrics
from serve_apps import names
from serve_apps.deployments import deployment, replicas, start_logging

MAX_CHARS = 8_000
MAX_REQUESTS = 64
MOST_TOKENS = 96
LONGEST_INPUT = 1024  # tokens: what BART reads
BEAMS = 2
REPEATED = 3  # a run of so many tokens is not said twice


class Summaries:
    """Holds one sequence-to-sequence model of transformers, on the CPU: nobody waits for what it writes."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError where the model cannot be loaded."""
        start_logging(settings)
        name = settings.summary_model or ""
        if Path(name).is_dir():
            os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer  # late: it reads the environment, takes seconds

        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
            self._model: Any = AutoModelForSeq2SeqLM.from_pretrained(name).eval()
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{name!r} cannot be loaded as a summariser.",
                field="SUMMARY_MODEL",
                fix="Give a folder or a Hugging Face id of a model like BART, or leave it out.",
            ) from error
        self._name = name
        self._turn = asyncio.Lock()  # two at once would take longer than one after the other
        self._batches = BatchMetrics(names.SUMMARIES)

    async def condense(self, text: str) -> str:
        """What a text says, in at most MOST_TOKENS tokens. Raises RequestError (`text`) for none and for too much."""
        if not text.strip() or len(text) > MAX_CHARS:
            raise RequestError(f"Give a text of at most {MAX_CHARS:,} characters.", field="text")
        async with self._turn:
            with self._batches.batch(1):
                return await asyncio.to_thread(self._write, text)

    def _write(self, text: str) -> str:
        import torch

        reads = getattr(self._model.config, "max_position_embeddings", LONGEST_INPUT)  # T5 and its like read any length
        longest = min(LONGEST_INPUT, reads, self._tokenizer.model_max_length)
        inputs = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=longest)
        with torch.inference_mode():
            # A model made for news has a least length of its own, up to which it would make things up.
            written = self._model.generate(
                **inputs,
                max_length=MOST_TOKENS,
                min_length=0,
                num_beams=BEAMS,
                no_repeat_ngram_size=REPEATED,
                do_sample=False,
            )
        said: str = self._tokenizer.decode(written[0], skip_special_tokens=True)
        return said.strip()

    async def about(self) -> str:
        """A few words for the health page."""
        return self._name


def summaries_app(settings: Settings) -> Any:
    """The application: no replica until some channel has something to sum up, and none again after IDLE_UNLOAD_S."""
    return deployment(
        Summaries,
        names.SUMMARIES,
        num_cpus=0.5,
        ongoing=MAX_REQUESTS,
        queued=MAX_REQUESTS,
        **replicas(preload=False, idle_s=settings.idle_unload_s, target_ongoing_requests=MAX_REQUESTS),
    ).bind(settings)
