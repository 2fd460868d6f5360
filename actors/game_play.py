"""How a game goes: whose answer counts, when a round is over, what comes next. It changes the channel's document and
nothing else, so it can be run through without actors, clocks or Discord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from actors.answer_judge import judge
from actors.game_making import GameMaker
from actors.game_state import (
    HINT_COST,
    MAX_TALLIES,
    MOST_STREAK_BONUS,
    STREAK_BONUS,
    WORTH,
    Attempt,
    Game,
    GameDocument,
    Payment,
    Player,
    Round,
    Tally,
)
from actors.game_views import END, Ended, Hint, Slot, Verdict
from core.errors import RequestError
from core.wording import Wording

LETTERS = "abcd"
GUESSES = 3
LEAST_PERFECT = 3  # rounds of a game that counts as one without a mistake
_SLACK_MS = 1000
_SAID_SO = 85  # likeness, of 100, from which words are those of a choice


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRules:
    """The pace, in seconds. `pause_s` is how long an answer is shown, `scene_s` how long a story waits for a choice
    and `vote_s` how long others may still vote once one has. A gateway looks after a game every `beat_s`, and has
    `lease_s` to make a post."""

    pause_s: float = 6.0
    scene_s: float = 180.0
    vote_s: float = 8.0
    beat_s: float = 2.0
    lease_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Try:
    """An answer as it arrived. `id` is that of the press or message: the same again gets the same verdict."""

    id: str
    user_id: str
    name: str


class Play:
    """A channel's game at the moment `now`, in epoch milliseconds."""

    def __init__(self, document: GameDocument, game: Game, maker: GameMaker, rules: GameRules, now: int) -> None:
        self._document, self._game, self._maker, self._rules, self._now = document, game, maker, rules, now

    def pick(self, number: int, by: Try, choice: int) -> Verdict:
        """Somebody pressed the button of a choice."""
        if (settled := self._settled(number, by)) is not None:
            return settled
        if self._game.kind == "story":
            return self._vote(by, choice)
        return self._attempt(by, "right" if choice == self._game.round.right else "wrong", choice)

    def guess(self, number: int, by: Try, text: str, *, explicit: bool) -> Verdict:
        """Somebody typed something; where it is no answer and not `explicit`ly one, it is talk. Raises RequestError for
        a choice that a story does not have."""
        game, one = self._game, self._game.rounds[number]
        choice = _chosen(text, one)
        if choice is not None:
            return self.pick(number, by, choice)
        if game.kind == "story":
            if explicit:
                raise RequestError(
                    Wording("refused-game-no-choice", "That is none of the choices. Type its letter or its words."),
                    field="option",
                )
            return Verdict(kind="none")
        others = [other.text for index, other in enumerate(one.choices) if index != one.right]
        judged = judge(text, one.text, one.answers, others)
        if judged == "none" and explicit:
            judged = "wrong"
        if judged == "none":
            return Verdict(kind="none")
        if (settled := self._settled(number, by)) is not None:
            return settled
        if judged == "close" and not explicit:
            return Verdict(kind="close", left=self._left(one, by.user_id))
        return self._attempt(by, judged, None)

    def hint(self, number: int, by: Try) -> Hint:
        """A hint for one person. Raises RequestError where there is none to be had."""
        game, one = self._game, self._game.round
        if game.over or number != game.current or one.closed:
            raise RequestError(Wording("refused-round-over", "This round is over."), field="round")
        if not self._left(one, by.user_id):
            raise RequestError(
                Wording("refused-round-out", "You are out of this round; the next one comes soon."), field="user"
            )
        asked = one.hinted.setdefault(by.user_id, [])
        if by.id not in asked:
            if len(asked) >= len(one.hints):
                raise RequestError(
                    Wording("refused-round-hints", "There are no more hints for this one."), field="round"
                )
            asked.append(by.id)
            self._player(by)
        place = asked.index(by.id)
        return Hint(one.hints[place], bool(one.choices), len(one.hints) - place - 1, HINT_COST)

    def advance(self) -> None:
        """See it on where it is time to."""
        game, one = self._game, self._game.round
        self.keep_time()
        if game.over:
            return
        if one.open and self._now >= one.deadline_ms:
            self._close()
        if one.closed and self._now >= game.next_ms:
            self._go_on()

    def keep_time(self) -> None:
        """Time in which nobody looked after the game does not count, but for a beat."""
        game, one = self._game, self._game.round
        gap, beat = self._now - game.beat_ms, self._rules.beat_s * 1000
        if gap > beat + _SLACK_MS:
            lost = int(gap - beat)
            if one.open:
                one.deadline_ms += lost
                one.post.stale = one.post.message_id is not None
            if one.closed:
                game.next_ms += lost
        if gap > 0.8 * beat:
            game.beat_ms = self._now

    def stop(self) -> None:
        """End it at once."""
        one = self._game.round
        if not one.closed:
            one.closed = True
            one.post.stale = one.post.message_id is not None
        self.finish("stopped")

    def finish(self, ended: Ended) -> None:
        """It has ended."""
        self._game.ended = ended
        for user_id, player in self._game.players.items():
            self._tally(user_id, player.name).games += 1
        if ended == "finished" and self._game.kind != "story":
            self._note_feats()

    def posted(self, number: int, message_id: str) -> str:
        """A post stands, and time runs from now on. Returns the id that counts, the first that was told."""
        game, post = self._game, self._game.post(number)
        if post is None:
            return message_id
        if post.message_id is None:
            post.message_id = message_id
            if number >= 0:
                one = game.rounds[number]
                if game.over or one.closed:
                    post.stale = True
                elif not one.deadline_ms:  # a vote may have come before
                    seconds = self._rules.scene_s if game.kind == "story" else game.seconds
                    one.deadline_ms = self._now + int(seconds * 1000)
                    game.beat_ms = self._now
        return post.message_id

    def slot(self, holder: str) -> Slot | None:
        """The post that `holder` is to make now, where there is one and nobody else is about to make it."""
        number = END if self._game.over else self._game.current
        post = self._game.post(number)
        if post is None or post.message_id is not None or (post.until_ms > self._now and post.holder != holder):
            return None
        slot = Slot(number, again=post.until_ms > 0)
        post.holder, post.until_ms = holder, self._now + int(self._rules.lease_s * 1000)
        return slot

    def wait_ms(self) -> int:
        """For how long nothing will happen by itself, at most a beat."""
        game, one = self._game, self._game.round
        until = [self._now + int(self._rules.beat_s * 1000)]
        if not game.over and one.open:
            until.append(one.deadline_ms)
        if not game.over and one.closed:
            until.append(game.next_ms)
        return max(0, min(until) - self._now)

    def _settled(self, number: int, by: Try) -> Verdict | None:
        """The verdict on an answer that is known already or comes too late; None where it is to be judged."""
        game, one = self._game, self._game.rounds[number]
        self.keep_time()
        before = one.attempts.get(by.user_id)
        if before is not None and before.id == by.id:
            return _verdict(one, before)
        if number == game.current and not game.over and one.open and self._now >= one.deadline_ms:
            self._close()
        if number != game.current or game.over or one.closed:
            winner = game.players.get(one.winner or "")
            return Verdict(kind="late", by=winner.name if winner else "")
        if game.kind != "story" and not self._left(one, by.user_id):
            return Verdict(kind="locked")
        return None

    def _attempt(self, by: Try, judged: Literal["right", "wrong", "close"], choice: int | None) -> Verdict:
        one = self._game.round
        player = self._player(by)
        guesses = one.attempts[by.user_id].guesses if by.user_id in one.attempts else 0
        attempt = Attempt(id=by.id, verdict=judged, choice=choice, guesses=guesses + 1)
        one.attempts[by.user_id] = attempt
        if judged == "right":
            self._win(by.user_id, player)
            self._close()
        return _verdict(one, attempt)

    def _win(self, user_id: str, player: Player) -> None:
        game, one = self._game, self._game.round
        for other in game.players.values():
            other.streak = other.streak + 1 if other is player else 0
        bonus = min(STREAK_BONUS * (player.streak - 1), MOST_STREAK_BONUS)
        one.gained = max(1, WORTH[game.kind] + bonus - HINT_COST * len(one.hinted.get(user_id, [])))
        one.winner, one.streak = user_id, player.streak
        player.rounds += 1
        player.best_streak = max(player.best_streak, player.streak)
        self._reward(user_id, player, f"{game.id}:{game.current}", one.gained)
        tally = self._tally(user_id, player.name)
        tally.rounds += 1
        tally.best_streak = max(tally.best_streak, player.streak)

    def _vote(self, by: Try, choice: int) -> Verdict:
        """The first vote gives the others a moment; alone, or once all who took part so far have voted, nobody is
        waited for. Whoever votes again changes their mind."""
        game, one = self._game, self._game.round
        self._player(by)
        one.attempts[by.user_id] = attempt = Attempt(id=by.id, verdict="voted", choice=choice)
        one.post.stale = one.post.message_id is not None
        vote_ends = self._now + int(self._rules.vote_s * 1000)
        one.deadline_ms = min(one.deadline_ms or vote_ends, vote_ends)
        voters = {user_id for scene in game.rounds[: game.current] for user_id in scene.attempts}
        if game.guild_id is None or (voters and voters <= set(one.attempts)):
            self._close()
        return _verdict(one, attempt)

    def _close(self) -> None:
        game, one = self._game, self._game.round
        one.closed = True
        one.post.stale = one.post.message_id is not None
        game.next_ms = self._now + int(self._rules.pause_s * 1000)
        if game.kind == "story":
            game.next_ms = self._now
            one.picked = _most_voted(one)
        elif one.winner is None:
            for player in game.players.values():
                player.streak = 0

    def _go_on(self) -> None:
        """The next question or scene, or the end."""
        game = self._game
        if game.kind == "story":
            self._turn_page()
        elif game.current + 1 < len(game.rounds):
            game.current += 1
        else:
            self.finish("finished")

    def _turn_page(self) -> None:
        game = self._game
        if game.round.picked is None:
            self.finish("asleep")
            return
        scene = self._maker.scene(game.story_id, game.round.choices[game.round.picked].to)
        if scene is None:  # the pack has changed
            self.finish("lost")
            return
        game.rounds.append(scene)
        game.current += 1
        if scene.ending is None:
            return
        scene.closed, scene.post.message_id = True, ""  # it is shown by the post that ends the game
        for user_id, player in game.players.items():
            self._reward(user_id, player, f"{game.id}:end", WORTH["story"])
        self.finish("finished")

    def _note_feats(self) -> None:
        """Who won against others, and who won a whole game at the first try each time, have that counted."""
        game = self._game
        best = max((player.points for player in game.players.values()), default=0)
        first = [user_id for user_id, player in game.players.items() if player.points == best > 0]
        if len(first) == 1 and len(game.players) > 1:
            self._owe(first[0], game.players[first[0]], f"{game.id}:win", 0, "win")
        for user_id, player in game.players.items():
            at_once = all(one.winner == user_id and one.attempts[user_id].guesses <= 1 for one in game.rounds)
            if at_once and len(game.rounds) >= LEAST_PERFECT:
                self._owe(user_id, player, f"{game.id}:perfect", 0, "perfect")

    def _left(self, one: Round, user_id: str) -> int:
        """How many answers somebody has: of choices one, at a riddle a few."""
        used = one.attempts[user_id].guesses if user_id in one.attempts else 0
        return max(0, (1 if one.choices else GUESSES) - used)

    def _reward(self, user_id: str, player: Player, entry_id: str, amount: int) -> None:
        player.points += amount
        self._tally(user_id, player.name).points += amount
        self._owe(user_id, player, entry_id, amount)

    def _owe(self, user_id: str, player: Player, entry_id: str, amount: int, feat: str = "") -> None:
        self._document.payments.append(
            Payment(
                entry_id=entry_id,
                user_id=user_id,
                guild_id=self._game.guild_id,
                amount=amount,
                reason=self._game.kind,
                name=player.name,
                feat=feat,
            )
        )

    def _player(self, by: Try) -> Player:
        player = self._game.players.setdefault(by.user_id, Player(name=by.name))
        player.name = by.name
        return player

    def _tally(self, user_id: str, name: str) -> Tally:
        tallies = self._document.tallies
        if user_id not in tallies and len(tallies) >= MAX_TALLIES:
            del tallies[min(tallies, key=lambda one: (tallies[one].points, tallies[one].at_ms))]
        tally = tallies.setdefault(user_id, Tally(name=name))
        tally.name, tally.at_ms = name, self._now
        return tally


