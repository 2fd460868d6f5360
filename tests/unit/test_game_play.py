"""Whatever people, gateways and clocks do to a game, in whatever order: what must hold of it holds."""

from __future__ import annotations

import contextlib
import random

import pytest

from actors.game_making import GameMaker
from actors.game_play import GUESSES, GameRules, Play, Try
from actors.game_state import Game, GameDocument, view_of
from actors.game_views import GameKind, GameOrder
from core.documents import DatabaseHandle
from core.errors import RequestError
from core.personas import load_pack
from core.settings import ROOT

PACK = load_pack(ROOT / "packs" / "communiverse")
MAKER = GameMaker(PACK, None, random.Random(1))
RULES = GameRules(pause_s=6, vote_s=8, scene_s=60, beat_s=2, lease_s=12)
WORDS = [
    "hello",
    "potato",
    "42",
    "a",
    "B",
    "c",
    "is it 7?",
    "the star",
    "gold",
    "",
    "😀",
    "x" * 200,
    "2,400",
    "Glordon",
]
PEOPLE = [str(number) for number in range(6)]


class Chaos:
    """One game, and everything that can happen to it."""

    def __init__(self, document: GameDocument, game: Game, rng: random.Random) -> None:
        self.document, self.game, self.rng = document, game, rng
        self.now, self.presses = game.beat_ms, 0
        self.rights: list[tuple[int, str]] = []

    @property
    def play(self) -> Play:
        return Play(self.document, self.game, MAKER, RULES, self.now)

    def by(self) -> Try:
        self.presses += self.rng.random() < 0.9  # else the same press once more
        who = self.rng.choice(PEOPLE)
        return Try(f"{self.presses}-{who}", who, f"N{who}")

    def happen(self) -> None:
        game, rng = self.game, self.rng
        number = rng.choice([game.current] * 4 + [0])
        match rng.randrange(8):
            case 0 | 1:
                if choices := game.rounds[number].choices:
                    self.judged(number, self.play.pick(number, by := self.by(), rng.randrange(len(choices))).kind, by)
            case 2:
                answers = game.round.answers or [choice.text for choice in game.round.choices]
                text = rng.choice([*WORDS, *answers]) if answers else rng.choice(WORDS)
                explicit = game.kind != "story" and rng.random() < 0.5
                self.judged(number, self.play.guess(number, by := self.by(), text, explicit=explicit).kind, by)
            case 3:
                with contextlib.suppress(RequestError):
                    self.play.hint(number, self.by())
            case 4:
                self.now += rng.choice([10, 900, 2500, 9000, 40_000, 3_600_000])
            case 5 | 6:
                self.play.advance()
                holder = rng.choice(["one", "two"])
                if (slot := self.play.slot(holder)) and rng.random() < 0.8:
                    self.play.posted(slot.number, f"{slot.number}-{holder}")
            case 7:
                if rng.random() < 0.03 and not game.over:
                    self.play.stop()

    def judged(self, number: int, kind: str, by: Try) -> None:
        if kind == "right" and (number, by.user_id) not in self.rights:
            self.rights.append((number, by.user_id))

    def check(self) -> None:
        game, document = self.game, self.document
        assert GameDocument.decoded(document.encoded(), 0).encoded() == document.encoded()
        view = view_of(game)
        if not game.round.closed:
            assert view.round.right is None
            assert view.round.answer == ""
        assert len({number for number, _ in self.rights}) == len(self.rights), "two winners in one round"
        assert sorted(self.rights) == sorted(
            (number, one.winner) for number, one in enumerate(game.rounds) if one.winner is not None
        )
        assert sum(one.amount for one in document.payments) == sum(one.points for one in game.players.values())
        assert sum(one.points for one in document.tallies.values()) == sum(one.points for one in game.players.values())
        entries = [(one.entry_id, one.user_id) for one in document.payments]
        assert len(set(entries)) == len(entries)
        assert all(one.amount > 0 or one.feat for one in document.payments)
        for one in game.rounds[: game.current]:
            assert one.closed
        most = 1 if game.kind == "trivia" else GUESSES
        assert all(attempt.guesses <= most for one in game.rounds for attempt in one.attempts.values())


@pytest.mark.parametrize("kind", ["trivia", "riddle", "story"])
@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_a_game_stays_fair(database: DatabaseHandle, kind: GameKind, seed: int) -> None:
    order = GameOrder(
        id="1000",
        kind=kind,
        starter_id="0",
        persona_id="elio",
        cast=("elio",),
        guild_id="6" if seed % 3 else None,
        rounds=5,
        seconds=20,
    )
    document = GameDocument(id="500")
    game = await MAKER.game(order, [])
    document.game, game.beat_ms = game, 1_800_000_000_000
    chaos = Chaos(document, game, random.Random(seed))
    for _ in range(400):
        chaos.happen()
        chaos.check()
        if game.over:
            break
    while not game.over:  # left alone but looked after, it ends by itself
        chaos.now += 1900
        chaos.play.advance()
        if slot := chaos.play.slot("one"):
            chaos.play.posted(slot.number, "m")
    chaos.check()
