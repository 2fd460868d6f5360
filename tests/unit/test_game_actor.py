"""The game actor over a real database: fair, paid once, and the same after a restart."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from actors.game import KIND, GameActor
from actors.game_making import GameMaker
from actors.game_play import GameRules
from actors.game_state import Game, GameDocument, channels_with_games
from actors.game_views import END, GameKind, GameOrder, Verdict, Work
from actors.host import VirtualHost, exposed
from actors.keepers import keys_of
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import DatabaseUnavailable, RequestError
from core.messages import Passage, SearchQuery
from core.personas import Pack, load_pack
from core.settings import ROOT
from tests.support.cast import make_pack
from tests.support.eventually import eventually
from tests.support.points import Ledger

PACK = load_pack(ROOT / "packs" / "communiverse")
CHANNEL = "500"
RULES = GameRules(pause_s=6, vote_s=8, scene_s=180, beat_s=3, lease_s=20)


@dataclass
class Lore:
    """Finds what it holds, or fails."""

    passages: tuple[Passage, ...] = ()
    fails: Exception | None = None
    queries: list[SearchQuery] = field(default_factory=list)

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """See RetrievalApp."""
        self.queries.append(query)
        if self.fails:
            raise self.fails
        return self.passages


@dataclass
class World:
    """Processes that come and go, one database, one clock, and a ledger."""

    pack: Pack = PACK
    lore: Lore = field(default_factory=Lore)
    now: int = 1_800_000_000_000
    book: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    ledger: type[Ledger] = Ledger
    actors: LocalVirtualActors = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A fresh process: the same database, no memory."""
        maker = GameMaker(self.pack, self.lore, random.Random(11))

        def game(key: str) -> GameActor:
            return GameActor(key, maker=maker, actors=self.actors, rules=RULES, clock=lambda: self.now)

        kinds = {KIND: game, "points": partial(self.ledger, book=self.book)}
        self.actors = LocalVirtualActors(VirtualHost(kinds))

    async def call(self, method: str, *args: object) -> Any:
        return await self.actors.call(KIND, CHANNEL, method, *args)

    async def start(self, kind: GameKind = "trivia", rounds: int = 3, theme: str = "", **changes: Any) -> Game:
        values: dict[str, Any] = {"guild_id": "600", "seconds": 30, **changes}
        order = GameOrder(
            id=values.pop("id", "1000"),
            kind=kind,
            starter_id="7",
            cast=("elio", "marmalo"),
            persona_id="elio",
            rounds=rounds,
            theme=theme,
            **values,
        )
        await self.call("start", order)
        return await self.game()

    async def game(self) -> Game:
        game = (await GameDocument.load(CHANNEL)).game
        assert game is not None
        return game

    async def work(self, holder: str = "gateway") -> Work:
        work: Work = await self.call("advance", holder)
        return work

    async def shown(self, holder: str = "gateway") -> Work:
        """As a gateway does: post and edit until only time can change something."""
        while True:
            work = await self.work(holder)
            assert work.view is not None
            for one in work.stale:
                await self.call("shown", work.view.id, one)
            if work.slot is not None:
                await self.call("posted", work.view.id, work.slot.number, f"9{work.slot.number + 1}")
            if not work.stale and work.slot is None:
                return work

    async def pass_by(self, seconds: float) -> None:
        """Time passes, with somebody looking after the game."""
        end = self.now + int(seconds * 1000)
        while self.now < end:
            self.now = min(self.now + 3000, end)
            await self.shown()

    async def press(self, who: str, right: bool = True, press: str = "") -> Verdict:
        game = await self.game()
        choice = game.round.right or 0
        choice = choice if right else (choice + 1) % len(game.round.choices)
        verdict: Verdict = await self.call(
            "answer", game.id, game.current, press or f"{who}-{game.current}-{right}", who, f"N{who}", choice
        )
        return verdict

    async def type(self, who: str, text: str, explicit: bool = False, message: str = "") -> Verdict:
        verdict: Verdict = await self.call("guess", message or f"{who}-{text}", who, f"N{who}", text, explicit)
        return verdict

    async def paid(self, count: int) -> list[tuple[str, str, int]]:
        async def all_paid() -> bool:
            await self.work()
            return len(self.book) >= count and not (await GameDocument.load(CHANNEL)).payments

        await eventually(all_paid)
        return [(key, entry, amount) for key, entry, amount, *_ in self.book if amount]

    @property
    def feats(self) -> list[tuple[str, str]]:
        """What was noted for badges: ledger and feat."""
        return [(key, feat) for key, _, amount, feat, _ in self.book if not amount]


