"""A small cast, and a persona app that says what it is told: for tests of everything around the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from core.messages import Author, Delta, IncomingMessage, Making, ReplyRequest, Spoken
from core.personas import Example, Pack, Persona


def make_persona(name: str, *keywords: str) -> Persona:
    """A persona whose lines hold its own name."""
    return Persona(
        id=name.lower(),
        name=name,
        title="of the test cast",
        description=f"{name} stands in for a persona.",
        voice="plain",
        boundaries=("Says only what the test expects.",),
        keywords=keywords,
        greeting=f"{name} greets you.",
        examples=tuple(Example(user=f"Question {n}", reply=f"{name} answers {n}.") for n in range(6)),
        fallback_lore=tuple(f"{name} recalls, {n}: {{lore}}" for n in range(3)),
        fallback_plain=tuple(f"{name} is at a loss, {n}." for n in range(3)),
        avatar=Path("avatar.png"),
    )


def make_pack() -> Pack:
    """Elio by default; Glordon for potatoes; Olga for the radio."""
    return Pack(
        id="testpack",
        name="Test pack",
        description="Three personas.",
        default_persona="elio",
        personas=(make_persona("Elio", "stars"), make_persona("Glordon", "potato"), make_persona("Olga", "radio")),
        lore=(),
    )


def make_message(number: int, content: str = "hello", **changes: object) -> IncomingMessage:
    """Message `number` of channel 500 in guild 600, by Ada, one second after the one before."""
    values: dict[str, object] = {
        "id": str(1_000_000 + number),
        "channel_id": "500",
        "guild_id": "600",
        "author": Author(id="7", name="Ada"),
        "content": content,
        "created_ms": 1_800_000_000_000 + number * 1000,
        **changes,
    }
    return IncomingMessage(**values)  # type: ignore[arg-type]


@dataclass
class ScriptedApp:
    """Says `says`, or `<persona> hears <content>`, in two Deltas and a Spoken; or fails, or waits for `gate`."""

    gate: asyncio.Event | None = None
    fails: Exception | None = None
    says: str = ""
    sees: tuple[str, ...] = ()
    making: Making | None = None
    requests: list[ReplyRequest] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        self.requests.append(request)
        self.asked.set()
        text = self.says or f"{request.persona_id} hears {request.message.content}"
        yield Delta(text=text[:8])
        if self.gate:
            await self.gate.wait()
        if self.fails:
            raise self.fails
        yield Delta(text=text[8:])
        yield Spoken(text=text, model="scripted", pictures=self.sees, making=self.making)
