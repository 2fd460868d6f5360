"""Ledgers, standings and drops over a real database, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from actors import drop, points, standing
from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.points import Balance, key_of
from actors.virtual import LocalVirtualActors


@dataclass
class Clock:
    """Says what time it is, in epoch milliseconds."""

    ms: int = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)  # a Monday

    def __call__(self) -> int:
        return self.ms

    def at(self, moment: datetime) -> None:
        """It is that moment."""
        self.ms = int(moment.timestamp() * 1000)

    def later(self, *, days: float = 0, seconds: float = 0) -> None:
        """Time goes by."""
        self.ms += int(days * 86_400_000 + seconds * 1000)


@dataclass
class Treasury:
    """`actors()` are those of a fresh process: the same database, no memory."""

    clock: Clock = field(default_factory=Clock)
    settings: GuildSettings = field(default_factory=GuildSettings)
    fails: Exception | None = None

    async def read(self, guild_id: str) -> GuildSettings:
        """See guild_book.ReadSettings."""
        if self.fails:
            raise self.fails
        return self.settings

    def actors(self, more: Mapping[str, Callable[[str, LocalVirtualActors], Any]] | None = None) -> LocalVirtualActors:
        """See above; `more` makes actors of further kinds, which may call the others."""

        def ledger(key: str) -> points.PointsActor:
            return points.PointsActor(key, actors=actors, settings=self.read, now_ms=self.clock)

        kinds: dict[str, Any] = {
            points.KIND: ledger,
            standing.KIND: standing.StandingActor,
            drop.KIND: partial(drop.DropActor, now_ms=self.clock),
        }
        for kind, make in (more or {}).items():
            kinds[kind] = lambda key, make=make: make(key, actors)
        actors = LocalVirtualActors(VirtualHost(kinds))
        return actors


async def enter(
    actors: LocalVirtualActors, entry_id: str, amount: int = 10, user: str = "1", guild: str = "600"
) -> Balance:
    """An entry in somebody's ledger."""
    balance: Balance = await actors.call(
        points.KIND, key_of(guild, user), "enter", entry_id, amount, "test", f"Member {user}"
    )
    return balance
