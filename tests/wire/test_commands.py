"""Slash commands over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Unavailable
from core.messages import Passage
from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def registered(ada: Human) -> None:
    async def known() -> bool:
        return len(await ada.commands("general")) >= 4

    await eventually(known)


async def final(ada: Human, found: Doc, text: str) -> Doc:
    """The message once its embed says `text`."""
    answer_id = found["id"]
    while not (found["embeds"] and found["embeds"][0].get("description") == text):
        found = await ada.wait_for("MESSAGE_UPDATE", lambda message: message["id"] == answer_id)
    return found


async def test_the_cast_is_offered_while_typing(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        choices = await ada.autocomplete("general", "persona ask", "persona", "gl", question="hi")
        everybody = await ada.autocomplete("general", "persona info", "persona", "")
    glordon = stage.pack.persona("glordon")
    assert choices[0] == {"name": f"Glordon, {glordon.title}", "value": "glordon"}
    assert {choice["value"] for choice in everybody} == {persona.id for persona in stage.pack.personas}


async def test_ask_shows_the_question_and_the_growing_answer(stage: Stage, ada: Human) -> None:
    stage.app.text = "It grows. " * 12 + "It is grown."
    stage.app.pieces, stage.app.pause_s = 12, 0.1
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "persona ask", question="How does it go?", persona="glordon")
        answer = await final(ada, await ada.wait_for("MESSAGE_CREATE", by_bot), stage.app.text)
    assert answer["content"] == "> How does it go?"
    assert answer["embeds"][0]["author"]["name"] == "Glordon"
    assert answer["embeds"][0]["author"]["icon_url"].startswith(stage.server.cdn_url)
    assert len(ada.seen("MESSAGE_UPDATE", lambda message: message["id"] == answer["id"])) > 2
    [request] = stage.app.requests
    assert (request.persona_id, request.message.content) == ("glordon", "How does it go?")


async def test_ask_knows_the_conversation_and_who_answers_here(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "persona set", persona="olga")
        told = await ada.wait_for("MESSAGE_UPDATE", by_bot)
        assert told["content"] == "**Olga** answers here from now on."
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> I like radios"))
        await ada.slash("general", "persona ask", question="What do I like?")
        await ada.wait_for("MESSAGE_UPDATE", lambda message: message["content"] == "> What do I like?")
    first, second = stage.app.requests
    assert (first.persona_id, second.persona_id) == ("olga", "olga")
    assert [turn.text for turn in second.history] == ["I like radios", "olga hears I like radios."]


async def test_set_needs_manage_channels(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await bruno.slash("general", "persona set", persona="olga")
        refused = await bruno.wait_for("MESSAGE_CREATE", by_bot)
        assert "Manage Channels" in refused["content"]
        assert refused["flags"] & _EPHEMERAL
        assert await stage.actors().call("channel", ada.channel_id("general"), "persona") == stage.pack.default_persona


async def test_a_name_nobody_has_is_answered_with_near_ones(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "persona info", persona="glordo")
        answer = await ada.wait_for("MESSAGE_CREATE", by_bot)
    assert "Did you mean glordon" in answer["content"]
    assert answer["flags"] & _EPHEMERAL


async def test_help_names_whom_the_server_has(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "config set", setting="personas", value="elio")
        await ada.wait_for("MESSAGE_UPDATE", lambda message: "Elio" in message["content"])
        ada.forget()
        await ada.slash("general", "help")
        overview = await ada.wait_for("MESSAGE_CREATE", by_bot)
    assert "Elio" in overview["embeds"][0]["fields"][0]["value"]


async def test_list_info_and_help_tell_about_the_cast(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "persona list")
        cast = await ada.wait_for("MESSAGE_CREATE", by_bot)
        await ada.slash("general", "persona info", persona="elio")
        info = await ada.wait_for("MESSAGE_CREATE", by_bot)
        await ada.slash("general", "help")
        overview = await ada.wait_for("MESSAGE_CREATE", by_bot)
        [select] = overview["components"][0]["components"]
        talk = next(one["value"] for one in select["options"] if one["label"].startswith("Talk and ask (2"))
        await ada.click(overview, select["custom_id"], [talk])
        chosen = await ada.wait_for("MESSAGE_UPDATE", lambda message: message["id"] == overview["id"])
    assert all(persona.name in cast["embeds"][0]["description"] for persona in stage.pack.personas)
    assert info["embeds"][0]["description"] == stage.pack.persona("elio").description
    assert overview["embeds"][0]["title"] == stage.pack.name
    assert all(name in chosen["embeds"][0]["description"] for name in ("/rag query", "/scenario start", "/why"))


async def test_rag_shows_passages_with_their_source_on_pages(stage: Stage, ada: Human) -> None:
    stage.shelf.passages = tuple(
        Passage(id=f"p{n}", text=f"Fact {n}.", score=1.0, source="lore/space.md", title=f"Title {n}") for n in range(5)
    )
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await ada.slash("general", "rag query", query="space")
        shown = await ada.wait_for("MESSAGE_UPDATE", lambda message: bool(message["embeds"]))
        assert titles(shown) == ["Title 0", "Title 1", "Title 2"]
        assert shown["embeds"][0]["fields"][0]["value"] == "Fact 0.\n-# lore/space.md · score 1.000"
        assert stage.shelf.queries[0].text == "space"
        back, on = shown["components"][0]["components"]
        assert (back["disabled"], on["label"]) == (True, "Next")
        await bruno.click(shown, on["custom_id"])
        refused = await bruno.wait_for("MESSAGE_CREATE", lambda message: bool(message["flags"] & _EPHEMERAL))
        assert "Only who asked" in refused["content"]
        await ada.click(shown, on["custom_id"])
        turned = await ada.wait_for("MESSAGE_UPDATE", lambda message: message["embeds"][0]["footer"]["text"][5] == "2")
        assert titles(turned) == ["Title 3", "Title 4"]
        assert [one["disabled"] for one in turned["components"][0]["components"]] == [False, True]


def titles(message: Doc) -> list[str]:
    return [field["name"] for field in message["embeds"][0]["fields"]]


async def test_rag_sources_lists_the_documents(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "rag sources")
        shown = await ada.wait_for("MESSAGE_UPDATE", lambda message: bool(message["embeds"]))
    assert shown["flags"] & _EPHEMERAL
    assert sorted({one.source for one in stage.pack.lore})[0] in shown["embeds"][0]["description"]


async def test_a_component_that_is_down_is_named(stage: Stage, ada: Human) -> None:
    stage.shelf.fails = Unavailable("No replica.", component="retrieval")
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "rag query", query="space")
        answer = await ada.wait_for("MESSAGE_UPDATE", lambda message: bool(message["content"]))
    assert answer["content"] == "Retrieval is not answering just now. Try again in a minute."


async def test_buttons_of_before_a_restart_say_what_to_do(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "help")
        overview = await ada.wait_for("MESSAGE_CREATE", by_bot)
    async with stage.gateway():
        [select] = overview["components"][0]["components"]
        await ada.click(overview, select["custom_id"], ["0"])
        told = await ada.wait_for("MESSAGE_CREATE", lambda message: message["id"] != overview["id"])
    assert told["content"] == "This has had its time. Use the command once more, and you get new buttons."
    assert told["flags"] & _EPHEMERAL


async def test_commands_are_registered_once(stage: Stage, ada: Human, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bot.commands.sync")
    for _ in range(2):
        async with stage.gateway():
            await registered(ada)
    known = len(await ada.commands("general"))
    assert [record.message for record in caplog.records] == [f"[COMMAND] registered {known} commands"]
