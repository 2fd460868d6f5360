"""A circuit breaker: whoever has failed for long is not asked for every request, only now and then.

A model that dies comes back within half a minute, and replies wait that long for it. One that stays away would make
everybody wait for nothing, so from then on all but a probe get the fallback at once. After Nygard, "Release It!"
(2007).
"""

from __future__ import annotations

import time
from collections.abc import Callable

OPEN_AFTER_S = 45.0  # longer than an engine takes to load again
PROBE_EVERY_S = 5.0
FORGET_S = 15.0  # without a failure, nobody knows any more


class Breaker:
    """Closed while calls succeed; open once they have failed for `open_after_s` without a success in between."""

    def __init__(
        self,
        open_after_s: float = OPEN_AFTER_S,
        probe_every_s: float = PROBE_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_after_s, self._probe_every_s, self._clock = open_after_s, probe_every_s, clock
        self._failing_since: float | None = None  # the first failure after the last success
        self._failed_at = self._probed_at = float("-inf")

    @property
    def failing_s(self) -> float:
        """For how many seconds calls have failed; 0 while all is well."""
        if self._failing_since is None or self._clock() - self._failed_at > FORGET_S:
            return 0.0
        return self._clock() - self._failing_since

    @property
    def open(self) -> bool:
        """Whether most are turned away."""
        return self.failing_s >= self._open_after_s

    def allows(self) -> bool:
        """Whether to try. While it is open that is so for one caller every `probe_every_s`."""
        if not self.open:
            return True
        now = self._clock()
        if now - self._probed_at < self._probe_every_s:
            return False
        self._probed_at = now
        return True

    def failed(self) -> None:
        """A call failed because the callee is not there; what is wrong with a request itself is no failure."""
        if self.failing_s == 0.0:
            self._failing_since = self._clock()
        self._failed_at = self._clock()

    def succeeded(self) -> None:
        """A call got an answer."""
        self._failing_since = None
