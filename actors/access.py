"""The access actor: a server's lists of who may use the cast, its limits, and which missing permission was explained.

The gateway reads its rules through `bot.copies`; people see and change them with `/admin-data`. Key OPERATORS holds
what the operator says for everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import Field, computed_field

from actors.access_rules import AccessRules, Listing, Side, hidden, people_in, user
from actors.host import VirtualActor, exposed
from core import clock
from core.documents import OwnedDocument
from core.errors import RequestError
from core.limits import DAY_MS, NAMES, name_of
from core.messages import Kept
from core.wording import Wording, with_reason

KIND = "access"
MAX_LISTED = 500
MAX_LIMITED = 200
_MAX_TOLD = 64
_BLOCKED = Wording("kept-blocked", "is blocked"), Wording("kept-blocked-somebody", "blocked somebody")
_ALLOWED = Wording("kept-allowed", "is allowed"), Wording("kept-allowed-somebody", "allowed somebody")


class AccessDocument(OwnedDocument):
    """How the lists and limits of one server are stored. `told` is when a missing permission was explained, with what
    asked for it."""

    blocked: dict[str, Listing] = Field(default_factory=dict)
    allowed: dict[str, Listing] = Field(default_factory=dict)
    limits: dict[str, dict[str, int]] = Field(default_factory=dict)
    told: dict[str, tuple[int, str]] = Field(default_factory=dict)

    class Settings:
        """Beanie's own: the collection."""

        name = "access_rules"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        by = {one.by for side in (self.blocked, self.allowed) for one in side.values() if one.by is not None}
        return sorted(by | people_in([*self.blocked, *self.allowed, *self.limits]))


class AccessActor(VirtualActor[AccessDocument]):
    """One server's, by its Discord id."""

    def __init__(self, key: str) -> None:
        super().__init__(key, AccessDocument)

    @exposed
    async def rules(self) -> AccessRules:
        """The lists and limits."""
        document = self.document
        return AccessRules(
            key=self.key,
            blocked=dict(document.blocked),
            allowed=dict(document.allowed),
            limits={subject: dict(limits) for subject, limits in document.limits.items()},
        )

    @exposed
    async def put(self, side: Side, subject: str, by: str, reason: str = "") -> bool:
        """Puts a subject on one of the lists and takes it off the other; whether it was not there before. Raises
        RequestError where the list is full."""
        listed, other = self._sides(side)
        if subject in listed:
            return False
        if len(listed) >= MAX_LISTED:
            raise RequestError(
                Wording("refused-listed", "The list is full: it takes {most}. Use a role instead.", most=MAX_LISTED),
                field="target",
            )
        other.pop(subject, None)
        other.pop(hidden(self.key, subject), None)
        listed[subject] = Listing(at_ms=clock.now_ms(), by=by, reason=reason[:200])
        return True

    @exposed
    async def take(self, side: Side, subject: str) -> bool:
        """Takes a subject off a list; whether it was there."""
        listed, _ = self._sides(side)
        found = [one for one in (subject, hidden(self.key, subject)) if listed.pop(one, None) is not None]
        return bool(found)

    @exposed
    async def clear(self) -> None:
        """Empties both lists and takes all limits back."""
        self.document.blocked, self.document.allowed, self.document.limits = {}, {}, {}

    @exposed
    async def limit(self, subject: str, name: str, amount: int) -> None:
        """Sets one limit of a subject. Raises RequestError."""
        limits = self.document.limits
        try:
            known = str(name_of(name))
        except ValueError:
            wrong, names = repr(name[:40]), ", ".join(NAMES)
            told = Wording("refused-limit", "There is no limit {name}; there are {names}.", name=wrong, names=names)
            raise RequestError(told, field="name") from None
        if subject not in limits and len(limits) >= MAX_LIMITED:
            raise RequestError(
                Wording(
                    "refused-limited", "There are limits for {most} already. Use a role instead.", most=MAX_LIMITED
                ),
                field="who",
            )
        limits[subject] = {**limits.get(subject, {}), known: max(0, amount)}

    @exposed
    async def unlimit(self, subject: str) -> bool:
        """Takes the limits of a subject back, so that it has what it would have without; whether there were any."""
        found = [self.document.limits.pop(one, None) for one in (subject, hidden(self.key, subject))]
        return any(one is not None for one in found)

    @exposed
    async def may_tell(self, what: str, asked_by: str) -> bool:
        """Whether something is to be explained to those who run the server now: once a day. `asked_by` tells who asks,
        and gets the same answer to the same question."""
        now, told = clock.now_ms(), self.document.told
        last = told.get(what)
        if last is not None and now - last[0] < DAY_MS:
            return last[1] == asked_by
        told[what] = (now, asked_by)
        while len(told) > _MAX_TOLD:
            del told[min(told, key=lambda one: told[one][0])]
        return True

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here about a person."""
        return tuple(
            Kept(kind="access", channel_id="", message_id="", at_ms=at_ms, text=text)
            for at_ms, text in self._about(user_id)
        )

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets who it was. A block, a permission or a limit stays, under a digest that names nobody. Returns how
        many things that were."""
        count = len(self._about(user_id))
        me, nobody = user(user_id), hidden(self.key, user(user_id))

        def forgotten(side: Mapping[str, Listing]) -> dict[str, Listing]:
            return {
                nobody if subject == me else subject: replace(
                    one, by=None if one.by == user_id else one.by, reason="" if subject == me else one.reason
                )
                for subject, one in side.items()
            }

        document = self.document
        document.blocked, document.allowed = forgotten(document.blocked), forgotten(document.allowed)
        document.limits = {nobody if one == me else one: limits for one, limits in document.limits.items()}
        return count

    def _about(self, user_id: str) -> list[tuple[int, str]]:
        document, me = self.document, user(user_id)
        found: list[tuple[int, str]] = []
        for side, listed, did in ((document.blocked, *_BLOCKED), (document.allowed, *_ALLOWED)):
            if (mine := side.get(me)) is not None:
                found.append((mine.at_ms, with_reason(listed, mine.reason)))
            found += [(one.at_ms, did) for one in side.values() if one.by == user_id]
        if me in document.limits:
            shown = ", ".join(f"{name}={amount}" for name, amount in document.limits[me].items())
            found.append((0, Wording("kept-limits", "may use {limits}", limits=shown)))
        return sorted(found)

    def _sides(self, side: Side) -> tuple[dict[str, Listing], dict[str, Listing]]:
        document = self.document
        return (document.blocked, document.allowed) if side == "blocked" else (document.allowed, document.blocked)
