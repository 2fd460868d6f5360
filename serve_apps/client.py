"""How actors and the bot ask the Serve applications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from ray.serve.handle import DeploymentHandle

from core.errors import Overloaded, Unavailable
from core.messages import Delta, Passage, ReplyRequest, SearchQuery, Spoken
from serve_apps import names
from serve_apps.calls import call, stream
from serve_apps.clock import remaining_s

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0


class PersonaClient:
    """Replies over a Serve handle. Making one asks nobody anything, so it may be made before the app exists; it may be
    used from any process of the cluster and be pickled before its first reply."""

    def __init__(self, handle: Any | None = None) -> None:
        self._handle = handle if handle is not None else DeploymentHandle(names.PERSONA, names.PERSONA)

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        """Deltas, then one Spoken. While no replica answers it asks again until `request.deadline_ms`, or for ever
        without one; after a replica was lost only the Spoken of its successor comes, since deltas would not fit.

        Raises Unavailable or Overloaded when the deadline leaves no time to ask again, DeadlineExceeded when it passes
        in the middle of a reply, RequestError for what cannot be answered (an unknown persona).
        """
        pause, shown, begun_anew = FIRST_PAUSE_S, False, False
        while True:
            try:
                events = stream(self._handle.reply, request, component=names.PERSONA, deadline_ms=request.deadline_ms)
                async with aclosing(events):
                    async for event in events:
                        if isinstance(event, Delta) and begun_anew:
                            continue
                        shown = True
                        yield event
                        if isinstance(event, Spoken):
                            return
                raise Unavailable("The persona app ended its stream without a reply.", component=names.PERSONA)
            except (Unavailable, Overloaded):
                begun_anew = shown
                left = remaining_s(request.deadline_ms)
                if left is not None and left <= pause:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)


class RetrievalClient:
    """Searches over a Serve handle; made and pickled as freely as PersonaClient."""

    def __init__(self, handle: Any | None = None) -> None:
        self._handle = handle if handle is not None else DeploymentHandle(names.RETRIEVAL, names.RETRIEVAL)

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises Unavailable, Overloaded or DeadlineExceeded."""
        found: tuple[Passage, ...] = await call(
            self._handle.search, query, component=names.RETRIEVAL, deadline_ms=query.deadline_ms
        )
        return found

    async def reload(self) -> tuple[int, int]:
        """Has retrieval read the pack's files again; returns how many passages were embedded and deleted.

        Raises PackError where the pack is wrong; then the lore stays as it was.
        """
        changed: tuple[int, int] = await call(self._handle.reload, component=names.RETRIEVAL)
        return changed
