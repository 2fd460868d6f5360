"""A reply while it is being made. It belongs to the channel, not to whoever listens.

So a listener that comes back (its host connection broke, its process was restarted) joins the same reply instead of
asking the model again, and a reply whose listener died is finished and recorded all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from actors.turn_record import TurnRecord
from core.messages import Delta, ReplyEvent, Silent, Spoken


class Generation:
    """Text that grows until it ends. One listener at a time: a new one replaces the former, who hears `Silent`."""

    def __init__(self, source_id: str) -> None:
        self.source_id = source_id
        # Where it started over: what is answered now, and how.
        self.successor: tuple[TurnRecord, Generation] | None = None
        self._parts: list[str] = []
        self._end: Spoken | Silent | BaseException | None = None
        self._listener: object | None = None
        self._changed = asyncio.Event()

    @property
    def text(self) -> str:
        """What there is of it."""
        return "".join(self._parts)

    def add(self, text: str) -> None:
        """Appends a piece of text."""
        self._parts.append(text)
        self._wake()

    def finish(self, end: Spoken | Silent | BaseException) -> None:
        """Ends it: with the whole text, with silence (nobody wants it any more), or with what went wrong. The first end
        counts."""
        if self._end is None:
            self._end = end
        self._wake()

    async def follow(self) -> AsyncGenerator[ReplyEvent, None]:
        """The reply from its beginning: Deltas, each holding all text that came since the last, then how it ended."""
        me = self._listener = object()
        self._wake()
        read = 0
        while self._listener is me:
            changed = self._changed
            if read < len(self._parts):
                text = "".join(self._parts[read:])
                read = len(self._parts)
                yield Delta(text=text)
            elif isinstance(self._end, BaseException):
                raise self._end
            elif self._end is not None:
                yield self._end
                return
            else:
                await changed.wait()
        yield Silent(source_id=self.source_id, reason="superseded")

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Generations:
    """The replies of a channel that are being made, by the turn's id, each with the task that makes it. `start` runs a
    task that the channel's host waits for."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> None:
        self._start = start
        self._made: dict[str, tuple[Generation, asyncio.Task[None]]] = {}

    def get(self, source_id: str) -> Generation | None:
        """The reply that is being made to a turn."""
        made = self._made.get(source_id)
        return made[0] if made else None

    def begin(self, source_id: str, make: Callable[[Generation], Coroutine[Any, Any, None]]) -> Generation:
        """Starts one; it goes on whether anybody listens or not."""
        generation = Generation(source_id)
        self._made[source_id] = generation, self._start(make(generation))
        return generation

    def drop(self, source_id: str, end: Spoken | str) -> None:
        """Ends one that is not made any further; its listener hears the text, or the reason why there is none."""
        if (made := self._made.pop(source_id, None)) is not None:
            made[0].finish(Silent(source_id=source_id, reason=end) if isinstance(end, str) else end)
            made[1].cancel()

    def end(self, generation: Generation, end: Spoken | Silent | Exception) -> None:
        """Ends one that was made."""
        if self.get(generation.source_id) is generation:  # else another one has taken its place
            del self._made[generation.source_id]
        generation.finish(end)
