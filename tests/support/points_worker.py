"""A process to be killed at any moment: `python -m tests.support.points_worker URI DATABASE SEED`.

It takes ids and amounts from a stream that its seed decides, enters some twice or at the same time, and says on its
standard output what was acknowledged, one line each, after the acknowledgement.
"""

from __future__ import annotations

import asyncio
import random
import sys

from actors import points
from actors.drop import DropDocument
from actors.points import PointsDocument
from actors.standing import StandingDocument
from core.documents import connect
from tests.support.ledger import Treasury, enter

MEMBERS = 3
IDS = 80


def amount_of(entry_id: str) -> int:
    """What an entry is worth; the same whenever and by whomever it is entered."""
    return random.Random(entry_id).randint(-20, 100)


async def work(uri: str, database: str, seed: int) -> None:
    """Enters points without end."""
    await connect(uri, database, [PointsDocument, StandingDocument, DropDocument], patience_s=10)
    if seed % 2:
        points.MAX_ENTRIES = 4  # so that it is killed while it folds, too
    actors, chance = Treasury().actors(), random.Random(seed)

    async def pay(member: str) -> None:
        while True:
            entry_id = f"{seed}:{chance.randrange(IDS)}"
            await enter(actors, entry_id, amount_of(entry_id), user=member)
            say(member, entry_id)

    await asyncio.gather(*(pay(str(number % MEMBERS)) for number in range(MEMBERS * 2)))


def say(*words: str) -> None:
    """One line, at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
