"""The Serve applications of Troupe and how they find each other.

One application per deployment, so that each is deployed, replaced and scaled alone. They know each other by name: a
handle to an application that is not there yet simply waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ray
from ray import serve
from ray.serve.handle import DeploymentHandle

from core.settings import Settings
from serve_apps import embeddings, ingress, llm, names, persona, retrieval, summaries, vlm
from serve_apps.probes import ActorProbe, app_states

NAMES = names.ALL
# The settings that each application reads: what has to be deployed anew when one of them changes.
_MODEL = ("openai_base_url", "openai_api_key", "llm_dtype", "llm_cpu_threads", "pytorch_cuda_alloc_conf")
READS: dict[str, tuple[str, ...]] = {
    names.LLM: (
        *_MODEL, "llm_model", "llm_max_model_len", "llm_max_num_seqs", "llm_gpu_slice", "use_8bit", "use_4bit",
        "finetuned_model_enabled", "finetuned_adapter_path", "finetuned_use_for_personas",
        "preload_llm", "idle_unload_s", "llm_sleep_s", "mongodb_database", "data_dir", "log_level", "num_gpus",
    ),
    names.EMBEDDINGS: (
        "embedding_model", "embeddings_gpu_slice", "preload_embeddings", "idle_unload_s", "data_dir", "log_level",
        "num_gpus",
    ),
    names.RETRIEVAL: (
        "embedding_model", "retrieval_least_cosine", "retrieval_least_bm25", "milvus_uri", "pack", "data_dir",
        "log_level",
    ),
    names.PERSONA: (
        "openai_base_url", "llm_model", "llm_max_model_len", "reply_max_tokens", "reply_temperature",
        "reply_deadline_s", "retrieval_limit", "retrieval_limit_lore", "style_hints", "content_filter",
        "embedding_model", "discord_cdn_url", "local_discord_host", "local_discord_port", "pack", "log_level",
    ),
    names.VLM: (
        *_MODEL, "vlm_model", "vlm_gpu_slice", "vlm_ocr", "preload_vlm", "idle_unload_s", "data_dir", "log_level",
        "num_gpus",
    ),
    names.API: (
        "api_keys", "discord_cdn_url", "local_discord_host", "local_discord_port", "preload_llm", "preload_embeddings",
        "preload_vlm", "reply_deadline_s", "summary_model", "pack", "log_level",
    ),
    names.SUMMARIES: ("summary_model", "idle_unload_s", "log_level"),
}  # fmt: skip


def wanted(settings: Settings) -> tuple[str, ...]:
    """The names of the applications that there are with these settings."""
    return (*NAMES, names.SUMMARIES) if settings.summary_model else NAMES


def handle(name: str) -> DeploymentHandle[Any]:
    """The handle of an application by its name. Asks nobody; the first call waits until the application is there."""
    return DeploymentHandle(name, name)


def build(
    settings: Settings, actors: Sequence[ActorProbe] = (), database_uri: str | None = None, *, gpu: bool = False
) -> dict[str, Any]:
    """Every application by its name. `actors` and the database are what `/health` reports besides the applications;
    `gpu` gives the models their slices of one."""
    others = {name: handle(name) for name in wanted(settings) if name != names.API}
    summing_up = {names.SUMMARIES: summaries.summaries_app(settings)} if settings.summary_model else {}
    return {
        **summing_up,
        names.LLM: llm.llm_app(settings, database_uri, gpu=gpu),
        names.EMBEDDINGS: embeddings.embeddings_app(settings, gpu=gpu),
        names.RETRIEVAL: retrieval.retrieval_app(settings, others[names.EMBEDDINGS]),
        names.PERSONA: persona.persona_app(
            settings, others[names.RETRIEVAL], others[names.LLM], others[names.VLM], others[names.EMBEDDINGS]
        ),
        names.VLM: vlm.vlm_app(settings, gpu=gpu),
        names.API: ingress.ingress_app(settings, others, tuple(actors), database_uri),
    }


def changed(old: Settings, new: Settings) -> tuple[str, ...]:
    """The applications that read a setting in which the two differ."""
    differing = {field for field in Settings.model_fields if getattr(old, field) != getattr(new, field)}
    return tuple(name for name in wanted(new) if differing.intersection(READS[name]))


def deploy(
    settings: Settings,
    actors: Sequence[ActorProbe] = (),
    database_uri: str | None = None,
    only: Sequence[str] = (),
) -> None:
    """Start all applications, or `only` some, on the Ray that this process is connected to, and return at once;
    `statuses` tells how far they are. One that is there already gets new replicas, the others go on as they are."""
    serve.start(proxy_location="HeadOnly", http_options={"host": settings.api_host, "port": settings.api_port})
    apps = build(settings, actors, database_uri, gpu=ray.cluster_resources().get("GPU", 0) > 0)
    targets = [
        serve.RunTarget(target=apps[name], name=name, route_prefix="/" if name == names.API else None)
        for name in only or wanted(settings)
    ]
    serve.run_many(targets, wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


def statuses(known: Sequence[str] = NAMES) -> dict[str, tuple[str, str]]:
    """State and detail of applications: `waiting`, `starting`, `ready`, `idle` or `failed`. Blocks shortly."""
    return app_states(known)


def shutdown() -> None:
    """Stop all applications."""
    serve.shutdown()
