"""The points actor: the ledger of one member of one server.

What counts is written as entries, each with an id; the sum is never stored apart from them, so it cannot be wrong.
The document holds the last `MAX_ENTRIES` whole and of older ones only their sum and number (`Carried`). A digest of the
last `MAX_IDS` ids tells an entry that comes again: it changes nothing. An id that was followed by more than `MAX_IDS`
others would count anew; callers try again within minutes, a member has some dozens a day. One document, written whole:
whoever is killed when, an entry is in the sum once or not at all, and once it was acknowledged.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field, computed_field

from actors import standing
from actors.guild_book import ReadSettings
from actors.guild_settings import GuildSettings
from actors.host import VirtualActor, exposed
from actors.progress import REASONS, Streak, Tally, badges, begins_at, day_of, level_of, week_of
from actors.virtual import Calls
from core import clock
from core.cron import zone_of
from core.documents import OwnedDocument
from core.errors import RequestError, TroupeError
from core.messages import Kept
from core.wording import Wording

log = logging.getLogger(__name__)

KIND = "points"
DIRECT = "dm"
BY_HAND = "hand:"
"""Entry ids that begin so are corrections by those who manage the server: no activity, no badge."""
MAX_ENTRIES = 200
MAX_IDS = 2048
MAX_AMOUNT = 1_000_000
MAX_FEATS = 64
MAX_PERSONAS = 40
TALK_POINTS = 2
TALK_PAUSE_S = 60.0
TALK_A_DAY = 40
AWAY_DAYS = 14

_MARK = 13
_SETTINGS_FRESH_S = 30.0
_STANDING_WITHIN_S = 2.0
_PERSONA = re.compile(r"^[\w:-]{1,64}$")
_FEAT = re.compile(r"^[a-z][a-z_-]{0,31}$")


def key_of(guild_id: str | None, user_id: str) -> str:
    """The key of a member's ledger on a server, or of a person's in direct messages."""
    return f"{guild_id or DIRECT}:{user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger."""

    id: str
    at_ms: int
    amount: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of the entries that are too old to be held: their number, their sum, and when the last one was."""

    count: int = 0
    points: int = 0
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A ledger at one moment. `level_from` and `level_to` are the points at which the level begins and the next one;
    `streak` the days in a row up to today; `badges` ids of `actors.progress.BADGES`; `personas` how often which of the
    cast was talked with, most often first; `changed` whether the call that returned this did anything."""

    points: int = 0
    level: int = 1
    level_from: int = 0
    level_to: int = 50
    streak: int = 0
    best_streak: int = 0
    week_points: int = 0
    badges: tuple[str, ...] = ()
    personas: tuple[tuple[str, int], ...] = ()
    name: str = ""
    entries: int = 0
    public: bool = False
    changed: bool = False


class PointsDocument(OwnedDocument):
    """How a ledger is stored. `week` is the Monday (as `date.toordinal` counts) for which `week_points` holds."""

    guild_id: str = ""
    user_id: str = ""
    name: str = ""
    entries: list[Entry] = Field(default_factory=list)
    carried: Carried = Carried()
    seen: str = ""  # a space and twelve letters for each id
    week: int = 0
    week_points: int = 0
    earned: int = 0
    streak: Streak = Streak()
    feats: dict[str, int] = Field(default_factory=dict)
    personas: dict[str, int] = Field(default_factory=dict)
    talked_ms: int = 0
    talk_day: int = 0
    talk_points: int = 0
    zone: str = "UTC"  # the last known one
    public: int = 0
    untold: int = 0  # 1 while the member's standing among all servers lags behind

    class Settings:
        """Beanie's own: the collection."""

        name = "points"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def points(self) -> int:
        """The sum of all entries."""
        return self.carried.points + sum(entry.amount for entry in self.entries)

    @property
    def count(self) -> int:
        """How many entries there ever were."""
        return self.carried.count + len(self.entries)

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not (self.count or self.feats or self.seen)


