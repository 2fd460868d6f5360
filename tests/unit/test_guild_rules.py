"""Routing under a guild's settings, what is told of a decision, and who goes on with a conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channel_people import forget_person
from actors.channel_state import ChannelState
from actors.continuing import continues
from actors.decisions import MAX_ANSWERED, MAX_SILENT, DecisionRecord, Source
from actors.guild_settings import GuildSettings
from actors.routing import ChannelRules, Decision, decide, drawn
from actors.turn_record import OwnReply
from core.messages import Attachment, Author, Passage, Relation, ReplyRequest, Spoken, Turn
from core.settings import Settings
from tests.support.cast import make_message, make_pack

PACK = make_pack()
NOW = int(datetime(2027, 1, 15, 12, 0, tzinfo=UTC).timestamp() * 1000)
OPERATORS = ChannelRules(auto_channels=frozenset({"500"}), random_chance=0.0)
KITE = Attachment(id="1", filename="kite.png", url="u", size=1)
REPLY = OwnReply(id="900", persona_id="olga", source_id="1")
NEAR = Relation(lore=0.5, persona_id="olga", persona=0.6)
PING: dict[str, Any] = {"mentions_bot": True}
POTATO = {"content": "a potato"}


def decision(settings: dict[str, Any], message: dict[str, Any], state: dict[str, Any], now_ms: int = NOW) -> Decision:
    own = GuildSettings(**settings)
    channel = ChannelState(**{"replies": [REPLY], **state})
    return decide(make_message(1, **message), channel, OPERATORS.for_guild(own), own.cast(PACK), now_ms, NEAR)


@pytest.mark.parametrize(
    ("settings", "message", "state", "reason", "persona_id"),
    [
        # nothing set: as the operator wants it
        ({}, {}, {}, "relevant", "olga"),
        # where the cast answers at all
        ({"allowed_channels": ("501",)}, PING, {}, "channel_not_allowed", ""),
        ({"allowed_channels": ("501",)}, {"reply_to": "900"}, {}, "channel_not_allowed", ""),
        ({"allowed_channels": ("501",)}, POTATO, {}, "channel_not_allowed", ""),
        ({"allowed_channels": ("500",)}, PING, {}, "mentioned", "elio"),
        ({"allowed_channels": ("*",)}, PING, {}, "mentioned", "elio"),
        ({"allowed_channels": ()}, PING, {}, "channel_not_allowed", ""),
        ({"allowed_channels": ("501",)}, {**PING, "parent_id": "501"}, {}, "mentioned", "elio"),
        ({"allowed_channels": ("501",)}, {"guild_id": None}, {}, "direct_message", "elio"),
        # where it speaks unasked
        ({"auto_reply_channels": ()}, {}, {}, "not_addressed", ""),
        ({"auto_reply_channels": ("501",)}, {}, {}, "not_addressed", ""),
        ({"auto_reply_channels": ("501",)}, {"channel_id": "501"}, {}, "relevant", "olga"),
        ({"auto_reply_channels": ("*",)}, {"channel_id": "502"}, {}, "relevant", "olga"),
        ({"proactive": False}, {}, {}, "not_addressed", ""),
        ({"proactive": False}, PING, {}, "mentioned", "elio"),
        ({"vlm": False, "relevance": 0.9}, {"attachments": (KITE,)}, {}, "not_relevant", ""),
        ({"vlm": True}, {"attachments": (KITE,)}, {}, "image", "olga"),
        # how readily
        ({"relevance": 0.7}, {}, {}, "not_relevant", ""),
        ({"relevance": 0.7}, {}, {"spoke_ms": NOW - 1000, "speaker": "elio"}, "relevant", "elio"),
        ({"relevance": 0.7, "conversation_s": 1.0}, {}, {"spoke_ms": NOW - 1000}, "not_relevant", ""),
        ({"relevance_running": 0.7}, {}, {"spoke_ms": NOW - 1000}, "not_relevant", ""),
        ({"relevance": 0.7, "random_chance": 1.0}, {}, {}, "by_chance", "olga"),
        ({"relevance_cooldown_s": 5.0}, {}, {"unasked_ms": {"relevance": NOW - 6000}}, "relevant", "olga"),
        ({"relevance_cooldown_s": 7.0}, {}, {"unasked_ms": {"relevance": NOW - 6000}}, "not_relevant", ""),
        ({"mention_cooldown_s": 10.0}, PING, {"mention_ms": {"7": NOW - 1}}, "mention_cooldown", ""),
        ({"keyword_cooldown_s": 0.0}, POTATO, {"keyword_ms": NOW - 1}, "keyword", "glordon"),
        # a keyword that cools, or calls nobody, is a line like any other
        ({}, POTATO, {"keyword_ms": NOW - 1}, "relevant", "olga"),
        ({"vlm": True}, {**POTATO, "attachments": (KITE,)}, {"keyword_ms": NOW - 1}, "image", "olga"),
        ({"relevance": 0.7}, POTATO, {"keyword_ms": NOW - 1}, "keyword_cooldown", ""),
        ({"quiet_hours": "11:00-13:00"}, POTATO, {"keyword_ms": NOW - 1}, "keyword_cooldown", ""),
        ({"keywords": False}, POTATO, {}, "relevant", "olga"),
        ({"keywords": False, "proactive": False}, POTATO, {}, "not_addressed", ""),
        ({"keywords": False}, {**PING, **POTATO}, {}, "mentioned", "glordon"),
        ({"near_persona": 0.6}, {}, {}, "relevant", "olga"),
        ({"near_persona": 0.7}, {}, {}, "relevant", "elio"),
        # who speaks
        ({"default_persona": "glordon"}, PING, {}, "mentioned", "glordon"),
        ({"default_persona": "glordon"}, PING, {"persona_id": "elio"}, "mentioned", "elio"),
        ({"personas": ("elio",)}, PING, {"persona_id": "olga"}, "mentioned", "elio"),
        ({"relevance": 0.55}, {}, {}, "relevant", "olga"),  # because it is near to her
        ({"relevance": 0.55, "personas": ("elio",)}, {}, {}, "not_relevant", ""),
        ({"relevance": 0.55, "personas": ("elio",)}, POTATO, {}, "not_relevant", ""),
        ({"personas": ("elio",)}, {"reply_to": "900"}, {}, "replied_to", "elio"),
        ({"personas": ("olga", "elio"), "default_persona": "olga"}, PING, {}, "mentioned", "olga"),
        # when it speaks unasked: it is noon in London and nine in the evening in Tokyo
        ({"quiet_hours": "11:00-13:00"}, {}, {}, "quiet_hours", ""),
        ({"quiet_hours": "11:00-13:00"}, {"attachments": (KITE,)}, {}, "quiet_hours", ""),
        ({"quiet_hours": "11:00-13:00"}, PING, {}, "mentioned", "elio"),
        ({"quiet_hours": "11:00-13:00"}, POTATO, {}, "keyword", "glordon"),
        ({"quiet_hours": "11:00-13:00", "time_zone": "Asia/Tokyo"}, {}, {}, "relevant", "olga"),
        ({"quiet_hours": "20:00-08:00", "time_zone": "Asia/Tokyo"}, {}, {}, "quiet_hours", ""),
    ],
)
def test_decisions_under_a_guilds_settings(
    settings: dict[str, Any], message: dict[str, Any], state: dict[str, Any], reason: str, persona_id: str
) -> None:
    got = decision(settings, message, state)
    assert (got.reason, got.persona_id) == (reason, persona_id)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"channel_id": "500", **PING}, "mentioned"),
        ({"channel_id": "502", "parent_id": "500", **PING}, "mentioned"),
        ({"channel_id": "500", "reply_to": "900"}, "replied_to"),
        ({"channel_id": "500", **POTATO}, "not_addressed"),
        ({"channel_id": "500"}, "not_addressed"),
        ({"channel_id": "501", **PING}, "channel_not_allowed"),
        ({"channel_id": "501", "guild_id": None}, "channel_not_allowed"),
    ],
)
def test_a_single_channel_is_the_operators_word(message: dict[str, Any], reason: str) -> None:
    rules = ChannelRules.of(Settings(discord_channel_id="500", auto_reply_channels="*"))
    assert rules.memory_window == 20
    assert ChannelRules.of(Settings(discord_channel_id="500", memory_window=7)).memory_window == 7
    wider = rules.for_guild(GuildSettings(allowed_channels=("*",), auto_reply_channels=("*",), random_chance=1.0))
    for given_rules in (rules, wider):
        got = decide(make_message(1, **message), ChannelState(replies=[REPLY]), given_rules, PACK, NOW, NEAR)
        assert got.reason == reason


def test_who_writes_the_reply_is_told_what_it_needs() -> None:
    request = ReplyRequest(persona_id="elio", message=make_message(1))
    assert OPERATORS.applied(request) == replace(request, filter_level="medium")
    own = GuildSettings(rag=False, vlm=False, content_filter="high")
    assert OPERATORS.for_guild(own).applied(request) == replace(request, rag=False, vlm=False, filter_level="high")


@pytest.mark.parametrize(
    ("settings", "message", "state", "told"),
    [
        ({}, PING, {}, ("default", "idle", {})),
        ({}, PING, {"persona_id": "olga"}, ("set here", "idle", {})),
        ({}, {**PING, **POTATO}, {"keyword_ms": NOW - 1000}, ("keyword", "idle", {"keyword": 59.0})),
        ({}, {"reply_to": "900"}, {"spoke_ms": NOW - 1000}, ("reply target", "running", {})),
        ({}, {}, {}, ("nearest", "idle", {})),
        ({}, {}, {"spoke_ms": NOW - 299_000, "speaker": "elio"}, ("conversation", "running", {})),
        (
            {"mention_cooldown_s": 10.0},
            PING,
            {"mention_ms": {"7": NOW - 2500, "8": NOW}, "unasked_ms": {"random": NOW - 20_000, "image": 0}},
            (None, "idle", {"mention": 7.5, "random": 100.0}),
        ),
        ({"allowed_channels": ()}, PING, {}, (None, "idle", {})),
    ],
)
def test_a_decision_tells_what_it_was_decided_on(
    settings: dict[str, Any], message: dict[str, Any], state: dict[str, Any], told: tuple[Any, ...]
) -> None:
    got = decision(settings, message, state)
    assert (got.chosen, got.phase, got.cooling) == told


@given(
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.booleans(),
    st.integers(0, 400_000),
    st.integers(0, 20_000),
    st.integers(0, 200_000),
    st.integers(1, 1000),
)
def test_an_unasked_decision_follows_from_what_it_tells(
    lore: float, persona: float, picture: bool, spoke_ago: int, relevance_ago: int, random_ago: int, number: int
) -> None:
    """Its record alone gives the verdict again, without the channel's state."""
    rules = replace(OPERATORS, random_chance=0.3)
    unasked_ms = {"image": NOW - 20_000, "relevance": NOW - relevance_ago, "random": NOW - random_ago}
    state = ChannelState(spoke_ms=NOW - spoke_ago, speaker="elio", unasked_ms=unasked_ms)
    message = make_message(number, attachments=(KITE,) if picture else ())
    got = decide(message, state, rules, PACK, NOW, Relation(lore=lore, persona_id="olga", persona=persona))
    assert got.threshold == (rules.relevance_running if got.phase == "running" else rules.relevance)
    assert got.relevance is not None
    near_enough = got.relevance >= got.threshold and "relevance" not in got.cooling
    lucky = drawn(message.id) < rules.random_chance and "random" not in got.cooling
    assert got.reason == ("relevant" if near_enough else "by_chance" if lucky else "not_relevant")


