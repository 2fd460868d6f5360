"""Memory and member actors over a real database: what is kept survives, what is forgotten leaves nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from actors import member, memory
from actors.host import VirtualHost
from actors.keepers import keys_of
from actors.member import MemberActor
from actors.memory import MemoryActor, MemoryDocument, scopes_of_guild
from actors.memory_scopes import Saying
from actors.memory_shelf import Echo, Item, MemoryRules, Question, make_item
from actors.memory_worth import Kind, Worthy
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import DeadlineExceeded, ModelUnavailable, StaleRevision
from tests.support.embedding import words_embedded, words_vector
from tests.support.eventually import eventually

SCOPE = "user:600:7"
LATER_MS = 4_000_000_000_000


def make_actors(model: str = "words", embed: object = words_embedded) -> LocalVirtualActors:
    """A fresh process."""
    factory = partial(MemoryActor, rules=MemoryRules(), model=model, embed=embed)
    return LocalVirtualActors(VirtualHost({memory.KIND: factory, member.KIND: MemberActor}))


def item(number: int, text: str, author: str = "7", kind: Kind = "self") -> Item:
    said = Saying(
        message_id=str(number),
        text=text,
        speaker="Ada",
        author_id=author,
        channel_id="500",
        guild_id="600",
        at_ms=1_800_000_000_000 + number,
    )
    return make_item(said, Worthy(text, kind, words_vector(text)), 0)


def question(text: str) -> Question:
    vector = np.asarray(words_vector(text), np.float32).tobytes()
    return Question(text=text, vector=vector, asker_id="7", now_ms=1_800_000_100_000)


async def recalled(actors: LocalVirtualActors, text: str) -> list[str]:
    return [one.item.text for one in await actors.call(memory.KIND, SCOPE, "recall", question(text)) or ()]


async def test_what_was_remembered_is_known_to_the_next_process(database: DatabaseHandle) -> None:
    items = (item(1, "my cat is called Biscuit"), item(2, "my cat is called Moss now"), item(3, "I love old maps", "8"))
    first = make_actors()
    assert await recalled(first, "what is my cat called?") == []
    await first.call(memory.KIND, SCOPE, "remember", items, LATER_MS)
    await first.call(memory.KIND, SCOPE, "echo", "3", Echo(message_id="9", author_id="7"), LATER_MS)
    assert await recalled(first, "what is my cat called?") == ["my cat is called Moss now"]

    second = make_actors()
    assert await recalled(second, "what is my cat called?") == ["my cat is called Moss now"]
    await second.call(memory.KIND, SCOPE, "remember", items, LATER_MS)  # as after a crash: no more than before
    stored = await MemoryDocument.load(SCOPE)
    assert [(one.text, one.until_ms is None) for one in stored.items] == [
        ("my cat is called Biscuit", False),
        ("my cat is called Moss now", True),
        ("I love old maps", True),
    ]
    assert [(kept.kind, kept.text) for kept in await second.call(memory.KIND, SCOPE, "kept_about", "8")] == [
        ("memory", "I love old maps")
    ]
    assert await keys_of(database, memory.KIND, "7") == [SCOPE]
    assert await keys_of(database, memory.KIND, "70") == []
    assert await scopes_of_guild(database, "600") == [SCOPE]


async def test_to_read_a_scope_writes_nothing_and_encodes_nothing(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    actors = make_actors()
    await actors.call(memory.KIND, SCOPE, "remember", (item(1, "my cat is called Biscuit"),), LATER_MS)
    rev = (await MemoryDocument.load(SCOPE)).rev
    made: list[int] = []
    plain = MemoryDocument.__mro__[1].encoded
    monkeypatch.setattr(MemoryDocument.__mro__[1], "encoded", lambda self: made.append(1) or plain(self))
    for _ in range(3):
        assert await recalled(actors, "what is my cat called?")
    assert made == []
    assert (await MemoryDocument.load(SCOPE)).rev == rev


async def test_a_scope_in_which_all_is_forgotten_leaves_no_document(database: DatabaseHandle) -> None:
    actors = make_actors()
    await actors.call(memory.KIND, SCOPE, "remember", (item(1, "my cat is called Biscuit"),), LATER_MS)
    first = await MemoryDocument.load(SCOPE)
    [gone] = await actors.call(memory.KIND, SCOPE, "forget_person", "7")
    assert gone.text == "my cat is called Biscuit"
    assert await actors.call(memory.KIND, SCOPE, "forget_person", "7") == ()
    collection = database.collection(MemoryDocument)
    assert await collection.find({}).to_list() == []

    await actors.call(memory.KIND, SCOPE, "remember", (item(2, "I live in Oslo"),), LATER_MS)
    with pytest.raises(StaleRevision):  # a process that still holds what was forgotten cannot bring it back
        await first.replace_owned()
    assert "Biscuit" not in json.dumps(await collection.find({}).to_list(), default=str)
    assert await actors.call(memory.KIND, SCOPE, "clear") == 1
    assert await collection.find({}).to_list() == []


async def test_after_the_deadline_nothing_is_written(database: DatabaseHandle) -> None:
    actors = make_actors()
    late_ms = time.time_ns() // 1_000_000 - 1
    with pytest.raises(DeadlineExceeded):
        await actors.call(memory.KIND, SCOPE, "remember", (item(1, "I live in Oslo"),), late_ms)
    with pytest.raises(DeadlineExceeded):
        await actors.call(memory.KIND, SCOPE, "echo", "1", Echo(message_id="9", author_id="8"), late_ms)
    assert (await MemoryDocument.load(SCOPE)).rev == 0


async def test_with_another_embedding_model_items_are_embedded_anew(database: DatabaseHandle) -> None:
    await make_actors().call(memory.KIND, SCOPE, "remember", (item(1, "my cat is called Biscuit"),), LATER_MS)
    down = True

    async def doubled(texts: Sequence[str]) -> list[list[float]]:
        if down:
            raise ModelUnavailable("gone", component="embeddings")
        return [[*vector, *vector] for vector in await words_embedded(texts)]

    actors = make_actors("doubled", doubled)
    asked = question("what is my cat called?")
    asked = replace(asked, vector=(np.tile(words_vector(asked.text), 2) / np.sqrt(2)).astype(np.float32).tobytes())
    assert await actors.call(memory.KIND, SCOPE, "recall", asked) == ()
    down = False

    async def moved() -> bool:
        return bool(await actors.call(memory.KIND, SCOPE, "recall", asked))

    await eventually(moved)
    assert (await MemoryDocument.load(SCOPE)).model == "doubled"


async def test_a_person_says_where_they_want_to_be_remembered(database: DatabaseHandle) -> None:
    async def wanted(*guilds: str | None) -> list[bool]:
        actors = make_actors()  # always as the next process knows it
        return [await actors.call(member.KIND, "7", "is_remembered", guild) for guild in guilds]

    actors = make_actors()
    assert await wanted("600", "601", None) == [True, True, True]
    assert await database.database["members"].find({}).to_list() == []
    await actors.call(member.KIND, "7", "remember", False, "600")
    assert await wanted("600", "601", None) == [False, True, True]
    await actors.call(member.KIND, "7", "remember", False, None)
    assert await wanted("600", "601", None) == [False, False, False]
    await actors.call(member.KIND, "7", "remember", True, "600")
    assert await wanted("600", "601", None) == [False, False, False]
    await actors.call(member.KIND, "7", "remember", True, None)
    assert await wanted("600", "601", None) == [True, True, True]
    assert await database.database["members"].find({}).to_list() == []
