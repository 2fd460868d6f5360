"""What a server added to the world of its cast beside personas: scenarios, greetings and lore that an admin approved.

The actor has the truth; `actors.guild_book` reads it into the pack of the server, and the lore is also given to
retrieval. It holds nothing about people.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import Field

from actors.host import VirtualActor, exposed
from actors.virtual import Actors
from core.documents import OwnedDocument
from core.errors import RequestError
from core.personas import Greeting, Lore, Pack, Scenario
from core.wording import Wording

KIND = "additions"
OWNER = "additions"
"""Whose passages they are in retrieval."""
MAX_OF_A_KIND = 100
READ_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """Everything that was added, and the version of it."""

    version: int = -1
    scenarios: tuple[Scenario, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    lore: tuple[Lore, ...] = ()

    def to(self, pack: Pack) -> Pack:
        """The pack with it. What the pack has under the same id, or whose personas it has no more, is left out."""
        cast = {persona.id for persona in pack.personas}
        known = {one.id for one in pack.scenarios} | {one.id for one in pack.lore}
        scenarios = tuple(one for one in self.scenarios if one.id not in known and set(one.cast) <= cast)
        greetings = tuple(one for one in self.greetings if one.persona in cast)
        lore = tuple(one for one in self.lore if one.id not in known)
        if not (scenarios or greetings or lore):
            return pack
        added = {
            "scenarios": (*pack.scenarios, *scenarios),
            "greetings": (*pack.greetings, *greetings),
            "lore": (*pack.lore, *lore),
        }
        # Not a copy: it would take the keywords' patterns along.
        return Pack(**{**dict(pack), **added})


NOTHING = Additions()

# What a guild added, None where that is the version named already.
ReadAdditions = Callable[[str, int], Awaitable[Additions | None]]


class AdditionsDocument(OwnedDocument):
    """What a server added, by its id."""

    scenarios: list[Scenario] = Field(default_factory=list)
    greetings: list[Greeting] = Field(default_factory=list)
    lore: list[Lore] = Field(default_factory=list)
    version: int = 0

    class Settings:
        """Beanie's own: the collection."""

        name = "additions"


class AdditionsActor(VirtualActor[AdditionsDocument]):
    """What one server added."""

    def __init__(self, key: str) -> None:
        super().__init__(key, AdditionsDocument)

    @exposed
    async def all(self, version: int = -1) -> Additions | None:
        """Everything; None where `version` is the one it has."""
        document = self.document
        if version == document.version:
            return None
        return Additions(
            version=document.version,
            scenarios=tuple(document.scenarios),
            greetings=tuple(document.greetings),
            lore=tuple(document.lore),
        )

    @exposed
    async def add(
        self, scenarios: tuple[Scenario, ...] = (), greetings: tuple[Greeting, ...] = (), lore: tuple[Lore, ...] = ()
    ) -> Additions:
        """Adds what is not there yet, and returns everything. Raises RequestError where there is too much."""
        document = self.document
        new_scenarios = [one for one in scenarios if one.id not in {known.id for known in document.scenarios}]
        new_greetings = [one for one in greetings if one not in document.greetings]
        new_lore = [one for one in lore if one.id not in {known.id for known in document.lore}]
        kinds = ((document.scenarios, new_scenarios), (document.greetings, new_greetings), (document.lore, new_lore))
        if any(len(known) + len(new) > MAX_OF_A_KIND for known, new in kinds):
            full = Wording(
                "refused-additions", "This server has added {most} things of that kind already.", most=MAX_OF_A_KIND
            )
            raise RequestError(full, field="proposal")
        if new_scenarios or new_greetings or new_lore:
            document.scenarios = [*document.scenarios, *new_scenarios]
            document.greetings = [*document.greetings, *new_greetings]
            document.lore = [*document.lore, *new_lore]
            document.version += 1
        return Additions(
            version=document.version,
            scenarios=tuple(document.scenarios),
            greetings=tuple(document.greetings),
            lore=tuple(document.lore),
        )

    @exposed
    async def clear(self) -> None:
        """Takes everything out again."""
        document = self.document
        if document.scenarios or document.greetings or document.lore:
            document.scenarios, document.greetings, document.lore = [], [], []
            document.version += 1


def reading_additions(actors: Actors) -> ReadAdditions:
    """Reads from the actor, wherever it lives."""

    async def read(guild_id: str, version: int) -> Additions | None:
        found: Additions | None = await actors.call(KIND, guild_id, "all", version, timeout_s=READ_S)
        return found

    return read
