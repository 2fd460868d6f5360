"""The drop actor: points that are given away to whoever is first, by a button below a message.

Who was first is decided here, one call at a time, and is on disk before anybody hears of it. Paying the winner and
showing it are the bot's (`bot.drops`), which asks for what is unsettled when it starts, so that a kill in between only
delays them; both may be done twice without harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import computed_field

from actors.host import VirtualActor, exposed
from core import clock
from core.documents import OwnedDocument
from core.errors import RequestError
from core.messages import Kept
from core.wording import Wording, with_reason

KIND = "drop"

State = Literal["none", "open", "claimed", "expired", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A drop as it is asked for: `points` for the first, open for `lasts_s` seconds. `by` is who gives it, None for
    the cast itself; `locale` is the language of the place, as Discord names it."""

    guild_id: str
    channel_id: str
    points: int
    lasts_s: float
    text: str = ""
    by: str | None = None
    locale: str = "en-US"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView:
    """A drop at one moment. `winner_id` is empty while there is none, and where the winner had themselves forgotten.
    `settled` is whether it is over, paid and shown so."""

    id: str
    state: State
    guild_id: str
    channel_id: str
    message_id: str
    points: int
    text: str
    locale: str
    expires_ms: int
    winner_id: str
    winner_name: str
    paid: bool
    settled: bool


class DropDocument(OwnedDocument):
    """How a drop is stored."""

    guild_id: str = ""
    channel_id: str = ""
    message_id: str = ""
    points: int = 0
    text: str = ""
    locale: str = "en-US"
    by: str = ""
    state: State = "none"
    created_ms: int = 0
    expires_ms: int = 0
    winner_id: str = ""
    winner_name: str = ""
    claimed_ms: int = 0
    paid: int = 0
    shown: int = 0

    class Settings:
        """Beanie's own: the collection."""

        name = "drops"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return sorted({one for one in (self.by, self.winner_id) if one})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unsettled(self) -> int:
        """1 while something is left to be done: open, or to be paid or shown; else 0."""
        over = self.state in ("none", "expired", "cancelled") or (self.state == "claimed" and bool(self.paid))
        return int(self.state != "none" and not (over and self.shown))


class DropActor(VirtualActor[DropDocument]):
    """One drop, by an id of the giver's making. `now_ms` is the clock."""

    def __init__(self, key: str, *, now_ms: Callable[[], int] | None = None) -> None:
        super().__init__(key, DropDocument)
        self._now_ms = now_ms or clock.now_ms

    @exposed
    async def give(self, drop: Drop) -> DropView:
        """Opens the drop; one that there is already stays as it is. Raises RequestError for less than a point."""
        document = self.document
        if document.state == "none":
            if drop.points < 1 or drop.lasts_s <= 0:
                raise RequestError(
                    Wording("refused-drop", "A drop needs at least one point and some time."), field="points"
                )
            document.guild_id, document.channel_id, document.points = drop.guild_id, drop.channel_id, drop.points
            document.text, document.locale, document.by = drop.text[:500], drop.locale, drop.by or ""
            document.created_ms = self._now_ms()
            document.expires_ms = document.created_ms + int(drop.lasts_s * 1000)
            document.state = "open"
        return self._view()

    @exposed
    async def posted(self, message_id: str) -> DropView:
        """The message with the button stands in the channel."""
        self.document.message_id = self.document.message_id or message_id
        return self._view()

    @exposed
    async def claim(self, user_id: str, name: str, message_id: str = "") -> DropView:
        """Somebody presses the button, which is below `message_id`. The first while it is open is the winner for good;
        the view tells who that is."""
        self._expire()
        document = self.document
        if document.state == "open":
            document.state, document.claimed_ms = "claimed", self._now_ms()
            document.winner_id, document.winner_name = user_id, " ".join(name.split())[:64]
            document.message_id = document.message_id or message_id
        return self._view()

    @exposed
    async def cancel(self) -> DropView:
        """Takes the drop back, where it is still open."""
        self._expire()
        if self.document.state == "open":
            self.document.state = "cancelled"
        return self._view()

    @exposed
    async def view(self) -> DropView:
        """The drop as it is now."""
        self._expire()
        return self._view()

    @exposed
    async def settled(self, paid: bool, shown: bool) -> DropView:
        """What was done of it since: the winner has the points, the message says how it ended."""
        document = self.document
        document.paid |= int(paid and document.state == "claimed")
        document.shown |= int(shown and document.state != "open")
        return self._view()

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """That they gave or won it."""
        document = self.document
        found = []
        if document.by == user_id:
            gave = Wording("kept-drop-given", "Gave a drop of {points} points", points=document.points)
            found.append(self._kept(document.created_ms, with_reason(gave, document.text)))
        if document.winner_id == user_id:
            won, name = document.points, document.winner_name
            text = Wording("kept-drop-won", "Won a drop of {points} points as {name}", points=won, name=name)
            found.append(self._kept(document.claimed_ms, text))
        return tuple(found)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets who that was; the drop stays given and won. Returns how many things that were."""
        count = len(await self.kept_about(user_id))
        document = self.document
        if document.winner_id == user_id:
            # Who is forgotten is not paid any more, or a ledger of theirs would begin anew.
            document.winner_id, document.winner_name, document.paid = "", "", 1
        if document.by == user_id:
            document.by = ""
        return count

    def _expire(self) -> None:
        if self.document.state == "open" and self._now_ms() >= self.document.expires_ms:
            self.document.state = "expired"

    def _kept(self, at_ms: int, text: str) -> Kept:
        return Kept(
            kind="drop",
            channel_id=self.document.channel_id,
            message_id=self.document.message_id,
            at_ms=at_ms,
            text=text,
        )

    def _view(self) -> DropView:
        document = self.document
        return DropView(
            id=self.key,
            state=document.state,
            guild_id=document.guild_id,
            channel_id=document.channel_id,
            message_id=document.message_id,
            points=document.points,
            text=document.text,
            locale=document.locale,
            expires_ms=document.expires_ms,
            winner_id=document.winner_id,
            winner_name=document.winner_name,
            paid=bool(document.paid),
            settled=not document.unsettled,
        )
