"""The actors that keep something about people beside what was said: one registry of them."""

from __future__ import annotations

from dataclasses import dataclass

from actors import access, audit, drop, game, guild, points, proposals, schedule, usage
from actors.game_state import GameDocument
from actors.schedule_state import ScheduleDocument
from core.documents import DatabaseHandle, OwnedDocument, ids_where


@dataclass(frozen=True, slots=True)
class Keeper:
    """A kind of actor with methods `kept_about` and `forget_person`, and the plain `field` of its documents that names
    people."""

    kind: str
    document: type[OwnedDocument]
    field: str = "people"


# In the order in which they are asked: games and drops pay into the ledgers, which therefore come behind them.
KEEPERS = (
    Keeper(guild.KIND, guild.GuildDocument),
    Keeper(access.KIND, access.AccessDocument),
    Keeper(audit.KIND, audit.AuditDocument),
    Keeper(usage.KIND, usage.UsageDocument),
    Keeper(proposals.KIND, proposals.ProposalDocument),
    Keeper(schedule.KIND, ScheduleDocument),
    Keeper(game.KIND, GameDocument),
    Keeper(drop.KIND, drop.DropDocument),
    Keeper(points.KIND, points.PointsDocument, "user_id"),
)
_BY_KIND = {keeper.kind: keeper for keeper in KEEPERS}


async def keys_of(database: DatabaseHandle, kind: str, user_id: str) -> list[str]:
    """Keys of the actors of a kind of KEEPERS that keep something about a person. Raises DatabaseUnavailable."""
    keeper = _BY_KIND[kind]
    return await ids_where(database, keeper.document, {keeper.field: user_id})
