"""Personas that are called together answer one after the other, exactly once each, and talk on where they may."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from actors.channel import KIND, ChannelActor
from actors.channel_document import ChannelDocument
from actors.channel_stage import Stage
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import RequestError, UnknownPersona
from core.messages import IncomingMessage, ReplyEvent, Silent, Spoken
from tests.support.cast import ScriptedApp, make_message, make_pack
from tests.support.eventually import eventually

PACK = make_pack()
BOTH = make_message(1, "Elio and Olga, what is that?")


def process(app: ScriptedApp, **rules: Any) -> LocalVirtualActors:
    channel = partial(ChannelActor, app=app, pack=PACK, rules=ChannelRules(keyword_cooldown_s=0, **rules))
    return LocalVirtualActors(VirtualHost({KIND: channel}))


async def hear(actors: LocalVirtualActors, message: IncomingMessage) -> list[ReplyEvent]:
    return [event async for event in actors.stream(KIND, "500", "turn", message)]


async def delivered(actors: LocalVirtualActors, message: IncomingMessage, *ids: str) -> IncomingMessage | None:
    following: IncomingMessage | None = await actors.call(KIND, "500", "delivered", message.id, ids)
    return following


async def answered(actors: LocalVirtualActors, message: IncomingMessage, *ids: str) -> IncomingMessage | None:
    await hear(actors, message)
    return await delivered(actors, message, *ids)


async def talk(actors: LocalVirtualActors, message: IncomingMessage | None) -> list[str]:
    """Sees everything through, as a gateway does; the ids of the turns that came after the first."""
    turns, number = [], 9_000_000
    while message is not None:
        number += 1
        message = await answered(actors, message, str(number))
        if message is not None:
            turns.append(message.id)
    return turns


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Elio and Olga, hello", ["elio", "olga"]),
        ("olga & elio?", ["olga", "elio"]),
        ("Elio, Olga and Glordon: come", ["elio", "olga", "glordon"]),
        ("Elio und Olga, na?", ["elio", "olga"]),
        ("the radio and the potato", []),
        ("radio and potato", ["olga", "glordon"]),
        ("Elio asks Olga", []),
        ("Elio and Elio", []),
        ("Elio and his stars", []),
        ("Elio. Olga", []),
        ("nobody", []),
        ("Elio" + " " * 3_000 + "and" + " " * 3_000 + "Olga", []),
    ],
)
def test_who_is_called_in_one_breath(text: str, called: list[str]) -> None:
    assert [one.id for one in PACK.called_together(text)] == called


async def test_two_answer_and_the_second_knows_what_the_first_said(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = process(app)
    following = await answered(actors, BOTH, "9000001", "9000002")
    assert following is not None
    assert (following.id, following.content, following.author) == ("9000001", BOTH.content, BOTH.author)
    assert await answered(actors, following, "9000003") is None
    first, second = app.requests
    assert [first.persona_id, second.persona_id] == ["elio", "olga"]
    assert [(line.speaker, line.text) for line in second.history] == [("Elio", f"elio hears {BOTH.content}")]
    state = (await ChannelDocument.load("500")).state
    assert state.open == []
    assert [(reply.id, reply.persona_id) for reply in state.replies] == [
        ("9000001", "elio"),
        ("9000002", "elio"),
        ("9000003", "olga"),
    ]


async def test_one_that_is_called_answers_alone(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    for number, text in enumerate(("Elio, is Olga there?", "a potato"), 1):
        assert await answered(actors, make_message(number, text), str(9_000_000 + number)) is None


async def test_after_a_crash_anywhere_each_answers_once(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    await hear(process(app), BOTH)  # and dies before anything is posted
    following = await delivered(process(app), BOTH, "9000001")
    assert following is not None
    again = await delivered(process(app), BOTH, "9000001")  # the acknowledgement was lost
    assert again == following
    [turn] = await process(app).call(KIND, "500", "open_turns")  # as recovery finds it
    assert (turn.message, turn.persona_id, turn.source_ids) == (following, "olga", (BOTH.id,))
    events = await hear(process(app), following)
    assert isinstance(events[-1], Spoken)
    assert (await hear(process(app), following))[-1] == events[-1]  # told as it was told
    assert await delivered(process(app), following, "9000002") is None
    assert await delivered(process(app), BOTH, "9000001") is None
    for message in (BOTH, following):
        assert await hear(process(app), message) == [Silent(source_id=message.id, reason="duplicate")]
    assert [one.persona_id for one in app.requests] == ["elio", "olga"]


async def test_a_deleted_question_ends_it(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    following = await answered(actors, BOTH, "9000001")
    assert following is not None
    assert await actors.call(KIND, "500", "retract", BOTH.id)
    assert await hear(actors, following) == [Silent(source_id=following.id, reason="duplicate")]


async def test_an_edited_question_is_what_the_second_answers(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = process(app)
    following = await answered(actors, BOTH, "9000001")
    assert following is not None
    await actors.call(KIND, "500", "revise", make_message(1, "Elio and Olga, who is that?"))
    await hear(actors, following)
    assert app.requests[-1].message.content == "Elio and Olga, who is that?"


async def test_a_stopped_first_answer_ends_it(database: DatabaseHandle) -> None:
    gate = asyncio.Event()
    app = ScriptedApp(gate=gate)
    actors = process(app)
    listening = asyncio.create_task(hear(actors, BOTH))
    await app.asked.wait()
    await actors.call(KIND, "500", "stop", BOTH.id, "7", False)
    await listening
    assert await delivered(actors, BOTH, "9000001") is None


async def test_regenerating_the_first_does_not_have_the_second_answer_again(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    assert len(await talk(actors, BOTH)) == 1
    renewed = await actors.call(KIND, "500", "renew", BOTH.id, (BOTH,), "7", False)
    await hear(actors, renewed)
    assert await delivered(actors, renewed, "9000001") is None
    assert (await hear(actors, make_message(2, "hello")))[0] == Silent(source_id="1000002", reason="not_addressed")


@pytest.mark.parametrize("lines", [0, 1, 4])
async def test_they_exchange_as_many_lines_as_the_channel_lets_them(database: DatabaseHandle, lines: int) -> None:
    app = ScriptedApp()
    actors = process(app)
    await actors.call(KIND, "500", "set_cast", (), None, lines)
    assert len(await talk(actors, BOTH)) == 1 + lines
    assert [one.persona_id for one in app.requests] == (["elio", "olga"] * 3)[: 2 + lines]
    if lines:
        third = app.requests[2]
        assert (third.message.author.name, third.message.spoken_by) == ("Olga", "olga")
        assert third.message.content == f"olga hears {BOTH.content}"
        assert third.message.content not in [line.text for line in third.history]


async def test_a_human_line_ends_what_they_say_among_themselves(database: DatabaseHandle) -> None:
    gate = asyncio.Event()
    app = ScriptedApp()
    actors = process(app)
    await actors.call(KIND, "500", "set_cast", (), None, 6)
    second = await answered(actors, BOTH, "9000001")
    assert second is not None
    third = await answered(actors, second, "9000002")
    assert third is not None
    app.gate = gate
    app.asked.clear()
    listening = asyncio.create_task(hear(actors, third))
    await app.asked.wait()
    assert (await hear(actors, make_message(2, "wait a moment")))[-1] == Silent(
        source_id="1000002", reason="not_addressed"
    )
    assert (await listening)[-1] == Silent(source_id=third.id, reason="interrupted")
    assert (await ChannelDocument.load("500")).state.open == [] or await eventually_closed()


async def eventually_closed() -> bool:
    async def closed() -> bool:
        return (await ChannelDocument.load("500")).state.open == []

    await eventually(closed)
    return True


async def test_a_human_line_does_not_keep_the_second_of_two_from_answering(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = process(app)
    await actors.call(KIND, "500", "set_cast", (), None, 6)
    second = await answered(actors, BOTH, "9000001")
    assert second is not None
    await hear(actors, make_message(2, "hm"))
    assert await answered(actors, second, "9000002") is None  # and nobody goes on
    assert [one.persona_id for one in app.requests] == ["elio", "olga"]


async def test_only_the_cast_of_a_channel_speaks_there(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = process(app)
    stage: Stage = await actors.call(KIND, "500", "set_cast", ("Olga", "glordon"), None)
    assert (stage.cast, stage.default) == (("glordon", "olga"), "glordon")
    await answered(actors, make_message(1, "the stars", mentions_bot=True), "9000001")
    await answered(actors, make_message(2, "hello", mentions_bot=True), "9000002")
    assert [one.persona_id for one in app.requests] == ["glordon", "glordon"]
    with pytest.raises(UnknownPersona):
        await actors.call(KIND, "500", "persona", None, "elio")
    again: Stage = await process(app).call(KIND, "500", "stage")
    assert again == stage
    await actors.call(KIND, "500", "set_cast", (), None)
    await answered(actors, make_message(3, "the stars"), "9000003")
    assert app.requests[-1].persona_id == "elio"


async def test_what_a_channel_cannot_be_set_to(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    with pytest.raises(UnknownPersona):
        await actors.call(KIND, "500", "set_cast", ("nobody",), None)
    with pytest.raises(RequestError, match="0 to 6"):
        await actors.call(KIND, "500", "set_cast", (), None, 7)


async def test_why_tells_of_the_second_that_it_was_called_together(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    await talk(actors, BOTH)
    [first] = await actors.call(KIND, "500", "why", "9000001")
    [second] = await actors.call(KIND, "500", "why", "9000002")
    assert (first.decision.reason, first.decision.chosen) == ("keyword", "called together")
    assert (second.decision.reason, second.decision.persona_id) == ("chained_asked", "olga")
    assert second.model == "scripted"


async def test_forgetting_who_asked_ends_it_and_leaves_nothing(database: DatabaseHandle) -> None:
    actors = process(ScriptedApp())
    following = await answered(actors, BOTH, "9000001")
    assert following is not None
    await actors.call(KIND, "500", "forget_person", "7")
    assert (await ChannelDocument.load("500")).people == []
    assert await hear(actors, following) == [Silent(source_id=following.id, reason="duplicate")]