def heard(state: ChannelState, number: int, **of: Any) -> None:
    state.hear(make_message(number), Decision(**{"reason": "not_addressed", **of}), OPERATORS, NOW)


def test_the_last_decisions_are_kept_and_found_by_question_and_answer() -> None:
    state = ChannelState()
    spoken = Spoken(
        text="Two.", model="m", pictures=("a kite",), passages=(Passage(id="p", text="x", score=2.0, source="s"),)
    )
    for number in range(100):
        heard(state, number, reason="mentioned", persona_id="elio", trigger="mention")
        message = make_message(number)
        record = state.find(message.id)
        assert record
        record.spoken = spoken
        state.answered(message.id, spoken)
        state.deliver(message.id, (f"9{number}",), "Elio", OPERATORS, NOW)
        for more in range(3):
            heard(state, 1000 + 3 * number + more)
    assert sum(one.decision.speak for one in state.decisions) == MAX_ANSWERED
    assert sum(not one.decision.speak for one in state.decisions) == MAX_SILENT
    found = state.why("999")
    assert found == state.why(make_message(99).id)
    assert found is not None
    assert (found.model, found.sources, found.pictures) == ("m", (Source(id="p", title="", score=2.0),), 1)
    assert state.why("901") is None
    silent = state.why(make_message(1299).id)
    assert silent == DecisionRecord(
        message_id=make_message(1299).id, at_ms=NOW, decision=Decision(reason="not_addressed")
    )
    assert ChannelState.model_validate(state.model_dump()) == state
    assert "Two." not in str(state.decisions)
    state.forget()
    assert state.decisions == []


