"""What is kept about a person, wherever it is kept, to be shown, handed over and forgotten.

Who keeps something is registered in `actors.keepers`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from actors import member, memory
from actors.keepers import CHANNELS, KEEPERS, MEMORIES, Keeper
from actors.memory_scopes import guild_of, guild_scope
from actors.virtual import Actors
from core.messages import Kept, MemoryMode

_AT_ONCE = 16
T = TypeVar("T")


class PeopleIndex(Protocol):
    """Where there is something about whom."""

    async def heard_in(self, guild_id: str, since_ms: int) -> list[str]:
        """Ids of a server's channels in which something was heard since then, also of those that are gone. Raises
        TroupeError."""
        ...

    async def remembered_in(self, guild_id: str) -> list[str]:
        """The scopes of long-term memory that belong to a server. Raises TroupeError."""
        ...

    async def keys_of(self, kind: str, user_id: str) -> list[str]:
        """Keys of the actors of a kind of `actors.keepers` that keep something about a person. Raises TroupeError."""
        ...


@dataclass(frozen=True, slots=True)
class People:
    """Asks whoever keeps something. Its methods raise TroupeError where one does not answer; what was forgotten until
    then stays so, and to forget again does no harm."""

    actors: Actors
    index: PeopleIndex

    async def kept(self, user_id: str) -> tuple[Kept, ...]:
        """Everything that is kept about somebody, oldest first."""
        found: list[Kept] = []
        for keeper in KEEPERS:
            kept = _all(await self._ask_each(keeper, user_id, "kept_about"))
            found += _once(kept) if keeper is MEMORIES else kept
        return tuple(sorted(found, key=lambda one: one.at_ms))

    async def forget(self, user_id: str) -> int:
        """Forget somebody everywhere; returns how many things were forgotten. What they want for the future stays."""
        counts: list[int] = []
        for keeper in KEEPERS:
            if keeper is not MEMORIES:
                counts += await self._ask_each(keeper, user_id, "forget_person")
        return sum(counts) + await self._forget_remembered(user_id)

    async def clear(self, channel_ids: Sequence[str]) -> None:
        """Forget whatever was said in channels, by whomever; long-term memory stays."""
        await _each(channel_ids, lambda channel: self.actors.call(CHANNELS.kind, channel, "clear"))

    async def forget_server(self, guild_id: str) -> int:
        """Forget whatever was said on a server, by whomever, with all long-term memory of it. Returns in how many
        channels that was."""
        channels = await self.index.heard_in(guild_id, 0)
        await self.clear(channels)
        # After the channels: what was on its way into long-term memory has arrived by now.
        scopes = await self.index.remembered_in(guild_id)
        await _each(scopes, lambda scope: self.actors.call(memory.KIND, scope, "clear"))
        return len(channels)

    async def is_remembered(self, user_id: str, guild_id: str | None, mode: MemoryMode = "on") -> bool:
        """Whether what somebody says there may go into long-term memory; `mode` is the server's."""
        if mode == "off":
            return False
        return bool(await self.actors.call(member.KIND, user_id, "is_remembered", guild_id, mode == "opt_in"))

    async def consent(self, user_id: str, guild_id: str) -> None:
        """What somebody says may be remembered on a server that remembers only who asked for it."""
        await self.actors.call(member.KIND, user_id, "consent", guild_id)

    async def keep_only_welcome(self, guild_id: str, mode: MemoryMode) -> None:
        """A server's `mode` was changed: forgets what is kept there for longer than the last lines of whom it does not
        let be remembered. What was taught stays."""
        channels = await self.index.heard_in(guild_id, 0)
        scopes = [one for one in await self.index.remembered_in(guild_id) if one != guild_scope(guild_id)]
        # Channels know of the change from here on.
        found = await _each(channels, lambda channel: self.actors.call(CHANNELS.kind, channel, "remembered"))
        found += await _each(scopes, lambda scope: self.actors.call(memory.KIND, scope, "people"))
        everybody = sorted({one for some in found for one in some})
        wishes = await _each(everybody, lambda one: self.is_remembered(one, guild_id, mode))
        gone = frozenset(one for one, wish in zip(everybody, wishes, strict=True) if not wish)
        await _each(channels, lambda channel: self.actors.call(CHANNELS.kind, channel, "forget_for_long", gone))
        scopes = [one for one in await self.index.remembered_in(guild_id) if one != guild_scope(guild_id)]

        async def forget_in(scope: str) -> None:
            for user_id in gone.intersection(await self.actors.call(memory.KIND, scope, "people")):
                await self.actors.call(memory.KIND, scope, "forget_person", user_id)

        await _each(scopes, forget_in)

    async def remember(self, user_id: str, guild_id: str | None = None) -> None:
        """From now on what somebody says may be remembered again, on one server or everywhere."""
        await self.actors.call(member.KIND, user_id, "remember", True, guild_id)

    async def unremember(self, user_id: str, guild_id: str | None = None) -> int:
        """From now on nothing that somebody says goes into long-term memory or notes, on one server or everywhere
        (None); what is there is forgotten. Returns how many things that were."""
        await self.actors.call(member.KIND, user_id, "remember", False, guild_id)
        # Whoever asked for their wish before this was written has handed over by the time these answer.
        channels = await self.index.keys_of(CHANNELS.kind, user_id)
        if guild_id is not None:
            there = set(await self.index.heard_in(guild_id, 0))
            channels = [channel for channel in channels if channel in there]
        notes: list[int] = await _each(
            channels, lambda channel: self.actors.call(CHANNELS.kind, channel, "forget_for_long", frozenset((user_id,)))
        )
        return sum(notes) + await self._forget_remembered(user_id, guild_id)

    async def _ask_each(self, keeper: Keeper, user_id: str, method: str) -> list[Any]:
        keys = await self.index.keys_of(keeper.kind, user_id)
        return await _each(keys, lambda key: self.actors.call(keeper.kind, key, method, user_id))

    async def _forget_remembered(self, user_id: str, guild_id: str | None = None) -> int:
        scopes = await self.index.keys_of(MEMORIES.kind, user_id)
        if guild_id is not None:
            scopes = [scope for scope in scopes if guild_of(scope) == guild_id]
        gone = await _each(scopes, lambda scope: self.actors.call(memory.KIND, scope, "forget_person", user_id))
        return len(_once(_all(gone)))


def _all(found: Sequence[tuple[Kept, ...]]) -> list[Kept]:
    return [one for some in found for one in some]


def _once(found: Sequence[Kept]) -> list[Kept]:
    """A sentence is one thing, also where two scopes hold it."""
    return list({(one.message_id, one.text): one for one in found}.values())


async def _each(keys: Sequence[str], ask: Callable[[str], Awaitable[T]]) -> list[T]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(key: str) -> T:
        async with slots:
            return await ask(key)

    return list(await asyncio.gather(*(one(key) for key in keys)))
