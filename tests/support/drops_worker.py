"""A process to be killed at any moment: `python -m tests.support.drops_worker URI DATABASE SEED`.

It gives drops of PRIZE points, has CLAIMANTS claim each at once, says who won, and settles it as the bot does.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Any

import discord

from actors.drop import KIND, Drop, DropDocument
from actors.points import PointsDocument
from actors.standing import StandingDocument
from actors.virtual import LocalVirtualActors
from bot.drops import Drops
from core.documents import DatabaseHandle, connect
from tests.support.bot import Index
from tests.support.ledger import Treasury
from tests.support.points_worker import say

CLAIMANTS = 50
PRIZE = 50


async def claim(actors: LocalVirtualActors, drop_id: str) -> str:
    """Everybody claims a drop at once; the winner, of whom all hear."""
    calls = [actors.call(KIND, drop_id, "claim", str(user), f"Member {user}") for user in range(CLAIMANTS)]
    [winner] = {view.winner_id for view in await asyncio.gather(*calls)}
    return str(winner)


def drops_over(actors: LocalVirtualActors, database: DatabaseHandle) -> Drops:
    """The bot's part, of a bot that is not connected: what it gives has no messages."""

    async def nobody(interaction: discord.Interaction[Any], error: Exception) -> None:
        raise error

    return Drops(discord.Client(intents=discord.Intents.none()), actors, Index(database), nobody, lambda guild_id: True)


async def work(uri: str, name: str, seed: int) -> None:
    """Gives drops without end."""
    database = await connect(uri, name, [PointsDocument, StandingDocument, DropDocument], patience_s=10)
    actors = Treasury().actors()
    drops = drops_over(actors, database)
    for number in itertools.count():
        drop_id = f"{seed}-{number}"
        drop = Drop(guild_id="600", channel_id="7", points=PRIZE, lasts_s=60)
        await actors.call(KIND, drop_id, "give", drop)
        say(await claim(actors, drop_id), drop_id)
        await drops.settle(drop_id)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
