"""A remote OpenAI-compatible endpoint as an engine: Ollama, llama.cpp, OpenRouter, OpenAI and their like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import openai
from openai import AsyncOpenAI
from pydantic import BaseModel, Field, SecretStr

from core.clock import remaining_s, until
from core.errors import ConfigError, DeadlineExceeded, ModelUnavailable, Overloaded, RequestError, TroupeError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest, Usage
from serve_apps import names
from serve_apps.engines.base import check_request
from serve_apps.results import JSON, Opening
from serve_apps.tokens import estimate_tokens

MAX_RETRY_AFTER_S = 60.0
REACH_S, SILENCE_S = 5.0, 120.0  # to reach the endpoint, and its longest silence


class OpenAIConfig(BaseModel, frozen=True):
    """Where the endpoint is and what it is asked for."""

    base_url: str = Field(
        description="The base that `/chat/completions` is appended to, e.g. http://127.0.0.1:11434/v1."
    )
    api_key: SecretStr | None = Field(default=None, description="Sent as a bearer token where given.")
    model: str | None = Field(default=None, description="None takes the endpoint's only model.")
    connect_timeout_s: float = Field(default=REACH_S, gt=0, description="Time to reach the endpoint.")
    timeout_s: float = Field(default=SILENCE_S, gt=0, description="Longest silence of the endpoint.")
    max_retries: int = Field(default=2, ge=0, le=5, description="Further attempts before the first byte came.")


class OpenAIEngine:
    """An engine over HTTP. Use `await OpenAIEngine.start(config)`."""

    name = "openai"

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self.model = model
        self._client = client
        # For what is passed on as it is: the official client would take it apart.
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {client.api_key}", "Content-Type": JSON},
            timeout=httpx.Timeout(SILENCE_S, connect=REACH_S),
        )
        self._running = 0

    @classmethod
    async def start(cls, config: OpenAIConfig) -> OpenAIEngine:
        """Find the model. Raises ConfigError where the endpoint has several and none was named, or refuses the key,
        ModelUnavailable where it does not answer."""
        client = AsyncOpenAI(
            base_url=config.base_url,
            api_key=config.api_key.get_secret_value() if config.api_key else "none",  # the client insists on one
            timeout=openai.Timeout(config.timeout_s, connect=config.connect_timeout_s),
            max_retries=config.max_retries,
        )
        if config.model is not None:
            return cls(client, config.model)
        try:
            models = [model.id async for model in client.models.list()]
        except openai.OpenAIError as error:
            await client.close()
            raise _translate(error, "?", config.base_url) from error
        if len(models) != 1:
            await client.close()
            shown = ", ".join(models[:10]) or "none"
            raise ConfigError(
                f"The endpoint {config.base_url} has {len(models)} models ({shown}).",
                field="LLM_MODEL",
                fix="Set it to the name of the one to use.",
            )
        return cls(client, models[0])

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        check_request(request)
        if request.adapter is not None:
            raise RequestError("A remote endpoint takes no adapters; name a model instead.", field="adapter")
        self._running += 1
        try:
            async with aclosing(until(request.deadline_ms, self._stream(request), "the text")) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._running -= 1

    async def _stream(self, request: GenerateRequest) -> AsyncIterator[GenerateChunk]:
        wanted: dict[str, Any] = {
            "model": self.model,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "stop": list(request.stop[:4]) or None,  # the protocol allows four
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": remaining_s(request.deadline_ms),
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        reason, usage, text = None, None, ""
        try:
            if request.prompt is not None:
                events: Any = await self._client.completions.create(prompt=request.prompt, **wanted)
            else:
                messages: Any = [{"role": m.role, "content": m.content} for m in request.messages]
                events = await self._client.chat.completions.create(messages=messages, **wanted)
            async with events:
                async for event in events:
                    if event.usage is not None:
                        usage = Usage(
                            prompt_tokens=event.usage.prompt_tokens, completion_tokens=event.usage.completion_tokens
                        )
                    for choice in event.choices[:1]:
                        piece = choice.text if request.prompt is not None else choice.delta.content
                        reason = choice.finish_reason or reason
                        if piece:
                            text += piece
                            yield GenerateChunk(text=piece, model=self.model)
        except openai.OpenAIError as error:
            raise _translate(error, self.model, str(self._client.base_url)) from error
        if reason is None:
            raise ModelUnavailable("The endpoint ended its answer in the middle.", component=names.LLM)
        if usage is None:  # not every server counts
            usage = Usage(
                prompt_tokens=estimate_tokens(request.prompt or "".join(m.content for m in request.messages)),
                completion_tokens=estimate_tokens(text),
            )
        yield GenerateChunk(text="", model=self.model, finish_reason=reason, usage=usage)

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """The endpoint's own answer, passed on as it comes."""
        base = str(self._client.base_url).rstrip("/")
        method = "GET" if path == "models" else "POST"
        self._running += 1
        try:
            async with self._http.stream(method, f"{base}/{path}", content=body or None) as response:
                kind = response.headers.get("content-type", JSON).split(";")[0]
                wait = _retry_after(response.headers) if response.status_code in (429, 503) else None
                yield Opening(status=response.status_code, media_type=kind, retry_after_s=wait)
                async for text in response.aiter_text():
                    yield text
        except httpx.HTTPError as error:
            raise ModelUnavailable(f"{base} cannot be reached.", component=names.LLM) from error
        finally:
            self._running -= 1

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return sum(estimate_tokens(message.content) for message in messages)

    async def check_health(self) -> None:
        """Never fails: replacing this process does not bring a remote server back."""

    async def add_adapter(self, name: str, path: str) -> None:
        raise RequestError("A remote endpoint takes no adapters.", field="adapter")

    async def remove_adapter(self, name: str) -> None:
        raise RequestError(f"There is no adapter {name!r}.", field="adapter")

    async def sleep(self) -> None:
        """The endpoint's memory is its own matter."""

    async def wake(self) -> None:
        """See `sleep`."""

    def adapters(self) -> tuple[str, ...]:
        return ()

    def running(self) -> int:
        return self._running

    def close(self) -> None:
        both = asyncio.gather(self._client.close(), self._http.aclose())
        self._closing = asyncio.ensure_future(both)  # kept, lest it be collected


