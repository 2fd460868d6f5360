"""The gateways as the jobs reach them from any process: each server's is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.virtual import NAMESPACE
from bot.actor import gateway_name
from core.errors import TroupeError, Unavailable
from schedules.job import Line, Post
from schedules.world import Server

_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class GatewayOutlet:
    """Calls the gateway that holds a server. Cheap to pickle. Its methods raise what the gateway raises, and
    Unavailable where that one is not there."""

    shard_count: int = 1
    namespace: str = NAMESPACE
    guild_id: str = ""  # of whom `lines` asks, which names no server

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """See Gateway.deliver."""
        return str(await self._ask(guild_id, "deliver", guild_id, post, nonce, since_ms, look))

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """See Gateway.standing."""
        return str(await self._ask(guild_id, "standing", guild_id, post, since_ms))

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Gateway.answered."""
        return bool(await self._ask(guild_id, "answered", guild_id, channel_id, message_id))

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Gateway.heard."""
        return bool(await self._ask(guild_id, "heard", guild_id, channel_id, message_id))

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """See Gateway.tell."""
        await self._ask(guild_id, "tell", guild_id, job, reason)

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """See Gateway.whisper."""
        await self._ask(guild_id, "whisper", guild_id, user_id, text, nonce)

    async def server(self, guild_id: str) -> Server:
        """See Gateway.server."""
        found: Server = await self._ask(guild_id, "server", guild_id)
        return found

    async def lines(self, channel_id: str, since_ms: int, limit: int) -> tuple[Line, ...]:
        """See Gateway.lines."""
        found: tuple[Line, ...] = await self._ask(self.guild_id, "lines", channel_id, since_ms, limit)
        return found

    async def _ask(self, guild_id: str, method: str, *args: Any) -> Any:
        shard = (int(guild_id) >> 22) % self.shard_count if guild_id else 0
        try:
            async with asyncio.timeout(_WITHIN_S):
                handle = await asyncio.to_thread(ray.get_actor, gateway_name(shard), self.namespace)
                return await getattr(handle, method).remote(*args)
        except RayTaskError as error:
            raise error.cause if isinstance(error.cause, TroupeError) else error from None
        except (RayActorError, ValueError, TimeoutError) as error:
            raise Unavailable(f"The bot does not answer: {error}", component="bot") from None
