"""The persona app as its readers meet it: what it declines, writes anew, and how what was read steers it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.clock import now_ms
from core.errors import ModelUnavailable
from core.messages import (
    Attachment,
    Author,
    FilterLevel,
    IncomingMessage,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
    Turn,
)
from core.refusals import PLAIN, care
from observability.metrics import ReplyMetrics
from serve_apps.looking import UNSEEN
from serve_apps.preprocessing import Reader, Reading, Vectors, read, steer
from serve_apps.reply import GUARDRAIL, PersonaService, ReplyOptions
from serve_apps.results import Description
from serve_apps.tokens import EstimatedTokens
from tests.support.cast import make_pack
from tests.support.engines import ScriptedEngine

LORE = Passage(id="comet", text="The comet is blue.", score=0.03, source="lore/sky.md")


class Counted(ReplyMetrics):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def read(self, intent: str) -> None:
        self.told.append(f"read {intent}")

    def rejected(self, reason: str) -> None:
        self.told.append(f"rejected {reason}")

    def spoken(self, spoken: Spoken) -> None:
        self.told.append(f"spoken {spoken.filtered or spoken.retried}")


class Stage:
    """A persona app around a scripted model."""

    def __init__(
        self, *scripts: Sequence[Any], embed: Any = None, seen: str = "A sign.", lore: bool = True, **options: Any
    ) -> None:
        self.engine = ScriptedEngine(*(scripts or [["All is well."]]))
        self.queries: list[SearchQuery] = []
        self.metrics = Counted()
        values: dict[str, Any] = {"max_tokens": 60, "temperature": 0.6, "passages": 3, "deadline_s": 5, **options}

        async def search(query: SearchQuery) -> tuple[Passage, ...]:
            self.queries.append(query)
            return (LORE, replace(LORE, id="bad", text="Gas the jews.")) if lore else ()

        async def look(picture: Attachment, deadline_ms: int) -> Description:
            return Description(text=seen, model="eyes")

        self.service = PersonaService(
            make_pack(),
            ReplyOptions(delta_every_s=0.0, **values),
            EstimatedTokens(),
            search,
            self.engine.generate,
            look,
            embed,
            self.metrics,
        )

    async def hear(self, content: str, **changes: Any) -> tuple[str, Spoken]:
        """What is shown while the model writes, and what is said."""
        message = IncomingMessage(
            id="900",
            channel_id="5",
            guild_id="6",
            author=Author(id="7", name=changes.pop("name", "Mara")),
            content=content,
            created_ms=now_ms(),
            age_gated=changes.pop("age_gated", False),
            attachments=changes.pop("attachments", ()),
        )
        request = ReplyRequest(persona_id="elio", message=message, deadline_ms=now_ms() + 3000, **changes)
        events = [event async for event in self.service.reply(request)]
        assert isinstance(events[-1], Spoken)
        return "".join(event.text for event in events[:-1]), events[-1]  # type: ignore[union-attr]

    @property
    def prompt(self) -> str:
        return "\n".join(message.content for message in self.engine.requests[-1].messages)


async def test_what_is_caught_is_declined_without_asking_a_model() -> None:
    stage = Stage()
    shown, spoken = await stage.hear("what a f4ggot you are")
    assert (shown, spoken.filtered, spoken.fallback) == ("", "hate", True)
    assert spoken.text in PLAIN
    assert stage.engine.requests == []
    assert stage.queries == []
    assert stage.metrics.told == ["spoken hate"]


async def test_who_speaks_of_self_harm_is_answered_with_care_in_their_language() -> None:
    for content, language in (("I want to kill myself", "en"), ("Ich will mich umbringen", "de")):
        _, spoken = await Stage().hear(content)
        assert spoken.filtered == "self_harm"
        assert spoken.text == care(content)
        assert ("988" in spoken.text) == (language == "en")
        assert "findahelpline.com" in spoken.text


@pytest.mark.parametrize(
    ("level", "age_gated", "filtered"),
    [
        ("off", False, "sexual"),
        ("off", True, None),
        ("low", False, "sexual"),
        ("medium", False, "sexual"),
        (None, False, "sexual"),
        ("high", True, None),
    ],
)
async def test_the_guilds_level_and_the_channel_decide(
    level: FilterLevel | None, age_gated: bool, filtered: str | None
) -> None:
    _, spoken = await Stage().hear("send nudes", filter_level=level, age_gated=age_gated)
    assert spoken.filtered == filtered


async def test_the_model_is_not_shown_what_would_not_be_answered() -> None:
    history = (
        Turn(message_id="1", speaker="Eve", text="you f4ggots", at_ms=1),
        Turn(message_id="2", speaker="n1gger", text="Nice day.", at_ms=2),
        Turn(message_id="3", speaker="Ben", text="I want to kill myself", at_ms=3),
    )
    picture = Attachment(id="1", filename="a.png", url="http://cdn/a.png", size=9, content_type="image/png")
    stage = Stage(seen="A sign: gas the jews.")
    _, spoken = await stage.hear(
        "When does it come?",
        history=history,
        summary="Ben said: I am tall. Eve said: sieg heil.",
        attachments=(picture,),
    )
    for caught in ("f4gg", "n1gg", "sieg", "jews"):
        assert caught not in stage.prompt
    assert "someone: Nice day." in stage.prompt
    assert "<summary>Ben said: I am tall.</summary>" in stage.prompt
    assert "Ben: I want to kill myself" in stage.prompt  # so that the persona is gentle
    assert spoken.pictures == (UNSEEN,)
    assert spoken.passages == (LORE,)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (["As an AI ", "language model, ", "I cannot."], "assistant"),
        (["Well, ", "kill ", "yourself", "."], "unsafe:threat"),
        (["Elio smiles and waves."], "third_person"),
        (["I am Olga now."], "impersonation"),
        (["Says only what ", "the test expects. plain. Never more."], None),
    ],
)
async def test_a_text_that_may_not_be_said_is_written_anew_once(bad: list[str], reason: str | None) -> None:
    stage = Stage(bad, ["I see the comet."])
    _, spoken = await stage.hear("When does it come?")
    if reason is None:
        assert spoken.retried is None
        return
    assert (spoken.text, spoken.retried, spoken.fallback) == ("I see the comet.", reason, False)
    assert stage.metrics.told == ["read question", f"rejected {reason}", f"spoken {reason}"]
    first, second = stage.engine.requests
    assert (first.seed, first.temperature) != (second.seed, second.temperature)
    assert first.messages == second.messages  # without hints only the dice are thrown again


async def test_the_second_time_the_fallback_speaks() -> None:
    stage = Stage(["As an AI, I cannot."])
    _, spoken = await stage.hear("When does it come?")
    assert len(stage.engine.requests) == 2
    assert (spoken.fallback, spoken.retried) == (True, "assistant")
    assert spoken.text.startswith("Elio recalls")


async def test_what_is_unsafe_is_stopped_before_it_is_shown() -> None:
    stage = Stage(["Well, ", "kill ", "yourself", " and more", 60.0], ["Be well."])
    shown, spoken = await stage.hear("When does it come?")
    assert shown == "Well, kill"  # each word alone is innocent
    assert spoken.text == "Be well."
    assert stage.engine.now_running == 0


async def test_a_model_that_takes_hints_is_told_what_was_wrong() -> None:
    stage = Stage(["As an AI, I cannot."], ["I see."], hints=True)
    await stage.hear("When does it come?")
    first, second = [request.messages[0].content for request in stage.engine.requests]
    assert first.endswith(GUARDRAIL)
    assert second.startswith(first)
    assert "Stay Elio" in second[len(first) :]


async def test_hints_are_given_only_where_they_matter_and_only_to_who_takes_them() -> None:
    for content, hint in (("Wo ist der Hafen?", "Answer in German."), ("Where is the harbor?", "")):
        stage = Stage(hints=True)
        await stage.hear(content)
        assert stage.engine.requests[0].messages[0].content.endswith(f"{GUARDRAIL} {hint}".strip())
        stage = Stage()
        await stage.hear(content)
        assert "German" not in stage.prompt
        assert GUARDRAIL not in stage.prompt


async def test_a_greeting_is_answered_without_a_search() -> None:
    stage = Stage()
    _, spoken = await stage.hear("Hello everybody!")
    assert stage.queries == []
    assert spoken.passages == ()
    await stage.hear("Hello Olga, when does it come?")
    assert [query.limit for query in stage.queries] == [3]


async def test_a_question_about_the_world_is_given_more_lore() -> None:
    stage = Stage(lore_passages=5)
    await stage.hear("What does Glordon eat?")
    await stage.hear("What is the capital of France?")
    assert [query.limit for query in stage.queries] == [5, 3]


async def test_the_line_is_embedded_once_and_searched_with_that() -> None:
    asked: list[list[str]] = []

    async def embed(texts: list[str]) -> list[list[float]]:
        asked.append(texts)
        return [[1.0, 0.0] for _ in texts]

    stage = Stage(embed=embed)
    await stage.hear("When does it come?")
    assert stage.queries[0].vector == (1.0, 0.0)
    assert [texts for texts in asked if len(texts) == 1] == [["When does it come?"]]
    assert asked[0] == ["When does it come?"]  # the prototypes come behind it, and once
    assert sum(len(texts) for texts in asked) > 150
    asked.clear()
    await stage.hear("Why?", history=(Turn(message_id="1", speaker="Mara", text="When?", at_ms=1),))
    assert asked == [["Why?", "When?"]]
    asked.clear()
    await stage.hear("Why?", vector=(0.0, 1.0))
    assert (asked, stage.queries[-1].vector) == ([], (0.0, 1.0))


async def test_a_follow_up_is_searched_with_both_lines_and_embeds_neither_again() -> None:
    async def embed(texts: list[str]) -> list[list[float]]:
        return [[0.0, 1.0] if text == "When does the Quiet Week come?" else [1.0, 0.0] for text in texts]

    stage = Stage(embed=embed, lore=False)
    earlier = Turn(message_id="1", speaker="Mara", text="When does the Quiet Week come?", at_ms=1)
    await stage.hear("And why?", history=(earlier,))
    first, second = stage.queries
    assert (first.text, first.vector) == ("And why?", (1.0, 0.0))
    assert second.text == "When does the Quiet Week come? And why?"
    assert second.vector == pytest.approx((0.5**0.5, 0.5**0.5))


async def test_embeddings_that_fail_or_sleep_cost_no_reply() -> None:
    async def down(texts: list[str]) -> list[list[float]]:
        raise ModelUnavailable("down", component="embeddings")

    async def asleep(texts: list[str]) -> list[list[float]]:
        await asyncio.sleep(60)
        raise AssertionError

    for embed in (down, asleep):
        stage = Stage(embed=embed, read_timeout_s=0.05)
        _, spoken = await stage.hear("When does it come?")
        assert spoken.text == "All is well."
        assert stage.queries[0].vector is None


async def test_the_prototypes_are_asked_for_again_after_a_failure() -> None:
    several = 0

    async def embed(texts: list[str]) -> list[list[float]]:
        nonlocal several
        if len(texts) > 1 and (several := several + 1) == 1:
            raise ModelUnavailable("down", component="embeddings")
        return [[1.0] for _ in texts]

    reader = Reader(embed)
    for _ in range(20):
        await reader.read("hm", 1.0)
        await asyncio.sleep(0)
    once = several
    assert once > 2
    await reader.read("hm", 1.0)
    await asyncio.sleep(0)
    assert several == once


async def test_the_line_before_is_not_embedded_again() -> None:
    asked: list[list[str]] = []

    async def embed(texts: list[str]) -> list[list[float]]:
        asked.append(texts)
        return [[float(len(text)), 0.0] for text in texts]

    reader = Reader(embed)
    await reader.read("who is Glordon?", 1.0, vector=(15.0, 0.0))
    _, vectors = await reader.read("and where?", 1.0, before="who is Glordon?")
    assert vectors == Vectors((10.0, 0.0), (15.0, 0.0))
    assert [texts for texts in asked if len(texts) < 4] == [["and where?"]]
    _, vectors = await reader.read("and then?", 1.0, before="something else")
    assert vectors == Vectors((9.0, 0.0), (14.0, 0.0))
    assert [texts for texts in asked if len(texts) < 4][1:] == [["and then?", "something else"]]


@pytest.mark.parametrize(
    ("reading", "passages", "first", "hint"),
    [
        (Reading(intent="greeting", confidence=1.0), 0, "history", ""),
        (Reading(intent="greeting", confidence=1.0, names_world=True), 3, "history", ""),
        (Reading(intent="command", confidence=1.0), 0, "history", ""),
        (Reading(intent="command", confidence=0.2), 3, "balanced", ""),
        (Reading(intent="banter", confidence=0.2), 1, "history", ""),
        (Reading(intent="banter", confidence=0.01), 3, "history", ""),
        (Reading(intent="banter", confidence=0.2, question="what"), 3, "history", ""),
        (Reading(intent="question", question="what"), 3, "passages", ""),
        (Reading(intent="question", question="what", follow_up=True), 3, "history", ""),
        (Reading(intent="lore", question="who"), 5, "passages", ""),
        (Reading(intent="story"), 3, "balanced", ""),
        (Reading(intent="question", language="en"), 3, "passages", ""),
        (Reading(intent="question", language="fr"), 3, "passages", "Answer in French."),
        (Reading(intent="emotional", tone="sad", confidence=0.1), 1, "history", "Be gentle"),
        (Reading(intent="emotional", tone="happy", confidence=0.1), 1, "history", ""),
        (Reading(intent="command", tone="angry", confidence=0.1), 3, "balanced", "Stay calm"),
    ],
)
def test_steering(reading: Reading, passages: int, first: str, hint: str) -> None:
    steering = steer(reading, passages=3, lore_passages=5, hints=True)
    assert (steering.passages, steering.first) == (passages, first)
    assert steering.hint.startswith(hint)
    assert bool(steering.hint) == bool(hint)
    assert steer(reading, passages=3, lore_passages=5, hints=False) == replace(steering, hint="")


def test_rules_alone_claim_little() -> None:
    assert read("Hello!", None, None) == Reading(intent="greeting", language="en", confidence=1.0)
    assert read("hm", None, None) == Reading(intent="banter")
    assert read("What is a comet?", None, None).question == "what"
    assert read("!clear", None, None).intent == "command"
    assert read("Who is Olga?", None, None, {"olga"}).intent == "lore"
    assert read("", None, None) == Reading(intent="banter")
