"""The routes of OpenAI's API. Texts are the engine's matter (`Engine.openai`); vectors are those of the embeddings
app. The official clients work against `http://…/v1` unchanged."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.errors import TroupeError
from serve_apps import http_errors
from serve_apps.results import EVENTS, JSON, EmbeddingInfo, Opening
from serve_apps.sse import HEADERS, notices, opened

OpenAI = Callable[[str, bytes], AsyncGenerator[Opening | str, None]]
Embed = Callable[[list[str]], Awaitable[list[list[float]]]]
Info = Callable[[], Awaitable[EmbeddingInfo]]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class EmbeddingsBody(BaseModel):
    """POST /v1/embeddings. `model` may be any name, since one model is loaded; tokens as input are not taken."""

    model_config = ConfigDict(extra="ignore")

    input: _Text | Annotated[list[_Text], Field(min_length=1, max_length=256)]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"


def add_openai(app: FastAPI, openai: OpenAI, embed: Embed, info: Info) -> None:
    """Give `app` the routes under `/v1`."""

    @app.get("/v1/models")
    async def models() -> Response:
        return await _answer(openai("models", b""))

    @app.post("/v1/chat/completions", openapi_extra=_ANY_OBJECT)
    async def chat_completions(request: Request) -> Response:
        body = await request.body()
        return await _answer(openai("chat/completions", body), body)

    @app.post("/v1/completions", openapi_extra=_ANY_OBJECT)
    async def completions(request: Request) -> Response:
        body = await request.body()
        return await _answer(openai("completions", body), body)

    @app.post("/v1/embeddings")
    async def embeddings(body: EmbeddingsBody) -> Any:
        texts = [body.input] if isinstance(body.input, str) else body.input
        vectors = await embed(texts)
        known = await info()
        tokens = sum(math.ceil(len(text) / 4) for text in texts)  # an estimate: vectors come without counts
        data = [
            {"object": "embedding", "index": i, "embedding": _packed(v) if body.encoding_format == "base64" else v}
            for i, v in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": known.model, "usage": usage}


_ANY_OBJECT = {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}


def _packed(vector: list[float]) -> str:
    """Little-endian float32 in base64, as the official clients ask for."""
    return base64.b64encode(array("f", vector).tobytes()).decode()


async def _answer(pieces: AsyncGenerator[Opening | str, None], asked: bytes = b"") -> Response:
    """The engine's answer over HTTP. Its beginning is awaited, so that a failure until then has its own status; but who
    asked for a stream and waits for a model to load gets comments meanwhile, which the clients skip, and a failure as
    an event."""
    first = await opened(pieces)
    if not first.done() and _streams(asked):
        return StreamingResponse(_events(pieces, first), media_type=EVENTS, headers=HEADERS)
    opening = _opening(await first)
    headers = {} if opening.retry_after_s is None else {"Retry-After": str(math.ceil(opening.retry_after_s))}
    if opening.media_type != EVENTS:
        async with aclosing(pieces):
            text = "".join([str(piece) async for piece in pieces])
        return Response(text, opening.status, headers, media_type=opening.media_type)
    return StreamingResponse(_events(pieces), opening.status, headers | HEADERS, media_type=EVENTS)


async def _events(
    pieces: AsyncGenerator[Opening | str, None], first: asyncio.Task[Opening | str] | None = None
) -> AsyncIterator[str]:
    """The pieces, after an opening that is still awaited where `first` is given."""
    async with aclosing(pieces):
        try:
            if first is not None:
                async with aclosing(notices(first, _comment)) as waiting:
                    async for line in waiting:
                        yield line
                if _opening(await first).media_type != EVENTS:  # refused: the body says why
                    yield f"data: {''.join([str(piece) async for piece in pieces])}\n\n"
            async for piece in pieces:
                yield str(piece)
        except TroupeError as error:  # the clients raise what an event says of an error
            yield f"data: {bytes(http_errors.troupe_error(error).body).decode()}\n\n"


async def _comment(seconds: int) -> str:
    return f": waiting for the model, {seconds} s\n\n"


def _opening(piece: Opening | str) -> Opening:
    if not isinstance(piece, Opening):
        raise TypeError("An engine's answer begins with an Opening.")
    return piece


def _streams(body: bytes) -> bool:
    """Whether a request asks for a stream. What is wrong with it otherwise the engine says."""
    try:
        wanted = json.loads(body)
    except ValueError:
        return False
    return isinstance(wanted, dict) and wanted.get("stream") is True
