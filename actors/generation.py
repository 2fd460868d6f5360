"""A reply while it is being made. It belongs to the channel, not to whoever listens.

So a listener that comes back (its host connection broke, its process was restarted) joins the same reply instead of
asking the model again, and a reply whose listener died is finished and recorded all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.messages import Delta, ReplyEvent, Silent, Spoken


class Generation:
    """Text that grows until it ends. One listener at a time: a new one replaces the former, who hears `Silent`."""

    def __init__(self, source_id: str) -> None:
        self.source_id = source_id
        self._parts: list[str] = []
        self._end: Spoken | Silent | BaseException | None = None
        self._listener: object | None = None
        self._changed = asyncio.Event()

    def add(self, text: str) -> None:
        """Appends a piece of text."""
        self._parts.append(text)
        self._wake()

    def finish(self, end: Spoken | Silent | BaseException) -> None:
        """Ends it: with the whole text, with silence (nobody wants it any more), or with what went wrong."""
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
