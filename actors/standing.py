"""The standing actor: a person among those of all servers who want to be seen there; of nobody else there is anything.

Each of their ledgers (`actors.points`) tells its sum here whenever it changed. A sum is told with the number of entries
it is made of, so one that comes late does not replace a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, computed_field

from actors.host import VirtualActor, exposed
from core.documents import OwnedDocument
from core.messages import Kept
from core.wording import Wording

KIND = "standing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a person has on one server after `seq` entries: in all, and in the week that began on the day `week`."""

    seq: int
    points: int
    week: int
    week_points: int


class StandingDocument(OwnedDocument):
    """How a person's standing is stored; `shares` by guild id."""

    public: int = 0
    name: str = ""
    since_ms: int = 0
    shares: dict[str, Share] = Field(default_factory=dict)

    class Settings:
        """Beanie's own: the collection."""

        name = "standings"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def points(self) -> int:
        """The sum over all servers."""
        return sum(share.points for share in self.shares.values())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def week(self) -> int:
        """The latest week of which something is known."""
        return max((share.week for share in self.shares.values()), default=0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def week_points(self) -> int:
        """The sum of that week."""
        return sum(share.week_points for share in self.shares.values() if share.week == self.week)

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not self.public


class StandingActor(VirtualActor[StandingDocument]):
    """One person, by their Discord id."""

    def __init__(self, key: str) -> None:
        super().__init__(key, StandingDocument)

    @exposed
    async def publish(self, wanted: bool, name: str, now_ms: int) -> None:
        """Whether they want to be seen, under which name where a server knows none of theirs."""
        document = self.document
        if wanted:
            document.since_ms = document.since_ms or now_ms
            document.public, document.name = 1, " ".join(name.split())[:64]
        else:
            document.public, document.name, document.since_ms, document.shares = 0, "", 0, {}

    @exposed
    async def is_public(self) -> bool:
        """Whether they want to be seen."""
        return bool(self.document.public)

    @exposed
    async def share(self, guild_id: str, share: Share) -> None:
        """What they have on a server; nothing is kept of who does not want to be seen."""
        known = self.document.shares.get(guild_id)
        if self.document.public and (known is None or known.seq <= share.seq):
            self.document.shares = {**self.document.shares, guild_id: share}

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """That they want to be seen, and what of."""
        document = self.document
        if document.void or user_id != self.key:
            return ()
        text = Wording(
            "kept-standing",
            "Shown on the leaderboard of all servers as {name}: {points:,} points",
            name=document.name,
            points=document.points,
        )
        return (Kept(kind="points", channel_id="", message_id="", at_ms=document.since_ms, text=text),)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets that. Returns how many things that were."""
        count = len(await self.kept_about(user_id))
        if count:
            await self.publish(False, "", 0)
        return count
