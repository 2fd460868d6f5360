"""One answer to a burst, and what becomes of an answer when its question changes, goes, or is to be answered anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bursts import joins
from actors.channel import KIND, ChannelActor
from actors.channel_document import ChannelDocument
from actors.channel_state import MAX_ANSWERS, ChannelState
from actors.host import VirtualHost
from actors.routing import ChannelRules, Decision
from actors.summary import fold
from actors.turn_record import TurnRecord
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import RequestError
from core.messages import (
    Author,
    Delta,
    IncomingMessage,
    Lease,
    ReplyEvent,
    ReplyRequest,
    Silent,
    Speaking,
    Spoken,
    Turn,
)
from serve_apps.client import PersonaClient
from tests.support.cast import make_message, make_pack
from tests.support.eventually import eventually

RULES = ChannelRules(memory_window=6, memory_ttl_s=60)
ADA, BRUNO = "7", "8"


@dataclass
class Writer:
    """Answers `<persona> hears <content>`, the last word only once `pen` is set; counts who stopped listening early."""

    pen: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[ReplyRequest] = field(default_factory=list)
    freed: int = 0

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        self.requests.append(request)
        text = f"{request.persona_id} hears {request.message.content}" + f" ({request.attempt})" * (request.attempt > 0)
        whole = False
        try:
            yield Delta(text=text[:5])
            await self.pen.wait()
            whole = True
            yield Spoken(text=text, model="scripted")
        finally:
            self.freed += not whole


class CountingHandle:
    """Stands for the persona app's Serve handle: begins every reply and ends none; notes whose call was cancelled."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.reply = self

    def options(self, *, stream: bool) -> CountingHandle:
        assert stream
        return self

    def remote(self, request: ReplyRequest) -> _Call:
        return _Call(self, request.message.content)


@dataclass
class _Call:
    handle: CountingHandle
    content: str

    def cancel(self) -> None:
        self.handle.cancelled.append(self.content)

    async def __aiter__(self) -> AsyncIterator[Delta]:
        yield Delta(text="Well")
        await asyncio.Event().wait()


class Listener:
    """A gateway's ear: hears one turn in the background."""

    def __init__(self, actors: LocalVirtualActors, message: IncomingMessage, *unsent: IncomingMessage) -> None:
        self.events: list[ReplyEvent] = []
        self._task = asyncio.create_task(self._hear(actors, message, tuple(one.id for one in unsent)))

    async def _hear(self, actors: LocalVirtualActors, message: IncomingMessage, unsent: tuple[str, ...]) -> None:
        async with aclosing(actors.stream(KIND, "500", "turn", message, unsent)) as events:
            async for event in events:
                self.events.append(event)

    async def speaking(self, times: int = 1) -> Listener:
        async def heard() -> bool:
            return sum(isinstance(event, Speaking) for event in self.events) >= times

        await eventually(heard)
        return self

    async def end(self) -> ReplyEvent:
        await asyncio.wait_for(self._task, 5)
        return self.events[-1]


def make_actors(app: Writer, rules: ChannelRules = RULES) -> LocalVirtualActors:
    return LocalVirtualActors(VirtualHost({KIND: partial(ChannelActor, app=app, pack=make_pack(), rules=rules)}))


def said(number: int, content: str, **changes: object) -> IncomingMessage:
    now_ms = time.time_ns() // 1_000_000 - 10_000
    return make_message(number, content, **{"created_ms": now_ms + number, "mentions_bot": True, **changes})


async def call(actors: LocalVirtualActors, method: str, *args: object) -> object:
    return await actors.call(KIND, "500", method, *args)


async def remembered(actors: LocalVirtualActors) -> list[str]:
    turns = await actors.call(KIND, "500", "history", "elio")
    return [turn.text for turn in turns]


async def answered(actors: LocalVirtualActors, app: Writer, message: IncomingMessage, *reply_ids: str) -> None:
    app.pen.set()
    assert isinstance(await Listener(actors, message).end(), Spoken)
    await call(actors, "delivered", message.id, reply_ids)
    app.pen.clear()


# Bursts

