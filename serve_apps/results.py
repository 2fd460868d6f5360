"""What the applications answer with, apart from the messages of a turn."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace

from core.messages import GenerateChunk, Usage

JSON, EVENTS = "application/json", "text/event-stream"
_ONLY_ROLE = re.compile(r'"role": ?"assistant", ?"content": ?(?:""|null)')  # within a text the quotes are escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How an answer over HTTP begins; its text follows in pieces. `retry_after_s` is told to who is to come again."""

    status: int
    media_type: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A whole generated text."""

    text: str
    model: str
    finish_reason: str
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What answers: the engine, its model and the adapters that may be asked for by name."""

    engine: str
    model: str
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A LoRA adapter: its name, the folder it is in, and the personas that speak with it unasked."""

    name: str
    path: str
    personas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingInfo:
    """The model behind the vectors. Longer texts than `max_tokens` are cut there by the model."""

    model: str
    dimensions: int
    max_tokens: int
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a vision model says about a picture, and what is written in it (`ocr`), line by line."""

    text: str
    model: str
    ocr: str = ""


async def whole(chunks: AsyncGenerator[GenerateChunk, None]) -> Generation:
    """The text of a stream all at once."""
    text: list[str] = []
    async with aclosing(chunks):
        async for chunk in chunks:
            text.append(chunk.text)
            if chunk.usage is not None:
                reason = chunk.finish_reason or "stop"
                return Generation(text="".join(text), model=chunk.model, finish_reason=reason, usage=chunk.usage)
    raise RuntimeError("The engine ended its stream without a last chunk.")


class Pace:
    """How long the text of a stream is held before it is sent: `least_s` seconds, and longer where there are so many
    streams that together they would send more than `per_s` chunks a second."""

    def __init__(self, least_s: float, per_s: float) -> None:
        self._least_s, self._per_s = least_s, per_s
        self._streams = 0

    @contextmanager
    def stream(self) -> Iterator[Callable[[], float]]:
        """Counts as one more stream while it is held; gives the seconds that its text is to be held, which change."""
        self._streams += 1
        try:
            yield lambda: max(self._least_s, self._streams / self._per_s)
        finally:
            self._streams -= 1


async def joined(
    answer: AsyncGenerator[Opening | str, None], every_s: Callable[[], float]
) -> AsyncGenerator[Opening | str, None]:
    """The same answer with pieces that come within `every_s` seconds as one, for the reason that `together` has.

    The first text does not wait. A first piece that only names the role comes with the second; not so later ones, since
    some servers name it in each."""
    held, sent_at = "", 0.0
    async with aclosing(answer):
        async for piece in answer:
            if isinstance(piece, Opening):
                yield piece
                continue
            waits = not held and not sent_at and _ONLY_ROLE.search(piece)
            held += piece
            if not waits and time.monotonic() - sent_at >= every_s():
                yield held
                held, sent_at = "", time.monotonic()
    if held:
        yield held


async def together(
    chunks: AsyncGenerator[GenerateChunk, None], every_s: Callable[[], float]
) -> AsyncGenerator[GenerateChunk, None]:
    """The same stream with what comes within `every_s` seconds as one chunk; the first and the last do not wait.

    Each chunk between processes costs more than a small model's token. A chunk is held only until the next arrives, so
    a model slower than one token per `every_s` streams as it is.
    """
    held, sent_at = "", 0.0
    async with aclosing(chunks):
        async for chunk in chunks:
            held += chunk.text
            if chunk.finish_reason is not None or time.monotonic() - sent_at >= every_s():
                yield replace(chunk, text=held)
                held, sent_at = "", time.monotonic()
