"""How a channel gets the text of an answer: from the persona app, or else from the persona's own lines."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from actors.generation import Generation
from core.messages import Delta, ReplyRequest, Spoken
from core.personas import Pack

log = logging.getLogger(__name__)

_GRACE_S = 2.0  # the persona app keeps the deadline itself; this is for one that hangs


class PersonaApp(Protocol):
    """What answers in a persona's voice."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """Deltas, then exactly one Spoken. Closing it frees the model."""
        ...


@dataclass(frozen=True, slots=True)
class Answering:
    """Asks the persona app for the personas of a pack."""

    app: PersonaApp
    pack: Pack

    async def ask(self, generation: Generation, request: ReplyRequest) -> Spoken:
        """The persona app's reply, or the last resort where it fails or hangs."""
        remaining_s = ((request.deadline_ms or 0) - time.time_ns() // 1_000_000) / 1000
        spoken: Spoken | None = None
        try:
            async with asyncio.timeout(max(remaining_s, 0) + _GRACE_S), _closing(self.app.reply(request)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        generation.add(event.text)
                    elif event.text.strip():
                        spoken = event  # nothing follows; who leaves before the end cancels what has ended by itself
            if spoken is None:
                log.warning("[ROUTER] the persona app gave no text for message %s", request.message.id)
        except Exception as error:
            if spoken is None:
                log.warning("[ROUTER] the persona app failed on message %s: %r", request.message.id, error)
        return spoken or self._last_resort(request)

    def _last_resort(self, request: ReplyRequest) -> Spoken:
        """One of the persona's own lines for when it cannot think; the same for the same message."""
        personas = {persona.id: persona for persona in self.pack.personas}
        # A turn may outlive its persona: packs are edited between runs.
        persona = request.guest or personas.get(request.persona_id) or personas[self.pack.default_persona]
        lines = persona.fallback_plain
        return Spoken(text=lines[zlib.crc32(request.message.id.encode()) % len(lines)], model="none", fallback=True)


@asynccontextmanager
async def _closing(events: AsyncIterator[Delta | Spoken]) -> AsyncIterator[AsyncIterator[Delta | Spoken]]:
    """Whatever ends the reading, the persona app is told at once, so that the model is free for others."""
    try:
        yield events
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
