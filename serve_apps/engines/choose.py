"""The one place that decides which engines answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.settings import Settings
from serve_apps.engines.base import Engine, VisionEngine

if TYPE_CHECKING:
    from serve_apps.engines.vllm_engine import VllmConfig

VISION_SEQS = 8  # pictures that are looked at at once


async def start_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for, started: the endpoint of OPENAI_BASE_URL, else vLLM with LLM_MODEL.

    Raises ConfigError where it cannot work with these settings, ModelUnavailable where it may work later.
    """
    # Each import is paid only by who needs it: vLLM's takes seconds.
    if settings.openai_base_url is not None:
        from serve_apps.engines.openai_engine import OpenAIConfig, OpenAIEngine

        # The default of LLM_MODEL is a folder here, which means nothing to a server there.
        model = settings.llm_model if "llm_model" in settings.model_fields_set else None
        return await OpenAIEngine.start(
            OpenAIConfig(base_url=settings.openai_base_url, api_key=settings.openai_api_key, model=model)
        )
    from serve_apps.engines.vllm_engine import VllmEngine

    return await VllmEngine.start(llm_config(settings))


def llm_config(settings: Settings) -> VllmConfig:
    """How vLLM is started with LLM_MODEL."""
    from serve_apps.engines.vllm_engine import VllmConfig

    return VllmConfig(
        model=settings.llm_model,
        dtype=settings.llm_dtype,
        max_model_len=settings.llm_max_model_len,
        max_num_seqs=settings.llm_max_num_seqs,
        cpu_threads=settings.llm_cpu_threads,
        gpu_memory_utilization=settings.llm_gpu_slice,
        quantization=_quantization(settings),
        allocator=settings.pytorch_cuda_alloc_conf,
        sleeps=settings.llm_sleep_s is not None,
    )


def _quantization(settings: Settings) -> str | None:
    """What vLLM calls it. Both quantize any model while it loads, without data to calibrate on."""
    return "fp8" if settings.use_8bit else "bitsandbytes" if settings.use_4bit else None


async def start_vision(settings: Settings) -> VisionEngine:
    """What looks at pictures: VLM_MODEL at the endpoint of OPENAI_BASE_URL or in vLLM, and without one the small
    bundled model, on a CPU: it is too small for a GPU to be of use. Raises what `start_engine` raises."""
    if settings.vlm_model is None:
        from serve_apps.engines.vision_transformers import VisionTransformers

        return await asyncio.to_thread(VisionTransformers)
    from serve_apps.engines.vision_chat import VisionChat

    if settings.openai_base_url is not None:
        from serve_apps.engines.openai_engine import OpenAIConfig, OpenAIEngine

        remote = OpenAIConfig(
            base_url=settings.openai_base_url, api_key=settings.openai_api_key, model=settings.vlm_model
        )
        return VisionChat(await OpenAIEngine.start(remote))
    from serve_apps.engines.vllm_engine import VllmEngine

    return VisionChat(await VllmEngine.start(vlm_config(settings)))


def vlm_config(settings: Settings) -> VllmConfig:
    """How vLLM is started with VLM_MODEL, which is set."""
    from serve_apps.engines.vllm_engine import VllmConfig

    return VllmConfig(
        model=settings.vlm_model or "",
        dtype=settings.llm_dtype,
        max_num_seqs=VISION_SEQS,
        cpu_threads=settings.llm_cpu_threads,
        gpu_memory_utilization=settings.vlm_gpu_slice,
        slice_setting="VLM_GPU_SLICE",
        allocator=settings.pytorch_cuda_alloc_conf,
        adapters=False,
        images=1,
    )