@pytest.fixture
async def world(database: DatabaseHandle) -> World:
    return World()


async def test_the_first_right_answer_wins_and_a_wrong_one_puts_out(world: World) -> None:
    await world.start()
    await world.shown()
    assert (await world.press("2", right=False)).kind == "wrong"
    assert (await world.press("2")).kind == "locked"
    assert await world.press("1") == Verdict(kind="right", gained=10, streak=1)
    assert await world.press("3") == Verdict(kind="late", by="N1")
    assert await world.press("1") == Verdict(kind="right", gained=10, streak=1)  # the same press once more
    assert await world.paid(1) == [("600:1", "1000:0", 10)]


async def test_of_fifty_answers_at_once_one_wins_and_is_paid_once(world: World) -> None:
    await world.start(rounds=1)
    await world.shown()
    verdicts = await asyncio.gather(*(world.press(str(who)) for who in range(100, 150)))
    won = [verdict for verdict in verdicts if verdict.kind == "right"]
    assert len(won) == 1
    assert {verdict.kind for verdict in verdicts} == {"right", "late"}
    winner = (await world.game()).rounds[0].winner
    again = await asyncio.gather(*(world.press(str(who)) for who in range(100, 150)))
    assert [verdict.kind for verdict in again].count("right") == 1  # the winner's own press, asked again
    assert await world.paid(1) == [(f"600:{winner}", "1000:0", 10)]


async def test_a_game_goes_through_its_rounds_by_the_clock(world: World) -> None:
    await world.start(rounds=2)
    work = await world.shown()
    assert work.view is not None
    assert work.view.round.deadline_ms == world.now + 30_000
    assert work.view.round.right is None  # nothing tells the answer
    assert work.view.round.passage == work.view.round.answer == ""
    await world.pass_by(29)
    assert not (await world.game()).round.closed
    await world.pass_by(2)
    closed = (await world.game()).rounds[0]
    assert (closed.closed, closed.winner, closed.post.stale) == (True, None, False)
    assert (await world.press("1")).kind == "late"
    await world.pass_by(6)
    game = await world.game()
    assert (game.current, game.round.post.message_id) == (1, "92")
    await world.press("1")
    await world.pass_by(7)
    game = await world.game()
    assert (game.ended, game.end_post.message_id) == ("finished", "90")
    await world.paid(1)
    assert (await world.work()).settled
    assert (await GameDocument.load(CHANNEL)).unsettled == 0


async def test_streaks_give_more_and_hints_cost(world: World) -> None:
    await world.start(rounds=5)
    gained = []
    for number in range(5):
        await world.shown()
        if number == 3:
            for ask in ("a", "b", "b"):
                hint = await world.call("hint", "1000", number, ask, "1", "N1")
                assert hint.text not in ((await world.game()).round.answers)
            assert hint.left == 0
            with pytest.raises(RequestError, match="no more hints"):
                await world.call("hint", "1000", number, "c", "1", "N1")
        gained.append((await world.press("1")).gained)
        await world.pass_by(7)
    assert gained == [10, 12, 14, 16 - 6, 16]
    [first] = await world.call("tallies")
    assert (first.user_id, first.points, first.rounds, first.best_streak, first.games) == ("1", 62, 5, 5, 1)
    assert sum(amount for _, _, amount in await world.paid(5)) == 62


async def test_a_round_that_nobody_wins_ends_a_streak(world: World) -> None:
    await world.start(rounds=3)
    for win in (True, False, True):
        await world.shown()
        if win:
            await world.press("1")
        await world.pass_by(38)
    assert (await world.game()).players["1"].best_streak == 1