HOW_FAR = [
    # how far the answer to the first message is when the second comes; what is answered
    ("the model writes", [], ["one\ntwo"]),
    ("the text is whole, and waits for its author", ["spoken"], ["one\ntwo"]),
    ("a post is under way", ["leased"], ["one", "two"]),
    ("something was posted", ["leased", "posted"], ["one", "two"]),
    ("all is said", ["spoken", "leased", "posted", "delivered"], ["one", "two"]),
]


@pytest.mark.parametrize(("steps", "expected"), [row[1:] for row in HOW_FAR], ids=[row[0] for row in HOW_FAR])
async def test_until_the_first_post_a_further_message_joins(
    database: DatabaseHandle, steps: list[str], expected: list[str]
) -> None:
    app = Writer()
    actors = make_actors(app)
    one, two = said(1, "one"), said(2, "two")
    first = await Listener(actors, one).speaking()
    if "spoken" in steps:
        app.pen.set()
        await first.end()
    if "leased" in steps:
        assert await call(actors, "lease", one.id, "gateway") == Lease(state="granted")
    if "posted" in steps:
        await call(actors, "posted", one.id, "2001")
    if "delivered" in steps:
        await call(actors, "delivered", one.id, ("2001",))
    second = await Listener(actors, two, one).speaking()
    app.pen.set()
    end = await second.end()
    assert isinstance(end, Spoken)
    assert end.text == f"elio hears {expected[-1]}"
    if len(expected) == 1:
        if "spoken" not in steps:
            assert await first.end() == Silent(source_id=one.id, reason="superseded")
            assert app.freed == 1, "the model is free for others at once"
        assert await call(actors, "lease", one.id, "gateway") == Lease(state="over")
        [turn] = (await ChannelDocument.load("500")).state.open
        assert turn.source_ids == (one.id, two.id)
    await call(actors, "delivered", two.id, ("2002",))
    for message in (one, two):
        if message.content in expected and "delivered" not in steps and message is one:
            continue  # its own answer is still open
        assert await Listener(actors, message, one).end() == Silent(source_id=message.id, reason="duplicate")
    assert [request.message.content for request in app.requests] == ["one", expected[-1]]


async def test_what_is_overtaken_is_cancelled_down_to_the_persona_app(database: DatabaseHandle) -> None:
    handle = CountingHandle()
    channel = partial(ChannelActor, app=PersonaClient(handle), pack=make_pack(), rules=RULES)
    actors = LocalVirtualActors(VirtualHost({KIND: channel}))
    one, two = said(1, "one"), said(2, "two")
    await Listener(actors, one).speaking()
    second = await Listener(actors, two, one).speaking()

    async def cancelled() -> bool:
        return handle.cancelled == ["one"]

    await eventually(cancelled)
    await call(actors, "retract", one.id)
    await call(actors, "retract", two.id)
    await second.end()

    async def all_cancelled() -> bool:
        return handle.cancelled == ["one", "one\ntwo", "two"]

    await eventually(all_cancelled)


async def test_only_what_its_gateway_calls_unsent_is_joined(database: DatabaseHandle) -> None:
    """After a crash an open turn may have a post that nobody reported; its gateway looks for that first."""
    app = Writer()
    actors = make_actors(app)
    one, two = said(1, "one"), said(2, "two")
    first = await Listener(actors, one).speaking()
    second = await Listener(actors, two).speaking()
    app.pen.set()
    assert [(await listener.end()) for listener in (first, second)] == [
        Spoken(text="elio hears one", model="scripted"),
        Spoken(text="elio hears two", model="scripted"),
    ]


async def test_a_joined_message_is_heard_once_and_both_are_remembered_as_they_were_said(
    database: DatabaseHandle,
) -> None:
    app = Writer()
    actors = make_actors(app)
    one, two = said(1, "one"), said(2, "two", mentions_bot=False)
    await Listener(actors, one).speaking()
    second = await Listener(actors, two, one).speaking()
    app.pen.set()
    await second.end()
    assert app.requests[-1].history == (), "neither is told twice"
    await call(actors, "delivered", two.id, ("2001",))
    assert await remembered(actors) == ["one", "two", "elio hears one\ntwo"]


