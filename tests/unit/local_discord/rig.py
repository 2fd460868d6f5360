"""What the tests of the local Discord work with: discord.py's own client, and waiting for something to become true."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest
import yarl
from discord.ext import commands

from local_discord import Human, LocalDiscord

Connect = Callable[[str], Awaitable[Human]]
Start = Callable[["Bot"], Awaitable["Bot"]]


def point_at(server: LocalDiscord, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(discord.http.Route, "BASE", server.api_url)
    patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
    patch.setattr(discord.Asset, "BASE", server.cdn_url)


class Bot(commands.Bot):
    """discord.py's bot, which counts what it hears."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents.all())
        super().__init__(command_prefix="!", guild_ready_timeout=0.05, **options)
        self.heard: list[discord.Message] = []
        self.resumed = 0
        self.identified = 0
        self._running: asyncio.Task[None] | None = None

    async def on_message(self, message: discord.Message, /) -> None:
        self.heard.append(message)

    async def on_connect(self) -> None:
        self.identified += 1

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def enter(self, token: str) -> None:
        self._running = asyncio.create_task(self.start(token))
        ready = asyncio.create_task(self._ready_when_set_up())
        await asyncio.wait({self._running, ready}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            ready.cancel()
            self._running.result()
        assert ready.done(), "the bot did not become ready"

    async def _ready_when_set_up(self) -> None:
        while not self.is_ready():  # noqa: ASYNC110 - a client without setup cannot be waited for otherwise
            await asyncio.sleep(0.01)

    async def leave(self) -> None:
        await self.close()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=5)

    @property
    def lobby(self) -> discord.Guild:
        return self.guilds[0]

    def text(self, name: str) -> discord.TextChannel:
        return next(channel for channel in self.lobby.text_channels if channel.name == name)


async def until(condition: Callable[[], Any], timeout: float = 5) -> Any:  # noqa: ASYNC109
    """Wait for a condition of the test; returns its value."""

    async def poll() -> Any:
        while not (value := condition()):  # noqa: ASYNC110 - any condition, so nothing to subscribe to
            await asyncio.sleep(0.01)
        return value

    return await asyncio.wait_for(poll(), timeout)
