"""Processes that enter points are killed at random moments: what they acknowledged is in the sums, all of it once."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from actors import points
from actors.drop import KIND as DROP
from actors.drop import Drop, DropDocument
from actors.game_state import GameDocument
from actors.points import PointsDocument, key_of
from actors.points_queries import unsettled_drops
from core.documents import DatabaseHandle, ids_where
from core.settings import ROOT
from tests.support.drops_worker import CLAIMANTS, PRIZE, claim, drops_over
from tests.support.games_worker import PLAYERS, actors_of_games, play
from tests.support.ledger import Treasury, enter
from tests.support.points_worker import IDS, MEMBERS, amount_of


def killed(worker_of: str, uri: str, name: str, seed: int, within_s: float) -> set[tuple[str, ...]]:
    """What a process acknowledged that was killed at a random moment, pairs as it wrote them."""
    command = [sys.executable, "-m", f"tests.support.{worker_of}_worker", uri, name, str(seed)]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert worker.stdout is not None
    lines = [worker.stdout.readline()]  # it is at work
    time.sleep(random.Random(seed).uniform(0.02, within_s))
    worker.send_signal(signal.SIGKILL)
    lines += worker.communicate()[0].splitlines(keepends=True)
    return {tuple(line.split()) for line in lines if line.endswith("\n")}


@pytest.mark.parametrize("seed", range(10))
async def test_killed_in_the_middle_the_sums_are_those_of_the_entries(
    database: DatabaseHandle, database_uri: str, database_name: str, seed: int
) -> None:
    acknowledged = await asyncio.to_thread(killed, "points", database_uri, database_name, seed, 0.6)
    assert acknowledged

    actors = Treasury().actors()
    everything = [f"{seed}:{number}" for number in range(IDS)]
    for member in map(str, range(MEMBERS)):
        stored = await PointsDocument.load(key_of("600", member))
        if not stored.carried.count:
            assert stored.points == sum(amount_of(entry.id) for entry in stored.entries)
        # Whoever was not told tries again, and to be sure so does who was. Then everything is there, and once.
        for entry_id in everything:
            balance = await enter(actors, entry_id, amount_of(entry_id), user=member)
            assert not (balance.changed and (member, entry_id) in acknowledged)
        assert balance.points == sum(map(amount_of, everything))
        assert balance.entries == IDS


@pytest.mark.parametrize("seed", range(3))
async def test_killed_among_fifty_claims_one_has_won_and_is_paid_once(
    database: DatabaseHandle, database_uri: str, database_name: str, seed: int
) -> None:
    acknowledged = await asyncio.to_thread(killed, "drops", database_uri, database_name, seed, 0.4)
    winners = {drop_id: user for user, drop_id in acknowledged}
    actors = Treasury().actors()
    drops = drops_over(actors, database)
    ids = await ids_where(database, DropDocument, {})
    assert winners
    assert set(winners) <= set(ids)
    expected: Counter[str] = Counter()
    for drop_id in ids:  # the next process: whoever was not told claims again, and what is unsettled is settled
        winner = await claim(actors, drop_id)
        assert winners.get(drop_id, winner) == winner
        expected[winner] += PRIZE
        await drops.settle(drop_id)
        await drops.settle(drop_id)
    assert await unsettled_drops(database) == []
    paid = {user: (await PointsDocument.load(key_of("600", user))).points for user in map(str, range(CLAIMANTS))}
    assert {user: total for user, total in paid.items() if total} == expected


@pytest.mark.parametrize("seed", range(1, 5))
async def test_killed_among_fifty_answers_each_round_has_one_winner_who_is_paid_once(
    database: DatabaseHandle, database_uri: str, database_name: str, seed: int
) -> None:
    acknowledged = await asyncio.to_thread(killed, "games", database_uri, database_name, seed, 0.5)
    assert acknowledged
    actors = actors_of_games()
    channels = await ids_where(database, GameDocument, {})
    expected: Counter[str] = Counter()
    for channel in channels:  # the next process goes on where each game stands
        await play(actors, channel)
        game = (await GameDocument.load(channel)).game
        assert game is not None
        assert game.ended == "finished"
        for number, one in enumerate(game.rounds):
            assert one.winner
            assert {user for user, place in acknowledged if place == f"{channel}:{number}"} <= {one.winner}
            expected[one.winner] += one.gained
    assert {place.partition(":")[0] for _, place in acknowledged} <= set(channels)
    paid = {user: (await PointsDocument.load(key_of("600", user))).points for user in map(str, range(PLAYERS))}
    assert {user: total for user, total in paid.items() if total} == expected


async def test_a_winner_is_paid_once_whenever_the_payer_dies(database: DatabaseHandle) -> None:
    """Every prefix of the steps from claim to settled, and then all of them again by the next process."""
    treasury = Treasury()

    async def steps(drop_id: str, dies_after: int) -> None:
        actors = treasury.actors()
        entry = (f"drop:{drop_id}", 50, "drop", "Ada")
        calls = (
            (DROP, drop_id, "claim", "1", "Ada"),
            (points.KIND, "600:1", "enter", *entry),
            (DROP, drop_id, "settled", True, False),
            (DROP, drop_id, "settled", False, True),
        )
        for kind, key, method, *args in calls[:dies_after]:
            await actors.call(kind, key, method, *args)

    for dies_after in range(5):
        drop_id = f"d{dies_after}"
        await treasury.actors().call(DROP, drop_id, "give", Drop(guild_id="600", channel_id="7", points=50, lasts_s=60))
        await steps(drop_id, dies_after)
        await steps(drop_id, 4)
    stored = await PointsDocument.load("600:1")
    assert (stored.points, stored.feats["drop"]) == (5 * 50, 5)
