"""How the bot asks for the models themselves: for a text without a character, how they are, and their adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ray.serve.handle import DeploymentHandle

from core.clock import now_ms
from core.errors import RequestError, Unavailable
from core.messages import GenerateChunk, GenerateRequest
from serve_apps import names
from serve_apps.adapters import AdapterRegistry
from serve_apps.calls import call, stream
from serve_apps.probes import app_states
from serve_apps.results import Adapter

ASSIGN_WITHIN_S = 300.0  # a model that sleeps is loaded first


class ModelsClient:
    """`base` is the language model that adapters are made for. Made and pickled as freely as PersonaClient."""

    def __init__(self, base: str, registry: AdapterRegistry, handle: Any | None = None) -> None:
        self.base = base
        self._registry = registry
        self._handle = handle if handle is not None else DeploymentHandle(names.LLM, names.LLM)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        """The text as it comes. Raises RequestError, Unavailable, Overloaded or DeadlineExceeded."""
        chunks = stream(self._handle.generate, request, component=names.LLM, deadline_ms=request.deadline_ms)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def states(self) -> dict[str, tuple[str, str]]:
        """State and detail of each application, as Serve knows them: no model is woken. Raises Unavailable where Serve
        itself does not answer."""
        try:
            return await asyncio.to_thread(app_states, names.ALL)
        except Exception as error:  # Ray raises many kinds where its head is away
            raise Unavailable(f"Serve does not say how its applications are ({error}).", component=names.API) from error

    async def close(self) -> None:
        """Drops the connection to the database, if there is one."""
        await self._registry.close()

    async def adapters(self) -> tuple[Adapter, ...]:
        """The registered adapters, by name. Raises DatabaseUnavailable."""
        return await self._registry.all()

    async def assign(self, adapter: str, personas: Sequence[str]) -> None:
        """Has these personas, and nobody else, speak with a registered adapter, while the model serves.

        Raises RequestError (`adapter`, `path`), DatabaseUnavailable, Unavailable, Overloaded or DeadlineExceeded.
        """
        known = next((one for one in await self._registry.all() if one.name == adapter), None)
        if known is None:
            raise RequestError(f"There is no adapter {adapter[:60]!r}.", field="adapter")
        changed = replace(known, personas=tuple(personas))
        deadline_ms = now_ms() + int(ASSIGN_WITHIN_S * 1000)
        await call(self._handle.add_adapter, changed, component=names.LLM, deadline_ms=deadline_ms)
