"""What every language model engine offers, whatever runs behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol, runtime_checkable

from PIL import Image

from core.clock import remaining_s
from core.errors import DeadlineExceeded, RequestError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest
from serve_apps.results import Opening

MAX_STOP_STRINGS = 16


@runtime_checkable
class Engine(Protocol):
    """A language model. Every method may be called at the same time by many requests.

    `generate` raises RequestError for what the caller must change, Overloaded and ModelUnavailable for what may pass,
    DeadlineExceeded when `deadline_ms` is over, ConfigError for what the operator must change. Closing its iterator
    stops the generation.
    """

    name: str
    model: str

    def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        """The text as it comes. The last chunk has `finish_reason` (`stop` or `length`) and `usage`."""
        ...

    def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """The answer to an OpenAI request at `/v1/{path}` (`chat/completions`, `completions`, `models`): how it begins,
        then its text in pieces. A client's error is such an answer; ModelUnavailable and ConfigError are raised."""
        ...

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of `messages` as the model reads them, chat template included; an estimate for remote models."""
        ...

    async def check_health(self) -> None:
        """Raises ModelUnavailable when the engine cannot answer until it is replaced."""
        ...

    async def add_adapter(self, name: str, path: str) -> None:
        """Load the LoRA adapter in the folder `path` as `name`, replacing an older one of that name."""
        ...

    async def remove_adapter(self, name: str) -> None:
        """Unload an adapter. RequestError (`adapter`) where there is none of that name."""
        ...

    async def sleep(self) -> None:
        """Give memory back until `wake`; nothing is asked of it meanwhile. Where nothing is held, nothing happens."""
        ...

    async def wake(self) -> None:
        """Be as before `sleep`."""
        ...

    def adapters(self) -> tuple[str, ...]:
        """Names of the loaded adapters."""
        ...

    def running(self) -> int:
        """Requests that are being answered or wait for it."""
        ...

    def close(self) -> None:
        """Begin to free what the engine holds; called within the running event loop, once."""
        ...


@runtime_checkable
class VisionEngine(Protocol):
    """A model that looks at pictures. `describe` is not called twice at the same time."""

    name: str

    def check(self, question: str | None) -> None:
        """Raises RequestError (`question`) for one that this model cannot be asked."""
        ...

    async def describe(self, asked: Sequence[tuple[Image.Image, str | None]]) -> list[str]:
        """One answer for each (picture, question); without a question the picture is described."""
        ...

    def close(self) -> None:
        """Begin to free what the model holds; called within the running event loop, once."""
        ...


def check_request(request: GenerateRequest) -> None:
    """Check what needs no model. Raises RequestError naming the field, DeadlineExceeded where it is over already."""
    if request.prompt is not None and request.messages:
        raise RequestError("Give either `prompt` or `messages`, not both.", field="prompt")
    if request.prompt is None and not request.messages:
        raise RequestError("Give a `prompt` or `messages`.", field="messages")
    if request.prompt == "":
        raise RequestError("The prompt is empty.", field="prompt")
    if request.max_tokens < 1:
        raise RequestError("`max_tokens` must be at least 1.", field="max_tokens")
    if request.temperature is not None and not 0 <= request.temperature <= 2:
        raise RequestError("`temperature` must be between 0 and 2.", field="temperature")
    if request.top_p is not None and not 0 < request.top_p <= 1:
        raise RequestError("`top_p` must be above 0 and at most 1.", field="top_p")
    if len(request.stop) > MAX_STOP_STRINGS or any(not stop for stop in request.stop):
        raise RequestError(f"`stop` takes up to {MAX_STOP_STRINGS} strings that are not empty.", field="stop")
    left = remaining_s(request.deadline_ms)
    if left is not None and left <= 0:
        raise DeadlineExceeded("The deadline was over before the model was asked.")