def _translate(error: openai.OpenAIError, model: str, base_url: str) -> TroupeError:
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ConfigError(
                f"{base_url} refuses the key ({error.status_code}).",
                field="OPENAI_API_KEY",
                fix="Set it to a key that is valid there.",
            )
        case openai.NotFoundError():
            return ConfigError(
                f"{base_url} does not know the model {model!r}.",
                field="LLM_MODEL",
                fix="Set it to a model that the endpoint lists, and OPENAI_BASE_URL to the base ending in /v1.",
            )
        case openai.RateLimitError():
            return Overloaded("The endpoint asks to slow down.", retry_after_s=_retry_after(error.response.headers))
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            said = str((error.body or {}).get("message", "") if isinstance(error.body, dict) else error.message)[:300]
            return RequestError(f"The endpoint refuses the request: {said}", field=_bad_field(error.code, said))
        case openai.APITimeoutError():
            return DeadlineExceeded("The endpoint did not answer in time.")
        case openai.APIConnectionError():
            return ModelUnavailable(f"{base_url} cannot be reached.", component=names.LLM)
        case openai.APIStatusError():
            return ModelUnavailable(f"{base_url} answers {error.status_code}.", component=names.LLM)
    return ModelUnavailable(f"{base_url} broke its answer off: {str(error)[:200]}", component=names.LLM)


def _bad_field(code: str | None, said: str) -> str:
    if code == "context_length_exceeded" or "context" in said.lower():
        return "messages"
    return next((name for name in ("max_tokens", "temperature", "top_p", "stop", "seed") if name in said), "messages")


def _retry_after(headers: Any) -> float:
    try:
        return min(MAX_RETRY_AFTER_S, max(0.0, float(headers.get("retry-after", "1"))))
    except ValueError:  # the header may also be a date
        return 1.0
