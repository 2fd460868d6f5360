"""The personas that a server made for itself: the cast actor has who they are, a card actor each what was imported.

A cast is small and read by every host (`actors.guild_book`), so what only an export or an upload needs, the card as it
came and the picture, stands in a document of its own. Neither says who made a persona: that is in the audit log.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable

from pydantic import Field

from actors.host import VirtualActor, exposed
from actors.virtual import Actors
from core.cards import Card, parse_json
from core.documents import OwnedDocument
from core.errors import RequestError
from core.guests import card_from, guest_id, guest_of
from core.personas import Guest, Pack
from core.wording import Wording

CAST, CARD = "cast", "card"
MAX_GUESTS = 25
READ_S = 1.0

# A guild's own personas and the version of them, None where that is the version named already.
ReadGuests = Callable[[str, int], Awaitable[tuple[int, tuple[Guest, ...]] | None]]


class CastDocument(OwnedDocument):
    """The personas of a server, by its id. `made` has of each the interaction that last made or changed it."""

    guests: list[Guest] = Field(default_factory=list)
    made: dict[str, str] = Field(default_factory=dict)
    version: int = 0

    class Settings:
        """Beanie's own: the collection."""

        name = "casts"


class CardDocument(OwnedDocument):
    """What a persona was made of, by `<guild id>:<persona id>`: the card as JSON, the picture (a PNG) in base64, since
    the embedded database takes no bytes."""

    card: str = ""
    picture: str = ""

    class Settings:
        """Beanie's own: the collection."""

        name = "cards"

    @property
    def void(self) -> bool:
        """See OwnedDocument."""
        return not (self.card or self.picture)


class CastActor(VirtualActor[CastDocument]):
    """A server's own personas. Bind all but the key with `functools.partial` to get its factory."""

    def __init__(self, key: str, *, pack: Pack) -> None:
        super().__init__(key, CastDocument)
        self._pack = pack

    @exposed
    async def guests(self, version: int = -1) -> tuple[int, tuple[Guest, ...]] | None:
        """Who they are and the version of that; None where `version` is that one."""
        document = self.document
        return None if version == document.version else (document.version, tuple(document.guests))

    @exposed
    async def put(self, card: bytes, picture: str, change_id: str, persona_id: str | None = None) -> Guest:
        """Makes a persona of a card, or makes that of `persona_id` anew. `change_id` names the wish: known, it changes
        nothing. `picture` is `picture_id` of its picture, empty for none.

        Raises RequestError where the card cannot be used, the name is taken or the server has MAX_GUESTS already.
        """
        document = self.document
        known = next((one for one in document.guests if document.made.get(one.id) == change_id), None)
        if known is not None:
            return known
        others = [one for one in document.guests if one.id != persona_id]
        if persona_id is not None and len(others) == len(document.guests):
            raise _unknown(persona_id)
        if persona_id is None and len(others) >= MAX_GUESTS:
            raise RequestError(
                Wording(
                    "refused-guests",
                    "This server has {most} personas of its own already. /persona delete takes one out.",
                    most=MAX_GUESTS,
                ),
                field="persona",
            )
        cast = [*self._pack.personas, *others]
        parsed = parse_json(card)
        new_id = persona_id or guest_id(parsed.data.name, [one.id for one in cast])
        name = guest_of(parsed, new_id).name  # before its keywords, of which the name mostly is one
        if any(name.casefold() == one.name.casefold() for one in cast):
            told = Wording(
                "refused-guest-taken", "Somebody here is called {name} already. Choose another name.", name=name
            )
            raise RequestError(told, field="name")
        taken = {word for one in cast for word in one.keywords}
        guest = guest_of(parsed, new_id, taken=taken, picture=picture)
        document.guests = sorted([*others, guest], key=lambda one: one.id)
        document.made = {**document.made, guest.id: change_id}
        document.version += 1
        return guest

    @exposed
    async def remove(self, persona_id: str) -> None:
        """Takes a persona out; one that is not there is no error, since a call may run twice."""
        document = self.document
        left = [one for one in document.guests if one.id != persona_id]
        if len(left) < len(document.guests):
            document.guests, document.version = left, document.version + 1
            document.made = {known: change for known, change in document.made.items() if known != persona_id}


class CardActor(VirtualActor[CardDocument]):
    """What one persona was made of."""

    def __init__(self, key: str) -> None:
        super().__init__(key, CardDocument)

    @exposed
    async def put(self, card: bytes, picture: bytes | None) -> None:
        """Keeps both; with None the picture stays as it is."""
        self.document.card = card.decode()
        if picture is not None:
            self.document.picture = base64.b64encode(picture).decode()

    @exposed
    async def get(self) -> tuple[bytes, bytes]:
        """The card's JSON and the picture; empty where there is none."""
        return self.document.card.encode(), base64.b64decode(self.document.picture)

    @exposed
    async def clear(self) -> None:
        """Keeps nothing of it."""
        self.document.card = self.document.picture = ""


def card_key(guild_id: str, persona_id: str) -> str:
    """The key of a card actor."""
    return f"{guild_id}:{persona_id}"


def picture_id(guild_id: str, picture: bytes) -> str:
    """What tells a picture of a server from any other."""
    return hashlib.sha256(guild_id.encode() + picture).hexdigest()[:16] if picture else ""


def reading_guests(actors: Actors) -> ReadGuests:
    """Reads from the cast actor, wherever it lives."""

    async def read(guild_id: str, version: int) -> tuple[int, tuple[Guest, ...]] | None:
        found: tuple[int, tuple[Guest, ...]] | None
        found = await actors.call(CAST, guild_id, "guests", version, timeout_s=READ_S)
        return found

    return read


async def card_of_guest(actors: Actors, guild_id: str, guest: Guest) -> tuple[Card, bytes]:
    """What a persona was made of; where that was lost, what can be told from the persona itself."""
    card, picture = await actors.call(CARD, card_key(guild_id, guest.id), "get")
    return (parse_json(card) if card else card_from(guest)), picture


def _unknown(persona_id: str) -> RequestError:
    wrong = repr(persona_id[:40])
    return RequestError(
        Wording("refused-no-guest", "This server has made no persona {name}.", name=wrong), field="persona"
    )
