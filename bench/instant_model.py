"""An OpenAI-compatible endpoint that answers at once, so that what is measured is Troupe and not a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

ANSWER = "Oh, hello! I heard you at once."


class InstantModel:
    """Serves `/v1/chat/completions` on a free loopback port while entered; `base_url` is what OPENAI_BASE_URL takes."""

    def __init__(self) -> None:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._complete)
        application.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(application, access_log=None)
        self.base_url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def answer(self, body: Mapping[str, Any]) -> str:
        """What it says to a request; the same to all."""
        return ANSWER

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"object": "list", "data": [{"id": "instant", "object": "model", "owned_by": "bench"}]}
        )

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        text = self.answer(body)
        usage = {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9}
        head = {"id": "bench", "created": 0, "model": body["model"]}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        head["object"] = "chat.completion.chunk"
        delta = {"role": "assistant", "content": text}
        for choices, count in (
            ([{"index": 0, "delta": delta, "finish_reason": None}], None),
            ([{"index": 0, "delta": {}, "finish_reason": "stop"}], None),
            ([], usage),
        ):
            chunk = {**head, "choices": choices, "usage": count}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response
