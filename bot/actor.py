"""The Ray shell around the gateway: one process that Ray starts again whenever it dies."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray

from actors.virtual import NAMESPACE, Actors
from bot.config import BotConfig
from bot.gateway import Gateway, GatewayHealth
from bot.ports import Apps, ChannelIndex
from core.personas import load_pack
from schedules.job import Line, Post
from schedules.world import Server

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

    async def server(self, guild_id: str) -> Server:
        """See Gateway.server."""
        return await self._gateway.server(guild_id)

    async def lines(self, channel_id: str, since_ms: int, limit: int) -> tuple[Line, ...]:
        """See Gateway.lines."""
        return await self._gateway.lines(channel_id, since_ms, limit)

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """See Gateway.deliver."""
        return await self._gateway.deliver(guild_id, post, nonce, since_ms, look)

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """See Gateway.standing."""
        return await self._gateway.standing(guild_id, post, since_ms)

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Gateway.answered."""
        return await self._gateway.answered(guild_id, channel_id, message_id)

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Gateway.heard."""
        return await self._gateway.heard(guild_id, channel_id, message_id)

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """See Gateway.tell."""
        await self._gateway.tell(guild_id, job, reason)

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """See Gateway.whisper."""
        await self._gateway.whisper(guild_id, user_id, text, nonce)

    async def stop(self, drain_s: float = 5.0) -> None:
        """See Gateway.stop. The process stays; `stop_gateway` ends it too."""
        await self._gateway.stop(drain_s)
        await self._running


def gateway_name(shard: int = 0) -> str:
    """The name under which Ray knows the gateway of a shard."""
    return f"{NAME}-{shard}" if shard else NAME


def start_gateways(spec: GatewaySpec, *, namespace: str = NAMESPACE) -> list[Any]:
    """Start one gateway for each shard that `spec.config` counts; returns their handles, by shard. Each is a process of
    its own, so that one that dies takes no server of the others with it."""
    shards = range(spec.config.shard_count)
    return [
        start_gateway(replace(spec, config=replace(spec.config, shard=shard)), namespace=namespace) for shard in shards
    ]


def start_gateway(spec: GatewaySpec, *, namespace: str = NAMESPACE) -> Any:
    """Start the process of one gateway, detached, and return its Ray handle; one that is there already is kept.

    Does not wait: `await handle.health.remote()` tells how far it is.
    """
    actor = ray.remote(GatewayActor).options(
        name=gateway_name(spec.config.shard),
        namespace=namespace,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=-1,
        max_concurrency=100,
        num_cpus=0,
    )
    return actor.remote(spec)


async def stop_gateways(shard_count: int, *, namespace: str = NAMESPACE, drain_s: float = 5.0) -> None:
    """Stop all of them, as `stop_gateway` does."""
    stopping = (stop_gateway(shard, namespace=namespace, drain_s=drain_s) for shard in range(shard_count))
    await asyncio.gather(*stopping, return_exceptions=True)


async def stop_gateway(shard: int = 0, *, namespace: str = NAMESPACE, drain_s: float = 5.0) -> None:
    """Let turns under way finish for up to `drain_s` seconds, then end the process for good. Fine if there is none."""
    try:
        handle = ray.get_actor(gateway_name(shard), namespace)
    except ValueError:
        return
    try:
        await asyncio.wait_for(handle.stop.remote(drain_s), drain_s + 5.0)
    finally:
        ray.kill(handle, no_restart=True)
