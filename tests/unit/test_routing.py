"""Who answers a message: the table of cases, and what holds for every message and state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.channel_state import MAX_HANDLED, ChannelState, OwnReply
from actors.routing import ChannelRules, Decision, decide
from core.messages import Author, Spoken
from tests.support.cast import make_message, make_pack

PACK = make_pack()
NOW = 1_800_000_100_000
RULES = ChannelRules(keyword_cooldown_s=60, mention_cooldown_s=10)
REPLIES = [OwnReply(id="900", persona_id="olga", source_id="1"), OwnReply(id="901", persona_id="gone", source_id="2")]


@pytest.mark.parametrize(
    ("message", "state", "expected"),
    [
        ({}, {}, Decision(reason="not_addressed")),
        ({"content": "a potato"}, {}, Decision(reason="keyword", persona_id="glordon", trigger="keyword")),
        ({"content": "a potato"}, {"keyword_ms": NOW - 59_999}, Decision(reason="keyword_cooldown")),
        (
            {"content": "a potato"},
            {"keyword_ms": NOW - 60_000},
            Decision(reason="keyword", persona_id="glordon", trigger="keyword"),
        ),
        ({"mentions_bot": True}, {}, Decision(reason="mentioned", persona_id="elio", trigger="mention")),
        (
            {"mentions_bot": True},
            {"persona_id": "olga"},
            Decision(reason="mentioned", persona_id="olga", trigger="mention"),
        ),
        (
            {"mentions_bot": True},
            {"persona_id": "gone"},
            Decision(reason="mentioned", persona_id="elio", trigger="mention"),
        ),
        (
            {"mentions_bot": True, "content": "potato?"},
            {"persona_id": "olga", "keyword_ms": NOW},
            Decision(reason="mentioned", persona_id="glordon", trigger="mention"),
        ),
        ({"mentions_bot": True}, {"mention_ms": {"7": NOW - 9_999}}, Decision(reason="mention_cooldown")),
        (
            {"mentions_bot": True},
            {"mention_ms": {"8": NOW}},
            Decision(reason="mentioned", persona_id="elio", trigger="mention"),
        ),
        ({"guild_id": None}, {}, Decision(reason="direct_message", persona_id="elio", trigger="dm")),
        (
            {"reply_to": "900", "content": "potato"},
            {},
            Decision(reason="replied_to", persona_id="olga", trigger="reply"),
        ),
        ({"reply_to": "901"}, {}, Decision(reason="replied_to", persona_id="elio", trigger="reply")),
        ({"reply_to": "902"}, {}, Decision(reason="not_addressed")),
        ({"author": Author(id="9", name="x", bot=True), "mentions_bot": True}, {}, Decision(reason="loop_guard")),
    ],
)
def test_decisions(message: dict[str, Any], state: dict[str, Any], expected: Decision) -> None:
    channel = ChannelState(replies=REPLIES, **state)
    assert decide(make_message(1, **message), channel, RULES, PACK, NOW) == expected


ids = st.integers(min_value=1, max_value=60)
steps = st.lists(st.tuples(st.sampled_from(["hear", "hear", "post", "speak", "deliver", "abandon"]), ids), max_size=60)


@given(steps)
def test_no_order_of_events_answers_a_message_twice(events: list[tuple[str, int]]) -> None:
    """A message opens at most one turn ever, a closed turn never opens again, and every repetition is harmless."""
    state = ChannelState()
    opened: set[str] = set()
    closed: set[str] = set()
    for event, number in events:
        message = make_message(number, mentions_bot=True)
        record = state.find(message.id)
        if event == "hear" and not state.is_handled(message.id):
            decision = Decision(reason="mentioned", persona_id="elio", trigger="mention")
            assert state.hear(message, decision, RULES, NOW) is not None
            assert message.id not in opened
            opened.add(message.id)
        elif event == "post" and message.id in opened:
            state.post(message.id, [f"9{number}"])
            state.post(message.id, [f"9{number}"])
        elif event == "speak" and record:
            record.spoken = Spoken(text="said", model="m")
        elif event == "deliver" and (message.id in closed or (record and record.spoken)):
            before = len(state.turns)
            state.deliver(message.id, [f"9{number}"], "Elio", RULES, NOW)
            assert message.id not in closed or len(state.turns) == before
            closed.add(message.id)
        elif event == "abandon" and message.id in opened:
            state.abandon(message.id)
            closed.add(message.id)
        assert {record.message.id for record in state.open} == opened - closed
        assert len({reply.id for reply in state.replies}) == len(state.replies)


@settings(max_examples=20)
@given(st.lists(st.integers(min_value=1, max_value=5 * MAX_HANDLED), min_size=MAX_HANDLED, max_size=3 * MAX_HANDLED))
def test_forgetting_an_id_means_silence_never_a_second_answer(numbers: list[int]) -> None:
    state = ChannelState()
    heard: set[int] = set()
    for number in numbers:
        message = make_message(number)
        if not state.is_handled(message.id):
            assert number not in heard
            heard.add(number)
            state.hear(message, Decision(reason="not_addressed"), RULES, NOW)
    assert all(state.is_handled(make_message(number).id) for number in heard)
    assert len(state.handled) <= MAX_HANDLED
    assert state.handled == sorted(state.handled)


def test_a_persona_remembers_the_window_and_the_time_to_live() -> None:
    state = ChannelState()
    rules = ChannelRules(memory_window=6, memory_ttl_s=60)
    silent = Decision(reason="not_addressed")
    for number in range(10):
        message = make_message(number, f"line {number}")
        state.hear(message, silent, rules, message.created_ms)
    now_ms = make_message(9).created_ms
    assert [turn.text for turn in state.recall("elio", rules, now_ms)] == [f"line {n}" for n in range(4, 10)]
    later = now_ms + 57_500
    assert [turn.text for turn in state.recall("elio", rules, later)] == ["line 7", "line 8", "line 9"]
    assert state.recall("elio", rules, later + 10_000) == ()


def test_other_personas_do_not_drive_out_what_one_said() -> None:
    rules = ChannelRules(memory_window=6)
    state = ChannelState()
    for number, persona_id in enumerate(["elio", "elio", "olga", "olga", "olga", "olga"]):
        message = make_message(number)
        decision = Decision(reason="mentioned", persona_id=persona_id, trigger="mention")
        record = state.hear(message, decision, rules, message.created_ms)
        assert record
        record.spoken = Spoken(text=f"{persona_id} {number}", model="m")
        state.deliver(message.id, [f"9{number}"], persona_id.title(), rules, message.created_ms)
    lines = [(turn.speaker, turn.text) for turn in state.recall("elio", rules, NOW)]
    own = [("Ada", "hello"), ("Elio", "elio 0"), ("Ada", "hello"), ("Elio", "elio 1")]
    assert lines == [*own, ("Ada", "hello"), ("Olga", "olga 5")]