def test_decisions_on_what_somebody_said_are_forgotten_with_them() -> None:
    state = ChannelState()
    heard(state, 1, reason="mentioned", persona_id="elio", trigger="mention")
    state.hear(make_message(2, author=Author(id="8", name="Bruno")), Decision(reason="not_addressed"), OPERATORS, NOW)
    forget_person(state, "7")
    assert [one.message_id for one in state.decisions] == [make_message(2).id]


def test_what_is_said_where_the_cast_has_no_business_is_not_remembered() -> None:
    state = ChannelState()
    rules = OPERATORS.for_guild(GuildSettings(allowed_channels=("501",)))
    message = make_message(1)
    state.hear(message, decide(message, state, rules, PACK, NOW), rules, NOW)
    assert state.is_handled(message.id)
    assert state.turns == []
    assert state.why(message.id) is not None


@pytest.mark.parametrize(
    "text", ["and then?", "Why?", "why not?", "But what about the harbour?", "ok", "thanks!", "und dann?", "?", "..."]
)
def test_lines_that_go_on(text: str) -> None:
    assert continues(text)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "why is the sky blue?", "What color is the star Amaru?", "what do you see?", "thanks for the fish",
     "and now tell me all about the great war of the stars", "look at this!", "tell me a story"],
)  # fmt: skip
def test_lines_of_their_own(text: str) -> None:
    assert not continues(text)


