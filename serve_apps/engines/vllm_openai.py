"""The OpenAI protocol over a vLLM engine, spoken by vLLM's own serving classes: chat templates, events, log
probabilities, structured output and errors are theirs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.chat_completion.serving import OpenAIServingChat
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
from vllm.entrypoints.openai.completion.serving import OpenAIServingCompletion
from vllm.entrypoints.openai.models.protocol import BaseModelPath
from vllm.entrypoints.openai.models.serving import OpenAIServingModels
from vllm.entrypoints.serve import create_error_response
from vllm.entrypoints.serve.engine.protocol import ErrorResponse
from vllm.renderers.online_renderer import OnlineRenderer
from vllm.v1.engine.exceptions import EngineDeadError

from core.errors import ModelUnavailable, RequestError
from serve_apps import names
from serve_apps.results import EVENTS, JSON, Opening

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

_Create = Callable[[Any], Awaitable[Any]]


class VllmOpenAI:
    """Answers requests in the form of OpenAI's. `adapters` (LoRA requests by name) is shared with the engine: what is
    loaded there can be asked for here as a model. `template` is the chat template of a model that has none. Without
    `prompt_logprobs` nobody may ask how likely the tokens of a prompt are."""

    def __init__(
        self,
        llm: AsyncLLM,
        *,
        name: str,
        path: str,
        adapters: dict[str, Any],
        template: str | None = None,
        prompt_logprobs: bool = True,
    ) -> None:
        self._prompt_logprobs = prompt_logprobs
        self._models = OpenAIServingModels(llm, [BaseModelPath(name=name, model_path=path)])
        self._models.lora_requests = adapters
        renderer = OnlineRenderer(
            llm.model_config,
            llm.renderer,
            request_logger=None,
            chat_template=template,
            chat_template_content_format="auto",
        )
        chat = OpenAIServingChat(
            llm,
            self._models,
            "assistant",
            online_renderer=renderer,
            request_logger=None,
            chat_template=template,
            chat_template_content_format="auto",
        )
        completion = OpenAIServingCompletion(llm, self._models, online_renderer=renderer, request_logger=None)
        self._kinds: dict[str, tuple[type[Any], _Create]] = {
            "chat/completions": (ChatCompletionRequest, chat.create_chat_completion),
            "completions": (CompletionRequest, completion.create_completion),
        }

    async def answer(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        """The answer to `body` at `path` (what follows `/v1/`): how it begins, then its text in pieces.

        Raises ModelUnavailable where the engine is dead before it answers; RequestError (`path`) for another path."""
        if path == "models":
            yield Opening(status=200, media_type=JSON)
            yield (await self._models.show_available_models()).model_dump_json()
            return
        if path not in self._kinds:
            raise RequestError(f"This engine has no /v1/{path}.", field="path")
        made = await self._made(path, body)
        if isinstance(made, AsyncGenerator):
            yield Opening(status=200, media_type=EVENTS)
            async with aclosing(made) as events:
                async for event in events:
                    yield event
            return
        yield Opening(status=made.error.code if isinstance(made, ErrorResponse) else 200, media_type=JSON)
        yield made.model_dump_json()

    async def _made(self, path: str, body: bytes) -> Any:
        """What vLLM makes of a request: events, a whole answer, or an error of its own."""
        kind, create = self._kinds[path]
        try:
            request = kind.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())
            return create_error_response(f"{field or 'body'}: {first['msg']}", param=field or None)
        except Exception as error:  # its validators raise errors of vLLM's own, too, which Pydantic lets through
            return create_error_response(f"The request is not valid: {str(error).splitlines()[0]}")
        if not self._prompt_logprobs and _asks_about_prompt(request):
            field = "echo" if request.prompt_logprobs is None else "prompt_logprobs"
            return create_error_response(
                f"{field}: this engine gives no log probabilities of the prompt, only of what it writes.", param=field
            )
        try:
            return await create(request)
        except EngineDeadError as error:
            raise ModelUnavailable("The engine's process is dead.", component=names.LLM) from error
        except Exception as error:  # vLLM says itself what each of its errors means to a client
            return create_error_response(error)


def _asks_about_prompt(request: ChatCompletionRequest | CompletionRequest) -> bool:
    """Whether it wants log probabilities of the prompt's tokens, which `echo` asks for as well."""
    of_text = request.top_logprobs if isinstance(request, ChatCompletionRequest) else request.logprobs
    return request.prompt_logprobs is not None or (bool(request.echo) and of_text is not None)
