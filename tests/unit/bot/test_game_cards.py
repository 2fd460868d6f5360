"""How a game looks: within Discord's bounds, and with nobody's words as markdown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actors.game_views import ChoiceView, GameView, Hint, RoundView, Standing, Verdict, VerdictKind
from actors.guild_book import GuildBook
from actors.routing import ChannelRules
from bot.game_cards import Card, end_card, round_card, stats_embed, status_embed
from bot.game_texts import hint_text, verdict_text
from bot.language import words
from bot.narration import Narrator, usable
from core.errors import ModelUnavailable
from core.messages import Delta, ReplyRequest, Spoken
from tests.support.cast import ScriptedApp, make_pack

EN, DE = words(), words("de")
LONG = "x" * 3000
ROUND = RoundView(
    number=0, text="How many?", choices=tuple(ChoiceView(str(n)) for n in range(4)), deadline_ms=5000, hints=2
)
GAME = GameView(
    id="1000", kind="trivia", theme="", title="", guild_id="6", locale="en", persona_id="elio", starter_id="7",
    total=3, seconds=30, worth=10, hint_cost=3, ended="", standings=(), round=ROUND,
)  # fmt: skip
STORY = replace(GAME, kind="story", title="The Dark Light", round=replace(ROUND, hints=0))


def whole(card: Card) -> str:
    """The card's text, where Discord would take it."""
    embed = card.embed
    assert 0 < len(card.text) <= 2000
    assert len(embed) <= 6000
    assert len(embed.description or "") <= 4096
    assert all(0 < len(field.name or "") <= 256 and 0 < len(field.value or "") <= 1024 for field in embed.fields)
    assert len(embed.title or "") <= 256
    assert len(embed.author.name or "") <= 256
    items: list[Any] = list(card.view.children) if card.view else []
    assert all(len(one.item.label) <= 80 and len(one.item.custom_id) <= 100 for one in items)
    assert len({one.item.custom_id for one in items}) == len(items)
    fields = "".join(f"{field.name}{field.value}" for field in embed.fields)
    return f"{card.text}{embed.author.name}{embed.title}{embed.description}{fields}{embed.footer.text}"


@pytest.mark.parametrize("say", [EN, DE])
def test_a_question_does_not_tell_its_answer_and_then_tells_where_it_stands(say: Any) -> None:
    closed = replace(
        ROUND,
        closed=True,
        right=1,
        answer="sand",
        passage="A Basal eats sand.",
        title="The Basal",
        source="lore/species.md",
        choices=tuple(ChoiceView(f"c{n}", f"T{n}", "lore/x.md") for n in range(4)),
        winner="Ada_*",
        gained=12,
        streak=2,
    )
    assert "sand" not in whole(round_card(GAME, ROUND, say))
    shown = whole(round_card(GAME, closed, say))
    assert "**Sand**" in shown
    assert "The Basal · lore/species.md" in shown
    assert "T0 · lore/x.md" in shown
    assert "T1 · lore/x.md" not in shown
    assert "Ada\\_\\*" in shown
    missed = whole(round_card(GAME, replace(closed, winner=None), say))
    assert say("games-nobody") in missed
    stopped = whole(round_card(replace(GAME, ended="stopped"), replace(closed, winner=None), say))
    assert say("games-stopped-here") in stopped


def test_the_right_button_is_green_and_all_are_closed_at_the_end() -> None:
    card = round_card(GAME, replace(ROUND, closed=True, right=2, answer="2"), EN)
    assert card.view is not None
    looks = [(one.item.style.name, one.item.disabled) for one in card.view.children]  # type: ignore[attr-defined]
    assert looks == [("secondary", True), ("secondary", True), ("success", True), ("secondary", True)]


