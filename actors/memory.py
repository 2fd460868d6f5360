"""The memory actor: what is kept for long of one scope, in one document.

Its key is the scope (`actors.memory_scopes`), so nothing can be found outside of it, a person's share is taken out of
it in one write, and one document bounds it. It is searched in memory, exactly: at MAX_ITEMS that is one product of a
matrix with a vector, a fraction of a millisecond, for which no vector store is worth asking over a network.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, PrivateAttr, computed_field

from actors import memory_shelf as shelf
from actors.host import VirtualActor, exposed
from actors.memory_scopes import guild_of, person_scope
from actors.memory_shelf import Echo, Found, Item, MemoryRules, Question
from actors.memory_vectors import Vectors
from actors.memory_worth import Embed, Judge
from core import clock
from core.documents import DatabaseHandle, OwnedDocument, ids_where, reachable
from core.errors import DeadlineExceeded
from core.messages import Kept
from core.wording import Wording

KIND = "memory"


class MemoryDocument(OwnedDocument):
    """How a scope is stored. `model` is the embedding model of its vectors. Items are replaced as a whole list, never
    in place; deleted when it is empty, since its key may name a person."""

    model: str = ""
    items: list[Item] = Field(default_factory=list)

    _encoded: bytes = PrivateAttr(default=b"")
    _encoded_of: tuple[Any, str] | None = PrivateAttr(default=None)

    class Settings:
        """Beanie's own: the collection."""

        name = "memories"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return shelf.mentioned(self.items)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def guild(self) -> str:
        """The guild that the scope belongs to; empty for a direct message."""
        return guild_of(self.id)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def messages(self) -> list[str]:
        """Ids of the messages that are remembered here."""
        return sorted({own for item in self.items for own in item.message_ids})

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not self.items

    def encoded(self) -> bytes:
        """See OwnedDocument. Made once per change: a scope is read far more often than it is written."""
        if self._encoded_of is None or self._encoded_of[0] is not self.items or self._encoded_of[1] != self.model:
            self._encoded, self._encoded_of = super().encoded(), (self.items, self.model)
        return self._encoded


