"""What is asked of all channels at once: by plain fields of their documents."""

from __future__ import annotations

from actors.channel_document import ChannelDocument
from core.documents import DatabaseHandle, ids_where


async def channels_with_open_turns(database: DatabaseHandle) -> list[str]:
    """Ids of all channels that have an open turn. Raises DatabaseUnavailable."""
    return await ids_where(database, ChannelDocument, {"open_turns": {"$gt": 0}})


async def known_channels(database: DatabaseHandle, since_ms: int) -> list[str]:
    """Ids of the channels in which something was heard since then, the latest first. Raises DatabaseUnavailable."""
    return await ids_where(database, ChannelDocument, {"seen_ms": {"$gte": since_ms}}, newest_by="seen_ms")


async def channels_to_prune(database: DatabaseHandle, lines_before_ms: int, notes_before_ms: int) -> list[str]:
    """Ids of the channels that hold lines or notes from before then. Raises DatabaseUnavailable."""
    lines = await ids_where(database, ChannelDocument, {"line_ms": {"$gt": 0, "$lt": lines_before_ms}})
    notes = await ids_where(database, ChannelDocument, {"note_ms": {"$gt": 0, "$lt": notes_before_ms}})
    return list(dict.fromkeys([*lines, *notes]))


async def channels_heard_in(database: DatabaseHandle, guild_id: str, since_ms: int) -> list[str]:
    """Ids of a server's channels in which something was heard since then, the latest first. Raises
    DatabaseUnavailable."""
    where = {"guild_id": guild_id, "seen_ms": {"$gte": since_ms}}
    return await ids_where(database, ChannelDocument, where, newest_by="seen_ms")


async def channels_with_due_scenes(database: DatabaseHandle, guild_id: str, now_ms: int) -> list[str]:
    """Ids of a server's channels in which the answer of a scene is to be told by now. Raises DatabaseUnavailable."""
    return await ids_where(
        database, ChannelDocument, {"scene_guild": guild_id, "scene_due_ms": {"$gt": 0, "$lte": now_ms}}
    )
