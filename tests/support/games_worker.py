"""A process to be killed at any moment: `python -m tests.support.games_worker URI DATABASE SEED`.

It plays games in which PLAYERS people are right at once in every round, says who won each, and looks after them as the
bot does.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys

from actors.game import KIND, GameActor
from actors.game_making import GameMaker
from actors.game_play import GameRules
from actors.game_state import GameDocument
from actors.game_views import GameOrder, Verdict, Work
from actors.points import PointsDocument
from actors.standing import StandingDocument
from actors.virtual import LocalVirtualActors
from core.documents import connect
from core.personas import load_pack
from core.settings import ROOT
from tests.support.ledger import Treasury
from tests.support.points_worker import say

PLAYERS = 50
ROUNDS = 3
GUILD = "600"


def actors_of_games() -> LocalVirtualActors:
    """Those of a fresh process."""
    maker = GameMaker(load_pack(ROOT / "packs" / "communiverse"), None, random.Random(1))
    rules = GameRules(pause_s=0.0, beat_s=0.05, lease_s=0.1)
    return Treasury().actors({KIND: lambda key, actors: GameActor(key, maker=maker, actors=actors, rules=rules)})


async def play(actors: LocalVirtualActors, channel: str) -> None:
    """Play the game of a channel to its end, from wherever it stands."""
    order = GameOrder(
        id=channel, kind="trivia", starter_id="1", persona_id="elio", guild_id=GUILD, rounds=ROUNDS, seconds=60
    )
    await actors.call(KIND, channel, "start", order)
    while True:
        work: Work = await actors.call(KIND, channel, "advance", "gateway")
        if work.settled:
            return
        for one in work.stale:
            await actors.call(KIND, channel, "shown", channel, one)
        if work.slot is not None:
            await actors.call(KIND, channel, "posted", channel, work.slot.number, f"post {work.slot.number}")
        game = (await GameDocument.load(channel)).game
        if game is not None and game.round.open and not game.over:
            await answer(actors, channel, game.current, game.round.right or 0)
        else:
            await asyncio.sleep(0.01)


async def answer(actors: LocalVirtualActors, channel: str, number: int, right: int) -> None:
    """Everybody is right at once; says who was first."""

    async def press(user: str) -> str | None:
        who = (f"{user}-{number}", user, f"Member {user}")
        verdict: Verdict = await actors.call(KIND, channel, "answer", channel, number, *who, right)
        return user if verdict.kind == "right" else None

    found = await asyncio.gather(*(press(str(user)) for user in range(PLAYERS)))
    [winner] = [user for user in found if user is not None]
    say(winner, f"{channel}:{number}")


async def work(uri: str, name: str, seed: int) -> None:
    """Plays without end."""
    await connect(uri, name, [PointsDocument, StandingDocument, GameDocument], patience_s=10)
    actors = actors_of_games()
    for number in itertools.count(1):
        await play(actors, f"{seed}{number:04}")


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
