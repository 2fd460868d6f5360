"""What is asked of all ledgers, standings and drops at once: by plain fields of their documents, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actors.drop import DropDocument
from actors.points import PointsDocument, key_of
from actors.standing import StandingDocument
from core.documents import DatabaseHandle, OwnedDocument, ids_where, reachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Which leaderboard: that of a server, or with `guild_id` None that of all; of all time, or of the week whose
    Monday is the day `week` (as `date.toordinal` counts)."""

    guild_id: str | None
    week: int | None = None

    @property
    def document(self) -> type[OwnedDocument]:
        """Where it is read from."""
        return PointsDocument if self.guild_id is not None else StandingDocument

    @property
    def field(self) -> str:
        """What it goes by."""
        return "points" if self.week is None else "week_points"

    def where(self, least: int = 1) -> dict[str, Any]:
        """Who is on it, with at least so many points."""
        found: dict[str, Any] = {self.field: {"$gte": least}}
        found |= {"guild_id": self.guild_id} if self.guild_id is not None else {"public": 1}
        return found if self.week is None else {**found, "week": self.week}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One place on a leaderboard; members with equally many points share a place."""

    place: int
    user_id: str
    name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a leaderboard, and how many there are in all."""

    rows: tuple[Row, ...]
    total: int


async def leaderboard(database: DatabaseHandle, board: Board, skip: int, limit: int) -> Page:
    """A page of a leaderboard. Raises DatabaseUnavailable."""
    collection = database.collection(board.document)
    async with reachable():
        total = await collection.count_documents(board.where())
        found = collection.find(board.where(), projection={"_id": 1, "name": 1, board.field: 1})
        ordered = found.sort([(board.field, -1), ("_id", 1)]).skip(skip).limit(limit)
        members = [one async for one in ordered]
    rows: list[Row] = []
    for index, one in enumerate(members):
        points = int(one[board.field])
        if not rows:
            place = await place_of(database, board, points)
        elif rows[-1].points != points:
            place = skip + index + 1
        rows.append(Row(place=place, user_id=one["_id"].rpartition(":")[2], name=one["name"], points=points))
    return Page(rows=tuple(rows), total=total)


async def place_of(database: DatabaseHandle, board: Board, points: int) -> int:
    """The place of who has so many points: one more than have more. Raises DatabaseUnavailable."""
    async with reachable():
        return 1 + int(await database.collection(board.document).count_documents(board.where(points + 1)))


async def names_on(database: DatabaseHandle, guild_id: str, user_ids: Sequence[str]) -> dict[str, str]:
    """How people are shown on a server, of those who are known there. Raises DatabaseUnavailable."""
    collection = database.collection(PointsDocument)

    async def name(user_id: str) -> tuple[str, str]:
        found = await collection.find_one({"_id": key_of(guild_id, user_id)}, projection={"name": 1})
        return user_id, found["name"] if found else ""

    async with reachable():
        found = await asyncio.gather(*(name(user_id) for user_id in user_ids))
    return {user_id: shown for user_id, shown in found if shown}


async def unsettled_drops(database: DatabaseHandle, guild_id: str | None = None) -> list[str]:
    """Ids of the drops, of one server or all, of which something is left to be done. Raises DatabaseUnavailable."""
    where: dict[str, Any] = {"unsettled": 1}
    return await ids_where(database, DropDocument, where if guild_id is None else {**where, "guild_id": guild_id})
