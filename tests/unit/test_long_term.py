"""Long-term memory behind a channel: handed over in the background, recalled with a reply, and nothing of whoever
does not want it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from actors import member, memory, standing
from actors.channel import KIND, ChannelActor
from actors.channel_base import Prefill
from actors.channel_document import ChannelDocument
from actors.channel_memory import MAX_OUTBOX, MAX_REACTIONS, ChannelMemory
from actors.channel_state import ChannelState
from actors.decisions import Remembered
from actors.hand_over import HandOver
from actors.host import VirtualHost
from actors.long_term import LongTermMemory
from actors.member import MemberActor
from actors.memory import MemoryActor, MemoryDocument
from actors.memory_scopes import Saying
from actors.memory_shelf import MemoryRules
from actors.memory_worth import Embed
from actors.people import People
from actors.pruning import Pruning
from actors.routing import ChannelRules
from actors.standing import StandingActor
from actors.summary import Note
from actors.turn_record import Answer, reaction_of, saying_of
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import ModelUnavailable, RequestError, Unavailable
from core.messages import Author, IncomingMessage, Making, Memory, Passage, ReplyRequest, Spoken, Turn
from tests.support.bot import Index
from tests.support.cast import ScriptedApp, make_message, make_pack
from tests.support.embedding import words_embedded
from tests.support.eventually import eventually

ADA, BRUNO = Author(id="7", name="Ada"), Author(id="8", name="Bruno")


class Model:
    """An embedding model that can be away, or slow."""

    def __init__(self) -> None:
        self.away = self.broken = False
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise ValueError("not what anybody expects")
        if self.away:
            raise ModelUnavailable("gone", component="embeddings")
        return await words_embedded(texts)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.05)
    monkeypatch.setattr("actors.hand_over.PAUSES_S", (0.05, 0.05, 0.05))


def make_actors(
    app: ScriptedApp | None = None,
    embed: Embed = words_embedded,
    window: int = 3,
    prefill: Prefill | None = None,
) -> LocalVirtualActors:
    """A fresh process."""
    rules = ChannelRules(memory_window=window, long_term=True)
    memories = MemoryRules()

    def channel(key: str) -> ChannelActor:
        kept = LongTermMemory(actors, embed, memories)
        return ChannelActor(key, app=app or ScriptedApp(), pack=make_pack(), rules=rules, memory=kept, prefill=prefill)

    shelves = partial(MemoryActor, rules=memories, model="words", embed=embed)
    kinds = {KIND: channel, memory.KIND: shelves, member.KIND: MemberActor, standing.KIND: StandingActor}
    actors = LocalVirtualActors(VirtualHost(kinds))
    return actors


def line(number: int, content: str, author: Author = ADA, **changes: object) -> IncomingMessage:
    now_ms = time.time_ns() // 1_000_000
    return make_message(number, content, **{"created_ms": now_ms + number, "author": author, "public": True, **changes})


async def hear(actors: LocalVirtualActors, message: IncomingMessage) -> None:
    events = [event async for event in actors.stream(KIND, message.channel_id, "turn", message)]
    if isinstance(events[-1], Spoken):
        await actors.call(KIND, message.channel_id, "delivered", message.id, (f"9{message.id}",))


async def drown(actors: LocalVirtualActors, place: str = "500") -> None:
    """Talk that drives out of a channel's window and notes whatever was there, and is worth nothing in the long run."""
    for number in range(20, 40):
        await hear(actors, line(number, f"I am so tired of my {number} Mondays now", BRUNO, channel_id=place))


async def remembered(scope: str = "channel:600:500") -> list[str]:
    return [item.text for item in (await MemoryDocument.load(scope)).items]


async def holds(scope: str, *texts: str) -> None:
    async def held() -> bool:
        return await remembered(scope) == list(texts)

    await eventually(held)


async def everything(database: DatabaseHandle) -> str:
    names = await database.database.list_collection_names()
    return json.dumps({name: await database.database[name].find({}).to_list() for name in names}, default=str)


