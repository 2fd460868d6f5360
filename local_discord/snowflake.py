"""Ids as Discord makes them: 42 bits of milliseconds since 2015, 22 bits below, written as decimal strings."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000


def millis(snowflake: str | int) -> int:
    """Epoch milliseconds at which an id was made."""
    return (int(snowflake) >> 22) + EPOCH_MS


def iso(epoch_ms: float) -> str:
    """A moment as Discord writes it: ISO 8601 with microseconds and offset."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="microseconds")


def now_iso() -> str:
    return iso(time.time() * 1000)


class Snowflakes:
    """Hands out ids that only ever grow, also where the clock steps back or the process restarts after `last`."""

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def next(self) -> str:
        self._last = max((int(time.time() * 1000) - EPOCH_MS) << 22, self._last + 1)
        return str(self._last)
