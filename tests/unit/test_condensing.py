"""A channel's notes in fewer words: when that is told, and that nothing of it outlasts the notes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from actors.channel import KIND, ChannelActor
from actors.condensing import CONDENSED_WORDS, Condensed
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.summary import Note
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import ModelUnavailable
from core.messages import Author
from tests.support.cast import ScriptedApp, make_message, make_pack

ADA, BRUNO = Author(id="7", name="Ada"), Author(id="8", name="Bruno")


def note(number: int, text: str = "I have a lamp.") -> Note:
    return Note(message_id=str(number), speaker="Ada", text=text, at_ms=number, weight=2.0, author_id="7")


class Writer:
    """Stands for the model: notes what it is asked, and may be held back or away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.away = False
        self.says = "Ada has\n lamps."

    async def __call__(self, text: str) -> str:
        self.asked.append(text)
        await self.free.wait()
        if self.away:
            raise ModelUnavailable("gone", component="summaries")
        return self.says


class Channel:
    """What has notes."""

    def __init__(self, writer: Writer, *notes: Note) -> None:
        self.notes = list(notes)
        self.tasks: list[asyncio.Task[None]] = []
        self.condensed = Condensed(writer, self.background)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    async def told(self) -> str:
        self.condensed.text(self.notes)
        await asyncio.gather(*self.tasks)
        return self.condensed.text(self.notes)


async def test_the_notes_are_told_as_they_are_until_somebody_said_them_in_fewer_words() -> None:
    writer = Writer()
    channel = Channel(writer, note(1), note(2, "I live in Oslo."), note(3))
    assert channel.condensed.text(channel.notes) == ""
    assert await channel.told() == "Ada has lamps."
    assert await channel.told() == "Ada has lamps."
    assert writer.asked == ["Ada said: I have a lamp. Ada said: I live in Oslo. Ada said: I have a lamp."]
    channel.notes.append(note(4, "I like tea."))
    assert channel.condensed.text(channel.notes) == "Ada has lamps. Ada said: I like tea."
    assert await channel.told() == "Ada has lamps."
    assert len(writer.asked) == 2
    del channel.notes[0]
    assert channel.condensed.text(channel.notes) == ""


async def test_few_notes_and_a_model_that_is_away_leave_them_as_they_are() -> None:
    writer = Writer()
    assert await Channel(writer, note(1), note(2)).told() == ""
    assert writer.asked == []
    writer.away = True
    channel = Channel(writer, note(1), note(2), note(3))
    assert await channel.told() == ""
    writer.away = False
    assert await channel.told() == "Ada has lamps."


async def test_what_is_forgotten_meanwhile_is_not_told() -> None:
    writer = Writer()
    channel = Channel(writer, note(1), note(2), note(3), note(4))
    writer.free.clear()
    channel.condensed.text(channel.notes)
    await asyncio.sleep(0)
    channel.condensed.drop()
    writer.free.set()
    await asyncio.gather(*channel.tasks)
    assert channel.condensed.text(channel.notes) == ""


async def test_it_is_never_longer_than_the_notes_may_be() -> None:
    writer = Writer()
    writer.says = "lamp " * 500
    assert len((await Channel(writer, note(1), note(2), note(3)).told()).split()) == CONDENSED_WORDS


@pytest.mark.usefixtures("database")
async def test_a_persona_is_told_it_and_nothing_of_it_after_somebody_was_forgotten(database: DatabaseHandle) -> None:
    app, writer = ScriptedApp(), Writer()
    rules = ChannelRules(memory_window=2, memory_ttl_s=3600)

    def channel(key: str) -> ChannelActor:
        return ChannelActor(key, app=app, pack=make_pack(), rules=rules, condense=writer)

    actors = LocalVirtualActors(VirtualHost({KIND: channel}))
    now_ms = time.time_ns() // 1_000_000

    async def say(number: int, text: str, author: Author = ADA) -> None:
        message = make_message(number, text, created_ms=now_ms + number, author=author, mentions_bot=number >= 20)
        async for _ in actors.stream(KIND, message.channel_id, "turn", message):
            pass
        if number >= 20:
            await actors.call(KIND, message.channel_id, "delivered", message.id, (f"9{number}",))

    for number in range(6):
        await say(number, f"I have {number} lamps", BRUNO if number == 1 else ADA)
    await say(20, "hello")
    assert app.requests[-1].summary.startswith("Ada said: I have 0 lamps.")
    for _ in range(50):
        await asyncio.sleep(0.01)
        if writer.asked:
            break
    await say(21, "hello again")
    assert app.requests[-1].summary.startswith("Ada has lamps.")
    await actors.call(KIND, "500", "forget_person", "8")
    await say(22, "and once more")
    assert app.requests[-1].summary.startswith("Ada said: I have")
    assert "I have 1 lamps" not in app.requests[-1].summary