def _verdict(one: Round, attempt: Attempt) -> Verdict:
    if attempt.verdict == "voted":
        return Verdict(kind="voted", text=one.choices[attempt.choice or 0].text)
    if attempt.verdict == "right":
        return Verdict(kind="right", gained=one.gained, streak=one.streak)
    return Verdict(kind=attempt.verdict, left=0 if one.choices else max(0, GUESSES - attempt.guesses))


def _chosen(text: str, one: Round) -> int | None:
    """The choice that was typed: by its letter, or in a story by its number or its words."""
    plain = text.strip().strip(".):(").casefold()
    letters = LETTERS[: len(one.choices)]
    if len(plain) == 1 and plain in letters:
        return letters.index(plain)
    if one.right is None and one.choices:
        if plain.isdigit() and 1 <= int(plain) <= len(one.choices):
            return int(plain) - 1
        scores = [fuzz.ratio(plain, choice.text.casefold().strip("“”.")) for choice in one.choices]
        if max(scores) >= _SAID_SO:
            return scores.index(max(scores))
    return None


def _most_voted(one: Round) -> int | None:
    """The choice of most people; of several that of whoever voted first. None where nobody did."""
    votes = [attempt.choice for attempt in one.attempts.values() if attempt.choice is not None]
    return max(dict.fromkeys(votes), key=votes.count) if votes else None
