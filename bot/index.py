"""The channels to look after, as the database knows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.channel_queries import (
    channels_heard_in,
    channels_to_prune,
    channels_with_due_scenes,
    channels_with_open_turns,
    known_channels,
)
from actors.game_state import channels_with_games
from actors.keepers import keys_of
from actors.memory import scopes_of_guild
from actors.points_queries import (
    Board,
    Page,
    leaderboard,
    names_on,
    place_of,
    unsettled_drops,
)
from actors.proposals import proposals_of
from actors.schedule_queries import due_before, due_times
from actors.stored import DOCUMENTS
from core.documents import DatabaseHandle, connect


class DatabaseIndex:
    """Asks the channels' collection. Cheap to make and to pickle; it connects on first use."""

    def __init__(self, uri: str, database: str) -> None:
        self._uri, self._name = uri, database
        self._opening = asyncio.Lock()
        self._database: DatabaseHandle | None = None

    def __reduce__(self) -> tuple[type[DatabaseIndex], tuple[str, str]]:
        return (DatabaseIndex, (self._uri, self._name))

    async def with_open_turns(self) -> list[str]:
        """Ids of the channels in which an answer is not delivered yet. Raises DatabaseUnavailable, ConfigError."""
        return await channels_with_open_turns(await self._open())

    async def with_games(self) -> list[str]:
        """Ids of the channels whose game somebody has to look after. Raises as above."""
        return await channels_with_games(await self._open())

    async def remembered_in(self, guild_id: str) -> list[str]:
        """The scopes of long-term memory that belong to a server. Raises as above."""
        return await scopes_of_guild(await self._open(), guild_id)

    async def keys_of(self, kind: str, user_id: str) -> list[str]:
        """Keys of the actors of a kind of `actors.keepers` that keep something about a person. Raises as above."""
        return await keys_of(await self._open(), kind, user_id)

    async def heard_since(self, since_ms: int) -> list[str]:
        """Ids of the channels in which something was heard since then, the latest first. Raises as above."""
        return await known_channels(await self._open(), since_ms)

    async def to_prune(self, lines_before_ms: int, notes_before_ms: int) -> list[str]:
        """Ids of the channels that hold lines or notes from before then. Raises as above."""
        return await channels_to_prune(await self._open(), lines_before_ms, notes_before_ms)

    async def heard_in(self, guild_id: str, since_ms: int) -> list[str]:
        """Ids of a server's channels in which something was heard since then, the latest first. Raises as above."""
        return await channels_heard_in(await self._open(), guild_id, since_ms)

    async def scenes_due(self, guild_id: str, now_ms: int) -> list[str]:
        """Ids of a server's channels in which the answer of a scene is to be told by now. Raises as above."""
        return await channels_with_due_scenes(await self._open(), guild_id, now_ms)

    async def proposals_of(self, guild_id: str) -> list[str]:
        """Ids of a server's proposals. Raises as above."""
        return await proposals_of(await self._open(), guild_id)

    async def unsettled_drops(self, guild_id: str | None = None) -> list[str]:
        """Ids of the drops of which something is left to be done. Raises as above."""
        return await unsettled_drops(await self._open(), guild_id)

    async def leaderboard(self, board: Board, skip: int, limit: int) -> Page:
        """A page of a leaderboard. Raises as above."""
        return await leaderboard(await self._open(), board, skip, limit)

    async def place_of(self, board: Board, points: int) -> int:
        """The place of who has so many points. Raises as above."""
        return await place_of(await self._open(), board, points)

    async def names_on(self, guild_id: str, user_ids: Sequence[str]) -> dict[str, str]:
        """How people are shown on a server, of those who are known there. Raises as above."""
        return await names_on(await self._open(), guild_id, user_ids)

    async def due_times(self, after: str = "") -> list[tuple[str, int]]:
        """The servers that have something due, and when: the next of them behind the id `after`. Raises as above."""
        return await due_times(await self._open(), after)

    async def due_before(self, before_ms: int) -> list[tuple[str, int]]:
        """Those that have it before then, the nearest first. Raises as above."""
        return await due_before(await self._open(), before_ms)

    async def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _open(self) -> DatabaseHandle:
        async with self._opening:
            if self._database is None:
                self._database = await connect(self._uri, self._name, DOCUMENTS)
            return self._database
