"""The persona app as a Serve deployment: `PersonaService` between the handles of the models and retrieval."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx

from core.clock import now_ms
from core.messages import (
    Attachment,
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
from observability.metrics import ReplyMetrics
from serve_apps import names
from serve_apps.calls import call, stream
from serve_apps.deployments import deployment, start_logging
from serve_apps.picture_fetch import TIMEOUT_S as FETCH_TIMEOUT_S
from serve_apps.picture_fetch import fetch_picture, trusted_origins
from serve_apps.reply import PersonaService, ReplyOptions
from serve_apps.results import Description
from serve_apps.tokens import token_counter

MAX_REPLIES = 256
MORE_LORE = 2  # passages more for a question about the world
WARM_S = 300.0  # a large model takes minutes to load


class PersonaApp:
    """Loads the pack and the model's tokenizer, never a model."""

    def __init__(self, settings: Settings, retrieval: Any, llm: Any, vlm: Any, embeddings: Any = None) -> None:
        start_logging(settings)
        client, trusted = httpx.AsyncClient(timeout=FETCH_TIMEOUT_S), trusted_origins(settings)

        async def search(query: SearchQuery) -> tuple[Passage, ...]:
            found: tuple[Passage, ...] = await call(
                retrieval.search, query, component=names.RETRIEVAL, deadline_ms=query.deadline_ms
            )
            return found

        def generate(request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
            return stream(llm.generate, request, component=names.LLM, deadline_ms=request.deadline_ms)

        async def look(picture: Attachment, deadline_ms: int) -> Description:
            image = await fetch_picture(picture.url, client, trusted=trusted)
            asked = DescribeRequest(image=image, deadline_ms=deadline_ms)
            seen: Description = await call(vlm.describe, asked, component=names.VLM, deadline_ms=deadline_ms)
            return seen

        async def embed(texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = await call(embeddings.embed, texts, component=names.EMBEDDINGS)
            return vectors

        self._warm = llm.warm
        self._remote = settings.openai_base_url is not None
        counter = token_counter(settings.llm_model, remote=self._remote, window=settings.llm_max_model_len)
        pack = load_pack(settings.pack_dir)
        self._service = PersonaService(
            pack,
            reply_options(settings),
            counter,
            search,
            generate,
            look,
            embed if embeddings is not None else None,
            ReplyMetrics(),
        )
        self._about = f"{len(pack.personas)} personas of {pack.name}"

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        """See `PersonaService.reply`."""
        async with aclosing(self._service.reply(request)) as events:
            async for event in events:
                yield event

    async def prefill(self, request: ReplyRequest) -> None:
        """See `PersonaService.prefill`; nothing where the model is remote, which would only cost."""
        if not self._remote:
            await self._service.prefill(request)

    async def warm(self) -> None:
        """Has the language model awake. Raises what a request to it would raise."""
        await call(self._warm, component=names.LLM, deadline_ms=now_ms() + int(WARM_S * 1000))

    async def about(self) -> str:
        """A few words for the health page."""
        if self._service.breaker.open:
            away = f"the model has not answered for {self._service.breaker.failing_s:.0f} s"
            return f"{self._about}; {away}, so personas speak from their lore"
        return self._about


def reply_options(settings: Settings) -> ReplyOptions:
    """How replies are made with these settings. The bundled model was taught on prompts without hints and with few
    passages, so it alone gets neither unless it is said."""
    other = settings.openai_base_url is not None or settings.llm_model != Settings.model_fields["llm_model"].default
    usual = settings.retrieval_limit
    more = settings.retrieval_limit_lore
    return ReplyOptions(
        max_tokens=settings.reply_max_tokens,
        temperature=settings.reply_temperature,
        passages=usual,
        deadline_s=settings.reply_deadline_s,
        lore_passages=more if more is not None else usual + (MORE_LORE if other and usual else 0),
        hints=settings.style_hints if settings.style_hints is not None else other,
        filter_level=settings.content_filter,
    )


def persona_app(settings: Settings, retrieval: Any, llm: Any, vlm: Any, embeddings: Any) -> Any:
    """The application, given the handles of the four it asks."""
    app = deployment(PersonaApp, names.PERSONA, num_cpus=0.1, ongoing=MAX_REPLIES, queued=MAX_REPLIES)
    return app.bind(settings, retrieval, llm, vlm, embeddings)
