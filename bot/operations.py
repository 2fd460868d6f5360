"""What owners ask of the running bot: how it does, and to read its files again."""

from __future__ import annotations

import resource
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import discord
from discord import app_commands

from bot.budget import RequestBudget
from bot.commands.sync import sync
from bot.config import BotConfig
from bot.language import attributes, keys, languages, words
from bot.ports import Apps
from core.errors import TroupeError

_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How this gateway does. Times in seconds; `heartbeat_s` is None while there is no connection, the others while
    nothing was answered."""

    up_s: float
    shard: int
    shards: int
    guilds: int
    channels: int
    turns: int
    answered: int
    median_s: float | None
    p95_s: float | None
    heartbeat_s: float | None
    invalid_requests: int
    memory_mib: int


class Operations:
    """Of one client."""

    def __init__(self, client: discord.Client, config: BotConfig, apps: Apps, budget: RequestBudget) -> None:
        self._client, self._config, self._apps, self._budget = client, config, apps, budget
        self._tree: app_commands.CommandTree | None = None
        self._begun = time.monotonic()
        self._answered = 0
        self._seconds: deque[float] = deque(maxlen=_KEPT)

    def serve(self, tree: app_commands.CommandTree) -> None:
        """The commands to register anew on `reload`."""
        self._tree = tree

    def answered(self, seconds: float) -> None:
        """A message was answered, whole, after so long."""
        self._answered += 1
        self._seconds.append(seconds)

    def figures(self, turns: int) -> Figures:
        """The figures, `turns` of which are under way."""
        ordered = sorted(self._seconds)
        client = self._client
        connected = client.ws is not None and client.ws.open
        return Figures(
            up_s=time.monotonic() - self._begun,
            shard=self._config.shard,
            shards=self._config.shard_count,
            guilds=len(client.guilds),
            channels=sum(len(guild.channels) for guild in client.guilds),
            turns=turns,
            answered=self._answered,
            median_s=ordered[len(ordered) // 2] if ordered else None,
            p95_s=ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] if ordered else None,
            heartbeat_s=client.latency if connected else None,
            invalid_requests=self._budget.invalid(),
            memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )

    async def states(self) -> Mapping[str, tuple[str, str]] | None:
        """State and detail of each component, None where they cannot be asked."""
        if self._apps.health is None:
            return None
        try:
            return await self._apps.health.states()
        except TroupeError:
            return None

    async def reload_lore(self) -> tuple[int, int]:
        """Has the pack's lore read again; how many passages are new, and gone. Raises PackError, Unavailable."""
        return await self._apps.retrieval.reload()

    def reload_texts(self) -> tuple[str, ...]:
        """Has the bot's own texts read again; the languages. Raises ValueError where a text is wrong, and keeps what
        there was."""
        keys.cache_clear()
        attributes.cache_clear()  # what commands are called
        known = languages()
        for language in known:
            keys(language)
        words.cache_clear()
        return known

    async def reload_commands(self) -> int:
        """Registers the commands where Discord knows others; how many there are."""
        if self._tree is None:
            return 0
        await sync(self._tree)
        return len(self._tree.get_commands())
