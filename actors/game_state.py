"""How a channel's game is stored: the whole of it, so that any process can go on with it at the exact question."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, computed_field

from actors.game_views import ChoiceView, Ended, GameKind, GameView, RoundView, Standing
from core.documents import DatabaseHandle, OwnedDocument, ids_where

MAX_USED = 300
MAX_TALLIES = 300

WORTH: dict[GameKind, int] = {"trivia": 10, "riddle": 15, "story": 5}
HINT_COST = 3
STREAK_BONUS, MOST_STREAK_BONUS = 2, 6


class Post(BaseModel):
    """A message of the game. `message_id` is None before it stands, and empty where it never will. Until `until_ms`
    `holder` alone may post it. `stale` says that it shows something old."""

    message_id: str | None = None
    holder: str = ""
    until_ms: int = 0
    stale: bool = False


class Choice(BaseModel):
    """See ChoiceView; in a story `to` is the scene it leads to."""

    text: str
    title: str = ""
    source: str = ""
    to: str = ""


class Attempt(BaseModel):
    """What one person did in a round. `id` is that of the last click or message, `verdict` what was said to it."""

    id: str
    verdict: Literal["right", "wrong", "close", "voted"]
    choice: int | None = None
    guesses: int = 0


class Round(BaseModel):
    """A question, riddle or scene, with everything that happened in it. `id` names what was asked."""

    id: str
    text: str
    gap: bool = False
    choices: list[Choice] = Field(default_factory=list)
    right: int | None = None
    answers: list[str] = Field(default_factory=list)
    hints: list[str] = Field(default_factory=list)
    passage: str = ""
    title: str = ""
    source: str = ""
    ending: str | None = None
    mood: str = "good"
    attempts: dict[str, Attempt] = Field(default_factory=dict)
    hinted: dict[str, list[str]] = Field(default_factory=dict)  # ids of what asked for the hints of each
    deadline_ms: int = 0
    closed: bool = False
    winner: str | None = None
    gained: int = 0
    streak: int = 0
    picked: int | None = None
    post: Post = Field(default_factory=Post)

    @property
    def open(self) -> bool:
        """Whether time runs in it."""
        return not self.closed and self.deadline_ms > 0


class Player(BaseModel):
    """One person in this game. `streak` counts the rounds won one after the other until now."""

    name: str
    points: int = 0
    rounds: int = 0
    streak: int = 0
    best_streak: int = 0


class Tally(BaseModel):
    """One person in all games of the channel. `at_ms` is when they last played."""

    name: str
    games: int = 0
    points: int = 0
    rounds: int = 0
    best_streak: int = 0
    at_ms: int = 0


class Payment(BaseModel):
    """Points that were won and are not in the ledger yet; or a `feat` that counts for a badge, without points."""

    entry_id: str
    user_id: str
    guild_id: str | None
    amount: int
    reason: str
    name: str
    feat: str = ""


class Game(BaseModel):
    """One game. `next_ms` is when it goes on after a round has closed; `beat_ms` when somebody last looked after it,
    so that time in which nobody did does not count."""

    id: str
    kind: GameKind
    theme: str
    title: str = ""
    guild_id: str | None
    locale: str
    persona_id: str
    starter_id: str
    seconds: int
    rounds: list[Round]
    current: int = 0
    players: dict[str, Player] = Field(default_factory=dict)
    next_ms: int = 0
    beat_ms: int = 0
    ended: Ended = ""
    story_id: str = ""
    end_post: Post = Field(default_factory=Post)

    @property
    def round(self) -> Round:
        """The one that is asked now, or was asked last."""
        return self.rounds[self.current]

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.ended != ""

    @property
    def settled(self) -> bool:
        """Whether all that is to be seen of it can be seen."""
        shown = not any(one.post.stale for one in self.rounds)
        return self.over and self.end_post.message_id is not None and shown

    def post(self, number: int) -> Post | None:
        """The post of a round, or with a negative number that which ends the game."""
        if number < 0:
            return self.end_post
        return self.rounds[number].post if number < len(self.rounds) else None


class GameDocument(OwnedDocument):
    """The game of a channel: the one that runs or was the last, and what is kept beyond it. `used` are the ids of what
    was asked lately, oldest first."""

    game: Game | None = None
    used: list[str] = Field(default_factory=list)
    tallies: dict[str, Tally] = Field(default_factory=dict)
    payments: list[Payment] = Field(default_factory=list)

    class Settings:
        """Beanie's own: the collection."""

        name = "games"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unsettled(self) -> int:
        """1 while somebody has to look after it."""
        return int(bool(self.payments) or (self.game is not None and not self.game.settled))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        known = {*self.tallies, *(one.user_id for one in self.payments)}
        if self.game is not None:
            known |= {self.game.starter_id, *self.game.players}
            for one in self.game.rounds:
                known |= {*one.attempts, *one.hinted}
        return sorted(one for one in known if one)


def view_of(game: Game) -> GameView:
    """The game as others may see it."""
    return GameView(
        id=game.id,
        kind=game.kind,
        theme=game.theme,
        title=game.title,
        guild_id=game.guild_id,
        locale=game.locale,
        persona_id=game.persona_id,
        starter_id=game.starter_id,
        total=len(game.rounds),
        seconds=game.seconds,
        worth=WORTH[game.kind],
        hint_cost=HINT_COST,
        ended=game.ended,
        standings=standings(game.players),
        round=round_view(game, game.current),
    )


def round_view(game: Game, number: int) -> RoundView:
    """A round as others may see it: what is asked does not tell its answer."""
    one = game.rounds[number]
    names = {user_id: player.name for user_id, player in game.players.items()}
    return RoundView(
        number=number,
        text=one.text,
        gap=one.gap,
        choices=tuple(_choice(game, one, index, names) for index in range(len(one.choices))),
        deadline_ms=one.deadline_ms,
        hints=len(one.hints),
        closed=one.closed,
        right=one.right if one.closed else None,
        answer=one.answers[0] if one.closed and one.answers else "",
        passage=one.passage if one.closed else "",
        title=one.title if one.closed else "",
        source=one.source if one.closed else "",
        winner=names.get(one.winner or "", "") if one.winner is not None else None,
        gained=one.gained,
        streak=one.streak,
        picked=one.picked,
        ending=one.ending,
        mood=one.mood,
        message_id=one.post.message_id,
    )


def _choice(game: Game, one: Round, index: int, names: dict[str, str]) -> ChoiceView:
    choice = one.choices[index]
    voters: tuple[str, ...] = ()
    if game.kind == "story":
        voted = [user_id for user_id, attempt in one.attempts.items() if attempt.choice == index]
        voters = tuple(names.get(user_id, "") for user_id in voted)
    if not one.closed:
        return ChoiceView(choice.text, voters=voters)
    return ChoiceView(choice.text, choice.title, choice.source, voters)


def standings(players: dict[str, Player] | dict[str, Tally]) -> tuple[Standing, ...]:
    """Who did how well, the best first."""
    found = [
        Standing(
            user_id=user_id,
            name=one.name,
            points=one.points,
            rounds=one.rounds,
            best_streak=one.best_streak,
            games=one.games if isinstance(one, Tally) else 1,
        )
        for user_id, one in players.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.points, -one.rounds, one.name)))


async def channels_with_games(database: DatabaseHandle) -> list[str]:
    """Ids of the channels whose game somebody has to look after. Raises DatabaseUnavailable."""
    return await ids_where(database, GameDocument, {"unsettled": {"$gt": 0}})
