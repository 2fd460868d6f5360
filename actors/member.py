"""The member actor: what a person wants of the cast, by their id; so far, where something of theirs is kept for long.

Who wants nothing special has no document. What they do not want outlives that they are forgotten: else the next thing
they say would be remembered.
"""

from __future__ import annotations

from pydantic import Field

from actors.host import VirtualActor, exposed
from core import clock
from core.documents import OwnedDocument
from core.messages import Kept
from core.wording import Wording

KIND = "member"
EVERYWHERE = "*"


class MemberDocument(OwnedDocument):
    """`unremembered` are the guilds where nothing of theirs goes into long-term memory; `*` stands for everywhere.
    `remembered` are those that remember only who asked for it, and where they did. Both were last changed at
    `changed_ms`."""

    unremembered: list[str] = Field(default_factory=list)
    remembered: list[str] = Field(default_factory=list)
    changed_ms: int = 0

    class Settings:
        """Beanie's own: the collection."""

        name = "members"

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not (self.unremembered or self.remembered)


class MemberActor(VirtualActor[MemberDocument]):
    """One person, by their Discord id."""

    def __init__(self, key: str) -> None:
        super().__init__(key, MemberDocument)

    @exposed
    async def is_remembered(self, guild_id: str | None, opt_in: bool = False) -> bool:
        """Whether what they say there may go into long-term memory; without a guild, in direct messages. With `opt_in`
        the guild remembers only who asked for it."""
        unwanted = self.document.unremembered
        if EVERYWHERE in unwanted or (guild_id is not None and guild_id in unwanted):
            return False
        return not opt_in or guild_id in self.document.remembered

    @exposed
    async def remember(self, wanted: bool, guild_id: str | None) -> None:
        """Whether they want it, on one server or everywhere (None). Wanting it everywhere takes back every wish
        against it."""
        document, place = self.document, guild_id or EVERYWHERE
        document.changed_ms = clock.now_ms()
        if not wanted:
            document.unremembered = sorted({*document.unremembered, place})
            document.remembered = [one for one in document.remembered if guild_id not in (None, one)]
        elif guild_id is None:
            document.unremembered = []
        else:
            document.unremembered = [one for one in document.unremembered if one != guild_id]

    @exposed
    async def consent(self, guild_id: str) -> None:
        """They want it on a server that remembers only who does."""
        self.document.remembered = sorted({*self.document.remembered, guild_id})
        self.document.changed_ms = clock.now_ms()

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What they want, and where."""
        if user_id != self.key:
            return ()
        at_ms = self.document.changed_ms
        wishes = [
            Wording("kept-off", "Off on all servers")
            if one == EVERYWHERE
            else Wording("kept-off-here", "Off on server {server}", server=one)
            for one in self.document.unremembered
        ]
        asked = [Wording("kept-asked", "Asked for on server {server}", server=one) for one in self.document.remembered]
        return (
            *(Kept(kind="wish", channel_id="", message_id="", at_ms=at_ms, text=text) for text in wishes),
            *(Kept(kind="consent", channel_id="", message_id="", at_ms=at_ms, text=text) for text in asked),
        )

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets where they want to be remembered; where they do not stays. Returns how many things that were."""
        count = len(self.document.remembered) if user_id == self.key else 0
        if count:
            self.document.remembered = []
        return count