async def test_what_left_the_window_comes_back_with_the_reply_that_needs_it(database: DatabaseHandle) -> None:
    app = ScriptedApp(making=Making(memories=("1000001:0", "gone:0")))
    actors = make_actors(app)
    await hear(actors, line(1, "my cat is called Biscuit"))
    await hear(actors, line(2, "we decided to meet on Tuesdays", BRUNO))
    await holds("channel:600:500", "my cat is called Biscuit", "we decided to meet on Tuesdays")
    assert (await ChannelDocument.load("500")).state.find("1000001") is None
    await drown(actors)
    await hear(actors, line(50, "what is my cat called?", mentions_bot=True))
    [found] = app.requests[-1].memories
    assert (found.speaker, found.text) == ("Ada", "my cat is called Biscuit")
    assert all("Biscuit" not in turn.text for turn in app.requests[-1].history)
    assert "Biscuit" not in app.requests[-1].summary
    assert (found.channel_id, found.score > 0.3) == ("500", True)
    [told] = await actors.call(KIND, "500", "why", "1000050")
    assert told.memories == (Remembered(id="1000001:0", channel_id="500", score=found.score),)  # of those in the prompt


async def test_a_scope_that_was_found_empty_is_asked_again_once_something_is_written(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app)
    await hear(actors, line(1, "what is my cat called?", mentions_bot=True))
    assert app.requests[-1].memories == ()
    await hear(actors, line(2, "my cat is called Biscuit"))
    await holds("channel:600:500", "my cat is called Biscuit")
    await drown(actors)
    await hear(actors, line(50, "what is my cat called?", mentions_bot=True))
    assert [found.text for found in app.requests[-1].memories] == ["my cat is called Biscuit"]


async def test_what_the_prompt_holds_anyway_is_not_recalled(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app, window=10)
    await hear(actors, line(1, "my cat is called Biscuit"))
    await holds("channel:600:500", "my cat is called Biscuit")
    await hear(actors, line(2, "what is my cat called?", mentions_bot=True))
    assert [turn.text for turn in app.requests[-1].history] == ["my cat is called Biscuit"]
    assert app.requests[-1].memories == ()


async def test_what_a_person_told_goes_along_where_everybody_could_read_it(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app)
    await hear(actors, line(1, "my cat is called Biscuit"))
    await hear(actors, line(2, "my dog is called Rex", channel_id="501", public=False))
    await holds("user:600:7", "my cat is called Biscuit")
    await holds("channel:600:501", "my dog is called Rex")
    await drown(actors, "501")
    asked = "what is my cat called, and what is my dog called?"
    for place, known in (
        ("502", ["my cat is called Biscuit"]),
        ("501", ["my dog is called Rex", "my cat is called Biscuit"]),
    ):
        await hear(actors, line(50, asked, channel_id=place, mentions_bot=True))
        assert sorted(one.text for one in app.requests[-1].memories) == sorted(known)
    for who, guild, place in ((BRUNO, "600", "502"), (ADA, "601", "700"), (ADA, None, "800")):
        await hear(actors, line(51, asked, who, guild_id=guild, channel_id=place, mentions_bot=True))
        assert app.requests[-1].memories == ()


async def test_lines_are_handed_over_after_a_crash_and_after_an_outage(database: DatabaseHandle) -> None:
    away = Model()
    away.away = True
    dying = make_actors(embed=away)
    await hear(dying, line(1, "my cat is called Biscuit", mentions_bot=True))
    assert [saying.text for saying in (await ChannelDocument.load("500")).state.outbox] == ["my cat is called Biscuit"]
    await asyncio.sleep(0.5)  # it gives up
    assert await remembered() == []

    back = make_actors()
    assert await back.call(KIND, "500", "known_since")  # what a gateway asks when it comes back
    await holds("channel:600:500", "my cat is called Biscuit")

    async def done() -> bool:
        return (await ChannelDocument.load("500")).state.outbox == []

    await eventually(done)


async def test_replies_count_and_so_does_saying_it_again(database: DatabaseHandle) -> None:
    actors = make_actors()
    await hear(actors, line(1, "my cat is called Biscuit"))
    await holds("channel:600:500", "my cat is called Biscuit")
    await hear(actors, line(2, "aww", BRUNO, reply_to="1000001"))
    await hear(actors, line(3, "as I said, my cat is called Biscuit"))

    async def counted() -> bool:
        [item] = (await MemoryDocument.load("channel:600:500")).items
        return [echo.author_id for echo in item.echoes] == ["8"] and len(item.sources) == 2

    await eventually(counted)


