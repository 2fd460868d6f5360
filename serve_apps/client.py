"""How actors and the bot ask the Serve applications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from ray.serve.handle import DeploymentHandle

from core.clock import now_ms, remaining_s
from core.errors import Overloaded, Unavailable
from core.messages import Delta, Passage, Relation, ReplyRequest, SearchQuery, Spoken
from serve_apps import names
from serve_apps.calls import call, stream
from serve_apps.health import Health

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
KEEP_S = 60.0
SUM_UP_S = 120.0  # the model may have to be loaded first
HEALTH_WITHIN_S = 5.0


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
        pause, shown, begun_anew, told = FIRST_PAUSE_S, False, False, False
        while True:
            try:
                events = stream(self._handle.reply, request, component=names.PERSONA, deadline_ms=request.deadline_ms)
                async with aclosing(events):
                    async for event in events:
                        if told or (isinstance(event, Delta) and begun_anew):
                            continue
                        shown, told = True, isinstance(event, Spoken)
                        yield event
                if told:  # the end is waited for: who leaves before it cancels what ends by itself
                    return
                raise Unavailable("The persona app ended its stream without a reply.", component=names.PERSONA)
            except (Unavailable, Overloaded):
                if told:
                    return
                begun_anew = shown
                left = remaining_s(request.deadline_ms)
                if left is not None and left <= pause:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    async def warm(self) -> None:
        """Has the language model awake, in however long that takes. Raises Unavailable, Overloaded or
        DeadlineExceeded."""
        await call(self._handle.warm, component=names.PERSONA)

    async def prefill(self, request: ReplyRequest) -> None:
        """Has the language model read beforehand what the answer to a line that is still being written will begin
        with. Raises RequestError, Unavailable, Overloaded or DeadlineExceeded."""
        await call(self._handle.prefill, request, component=names.PERSONA, deadline_ms=request.deadline_ms)


class HealthClient:
    """Asks the API how everything is; made and pickled as freely as PersonaClient."""

    def __init__(self, handle: Any | None = None) -> None:
        self._handle = handle if handle is not None else DeploymentHandle(names.API, names.API)

    async def states(self) -> Mapping[str, tuple[str, str]]:
        """State and detail of each component. Raises Unavailable, Overloaded or DeadlineExceeded."""
        deadline_ms = now_ms() + int(HEALTH_WITHIN_S * 1000)
        health: Health = await call(self._handle.health, component=names.API, deadline_ms=deadline_ms)
        return {name: (component.state, component.detail) for name, component in health.components.items()}


class EmbeddingsClient:
    """Embeds over a Serve handle; made and pickled as freely as PersonaClient."""

    def __init__(self, handle: Any | None = None) -> None:
        self._handle = handle if handle is not None else DeploymentHandle(names.EMBEDDINGS, names.EMBEDDINGS)

    async def __call__(self, texts: list[str]) -> list[list[float]]:
        """One vector of length one per text. Raises RequestError, Unavailable or Overloaded."""
        vectors: list[list[float]] = await call(self._handle.embed, texts, component=names.EMBEDDINGS)
        return vectors


class SummariesClient:
    """Puts talk in fewer words over a Serve handle; made and pickled as freely as PersonaClient."""

    def __init__(self, handle: Any | None = None) -> None:
        self._handle = handle if handle is not None else DeploymentHandle(names.SUMMARIES, names.SUMMARIES)

    async def __call__(self, text: str) -> str:
        """Raises RequestError, Unavailable, Overloaded or DeadlineExceeded."""
        deadline_ms = now_ms() + int(SUM_UP_S * 1000)
        written: str = await call(self._handle.condense, text, component=names.SUMMARIES, deadline_ms=deadline_ms)
        return written


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

    async def relate(self, query: SearchQuery) -> Relation:
        """How the line has to do with the cast's world. Raises Unavailable, Overloaded or DeadlineExceeded."""
        found: Relation = await call(
            self._handle.relate, query, component=names.RETRIEVAL, deadline_ms=query.deadline_ms
        )
        return found

    async def keep(self, guild_id: str, owner: str, passages: tuple[tuple[str, str], ...]) -> int:
        """Has a guild find these passages (titles and texts) of `owner`, in place of any it had. Raises Unavailable,
        Overloaded or DeadlineExceeded."""
        deadline_ms = now_ms() + int(KEEP_S * 1000)
        kept: int = await call(
            self._handle.keep, guild_id, owner, passages, component=names.RETRIEVAL, deadline_ms=deadline_ms
        )
        return kept

    async def reload(self) -> tuple[int, int]:
        """Has retrieval read the pack's files again; returns how many passages were embedded and deleted.

        Raises PackError where the pack is wrong; then the lore stays as it was.
        """
        changed: tuple[int, int] = await call(self._handle.reload, component=names.RETRIEVAL)
        return changed
