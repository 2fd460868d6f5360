"""The language model as a Serve deployment: a thin shell over an engine."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import replace
from typing import Any

from core.errors import DatabaseUnavailable, RequestError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest
from core.settings import Settings
from observability.metrics import LlmMetrics
from serve_apps import names
from serve_apps.adapters import AdapterRegistry, check_name
from serve_apps.deployments import deployment, replicas, start_logging
from serve_apps.engines.base import Engine
from serve_apps.engines.choose import start_engine
from serve_apps.naps import Naps
from serve_apps.results import Adapter, Generation, ModelInfo, Opening, Pace, joined, together, whole
from serve_apps.slices import share, taking

logger = logging.getLogger(__name__)

# A frame or two: nobody reads faster. And what a replica sends of all its streams, to leave the cores time to write,
# since a chunk costs more of them than a small model's token.
CHUNK_EVERY_S, CHUNKS_PER_S = 0.03, 60.0 * (os.cpu_count() or 2)
FINETUNED = "finetuned"  # the name of the adapter of FINETUNED_ADAPTER_PATH
RESTORE_S = 5.0  # how long a start waits for the adapters; a database that is away longer must not keep it
RESTORE_AGAIN_S = 2.0


class Llm:
    """Holds one engine. Errors are those of `Engine.generate`; Serve replaces the replica when the engine is dead."""

    async def __init__(  # type: ignore[misc]  # Serve awaits constructors
        self,
        settings: Settings,
        database_uri: str | None = None,
        start: Callable[[Settings], Awaitable[Engine]] = start_engine,
    ) -> None:
        start_logging(settings)
        with ExitStack() as loading:
            turn = taking(settings, settings.llm_gpu_slice, "LLM_GPU_SLICE")
            await asyncio.to_thread(loading.enter_context, turn)
            self._engine = await start(settings)
        logger.info("[LLM] %s answers with %s", self._engine.name, self._engine.model)
        self._naps = Naps(self._engine.sleep, self._engine.wake, settings.llm_sleep_s)
        self._metrics = LlmMetrics(self._engine.model)
        self._pace = Pace(CHUNK_EVERY_S, CHUNKS_PER_S)
        self._adapters: dict[str, Adapter] = {}
        self._finetuned = settings.finetuned_adapter_path if settings.finetuned_model_enabled else None
        self._for_all = settings.finetuned_use_for_personas
        self._registry = AdapterRegistry(database_uri, settings.mongodb_database) if database_uri else None
        self._restoring = asyncio.create_task(self._restore())
        await asyncio.wait({self._restoring}, timeout=RESTORE_S)
        self._naps.rest()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        """The text as it comes; closing the stream stops the generation."""
        async with self._naps.awake():
            with self._pace.stream() as every_s:
                async with aclosing(together(self._counted(request), every_s)) as chunks:
                    async for chunk in chunks:
                        yield chunk

    async def complete(self, request: GenerateRequest) -> Generation:
        """The whole text at once."""
        async with self._naps.awake():
            return await whole(self._counted(request))

    def _counted(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        return self._metrics.observed(self._engine.generate(self._with_adapter(request)))

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """See `Engine.openai`; closing the stream stops the generation."""
        async with self._naps.awake():
            with self._pace.stream() as every_s:
                async with aclosing(joined(self._engine.openai(path, body), every_s)) as pieces:
                    async for piece in pieces:
                        yield piece

    async def warm(self) -> None:
        """Be awake, and stay so for the time that a request would keep it."""
        async with self._naps.awake():
            pass

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of `messages` as the model reads them."""
        return await self._engine.count_tokens(messages)

    async def info(self) -> ModelInfo:
        """What answers here."""
        return ModelInfo(engine=self._engine.name, model=self._engine.model, adapters=self._engine.adapters())

    async def about(self) -> str:
        """A few words for the health page."""
        doing = "asleep" if self._naps.asleep else f"{self._engine.running()} requests"
        return f"{self._engine.model} on {self._engine.name}, {doing}"

    async def adapters(self) -> tuple[Adapter, ...]:
        """The loaded LoRA adapters."""
        return tuple(self._adapters.values())

    async def add_adapter(self, adapter: Adapter) -> None:
        """Load a LoRA adapter, in place of an older one of that name, and keep it for later starts.

        Raises RequestError (`name`, `path`), and the older one goes on serving; DatabaseUnavailable where it is loaded
        but could not be kept."""
        check_name(adapter.name, self._engine.model)
        await self._restoring
        await self._put(adapter)
        self._know(adapter)
        if self._registry:
            await self._registry.put(adapter)

    async def remove_adapter(self, name: str) -> None:
        """Unload a LoRA adapter and forget it. Raises RequestError (`adapter`) where there is none of that name."""
        await self._restoring
        async with self._naps.awake():
            await self._engine.remove_adapter(name)
        self._adapters.pop(name, None)
        if self._registry:
            await self._registry.remove(name)

    def _know(self, adapter: Adapter) -> None:
        for other in self._adapters.values():
            rest = tuple(persona for persona in other.personas if persona not in adapter.personas)
            self._adapters[other.name] = replace(other, personas=rest)
        self._adapters[adapter.name] = adapter

    def _with_adapter(self, request: GenerateRequest) -> GenerateRequest:
        """The request with the adapter of its persona, where it names none itself."""
        if request.adapter is not None or request.persona_id is None:
            return request
        own = next((one.name for one in self._adapters.values() if request.persona_id in one.personas), None)
        if own is None and self._for_all and FINETUNED in self._adapters:
            own = FINETUNED
        return replace(request, adapter=own) if own else request

    async def _restore(self) -> None:
        """Load what was kept. An adapter that cannot be loaded any more is left out, and told."""
        if self._finetuned:
            await self._load(Adapter(name=FINETUNED, path=str(self._finetuned), personas=()))
        known: tuple[Adapter, ...] | None = None if self._registry else ()
        while known is None and self._registry:
            try:
                known = await self._registry.all()
            except DatabaseUnavailable as error:
                logger.warning("[LLM] the adapters wait for the database: %s", error)
                await asyncio.sleep(RESTORE_AGAIN_S)
        for adapter in known or ():
            await self._load(adapter)

    async def _load(self, adapter: Adapter) -> None:
        try:
            await self._put(adapter)
        except RequestError as error:
            logger.error("[LLM] adapter %s is left out: %s", adapter.name, error)
        else:
            self._know(adapter)

    async def _put(self, adapter: Adapter) -> None:
        async with self._naps.awake():
            with self._metrics.loading():
                await self._engine.add_adapter(adapter.name, adapter.path)

    async def check_health(self) -> None:
        """Called by Serve. An error, three times in a row, makes it replace this replica."""
        await self._engine.check_health()

    def __del__(self) -> None:
        if engine := getattr(self, "_engine", None):  # there is none where the start failed
            engine.close()


def llm_app(
    settings: Settings,
    database_uri: str | None = None,
    *,
    gpu: bool,
    start: Callable[[Settings], Awaitable[Engine]] = start_engine,
) -> Any:
    """The application, on a slice of a GPU where there is one; `start` starts its engine. PRELOAD_LLM=false lets it
    sleep: no replica until somebody asks, none again after IDLE_UNLOAD_S without requests."""
    return deployment(
        Llm,
        names.LLM,
        num_cpus=1,
        num_gpus=share(settings, names.LLM) if gpu else 0.0,
        ongoing=2 * settings.llm_max_num_seqs,
        queued=4 * settings.llm_max_num_seqs,
        health_check_period_s=1.0,
        **replicas(
            preload=settings.preload_llm,
            idle_s=settings.idle_unload_s,
            target_ongoing_requests=settings.llm_max_num_seqs,
        ),
    ).bind(settings, database_uri, start)
