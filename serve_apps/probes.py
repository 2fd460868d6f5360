"""How each kind of component is asked whether it is well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray
from pymongo import AsyncMongoClient
from ray import serve
from ray.serve.schema import ApplicationStatus

from core.clock import now_ms
from serve_apps.calls import call
from serve_apps.health import PROBE_TIMEOUT_S, Probe, State

# What a person wants to know: does it come up by itself, is it there, does it sleep, must somebody do something?
_STATES = {
    ApplicationStatus.NOT_STARTED: "waiting",
    ApplicationStatus.DEPLOYING: "starting",
    ApplicationStatus.RUNNING: "ready",
    ApplicationStatus.UNHEALTHY: "starting",  # Serve is replacing it
    ApplicationStatus.DEPLOY_FAILED: "failed",
    ApplicationStatus.DELETING: "waiting",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorProbe:
    """Named Ray actors that together are one component, and the method whose answer says that one is well.

    An answer with a `state` and a `detail` is reported as it is; any other means ready.
    """

    component: str
    names: tuple[str, ...]
    namespace: str
    method: str


def app_states(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """State and detail of Serve applications: `waiting`, `starting`, `ready`, `idle` or `failed`. Blocks shortly."""
    known = serve.status().applications
    return {name: _app_state(known.get(name)) for name in names}


def _app_state(overview: Any) -> tuple[str, str]:
    if overview is None:
        return "waiting", ""
    state = _STATES.get(overview.status, "starting")
    deployments = overview.deployments.values()
    running = sum(deployment.replica_states.get("RUNNING", 0) for deployment in deployments)
    wanted = sum(sum(deployment.replica_states.values()) for deployment in deployments)
    if state == "ready" and running == 0:
        return ("starting", "loading") if wanted else ("idle", "loads with the first request")
    if state == "ready":
        return "ready", ""
    messages = [overview.message, *(deployment.message for deployment in deployments)]
    return state, next((message.strip().splitlines()[-1][:300] for message in messages if message.strip()), "")


def app_probe(name: str, handle: Any, *, wakes: bool) -> Probe:
    """A probe of a Serve application. One that `wakes` by being asked is judged by its replicas alone."""

    async def probe() -> tuple[State, str]:
        state, detail = (await asyncio.to_thread(app_states, [name]))[name]
        if state == "ready" and not wakes:
            deadline_ms = now_ms() + int(PROBE_TIMEOUT_S * 1000)
            detail = await call(handle.about, component=name, deadline_ms=deadline_ms)
        return _state(state), detail

    return probe


def actor_probe(asked: ActorProbe) -> Probe:
    """A probe of named actors; the first that is not well speaks for all."""

    async def one(name: str) -> tuple[State, str]:
        actor = await asyncio.to_thread(ray.get_actor, name, asked.namespace)
        answer = await getattr(actor, asked.method).remote()
        return _state(getattr(answer, "state", "ready")), getattr(answer, "detail", "")

    async def probe() -> tuple[State, str]:
        answers = await asyncio.gather(*map(one, asked.names))
        unwell = [answer for answer in answers if answer[0] != "ready"]
        running = f"{len(answers)} running" if len(answers) > 1 else answers[0][1]
        return unwell[0] if unwell else ("ready", running)

    return probe


def database_probe(uri: str) -> Probe:
    """A probe of a MongoDB server."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        uri, serverSelectionTimeoutMS=int(PROBE_TIMEOUT_S * 1000), connect=False
    )

    async def probe() -> tuple[State, str]:
        await client.admin.command("ping")
        return "ready", ""

    return probe


def _state(word: str) -> State:
    known: dict[str, State] = {"ready": "ready", "idle": "idle", "failed": "failed"}
    return known.get(word, "starting")