async def test_after_a_restart_the_same_question_stands_with_its_remaining_time(world: World) -> None:
    await world.start()
    await world.shown()
    await world.press("2", right=False)
    await world.pass_by(12)
    before = await world.game()
    world.restart()
    world.now += 600_000  # nobody was there for ten minutes
    assert (await world.press("2")).kind == "locked"
    work = await world.shown()
    after = await world.game()
    assert after.current == before.current
    assert after.round.choices == before.round.choices
    left_before, left_after = before.round.deadline_ms - before.beat_ms, after.round.deadline_ms - world.now
    assert left_before - 3000 <= left_after <= left_before
    assert work.view is not None
    assert work.view.round.message_id == before.round.post.message_id  # shown anew, not posted again
    assert (await world.press("1")).kind == "right"


async def test_two_gateways_never_post_the_same_twice(world: World) -> None:
    await world.start(rounds=1)
    first, second = await asyncio.gather(world.work("one"), world.work("two"))
    assert [work.slot is not None for work in (first, second)].count(True) == 1
    world.now += 21_000  # it died before it could tell
    again = await world.work("two" if first.slot else "one")
    assert again.slot is not None
    assert again.slot.again  # so it looks for a post that stands already
    assert await world.call("posted", "1000", 0, "901") == "901"
    assert await world.call("posted", "1000", 0, "902") == "901"  # and takes its own away


async def test_typed_answers_count_and_talk_does_not(world: World) -> None:
    await world.start()
    await world.shown()
    one = (await world.game()).round
    assert (await world.type("1", "what a nice day")).kind == "none"
    assert (await world.type("2", one.choices[((one.right or 0) + 1) % 4].text)).kind == "wrong"
    assert (await world.type("3", "what a nice day", explicit=True)).kind == "wrong"
    assert (await world.type("1", one.answers[0].upper())).kind == "right"
    assert (await world.type("4", "abcd"[one.right or 0])).kind == "late"
    assert (await world.type("4", "what a nice day")).kind == "none"


async def test_a_riddle_gives_three_guesses(world: World) -> None:
    await world.start("riddle", theme="potato", rounds=1)
    await world.shown()
    one = (await world.game()).round
    assert "potato" in one.answers[0]
    assert [(await world.type("2", text, explicit=True)).left for text in ("a carrot", "a beet")] == [2, 1]
    assert (await world.type("2", "a potatoo peel")).kind in ("close", "none")
    assert (await world.type("2", "a leek", explicit=True)).left == 0
    assert (await world.type("2", "potato")).kind == "locked"
    assert await world.type("1", "Potatoes!") == Verdict(kind="right", gained=15, streak=1)


async def test_what_was_asked_is_not_asked_again_soon(world: World) -> None:
    asked: list[str] = []
    for number in range(6):
        game = await world.start("riddle", rounds=8, id=f"{2000 + number}")
        asked += [one.id for one in game.rounds]
        await world.call("stop", "7", False)
        await world.shown()
    assert len(set(asked)) == 48 == len(asked)
    game = await world.start("riddle", rounds=8, id="3000")
    assert [one.id for one in game.rounds] == asked[:8]  # the longest ago


async def test_one_game_at_a_time_and_the_same_order_once(world: World) -> None:
    game = await world.start()
    assert await world.start() == game
    with pytest.raises(RequestError, match="running in this channel already"):
        await world.start(id="1001")
    await world.call("stop", "7", False)
    with pytest.raises(RequestError, match="coming to its end"):
        await world.start(id="1001")
    await world.shown()
    assert (await world.start(id="1001")).id == "1001"


async def test_only_who_began_it_or_moderates_may_stop_it(world: World) -> None:
    with pytest.raises(RequestError, match="No game is running"):
        await world.call("stop", "7", False)
    await world.start()
    await world.shown()
    with pytest.raises(RequestError, match="Only whoever started"):
        await world.call("stop", "8", False)
    view = await world.call("stop", "8", True)
    assert (view.ended, view.round.closed) == ("stopped", True)