GLORDON_SPOKE = {
    "spoke_ms": NOW - 1000,
    "speaker": "glordon",
    "turns": [Turn(message_id="9", speaker="Glordon", text="x", at_ms=NOW, persona_id="glordon", author_id="7")],
}


@pytest.mark.parametrize(
    ("message", "state", "persona_id"),
    [
        ({**PING, "content": "and then?"}, GLORDON_SPOKE, "glordon"),
        ({**PING, "content": "and then?"}, {**GLORDON_SPOKE, "persona_id": "olga"}, "glordon"),
        ({"guild_id": None, "content": "why?"}, GLORDON_SPOKE, "glordon"),
        ({**PING, "content": "hello"}, GLORDON_SPOKE, "elio"),
        ({**PING, "content": "and the radio?"}, GLORDON_SPOKE, "olga"),
        ({**PING, "content": "and then?", "reply_to": "900"}, GLORDON_SPOKE, "olga"),
        ({**PING, "content": "and then?", "author": Author(id="8", name="Bruno")}, GLORDON_SPOKE, "elio"),
        ({**PING, "content": "and then?"}, {**GLORDON_SPOKE, "spoke_ms": NOW - 300_000}, "elio"),
        ({**PING, "content": "and then?"}, {**GLORDON_SPOKE, "speaker": "gone"}, "elio"),
    ],
)
def test_who_goes_on_with_a_conversation(message: dict[str, Any], state: dict[str, Any], persona_id: str) -> None:
    assert decision({}, message, state).persona_id == persona_id
