"""What is typed in a direct message, with an exclamation mark before it."""

from __future__ import annotations

from typing import Any

import pytest

from actors.guild_book import GuildBook
from actors.hand_over import HandOver
from core.errors import DatabaseUnavailable, Unavailable
from local_discord import Human
from tests.support.answers import answer, registered
from tests.support.bot import Stage
from tests.support.eventually import eventually

Doc = dict[str, Any]


async def says(human: Human, text: str) -> str:
    """Write to the bot, and return what it answers."""
    human.forget()
    asked = await human.dm(human.bot_id, text)
    answered = await human.wait_for(
        "MESSAGE_CREATE", lambda one: one["channel_id"] == asked["channel_id"] and one["author"]["id"] != human.id
    )
    return str(answered["content"])


async def test_a_persona_is_chosen_whatever_case_and_with_errors(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        assert (await says(ada, "!persona OLGA")).startswith("**Olga** answers you here")
        assert (await says(ada, "!Persona glordn")).startswith("**Glordon** answers")
        assert "**Glordon** answers you here. There are: " in await says(ada, "!persona")
        assert (await says(ada, "hello")).startswith("**Glordon:** glordon hears hello.")
        near = await says(ada, "!persona glor don olg")
        assert "Did you mean" in near
        assert "Glordon" in near
        unknown = await says(ada, "!persona xyzzyq")
        assert all(one.name in unknown for one in stage.pack.personas)
        assert "**Glordon** answers you here" in await says(ada, "!persona")


async def test_clear_forgets_this_conversation_and_no_other(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.1)

    async def remembered() -> bool:
        documents = await stage.database.database["memories"].find({}).to_list()
        return any(document["_id"].startswith("dm:") for document in documents)

    async with stage.gateway():
        await registered(ada)
        assert "nothing to forget" in await says(ada, "!clear")
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> I live in Oslo"))
        await stage.closed(await ada.dm(ada.bot_id, "my cat is called Biscuit"))
        await eventually(remembered)
        await ada.wait_for("MESSAGE_CREATE", lambda one: "Biscuit" in one["content"] and one["author"]["id"] != ada.id)
        cleared = await says(ada, "!clear")
        assert "Forgotten: 2 lines of this conversation, and one thing that was remembered" in cleared
        stored = str([await stage.database.database[name].find({}).to_list() for name in ("channels", "memories")])
        assert "Biscuit" not in stored
        assert "Oslo" in stored
        assert "nothing to forget" in await says(ada, "!clear")


async def test_status_tells_of_models_memory_and_what_is_kept(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await stage.closed(await ada.dm(ada.bot_id, "my cat is called Biscuit"))
        await ada.wait_for("MESSAGE_CREATE", lambda one: "Biscuit" in one["content"] and one["author"]["id"] != ada.id)
        status = await says(ada, "!status")
        assert "**Elio** answers you here." in status
        assert "The language model: ready, The vision model: asleep" in status
        assert "2 lines of this conversation" in status
        assert "Kept about you in all: 2 things" in status
        await answer(ada, "general", "memory off")
        stage.models.fails = Unavailable("No head.", component="api")
        status = await says(ada, "!status")
        assert "How the models are is not known just now." in status
        assert "Long-term memory is off for you" in status


async def test_help_and_what_there_is_not(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        listed = await says(ada, "!help")
        assert all(f"`!{name}" in listed for name in ("persona", "clear", "status", "help"))
        unknown = await says(ada, "!frobnicate @everyone")
        assert unknown.startswith("There is no command !frobnicate.")
        assert "!status" in unknown


async def test_it_is_answered_in_the_language_of_the_last_command(stage: Stage) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno", locale="de") as bruno:
        await registered(bruno)
        assert (await says(bruno, "!frobnicate")).startswith("There is no command")
        await answer(bruno, "general", "why")
        assert (await says(bruno, "!frobnicate")).startswith("Den Befehl !frobnicate gibt es nicht.")
        assert "Hier antwortet dir **Elio**" in await says(bruno, "!status")


async def test_on_a_server_a_persona_hears_it(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> !status")
        await stage.closed(question)
    assert [one.message.content for one in stage.app.requests] == ["!status"]


async def test_failures_are_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with stage.gateway():
        monkeypatch.setattr(GuildBook, "of", away)
        assert "Database is not answering" in await says(ada, "!persona olga")
        monkeypatch.setattr(GuildBook, "of", broken)
        assert "Something went wrong on my side" in await says(ada, "!persona olga")