class MemoryActor(VirtualActor[MemoryDocument]):
    """One scope. `model` names the model behind `embed`; of another one's vectors nothing is found until all items are
    embedded anew, which the first question begins."""

    def __init__(self, key: str, *, rules: MemoryRules, model: str, embed: Embed) -> None:
        super().__init__(key, MemoryDocument)
        self._rules = rules
        self._model = model
        self._embed = embed
        self._matrix: Vectors | None = None
        self._matrix_of: Any = None
        self._moving = False

    @exposed
    async def remember(self, items: tuple[Item, ...], deadline_ms: int) -> None:
        """Adds items. Raises DeadlineExceeded after the deadline, when nobody waits for it any more: who asked to be
        forgotten since then must not come back."""
        if clock.now_ms() > deadline_ms:
            raise DeadlineExceeded("The deadline was over before something could be remembered.")
        document = self.document
        if document.items and document.model != self._model:
            await self._embed_anew()
        document.model = self._model
        document.items = shelf.with_items(document.items, items)

    @exposed
    async def echo(self, replied_to: str, echo: Echo, deadline_ms: int) -> None:
        """Somebody replied or reacted to a message that may be remembered here. Raises as `remember`."""
        if clock.now_ms() > deadline_ms:
            raise DeadlineExceeded("The deadline was over before a reply or reaction could be counted.")
        if any(replied_to in item.message_ids for item in self.document.items):
            self.document.items = shelf.with_echo(self.document.items, replied_to, echo)

    @exposed
    async def unecho(self, echo: Echo) -> None:
        """Somebody took a reaction back."""
        if any(echo in item.echoes for item in self.document.items):
            self.document.items = shelf.without_echo(self.document.items, echo)

    @exposed
    async def recall(self, question: Question) -> tuple[Found, ...] | None:
        """What is like the question, best first; None where nothing at all is kept here."""
        document = self.document
        if not document.items:
            return None
        if document.model != self._model:
            if not self._moving:
                self._moving = True
                self.background(self._move())
            return ()
        if self._matrix is None or self._matrix_of is not document.items:
            self._matrix, self._matrix_of = shelf.matrix(document.items), document.items
        return tuple(shelf.search(document.items, self._matrix, question, self._rules))

    @exposed
    async def read(self) -> None:
        """Is read from the database, where it is not in memory yet."""

    @exposed
    async def people(self) -> tuple[str, ...]:
        """Ids of the people of whom something is kept here."""
        return tuple(self.document.people)

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here that comes from a person or was said to them, and what of others they replied to."""
        items = self.document.items
        echoes = [(item, echo) for item in items for echo in item.echoes if echo.author_id == user_id]
        return (
            *(_kept(item) for item in shelf.of_person(items, user_id)),
            *(_kept_echo(item, echo) for item, echo in echoes if item.author_id != user_id),
        )

    @exposed
    async def forget_person(self, user_id: str) -> tuple[Kept, ...]:
        """Forgets that, and returns it."""
        gone = await self.kept_about(user_id)
        if user_id in self.document.people:
            self._keep(shelf.without_person(self.document.items, user_id))
        return gone

    @exposed
    async def copies(self, guild_id: str, message_id: str) -> tuple[str, ...]:
        """The scopes of people in which a message may be kept that was said in this channel. Raises
        DatabaseUnavailable."""
        people = {item.author_id for item in self.document.items if message_id in item.message_ids}
        if people:
            return tuple(person_scope(guild_id, one) for one in sorted(people))
        return tuple(await self._holding(guild_id, message_id))  # it may have had to make room here, and not there

    @exposed
    async def forget_message(self, message_id: str) -> None:
        """Forgets what was kept of a message."""
        items = shelf.without_message(self.document.items, message_id)
        if items != self.document.items:
            self._keep(items)

    @exposed
    async def clear(self) -> int:
        """Forgets everything here. Returns how many items that were."""
        count = len(self.document.items)
        if count:
            self._keep([])
        return count

    async def _holding(self, guild_id: str, message_id: str) -> list[str]:
        """The scopes of a guild's people that hold a message."""
        first = person_scope(guild_id, "")
        own = {"$gte": first, "$lt": f"{first[:-1]};"}  # all keys that begin so, which the database finds at once
        found = MemoryDocument.get_pymongo_collection().find({"_id": own, "messages": message_id}, {"_id": 1})
        async with reachable():
            return [one["_id"] async for one in found]

    def _keep(self, items: list[Item]) -> None:
        self.document.items = items
        self._matrix = self._matrix_of = None  # its vectors are what was said, too

    async def _move(self) -> None:
        try:
            async with self.exclusive():
                await self._embed_anew()
        finally:
            self._moving = False

    async def _embed_anew(self) -> None:
        document = self.document
        if document.model != self._model:
            vectors = await Judge(self._embed).vectors([item.text for item in document.items])
            document.items = shelf.with_vectors(document.items, vectors)
            document.model = self._model


async def scopes_of_guild(database: DatabaseHandle, guild_id: str) -> list[str]:
    """The scopes that belong to a guild. Raises DatabaseUnavailable."""
    return await ids_where(database, MemoryDocument, {"guild": guild_id})


def _kept(item: Item) -> Kept:
    return Kept(
        kind="memory",
        channel_id=item.channel_id,
        message_id=item.id.partition(":")[0],
        at_ms=item.said_ms,
        text=item.text,
    )


def _kept_echo(item: Item, echo: Echo) -> Kept:
    if echo.reaction:
        text = Wording("kept-reaction", "A reaction to something that is remembered")
    else:
        text = Wording("kept-echo", "A reply to something that is remembered")
    return Kept(kind="echo", channel_id=item.channel_id, message_id=echo.message_id, at_ms=item.said_ms, text=text)
