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
from serve_apps import embeddings, ingress, llm, names, persona, retrieval, vlm
from serve_apps.probes import ActorProbe, app_states

NAMES = names.ALL


def handle(name: str) -> DeploymentHandle[Any]:
    """The handle of an application by its name. Asks nobody; the first call waits until the application is there."""
    return DeploymentHandle(name, name)


def build(
    settings: Settings, actors: Sequence[ActorProbe] = (), database_uri: str | None = None, *, gpu: bool = False
) -> dict[str, Any]:
    """Every application by its name. `actors` and the database are what `/health` reports besides the applications;
    `gpu` gives the models their slices of one."""
    others = {name: handle(name) for name in NAMES if name != names.API}
    return {
        names.LLM: llm.llm_app(settings, database_uri, gpu=gpu),
        names.EMBEDDINGS: embeddings.embeddings_app(settings, gpu=gpu),
        names.RETRIEVAL: retrieval.retrieval_app(settings, others[names.EMBEDDINGS]),
        names.PERSONA: persona.persona_app(settings, others[names.RETRIEVAL], others[names.LLM]),
        names.VLM: vlm.vlm_app(settings, gpu=gpu),
        names.API: ingress.ingress_app(settings, others, tuple(actors), database_uri),
    }


def deploy(settings: Settings, actors: Sequence[ActorProbe] = (), database_uri: str | None = None) -> None:
    """Start all applications on the Ray that this process is connected to, and return at once; `statuses` tells how far
    they are. Deploying again replaces what changed."""
    serve.start(proxy_location="HeadOnly", http_options={"host": settings.api_host, "port": settings.api_port})
    apps = build(settings, actors, database_uri, gpu=ray.cluster_resources().get("GPU", 0) > 0)
    targets = [
        serve.RunTarget(target=apps[name], name=name, route_prefix="/" if name == names.API else None) for name in NAMES
    ]
    serve.run_many(targets, wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


def statuses() -> dict[str, tuple[str, str]]:
    """State and detail of every application: `waiting`, `starting`, `ready`, `idle` or `failed`. Blocks shortly."""
    return app_states(NAMES)


def shutdown() -> None:
    """Stop all applications."""
    serve.shutdown()
