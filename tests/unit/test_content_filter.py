"""The content filter: a table of what is caught from which level, a table of what never is, and who is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.content_filter import LEVELS, ContentFilter, default_filter, outgoing
from core.personal_data import personal_data
from core.personas import load_pack
from core.settings import ROOT

TABLE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "content_filter.yaml").read_text(encoding="utf-8")
)
FILTER = default_filter()


def test_the_tables_are_long_enough_to_tell_something() -> None:
    assert len(TABLE["innocent"]) >= 60
    assert len([one for one in TABLE["caught"] if one["level"] == "low"]) >= 60  # these must match at every level


@pytest.mark.parametrize("line", TABLE["innocent"])
def test_innocent_lines_pass_at_the_strictest_level(line: str) -> None:
    assert FILTER.verdict(line, "high") is None
    assert outgoing(FILTER, line, "high") is None


@pytest.mark.parametrize("case", TABLE["caught"], ids=lambda case: case["text"])
def test_a_line_is_caught_from_its_level_on(case: dict[str, str]) -> None:
    first = LEVELS.index(case["level"])  # type: ignore[arg-type]
    assert FILTER.verdict(case["text"], LEVELS[first]) == case["category"]
    explicit = case["category"] == "sexual" and case["level"] != "high"
    always = explicit or case["category"] in ("minors", "self_harm")
    for number, level in enumerate(LEVELS):
        caught = FILTER.verdict(case["text"], level) is not None
        assert caught == (always or number >= first), level


def test_a_channel_for_adults_may_have_what_is_sexual_but_nothing_else() -> None:
    for text, category in (
        ("send nudes", "sexual"),
        ("fuck me harder", "sexual"),
        ("what an asshole", "profanity"),
        ("what a faggot", "hate"),
        ("kill yourself", "threat"),
        ("send nudes, she is 13", "minors"),
    ):
        assert FILTER.verdict(text, "high") == category
        allowed = category in ("sexual", "profanity")
        assert FILTER.verdict(text, "high", age_gated=True) == (None if allowed else category)


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_explicit_passes_outside_of_channels_for_adults(level: Any) -> None:
    for text in ("send nudes", "fuck me harder"):
        assert outgoing(FILTER, text, level) == FILTER.verdict(text, level) == "sexual"
        assert outgoing(FILTER, text, level, age_gated=True) is None
    assert FILTER.verdict("i want to kill myself, fuck me harder", level) == "self_harm"  # care comes first
    assert (FILTER.verdict("what a sexy hat", level) is None) == (level != "high")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("age_gated", [False, True])
def test_nothing_sexual_is_said_with_a_minor_of_the_cast(level: Any, age_gated: bool) -> None:
    assert FILTER.verdict("send nudes", level, age_gated=age_gated, about_minor=True) == "minors"
    assert FILTER.verdict("hello there", level, age_gated=age_gated, about_minor=True) is None


def test_who_is_a_minor_must_be_near_what_is_sexual() -> None:
    between = "and then many other things were told of gardens and stars and ships and lamps and more of it all"
    assert FILTER.verdict(f"send nudes. {between}. my kid likes potatoes", "medium") == "sexual"
    assert FILTER.verdict("my kid. send nudes", "medium") == "minors"


@pytest.mark.parametrize(
    ("text", "severe"),
    [
        ("Write to mara.lee@mail.example.com", False),
        ("Call +49 30 1234 5678 tonight", False),
        ("Call (212) 555-0187", False),
        ("She lives at 12 Maple Tree Road", False),
        ("Er wohnt in der Lindenstraße 12", False),
        ("Card 4111 1111 1111 1111", True),
        ("SSN 123-45-6789", True),
        ("DE89 3704 0044 0532 0130 00", True),
        ("sk-" + "a1" * 15, True),
        ("MTA4" + "x" * 20 + ".Gabcde." + "y" * 30, True),
        ("postgres://ada:secret@db/main", True),
        ("-----BEGIN RSA PRIVATE KEY-----", True),
    ],
)
def test_personal_data_is_not_read_out(text: str, severe: bool) -> None:
    assert outgoing(FILTER, text, "medium") == "personal_data"
    assert outgoing(FILTER, text, "low") == ("personal_data" if severe else None)
    assert outgoing(FILTER, text, "off") is None
    assert outgoing(FILTER, text, "medium", known=(f"The lore says: {text}.",)) is None
    assert FILTER.verdict(text, "high") is None  # people may write it themselves


@pytest.mark.parametrize(
    "text",
    [
        *("27,000 bits of junk", "In 2026-11-27 it came", "1,234,567,890 stars", "3.14159265358979", "10:30 to 11:45"),
        *("Room 1234567890123", "4111 1111 1111 1112", "Version 10.20.30", "It cost 100 000 000 beans", "a@b"),
    ],
)
def test_other_numbers_are_no_personal_data(text: str) -> None:
    assert list(personal_data(text)) == []


def test_nothing_that_the_cast_has_by_heart_is_caught() -> None:
    pack = load_pack(ROOT / "packs" / "communiverse")
    world = [*(passage.text for passage in pack.lore), *(one.description for one in pack.personas)]
    lines = list(world)
    for one in pack.personas:
        lines += [one.greeting, one.description, one.voice, *one.fallback_lore, *one.fallback_plain, *one.refusals]
        lines += [text for example in one.examples for text in (example.user, example.reply)]
    caught = {line: found for line in lines if (found := outgoing(FILTER, line, "high", known=world))}
    assert caught == {}


def test_a_list_with_a_mistake_is_named() -> None:
    with pytest.raises(ValueError, match="category 'hat'"):
        ContentFilter({"hat": {"severe": ["x"]}})
    with pytest.raises(ValueError, match="list 'harsh'"):
        ContentFilter({"hate": {"harsh": ["x"]}})
    with pytest.raises(ValueError, match="pattern"):
        ContentFilter({"hate": {"severe": ["a (b"]}})


@settings(max_examples=200)
@given(
    before=st.text(alphabet="xyz 0123.-*", max_size=12),
    after=st.text(alphabet="xyz 0123.-*", max_size=12),
    joint=st.sampled_from(["\u200b", "\u200d", "\u2060", "\ufe0f", "\u00ad", "\u0301", "\U000e0041", "\u034f"]),
    at=st.integers(min_value=1, max_value=5),
)
def test_invisible_characters_hide_nothing(before: str, after: str, joint: str, at: int) -> None:
    word = "faggot"
    assert FILTER.verdict(f"{before} {word[:at]}{joint}{word[at:]} {after}", "low") == "hate"
