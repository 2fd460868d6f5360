"""A small OpenAI-compatible server over real HTTP, which answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class OpenAIServer:
    """`pieces` are streamed; an `error` (status, headers, body) is answered instead `error_times` times. `bodies` and
    `keys` hold what was asked, `cancelled` counts the clients that left in the middle."""

    url: str = ""
    models: tuple[str, ...] = ("moon-7b",)
    pieces: tuple[str, ...] = ("Hel", "lo", ".")
    pause_s: float = 0.0
    hang_after: int | None = None
    break_after: int | None = None
    counts: bool = True
    error: tuple[int, dict[str, str], dict[str, Any]] | None = None
    error_times: int = 1_000
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    cancelled: int = 0

    async def list_models(self, request: web.Request) -> web.StreamResponse:
        return self._error() or web.json_response(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
        )

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        if error := self._error():
            return error
        chat = request.path.endswith("/chat/completions")
        if not self.bodies[-1].get("stream"):
            text = "".join(self.pieces)
            choice = {"index": 0, **({"message": {"content": text}} if chat else {"text": text})}
            return web.json_response({"id": "x", "model": "m", "choices": [choice]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for number, piece in enumerate(self.pieces):
                if number == self.hang_after:
                    await asyncio.sleep(60)
                if number == self.break_after:
                    assert request.transport is not None
                    request.transport.close()
                    return response
                await self._event(
                    response, [{"index": 0, "delta": {"content": piece}} if chat else {"index": 0, "text": piece}]
                )
                await asyncio.sleep(self.pause_s)
            last = {"index": 0, "finish_reason": "stop", **({"delta": {}} if chat else {"text": ""})}
            await self._event(response, [last])
            if self.counts:
                await self._event(response, [], {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8})
            await response.write(b"data: [DONE]\n\n")
        except (asyncio.CancelledError, ConnectionResetError):
            self.cancelled += 1
            raise
        return response

    async def _event(
        self, response: web.StreamResponse, choices: list[dict[str, Any]], usage: dict[str, int] | None = None
    ) -> None:
        event = {"id": "x", "object": "chunk", "created": 0, "model": "m", "choices": choices, "usage": usage}
        await response.write(f"data: {json.dumps(event)}\n\n".encode())

    def _error(self) -> web.Response | None:
        if self.error is None or self.error_times < 1:
            return None
        self.error_times -= 1
        status, headers, body = self.error
        return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def openai_server(**settings: Any) -> AsyncIterator[OpenAIServer]:
    """A running server with its base URL in `url`."""
    server = OpenAIServer(**settings)
    app = web.Application()
    app.router.add_get("/v1/models", server.list_models)
    app.router.add_post("/v1/chat/completions", server.complete)
    app.router.add_post("/v1/completions", server.complete)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