class PointsActor(VirtualActor[PointsDocument]):
    """One member's ledger, by `key_of`. Bind all but the key with `functools.partial` to get its factory.

    `settings` reads a guild's settings (`guild_book.reading`), `now_ms` the clock.
    """

    def __init__(
        self, key: str, *, actors: Calls, settings: ReadSettings, now_ms: Callable[[], int] | None = None
    ) -> None:
        super().__init__(key, PointsDocument)
        self._actors, self._read = actors, settings
        self._now_ms = now_ms or clock.now_ms
        self._guild_id, _, self._user_id = key.rpartition(":")
        self._settings: GuildSettings | None = None
        self._asked_at = float("-inf")

    @exposed
    async def enter(self, entry_id: str, amount: int, reason: str, name: str) -> Balance:
        """Writes an entry; one whose id is known changes nothing. `amount` may be negative; `name` is how the member
        is shown. Raises RequestError for an amount beyond MAX_AMOUNT either way."""
        if not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
            raise RequestError(
                Wording("refused-points", "At most {most:,} points at once.", most=MAX_AMOUNT), field="amount"
            )
        await self._know_settings()
        changed = not self._seen(entry_id)
        if changed:
            self._identify()
            await self._append(entry_id, amount, reason, name)
        return self._balance(changed=changed)

    @exposed
    async def balance(self) -> Balance:
        """How things stand."""
        await self._know_settings()
        if self.document.untold:
            self.background(self._tell())
        return self._balance()

    @exposed
    async def note(self, feat: str, note_id: str = "") -> Balance:
        """Counts a feat for badges; with a `note_id` once, however often it is called. Raises RequestError for a feat
        that is not of small letters, and for more kinds of them than MAX_FEATS."""
        if not _FEAT.match(feat):
            raise RequestError(f"A feat cannot be called {feat[:40]!r}.", field="feat")
        changed = not (note_id and self._seen(f"note:{note_id}"))
        if changed:
            self._identify()
            self._count(feat)
        return self._balance(changed=changed)

    @exposed
    async def talked(self, message_id: str, name: str, persona_id: str) -> Balance:
        """The member talked with one of the cast: TALK_POINTS, at most every TALK_PAUSE_S seconds and TALK_A_DAY a
        day, unless the server wants none given for that. `changed` tells whether it counted."""
        settings = await self._know_settings()
        document, now_ms = self.document, self._now_ms()
        if settings.talk_points is False or now_ms - document.talked_ms < TALK_PAUSE_S * 1000:
            return self._balance()
        if self._seen(entry_id := f"talk:{message_id}"):
            return self._balance()
        self._identify()
        today = self._today()
        if today > document.talk_day:
            document.talk_day, document.talk_points = today, 0
        document.talked_ms = now_ms
        self._count("talk")
        if persona_id in document.personas or (len(document.personas) < MAX_PERSONAS and _PERSONA.match(persona_id)):
            document.personas = {**document.personas, persona_id: document.personas.get(persona_id, 0) + 1}
        if document.talk_points + TALK_POINTS <= TALK_A_DAY:
            document.talk_points += TALK_POINTS
            await self._append(entry_id, TALK_POINTS, "talk", name)
        return self._balance(changed=True)

    @exposed
    async def history(self, limit: int = 10) -> tuple[Entry, ...]:
        """The last entries, the newest first."""
        return tuple(reversed(self.document.entries[-limit:] if limit > 0 else []))

    @exposed
    async def publish(self, wanted: bool) -> None:
        """Whether these points count in the member's standing among all servers."""
        if self.document.count and self.document.public != int(wanted):
            self.document.public = self.document.untold = int(wanted)
        if self.document.untold:
            self.background(self._tell())

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """Every entry that is held, the sum of older ones, and what was counted."""
        document = self.document
        if user_id != self._user_id or document.void:
            return ()
        carried = document.carried
        lines: list[tuple[int, str]] = []
        if carried.count:
            sum_of = Wording(
                "kept-points-older",
                "{points} points in {count:,} older entries",
                points=f"{carried.points:+d}",
                count=carried.count,
            )
            lines.append((carried.until_ms, sum_of))
        for entry in document.entries:
            told = Wording("kept-points", "{points} points: {reason}", points=f"{entry.amount:+d}", reason=entry.reason)
            lines.append((entry.at_ms, told))
        counted = ", ".join(
            f"{name} {count}" for name, count in sorted({**document.feats, **document.personas}.items())
        )
        if counted:
            name = document.name or Wording("kept-nobody", "nobody")
            lines.append(
                (self._now_ms(), Wording("kept-feats", "Counted as {name}: {feats}", name=name, feats=counted))
            )
        return tuple(Kept(kind="points", channel_id="", message_id="", at_ms=at, text=text) for at, text in lines)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets the whole ledger. Returns how many things that were."""
        count = len(await self.kept_about(user_id))
        if count:
            fresh = PointsDocument(id=self.key)
            for name in PointsDocument.model_fields:
                if name not in ("id", "rev", "revision_id"):
                    setattr(self.document, name, getattr(fresh, name))
        return count

    async def _append(self, entry_id: str, amount: int, reason: str, name: str) -> None:
        document, now_ms = self.document, self._now_ms()
        if not document.count:
            document.public = int(await self._is_public())
        document.name = _one_line(name, 64) or document.name
        document.entries = [
            *document.entries,
            Entry(id=entry_id[:100], at_ms=now_ms, amount=amount, reason=reason[:200]),
        ]
        self._fold()
        today = self._today()
        if week_of(today) > document.week:
            document.week, document.week_points = week_of(today), 0
        document.week_points += amount
        if amount > 0 and not entry_id.startswith(BY_HAND):
            self._was_active(today, now_ms)
            if reason in REASONS:
                self._count(reason)
        if document.public:
            document.untold = 1
            self.background(self._tell())

    def _fold(self) -> None:
        document = self.document
        old, document.entries = document.entries[:-MAX_ENTRIES], document.entries[-MAX_ENTRIES:]
        for entry in old:
            document.carried = Carried(
                count=document.carried.count + 1,
                points=document.carried.points + entry.amount,
                until_ms=entry.at_ms,
            )

    def _was_active(self, today: int, now_ms: int) -> None:
        document = self.document
        document.earned += 1
        hour = datetime.fromtimestamp(now_ms / 1000, zone_of(document.zone)).hour
        if document.streak.last_day and today - document.streak.last_day > AWAY_DAYS:
            self._count("return")
        if hour < 4:
            self._count("night")
        elif 5 <= hour < 7:
            self._count("dawn")
        document.streak = document.streak.then(today)

    def _count(self, feat: str) -> None:
        feats = self.document.feats
        if feat not in feats and len(feats) >= MAX_FEATS:
            raise RequestError(f"Feats of {MAX_FEATS} kinds are counted already.", field="feat")
        self.document.feats = {**feats, feat: feats.get(feat, 0) + 1}

    def _seen(self, entry_id: str) -> bool:
        """Whether an id is known; it is from now on."""
        digest = hashlib.blake2b(entry_id.encode(), digest_size=9).digest()
        mark = f" {urlsafe_b64encode(digest).decode()}"
        if mark in self.document.seen:
            return True
        self.document.seen = (self.document.seen + mark)[-MAX_IDS * _MARK :]
        return False

    def _identify(self) -> None:
        self.document.guild_id, self.document.user_id = self._guild_id, self._user_id
        self._set_clock()

    def _set_clock(self) -> None:
        if self._settings is not None:
            self.document.zone = self._settings.time_zone or "UTC"

    def _today(self) -> int:
        return day_of(self._now_ms(), zone_of(self.document.zone))

    def _balance(self, *, changed: bool = False) -> Balance:
        document, today = self.document, self._today()
        points, level = document.points, level_of(document.points)
        return Balance(
            points=points,
            level=level,
            level_from=begins_at(level),
            level_to=begins_at(level + 1),
            streak=document.streak.on(today),
            best_streak=document.streak.best,
            week_points=document.week_points if document.week == week_of(today) else 0,
            badges=badges(_tally(document)),
            personas=tuple(sorted(document.personas.items(), key=lambda one: (-one[1], one[0]))),
            name=document.name,
            entries=document.count,
            public=bool(document.public),
            changed=changed,
        )

    async def _know_settings(self) -> GuildSettings:
        """The guild's settings, not older than a moment; where they cannot be read, those last known."""
        now = time.monotonic()
        if self._guild_id != DIRECT and now - self._asked_at > _SETTINGS_FRESH_S:
            self._asked_at = now  # or every call would wait for what does not come
            try:
                self._settings = await self._read(self._guild_id)
            except TroupeError as error:
                log.warning("[POINTS] the settings of %s are not known just now: %s", self._guild_id, error)
        if not self.document.void:
            self._set_clock()
        return self._settings or GuildSettings()

    async def _is_public(self) -> bool:
        if self._guild_id == DIRECT:
            return False
        try:
            return bool(
                await self._actors.call(standing.KIND, self._user_id, "is_public", timeout_s=_STANDING_WITHIN_S)
            )
        except TroupeError:
            return False  # they can say so again; to show what they did not want shown could not be taken back

    async def _tell(self) -> None:
        """Bring the member's standing up to date; where this is cut short, the next call that comes here does."""
        async with self.exclusive():
            document = self.document
            share = standing.Share(
                seq=document.count, points=document.points, week=document.week, week_points=document.week_points
            )
            if not document.untold:
                return
        await self._actors.call(standing.KIND, self._user_id, "share", self._guild_id, share)
        async with self.exclusive() as section:
            section.durable = False
            if self.document.count == share.seq:
                self.document.untold = 0


def _tally(document: PointsDocument) -> Tally:
    return Tally(
        points=document.points,
        earned=document.earned,
        best_streak=document.streak.best,
        feats=document.feats,
        personas=document.personas,
    )


def _one_line(text: str, limit: int) -> str:
    return " ".join(text.split())[:limit]
