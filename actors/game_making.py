"""Makes the rounds of a game from a pack: questions about lore that was searched for the theme, riddles, stories."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from rapidfuzz import fuzz

from actors.game_state import Choice, Game, Round
from actors.game_views import GameOrder
from actors.trivia import Drawn, Quiz, TriviaQuestion, about
from core.errors import RequestError, TroupeError
from core.messages import Passage, SearchQuery
from core.pack_games import Riddle, Story
from core.personas import Pack
from core.wording import Wording

log = logging.getLogger(__name__)

MAX_ROUNDS = 10
SECONDS = (10, 60)
_PASSAGES = 12
_SEARCH_S = 3.0
_FITS = 70  # likeness, of 100, from which a theme is that of a riddle or story

ThemedT = TypeVar("ThemedT", Riddle, Story)


class RetrievalApp(Protocol):
    """Finds lore."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises TroupeError."""
        ...


class GameMaker:
    """Makes games of one pack. `lore` finds passages on a theme; while it is away, the words of the pack do."""

    def __init__(self, pack: Pack, lore: RetrievalApp | None, rng: random.Random | None = None) -> None:
        self._pack, self._lore = pack, lore
        self._quiz = Quiz(pack)
        self._rng = rng or random.Random()

    async def game(self, order: GameOrder, used: Sequence[str]) -> Game:
        """The game that was ordered, with all its questions, or a story's first scene. Raises RequestError where the
        order is wrong or the pack has nothing for it."""
        if not 1 <= order.rounds <= MAX_ROUNDS:
            raise RequestError(
                Wording("refused-game-rounds", "A game has 1 to {most} rounds.", most=MAX_ROUNDS), field="rounds"
            )
        if not SECONDS[0] <= order.seconds <= SECONDS[1]:
            least, most = SECONDS
            told = Wording(
                "refused-game-seconds", "A question takes {least} to {most} seconds.", least=least, most=most
            )
            raise RequestError(told, field="seconds")
        game = Game(
            id=order.id,
            kind=order.kind,
            theme=order.theme,
            guild_id=order.guild_id,
            locale=order.locale,
            persona_id=order.persona_id,
            starter_id=order.starter_id,
            seconds=order.seconds,
            rounds=[],
        )
        if order.kind == "trivia":
            game.rounds = await self._trivia(order, used)
        elif order.kind == "riddle":
            game.rounds = [self._riddle(riddle) for riddle in self._riddles(order, used)]
        else:
            self._begin(game, order, used)
        return game

    def scene(self, story_id: str, name: str) -> Round | None:
        """A scene of a story; None where the pack has it no more."""
        story = next((one for one in self._pack.stories if one.id == story_id), None)
        scene = story.scenes.get(name) if story else None
        if scene is None:
            return None
        choices = [Choice(text=way.label, to=way.to) for way in scene.ways]
        return Round(
            id=f"story:{story_id}:{name}", text=scene.text, choices=choices, ending=scene.ending, mood=scene.mood
        )

    async def _trivia(self, order: GameOrder, used: Sequence[str]) -> list[Round]:
        passages = await self._passages(order) if order.theme else ()
        questions = self._quiz.questions(order.rounds, self._rng, passages=passages, used=used)
        if passages and len(questions) < order.rounds:
            known = {one.id for one in questions}
            others = self._quiz.questions(order.rounds * 2, self._rng, used=used)
            questions = (*questions, *(one for one in others if one.id not in known))[: order.rounds]
        if not questions:
            raise RequestError(
                Wording("refused-game-lore", "There is not enough lore for a quiz. Add passages to the pack."),
                field="kind",
            )
        return [self._asked(question) for question in questions]

    async def _passages(self, order: GameOrder) -> tuple[Passage, ...]:
        if self._lore is None:
            return about(self._pack, order.theme)
        query = SearchQuery(text=order.theme, limit=_PASSAGES, pack=self._pack.id, guild_id=order.guild_id)
        try:
            async with asyncio.timeout(_SEARCH_S):
                found = await self._lore.search(query)
                return found or about(self._pack, order.theme)
        except (TroupeError, TimeoutError) as error:
            log.warning("[GAME] no lore could be searched for %r: %r", order.theme, error)
            return about(self._pack, order.theme)

    def _asked(self, question: TriviaQuestion) -> Round:
        drawn: list[Drawn] = [question.right, *question.wrong]
        self._rng.shuffle(drawn)
        struck = self._rng.sample(question.wrong, len(question.wrong) - 1)
        return Round(
            id=question.id,
            text=question.text,
            gap=question.gap,
            choices=[Choice(text=one.text, title=one.title, source=one.source) for one in drawn],
            right=drawn.index(question.right),
            answers=[question.right.text],
            hints=[one.text for one in struck],
            passage=question.passage.text,
            title=question.passage.title,
            source=question.passage.source,
        )

    def _riddles(self, order: GameOrder, used: Sequence[str]) -> list[Riddle]:
        if not self._pack.riddles:
            raise RequestError(
                Wording("refused-game-riddles", "This pack has no riddles. Play trivia, or add a riddles.yaml."),
                field="kind",
            )
        ordered = _ordered(
            self._pack.riddles, order.theme, [_riddle_id(one) for one in self._pack.riddles], used, self._rng
        )
        return ordered[: order.rounds]

    def _riddle(self, riddle: Riddle) -> Round:
        return Round(id=_riddle_id(riddle), text=riddle.riddle, answers=list(riddle.answers), hints=list(riddle.hints))

    def _begin(self, game: Game, order: GameOrder, used: Sequence[str]) -> None:
        if not self._pack.stories:
            raise RequestError(
                Wording("refused-game-stories", "This pack has no stories. Play trivia, or add a stories.yaml."),
                field="kind",
            )
        ids = [f"story:{one.id}:{one.start}" for one in self._pack.stories]
        story = _ordered(self._pack.stories, game.theme, ids, used, self._rng)[0]
        first = self.scene(story.id, story.start)
        assert first is not None  # noqa: S101 (the loader has checked it)
        game.story_id, game.title, game.rounds = story.id, story.title, [first]
        if story.narrator is not None and story.narrator in order.cast:
            game.persona_id = story.narrator


def _ordered(
    items: Sequence[ThemedT], theme: str, ids: Sequence[str], used: Sequence[str], rng: random.Random
) -> list[ThemedT]:
    """Those on the theme first, of these those not used lately, else those used longest ago."""
    last_used = {used_id: place for place, used_id in enumerate(used, 1)}
    rows = [(one, last_used.get(one_id, 0)) for one, one_id in zip(items, ids, strict=True)]
    rng.shuffle(rows)
    rows.sort(key=lambda row: (not _is_on(row[0], theme), row[1]))
    return [one for one, _ in rows]


def _is_on(item: Riddle | Story, theme: str) -> bool:
    names = [*item.themes, *([item.title] if isinstance(item, Story) else [])]
    wanted = [theme.casefold(), *theme.casefold().split()]
    return bool(theme) and any(
        fuzz.ratio(name.casefold(), word) >= _FITS for name in names for word in wanted if len(word) > 2
    )


def _riddle_id(riddle: Riddle) -> str:
    return f"riddle:{riddle.id}"
