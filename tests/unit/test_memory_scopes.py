"""Nothing crosses a scope: random people, servers, channels, direct messages, lines, questions and forgetting."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.long_term import LongTermMemory
from actors.member import EVERYWHERE
from actors.memory_scopes import Saying, guild_of, readable_from, written_to
from actors.memory_shelf import MemoryRules
from actors.turn_record import nothing_of
from bench.memory_actors import UnstoredActors
from core.messages import Author, IncomingMessage, MemoryMode
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
WHO = ("7", "8", "9")
GUILDS = ("1", "2", None)
people, places = st.sampled_from(WHO), st.sampled_from(PLACES)
step = st.one_of(
    st.tuples(st.just("say"), people, places, st.sampled_from(LINES), st.booleans()),
    st.tuples(st.just("teach"), people, places),
    st.tuples(st.just("forget"), people),
    st.tuples(st.just("off"), people),
    st.tuples(st.just("off_here"), people, places),
    st.tuples(st.just("on"), people, places),
    st.tuples(st.just("edit"), st.integers(1, 20), st.sampled_from(LINES), st.booleans()),
    st.tuples(st.just("delete"), st.integers(1, 20), st.booleans()),
    st.tuples(st.just("ask"), people, places, st.sampled_from(LINES)),
)
OPT_IN = "2"  # the guild that remembers only who asked for it
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


@settings(max_examples=100)
@given(st.lists(step, min_size=1, max_size=20))
def test_nothing_is_found_where_it_must_not_be(steps: list[tuple[object, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.memory_shelf.LEAST_OF_BEST", -100.0)
        asyncio.run(_play(steps))


class Play:
    """What was said, taught and wished for, beside the memory that is to keep to it."""

    def __init__(self) -> None:
        self.actors = UnstoredActors(EVERYTHING, words_embedded)
        self.memory = LongTermMemory(self.actors, words_embedded, EVERYTHING)
        self.said: dict[str, Saying] = {}
        self.taught: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.off: set[tuple[str, str]] = set()  # who does not want it where
        self.consented: set[str] = set()

    def welcome(self, who: str, guild: str | None) -> bool:
        """Whether somebody may be remembered there."""
        off = (who, EVERYWHERE) in self.off or (who, guild or EVERYWHERE) in self.off
        return not off and (guild != OPT_IN or who in self.consented)

    async def put(self, line: Saying, *, withdrawn: bool = False) -> None:
        """Somebody says a line, or says otherwise in a message of theirs."""
        self.said[line.message_id] = line
        self.forgotten.discard(line.message_id)
        if not self.welcome(line.author_id, line.guild_id):
            self.forgotten.add(line.message_id)
        mode: MemoryMode = "opt_in" if line.guild_id == OPT_IN else "on"
        await self.memory.remember([replace(line, withdrawn=withdrawn)], mode)

    async def delete(self, line: Saying, *, author_known: bool) -> None:
        """A message is gone."""
        self.forgotten.add(line.message_id)
        gone = nothing_of(line.message_id, line.author_id if author_known else "", line.channel_id, line.guild_id)
        await self.memory.remember([replace(gone, withdrawn=True)])

    async def forget(self, who: str, guilds: Collection[str | None] = GUILDS) -> None:
        """Somebody has what is kept of them forgotten, here or everywhere."""
        for scope in [one for one in self.actors.scopes if (guild_of(one) or None) in guilds]:
            await self.actors.call("memory", scope, "forget_person", who)
            assert all(item.author_id != who for item in await self.actors.items(scope))
        mine = {own for own, line in self.said.items() if line.author_id == who and line.guild_id in guilds}
        self.forgotten |= mine

    async def wish(self, who: str, wanted: bool, guild: str | None) -> None:
        """Somebody wants to be remembered, or not, on a server or everywhere (None)."""
        await self.actors.call("member", who, "remember", wanted, guild)
        if not wanted:
            self.off.add((who, guild or EVERYWHERE))
            self.consented -= {who} if guild in (None, OPT_IN) else set()
            await self.forget(who, GUILDS if guild is None else (guild,))
        elif guild is None:
            self.off = {one for one in self.off if one[0] != who}
        else:
            self.off.discard((who, guild))
        if wanted and guild == OPT_IN:
            await self.actors.call("member", who, "consent", guild)
            self.consented.add(who)

    async def look(self, asked: IncomingMessage) -> None:
        """Whatever is found, or is there to be found by another question, may be."""
        for one in (await self.memory.recall(asked)).memories:
            _check(one.id, one.text, asked, self)
        for scope in readable_from(asked):
            for item in await self.actors.items(scope):
                _check(item.id, item.text, asked, self)


async def _play(steps: list[tuple[object, ...]]) -> None:
    play = Play()
    for number, (action, who, *rest) in enumerate(steps, start=1):
        match action, who, rest:
            case "say", str(), [Place() as place, str() as text, by_persona]:
                await play.put(saying(number, who, place, text, "elio" if by_persona else None))
            case "teach", str(), [Place() as place] if place.guild is not None:
                await play.memory.teach(place.guild, saying(number, who, place, f"rule number {number}"))
                play.taught[f"{number}:0"] = place.guild
            case "ask", str(), [Place() as place, str() as text]:
                await play.look(message(number, who, place, f"{text} or so"))
            case (("edit" | "delete"), int(), _) if str(who) not in play.said:
                pass
            case "edit", int(), [str() as text, _]:
                await play.put(replace(play.said[str(who)], text=text), withdrawn=True)
            case "delete", int(), [author_known]:
                await play.delete(play.said[str(who)], author_known=bool(author_known))
            case "forget", str(), []:
                await play.forget(who)
            case "off", str(), []:
                await play.wish(who, False, None)
            case (("off_here" | "on"), str(), [Place() as place]):
                await play.wish(who, action == "on", place.guild)
    for who in WHO:  # in the end everybody looks everywhere
        for place in PLACES:
            await play.look(message(1000, who, place, "anything"))


def _check(item_id: str, text: str, asked: IncomingMessage, play: Play) -> None:
    if item_id in play.taught:
        assert play.taught[item_id] == asked.guild_id
        return
    own = item_id.partition(":")[0]
    line = play.said[own]
    assert own not in play.forgotten
    assert text in line.text, "what was edited away is gone"
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