async def test_a_burst_whose_host_dies_is_answered_once_by_the_next(database: DatabaseHandle) -> None:
    one, two = said(1, "one"), said(2, "two")
    dying = make_actors(Writer())
    await Listener(dying, one).speaking()
    await Listener(dying, two, one).speaking()

    app = Writer()
    app.pen.set()
    actors = make_actors(app)
    [turn] = await actors.call(KIND, "500", "open_turns")
    assert (turn.message.id, turn.source_ids) == (two.id, (one.id, two.id))
    assert await Listener(actors, one).end() == Silent(source_id=one.id, reason="superseded")
    assert await Listener(actors, turn.message).end() == Spoken(text="elio hears one\ntwo", model="scripted")
    # What was posted for the first of them, and reported late, is the answer to both.
    await call(actors, "posted", one.id, "2001")
    assert await call(actors, "lease", two.id, "gateway") == Lease(state="granted", reply_ids=("2001",))
    await call(actors, "delivered", two.id, ("2001",))
    for message in (one, two):
        assert await Listener(actors, message).end() == Silent(source_id=message.id, reason="duplicate")


async def test_two_gateways_never_post_at_once(database: DatabaseHandle) -> None:
    actors = make_actors(Writer())
    one = said(1, "one")
    await Listener(actors, one).speaking()
    assert await call(actors, "lease", one.id, "first") == Lease(state="granted")
    assert await call(actors, "lease", one.id, "second") == Lease(state="wait")
    await call(actors, "posted", one.id, "2001")
    assert await call(actors, "lease", one.id, "second") == Lease(state="granted", reply_ids=("2001",))
    assert await call(actors, "lease", one.id, "first") == Lease(state="wait", reply_ids=("2001",))
    await call(actors, "abandon", one.id, "channel gone")
    assert await call(actors, "lease", one.id, "second") == Lease(state="over")


async def test_what_was_missed_is_what_was_never_heard_since_it_is_known(database: DatabaseHandle) -> None:
    app = Writer()
    actors = make_actors(app)
    assert await call(actors, "known_since") is None
    ids = tuple(said(number, "").id for number in range(6))
    for number in (2, 4):  # 3 was missed before 4 came, as when a gateway dies while it catches up
        await answered(actors, app, said(number, "hello"), f"200{number}")
    assert await call(actors, "known_since") == ids[2]
    assert await call(actors, "unheard", ids[2:]) == (ids[3], ids[5])
    assert await call(make_actors(app), "known_since") == ids[2]


# Edits and deletions

QUESTION_CHANGES = [
    # what happened when; the answer's text (None: there is none), and the lines that are remembered before it
    ("edited before anything is sent", ["edit"], "elio hears uno", ["uno"]),
    ("edited twice", ["edit", "edit"], "elio hears uno", ["uno"]),
    ("edited while a post is under way", ["lease", "edit"], "elio hears one", ["uno"]),
    ("edited after the first post", ["lease", "post", "edit"], "elio hears one", ["uno"]),
    ("deleted before anything is sent", ["delete"], None, []),
    ("deleted after the first post", ["lease", "post", "delete"], None, []),
]


@pytest.mark.parametrize(
    ("steps", "text", "lines"), [row[1:] for row in QUESTION_CHANGES], ids=[row[0] for row in QUESTION_CHANGES]
)
async def test_a_question_that_changes(
    database: DatabaseHandle, steps: list[str], text: str | None, lines: list[str]
) -> None:
    app = Writer()
    actors = make_actors(app)
    one = said(1, "one")
    listener = await Listener(actors, one).speaking()

    async def writes() -> bool:
        return len(app.requests) == 1

    await eventually(writes)
    for step in steps:
        if step == "lease":
            await call(actors, "lease", one.id, "gateway")
        elif step == "post":
            await call(actors, "posted", one.id, "2001")
        elif step == "edit":
            await call(actors, "revise", replace(one, content="uno"))
        else:
            assert await call(actors, "retract", one.id) is True
    if text == "elio hears uno":
        await listener.speaking(times=2)

        async def freed() -> bool:
            return app.freed == 1

        await eventually(freed)
        assert await call(actors, "lease", one.id, "gateway", 0) == Lease(state="changed")
        assert await call(actors, "lease", one.id, "gateway", 1) == Lease(state="granted")
    app.pen.set()
    end = await listener.end()
    if text is None:
        assert end == Silent(source_id=one.id, reason="abandoned")
        assert await call(actors, "open_turns") == ()
        assert app.freed == 1
    else:
        assert end == Spoken(text=text, model="scripted")
        await call(actors, "delivered", one.id, ("2001",))
        assert await remembered(actors) == [*lines, text]
    assert (await remembered(make_actors(app)))[: len(lines)] == lines
    assert await Listener(actors, one).end() == Silent(source_id=one.id, reason="duplicate")


