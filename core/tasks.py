"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_S = 3.0  # as long as a task has to tidy up


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and returns once all have ended, however they did.

    One that goes on after AGAIN_S is cancelled again: `asyncio.wait_for` of Python 3.11, which the database's driver
    uses, swallows a cancellation that comes together with what it waits for.
    """
    given = set(tasks)
    left = {task for task in given if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    await asyncio.gather(*given, return_exceptions=True)  # so that nobody calls a failure unheard
