"""What the game actor is asked and what it answers: frozen, as everything that crosses between rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GameKind = Literal["trivia", "riddle", "story"]
Ended = Literal["", "finished", "stopped", "asleep", "lost"]
VerdictKind = Literal["right", "wrong", "close", "locked", "late", "over", "voted", "none"]

END = -1
"""The number of the post that ends a game; the others count from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameOrder:
    """A game that somebody wants. `id` is that of their interaction or message, and becomes the game's; `seconds` are
    for one question. `persona_id` leads through it, in the language `locale`, unless a story's own narrator is in the
    `cast`."""

    id: str
    kind: GameKind
    starter_id: str
    persona_id: str
    cast: tuple[str, ...] = ()
    guild_id: str | None = None
    locale: str = "en"
    theme: str = ""
    rounds: int = 5
    seconds: int = 30


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A choice, with title and file of the passage that it comes from, and who chose it, where that is shown."""

    text: str
    title: str = ""
    source: str = ""
    voters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A question, riddle or scene as it is now. `number` counts from 0. While it is open nothing tells the answer:
    `right` (an index), `answer`, `passage`, `title` and `source` are empty. `gap` says that `text` is a sentence with a
    gap; `picked` is the choice that was made in a story, `ending` the title of an ending. `message_id` is where it
    stands, None before it was posted. `deadline_ms` is 0 as long as no time runs."""

    number: int
    text: str
    gap: bool = False
    choices: tuple[ChoiceView, ...] = ()
    deadline_ms: int = 0
    hints: int = 0
    closed: bool = False
    right: int | None = None
    answer: str = ""
    passage: str = ""
    title: str = ""
    source: str = ""
    winner: str | None = None
    gained: int = 0
    streak: int = 0
    picked: int | None = None
    ending: str | None = None
    mood: str = "good"
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One player's points, rounds won and longest streak: of one game, or of all in a channel (`games` of them)."""

    user_id: str
    name: str
    points: int
    rounds: int
    best_streak: int
    games: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GameView:
    """A game as it is now; `standings` has the best first, `round` is the current one, `ended` is empty while
    it runs."""

    id: str
    kind: GameKind
    theme: str
    title: str
    guild_id: str | None
    locale: str
    persona_id: str
    starter_id: str
    total: int
    seconds: int
    worth: int
    hint_cost: int
    ended: Ended
    standings: tuple[Standing, ...]
    round: RoundView

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.ended != ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A post to be made now, by whom was given it: that of round `number`, or END. With `again` somebody began to make
    it before, so it may stand in the channel already."""

    number: int
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a channel's game needs done: a post to be made, posts to be shown anew, and after how many milliseconds to
    ask again. `settled` where there is nothing to do any more."""

    view: GameView | None = None
    slot: Slot | None = None
    stale: tuple[RoundView, ...] = ()
    wait_ms: int = 0
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of an answer: `gained` points for a right one, `left` guesses after a wrong one; `by` is the name
    of who was first where it came too late, `text` the choice that was voted for."""

    kind: VerdictKind
    gained: int = 0
    streak: int = 0
    left: int = 0
    by: str = ""
    text: str = ""

    @property
    def is_attempt(self) -> bool:
        """Whether it was an answer at all, rather than talk."""
        return self.kind != "none"


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint, for one person alone. With `strikes` it is a choice that is wrong. `left` more can be had at `cost`."""

    text: str
    strikes: bool
    left: int
    cost: int