async def test_an_edit_that_comes_when_the_text_is_whole_has_it_written_anew(database: DatabaseHandle) -> None:
    app = Writer()
    app.pen.set()
    actors = make_actors(app)
    one = said(1, "one")
    await Listener(actors, one).end()
    await call(actors, "revise", replace(one, content="uno"))
    assert await call(actors, "lease", one.id, "gateway", 0) == Lease(state="changed")
    listener = Listener(actors, one)
    assert await listener.end() == Spoken(text="elio hears uno", model="scripted")
    assert isinstance(listener.events[0], Speaking)
    assert listener.events[0].revision == 1


async def test_an_edit_or_a_deletion_that_overtakes_its_message_counts(database: DatabaseHandle) -> None:
    app = Writer()
    app.pen.set()
    actors = make_actors(app)
    one, two = said(1, "one"), said(2, "two")
    await call(actors, "revise", replace(one, content="uno"))
    assert await call(actors, "retract", two.id) is True
    assert await Listener(actors, one).end() == Spoken(text="elio hears uno", model="scripted")
    assert await Listener(actors, two).end() == Silent(source_id=two.id, reason="deleted")
    assert [turn.text for turn in (await ChannelDocument.load("500")).state.turns] == ["uno"]


async def test_of_a_burst_the_part_that_was_deleted_is_not_answered(database: DatabaseHandle) -> None:
    app = Writer()
    actors = make_actors(app)
    one, two = said(1, "one"), said(2, "two")
    await Listener(actors, one).speaking()
    listener = await Listener(actors, two, one).speaking()
    assert await call(actors, "retract", two.id) is False
    assert await call(actors, "retract", two.id) is False, "told twice, it is done once"
    await listener.speaking(times=2)
    [turn] = await actors.call(KIND, "500", "open_turns")
    assert (turn.message.content, turn.source_ids) == ("one", (one.id,))
    app.pen.set()
    assert await listener.end() == Spoken(text="elio hears one", model="scripted")
    assert await call(actors, "retract", one.id) is True
    assert await call(actors, "open_turns") == ()
    assert await remembered(actors) == []


async def test_notes_and_pictures_follow_their_line(database: DatabaseHandle) -> None:
    state = ChannelState()
    state.turns = [
        Turn(message_id="1", speaker="Ada", text="look\n[picture: a kite]", at_ms=1, author_id=ADA),
        Turn(message_id="2", speaker="Ada", text="[picture: a dog]", at_ms=2, author_id=ADA),
    ]
    told = Turn(message_id="3", speaker="Ada", text="my cat is called Biscuit", at_ms=0, author_id=ADA)
    state.notes = fold([], [told])
    state.revise("1", "see")
    state.revise("2", "and this")
    state.revise("3", "my cat is called Crumb")
    assert [turn.text for turn in state.turns] == ["see\n[picture: a kite]", "and this\n[picture: a dog]"]
    assert [(note.text, note.speaker, note.author_id) for note in state.notes] == [
        ("my cat is called Crumb.", "Ada", ADA)
    ]
    for message_id in ("1", "2", "3"):
        state.retract(message_id)
    assert (state.turns, state.notes) == ([], [])


# Stop and Regenerate

WHO = [
    # who presses the button, whether a moderator, whether that does anything
    ("the author", ADA, False, True),
    ("a moderator", BRUNO, True, True),
    ("somebody else", BRUNO, False, False),
]


