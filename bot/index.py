"""The channels to look after, as the database knows them."""

from __future__ import annotations

import asyncio

from actors.channel import channels_with_open_turns, known_channels
from actors.channel_state import ChannelDocument
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

    async def heard_since(self, since_ms: int) -> list[str]:
        """Ids of the channels in which something was heard since then, the latest first. Raises as above."""
        return await known_channels(await self._open(), since_ms)

    async def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _open(self) -> DatabaseHandle:
        async with self._opening:
            if self._database is None:
                self._database = await connect(self._uri, self._name, [ChannelDocument])
            return self._database
