"""Who answers a message: the table of cases, and what holds for every message and state."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.channel_state import MAX_HANDLED, ChannelState
from actors.routing import ChannelRules, Decision, decide, wants_relation
from actors.turn_record import OwnReply, TurnRecord
from core.messages import Attachment, Author, Relation, Spoken, Trigger
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


UNASKED = ChannelRules(auto_channels=frozenset({"500"}), random_chance=0.0)
RUNNING = {"spoke_ms": NOW - 299_999, "speaker": "olga"}
UNDER_WAY = TurnRecord(message=make_message(9), persona_id="elio", trigger="mention")
KITE = Attachment(id="1", filename="kite.png", url="u", size=1)


def about(lore: float, persona_id: str = "olga", persona: float = 0.0) -> Relation:
    return Relation(lore=lore, persona_id=persona_id, persona=persona)


def unasked(trigger: Trigger, persona_id: str = "elio", **more: Any) -> Decision:
    reason = {"image": "image", "relevance": "relevant", "random": "by_chance"}[trigger]
    return Decision(reason=reason, persona_id=persona_id, trigger=trigger, **more)


def silent(relevance: float | None, threshold: float) -> Decision:
    return Decision(reason="not_relevant", relevance=relevance, threshold=threshold)


@pytest.mark.parametrize(
    ("message", "state", "relation", "expected"),
    [
        # an unasked line needs 0.3, from a passage or a persona; the persona it is near to takes it
        ({}, {}, about(0.29), silent(0.29, 0.3)),
        ({}, {}, about(0.3), unasked("relevance", relevance=0.3, threshold=0.3)),
        ({}, {}, about(0.1, persona=0.5), unasked("relevance", "olga", relevance=0.5, threshold=0.3)),
        (
            {},
            {"persona_id": "glordon"},
            about(0.4, persona=0.2),
            unasked("relevance", "glordon", relevance=0.4, threshold=0.3),
        ),
        # while a conversation runs 0.15 is enough, and who speaks goes on
        ({}, RUNNING, about(0.15, "glordon", 0.9), unasked("relevance", "olga", relevance=0.9, threshold=0.15)),
        ({}, RUNNING, about(0.14), silent(0.14, 0.15)),
        ({}, {**RUNNING, "spoke_ms": NOW - 300_000}, about(0.2), silent(0.2, 0.3)),
        ({}, {**RUNNING, "speaker": "gone"}, about(0.2), unasked("relevance", relevance=0.2, threshold=0.15)),
        # pictures come first, and each trigger has its own cooldown
        ({"attachments": (KITE,)}, {}, about(0.9), unasked("image")),
        (
            {"attachments": (KITE,)},
            {"unasked_ms": {"image": NOW}},
            about(0.9),
            unasked("relevance", relevance=0.9, threshold=0.3),
        ),
        ({}, {"unasked_ms": {"relevance": NOW - 9_999}}, about(0.9), silent(0.9, 0.3)),
        (
            {},
            {"unasked_ms": {"relevance": NOW - 10_000}},
            about(0.9),
            unasked("relevance", relevance=0.9, threshold=0.3),
        ),
        # nothing is known of the lore, an answer is under way, the channel is another
        ({}, {}, None, silent(None, 0.3)),
        (
            {},
            {"open": [replace(UNDER_WAY, opened_ms=NOW - 90_000)]},
            about(0.9),
            Decision(reason="busy"),
        ),
        # one that is under way for so long has failed
        (
            {},
            {"open": [replace(UNDER_WAY, opened_ms=NOW - 90_001)]},
            about(0.9),
            unasked("relevance", relevance=0.9, threshold=0.3),
        ),
        ({"channel_id": "501"}, {}, about(0.9), Decision(reason="not_addressed")),
        # what is addressed to the cast stays addressed
        (
            {"mentions_bot": True, "attachments": (KITE,)},
            RUNNING,
            None,
            Decision(reason="mentioned", persona_id="elio", trigger="mention"),
        ),
        ({"content": "a potato"}, RUNNING, None, Decision(reason="keyword", persona_id="glordon", trigger="keyword")),
        ({"author": Author(id="9", name="x", bot=True)}, RUNNING, about(0.9), Decision(reason="loop_guard")),
    ],
)
def test_what_is_not_addressed_to_anybody(
    message: dict[str, Any], state: dict[str, Any], relation: Relation | None, expected: Decision
) -> None:
    channel = ChannelState(**state)
    got = decide(make_message(1, **message), channel, UNASKED, PACK, NOW, relation)
    assert replace(got, drawn=None) == expected
    assert (got.drawn is not None) == (got.reason == "not_relevant")


def test_the_lore_is_asked_only_where_it_decides() -> None:
    def wants(state: ChannelState, rules: ChannelRules = UNASKED, **message: Any) -> bool:
        return wants_relation(make_message(1, **message), state, rules, PACK, NOW)

    assert wants(ChannelState())
    assert not wants(ChannelState(), RULES)
    assert not wants(ChannelState(), mentions_bot=True)
    assert not wants(ChannelState(), content=" ")
    assert not wants(ChannelState(unasked_ms={"relevance": NOW}))
    assert wants(ChannelState(unasked_ms={"relevance": NOW}), attachments=(KITE,))  # whose picture it is
    assert wants(ChannelState(), replace(UNASKED, auto_channels=frozenset("*")))


def test_ten_thousand_messages_keep_to_cooldowns_phases_and_chance() -> None:
    """A channel over some days, a message every 30 seconds or so, of which few have to do with the cast."""
    rng = random.Random(3)
    rules = ChannelRules(auto_channels=frozenset({"500"}))
    state, now_ms = ChannelState(), NOW
    at: dict[str, list[int]] = defaultdict(list)
    thresholds: set[float | None] = set()
    chances = 0
    for number in range(10_000):
        now_ms += rng.randrange(60_000)
        message = make_message(number + 1, created_ms=now_ms, attachments=(KITE,) if rng.random() < 0.01 else ())
        relation = about(rng.betavariate(1, 9))
        running = now_ms - state.spoke_ms < 300_000
        decision = decide(message, state, rules, PACK, now_ms, relation)
        assert decide(message, state, rules, PACK, now_ms, relation) == decision
        if decision.trigger == "relevance":
            assert decision.threshold == (0.15 if running else 0.3)
            assert decision.relevance is not None
            assert decision.relevance >= decision.threshold
            thresholds.add(decision.threshold)
        due = now_ms - state.unasked_ms.get("random", 0) >= 120_000
        chances += decision.trigger == "random" or (decision.reason == "not_relevant" and due)
        record = state.hear(message, decision, rules, now_ms)
        if record is not None:
            at[record.trigger].append(now_ms)
            record.spoken = Spoken(text="Yes.", model="m")
            state.deliver(message.id, ("77",), "Elio", rules, now_ms)
    assert thresholds == {0.15, 0.3}
    for trigger, least_ms in (("image", 30_000), ("relevance", 10_000), ("random", 120_000)):
        assert len(at[trigger]) > 50
        assert min(b - a for a, b in pairwise(at[trigger])) >= least_ms
    assert 0.015 < len(at["random"]) / chances < 0.025


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


@given(st.sampled_from(["rate_limited", "over_quota"]), st.booleans(), st.booleans())
def test_who_was_refused_is_not_answered_whatever_they_write(why: str, mentions: bool, direct: bool) -> None:
    message = replace(make_message(1, "potato!", mentions_bot=mentions), refused=why, guild_id=None if direct else "6")
    decision = decide(message, ChannelState(), replace(RULES, auto_channels=frozenset({"*"})), PACK, NOW)
    assert (decision.speak, decision.reason) == (False, why)
    assert not wants_relation(message, ChannelState(), replace(RULES, auto_channels=frozenset({"*"})), PACK, NOW)
