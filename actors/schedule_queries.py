"""What is asked of all servers' schedules at once: by plain fields of their documents."""

from __future__ import annotations

from actors.schedule_state import ScheduleDocument
from core.documents import DatabaseHandle, reachable

MOST_AT_ONCE = 1_000


async def due_times(database: DatabaseHandle, after: str = "") -> list[tuple[str, int]]:
    """The servers that have something to claim, and when: by their ids, the first MOST_AT_ONCE of them behind the id
    `after`. Raises DatabaseUnavailable."""
    async with reachable():
        where = {"_id": {"$gt": after}, "next_ms": {"$gt": 0}}
        found = database.collection(ScheduleDocument).find(where, projection={"next_ms": 1})
        return [(one["_id"], int(one["next_ms"])) async for one in found.sort("_id", 1).limit(MOST_AT_ONCE)]


async def due_before(database: DatabaseHandle, before_ms: int) -> list[tuple[str, int]]:
    """The servers that have something to claim before then, the nearest first, MOST_AT_ONCE of them. Raises as
    above."""
    async with reachable():
        where = {"next_ms": {"$gt": 0, "$lt": before_ms}}
        found = database.collection(ScheduleDocument).find(where, projection={"next_ms": 1})
        return [(one["_id"], int(one["next_ms"])) async for one in found.sort("next_ms", 1).limit(MOST_AT_ONCE)]
