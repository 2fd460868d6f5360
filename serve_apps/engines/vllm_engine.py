"""vLLM as an engine, the same class on a CPU and on a GPU: only dtype and memory settings differ."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import BaseModel, Field

from core.clock import until
from core.errors import ConfigError, ModelUnavailable, RequestError, TroupeError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest, Usage
from serve_apps import names
from serve_apps.engines.adapter_files import checked_adapter
from serve_apps.engines.base import check_request
from serve_apps.engines.engine_errors import EngineErrors
from serve_apps.results import Opening
from serve_apps.tokens import PLAIN_TEMPLATE

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

    from serve_apps.engines.vllm_openai import VllmOpenAI


logger = logging.getLogger(__name__)

BNB, BNB_PLUGIN = "bitsandbytes", "vllm-bnb-plugin"


class VllmConfig(BaseModel, frozen=True):
    """How the engine is started."""

    model: str = Field(description="A folder or a Hugging Face id.")
    dtype: str = Field(default="auto", description="auto: float32 on a CPU, the model's own on a GPU.")
    max_model_len: int | None = Field(default=None, description="Window in tokens; None takes the model's own.")
    max_num_seqs: int = Field(default=64, description="Sequences worked on at once.")
    max_loras: int = Field(default=4, description="LoRA adapters that one batch may mix.")
    max_cpu_loras: int = Field(default=16, description="LoRA adapters kept in memory.")
    max_lora_rank: int = Field(default=16, description="Highest rank of an adapter.")
    kv_cache_gib: int = Field(default=1, description="Memory for the key-value cache on a CPU.")
    cpu_threads: int | None = Field(default=None, description="Threads on a CPU; None takes half of the cores.")
    gpu_memory_utilization: float = Field(default=0.7, description="Share of a GPU's memory that the engine may take.")
    quantization: str | None = Field(default=None, description="As vLLM names it: fp8, bitsandbytes, awq …")
    allocator: str = Field(default="", description="PYTORCH_CUDA_ALLOC_CONF.")
    adapters: bool = Field(default=True, description="Whether LoRA adapters can be loaded.")
    sleeps: bool = Field(default=False, description="Whether it can give a GPU's memory back for a while.")
    images: int = Field(default=0, description="Pictures that a prompt may hold.")
    seed: int = Field(default=0, description="Seed of requests that bring none.")
    slice_setting: str = Field(default="LLM_GPU_SLICE", description="What sets gpu_memory_utilization.")


class VllmEngine:
    """An engine over `AsyncLLM`. Use `await VllmEngine.start(config)`; a started engine is ready."""

    name = "vllm"

    def __init__(self, llm: AsyncLLM, config: VllmConfig, errors: EngineErrors) -> None:
        self.model = Path(config.model).name if Path(config.model).is_dir() else config.model
        self.max_model_len: int = llm.model_config.max_model_len
        self._llm = llm
        self._tokenizer: Any = llm.get_tokenizer()
        self._defaults: dict[str, Any] = llm.model_config.get_diff_sampling_param() or {}  # read from disk each time
        self._template = None if self._tokenizer.chat_template else PLAIN_TEMPLATE
        self._config, self._errors = config, errors
        self._adapters: dict[str, Any] = {}
        # vLLM caches adapters by number, so a retrained adapter needs a number never used before.
        self._adapter_ids = itertools.count(1)
        self._adapter_lock = asyncio.Lock()
        self._protocol: VllmOpenAI | None = None

    @classmethod
    async def start(cls, config: VllmConfig) -> VllmEngine:
        """Load the model. Takes about 20 s on two cores. Raises ConfigError where the model or its settings are wrong,
        ModelUnavailable where the engine's processes fail to start."""
        _prepare_environment(config)
        from vllm import AsyncEngineArgs  # imported late: it reads the environment prepared above
        from vllm.v1.engine.async_llm import AsyncLLM

        cpu = _on_cpu()
        check_quantization(config, cpu=cpu)
        check_sleep(config, cpu=cpu)
        args = AsyncEngineArgs(**engine_arguments(config, cpu=cpu))
        errors = EngineErrors()
        try:
            with errors.kept():
                return cls(AsyncLLM.from_engine_args(args), config, errors)
        except (ValueError, OSError, RuntimeError) as error:
            failure = _why_not_started(error, errors, config, cpu=cpu)
            errors.close()
            raise failure from error

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        check_request(request)
        lora = self._adapter(request.adapter)
        prompt_ids = self._encode(request)
        if len(prompt_ids) + request.max_tokens > self.max_model_len:
            given = "prompt" if request.prompt else "messages"
            field = "max_tokens" if len(prompt_ids) < self.max_model_len else given
            raise RequestError(
                f"The prompt has {len(prompt_ids)} tokens and `max_tokens` is {request.max_tokens}, "
                f"but the model's window holds {self.max_model_len}.",
                field=field,
            )
        stream = self._stream(request, prompt_ids, lora)
        async with aclosing(until(request.deadline_ms, stream, "the text")) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _stream(self, request: GenerateRequest, prompt_ids: list[int], lora: Any) -> AsyncIterator[GenerateChunk]:
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        outputs = self._llm.generate(
            {"prompt_token_ids": prompt_ids}, self._sampling(request), uuid.uuid4().hex, lora_request=lora
        )
        model = request.adapter or self.model
        completion_tokens = 0
        try:
            async for output in outputs:
                piece = output.outputs[0]
                completion_tokens += len(piece.token_ids)
                if output.finished:
                    usage = Usage(
                        prompt_tokens=len(prompt_ids),
                        completion_tokens=completion_tokens,
                        cached_tokens=output.num_cached_tokens or 0,
                    )
                    reason = piece.finish_reason or "stop"
                    yield GenerateChunk(
                        text=piece.text, model=model, finish_reason=reason, usage=usage, adapter=request.adapter
                    )
                elif piece.text:
                    yield GenerateChunk(text=piece.text, model=model)
        except (ValueError, VLLMClientError) as error:
            raise RequestError(f"The engine refused the request: {_first_line(error)}.", field="messages") from error
        except (EngineDeadError, EngineGenerateError) as error:
            raise self._dead("The engine died while it wrote") from error
        finally:
            await outputs.aclose()  # aborts the request in the engine where it is not finished

    def _sampling(self, request: GenerateRequest) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        given = {"temperature": request.temperature, "top_p": request.top_p, "seed": request.seed}
        values = {**self._defaults, **{name: value for name, value in given.items() if value is not None}}
        values.update(max_tokens=request.max_tokens, stop=list(request.stop), output_kind=RequestOutputKind.DELTA)
        return SamplingParams(**values)

    def _encode(self, request: GenerateRequest) -> list[int]:
        if request.prompt is not None:
            return list(self._tokenizer.encode(request.prompt))
        return self._render(request.messages)

    def _render(self, messages: Sequence[ChatMessage]) -> list[int]:
        try:
            return list(
                self._tokenizer.apply_chat_template(
                    [asdict(message) for message in messages],
                    chat_template=self._template,
                    add_generation_prompt=True,
                    tokenize=True,
                    return_dict=False,
                )
            )
        except Exception as error:  # templates raise what they like: jinja errors, ValueError
            raise RequestError(
                f"The model's chat template refuses these messages: {_first_line(error)}.", field="messages"
            ) from error

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        if self._protocol is None:  # its imports take a second, which nobody needs who only chats
            from serve_apps.engines.vllm_openai import VllmOpenAI

            self._protocol = VllmOpenAI(
                self._llm,
                name=self.model,
                path=self._config.model,
                adapters=self._adapters,
                template=self._template,
                # On a CPU with adapters vLLM's engine dies of such a request where the prompt is longer than its batch.
                prompt_logprobs=not (_on_cpu() and self._config.adapters),
            )
        async with aclosing(self._protocol.answer(path, body)) as pieces:
            async for piece in pieces:
                yield piece

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return len(self._render(messages))

    async def check_health(self) -> None:
        from vllm.v1.engine.exceptions import EngineDeadError

        try:
            await self._llm.check_health()
        except EngineDeadError as error:
            raise self._dead("The engine's process is dead") from error

    def _dead(self, what: str) -> ModelUnavailable:
        cause = self._errors.cause()
        if self._errors.out_of_memory():
            logger.error("[LLM] the engine ran out of memory. %s", _less_memory(self._config, cpu=_on_cpu()))
        return ModelUnavailable(f"{what}: {cause}." if cause else f"{what}.", component=names.LLM)

    async def add_adapter(self, name: str, path: str) -> None:
        from vllm.lora.request import LoRARequest

        hidden_size = self._llm.model_config.get_hidden_size()
        folder = checked_adapter(path, max_rank=self._config.max_lora_rank, hidden_size=hidden_size)
        async with self._adapter_lock:
            lora = LoRARequest(lora_name=name, lora_int_id=next(self._adapter_ids), lora_path=folder)
            try:
                await self._llm.add_lora(lora)
            except Exception as error:
                await self.check_health()
                raise RequestError(f"The adapter cannot be loaded: {_first_line(error)}.", field="path") from error
            older = self._adapters.get(name)
            self._adapters[name] = lora
            if older is not None:
                await self._llm.remove_lora(older.lora_int_id)

    async def remove_adapter(self, name: str) -> None:
        async with self._adapter_lock:
            lora = self._adapter(name)
            del self._adapters[name]
            await self._llm.remove_lora(lora.lora_int_id)

    async def sleep(self) -> None:
        await self._llm.sleep(level=1)  # weights go to main memory, the key-value cache is dropped

    async def wake(self) -> None:
        await self._llm.wake_up()

    def adapters(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def _adapter(self, name: str | None) -> Any:
        if name is None:
            return None
        if name not in self._adapters:
            known = ", ".join(self._adapters) or "none"
            raise RequestError(f"There is no adapter {name!r} (loaded: {known}).", field="adapter")
        return self._adapters[name]

    def running(self) -> int:
        return int(self._llm.get_num_unfinished_requests())

    def close(self) -> None:
        self._llm.shutdown()
        self._errors.close()


def engine_arguments(config: VllmConfig, *, cpu: bool) -> dict[str, Any]:
    """The arguments of `AsyncEngineArgs`."""
    return {
        "model": config.model,
        # bfloat16 takes an AMX kernel that dies of an illegal instruction inside a Ray worker.
        "dtype": "float32" if cpu and config.dtype == "auto" else config.dtype,
        "max_model_len": config.max_model_len,
        "max_num_seqs": config.max_num_seqs,
        "enforce_eager": cpu,
        # One process less, which is 10 s of imports; the two that stay are this one and the engine's.
        "distributed_executor_backend": "uni" if cpu else None,
        "enable_prefix_caching": True,
        # On a CPU vLLM dies of a prompt that is read in two parts where its request brings a seed, as replies do.
        "enable_chunked_prefill": False if cpu else None,
        "quantization": config.quantization,
        "enable_lora": config.adapters,
        "max_loras": config.max_loras,
        "max_cpu_loras": config.max_cpu_loras if config.adapters else None,
        "max_lora_rank": config.max_lora_rank,
        "limit_mm_per_prompt": {"image": config.images},
        "gpu_memory_utilization": config.gpu_memory_utilization,
        "enable_sleep_mode": config.sleeps,
        "seed": config.seed,
        "disable_log_stats": True,
    }


def _why_not_started(
    error: ValueError | OSError | RuntimeError, errors: EngineErrors, config: VllmConfig, *, cpu: bool
) -> TroupeError:
    if not isinstance(error, RuntimeError):
        return ConfigError(
            f"vLLM cannot load {config.model!r}: {_first_line(error)}.",
            field="LLM_MODEL",
            fix="Give a folder with a model or a Hugging Face id, and a window that it supports.",
        )
    cause = errors.cause() or _first_line(error)
    if errors.out_of_memory():
        return ConfigError(
            f"The memory is too small for {config.model!r}: {cause}.",
            field=config.slice_setting,
            fix=_less_memory(config, cpu=cpu),
        )
    return ModelUnavailable(f"The engine did not start: {cause}.", component=names.LLM)


def _less_memory(config: VllmConfig, *, cpu: bool) -> str:
    """What to change where memory is short."""
    if cpu:
        return "Lower LLM_MAX_MODEL_LEN or LLM_MAX_NUM_SEQS, or take a smaller model."
    fewer = "" if config.quantization else ", or set USE_8BIT or USE_4BIT"
    return f"Raise {config.slice_setting}, lower LLM_MAX_MODEL_LEN or LLM_MAX_NUM_SEQS{fewer}."


def check_quantization(config: VllmConfig, *, cpu: bool) -> None:
    """Raises ConfigError where the weights cannot be quantized here; vLLM would say so a minute later, in its log."""
    if config.quantization is None:
        return
    field = "USE_4BIT" if config.quantization == BNB else "USE_8BIT"
    if cpu:
        raise ConfigError(
            "Weights are quantized on a GPU only, and none was found.", field=field, fix="Leave it out, or use a GPU."
        )
    if config.quantization == BNB and not _installed(BNB_PLUGIN):
        raise ConfigError(
            f"vLLM loads weights of 4 bits with the package {BNB_PLUGIN}, which is not installed.",
            field=field,
            fix="Run `make setup` on this machine, or set USE_8BIT instead.",
        )


def check_sleep(config: VllmConfig, *, cpu: bool) -> None:
    """Raises ConfigError where there is no GPU whose memory could be given back."""
    if config.sleeps and cpu:
        raise ConfigError(
            "A language model gives a GPU's memory back while it sleeps, and no GPU was found.",
            field="LLM_SLEEP_S",
            fix="Leave it out. PRELOAD_LLM=false unloads an idle model altogether.",
        )


def _on_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _prepare_environment(config: VllmConfig) -> None:
    """What vLLM and its engine process read from the environment; some of it already while they are imported."""
    environment = os.environ
    if Path(config.model).is_dir():
        environment["HF_HUB_OFFLINE"] = "1"
    environment["VLLM_NO_USAGE_STATS"] = "1"
    environment.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    environment.setdefault("VLLM_CPU_KVCACHE_SPACE", str(config.kv_cache_gib))
    if torch.cuda.is_available():
        environment.setdefault("PYTORCH_CUDA_ALLOC_CONF", config.allocator)
    else:
        # vLLM moves its worker into a process of its own unless this says that there is no need.
        environment["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        environment["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
        # OpenMP's threads wait by spinning, so as many as cores would fight with everything else that runs here.
        threads = config.cpu_threads or max(1, (os.cpu_count() or 2) // 2)
        environment["OMP_NUM_THREADS"] = str(threads)


def _first_line(error: BaseException) -> str:
    """What went wrong in one line; in a Pydantic error that is not the first."""
    lines = [line.strip() for line in str(error).strip().split("\n") if line.strip()]
    said = next((line.removeprefix("Value error, ") for line in lines if line.startswith("Value error, ")), None)
    return (said or (lines[0] if lines else type(error).__name__)).rstrip(".")
