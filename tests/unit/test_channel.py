"""The channel actor over a real database: one answer per message, whoever dies on the way."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from functools import partial

import pytest

from actors.channel import KIND, ChannelActor
from actors.channel_document import ChannelDocument
from actors.channel_queries import channels_with_open_turns, known_channels
from actors.guild_book import GuildBook
from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.virtual import LocalVirtualActors
from core.cards import parse
from core.documents import DatabaseHandle
from core.errors import ModelUnavailable, RequestError, TroupeError, UnknownPersona
from core.guests import guest_of
from core.messages import (
    Author,
    Delta,
    IncomingMessage,
    OpenTurn,
    Relation,
    ReplyEvent,
    ReplyRequest,
    SearchQuery,
    Silent,
    Speaking,
    Spoken,
)
from core.personas import Guest
from tests.support.cast import ScriptedApp, make_message, make_pack
from tests.support.eventually import eventually

RULES = ChannelRules(memory_window=6, memory_ttl_s=60)


def make_actors(app: ScriptedApp, rules: ChannelRules = RULES) -> LocalVirtualActors:
    """A fresh process, as it were: the same database, no memory."""
    return LocalVirtualActors(VirtualHost({KIND: partial(ChannelActor, app=app, pack=make_pack(), rules=rules)}))


def addressed(number: int, content: str = "hello", **changes: object) -> IncomingMessage:
    now_ms = time.time_ns() // 1_000_000
    return make_message(number, content, mentions_bot=True, **{"created_ms": now_ms + number, **changes})


async def hear(actors: LocalVirtualActors, message: IncomingMessage) -> list[ReplyEvent]:
    return [event async for event in actors.stream(KIND, "500", "turn", message)]


async def answer(actors: LocalVirtualActors, message: IncomingMessage, *reply_ids: str) -> str:
    """The whole life of a message; returns what was said."""
    events = await hear(actors, message)
    spoken = events[-1]
    assert isinstance(spoken, Spoken)
    await actors.call(KIND, "500", "delivered", message.id, reply_ids)
    return spoken.text


async def test_a_model_reads_ahead_for_whom_a_persona_spoke_to_and_stops_when_they_speak(
    database: DatabaseHandle,
) -> None:
    app, begun, ended = ScriptedApp(), list[ReplyRequest](), list[str]()

    async def prefill(request: ReplyRequest) -> None:
        begun.append(request)
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    rules = replace(RULES, memory_window=3)
    made = partial(ChannelActor, app=app, pack=make_pack(), rules=rules, prefill=prefill)
    actors = LocalVirtualActors(VirtualHost({KIND: made}))
    assert not await actors.call(KIND, "500", "expect", "7", "600"), "nobody has spoken to them"
    for number in (1, 2):
        await answer(actors, addressed(number, f"line {number}"), f"200{number}")
    assert not await actors.call(KIND, "500", "expect", "8", "600"), "somebody else types"
    assert await actors.call(KIND, "500", "expect", "7", "600")
    assert not await actors.call(KIND, "500", "expect", "7", "600"), "it reads already"
    await answer(actors, addressed(3, "line 3"), "2003")
    assert ended == ["cancelled"]
    [ahead], real = begun, app.requests[-1]
    assert (ahead.persona_id, ahead.history, ahead.summary) == (real.persona_id, real.history, real.summary)
    assert ahead.message.author == real.message.author

    without = make_actors(app, rules)
    assert not await without.call(KIND, "500", "expect", "7", "600"), "it is not set"


async def test_a_mention_is_answered_and_the_turn_closed(database: DatabaseHandle) -> None:
    actors = make_actors(ScriptedApp())
    message = addressed(1)
    events = await hear(actors, message)
    assert events[0] == Speaking(source_id=message.id, persona_id="elio", trigger="mention")
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "elio hears hello"
    assert events[-1] == Spoken(text="elio hears hello", model="scripted")
    assert await channels_with_open_turns(database) == ["500"]

    await actors.call(KIND, "500", "posted", message.id, "2001")
    [turn] = await actors.call(KIND, "500", "open_turns")
    assert turn == OpenTurn(message=message, persona_id="elio", status="spoken", reply_ids=("2001",))

    await actors.call(KIND, "500", "delivered", message.id, ("2001", "2002"))
    assert await actors.call(KIND, "500", "open_turns") == ()
    assert await channels_with_open_turns(database) == []
    assert await actors.call(KIND, "500", "known_replies") == ("2001", "2002")
    assert await hear(actors, message) == [Silent(source_id=message.id, reason="duplicate")]


async def test_everything_acknowledged_is_known_to_the_next_process(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    message = addressed(1)
    first = make_actors(app)
    await hear(first, message)
    await first.call(KIND, "500", "posted", message.id, "2001")

    second = make_actors(app)
    events = await hear(second, message)
    assert events == [
        Speaking(source_id=message.id, persona_id="elio", trigger="mention", reply_ids=("2001",)),
        Spoken(text="elio hears hello", model="scripted"),
    ]
    assert len(app.requests) == 1, "the model is not asked for a text that is known"
    await second.call(KIND, "500", "delivered", message.id, ("2001",))

    third = make_actors(app)
    assert await hear(third, message) == [Silent(source_id=message.id, reason="duplicate")]
    assert [turn.text for turn in await third.call(KIND, "500", "history")] == ["hello", "elio hears hello"]


async def test_a_turn_cut_off_while_the_model_spoke_is_taken_up_again(database: DatabaseHandle) -> None:
    message = addressed(1)
    dying = make_actors(ScriptedApp(gate=asyncio.Event()))
    stream = dying.stream(KIND, "500", "turn", message)
    assert isinstance(await anext(stream), Speaking)

    app = ScriptedApp()
    assert await answer(make_actors(app), message, "2001") == "elio hears hello"
    assert len(app.requests) == 1
    await stream.aclose()


async def test_of_two_processes_that_both_speak_one_text_stands(database: DatabaseHandle) -> None:
    """As when a host is cut off from the cluster, and another takes its channels while it still runs."""
    cut_off_app = ScriptedApp(gate=asyncio.Event(), says="the late text")
    message = addressed(1)
    cut_off = asyncio.create_task(hear(make_actors(cut_off_app), message))
    await cut_off_app.asked.wait()

    owner = make_actors(ScriptedApp(says="the first text"))
    told = (await hear(owner, message))[-1]
    assert cut_off_app.gate
    cut_off_app.gate.set()
    assert (await cut_off)[-1] == told == Spoken(text="the first text", model="scripted")


async def test_a_second_listener_joins_the_same_reply_and_the_first_falls_silent(database: DatabaseHandle) -> None:
    app = ScriptedApp(gate=asyncio.Event())
    actors = make_actors(app)
    message = addressed(1)
    first = asyncio.create_task(hear(actors, message))
    await app.asked.wait()
    second = asyncio.create_task(hear(actors, message))
    assert (await first)[-1] == Silent(source_id=message.id, reason="superseded")
    assert app.gate
    app.gate.set()
    events = await second
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "elio hears hello"
    assert isinstance(events[-1], Spoken)
    assert len(app.requests) == 1


async def test_a_reply_is_finished_although_its_listener_left(database: DatabaseHandle) -> None:
    app = ScriptedApp(gate=asyncio.Event())
    actors = make_actors(app)
    message = addressed(1)
    stream = actors.stream(KIND, "500", "turn", message)
    assert isinstance(await anext(stream), Speaking)
    await stream.aclose()
    assert app.gate
    app.gate.set()

    async def spoken() -> bool:
        [turn] = await actors.call(KIND, "500", "open_turns")
        return bool(turn.status == "spoken")

    await eventually(spoken)


async def test_a_failing_persona_app_is_answered_for(database: DatabaseHandle) -> None:
    message = addressed(1)
    events = await hear(make_actors(ScriptedApp(fails=RuntimeError("model gone"))), message)
    spoken = events[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.fallback
    assert spoken.text in make_pack().persona("elio").fallback_plain


async def test_a_hanging_persona_app_is_answered_for_after_the_deadline(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.answering._GRACE_S", 0.05)
    app = ScriptedApp(gate=asyncio.Event())
    started = time.monotonic()
    events = await hear(make_actors(app), addressed(1, deadline_ms=time.time_ns() // 1_000_000 + 200))
    assert isinstance(events[-1], Spoken)
    assert events[-1].fallback
    assert 0.1 < time.monotonic() - started < 3


async def test_an_abandoned_turn_is_closed_and_its_listener_told(database: DatabaseHandle) -> None:
    app = ScriptedApp(gate=asyncio.Event())
    actors = make_actors(app)
    message = addressed(1)
    listening = asyncio.create_task(hear(actors, message))
    await app.asked.wait()
    await actors.call(KIND, "500", "abandon", message.id, "channel deleted")
    assert (await listening)[-1] == Silent(source_id=message.id, reason="abandoned")
    assert await actors.call(KIND, "500", "open_turns") == ()
    assert await hear(actors, message) == [Silent(source_id=message.id, reason="duplicate")]


async def test_chatter_is_remembered_and_saved_within_the_lazy_time(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChannelActor, "lazy_save_s", 0.1)
    app = ScriptedApp()
    actors = make_actors(app)
    now_ms = time.time_ns() // 1_000_000
    chatter = make_message(1, "the harbour froze", created_ms=now_ms)
    assert await hear(actors, chatter) == [Silent(source_id=chatter.id, reason="not_addressed")]
    assert (await ChannelDocument.load("500")).rev == 0, "chatter costs no write of its own"
    await asyncio.sleep(0.4)
    stored = await ChannelDocument.load("500")
    assert [turn.text for turn in stored.state.turns] == ["the harbour froze"]
    assert await known_channels(database, since_ms=now_ms) == ["500"]
    assert await known_channels(database, since_ms=now_ms + 1) == []

    await answer(actors, addressed(2, "what froze?"), "2001")
    assert [turn.text for turn in app.requests[0].history] == ["the harbour froze"]
    assert await actors.call(KIND, "500", "last_seen") == addressed(2).id


async def test_bots_cost_nothing_and_are_never_answered(database: DatabaseHandle) -> None:
    actors = make_actors(ScriptedApp())
    message = addressed(1, "potato", author=Author(id="9", name="Elio", bot=True))
    assert await hear(actors, message) == [Silent(source_id=message.id, reason="loop_guard")]
    assert await actors.call(KIND, "500", "history") == ()


async def test_who_answers_is_set_and_cleared(database: DatabaseHandle) -> None:
    actors = make_actors(ScriptedApp())
    assert await actors.call(KIND, "500", "set_persona", "Olga") == "olga"
    assert await answer(actors, addressed(1), "2001") == "olga hears hello"
    assert await answer(actors, addressed(2, "a potato"), "2002") == "glordon hears a potato"
    reply = make_message(3, "oh?", reply_to="2002", created_ms=time.time_ns() // 1_000_000)
    assert await answer(actors, reply, "2003") == "glordon hears oh?"
    assert await actors.call(KIND, "500", "set_persona", None) == "elio"
    with pytest.raises(UnknownPersona):
        await actors.call(KIND, "500", "set_persona", "nobody")
    assert await actors.call(KIND, "500", "persona") == "elio"
    await actors.call(KIND, "500", "clear")
    assert await actors.call(KIND, "500", "history") == ()


async def test_a_follow_up_knows_the_answer_that_is_still_on_its_way_out(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app)
    await hear(actors, addressed(1, "one"))
    await hear(actors, addressed(2, "two"))
    assert [turn.text for turn in app.requests[1].history] == ["one", "elio hears one"]


async def test_reports_on_messages_never_heard_are_refused(database: DatabaseHandle) -> None:
    actors = make_actors(ScriptedApp())
    for method, argument in (("posted", "1"), ("delivered", ("1",)), ("abandon", "why")):
        with pytest.raises(RequestError, match="never heard"):
            await actors.call(KIND, "500", method, "12345", argument)
    with pytest.raises(RequestError, match="not a Discord id"):
        await hear(actors, addressed(1, id="twelve"))
    message = addressed(2)
    unfinished = make_actors(ScriptedApp(gate=asyncio.Event()))
    stream = unfinished.stream(KIND, "500", "turn", message)
    await anext(stream)
    with pytest.raises(RequestError, match="not spoken yet"):
        await unfinished.call(KIND, "500", "delivered", message.id, ("1",))
    await stream.aclose()


async def test_what_a_picture_showed_is_remembered_with_its_message(database: DatabaseHandle) -> None:
    app = ScriptedApp(sees=("a red kite", "a dog"))
    actors = make_actors(app)
    await answer(actors, addressed(1, "look at this"), "2001")
    app.sees = ()
    await answer(make_actors(app), addressed(2, "what was on it?"), "2002")  # the next process knows it, too
    first = app.requests[-1].history[0]
    assert first.text == "look at this\n[picture: a red kite]\n[picture: a dog]"


class Lore:
    """Says how near each line is, and remembers what it was asked; or fails."""

    def __init__(self, near: dict[str, float], fails: TroupeError | None = None) -> None:
        self.near, self.fails = near, fails
        self.asked: list[SearchQuery] = []

    async def relate(self, query: SearchQuery) -> Relation:
        self.asked.append(query)
        if self.fails:
            raise self.fails
        return Relation(lore=self.near.get(query.text, 0.0), persona_id="olga", persona=0.0)


async def test_what_has_to_do_with_the_lore_is_answered_unasked_where_that_is_wanted(database: DatabaseHandle) -> None:
    rules = replace(RULES, auto_channels=frozenset({"500"}), random_chance=0.0)
    lore = Lore({"the council is late": 0.5})
    channel = partial(ChannelActor, app=ScriptedApp(), pack=make_pack(), rules=rules, lore=lore)
    actors = LocalVirtualActors(VirtualHost({KIND: channel}))

    def said(number: int, content: str) -> IncomingMessage:
        return replace(addressed(number, content), mentions_bot=False)

    assert await hear(actors, said(1, "rain again")) == [Silent(source_id=said(1, "").id, reason="not_relevant")]
    assert await answer(actors, said(2, "the council is late"), "2001") == "elio hears the council is late"
    assert await hear(actors, said(2, "the council is late")) == [Silent(source_id=said(2, "").id, reason="duplicate")]
    assert [query.text for query in lore.asked] == ["rain again", "the council is late"]
    document = await ChannelDocument.load("500")
    assert (document.state.speaker, document.state.busy(0)) == ("elio", False)
    lore.fails = ModelUnavailable("gone", component="embeddings")
    lore.asked.clear()
    next_process = LocalVirtualActors(
        VirtualHost({KIND: partial(channel, rules=replace(rules, relevance_cooldown_s=0))})
    )
    [silent] = await hear(next_process, said(3, "the council is late"))
    assert silent == Silent(source_id=said(3, "").id, reason="not_relevant")
    assert len(lore.asked) == 1


async def test_whom_a_line_is_near_to_is_asked_of_those_who_may_speak_here(database: DatabaseHandle) -> None:
    rules, lore = replace(RULES, auto_channels=frozenset({"500"}), random_chance=0.0), Lore({})
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Wren", "description": "A captain."}}
    wren = guest_of(parse(json.dumps(card).encode()), "wren")

    async def read(guild_id: str) -> GuildSettings:
        return GuildSettings(personas=("elio", "olga", "wren"))

    async def guests(guild_id: str, version: int) -> tuple[int, tuple[Guest, ...]]:
        return 1, (wren,)

    book = GuildBook(make_pack(), rules, read, guests)
    channel = partial(ChannelActor, app=ScriptedApp(), pack=make_pack(), rules=rules, lore=lore, guilds=book)
    actors = LocalVirtualActors(VirtualHost({KIND: channel}))
    await hear(actors, replace(addressed(1, "a line\n of  two"), mentions_bot=False))
    await actors.call(KIND, "500", "set_cast", ("olga", "wren"), "600")
    await hear(actors, replace(addressed(2), mentions_bot=False))
    assert [[who for who, _ in query.personas] for query in lore.asked] == [["elio", "olga", "wren"], ["olga", "wren"]]
    assert lore.asked[1].personas[1] == ("wren", wren.told)
    assert lore.asked[0].text == "a line of two"  # as it is searched for and remembered by


async def test_what_is_known_goes_by_the_rules_that_hold_there(database: DatabaseHandle) -> None:
    app, book = ScriptedApp(), GuildBook(make_pack(), replace(RULES, memory_window=2))
    made = partial(ChannelActor, app=app, pack=make_pack(), rules=RULES, guilds=book)
    actors = LocalVirtualActors(VirtualHost({KIND: made}))
    for number in (1, 2, 3):
        await answer(actors, addressed(number, f"line {number}"), f"200{number}")
    assert [turn.text for turn in app.requests[-1].history] == ["elio hears line 2"]
    assert len(await actors.call(KIND, "500", "history")) == 2
