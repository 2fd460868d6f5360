"""The bot's process, in plain Python: keeps a client connected to Discord and says how it is.

`bot.actor` runs it inside a Ray actor. `connect_to` is the only place that knows of servers other than Discord itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
from dataclasses import dataclass, field, replace
from typing import Literal

import aiohttp
import discord
import discord.gateway
import discord.http
import yarl

from actors.virtual import Actors
from bot.client import TroupeClient
from bot.config import BotConfig
from bot.ports import Apps, ChannelIndex
from core.errors import Unavailable
from core.personas import Pack
from schedules.job import Line, Post
from schedules.world import Server

log = logging.getLogger(__name__)

State = Literal["connecting", "ready", "reconnecting", "failed", "stopped"]

_LOGIN_REFUSED = (
    "bad token: set DISCORD_TOKEN in .env to your bot's token "
    "(Discord's developer portal: your application, Bot, Reset Token)."
)
_NO_INTENT = (
    "missing intent: switch on the Message Content intent "
    "(Discord's developer portal: your application, Bot, Privileged Gateway Intents)."
)
_LONGEST_PAUSE_S = 60.0
_AUTHENTICATION_FAILED = 4004


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """How the bot is. `detail` says what to do where it failed.

    `pid` is its process, `latency_ms` the last heartbeat's round trip, `turns` the messages being answered; it is
    gateway `shard` of `shard_count`, which have the servers among them."""

    state: State
    pid: int = field(default_factory=os.getpid)
    detail: str = ""
    latency_ms: float | None = None
    guilds: int = 0
    user: str | None = None
    turns: int = 0
    shard: int = 0
    shard_count: int = 1


def connect_to(config: BotConfig) -> None:
    """Point discord.py of this process at the servers that `config` names; without any it stays with Discord."""
    if config.api_url:
        discord.http.Route.BASE = config.api_url
    if config.gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.gateway_url)
    if config.cdn_url:
        discord.Asset.BASE = config.cdn_url


class Gateway:
    """Keeps the bot connected until it is stopped or Discord refuses it for good."""

    def __init__(self, config: BotConfig, actors: Actors, index: ChannelIndex, pack: Pack, apps: Apps) -> None:
        self._config, self._actors, self._index, self._pack, self._apps = config, actors, index, pack, apps
        self._client: TroupeClient | None = None
        self._failure = ""
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Connect and stay connected. Returns after `stop`, or when only the operator can help (`health` says how).

        discord.py itself reconnects a lost connection; this starts over where logging in fails, with growing pauses.
        """
        connect_to(self._config)
        # Discord takes one session of a bot every few seconds, so the gateways begin one after another.
        await self._rest(self._config.identify_every_s * self._config.shard)
        pause = 1.0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            begun = loop.time()
            self._client = TroupeClient(self._config, self._actors, self._index, self._pack, self._apps)
            try:
                async with self._client:
                    await self._client.start(self._config.token)
            except discord.LoginFailure:
                self._fail(_LOGIN_REFUSED)
                return
            except discord.PrivilegedIntentsRequired:
                self._fail(_NO_INTENT)
                return
            except discord.ConnectionClosed as error:
                if error.code == _AUTHENTICATION_FAILED:
                    self._fail(_LOGIN_REFUSED)
                    return
                log.warning("[DISCORD] the connection was closed: %s", error)
            except (OSError, aiohttp.ClientError, discord.DiscordException) as error:
                log.warning("[DISCORD] cannot connect: %s", error)
            except Exception:
                # An event that discord.py cannot read ends its connection; a new one may never see it again.
                log.exception("[DISCORD] the connection broke")
            pause = 1.0 if loop.time() - begun > _LONGEST_PAUSE_S else min(pause * 2, _LONGEST_PAUSE_S)
            await self._rest(pause * random.uniform(0.5, 1.0))

    async def stop(self, drain_s: float = 5.0) -> None:
        """Let the turns under way finish for up to `drain_s` seconds, then disconnect."""
        self._stopping.set()
        if self._client is not None:
            await self._client.leave(drain_s)

    async def server(self, guild_id: str) -> Server:
        """A server, for the jobs. Raises Unavailable while the bot is not connected, RequestError."""
        return await self._connected().window.server(guild_id)

    async def lines(self, channel_id: str, since_ms: int, limit: int) -> tuple[Line, ...]:
        """What stands in a channel, for the jobs. Raises as above."""
        return await self._connected().window.lines(channel_id, since_ms, limit)

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """Posts what a job made; see Deliveries.deliver. Raises as above."""
        return await self._connected().deliveries.deliver(guild_id, post, nonce, since_ms, look)

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """The message of a post that may have been sent; see Deliveries.standing. Raises as above."""
        return await self._connected().deliveries.standing(guild_id, post, since_ms)

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether anybody answered a post; see Reception. Raises as above."""
        return await self._connected().reception.answered(guild_id, channel_id, message_id)

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether a person has written since a post; see Reception. Raises as above."""
        return await self._connected().reception.heard(guild_id, channel_id, message_id)

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """Tells those who run a server that a job fails; see Reception. Raises as above."""
        await self._connected().reception.tell(guild_id, job, reason)

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """Tells a member alone what could not be posted; see Reception. Raises as above."""
        await self._connected().reception.whisper(guild_id, user_id, text, nonce)

    def _connected(self) -> TroupeClient:
        client = self._client
        if client is None or not client.is_ready() or client.ws is None or not client.ws.open:
            raise Unavailable("The bot is not connected to Discord just now.", component="bot")
        return client

    def health(self) -> GatewayHealth:
        """How the bot is, at once and without asking Discord."""
        return replace(self._health(), shard=self._config.shard, shard_count=self._config.shard_count)

    def _health(self) -> GatewayHealth:
        client = self._client
        if self._failure:
            return GatewayHealth(state="failed", detail=self._failure)
        if self._stopping.is_set():
            return GatewayHealth(state="stopped")
        if client is None or not client.is_ready():
            return GatewayHealth(state="connecting")
        connected = client.ws is not None and client.ws.open
        return GatewayHealth(
            state="ready" if connected else "reconnecting",
            latency_ms=round(client.latency * 1000, 1) if connected else None,
            guilds=len(client.guilds),
            user=str(client.user),
            turns=len(client.turns),
        )

    async def _rest(self, seconds: float) -> None:
        """Wait, but not once stopped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _fail(self, message: str) -> None:
        self._failure = message
        log.error("[DISCORD] %s", message)
