"""The persona app as a Serve deployment: `PersonaService` between the retrieval and the language model handles."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from core.messages import Delta, GenerateChunk, GenerateRequest, Passage, ReplyRequest, SearchQuery, Spoken
from core.personas import load_pack
from core.settings import Settings
from serve_apps import names
from serve_apps.calls import call, stream
from serve_apps.deployments import deployment, start_logging
from serve_apps.reply import PersonaService, ReplyOptions
from serve_apps.tokens import token_counter

MAX_REPLIES = 256


class PersonaApp:
    """Loads the pack and the model's tokenizer, never a model."""

    def __init__(self, settings: Settings, retrieval: Any, llm: Any) -> None:
        start_logging(settings)

        async def search(query: SearchQuery) -> tuple[Passage, ...]:
            found: tuple[Passage, ...] = await call(
                retrieval.search, query, component=names.RETRIEVAL, deadline_ms=query.deadline_ms
            )
            return found

        def generate(request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
            return stream(llm.generate, request, component=names.LLM, deadline_ms=request.deadline_ms)

        options = ReplyOptions(
            max_tokens=settings.reply_max_tokens,
            temperature=settings.reply_temperature,
            passages=settings.retrieval_limit,
            deadline_s=settings.reply_deadline_s,
        )
        remote = settings.openai_base_url is not None
        counter = token_counter(settings.llm_model, remote=remote, window=settings.llm_max_model_len)
        pack = load_pack(settings.pack_dir)
        self._service = PersonaService(pack, options, counter, search, generate)
        self._about = f"{len(pack.personas)} personas of {pack.name}"

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        """See `PersonaService.reply`."""
        async with aclosing(self._service.reply(request)) as events:
            async for event in events:
                yield event

    async def about(self) -> str:
        """A few words for the health page."""
        if self._service.breaker.open:
            away = f"the model has not answered for {self._service.breaker.failing_s:.0f} s"
            return f"{self._about}; {away}, so personas speak from their lore"
        return self._about


def persona_app(settings: Settings, retrieval: Any, llm: Any) -> Any:
    """The application, given the handles of the two it asks."""
    app = deployment(PersonaApp, names.PERSONA, num_cpus=0.1, ongoing=MAX_REPLIES, queued=MAX_REPLIES)
    return app.bind(settings, retrieval, llm)
