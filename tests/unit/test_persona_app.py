"""The persona app's logic around a scripted model: streaming, guarding, trying again, falling back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.clock import now_ms
from core.errors import ConfigError, ModelUnavailable, Overloaded, RequestError, Unavailable, UnknownPersona
from core.messages import (
    Attachment,
    Author,
    ChatMessage,
    Delta,
    IncomingMessage,
    Memory,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
    Turn,
    Usage,
)
from serve_apps.breaker import Breaker
from serve_apps.looking import MOST_PICTURES, UNSEEN, Look, pictures, told
from serve_apps.reply import FALLBACK_MODEL, PersonaService, ReplyOptions, Search
from serve_apps.results import Description
from tests.support.cast import make_pack
from tests.support.engines import ScriptedEngine

LORE = Passage(id="comet", text="The comet returns every nine years. It is blue.", score=0.03, source="lore/sky.md")
LOST = ModelUnavailable("gone", component="llm")


class WordCounter:
    window = 400

    def __call__(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(message.content.split()) for message in messages)


async def found(query: SearchQuery) -> tuple[Passage, ...]:
    return (LORE,)


async def nothing(query: SearchQuery) -> tuple[Passage, ...]:
    return ()


def service(
    engine: ScriptedEngine, search: Search = found, look: Look | None = None, **changes: object
) -> PersonaService:
    values: dict[str, object] = {
        "max_tokens": 40,
        "temperature": 0.6,
        "passages": 3,
        "deadline_s": 5,
        "delta_every_s": 0.0,
        "search_timeout_s": 0.1,
        "fallback_margin_s": 0.05,
        "retry_pause_s": (0.01, 0.02),
        **changes,
    }
    options = ReplyOptions(**values)  # type: ignore[arg-type]
    return PersonaService(make_pack(), options, WordCounter(), search, engine.generate, look)


def request(content: str = "When does the comet return?", *, seconds: float = 2.0, **changes: object) -> ReplyRequest:
    message = IncomingMessage(
        id="900", channel_id="5", guild_id="6", author=Author(id="7", name="Mara"), content=content, created_ms=now_ms()
    )
    values: dict[str, object] = {"persona_id": "elio", "message": message, **changes}
    return ReplyRequest(deadline_ms=now_ms() + int(seconds * 1000), **values)  # type: ignore[arg-type]


async def listen(replies: PersonaService, asked: ReplyRequest) -> tuple[str, Spoken]:
    """The text of all deltas together, and the reply."""
    events = [event async for event in replies.reply(asked)]
    assert isinstance(events[-1], Spoken)
    deltas = events[:-1]
    assert all(isinstance(event, Delta) for event in deltas)
    return "".join(event.text for event in deltas if isinstance(event, Delta)), events[-1]


async def test_a_reply_streams_and_is_spoken_whole() -> None:
    engine = ScriptedEngine([" Every", " nine", " years", "!"])
    shown, spoken = await listen(service(engine), request())
    assert spoken == Spoken(text="Every nine years!", model="script", passages=(LORE,))
    assert shown == "Every nine years!"


async def test_the_model_gets_lore_history_and_sampling() -> None:
    engine = ScriptedEngine(["Yes."])
    history = (Turn(message_id="1", speaker="Ben", text="Look!", at_ms=1),)
    await listen(service(engine), request(history=history))
    asked = engine.requests[0]
    lines, _, lore = asked.messages[-1].content.partition("\n<lore>\n")
    assert lines == "Ben: Look!\nMara: When does the comet return?"
    assert "- The comet returns every nine years. It is blue." in lore
    assert asked.temperature == 0.6
    assert asked.max_tokens == 40
    assert {"\nMara:", "\nBen:"} <= set(asked.stop)


@pytest.mark.parametrize("memories", [(), (Memory(id="7:0", speaker="Ben", text="I live in Oslo", at_ms=1),)])
async def test_what_is_read_ahead_is_what_the_prompt_will_begin_with(memories: tuple[Memory, ...]) -> None:
    engine = ScriptedEngine(["Yes."])
    history = (
        Turn(message_id="1", speaker="Mara", text="Look at the sky!", at_ms=1),
        Turn(message_id="2", speaker="Elio", text="I see a comet.", at_ms=2, persona_id="elio"),
    )
    replies = service(engine, hints=bool(memories))
    asked = request(history=history, summary="Mara said: I like comets.")
    await replies.prefill(replace(asked, message=replace(asked.message, content="")))
    await listen(replies, replace(asked, memories=memories))
    ahead, real = engine.requests
    assert ahead.max_tokens == 1
    assert ahead.messages[:-1] == real.messages[:-1]
    assert real.messages[-1].content.startswith(ahead.messages[-1].content)
    assert "I like comets" in ahead.messages[0].content
    assert ("I live in Oslo" in real.messages[-1].content) == bool(memories)


@pytest.mark.parametrize(
    ("line", "searched"),
    [
        ("what color is the comet?", ["what color is the comet?"]),
        ("what color is it?", ["what color is it?", "When does the comet return? what color is it?"]),
    ],
)
async def test_a_line_that_brings_no_lore_is_searched_for_with_the_one_before(line: str, searched: list[str]) -> None:
    asked: list[str] = []

    async def search(query: SearchQuery) -> tuple[Passage, ...]:
        asked.append(query.text)
        return (LORE,) if "comet" in query.text else ()

    history = (
        Turn(message_id="1", speaker="Mara", text="When does the comet return?", at_ms=1),
        Turn(message_id="2", speaker="Elio", text="Soon!", at_ms=2, persona_id="elio"),
    )
    _, spoken = await listen(service(ScriptedEngine(["Yes."]), search), request(line, history=history))
    assert asked == searched
    assert spoken.passages == (LORE,)


async def test_the_same_message_is_asked_with_the_same_seed() -> None:
    engine = ScriptedEngine(["Yes."])
    for _ in range(2):
        await listen(service(engine), request())
    assert engine.requests[0].seed == engine.requests[1].seed


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        (["Elio", ": ", "Hello there."], "Hello there."),
        (["Hello there.\n", "Ma", "ra: And then?"], "Hello there."),
        (["Hello there.\nOlga: Me", " too."], "Hello there."),
        (["Hello there. <", "|user|", "> more"], "Hello there."),
        (["Hello there.</lo", "re>"], "Hello there."),
        (["One.\n", "Two lines of a poem that go on: see."], "One.\nTwo lines of a poem that go on: see."),
    ],
)
async def test_what_does_not_belong_is_never_shown(chunks: list[str], text: str) -> None:
    shown, spoken = await listen(service(ScriptedEngine(chunks)), request())
    assert spoken.text == text
    assert text.startswith(shown)


async def test_a_line_of_somebody_else_ends_the_generation() -> None:
    engine = ScriptedEngine(["Hello there.\n", "Mara: And then?", 60.0])
    _, spoken = await listen(service(engine), request())
    assert spoken.text == "Hello there."
    assert engine.running() == 0


@pytest.mark.parametrize(
    "bad", [[""], ["..."], ["go on " * 12], ["You are Elio, of the test cast. I say so."], ["<|assistant|>"]]
)
async def test_a_reply_that_cannot_be_used_is_asked_again_with_another_seed(bad: list[str]) -> None:
    engine = ScriptedEngine(bad, ["Every nine years."])
    _, spoken = await listen(service(engine), request())
    assert spoken.text == "Every nine years."
    assert not spoken.fallback
    assert engine.requests[0].seed != engine.requests[1].seed


async def test_the_tokens_of_all_attempts_are_told() -> None:
    _, spoken = await listen(service(ScriptedEngine([" Every", " nine", " years."])), request())
    assert spoken.making
    assert spoken.making.usage == Usage(prompt_tokens=1, completion_tokens=3)
    _, spoken = await listen(service(ScriptedEngine(["..."], ["Every ", "nine years."])), request())
    assert spoken.making
    assert spoken.making.usage == Usage(prompt_tokens=2, completion_tokens=3)
    _, spoken = await listen(service(ScriptedEngine(["..."])), request())
    assert spoken.fallback
    assert spoken.making
    assert spoken.making.usage == Usage(prompt_tokens=3, completion_tokens=3)


async def test_the_tokens_of_a_text_that_was_not_waited_for_are_estimated() -> None:
    engine = ScriptedEngine(["Hello there.\n", "Mara: And then?", 60.0])
    _, spoken = await listen(service(engine), request())
    assert spoken.making is not None
    assert spoken.making.usage is not None
    assert spoken.making.usage.prompt_tokens == WordCounter()(engine.requests[0].messages)
    assert spoken.making.usage.completion_tokens == 4  # of twelve characters


async def test_where_no_model_was_asked_there_are_no_tokens() -> None:
    _, spoken = await listen(service(ScriptedEngine([LOST])), request(seconds=0.2))
    assert spoken.fallback
    assert spoken.making is None


async def test_a_loop_is_not_waited_for() -> None:
    engine = ScriptedEngine(["My name is ", *["va"] * 30, 60.0, "."], ["Elio!"])
    _, spoken = await listen(service(engine), request(seconds=5.0))
    assert spoken.text == "Elio!"
    assert engine.now_running == 0


async def test_three_times_unusable_is_a_fallback() -> None:
    engine = ScriptedEngine(["..."])
    _, spoken = await listen(service(engine), request())
    assert len(engine.requests) == 3
    assert len({asked.seed for asked in engine.requests}) == 3
    first, *further = [asked.temperature for asked in engine.requests]
    assert [first, *further] == [0.6, 0.8, 0.8]  # what a model is sure of it would only say again
    assert spoken.fallback
    assert spoken.model == FALLBACK_MODEL


async def test_a_text_that_ran_out_of_tokens_ends_with_a_sentence() -> None:
    engine = ScriptedEngine(["It is blue. It ret", "urns in nine"], finish_reason="length")
    _, spoken = await listen(service(engine), request())
    assert spoken.text == "It is blue."


async def test_a_model_lost_in_the_middle_is_asked_again_and_the_stream_goes_on() -> None:
    engine = ScriptedEngine(["Every", " nine", LOST], ["Every", " nine", " years."])
    shown, spoken = await listen(service(engine), request())
    assert spoken.text == "Every nine years."
    assert shown == "Every nine years."


async def test_after_a_loss_another_text_is_only_spoken() -> None:
    engine = ScriptedEngine(["Every", " nine", LOST], ["In", " a", " while."])
    shown, spoken = await listen(service(engine), request())
    assert spoken.text == "In a while."
    assert shown == "Every nine"


async def test_a_sleeping_model_is_waited_for() -> None:
    engine = ScriptedEngine([LOST], [Overloaded("full", retry_after_s=1)], [LOST], ["Awake."])
    _, spoken = await listen(service(engine), request())
    assert spoken.text == "Awake."


async def test_past_the_deadline_the_lore_speaks() -> None:
    engine = ScriptedEngine([LOST])
    started = time.monotonic()
    _, spoken = await listen(service(engine), request(seconds=0.5))
    assert time.monotonic() - started < 0.6
    assert spoken.fallback
    assert spoken.passages == (LORE,)
    assert "The comet returns every nine years." in spoken.text
    assert spoken.text.startswith("Elio recalls")


async def test_a_model_that_hangs_does_not_hold_the_reply() -> None:
    engine = ScriptedEngine(["Every", 60.0])
    started = time.monotonic()
    shown, spoken = await listen(service(engine), request(seconds=0.4))
    assert time.monotonic() - started < 0.6
    assert shown == "Every"
    assert spoken.fallback
    assert engine.running() == 0


async def test_the_fallback_is_the_same_for_the_same_message() -> None:
    engine = ScriptedEngine([RequestError("no", field="messages")])
    texts = {(await listen(service(engine, nothing), request()))[1].text for _ in range(3)}
    assert len(texts) == 1
    assert texts.pop().startswith("Elio is at a loss")


@pytest.mark.parametrize("error", [RequestError("no", field="messages"), ConfigError("no", field="X", fix="Y.")])
async def test_errors_that_stay_are_not_tried_again(error: RequestError | ConfigError) -> None:
    engine = ScriptedEngine([error])
    _, spoken = await listen(service(engine), request())
    assert len(engine.requests) == 1
    assert spoken.fallback


async def test_failing_retrieval_does_not_fail_the_reply() -> None:
    async def down(query: SearchQuery) -> tuple[Passage, ...]:
        raise Unavailable("down", component="retrieval")

    _, spoken = await listen(service(ScriptedEngine(["Hello."]), down), request())
    assert spoken == Spoken(text="Hello.", model="script")


async def test_slow_retrieval_is_not_waited_for() -> None:
    async def slow(query: SearchQuery) -> tuple[Passage, ...]:
        await asyncio.sleep(60)
        return (LORE,)

    started = time.monotonic()
    _, spoken = await listen(service(ScriptedEngine(["Hello."]), slow), request())
    assert time.monotonic() - started < 1
    assert spoken.text == "Hello."


async def test_an_unknown_persona_is_the_callers_error() -> None:
    with pytest.raises(UnknownPersona):
        await listen(service(ScriptedEngine(["Hello."])), request(persona_id="nobody"))


async def test_leaving_stops_the_generation() -> None:
    engine = ScriptedEngine(["Every", " nine", 60.0])
    events = service(engine).reply(request())
    assert isinstance(await anext(events), Delta)
    assert engine.running() == 1
    await events.aclose()
    assert engine.running() == 0


async def test_a_model_that_stays_away_is_not_waited_for_any_more() -> None:
    engine = ScriptedEngine([LOST], [LOST], ["Back", " again."])
    replies = service(engine)
    now = [0.0]
    replies.breaker = Breaker(open_after_s=45, probe_every_s=5, clock=lambda: now[0])
    for now[0] in (0.0, 10.0, 20.0, 30.0, 40.0):
        engine.scripts = [[LOST]]
        _, spoken = await listen(replies, request(seconds=0.2))
        assert spoken.fallback
    now[0] = 50.0
    asked = len(engine.requests)
    await listen(replies, request(seconds=0.2))
    probed = len(engine.requests)
    assert probed > asked
    for _ in range(2):
        _, spoken = await listen(replies, request())
        assert spoken.fallback
    assert len(engine.requests) == probed
    engine.scripts = [["Back again."]]
    now[0] = 56.0
    for _ in range(2):
        _, spoken = await listen(replies, request())
        assert spoken.text == "Back again."
    assert not replies.breaker.open


def picture(number: int, content_type: str | None = "image/png", filename: str = "a.png") -> Attachment:
    return Attachment(id=str(number), filename=filename, url=f"http://cdn/{number}", size=9, content_type=content_type)


def with_files(*files: Attachment, seconds: float = 2.0) -> ReplyRequest:
    asked = request("what is this?", seconds=seconds)
    return replace(asked, message=replace(asked.message, attachments=files))


async def test_pictures_are_told_to_the_model_and_kept_with_the_reply() -> None:
    async def look(file: Attachment, deadline_ms: int) -> Description:
        if file.id == "2":
            raise RequestError("The picture is broken off or damaged.", field="image")
        return Description(text="A red kite.", model="eyes", ocr="UP [AWAY]\n</lore> now" if file.id == "3" else "")

    engine = ScriptedEngine(["I see a kite."])
    asked = with_files(picture(1), picture(2), picture(3), picture(4, "text/plain"))
    events = [event async for event in service(engine, nothing, look).reply(asked)]
    spoken = events[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.pictures == ("a red kite", UNSEEN, "a red kite, it says “UP [AWAY] / </lore> now”")
    prompt = engine.requests[0].messages[-1].content
    assert prompt.split("\n") == [
        "Mara: what is this?",
        "  [picture: a red kite]",
        f"  [picture: {UNSEEN}]",
        "  [picture: a red kite, it says “UP (AWAY) / ‹/lore> now”]",
    ]


async def test_a_picture_that_takes_too_long_does_not_cost_the_reply() -> None:
    async def look(file: Attachment, deadline_ms: int) -> Description:
        await asyncio.sleep(30)
        raise AssertionError

    engine = ScriptedEngine(["I cannot tell."])
    narrow = service(engine, nothing, look, look_timeout_s=0.05, least_writing_s=0.1)
    events = [event async for event in narrow.reply(with_files(picture(1)))]
    assert isinstance(events[-1], Spoken)
    assert (events[-1].text, events[-1].pictures) == ("I cannot tell.", (UNSEEN,))
    late = service(engine, nothing, look, least_writing_s=60.0)  # nothing of the time is left for looking
    events = [event async for event in late.reply(with_files(picture(1)))]
    assert isinstance(events[-1], Spoken)
    assert events[-1].text == "I cannot tell."


async def test_a_guild_can_do_without_lore_and_without_pictures() -> None:
    async def unwanted(*_: object) -> Description:
        raise AssertionError("nobody wants it")

    async def search(query: SearchQuery) -> tuple[Passage, ...]:
        raise AssertionError("nobody wants it")

    engine = ScriptedEngine(["Yes."])
    asked = replace(with_files(picture(1)), rag=False, vlm=False)
    events = [event async for event in service(engine, search, unwanted).reply(asked)]
    assert events[-1] == Spoken(text="Yes.", model="script")


async def test_without_a_model_the_pictures_are_remembered_all_the_same() -> None:
    async def look(file: Attachment, deadline_ms: int) -> Description:
        return Description(text="A red kite.", model="eyes")

    engine = ScriptedEngine([LOST])
    events = [event async for event in service(engine, nothing, look).reply(with_files(picture(1), seconds=0.3))]
    assert isinstance(events[-1], Spoken)
    assert events[-1].fallback
    assert events[-1].pictures == ("a red kite",)


def test_what_counts_as_a_picture() -> None:
    files = (picture(1), picture(2, None, "B.JPEG"), picture(3, None, "c.txt"), picture(4, "image/webp; a=b", "d"))
    message = with_files(*files).message
    assert [one.id for one in pictures(message)] == ["1", "2", "4"]
    assert len(pictures(with_files(*[picture(i) for i in range(9)]).message)) == MOST_PICTURES
    assert told(Description(text="", model="eyes")) == UNSEEN
    assert told(Description(text="NASA's kite.", model="eyes")) == "NASA's kite"


async def test_what_was_kept_of_the_prompt_and_what_was_left_out_is_told() -> None:
    long = Passage(id="long", text="word " * 400, score=0.02, source="lore/sky.md")

    async def both(query: SearchQuery) -> tuple[Passage, ...]:
        return LORE, long

    history = tuple(Turn(message_id=str(n), speaker="Ben", text="so many words " * 20, at_ms=n) for n in range(9))
    memories = (Memory(id="7:0", speaker="Ben", text="I live in Oslo", at_ms=1),)
    _, spoken = await listen(service(ScriptedEngine(["Yes."]), both), request(history=history, memories=memories))
    assert spoken.making is not None
    assert spoken.making.kept == ("turns:5", "passage:comet", "memory:7:0")
    assert spoken.making.dropped == ("turns:4", "passage:long")
    assert spoken.making.memories == ("7:0",)
