"""The member actor: what a person wants of the cast, by their id; so far, where nothing of theirs is kept for long.

Who wants nothing special has no document.
"""

from __future__ import annotations

from pydantic import Field

from actors.host import VirtualActor, exposed
from core.documents import OwnedDocument

KIND = "member"
EVERYWHERE = "*"


class MemberDocument(OwnedDocument):
    """`unremembered` are the guilds where nothing of theirs goes into long-term memory; `*` stands for everywhere."""

    unremembered: list[str] = Field(default_factory=list)

    class Settings:
        """Beanie's own: the collection."""

        name = "members"

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not self.unremembered


class MemberActor(VirtualActor[MemberDocument]):
    """One person, by their Discord id."""

    def __init__(self, key: str) -> None:
        super().__init__(key, MemberDocument)

    @exposed
    async def is_remembered(self, guild_id: str | None) -> bool:
        """Whether what they say there may go into long-term memory; without a guild, in direct messages."""
        unwanted = self.document.unremembered
        return EVERYWHERE not in unwanted and (guild_id is None or guild_id not in unwanted)

    @exposed
    async def remember(self, wanted: bool, guild_id: str | None) -> None:
        """Whether they want it, on one server or everywhere (None). Wanting it everywhere takes back every wish
        against it."""
        place = guild_id or EVERYWHERE
        if not wanted:
            self.document.unremembered = sorted({*self.document.unremembered, place})
        elif guild_id is None:
            self.document.unremembered = []
        else:
            self.document.unremembered = [one for one in self.document.unremembered if one != guild_id]
