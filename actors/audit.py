"""The audit actor: what those who run a server, or the bot, did to it. Entries are added and never changed.

It keeps the last MAX_ENTRIES of a server; the operator's log has every one, too, as `[AUDIT]`. Key OPERATORS holds what
belongs to no server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import Field, computed_field

from actors.host import VirtualActor, exposed
from core.documents import OwnedDocument
from core.messages import Kept

KIND = "audit"
MAX_ENTRIES = 500
MAX_DETAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what, when. `about` is the person it was done to, where it was one; `by` and `about` are None once that
    person had themselves forgotten."""

    id: str
    at_ms: int
    by: str | None
    action: str
    detail: str = ""
    about: str | None = None


class AuditDocument(OwnedDocument):
    """How the log of one server is stored, oldest first. `dropped` counts those that had to go."""

    entries: list[Entry] = Field(default_factory=list)
    dropped: int = 0

    class Settings:
        """Beanie's own: the collection."""

        name = "audit_log"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return sorted({who for one in self.entries for who in (one.by, one.about) if who is not None})


class AuditActor(VirtualActor[AuditDocument]):
    """The log of one server, by its Discord id."""

    def __init__(self, key: str) -> None:
        super().__init__(key, AuditDocument)

    @exposed
    async def note(self, entry: Entry) -> None:
        """Adds an entry; the same id once."""
        document = self.document
        if any(one.id == entry.id for one in document.entries):
            return
        document.entries.append(replace(entry, detail=entry.detail[:MAX_DETAIL]))
        if len(document.entries) > MAX_ENTRIES:
            document.entries = document.entries[-MAX_ENTRIES:]
            document.dropped += 1

    @exposed
    async def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first."""
        return tuple(self.document.entries)

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here about a person: what they did, and what was done to them."""
        return tuple(
            Kept(kind="audit", channel_id="", message_id="", at_ms=one.at_ms, text=f"{one.action} {one.detail}".strip())
            for one in self.document.entries
            if user_id in (one.by, one.about)
        )

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets who it was; that it was done stays. Returns how many things that were."""
        count = len(await self.kept_about(user_id))

        def forgotten(one: Entry) -> Entry:
            mine = one.about == user_id
            return replace(
                one,
                by=None if one.by == user_id else one.by,
                about=None if mine else one.about,
                detail="" if mine or user_id in one.detail else one.detail,
            )

        self.document.entries = [forgotten(one) for one in self.document.entries]
        return count
