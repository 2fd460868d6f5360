"""The HTTP API: thin routes over the other applications."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from core.clock import now_ms
from core.errors import RequestError, UnknownPersona
from core.messages import (
    Author,
    ChatMessage,
    Delta,
    DescribeRequest,
    GenerateChunk,
    GenerateRequest,
    IncomingMessage,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
    Turn,
)
from core.personas import Pack, Persona
from core.prompts import own_words
from observability.scrape import CONTENT_TYPE
from serve_apps import http_errors
from serve_apps.api_keys import ApiKeys
from serve_apps.api_models import AdapterBody, DescribeBody, EmbedBody, GenerateBody, ReplyBody, SearchBody
from serve_apps.api_openai import OpenAI, add_openai
from serve_apps.health import Health
from serve_apps.picture_files import MAX_BYTES
from serve_apps.results import Adapter, Description, EmbeddingInfo, Generation
from serve_apps.sse import events

GENERATE_TIMEOUT_S = 120.0
CALL_TIMEOUT_S = 30.0
PICTURES = "/vlm/describe"
# As the file of a form, or within JSON, where it takes a third more.
PICTURE_LIMIT = http_errors.Limit((http_errors.JSON, http_errors.FORM), MAX_BYTES * 4 // 3 + http_errors.MAX_BODY_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """What the routes call. All raise TroupeError."""

    pack: Pack
    reply_deadline_s: float
    generate: Callable[[GenerateRequest], AsyncGenerator[GenerateChunk, None]]
    complete: Callable[[GenerateRequest], Awaitable[Generation]]
    adapters: Callable[[], Awaitable[tuple[Adapter, ...]]]
    add_adapter: Callable[[Adapter], Awaitable[None]]
    remove_adapter: Callable[[str], Awaitable[None]]
    embed: Callable[[list[str]], Awaitable[list[list[float]]]]
    embedding_info: Callable[[], Awaitable[EmbeddingInfo]]
    search: Callable[[SearchQuery], Awaitable[tuple[Passage, ...]]]
    openai: OpenAI
    describe: Callable[[DescribeRequest], Awaitable[Description]]
    fetch: Callable[[str], Awaitable[bytes]]
    reply: Callable[[ReplyRequest], AsyncGenerator[Delta | Spoken, None]]
    health: Callable[[], Awaitable[Health]]
    metrics: Callable[[], Awaitable[str]]

    async def waiting_for(self) -> list[str]:
        """Names of the components that are not there yet, for who waits for one."""
        return (await self.health()).waiting_for


def create_app(backends: Backends, keys: Sequence[str] = ()) -> FastAPI:
    """The ASGI application. With `keys` it answers only to who sends one."""
    app = FastAPI(title="Troupe", docs_url="/docs", redoc_url=None)
    http_errors.install(app, {PICTURES: PICTURE_LIMIT})
    _add_models(app, backends)
    _add_adapters(app, backends)
    _add_pictures(app, backends)
    add_openai(app, backends.openai, backends.embed, backends.embedding_info)
    _add_personas(app, backends)
    _add_health(app, backends)
    if keys:
        app.add_middleware(ApiKeys, keys=keys)
    return app


def _add_models(app: FastAPI, backends: Backends) -> None:
    @app.post("/llm/generate")
    async def generate(body: GenerateBody) -> Any:
        request = GenerateRequest(
            messages=tuple(ChatMessage(role=m.role, content=m.content) for m in body.messages or ()),
            prompt=body.prompt,
            max_tokens=body.max_tokens,
            temperature=body.temperature,
            top_p=body.top_p,
            seed=body.seed,
            stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop),
            adapter=body.adapter,
            deadline_ms=now_ms() + int(GENERATE_TIMEOUT_S * 1000),
        )
        if body.stream:
            return await events(_generation_events(backends.generate(request)), backends.waiting_for)
        done = await backends.complete(request)
        return {"ok": True, **asdict(done)}

    @app.post("/embed")
    async def embed(body: EmbedBody) -> Any:
        vectors = await backends.embed(body.texts)
        info = await backends.embedding_info()
        return {"ok": True, "embeddings": vectors, "model": info.model, "dimensions": info.dimensions}

    @app.get("/embed/model-info")
    async def embed_model_info() -> Any:
        return {"ok": True, **asdict(await backends.embedding_info())}

    @app.post("/rag/search")
    async def rag_search(body: SearchBody) -> Any:
        query = SearchQuery(
            text=body.query,
            limit=body.limit,
            pack=backends.pack.id,
            deadline_ms=now_ms() + int(CALL_TIMEOUT_S * 1000),
        )
        return {"ok": True, "passages": [asdict(passage) for passage in await backends.search(query)]}


def _add_adapters(app: FastAPI, backends: Backends) -> None:
    @app.get("/llm/adapters")
    async def adapters() -> Any:
        return {"ok": True, "adapters": [asdict(adapter) for adapter in await backends.adapters()]}

    @app.post("/llm/adapters")
    async def add_adapter(body: AdapterBody) -> Any:
        personas = tuple(dict.fromkeys(backends.pack.persona(persona).id for persona in body.personas))
        adapter = Adapter(name=body.name, path=body.path, personas=personas)
        await backends.add_adapter(adapter)
        return {"ok": True, "adapter": asdict(adapter)}

    @app.delete("/llm/adapters/{name}")
    async def remove_adapter(name: str) -> Any:
        await backends.remove_adapter(name)
        return {"ok": True}


def _add_pictures(app: FastAPI, backends: Backends) -> None:
    shape = {"image": {"type": "string", "format": "binary"}, "question": {"type": "string"}}
    form = {"schema": {"type": "object", "properties": shape, "required": ["image"]}}
    body = {"content": {"application/json": {"schema": DescribeBody.model_json_schema()}, "multipart/form-data": form}}

    @app.post(PICTURES, openapi_extra={"requestBody": body})
    async def describe(request: Request) -> Any:
        image, question = await _sent_picture(request, backends)
        deadline_ms = now_ms() + int(GENERATE_TIMEOUT_S * 1000)
        seen = await backends.describe(DescribeRequest(image=image, question=question, deadline_ms=deadline_ms))
        return {"ok": True, **asdict(seen)}


async def _sent_picture(request: Request, backends: Backends) -> tuple[bytes, str | None]:
    """The picture that a request brings or points to, and the question about it."""
    if request.headers["content-type"].startswith(http_errors.FORM):
        async with request.form(max_files=1, max_fields=1) as sent:
            picture, question = sent.get("image"), sent.get("question")
            if not isinstance(picture, UploadFile):
                raise RequestError("Send the picture as the file `image` of the form.", field="image")
            return await picture.read(), question if isinstance(question, str) and question.strip() else None
    try:
        body = DescribeBody.model_validate_json(await request.body())
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_context=False)]
        raise RequestValidationError(errors) from None
    return body.image if body.image is not None else await backends.fetch(body.url or ""), body.question


def _add_personas(app: FastAPI, backends: Backends) -> None:
    pack = backends.pack

    @app.post("/persona/reply")
    async def persona_reply(body: ReplyBody) -> Any:
        persona = pack.persona(body.persona or pack.default_persona)
        spoken = backends.reply(_reply_request(persona, pack, body, backends.reply_deadline_s))
        if body.stream:
            return await events(_reply_events(spoken, persona), backends.waiting_for)
        async with aclosing(spoken):
            async for event in spoken:
                if isinstance(event, Spoken):
                    return _spoken(event, persona)
        raise RuntimeError("The persona app ended its stream without a reply.")

    @app.get("/personas")
    async def personas() -> Any:
        return {
            "ok": True,
            "pack": pack.id,
            "default": pack.default_persona,
            "personas": [
                {
                    **p.model_dump(include={"id", "name", "title", "description", "greeting", "keywords"}),
                    "avatar": _avatar(p),
                }
                for p in pack.personas
            ],
        }

    @app.get("/personas/{persona_id}/avatar.png")
    async def avatar(persona_id: str) -> FileResponse:
        path = pack.persona(persona_id).avatar
        if path is None:
            raise UnknownPersona("This persona has no picture.", field="persona")
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})


def _add_health(app: FastAPI, backends: Backends) -> None:
    @app.get("/health")
    async def health() -> Any:
        found = await backends.health()
        return {"ok": found.status == "ok", "status": found.status, "components": _components(found)}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(await backends.metrics(), media_type=CONTENT_TYPE)

    @app.get("/livez")
    async def livez() -> Any:
        return {"ok": True}

    @app.get("/readyz")
    async def readyz() -> Any:
        found = await backends.health()
        return JSONResponse(
            {"ok": found.chat_ready, "waiting_for": found.waiting_for}, 200 if found.chat_ready else 503
        )


def _components(health: Health) -> dict[str, Any]:
    return {name: asdict(component) for name, component in health.components.items()}


def _avatar(persona: Persona) -> str:
    return f"/personas/{persona.id}/avatar.png"


def _reply_request(persona: Persona, pack: Pack, body: ReplyBody, deadline_s: float) -> ReplyRequest:
    now = now_ms()
    history = tuple(
        Turn(
            message_id=str(i),
            speaker=turn.speaker,
            text=turn.text if turn.persona else own_words(turn.text),
            at_ms=now,
            persona_id=pack.persona(turn.persona).id if turn.persona else None,
        )
        for i, turn in enumerate(body.history)
    )
    message = IncomingMessage(
        id=uuid.uuid4().hex,
        channel_id="api",
        guild_id=None,
        author=Author(id="api", name=body.speaker),
        content=body.message,
        created_ms=now,
    )
    deadline_ms = now + int(deadline_s * 1000)
    return ReplyRequest(persona_id=persona.id, message=message, history=history, deadline_ms=deadline_ms)


def _spoken(spoken: Spoken, persona: Persona) -> dict[str, Any]:
    return {
        "ok": True,
        "persona": persona.id,
        "text": spoken.text,
        "fallback": spoken.fallback,
        "passages": [asdict(passage) for passage in spoken.passages],
        "model": spoken.model,
    }


async def _generation_events(chunks: AsyncGenerator[GenerateChunk, None]) -> AsyncGenerator[dict[str, Any], None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.text:
                yield {"text": chunk.text}
            if chunk.usage is not None:
                usage = asdict(chunk.usage)
                yield {"ok": True, "model": chunk.model, "finish_reason": chunk.finish_reason, "usage": usage}


async def _reply_events(
    events: AsyncGenerator[Delta | Spoken, None], persona: Persona
) -> AsyncGenerator[dict[str, Any], None]:
    async with aclosing(events):
        async for event in events:
            yield {"delta": event.text} if isinstance(event, Delta) else _spoken(event, persona)