async def test_reactions_count_until_they_are_taken_back_and_belong_to_whoever_reacted(
    database: DatabaseHandle,
) -> None:
    actors = make_actors()
    told = line(1, "my cat is called Biscuit")
    await hear(actors, told)
    await actors.call(KIND, "500", "reacted", told.id, "8", "❤", "600")
    await actors.call(KIND, "500", "reacted", told.id, "9", "❤", "600")
    await actors.call(KIND, "500", "reacted", told.id, "9", "❤", "600", True)  # before anybody could know
    await actors.call(KIND, "500", "reacted", "77", "8", "❤", "600")  # nobody ever heard that
    assert [one.kind for one in await actors.call(KIND, "500", "kept_about", "8")] == ["echo"]

    async def reactions() -> list[tuple[str, str]]:
        items = (await MemoryDocument.load("channel:600:500")).items
        return [(echo.author_id, echo.reaction) for item in items for echo in item.echoes]

    async def counted() -> bool:
        return await reactions() == [("8", "❤")]

    await eventually(counted)
    people = People(actors, Index(database))
    assert [str(one.text) for one in await people.kept("8")] == ["A reaction to something that is remembered"]
    await actors.call(KIND, "500", "reacted", told.id, "8", "❤", "600", True)

    async def gone() -> bool:
        return await reactions() == []

    await eventually(gone)


async def test_a_reaction_of_somebody_who_is_not_to_be_remembered_does_not_count(database: DatabaseHandle) -> None:
    actors = make_actors()
    told = line(1, "my cat is called Biscuit")
    await hear(actors, told)
    await holds("channel:600:500", "my cat is called Biscuit")
    await People(actors, Index(database)).unremember("8", "600")
    await actors.call(KIND, "500", "reacted", told.id, "8", "❤", "600")

    async def done() -> bool:
        return (await ChannelDocument.load("500")).state.outbox == []

    await eventually(done)
    assert (await MemoryDocument.load("channel:600:500")).items[0].echoes == ()


def test_many_reactions_drive_out_no_line() -> None:
    told = saying_of(line(1, "my cat is called Biscuit"))
    channel = ChannelMemory(outbox=[told])
    for who in range(MAX_OUTBOX + 20):
        channel.react(reaction_of(str(1000 + who), "❤", told.message_id, "500", "600", taken_back=False))
    assert channel.outbox[0] == told
    assert len(channel.outbox) == 1 + MAX_REACTIONS


async def test_an_edited_line_is_remembered_as_it_stands_and_a_deleted_one_not_at_all(database: DatabaseHandle) -> None:
    actors = make_actors()
    told = line(1, "my cat is called Biscuit")
    await hear(actors, told)
    for scope in ("channel:600:500", "user:600:7"):
        await holds(scope, "my cat is called Biscuit")
    await actors.call(KIND, "500", "revise", replace(told, content="my cat is called Moss"))
    for scope in ("channel:600:500", "user:600:7"):
        await holds(scope, "my cat is called Moss")
    await actors.call(KIND, "500", "retract", told.id, "600")

    async def gone() -> bool:
        return await remembered() == []

    await eventually(gone)


async def test_an_edited_command_or_a_line_that_was_never_heard_is_not_remembered(database: DatabaseHandle) -> None:
    actors = make_actors()
    command, kept = line(1, "!game trivia"), line(2, "my cat is called Biscuit")
    await actors.call(KIND, "500", "not_for_us", command.id)
    await hear(actors, kept)
    await holds("channel:600:500", "my cat is called Biscuit")
    for text in ("my cat is called Crumb", "my cat is called Moss"):
        await actors.call(KIND, "500", "revise", replace(command, content=text))
    await actors.call(KIND, "500", "forget_for_long", frozenset())
    assert await remembered() == await remembered("user:600:7") == ["my cat is called Biscuit"]