@pytest.mark.parametrize(("user_id", "moderator", "may"), [row[1:] for row in WHO], ids=[row[0] for row in WHO])
async def test_who_may_stop_and_renew(database: DatabaseHandle, user_id: str, moderator: bool, may: bool) -> None:
    app = Writer()
    actors = make_actors(app)
    one = said(1, "one")
    listener = await Listener(actors, one).speaking()
    await call(actors, "posted", one.id, "2001")
    with pytest.raises(RequestError, match="still being written"):
        await call(actors, "renewable", one.id, user_id, moderator)
    if may:
        await call(actors, "stop", one.id, user_id, moderator)
        assert await listener.end() == Spoken(text="elio ", model="stopped", stopped=True)
        assert app.freed == 1
    else:
        with pytest.raises(RequestError, match="whoever asked, or somebody with the permission Manage Messages"):
            await call(actors, "stop", one.id, user_id, moderator)
        await call(actors, "stop", one.id, ADA, False)
        await listener.end()
    await call(actors, "delivered", one.id, ("2001",), "eli")  # as much as was shown
    assert await remembered(actors) == ["one", "eli"]
    with pytest.raises(RequestError, match="complete already"):
        await call(actors, "stop", one.id, user_id, moderator)
    if may:
        assert await call(actors, "renewable", one.id, user_id, moderator) == (one.id,)
        renewed = await call(actors, "renew", one.id, (one,), user_id, moderator)
        assert isinstance(renewed, IncomingMessage)
        assert await call(make_actors(app), "renew", one.id, (one,), user_id, moderator) == renewed
        with pytest.raises(RequestError, match="Manage Messages"):
            await call(actors, "renew", one.id, (one,), "stranger", False)
    else:
        with pytest.raises(RequestError, match="Manage Messages"):
            await call(actors, "renew", one.id, (one,), user_id, moderator)
        assert await call(actors, "open_turns") == ()


async def test_a_stop_outlives_its_host(database: DatabaseHandle) -> None:
    one = said(1, "one")
    dying = make_actors(Writer())
    await Listener(dying, one).speaking()
    await call(dying, "posted", one.id, "2001")
    await call(dying, "stop", one.id, ADA, False)
    app = Writer()
    listener = Listener(make_actors(app), one)
    assert await listener.end() == Spoken(text="elio ", model="stopped", stopped=True)
    assert app.requests == []


async def test_an_answer_given_anew_takes_the_place_of_the_former(database: DatabaseHandle) -> None:
    app = Writer()
    actors = make_actors(app)
    zero, one, two = said(0, "zero"), said(1, "one"), said(20_000, "two")
    await answered(actors, app, zero, "2000")
    await answered(actors, app, one, "2001", "2002")
    await answered(actors, app, two, "2003")
    for attempt in (1, 2):
        await call(actors, "renew", one.id, (one,), ADA, False)
        [turn] = await actors.call(KIND, "500", "open_turns")
        assert (turn.status, turn.reply_ids) == ("posted", ("2001", "2002"))
        listener = await Listener(actors, one).speaking()
        assert listener.events[0] == Speaking(
            source_id=one.id,
            persona_id="elio",
            trigger="mention",
            reply_ids=("2001", "2002"),
            revision=attempt,
            again=True,
        )
        app.pen.set()
        await listener.end()
        app.pen.clear()
        await call(actors, "delivered", one.id, ("2001", "2002"))
        assert app.requests[-1].attempt == attempt
        assert "elio hears one" not in str(app.requests[-1].history), "it does not know what it replaces"
    lines = await remembered(actors)
    assert [line for line in lines if line.startswith("elio hears one")] == ["elio hears one (2)"]
    assert await call(actors, "known_replies") == ("2000", "2001", "2002", "2003")
    assert await Listener(actors, one).end() == Silent(source_id=one.id, reason="duplicate")


