"""A language model of a few lines, for tests of what stands around one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from core.clock import until
from core.errors import ModelUnavailable, RequestError, TroupeError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest, Usage
from serve_apps.engines.base import check_request
from serve_apps.results import EVENTS, JSON, Opening

Step = str | float | TroupeError


class ScriptedEngine:
    """Says one script per request, the last for ever: strings are chunks, numbers are seconds of waiting, errors are
    raised. `requests` holds what it was asked, `now_running` how many are being answered."""

    name = "scripted"
    model = "script"

    def __init__(self, *scripts: Sequence[Step], finish_reason: str = "stop") -> None:
        self.requests: list[GenerateRequest] = []
        self.bodies: list[dict[str, Any]] = []
        self.now_running = 0
        self.dead = False
        self.closed = self.asleep = False
        self.scripts = [list(script) for script in scripts]
        self._finish_reason = finish_reason

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        check_request(request)
        if request.adapter is not None:
            raise RequestError(f"There is no adapter {request.adapter!r}.", field="adapter")
        self.requests.append(request)
        script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
        async with aclosing(until(request.deadline_ms, self._say(script), "the text")) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _say(self, script: list[Step]) -> AsyncGenerator[GenerateChunk, None]:
        self.now_running += 1
        try:
            said = 0
            for step in script:
                if isinstance(step, TroupeError):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                    continue
                said += 1
                yield GenerateChunk(text=step, model=self.model)
            usage = Usage(prompt_tokens=1, completion_tokens=said)
            yield GenerateChunk(text="", model=self.model, finish_reason=self._finish_reason, usage=usage)
        finally:
            self.now_running -= 1

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """The script as events, or a list of its one model."""
        if path == "models":
            yield Opening(status=200, media_type=JSON)
            yield json.dumps({"object": "list", "data": [{"id": self.model, "object": "model"}]})
            return
        self.bodies.append(json.loads(body))
        yield Opening(status=200, media_type=EVENTS)
        async with aclosing(self._say(self.scripts[0])) as chunks:
            async for chunk in chunks:
                yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': chunk.text}}]})}\n\n"
        yield "data: [DONE]\n\n"

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(message.content.split()) for message in messages)

    async def check_health(self) -> None:
        if self.dead:
            raise ModelUnavailable("The script is lost.", component="llm")

    async def add_adapter(self, name: str, path: str) -> None:
        raise RequestError("A script takes no adapters.", field="adapter")

    async def remove_adapter(self, name: str) -> None:
        raise RequestError(f"There is no adapter {name!r}.", field="adapter")

    async def sleep(self) -> None:
        self.asleep = True

    async def wake(self) -> None:
        self.asleep = False

    def adapters(self) -> tuple[str, ...]:
        return ()

    def running(self) -> int:
        return self.now_running

    def close(self) -> None:
        self.closed = True
