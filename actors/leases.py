"""Who may post for a turn. Of two gateways at once, or of an answer and the message that overtakes it, one wins.

A lease is asked for right before each post and ends when the post is reported. It is kept in memory only: a host that
dies loses it, and then the recorded reply ids, and the search for posts that nobody reported, still hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LEASE_S = 15.0  # a post takes a second; one that takes longer than this is taken for lost


class Leases:
    """The posts under way, by turn."""

    __slots__ = ("_clock", "_held")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}

    def take(self, turn_id: str, holder: str) -> bool:
        """Whether `holder` may post now. Asking again renews."""
        if self.holder(turn_id) not in (None, holder):
            return False
        self._held[turn_id] = (holder, self._clock() + LEASE_S)
        return True

    def holder(self, turn_id: str) -> str | None:
        """Who is posting, None where nobody is."""
        holder, until = self._held.get(turn_id, ("", 0.0))
        return holder if holder and until > self._clock() else None

    def end(self, turn_id: str) -> None:
        """Its post is reported, or it needs none any more."""
        self._held.pop(turn_id, None)