async def test_a_renewal_that_is_cut_off_is_finished_by_the_next_process(database: DatabaseHandle) -> None:
    app = Writer()
    actors = make_actors(app)
    one = said(1, "one")
    await answered(actors, app, one, "2001")
    await call(actors, "renew", one.id, (one,), ADA, False)
    await Listener(actors, one).speaking()
    after = Writer()
    after.pen.set()
    survivors = make_actors(after)
    [turn] = await survivors.call(KIND, "500", "open_turns")
    assert await Listener(survivors, turn.message).end() == Spoken(text="elio hears one (1)", model="scripted")
    await call(survivors, "delivered", one.id, ("2001",))
    assert await remembered(survivors) == ["one", "elio hears one (1)"]


async def test_what_is_long_ago_or_forgotten_is_not_given_anew(database: DatabaseHandle) -> None:
    app = Writer()
    actors = make_actors(app)
    messages = [said(number, f"line {number}") for number in range(MAX_ANSWERS + 1)]
    for number, message in enumerate(messages):
        await answered(actors, app, message, f"{3000 + number}")
    with pytest.raises(RequestError, match="too long ago"):
        await call(actors, "renewable", messages[0].id, ADA, False)
    assert await call(actors, "renewable", messages[1].id, ADA, False) == (messages[1].id,)
    await call(actors, "forget_person", ADA)
    with pytest.raises(RequestError, match="too long ago"):
        await call(actors, "renewable", messages[1].id, ADA, False)
    stored = (await ChannelDocument.load("500")).model_dump_json()
    assert f'"{ADA}"' not in stored


# All orders of events

AUTHORS = {name: Author(id=name, name=name) for name in ("ada", "bruno")}
events = st.tuples(
    st.sampled_from(["hear", "hear", "hear", "post", "speak", "deliver", "renew", "edit", "delete"]),
    st.integers(min_value=1, max_value=9),
)


def covered(state: ChannelState) -> Iterator[str]:
    for record in state.open:
        if not record.again:
            yield from record.source_ids
    for answer in state.answers:
        yield from answer.source_ids


@settings(max_examples=200)
@given(st.lists(events, max_size=50))
def test_no_order_of_events_answers_a_message_twice(history: list[tuple[str, int]]) -> None:
    """However messages join, change, go and are answered anew: each is covered by one turn at most, and what was said
    is remembered once."""
    state = ChannelState()
    rules = ChannelRules(memory_window=100, memory_ttl_s=1e9)
    decision = Decision(reason="mentioned", persona_id="elio", trigger="mention")
    posts: dict[str, str] = {}
    for step, (event, number) in enumerate(history):
        author = AUTHORS["ada" if number % 2 else "bruno"]
        message = make_message(number, f"m{number}", author=author, mentions_bot=True)
        record: TurnRecord | None = state.covering(message.id)
        turn_id = record.message.id if record else message.id
        if event == "hear" and not state.is_handled(message.id):
            open_turns = [one for one in state.open if not one.reply_ids]
            into = next((one for one in open_turns if joins(message, decision, one.sources, "elio")), None)
            if into is None:
                state.hear(message, decision, rules, step)
            else:
                state.join(into, message, "mentioned", rules, step)
                assert into.message.content == "\n".join(part.content for part in into.sources)
        elif event == "post" and record:
            posts.setdefault(turn_id, f"9{number}{step}")
            state.post(turn_id, [posts[turn_id]])
        elif event == "speak" and record:
            record.spoken = Spoken(text=f"said {turn_id} {record.revision}", model="m")
        elif event == "deliver" and record and record.spoken:
            state.deliver(turn_id, [posts.setdefault(turn_id, f"9{number}{step}")], "Elio", rules, step)
        elif event == "renew" and (answer := state.answer_to(message.id)) and not state.find(message.id):
            state.reopen(message.id, [make_message(int(i) - 1_000_000, author=author) for i in answer.source_ids], 0)
        elif event == "edit":
            state.revise(message.id, f"n{number}")
        elif event == "delete":
            state.retract(message.id)
        seen = list(covered(state))
        assert len(seen) == len(set(seen))
        ids = [turn.message_id for turn in state.turns]
        assert len(ids) == len(set(ids))
        assert all(state.is_handled(message_id) for message_id in seen)
        again = ChannelState.model_validate_json(state.model_dump_json())
        assert again == state, "what is stored is what was known"
