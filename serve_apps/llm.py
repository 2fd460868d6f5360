"""The language model as a Serve deployment: a thin shell over an engine."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from core.messages import ChatMessage, GenerateChunk, GenerateRequest
from core.settings import Settings
from serve_apps import names
from serve_apps.deployments import deployment, replicas, start_logging
from serve_apps.engines.base import Engine
from serve_apps.engines.choose import start_engine
from serve_apps.results import Generation, ModelInfo, Opening, joined, together, whole

logger = logging.getLogger(__name__)

CHUNK_EVERY_S = 0.03  # a frame or two: nobody reads faster


class Llm:
    """Holds one engine. Errors are those of `Engine.generate`; Serve replaces the replica when the engine is dead."""

    async def __init__(  # type: ignore[misc]  # Serve awaits constructors
        self, settings: Settings, start: Callable[[Settings], Awaitable[Engine]] = start_engine
    ) -> None:
        start_logging(settings)
        self._engine = await start(settings)
        logger.info("[LLM] %s answers with %s", self._engine.name, self._engine.model)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        """The text as it comes; closing the stream stops the generation."""
        async with aclosing(together(self._engine.generate(request), CHUNK_EVERY_S)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def complete(self, request: GenerateRequest) -> Generation:
        """The whole text at once."""
        return await whole(self._engine.generate(request))

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """See `Engine.openai`; closing the stream stops the generation."""
        async with aclosing(joined(self._engine.openai(path, body), CHUNK_EVERY_S)) as pieces:
            async for piece in pieces:
                yield piece

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of `messages` as the model reads them."""
        return await self._engine.count_tokens(messages)

    async def info(self) -> ModelInfo:
        """What answers here."""
        return ModelInfo(engine=self._engine.name, model=self._engine.model, adapters=self._engine.adapters())

    async def about(self) -> str:
        """A few words for the health page."""
        return f"{self._engine.model} on {self._engine.name}, {self._engine.running()} requests"

    async def add_adapter(self, name: str, path: str) -> None:
        """Load a LoRA adapter, or replace the one of that name."""
        await self._engine.add_adapter(name, path)

    async def remove_adapter(self, name: str) -> None:
        """Unload a LoRA adapter."""
        await self._engine.remove_adapter(name)

    async def check_health(self) -> None:
        """Called by Serve. An error, three times in a row, makes it replace this replica."""
        await self._engine.check_health()

    def __del__(self) -> None:
        if engine := getattr(self, "_engine", None):  # there is none where the start failed
            engine.close()


def llm_app(settings: Settings, *, gpu: bool) -> Any:
    """The application, on a slice of a GPU where there is one. PRELOAD_LLM=false lets it sleep: no replica until
    somebody asks, none again after IDLE_UNLOAD_S without requests."""
    return deployment(
        Llm,
        names.LLM,
        num_cpus=1,
        num_gpus=settings.llm_gpu_slice if gpu and settings.openai_base_url is None else 0.0,
        ongoing=2 * settings.llm_max_num_seqs,
        queued=4 * settings.llm_max_num_seqs,
        health_check_period_s=1.0,
        **replicas(
            preload=settings.preload_llm,
            idle_s=settings.idle_unload_s,
            target_ongoing_requests=settings.llm_max_num_seqs,
        ),
    ).bind(settings)
