"""Questions about pictures, answered by a large model whose chat takes pictures: in vLLM or behind an endpoint."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from PIL import Image

from core.errors import ModelUnavailable, Overloaded, RequestError
from serve_apps import names
from serve_apps.engines.base import Engine
from serve_apps.results import Opening

DESCRIBE = "Describe this picture in one or two sentences. Write out any words that can be read on it."
MOST_QUESTION_CHARS = 2_000
MAX_TOKENS = 160


class VisionChat:
    """Asks an engine by the OpenAI protocol, one request per picture, which the engine batches itself."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.model
        self._engine = engine

    def check(self, question: str | None) -> None:
        """Raises RequestError (`question`) for one that is too long."""
        if question and len(question) > MOST_QUESTION_CHARS:
            raise RequestError(f"The question has over {MOST_QUESTION_CHARS} characters.", field="question")

    async def describe(self, asked: Sequence[tuple[Image.Image, str | None]]) -> list[str]:
        """One answer for each (picture, question). Raises RequestError (`image`) where the model takes no pictures,
        Overloaded and ModelUnavailable for what may pass."""
        return list(await asyncio.gather(*(self._one(image, question) for image, question in asked)))

    def close(self) -> None:
        """See `Engine.close`."""
        self._engine.close()

    async def _one(self, image: Image.Image, question: str | None) -> str:
        picture = await asyncio.to_thread(_data_url, image)
        parts = [
            {"type": "image_url", "image_url": {"url": picture}},
            {"type": "text", "text": (question or "").strip() or DESCRIBE},
        ]
        wanted = {"model": self.name, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": parts}]}
        opening: Opening | None = None
        text = ""
        async with aclosing(self._engine.openai("chat/completions", json.dumps(wanted).encode())) as pieces:
            async for piece in pieces:
                if isinstance(piece, Opening):
                    opening = piece
                else:
                    text += piece
        return _answer(opening, text)


def _answer(opening: Opening | None, text: str) -> str:
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = {}
    status = opening.status if opening else 502
    if status == 200:
        try:
            return str(body["choices"][0]["message"]["content"] or "").strip()
        except (KeyError, IndexError, TypeError):
            status = 502
    error = body.get("error") if isinstance(body, dict) else None
    said = str(error.get("message", ""))[:300] if isinstance(error, dict) else ""
    if status == 429:
        raise Overloaded(
            "The vision model asks to slow down.", retry_after_s=(opening and opening.retry_after_s) or 1.0
        )
    if 400 <= status < 500:
        raise RequestError(f"The vision model refuses the picture: {said or status}", field="image")
    raise ModelUnavailable(f"The vision model answers {status}. {said}".strip(), component=names.VLM)


def _data_url(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