@pytest.mark.parametrize("say", [EN, DE])
@pytest.mark.parametrize("game", [GAME, replace(GAME, kind="riddle"), STORY])
def test_whatever_is_in_a_game_stays_within_discords_bounds(game: GameView, say: Any) -> None:
    choices = tuple(ChoiceView(LONG, LONG, LONG, tuple("N" * 32 for _ in range(60))) for _ in range(4))
    one = replace(
        ROUND,
        text=LONG[:1500],
        choices=choices if game.kind != "riddle" else (),
        gap=game.kind == "trivia",
        answer=LONG[:160],
        passage=LONG[:600],
        title="T",
        source="s",
        winner="N" * 32,
        ending="E" * 70,
    )
    people = tuple(Standing(user_id=str(n), name="N" * 32, points=n, rounds=2, best_streak=3) for n in range(50))
    game = replace(game, theme="t" * 60, title="T" * 160, standings=people, round=one)
    for closed in (False, True):
        whole(round_card(game, replace(one, closed=closed, right=0, picked=0), say))
    for ended in ("finished", "stopped", "asleep", "lost"):
        whole(end_card(replace(game, ended=ended), say))
        whole(end_card(replace(game, ended=ended, round=replace(one, ending=None), standings=()), say))
    whole(Card("x", status_embed(game, say), None))
    whole(Card("x", stats_embed(people, say), None))
    assert say("games-stats-none") in whole(Card("x", stats_embed((), say), None))


@pytest.mark.parametrize("kind", ["right", "wrong", "close", "locked", "late", "over", "voted", "none"])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_every_verdict_and_hint_has_its_words(kind: VerdictKind, left: int) -> None:
    for by in ("", "Ada"):
        verdict = Verdict(kind=kind, left=left, gained=10, streak=2, by=by, text="up")
        assert verdict_text(verdict, EN) != verdict_text(verdict, DE)
    for strikes in (True, False):
        assert hint_text(Hint("tape", strikes, left, 3), EN) != hint_text(Hint("tape", strikes, left, 3), DE)


class Place:
    """Where the story is told."""

    id = 5


async def told(app: Any, game: GameView) -> str:
    narrator = Narrator(app, GuildBook(make_pack(), ChannelRules()), patience_s=0.2)
    return await narrator.tell(game, Place())  # type: ignore[arg-type]


async def test_a_scene_is_told_by_a_model_only_where_that_is_usable() -> None:
    scene = "The lantern fell into the harbour, and the ambassador jumped after it."
    second = replace(STORY, theme="rain", round=replace(ROUND, number=1, text=scene))
    good = "Oh dear! The lantern is in the harbour, and so is the ambassador."
    app = ScriptedApp(says=good)
    assert await told(app, second) == good
    [request] = app.requests
    assert scene in request.message.content
    assert "a touch of rain" in request.message.content
    assert not request.rag
    assert await told(ScriptedApp(says="I like potatoes, and I like hugs, and I like you."), second) == ""
    assert await told(ScriptedApp(fails=ModelUnavailable("Away.", component="llm")), second) == ""
    assert await told(ScriptedApp(gate=asyncio.Event()), second) == ""
    assert not usable("lantern harbour", scene)
    assert not usable(f"{scene} " * 30, scene)


async def test_who_leads_greets_unless_they_left_the_cast() -> None:
    narrator = Narrator(ScriptedApp(), GuildBook(make_pack(), ChannelRules()))
    assert await narrator.greeting(GAME) == "Elio greets you."
    assert await narrator.greeting(replace(GAME, persona_id="nobody")) == ""


async def test_a_fallback_of_the_persona_app_is_no_narration() -> None:
    class Fallback:
        async def reply(self, request: ReplyRequest) -> Any:
            yield Delta(text="x")
            yield Spoken(
                text=f"The lantern in the harbour of the ambassador: {request.persona_id}", model="", fallback=True
            )

    scene = "The lantern fell into the harbour, and the ambassador jumped after it."
    assert await told(Fallback(), replace(STORY, round=replace(ROUND, number=1, text=scene))) == ""
