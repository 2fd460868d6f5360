"""What a host process knows of the guilds' settings, so that a turn need not ask for them.

The guild actor has the truth. A copy is good for `fresh_s` seconds, after which a change is certainly seen; from half
of that on it is read again beside the turns, so that where people talk no turn waits for it. Only the first message
after a pause waits, for at most `patience_s`. Where the settings cannot be read, the last known ones hold, and where
none are known the operator's: a database that is away must not silence the bot.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from actors.additions import NOTHING, Additions, ReadAdditions
from actors.guests import ReadGuests
from actors.guild import KIND
from actors.guild_settings import GuildSettings
from actors.routing import ChannelRules
from actors.virtual import Actors
from core.personas import Guest, Pack

log = logging.getLogger(__name__)

FRESH_S = 5.0
PATIENCE_S = 1.0
MAX_GUILDS = 10_000

ReadSettings = Callable[[str], Awaitable[GuildSettings]]


@dataclass(frozen=True, slots=True)
class Here:
    """What holds in a place: the rules, and the pack with whom of the cast may speak, the server's own personas
    (`core.personas.Guest`), scenarios, greetings and lore (`actors.additions`) included."""

    rules: ChannelRules
    pack: Pack


@dataclass(slots=True)
class _Page:
    settings: GuildSettings
    here: Here
    guests: tuple[Guest, ...] = ()
    version: int = -1  # of the guests
    additions: Additions = NOTHING
    read_at: float = float("-inf")  # when it was last read, or last tried; `time.monotonic()`
    reading: asyncio.Task[None] | None = None


class GuildBook:
    """Shared by all channels of a process. `read` gives a guild's settings, `read_guests` its own personas,
    `read_additions` what else it added; all may raise anything."""

    def __init__(
        self,
        pack: Pack,
        rules: ChannelRules,
        read: ReadSettings | None = None,
        read_guests: ReadGuests | None = None,
        *,
        read_additions: ReadAdditions | None = None,
        fresh_s: float = FRESH_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._operators = Here(rules, pack)
        self._read, self._read_guests, self._read_additions = read, read_guests, read_additions
        self._fresh_s, self._patience_s = fresh_s, patience_s
        self._pages: OrderedDict[str, _Page] = OrderedDict()  # least recently used first

    async def of(self, guild_id: str | None) -> Here:
        """What holds in a guild; None is a direct message, in which the operator's word holds. Never raises."""
        if guild_id is None or self._read is None:
            return self._operators
        page = self._page(guild_id)
        age = time.monotonic() - page.read_at
        if age >= self._fresh_s / 2 and page.reading is None:
            page.reading = asyncio.create_task(self._turn_over(guild_id, page, self._read))
        if age >= self._fresh_s and page.reading is not None:
            await asyncio.wait([page.reading])
        return page.here

    async def guests(self, guild_id: str) -> tuple[Guest, ...]:
        """The personas that a guild has made itself, whether they may speak or not. Never raises."""
        await self.of(guild_id)
        return self._page(guild_id).guests

    def forget(self, guild_id: str) -> None:
        """Have a guild's settings read again, since they were just changed from here."""
        self._pages.pop(guild_id, None)

    def _page(self, guild_id: str) -> _Page:
        if page := self._pages.get(guild_id):
            self._pages.move_to_end(guild_id)
            return page
        page = self._pages[guild_id] = _Page(GuildSettings(), self._operators)
        if len(self._pages) > MAX_GUILDS:
            self._pages.popitem(last=False)
        return page

    async def _turn_over(self, guild_id: str, page: _Page, read: ReadSettings) -> None:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_s):
                settings, found, added = await asyncio.gather(
                    read(guild_id),
                    self._guests(guild_id, page.version),
                    self._additions(guild_id, page.additions.version),
                )
            version, guests = found or (page.version, page.guests)
            additions = added or page.additions
            if (settings, guests, additions) != (page.settings, page.guests, page.additions):
                rules = self._operators.rules.for_guild(settings)
                pack = additions.to(self._operators.pack.with_guests(guests))
                page.here = Here(rules, settings.cast(pack))
            page.settings, page.guests, page.version, page.additions = settings, guests, version, additions
            page.read_at = asked_at
        except Exception as error:
            log.warning("[GUILD] the settings of %s are not known just now: %r", guild_id, error)
            page.read_at = time.monotonic()  # or every turn would wait for what does not come
        finally:
            page.reading = None

    async def _guests(self, guild_id: str, version: int) -> tuple[int, tuple[Guest, ...]] | None:
        return None if self._read_guests is None else await self._read_guests(guild_id, version)

    async def _additions(self, guild_id: str, version: int) -> Additions | None:
        return None if self._read_additions is None else await self._read_additions(guild_id, version)


def reading(actors: Actors) -> ReadSettings:
    """Reads from the guild actor, wherever it lives."""

    async def read(guild_id: str) -> GuildSettings:
        settings: GuildSettings = await actors.call(KIND, guild_id, "settings", timeout_s=PATIENCE_S)
        return settings

    return read
