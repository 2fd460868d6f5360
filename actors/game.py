"""The game actor: one channel's trivia, riddles or story, by the channel's id.

It decides everything: whose answer came first (its calls come one at a time, so the order of arrival counts), when a
round is over, what is shown next and who may post it. The gateways only carry (`bot/games.py`). `advance` may be
called by any number of them and at any time: it changes something only when it is time to.

Time counts only while somebody looks after the game: what passes between two looks beyond two seconds, since a process
was gone, is added to the deadline.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from actors.game_making import GameMaker
from actors.game_play import GameRules, Play, Try
from actors.game_state import MAX_USED, Game, GameDocument, Payment, round_view, standings, view_of
from actors.game_views import GameOrder, GameView, Hint, RoundView, Standing, Verdict, Work
from actors.host import VirtualActor, exposed
from actors.virtual import Actors
from core.clock import now_ms
from core.errors import RequestError, TroupeError
from core.messages import Kept
from core.wording import Wording

log = logging.getLogger(__name__)

KIND = "game"
POINTS = "points"
_PAY_AGAIN_MS = 2000
_PAYING_MS, _LEAST_WAIT_MS = 200, 20


class GameActor(VirtualActor[GameDocument]):
    """A channel's game. Bind all but the key with `functools.partial` to get its factory."""

    def __init__(
        self, key: str, *, maker: GameMaker, actors: Actors, rules: GameRules, clock: Callable[[], int] = now_ms
    ) -> None:
        """`actors` is asked to pay points."""
        super().__init__(key, GameDocument)
        self._maker, self._actors, self._rules, self._clock = maker, actors, rules, clock
        self._paying_to: str | None = None
        self._paid = asyncio.Event()
        self._pay_after_ms = 0

    # What people do

    @exposed
    async def start(self, order: GameOrder) -> GameView:
        """Begin a game; the same order again gives the game that it began. Raises RequestError where one runs."""
        document = self.document
        known = document.game
        if known is not None and known.id == order.id:
            return view_of(known)
        if known is not None and not known.over:
            raise RequestError(
                Wording(
                    "refused-game-runs", "A game is running in this channel already. Join in, or have it stopped first."
                ),
                field="channel",
            )
        if known is not None and not known.settled:
            raise RequestError(
                Wording("refused-game-ending", "The last game is just coming to its end. Try again in a few seconds."),
                field="channel",
            )
        game = await self._maker.game(order, document.used)
        game.beat_ms = self._clock()
        document.game = game
        asked = [one.id for one in game.rounds]
        document.used = [*(one for one in document.used if one not in asked), *asked][-MAX_USED:]
        return view_of(game)

    @exposed
    async def view(self) -> GameView | None:
        """The game that runs or was the last."""
        return view_of(self.document.game) if self.document.game else None

    @exposed
    async def tallies(self) -> tuple[Standing, ...]:
        """How everybody did in all games of this channel, the best first."""
        return standings(self.document.tallies)

    @exposed
    async def stop(self, user_id: str, moderator: bool) -> GameView:
        """End the game. Raises RequestError where none runs, or for whoever neither began it nor moderates; in a direct
        message it is everybody's who reads it."""
        game = self.document.game
        if game is None or game.over:
            raise RequestError(
                Wording("refused-game-none", "No game is running in this channel. Start one."), field="channel"
            )
        if game.guild_id is not None and user_id != game.starter_id and not moderator:
            raise RequestError(
                Wording(
                    "refused-game-stop",
                    "Only whoever started this game, or somebody with Manage Messages, may stop it.",
                ),
                field="user",
            )
        self._play(game).stop()
        return view_of(game)

    @exposed
    async def answer(self, game_id: str, number: int, attempt_id: str, user_id: str, name: str, choice: int) -> Verdict:
        """Somebody pressed the button of a choice. `attempt_id` is that of the press: the same again, the same verdict.

        Raises RequestError for a choice that is not there.
        """
        game = self._of(game_id)
        if game is None:
            return Verdict(kind="over")
        if not 0 <= number < len(game.rounds) or not 0 <= choice < len(game.rounds[number].choices):
            raise RequestError(Wording("refused-game-choice", "This choice is not there any more."), field="choice")
        return self._play(game).pick(number, Try(attempt_id, user_id, name), choice)

    @exposed
    async def guess(
        self,
        attempt_id: str,
        user_id: str,
        name: str,
        text: str,
        explicit: bool,
        number: int | None = None,
        game_id: str | None = None,
    ) -> Verdict:
        """Somebody typed something, about the round `number` of that game where they say so. Where it is not
        `explicit`ly an answer, it may be talk, which gives "none". Raises RequestError for no choice of a story."""
        game = self._of(game_id)
        if game is None or (game_id is None and game.over) or (number or 0) >= len(game.rounds):
            return Verdict(kind="over" if explicit else "none")
        place = game.current if number is None else number
        return self._play(game).guess(place, Try(attempt_id, user_id, name), text, explicit=explicit)

    @exposed
    async def hint(self, game_id: str, number: int, ask_id: str, user_id: str, name: str) -> Hint:
        """A hint for one person, whose reward it makes smaller. Raises RequestError where there is none to be had."""
        game = self._of(game_id)
        if game is None:
            raise RequestError(Wording("refused-game-over", "This game is over."), field="game")
        return self._play(game).hint(number, Try(ask_id, user_id, name))

    # What the gateways do

    @exposed
    async def advance(self, holder: str) -> Work:
        """See the game on where it is time to, and say what `holder`, a gateway, has to do for it."""
        document, now = self.document, self._clock()
        game = document.game
        if game is None:
            return Work(settled=not document.payments)
        play = self._play(game)
        play.advance()
        wait_ms = play.wait_ms()
        if document.payments:
            if now >= self._pay_after_ms and self._paying_to is None:
                self._pay_after_ms = now + _PAY_AGAIN_MS
                self.background(self._pay())
            wait_ms = min(wait_ms, max(_PAYING_MS, self._pay_after_ms - now))
        return Work(
            slot=play.slot(holder),
            view=view_of(game),
            stale=tuple(round_view(game, index) for index, one in enumerate(game.rounds) if one.post.stale),
            wait_ms=max(_LEAST_WAIT_MS, wait_ms),
            settled=game.settled and not document.payments,
        )

    @exposed
    async def posted(self, game_id: str, number: int, message_id: str) -> str:
        """A post stands; from now on time runs. Returns the id that counts: another one where it was posted before."""
        game = self._of(game_id)
        return self._play(game).posted(number, message_id) if game is not None else message_id

    @exposed
    async def shown(self, game_id: str, shown: RoundView) -> None:
        """A round's post shows it like this; where it has changed meanwhile, that is still to be shown."""
        game = self._of(game_id)
        if game is None or not 0 <= shown.number < len(game.rounds):
            return
        if round_view(game, shown.number) == shown:
            game.rounds[shown.number].post.stale = False

    @exposed
    async def lost(self, game_id: str, reason: str) -> None:
        """The game cannot be shown any more: its channel is gone, or the bot may not write there."""
        game = self._of(game_id)
        if game is None:
            return
        log.warning("[GAME] the game in channel %s ends: %s", self.key, reason)
        if not game.over:
            self._play(game).finish("lost")
        game.end_post.message_id = game.end_post.message_id or ""
        for one in game.rounds:
            one.post.stale = False

    # People's rights

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept about a person."""
        document = self.document
        if tally := document.tallies.get(user_id):
            won, points, games = tally.rounds, tally.points, tally.games
            text = Wording(
                "kept-games",
                "rounds won: {rounds:,}, points: {points:,}, games: {games:,}",
                rounds=won,
                points=points,
                games=games,
            )
            at_ms = tally.at_ms
        elif user_id in document.people:
            text = Wording("kept-last-game", "took part in the last game")
            at_ms = document.game.beat_ms if document.game else 0
        else:
            return ()
        return (Kept(kind="game", channel_id=self.key, message_id="", at_ms=at_ms, text=text),)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forget it; points that are not in the ledger yet are not paid. Returns how many things that were."""
        if self._paying_to == user_id:
            await self._paid.wait()  # or it would be paid after the ledger was emptied
        document = self.document
        count = int(user_id in document.people)
        document.tallies.pop(user_id, None)
        document.payments = [one for one in document.payments if one.user_id != user_id]
        if (game := document.game) is not None:
            game.players.pop(user_id, None)
            game.starter_id = "" if game.starter_id == user_id else game.starter_id
            for one in game.rounds:
                one.attempts.pop(user_id, None)
                one.hinted.pop(user_id, None)
                one.winner = "" if one.winner == user_id else one.winner
        return count

    async def _pay(self) -> None:
        """Have what is owed entered into the ledger, which takes each entry once however often it comes."""
        while (owed := await self._next_payment()) is not None:
            key = f"{owed.guild_id or 'dm'}:{owed.user_id}"
            try:
                if owed.feat:
                    await self._actors.call(POINTS, key, "note", owed.feat, owed.entry_id)
                else:
                    await self._actors.call(POINTS, key, "enter", owed.entry_id, owed.amount, owed.reason, owed.name)
            except RequestError as error:
                log.error("[GAME] the ledger refuses %s for %s: %s", owed.entry_id, owed.user_id, error)
            except TroupeError as error:
                log.warning("[GAME] %s will be paid later: %s", owed.entry_id, error)
                return
            finally:
                self._paying_to = None
                self._paid.set()
            async with self.exclusive():
                self.document.payments = [one for one in self.document.payments if one != owed]
        self._pay_after_ms = 0

    async def _next_payment(self) -> Payment | None:
        async with self.exclusive():
            owed = next(iter(self.document.payments), None)
            if owed is not None:
                self._paying_to = owed.user_id
                self._paid.clear()
            return owed

    def _play(self, game: Game) -> Play:
        return Play(self.document, game, self._maker, self._rules, self._clock())

    def _of(self, game_id: str | None) -> Game | None:
        """The channel's game, running or over, where it is that one."""
        game = self.document.game
        return game if game is not None and game_id in (None, game.id) else None