@pytest.mark.parametrize("edited", [False, True])
async def test_a_withdrawal_that_fails_on_the_way_is_done_whole_when_it_is_repeated(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch, edited: bool
) -> None:
    actors = make_actors()
    told = line(1, "my cat is called Biscuit")
    await hear(actors, told)
    await holds("user:600:7", "my cat is called Biscuit")
    await drown(actors)  # so that the channel does not know any more whose it was
    call, left = actors.call, [1]

    async def fails_once(kind: str, key: str, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "forget_message" and left:
            if len(left) == 2:
                left.clear()
                raise Unavailable("It fell.", component="actors")
            left.append(1)
        return await call(kind, key, method, *args, **kwargs)

    monkeypatch.setattr(actors, "call", fails_once)
    if edited:
        await actors.call(KIND, "500", "revise", replace(told, content="lol"))
    else:
        await actors.call(KIND, "500", "retract", told.id, "600")

    async def gone() -> bool:
        return await remembered() == await remembered("user:600:7") == []

    await eventually(gone)
    assert left == []  # it did fail


async def test_a_line_that_had_to_make_room_in_its_channel_is_withdrawn_from_its_author(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.memory_shelf.MAX_ITEMS", 3)
    actors = make_actors()
    await hear(actors, line(1, "my cat is called Biscuit"))
    await holds("user:600:7", "my cat is called Biscuit")
    await hear(actors, line(2, "my cat is called Rex", BRUNO, guild_id="601", channel_id="560"))
    await holds("user:601:8", "my cat is called Rex")
    for number, thing in enumerate(("dog", "horse", "fish", "bird"), start=10):
        await hear(actors, line(number, f"my {thing} is called Rex", BRUNO))

    async def evicted() -> bool:
        return "my cat is called Biscuit" not in await remembered() and len(await remembered()) == 3

    await eventually(evicted)
    await drown(actors)
    assert await remembered("user:600:7") == ["my cat is called Biscuit"]
    await actors.call(KIND, "500", "retract", "1000001", "600")
    await holds("user:600:7")
    assert await remembered("user:601:8") == ["my cat is called Rex"]


async def test_memory_is_read_before_the_model_reads_ahead(database: DatabaseHandle) -> None:
    await hear(make_actors(), line(1, "hello", mentions_bot=True))
    resident: list[int] = []

    async def prefill(request: ReplyRequest) -> None:
        resident.append(actors._host.stats().by_kind[memory.KIND])

    actors = make_actors(prefill=prefill)
    assert await actors.call(KIND, "500", "expect", ADA.id, "600")

    async def read() -> bool:
        return resident == [3]  # what was said in the channel, by the person, and taught to the server

    await eventually(read)


async def test_what_a_deleted_line_said_to_be_over_holds_again(database: DatabaseHandle) -> None:
    actors = make_actors()
    await hear(actors, line(1, "my cat is called Biscuit"))
    await holds("channel:600:500", "my cat is called Biscuit")
    await hear(actors, line(2, "my cat is called Moss"))

    async def ended(count: int) -> bool:
        items = (await MemoryDocument.load("channel:600:500")).items
        return len([item for item in items if item.until_ms is not None]) == count and len(items) == 1 + count

    await eventually(partial(ended, 1))
    await actors.call(KIND, "500", "retract", "1000002", "600")
    await eventually(partial(ended, 0))
    await holds("channel:600:500", "my cat is called Biscuit")


async def test_an_edit_while_its_line_is_handed_over_is_not_lost(database: DatabaseHandle) -> None:
    slow = Model()
    slow.gate = asyncio.Event()
    actors = make_actors(embed=slow)
    told = line(1, "my cat is called Biscuit")
    await hear(actors, told)
    await asyncio.wait_for(slow.asked.wait(), 5)
    await actors.call(KIND, "500", "revise", replace(told, content="my cat is called Moss"))
    slow.gate.set()
    for scope in ("channel:600:500", "user:600:7"):
        await holds(scope, "my cat is called Moss")


async def test_of_the_cast_what_it_says_of_lore_is_kept_in_its_channel(database: DatabaseHandle) -> None:
    passage = Passage(id="p", text="t", score=1.0, source="s")

    class Knowing(ScriptedApp):
        async def reply(self, request: object):  # type: ignore[no-untyped-def]
            yield Spoken(text="the raid is on Friday.", model="m", passages=(passage,) if self.sees else ())

    for number, (sees, kept) in enumerate(((("x",), ["the raid is on Friday."]), ((), []))):
        place = f"50{number}"
        actors = make_actors(Knowing(sees=sees))
        await hear(actors, line(number + 1, "when is the raid?", channel_id=place, mentions_bot=True))
        await asyncio.sleep(0.3)
        assert await remembered(f"channel:600:{place}") == kept
    [item] = (await MemoryDocument.load("channel:600:500")).items
    assert (item.kind, item.persona_id, item.author_id, item.speaker) == ("lore", "elio", "7", "Elio")
    assert item.claims == ()


@pytest.mark.parametrize("failure", ["away", "slow", "broken"])
async def test_a_reply_never_waits_for_memory_that_fails(
    database: DatabaseHandle, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.long_term.RECALL_S", 0.1)
    model, app = Model(), ScriptedApp()
    actors = make_actors(app, model)
    await hear(actors, line(1, "my cat is called Biscuit"))
    await holds("channel:600:500", "my cat is called Biscuit")
    model.away, model.broken = failure == "away", failure == "broken"
    model.gate = asyncio.Event() if failure == "slow" else None
    started = time.monotonic()
    await hear(actors, line(9, "what is my cat called?", channel_id="501", mentions_bot=True))
    assert time.monotonic() - started < 2
    assert app.requests[-1].memories == ()
    if model.gate:
        model.gate.set()


async def test_nothing_is_kept_of_who_does_not_want_it(database: DatabaseHandle) -> None:
    actors = make_actors()
    people = People(actors, Index(database))
    for number, author in enumerate((ADA, BRUNO), start=1):
        await hear(actors, line(number, f"my cat is called Biscuit{number}", author))
        await hear(actors, line(number, "I am allergic to hazelnuts", author, channel_id="550", guild_id="601"))
    await holds("channel:600:500", "my cat is called Biscuit1", "my cat is called Biscuit2")
    await holds("channel:601:550", "I am allergic to hazelnuts", "I am allergic to hazelnuts")
    assert await people.unremember("7", "600") == 1
    assert await remembered() == ["my cat is called Biscuit2"]
    assert await remembered("user:600:7") == []
    assert await people.unremember("7") == 1
    assert await remembered("user:601:7") == []
    await hear(actors, line(5, "I live in Oslo"))
    await hear(actors, line(6, "I live in Riga", BRUNO))
    await holds("channel:600:500", "my cat is called Biscuit2", "I live in Riga")
    await people.remember("7")
    await hear(actors, line(7, "I live in Lisbon"))
    await holds("channel:600:500", "my cat is called Biscuit2", "I live in Riga", "I live in Lisbon")


async def noted(place: str, last: int) -> list[str]:
    """What the notes of a channel hold of Ada's, once it is stored that the `last` line was heard."""

    async def stored() -> bool:
        return (await ChannelDocument.load(place)).state.is_handled(str(1_000_000 + last))

    await eventually(stored)
    return [note.text for note in (await ChannelDocument.load(place)).state.notes if note.author_id == "7"]


async def test_of_who_does_not_want_to_be_remembered_no_notes_are_made_either(database: DatabaseHandle) -> None:
    actors = make_actors()
    people = People(actors, Index(database))
    for place, guild in (("500", "600"), ("550", "601")):
        await hear(actors, line(1, "my cat is called Biscuit", channel_id=place, guild_id=guild))
        for number in range(2, 10):
            await hear(actors, line(number, "so tired", BRUNO, channel_id=place, guild_id=guild))
        await hear(actors, line(10, "my dog is called Rex", channel_id=place, guild_id=guild))
        assert await noted(place, 10) == ["my cat is called Biscuit."]
    await people.unremember("7", "600")
    assert await noted("500", 10) == []
    assert await noted("550", 10) == ["my cat is called Biscuit."]
    for place, guild in (("500", "600"), ("550", "601")):
        for number in range(12, 20):
            await hear(actors, line(number, "so tired", BRUNO, channel_id=place, guild_id=guild))
    assert await noted("500", 19) == []  # nor of what she said before
    assert await noted("550", 19) == ["my cat is called Biscuit.", "my dog is called Rex."]
    await hear(actors, line(21, "my bird is called Max", channel_id="510", guild_id="600"))

    async def known() -> bool:
        state = (await ChannelDocument.load("510")).state
        return not state.outbox and bool(state.turns) and all(turn.fleeting for turn in state.turns)

    await eventually(known)  # where she has not spoken before, as soon as her wish was asked for
    for number in range(22, 30):
        await hear(actors, line(number, "I live in Oslo", BRUNO, channel_id="510", guild_id="600"))
    assert await noted("510", 29) == []
    assert (await ChannelDocument.load("510")).state.notes


async def test_what_is_past_its_time_leaves_the_disk_where_nobody_speaks_any_more(database: DatabaseHandle) -> None:
    now_ms = time.time_ns() // 1_000_000
    week_ms, hour_ms = 7 * 86_400_000, 3_600_000

    async def talk(place: str, said_ms: int) -> None:
        document = ChannelDocument(id=place)
        said = Turn(message_id="1", speaker="Ada", text="my cat is called Biscuit", at_ms=said_ms, author_id="7")
        note = Note(message_id="2", speaker="Ada", text="I live in Oslo.", at_ms=said_ms, weight=3.0, author_id="7")
        answer = Answer(
            source_id="1",
            source_ids=("1",),
            author_id="7",
            persona_id="elio",
            trigger="mention",
            reply_ids=("3",),
            at_ms=said_ms,
        )
        document.state = ChannelState(turns=[said], notes=[note], answers=[answer], mention_ms={"7": said_ms})
        await document.replace_owned()

    await talk("500", now_ms)
    await talk("501", now_ms - hour_ms)
    await talk("502", now_ms - week_ms - hour_ms)
    pruning = Pruning(make_actors(), Index(database), 1800.0)
    assert await pruning.sweep(now_ms) == 2
    fresh, quiet, old = [(await ChannelDocument.load(place)).state for place in ("500", "501", "502")]
    assert [len(fresh.turns), len(fresh.notes), len(fresh.answers)] == [1, 1, 1]
    assert quiet.turns == []
    assert {note.text for note in quiet.notes} == {"I live in Oslo.", "my cat is called Biscuit."}
    assert len(quiet.answers) == 1
    assert quiet.mention_ms == {}
    assert ChannelDocument(id="502", state=old).people == []
    assert await pruning.sweep(now_ms) == 0


async def test_to_forget_somebody_leaves_nothing_of_them_anywhere(database: DatabaseHandle) -> None:
    actors = make_actors()
    people = People(actors, Index(database))
    for number, (place, guild) in enumerate((("500", "600"), ("501", "600"), ("800", None))):
        told = line(number, "my cat is called Biscuit", channel_id=place, guild_id=guild, mentions_bot=True)
        await hear(actors, told)
        await hear(actors, line(10 + number, "I live in Oslo", BRUNO, channel_id=place, guild_id=guild))
    await hear(actors, line(30, "so nice", ADA, reply_to="1000010"))
    for scope in ("channel:600:500", "channel:600:501", "dm:800"):
        await holds(scope, "my cat is called Biscuit", "I live in Oslo")

    async def echoed() -> bool:
        return '"author_id": "7"' in json.dumps((await MemoryDocument.load("channel:600:500")).model_dump()["items"][1])

    await eventually(echoed)
    kept = await people.kept("7")
    # Twice as much is stored, but what two scopes hold is one thing: by message and sentence.
    assert [one.kind for one in kept].count("memory") == 3
    assert await people.forget("7") == len(kept)
    stored = await everything(database)
    assert "Biscuit" not in stored
    assert '"7"' not in stored
    assert "user:600:7" not in stored
    assert "Oslo" in stored


async def test_what_is_on_its_way_while_somebody_is_forgotten_is_forgotten_too(database: DatabaseHandle) -> None:
    model = Model()
    actors = make_actors(embed=model)
    people = People(actors, Index(database))
    model.gate = asyncio.Event()
    hearing = asyncio.create_task(hear(actors, line(1, "my cat is called Biscuit", mentions_bot=True)))
    await model.asked.wait()  # taken out of the outbox, not in memory yet
    await hearing
    forgetting = asyncio.create_task(people.forget("7"))
    await asyncio.sleep(1.2)  # the outbox would be empty on disk by now
    assert not forgetting.done()
    model.gate.set()
    await forgetting
    assert "Biscuit" not in await everything(database)
    await asyncio.sleep(0.3)
    assert "Biscuit" not in await everything(database)


async def test_a_server_is_taught_and_purged(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app)
    people = People(actors, Index(database))
    kept = LongTermMemory(actors, words_embedded, MemoryRules())
    taught = Saying(
        message_id="77",
        text="the raid  starts on Friday",
        speaker="Ada",
        author_id="7",
        channel_id="500",
        guild_id="600",
        at_ms=1_800_000_000_000,
    )
    assert await kept.teach("600", taught) == "the raid starts on Friday"
    with pytest.raises(RequestError):
        await kept.teach("600", Saying(**{**{f: getattr(taught, f) for f in taught.__slots__}, "text": "raid"}))
    with pytest.raises(RequestError, match="private"):
        await kept.teach("600", replace(taught, text="the password of the vault is hunter2"))
    await hear(actors, line(1, "I live in Oslo", BRUNO))
    await hear(actors, line(1, "I live in Oslo", BRUNO, channel_id="800", guild_id=None))
    await holds("user:600:8", "I live in Oslo")
    await holds("dm:800", "I live in Oslo")
    for place in ("500", "501"):
        await hear(actors, line(5, "when does the raid start on Friday?", BRUNO, channel_id=place, mentions_bot=True))
        assert app.requests[-1].memories == (
            Memory(id="77:0", speaker="", text="the raid starts on Friday", at_ms=taught.at_ms),
        )
    assert await people.forget_server("600") == 2
    names = [document["_id"] for document in await database.database["memories"].find({}).to_list()]
    assert names == ["dm:800"]
