"""Waking a sleeping model when somebody begins to type, so that it is awake when the line is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from cachetools import TTLCache

from core.errors import TroupeError
from core.tasks import end

log = logging.getLogger(__name__)

TALKED_S = 3600.0  # where the cast has not spoken for so long, most lines are not for it
AGAIN_S = 60.0
_MOST_CHANNELS = 10_000


class Prewarm:
    """Decides for whose typing a model wakes: in a DM, and where the cast has spoken within the last hour."""

    def __init__(self, warm: Callable[[], Awaitable[None]], *, talked_s: float = TALKED_S) -> None:
        self._warm = warm
        self._talked: TTLCache[str, bool] = TTLCache(_MOST_CHANNELS, talked_s)
        self._waking: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def spoke(self, channel_id: str) -> None:
        """The cast has spoken there."""
        self._talked[channel_id] = True

    def is_likely(self, channel_id: str, *, dm: bool) -> bool:
        """Whether what is typed there may well be for the cast."""
        return dm or channel_id in self._talked

    def typing(self, channel_id: str, *, dm: bool) -> None:
        """Somebody types there. Wakes the model in the background, once a minute at most."""
        now = asyncio.get_running_loop().time()
        if not self.is_likely(channel_id, dm=dm) or now < self._not_before:
            return
        self._not_before = now + AGAIN_S
        self._waking = asyncio.create_task(self._wake())

    async def close(self) -> None:
        """Wait for nothing more."""
        if self._waking is not None:
            await end([self._waking])

    async def _wake(self) -> None:
        try:
            await self._warm()
        except TroupeError as error:
            log.debug("[DISCORD] the model was not woken: %s", error)