async def test_in_a_direct_message_a_game_can_be_stopped_by_who_is_not_known_any_more(world: World) -> None:
    await world.start(guild_id=None)
    await world.call("forget_person", "7")
    assert (await world.call("stop", "7", False)).ended == "stopped"
    assert (await world.press("1")).kind == "late"
    await world.shown()
    assert (await world.work()).settled


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rounds": 11}, "1 to 10 rounds"),
        ({"rounds": 0}, "1 to 10"),
        ({"seconds": 9}, "10 to 60"),
        ({"seconds": 61}, "10 to 60"),
    ],
)
async def test_orders_that_cannot_be_are_refused(world: World, changes: dict[str, int], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        await world.start(**changes)


@pytest.mark.parametrize(
    ("kind", "said"), [("trivia", "not enough lore"), ("riddle", "no riddles"), ("story", "no stories")]
)
async def test_a_pack_without_anything_says_what_to_do(database: DatabaseHandle, kind: GameKind, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        await World(pack=make_pack()).start(kind)


async def test_a_theme_is_searched_and_the_words_do_while_retrieval_is_away(world: World) -> None:
    lore = next(one for one in PACK.lore if one.id == "ships/the-iron-thunder")
    world.lore.passages = (Passage(id=lore.id, text=lore.text, score=1, source=lore.source, title=lore.title),)
    game = await world.start(theme="cannons", rounds=2)
    assert {one.title for one in game.rounds} == {lore.title}
    [query] = world.lore.queries
    assert (query.text, query.pack, query.guild_id) == ("cannons", PACK.id, "600")
    await world.call("stop", "7", False)
    await world.shown()
    world.lore.fails = DatabaseUnavailable("Away.", component="retrieval")
    game = await world.start(theme="potato", rounds=3, id="1001")
    assert all("potato" in f"{one.text} {one.passage} {one.title}".casefold() for one in game.rounds)


class AwayLedger(Ledger):
    """One that does not answer."""

    asked = 0

    @exposed
    async def enter(self, entry_id: str, amount: int, reason: str, name: str) -> None:
        """See Ledger."""
        AwayLedger.asked += 1
        raise DatabaseUnavailable("Away.", component="database")


async def test_points_wait_for_a_ledger_that_is_away_and_are_paid_once(world: World) -> None:
    world.ledger = AwayLedger
    world.restart()
    await world.start(rounds=1)
    await world.shown()
    await world.press("1")

    async def asked() -> bool:
        await world.work()
        return AwayLedger.asked > 0

    await eventually(asked)
    assert (await GameDocument.load(CHANNEL)).payments
    assert not (await world.work()).settled
    world.ledger = Ledger
    world.restart()
    assert await world.paid(1) == [("600:1", "1000:0", 10)]


async def test_a_win_against_others_and_a_game_without_a_mistake_count_for_badges(world: World) -> None:
    await world.start(rounds=3)
    for _ in range(3):
        await world.shown()
        await world.press("2", right=False)
        await world.press("1")
        await world.pass_by(9)
    await world.paid(5)
    assert sorted(world.feats) == [("600:1", "perfect"), ("600:1", "win")]
    world.book.clear()
    await world.start(rounds=3, id="1001")
    for number in range(3):
        await world.shown()
        await world.press("1", right=number > 0)
        await world.pass_by(40 if number == 0 else 9)
    await world.paid(2)
    assert world.feats == []  # alone, and not without a mistake


async def test_a_story_is_steered_by_votes_to_an_ending(world: World) -> None:
    game = await world.start("story", theme="comet")
    assert (game.title, game.persona_id) == ("The Comet That Left the Kitchen", "marmalo")
    await world.shown()
    vote = partial(world.call, "answer", "1000")
    await vote(0, "p1", "1", "N1", 1)
    await vote(0, "p2", "2", "N2", 0)
    await vote(0, "p3", "3", "N3", 0)
    assert not (await world.game()).rounds[0].closed  # others may still vote
    await world.pass_by(9)
    game = await world.game()
    assert (game.rounds[0].picked, game.current) == (0, 1)
    assert game.round.id.endswith(":minnow")
    # All who take part have voted: nobody is waited for. Of equals the first vote counts.
    assert (await world.type("3", "wait at the far end with a pot")).text == "Wait at the far end with a pot"
    assert (await world.type("1", "a")).kind == "voted"
    assert (await world.type("2", "hello you two")).kind == "none"
    await world.type("2", "B")
    await world.shown()
    game = await world.game()
    assert game.round.id.endswith(":pot")
    await vote(2, "p7", "1", "N1", 0)
    await world.pass_by(9)
    game = await world.game()
    assert (game.ended, game.round.ending, game.end_post.message_id) == ("finished", "A Seat at the Table", "90")
    assert sorted(await world.paid(3)) == [(f"600:{who}", "1000:end", 5) for who in "123"]
    assert (await world.work()).settled


async def test_a_story_in_a_direct_message_goes_on_at_once_and_falls_asleep_alone(world: World) -> None:
    await world.start("story", theme="potato", guild_id=None)
    await world.shown()
    await world.type("7", "1")
    await world.shown()
    assert (await world.game()).current == 1
    with pytest.raises(RequestError, match="none of the choices"):
        await world.type("7", "fly to the moon", explicit=True)
    assert (await world.game()).persona_id == "elio"  # the story's own narrator is not in the cast here
    await world.pass_by(200)
    assert (await world.game()).ended == "asleep"


async def test_all_stories_end_whatever_is_chosen(world: World) -> None:
    for story in PACK.stories:
        assert len(story.scenes) >= 8
        assert sum(scene.ending is not None for scene in story.scenes.values()) >= 3
        for seed in range(8):
            name, steps, rng = story.start, 0, random.Random(seed)
            while story.scenes[name].ending is None:
                name, steps = rng.choice(story.scenes[name].ways).to, steps + 1
                assert steps < 30


async def test_what_is_kept_about_people_is_shown_and_forgotten(world: World, database: DatabaseHandle) -> None:
    await world.start(rounds=1)
    await world.shown()
    await world.press("8", right=False)
    await world.press("9")
    assert await keys_of(database, KIND, "9") == await keys_of(database, KIND, "8") == [CHANNEL]
    assert "rounds won: 1, points: 10" in (await world.call("kept_about", "9"))[0].text
    assert "took part" in (await world.call("kept_about", "8"))[0].text
    for who in ("7", "8", "9"):
        assert await world.call("forget_person", who) == 1
        assert await keys_of(database, KIND, who) == []
        assert await world.call("forget_person", who) == 0
    stored = json.dumps((await GameDocument.load(CHANNEL)).model_dump(), default=str)
    assert '"9"' not in stored
    assert "N9" not in stored


async def test_who_is_forgotten_is_not_paid_any_more(world: World) -> None:
    await world.start(rounds=1)
    await world.shown()
    await world.press("9")
    await world.call("forget_person", "9")
    await world.work()
    await world.work()
    assert world.book == []


async def test_a_game_is_looked_after_until_it_is_settled(world: World, database: DatabaseHandle) -> None:
    assert await channels_with_games(database) == []
    await world.start()
    assert await channels_with_games(database) == [CHANNEL]
    await world.call("lost", "1000", "the channel is gone")
    assert await channels_with_games(database) == []
    work = await world.work()
    assert (work.settled, work.slot) == (True, None)
    assert END < 0


async def test_old_buttons_and_unknown_games_are_answered(world: World) -> None:
    assert (await world.call("answer", "1", 0, "p", "1", "N", 0)).kind == "over"
    assert (await world.type("1", "42", explicit=True)).kind == "over"
    assert (await world.type("1", "42")).kind == "none"
    await world.start(rounds=1)
    with pytest.raises(RequestError, match="not there any more"):
        await world.call("answer", "1000", 0, "p", "1", "N", 7)
    with pytest.raises(RequestError, match="round is over"):
        await world.call("hint", "1000", 3, "p", "1", "N")
    assert (await world.call("answer", "999", 0, "p", "1", "N", 0)).kind == "over"
