"""The HTTP API as a Serve deployment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx
from fastapi import FastAPI
from ray import serve

from core.clock import now_ms
from core.messages import (
    Delta,
    DescribeRequest,
    GenerateChunk,
    GenerateRequest,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
)
from core.personas import load_pack
from core.settings import Settings
from observability.scrape import scrape
from serve_apps import names
from serve_apps.api import CALL_TIMEOUT_S, GENERATE_TIMEOUT_S, Backends, create_app
from serve_apps.calls import call, stream
from serve_apps.deployments import deployment, start_logging
from serve_apps.health import Health, HealthBoard
from serve_apps.picture_fetch import TIMEOUT_S as FETCH_TIMEOUT_S
from serve_apps.picture_fetch import fetch_picture, trusted_origins
from serve_apps.probes import ActorProbe, actor_probe, app_probe, database_probe
from serve_apps.results import Adapter, Description, EmbeddingInfo, Generation, Opening

MAX_REQUESTS = 512


class Api:
    """Holds the handles; the routes are in `serve_apps.api`."""

    def __init__(
        self,
        settings: Settings,
        handles: Mapping[str, Any],
        actors: Sequence[ActorProbe],
        database_uri: str | None,
    ) -> None:
        start_logging(settings)
        on_demand = {
            names.LLM: not settings.preload_llm,
            names.EMBEDDINGS: not settings.preload_embeddings,
            names.VLM: not settings.preload_vlm,
            names.SUMMARIES: True,
        }
        probes = {name: app_probe(name, handle, wakes=on_demand.get(name, False)) for name, handle in handles.items()}
        probes |= {asked.component: actor_probe(asked) for asked in actors}
        if database_uri is not None:
            probes["database"] = database_probe(database_uri)
        self._keys = settings.api_key_list
        self._board = HealthBoard(probes)
        self._backends = backends_over_handles(settings, handles, self._board)

    async def health(self) -> Health:
        """See HealthBoard.health; for the other processes of Troupe."""
        return await self._board.health()

    def __serve_build_asgi_app__(self) -> FastAPI:  # Serve's own name for it
        return create_app(self._backends, self._keys)


def backends_over_handles(settings: Settings, handles: Mapping[str, Any], board: HealthBoard) -> Backends:
    """The routes' backends as calls to the other applications."""
    client = httpx.AsyncClient(timeout=FETCH_TIMEOUT_S)
    trusted = trusted_origins(settings)

    def generate(request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        method = handles[names.LLM].generate
        return stream(method, request, component=names.LLM, deadline_ms=request.deadline_ms)

    async def complete(request: GenerateRequest) -> Generation:
        method = handles[names.LLM].complete
        done: Generation = await call(method, request, component=names.LLM, deadline_ms=request.deadline_ms)
        return done

    async def adapters() -> tuple[Adapter, ...]:
        known: tuple[Adapter, ...] = await call(handles[names.LLM].adapters, component=names.LLM, deadline_ms=_soon())
        return known

    async def add_adapter(adapter: Adapter) -> None:
        await call(handles[names.LLM].add_adapter, adapter, component=names.LLM, deadline_ms=_late())

    async def remove_adapter(name: str) -> None:
        await call(handles[names.LLM].remove_adapter, name, component=names.LLM, deadline_ms=_soon())

    async def embed(texts: list[str]) -> list[list[float]]:
        method = handles[names.EMBEDDINGS].embed
        vectors: list[list[float]] = await call(method, texts, component=names.EMBEDDINGS, deadline_ms=_soon())
        return vectors

    async def embedding_info() -> EmbeddingInfo:
        method = handles[names.EMBEDDINGS].info
        info: EmbeddingInfo = await call(method, component=names.EMBEDDINGS, deadline_ms=_soon())
        return info

    async def search(query: SearchQuery) -> tuple[Passage, ...]:
        method = handles[names.RETRIEVAL].search
        found: tuple[Passage, ...] = await call(method, query, component=names.RETRIEVAL, deadline_ms=query.deadline_ms)
        return found

    def openai(path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        return stream(handles[names.LLM].openai, path, body, component=names.LLM, deadline_ms=_late())

    async def describe(request: DescribeRequest) -> Description:
        method = handles[names.VLM].describe
        seen: Description = await call(method, request, component=names.VLM, deadline_ms=request.deadline_ms)
        return seen

    async def fetch(url: str) -> bytes:
        return await fetch_picture(url, client, trusted=trusted)

    async def metrics() -> str:
        return await scrape(client)

    def reply(request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        method = handles[names.PERSONA].reply
        return stream(method, request, component=names.PERSONA, deadline_ms=request.deadline_ms)

    return Backends(
        pack=load_pack(settings.pack_dir),
        reply_deadline_s=settings.reply_deadline_s,
        generate=generate,
        complete=complete,
        adapters=adapters,
        add_adapter=add_adapter,
        remove_adapter=remove_adapter,
        embed=embed,
        embedding_info=embedding_info,
        search=search,
        openai=openai,
        describe=describe,
        fetch=fetch,
        reply=reply,
        health=board.health,
        metrics=metrics,
    )


def _late() -> int:
    return now_ms() + int(GENERATE_TIMEOUT_S * 1000)


def _soon() -> int:
    return now_ms() + int(CALL_TIMEOUT_S * 1000)


def ingress_app(
    settings: Settings, handles: Mapping[str, Any], actors: Sequence[ActorProbe], database_uri: str | None
) -> Any:
    """The application behind the HTTP port. It refuses at once what would wait behind `MAX_REQUESTS` others."""
    app = deployment(serve.ingress()(Api), names.API, num_cpus=0.1, ongoing=MAX_REQUESTS, queued=MAX_REQUESTS)
    return app.bind(settings, handles, actors, database_uri)
