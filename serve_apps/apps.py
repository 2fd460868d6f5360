"""The Serve applications of Troupe and how they find each other.

One application per deployment, so that each is deployed, replaced and scaled alone. They know each other by name: a
handle to an application that is not there yet simply waits for it.
"""

from __future__ import annotations

from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus

from core.settings import Settings
from serve_apps import embeddings, llm, persona, retrieval

NAMES = (embeddings.NAME, retrieval.NAME, llm.NAME, persona.NAME)

# What a person wants to know: does it come up by itself, is it there, does it sleep, must somebody do something?
STATES = {
    ApplicationStatus.NOT_STARTED: "waiting",
    ApplicationStatus.DEPLOYING: "starting",
    ApplicationStatus.RUNNING: "ready",
    ApplicationStatus.UNHEALTHY: "starting",  # Serve is replacing it
    ApplicationStatus.DEPLOY_FAILED: "failed",
    ApplicationStatus.DELETING: "waiting",
}


def handle(name: str) -> DeploymentHandle[Any]:
    """The handle of an application by its name. Asks nobody; the first call waits until the application is there."""
    return DeploymentHandle(name, name)


def build(settings: Settings) -> dict[str, Any]:
    """Every application by its name, in the order in which they need each other."""
    return {
        embeddings.NAME: embeddings.embeddings_app(settings),
        retrieval.NAME: retrieval.retrieval_app(settings, handle(embeddings.NAME)),
        llm.NAME: llm.llm_app(settings),
        persona.NAME: persona.persona_app(settings, handle(retrieval.NAME), handle(llm.NAME)),
    }


def deploy(settings: Settings) -> None:
    """Start all applications on the Ray that this process is connected to, and return at once; `statuses` tells how far
    they are. Deploying again replaces what changed."""
    serve.start(proxy_location="HeadOnly", http_options={"host": settings.api_host, "port": settings.api_port})
    targets = [serve.RunTarget(target=app, name=name, route_prefix=None) for name, app in build(settings).items()]
    serve.run_many(targets, wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


def statuses() -> dict[str, tuple[str, str]]:
    """State and detail of every application: `waiting`, `starting`, `ready`, `idle` or `failed`. Blocks shortly."""
    known = serve.status().applications
    return {name: _state(known.get(name)) for name in NAMES}


def _state(overview: Any) -> tuple[str, str]:
    if overview is None:
        return "waiting", ""
    state = STATES.get(overview.status, "starting")
    replicas = sum(d.replica_states.get("RUNNING", 0) for d in overview.deployments.values())
    if state == "ready" and replicas == 0:
        return "idle", "loads with the first request"
    if state == "ready":
        return "ready", ""
    messages = [overview.message, *(d.message for d in overview.deployments.values())]
    return state, next((message.strip().split("\n")[-1][:300] for message in messages if message), "")


def shutdown() -> None:
    """Stop all applications."""
    serve.shutdown()
