"""Nothing crosses a scope: random people, servers, channels, direct messages, lines, questions and forgetting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.long_term import LongTermMemory
from actors.memory_scopes import Saying, guild_of, readable_from, written_to
from actors.memory_shelf import MemoryRules
from bench.memory_actors import UnstoredActors
from core.messages import Author, IncomingMessage
from tests.support.embedding import words_embedded


@dataclass(frozen=True)
class Place:
    id: str
    guild: str | None
    public: bool = False


PLACES = (
    Place("10", "1", public=True), Place("11", "1", public=True), Place("12", "1"), Place("13", "1"),
    Place("20", "2", public=True), Place("22", "2"), Place("31", None), Place("32", None),
)  # fmt: skip
LINES = (
    "my cat is called Biscuit", "my cat is called Moss now", "I am allergic to hazelnuts", "I live in Oslo",
    "the raid is on Friday", "we decided to meet on Tuesdays", "our mascot is a heron", "lol", "what is my cat called?",
)  # fmt: skip
people, places = st.sampled_from(["7", "8", "9"]), st.sampled_from(PLACES)
step = st.one_of(
    st.tuples(st.just("say"), people, places, st.sampled_from(LINES), st.booleans()),
    st.tuples(st.just("teach"), people, places),
    st.tuples(st.just("forget"), people),
    st.tuples(st.just("off"), people),
    st.tuples(st.just("ask"), people, places, st.sampled_from(LINES)),
)
EVERYTHING = MemoryRules(limit=100, least_cosine=-2.0)  # whatever can be found at all


def message(number: int, who: str, place: Place, text: str) -> IncomingMessage:
    return IncomingMessage(
        id=str(number),
        channel_id=place.id,
        guild_id=place.guild,
        author=Author(id=who, name={"7": "Ada", "8": "Bruno", "9": "Cleo"}[who]),
        content=text,
        created_ms=1_800_000_000_000 + number * 1000,
        public=place.public,
    )


def saying(number: int, who: str, place: Place, text: str, persona_id: str | None = None) -> Saying:
    heard = message(number, who, place, text)
    return Saying(
        message_id=heard.id,
        text=text,
        speaker=heard.author.name,
        author_id=who,
        channel_id=place.id,
        guild_id=place.guild,
        at_ms=heard.created_ms,
        public=place.public,
        persona_id=persona_id,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(step, min_size=1, max_size=20))
def test_nothing_is_found_where_it_must_not_be(steps: list[tuple[object, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.memory_shelf.LEAST_OF_BEST", -100.0)
        asyncio.run(_play(steps))


async def _play(steps: list[tuple[object, ...]]) -> None:
    actors = UnstoredActors(EVERYTHING, words_embedded)
    memory = LongTermMemory(actors, words_embedded, EVERYTHING)
    said: dict[str, Saying] = {}
    taught: dict[str, str] = {}
    forgotten: set[str] = set()
    for number, (action, who, *rest) in enumerate(steps, start=1):
        assert isinstance(who, str)
        if action == "say":
            place, text, by_persona = rest
            assert isinstance(place, Place)
            line = saying(number, who, place, str(text), "elio" if by_persona else None)
            said[line.message_id] = line
            if who in actors.unwilling:
                forgotten.add(line.message_id)
            await memory.remember([line])
        elif action == "teach":
            [place] = rest
            assert isinstance(place, Place)
            if place.guild is not None:
                await memory.teach(place.guild, saying(number, who, place, f"rule number {number}"))
                taught[f"{number}:0"] = place.guild
        elif action == "ask":
            place, text = rest
            assert isinstance(place, Place)
            asked = message(number, who, place, f"{text} or so")
            for one in (await memory.recall(asked)).memories:
                _check(one.id, asked, said, taught, forgotten)
            # Nor is it there to be found by another question.
            for scope in readable_from(asked):
                for item in await actors.items(scope):
                    _check(item.id, asked, said, taught, forgotten)
        else:
            if action == "off":
                actors.unwilling.add(who)
            for scope in list(actors.scopes):
                await actors.call("memory", scope, "forget_person", who)
            forgotten |= {own for own, line in said.items() if line.author_id == who}
            for scope in actors.scopes:
                assert all(item.author_id != who for item in await actors.items(scope))
    for who in ("7", "8", "9"):  # in the end everybody looks everywhere
        for place in PLACES:
            asked = message(1000, who, place, "anything")
            for scope in readable_from(asked):
                for item in await actors.items(scope):
                    _check(item.id, asked, said, taught, forgotten)


def _check(
    item_id: str, asked: IncomingMessage, said: dict[str, Saying], taught: dict[str, str], forgotten: set[str]
) -> None:
    if item_id in taught:
        assert taught[item_id] == asked.guild_id
        return
    own = item_id.partition(":")[0]
    line = said[own]
    assert own not in forgotten
    if line.channel_id == asked.channel_id:
        return
    assert line.guild_id is not None, "a direct message stays where it is"
    assert line.guild_id == asked.guild_id, "servers know nothing of each other"
    assert line.public, "a private channel stays private"
    assert line.author_id == asked.author.id, "nobody is told what others said elsewhere"
    assert line.persona_id is None
    assert "my " in line.text or "I " in line.text, "only what is about themselves goes along"


@pytest.mark.parametrize(
    ("place", "about_themselves", "persona_id", "scopes"),
    [
        (PLACES[0], True, None, ("channel:1:10", "user:1:7")),
        (PLACES[0], False, None, ("channel:1:10",)),
        (PLACES[0], True, "elio", ("channel:1:10",)),
        (PLACES[2], True, None, ("channel:1:12",)),
        (PLACES[6], True, None, ("dm:31",)),
    ],
)
def test_where_a_line_is_put(
    place: Place, about_themselves: bool, persona_id: str | None, scopes: tuple[str, ...]
) -> None:
    assert written_to(saying(1, "7", place, "x", persona_id), about_themselves=about_themselves) == scopes


def test_what_a_message_may_bring_back() -> None:
    assert readable_from(message(1, "7", PLACES[2], "x")) == ("channel:1:12", "user:1:7", "guild:1")
    assert readable_from(message(1, "7", PLACES[6], "x")) == ("dm:31",)
    assert [guild_of(scope) for scope in ("channel:1:12", "user:1:7", "guild:1", "dm:31")] == ["1", "1", "1", ""]
