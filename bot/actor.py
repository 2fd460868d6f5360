"""The Ray shell around the gateway: one process that Ray starts again whenever it dies."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from actors.virtual import NAMESPACE, Actors
from bot.config import BotConfig
from bot.gateway import Gateway, GatewayHealth
from bot.ports import Apps, ChannelIndex
from core.personas import load_pack

NAME = "troupe-gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySpec:
    """All that the gateway is given. It is pickled, and Ray hands it over again at each restart.

    It must stay small: Ray keeps arguments above 100 KB with the process that gave them, and could not restart the
    gateway once that is gone. So the pack is given by its folder.
    """

    config: BotConfig
    actors: Actors
    index: ChannelIndex
    pack_dir: Path
    apps: Apps
    log_level: str = "INFO"


class GatewayActor:
    """Its constructor connects, so a restart by Ray needs nobody to bring the bot back."""

    def __init__(self, spec: GatewaySpec) -> None:
        logging.basicConfig(level=spec.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        self._gateway = Gateway(spec.config, spec.actors, spec.index, load_pack(spec.pack_dir), spec.apps)
        self._running = asyncio.get_running_loop().create_task(self._gateway.run())

    async def health(self) -> GatewayHealth:
        """See Gateway.health."""
        return self._gateway.health()

    async def stop(self, drain_s: float = 5.0) -> None:
        """See Gateway.stop. The process stays; `stop_gateway` ends it too."""
        await self._gateway.stop(drain_s)
        await self._running


def start_gateway(spec: GatewaySpec, *, namespace: str = NAMESPACE) -> Any:
    """Start the gateway's process, detached, and return its Ray handle; one that is there already is kept.

    Does not wait: `await handle.health.remote()` tells how far it is.
    """
    actor = ray.remote(GatewayActor).options(
        name=NAME,
        namespace=namespace,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=-1,
        max_concurrency=100,
        num_cpus=0,
    )
    return actor.remote(spec)


async def stop_gateway(*, namespace: str = NAMESPACE, drain_s: float = 5.0) -> None:
    """Let turns under way finish for up to `drain_s` seconds, then end the process for good. Fine if there is none."""
    try:
        handle = ray.get_actor(NAME, namespace)
    except ValueError:
        return
    try:
        await asyncio.wait_for(handle.stop.remote(drain_s), drain_s + 5.0)
    finally:
        ray.kill(handle, no_restart=True)
