"""Which documents hold something about people, and who has it shown and forgotten: the one registry of it.

Every kind of document is either a Keeper's or in HOLDS_NOBODY; a test fails for one that is in neither.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors import (
    access,
    audit,
    channel,
    drop,
    game,
    guild,
    member,
    memory,
    points,
    proposals,
    schedule,
    standing,
    usage,
)
from actors.additions import AdditionsDocument
from actors.channel_document import ChannelDocument
from actors.game_state import GameDocument
from actors.guests import CardDocument, CastDocument
from actors.schedule_state import ScheduleDocument
from core.documents import DatabaseHandle, OwnedDocument, ids_where


@dataclass(frozen=True, slots=True)
class Keeper:
    """A kind of actor with methods `kept_about` and `forget_person`, and the plain `field` of its documents that names
    people; `_id` where the key is a person's id."""

    kind: str
    document: type[OwnedDocument]
    field: str = "people"


CHANNELS = Keeper(channel.KIND, ChannelDocument)
MEMORIES = Keeper(memory.KIND, memory.MemoryDocument)
# In the order in which they are asked: channels hand over to memory, games and drops pay into the ledgers, and ledgers
# tell the standings, which therefore come behind them.
KEEPERS = (
    CHANNELS,
    Keeper(guild.KIND, guild.GuildDocument),
    Keeper(access.KIND, access.AccessDocument),
    Keeper(audit.KIND, audit.AuditDocument),
    Keeper(usage.KIND, usage.UsageDocument),
    Keeper(proposals.KIND, proposals.ProposalDocument),
    Keeper(schedule.KIND, ScheduleDocument),
    Keeper(game.KIND, GameDocument),
    Keeper(drop.KIND, drop.DropDocument),
    Keeper(points.KIND, points.PointsDocument, "user_id"),
    Keeper(standing.KIND, standing.StandingDocument, "_id"),
    Keeper(member.KIND, member.MemberDocument, "_id"),
    MEMORIES,
)
HOLDS_NOBODY: tuple[type[OwnedDocument], ...] = (CastDocument, CardDocument, AdditionsDocument)
_BY_KIND = {keeper.kind: keeper for keeper in KEEPERS}


async def keys_of(database: DatabaseHandle, kind: str, user_id: str) -> list[str]:
    """Keys of the actors of a kind of KEEPERS that keep something about a person. Raises DatabaseUnavailable."""
    keeper = _BY_KIND[kind]
    return await ids_where(database, keeper.document, {keeper.field: user_id})
