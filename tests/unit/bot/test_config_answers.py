"""How /config and /why show what they know, within Discord's limits."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import get_args

import pytest

from actors import routing
from actors.decisions import DecisionRecord, Source
from actors.guild import MAX_CHANGES, Change, SettingView
from actors.guild_settings import NAMES, help_of
from actors.routing import Choice, Decision
from bot.access import Why
from bot.commands.config import explained, history_embed, settings_embed, shown
from bot.commands.why import list_embed, message_of, why_embed
from bot.language import keys, languages, words
from core.content_filter import Category
from core.errors import RequestError
from core.messages import Trigger
from serve_apps import validation
from serve_apps.guard import Problem
from tests.support.cast import make_pack

PACK = make_pack()
SAY = words()
CHANNELS = ", ".join(str(10**18 + n) for n in range(50))


def changed(number: int, setting: str = "allowed_channels", new: str | None = CHANNELS) -> Change:
    return Change(
        id=str(number), at_ms=1_800_000_000_000 + number, user_id="7" * 18, setting=setting, old=CHANNELS, new=new
    )


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("relevance", "0.3", "`0.3`"),
        ("rag", "on", "`on`"),
        ("content_filter", None, "as the operator set it"),
        ("personas", "*", "everybody"),
        ("personas", "olga, gone", "Olga, gone"),
        ("default_persona", "olga", "Olga"),
        ("allowed_channels", "*", "all channels"),
        ("allowed_channels", "none", "no channel"),
        ("allowed_channels", "5, 6", "<#5>, <#6>"),
        ("allowed_channels", ", ".join("123456789"), ", ".join(f"<#{n}>" for n in range(1, 9)) + " and 1 more"),
    ],
)
def test_values_are_shown_for_people(name: str, value: str | None, text: str) -> None:
    assert shown(name, value, PACK, SAY) == text


def test_long_lists_fit_into_an_embed_in_whole_lines() -> None:
    history = history_embed([changed(n) for n in range(MAX_CHANGES)], PACK, SAY)
    assert history.description is not None
    assert 3000 < len(history.description) <= 4096
    assert all(line.endswith("and 42 more") for line in history.description.split("\n"))
    views = [SettingView(name=name, value=CHANNELS, own=True, change=changed(1, name)) for name in NAMES]
    assert 1000 < len(settings_embed(views, PACK, SAY).description or "") <= 4096


def test_what_somebody_changed_who_was_forgotten() -> None:
    one = Change(id="1", at_ms=1_800_000_000_000, user_id=None, setting="rag", old="off", new=None)
    line = history_embed([one], PACK, SAY).description
    assert line == "<t:1800000000:R> somebody: **rag** from `off` to inherited"


def test_a_decision_is_told_with_its_numbers() -> None:
    decision = Decision(
        reason="by_chance",
        persona_id="olga",
        trigger="random",
        relevance=0.123,
        threshold=0.15,
        drawn=0.0042,
        chosen="nearest",
        phase="running",
        cooling={"relevance": 4.4, "image": 12.0},
    )
    sources = tuple(Source(id=f"lore/{n}", title="T" * 80, score=1.0) for n in range(20))
    record = DecisionRecord(
        message_id="1421000000000000000", at_ms=1_800_000_000_000, decision=decision, model="m", fallback=True,
        sources=sources, pictures=2,
    )  # fmt: skip
    embed = why_embed(record, PACK, SAY)
    told = {field.name: field.value or "" for field in embed.fields}
    assert embed.title == "Why Olga answered"
    assert told["Why this persona"] == "Olga is the one to whom the line is nearest."
    assert (told["Relevance"], told["Drawn"]) == ("0.12 (from 0.15 on)", "0.004")
    assert told["Cooldowns then"] == "relevance 4 s, image 12 s"
    assert told["Written by"] == "m (a fallback: no model answered)"
    assert len(told["Passages used"]) <= 1024
    assert len(embed) <= 6000
    listed = list_embed([record] * 12, PACK, "https://discord.com/channels/1/2", SAY)
    assert (listed.description or "").count("**Olga** answered, because chance would have it.") == 10


def test_every_setting_is_explained_in_german_and_in_the_words_of_its_model() -> None:
    for name in NAMES:
        assert explained(name, SAY) == help_of(name)
        german = explained(name, words("de"))
        assert german != help_of(name)
        assert len(german) <= 100  # Discord shows no more of a choice


def test_everything_that_may_decide_has_a_text() -> None:
    for choice in get_args(Choice):
        record = DecisionRecord(
            message_id="1421000000000000000",
            at_ms=0,
            decision=Decision(reason="keyword", persona_id="olga", trigger="keyword", chosen=choice),
        )
        for language in languages():
            assert "Olga" in (why_embed(record, PACK, words(language)).fields[0].value or "")


@pytest.mark.parametrize("language", languages())
def test_everything_that_why_names_has_a_text(language: str) -> None:
    code = "".join(inspect.getsource(module) for module in (routing, validation))
    reasons = set(re.findall(r'reason="(\w+)"', code)) | (set(get_args(Why)) - {"blocked", "feature_off"})
    problems = {*get_args(Problem), *re.findall(r'Problem\(f?"(\w+)', code)}
    assert len(reasons) > 10
    assert len(problems) > 5
    families: dict[str, Iterable[str]] = {
        "reason": reasons,
        "trigger": get_args(Trigger),
        "filter": get_args(Category),
        "retried": problems,
    }
    named = {f"why-{family}-{name}" for family, names in families.items() for name in names}
    assert named <= keys(language)


def test_what_the_filter_caught_is_told_in_german() -> None:
    record = DecisionRecord(
        message_id="1421000000000000000",
        at_ms=0,
        decision=Decision(reason="by_chance", persona_id="olga", trigger="random", cooling={"image": 12.0}),
        retried="unsafe:hate",
        filtered="self_harm",
    )
    told = {field.name: field.value for field in why_embed(record, PACK, words("de")).fields}
    assert told["Auslöser"] == "Zufall"
    assert told["Wartezeiten in dem Moment"] == "Bild 12 s"
    assert told["Inhaltsfilter"] == "Kein Modell wurde gefragt: Selbstverletzung"
    assert told["Neu geschrieben, weil"] == "der Inhaltsfilter es verlangte (Hass)"


def test_reasons_that_are_new_are_told_by_their_name() -> None:
    record = DecisionRecord(message_id="1421000000000000000", at_ms=0, decision=Decision(reason="not_today"))
    assert why_embed(record, PACK, SAY).description == "Because not today."


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        ("123", "123"),
        (" <https://discord.com/channels/1/5/123> ", "123"),
        ("http://127.0.0.1:8787/channels/@me/5/123/", "123"),
    ],
)
def test_messages_are_named_by_id_or_link(text: str, message_id: str) -> None:
    assert message_of(text, "5", SAY) == message_id


@pytest.mark.parametrize("text", ["https://discord.com/channels/1/6/123", "hello", "12a", "9" * 25])
def test_what_names_no_message_of_the_channel_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        message_of(text, "5", SAY)
