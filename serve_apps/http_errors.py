"""Errors over HTTP, in one shape, `{"ok": false, "error": {"type", "message", "field"?}}`, and the limits of bodies."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import (
    ConfigError,
    DeadlineExceeded,
    Overloaded,
    RequestError,
    TroupeError,
    Unavailable,
    UnknownPersona,
)

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20
JSON, FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a path takes: kinds of bodies, and bytes."""

    kinds: tuple[str, ...] = (JSON,)
    size: int = MAX_BODY_BYTES


LIMIT = Limit()

# The first that fits counts, so subclasses stand before their bases.
STATUS: tuple[tuple[type[TroupeError], HTTPStatus], ...] = (
    (UnknownPersona, HTTPStatus.NOT_FOUND),
    (RequestError, HTTPStatus.BAD_REQUEST),
    (Overloaded, HTTPStatus.TOO_MANY_REQUESTS),
    (DeadlineExceeded, HTTPStatus.GATEWAY_TIMEOUT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConfigError, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def error_body(kind: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The body of every error."""
    error = {"type": kind, "message": message, **({"field": field} if field else {})}
    return {"ok": False, "error": error}


def troupe_error(error: TroupeError) -> JSONResponse:
    """The response that an error of the tree becomes."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("[API] %s", error)
    kind = _snake(type(error).__name__)
    field = error.field if isinstance(error, RequestError) else None
    return JSONResponse(error_body(kind, error.message, field), status_code=status, headers=headers)


def install(app: FastAPI, limits: Mapping[str, Limit]) -> None:
    """Give `app` these handlers, and its paths their limits; LIMIT where none is named."""

    @app.exception_handler(TroupeError)
    async def _troupe(_: Request, error: TroupeError) -> JSONResponse:
        return troupe_error(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            said = f"The body is not JSON: {first.get('ctx', {}).get('error', first['msg'])}."
            return JSONResponse(error_body("malformed_json", said), status_code=HTTPStatus.BAD_REQUEST)
        where = [str(part) for part in first["loc"][1:]]  # the first part says body, query or path
        field = ".".join(where) or "body"
        message = f"{field}: {first['msg'].removeprefix('Value error, ').rstrip('.')}."
        return JSONResponse(error_body("invalid", message, field), status_code=HTTPStatus.UNPROCESSABLE_ENTITY)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        kind = _snake(HTTPStatus(error.status_code).name)
        message = f"There is no {request.url.path} here." if error.status_code == 404 else str(error.detail)
        return JSONResponse(error_body(kind, message), status_code=error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> JSONResponse:
        logger.error("[API] unexpected", exc_info=error)
        return JSONResponse(error_body("internal", "Something went wrong here; the log says what."), status_code=500)

    app.add_middleware(BodyLimits, limits=limits)


class BodyLimits:
    """Refuses bodies that are too big, announced or not, and those of another kind, before anything reads them."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, Limit]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        limit = self._limits.get(scope["path"], LIMIT)
        if headers.get(b"content-type", "").split(";")[0].strip().lower() not in limit.kinds:
            wanted = " or ".join(limit.kinds)
            body = error_body("unsupported_media_type", f"Send the header `Content-Type: {wanted}`.")
            await JSONResponse(body, status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)(scope, receive, send)
            return
        announced = headers.get(b"content-length", "0")
        if not announced.isdecimal() or int(announced) > limit.size:
            await _too_large(limit, scope, receive, send)
            return
        # Small enough to be read whole, which is what the routes do anyway.
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit.size:
                await _too_large(limit, scope, receive, send)
                return
            chunks.append(chunk)
            more = message.get("more_body", False)
        replay: list[Message] = [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]

        async def receive_again() -> Message:
            return replay.pop() if replay else await receive()

        await self._app(scope, receive_again, send)


async def _too_large(limit: Limit, scope: Scope, receive: Receive, send: Send) -> None:
    body = error_body("too_large", f"The body may have {limit.size} bytes at most.")
    await JSONResponse(body, status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)


def _snake(name: str) -> str:
    return "".join(
        f"_{c.lower()}" if c.isupper() and i and not name.isupper() else c.lower() for i, c in enumerate(name)
    )
