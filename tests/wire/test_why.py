"""/why over the wire, and its entry in the menu of messages."""

from __future__ import annotations

from typing import Any

import pytest

from actors.channel_document import ChannelDocument
from core.messages import Making, Passage, Spoken, Usage
from core.tracing import trace_id, traceparent_of
from local_discord import Human
from tests.support.bot import SpeakingApp, Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6
MENU = "Why this reply?"


class ReadingApp(SpeakingApp):
    """Speaks from a passage."""

    async def reply(self, request: Any) -> Any:
        """See PersonaApp."""
        async for event in super().reply(request):
            if isinstance(event, Spoken):
                passage = Passage(id="lore/harbor#2", text="It has 48 docks.", score=0.9, source="l.md", title="Harbor")
                other = Passage(id="lore/comet", text="It is blue.", score=0.031, source="l.md", title="Comet")
                making = Making(
                    adapter="percival",
                    usage=Usage(prompt_tokens=90, completion_tokens=12, cached_tokens=64),
                    queue_ms=30,
                    generation_ms=400,
                    memories=("m1", "m2"),
                    kept=("turns:8", "passage:lore/harbor#2", "memory:m1", "memory:m2", "summary"),
                    dropped=("turns:1", "passage:lore/comet"),
                )
                event = Spoken(text=event.text, model="troupe-small", passages=(passage, other), making=making)
            yield event


async def registered(human: Human) -> None:
    async def known() -> bool:
        return any(command["name"] == MENU for command in await human.commands("general"))

    await eventually(known)


async def answer_to(human: Human) -> Doc:
    """What the bot tells somebody alone: the embed as {title, description, its fields}, or the text as description."""

    def private(message: Doc) -> bool:
        return by_bot(message) and bool(message["flags"] & _EPHEMERAL)

    message = await human.wait_for("MESSAGE_CREATE", private)
    while not (message["content"] or message["embeds"]):
        message = await human.wait_for("MESSAGE_UPDATE", private)
    if not message["embeds"]:
        return {"description": message["content"]}
    [embed] = message["embeds"]
    return {**embed, **{field["name"]: field["value"] for field in embed.get("fields", [])}}


async def test_a_reply_is_explained_from_its_menu(stage: Stage, ada: Human) -> None:
    stage.app = ReadingApp()
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        question = await ada.send("general", "any potato left?")
        reply = await bruno.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        await bruno.menu(reply, MENU)
        told = await answer_to(bruno)
        await ada.menu(question, MENU)
        assert (await answer_to(ada))["title"] == told["title"]
    assert told["title"] == "Why Glordon answered"
    assert told["description"] == "Because it holds a keyword of this persona."
    assert told["Why this persona"] == "Glordon is the one whose keyword was said."
    assert (told["Trigger"], told["Conversation"], told["Written by"]) == ("keyword", "idle", "troupe-small")
    assert told["Passages used"] == "Harbor `lore/harbor#2` · 0.900\nComet `lore/comet` · 0.031 (left out)"
    assert told["In the prompt"] == "8 earlier lines, a passage, 2 memories, the summary"
    assert told["Left out, since it did not fit"] == "an earlier line, a passage"
    assert told["Adapter"] == "percival"
    assert told["Tokens"] == "90 read, 64 of them known, 12 written"
    assert told["Time"] == "30 ms queue, 400 ms generation"
    assert told["Memories used"] == "`m1`\n`m2`"
    assert told["footer"]["text"] == f"Trace {trace_id(traceparent_of(question['id']))}"
    assert "potato" not in str({**told, "fields": None}).lower()


async def test_the_last_messages_and_why_nobody_answered(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "why")
        assert "Nothing was heard in this channel yet." in (await answer_to(ada))["description"]
        silent = await ada.send("general", "just talking to Bruno")
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
        await ada.slash("general", "why")
        last = (await answer_to(ada))["description"].split("\n")
        assert [line.split("**", 1)[1] for line in last] == [
            "Elio** answered, because the bot was mentioned.",
            "nobody** answered, because it was addressed to nobody of the cast.",
        ]
        link = f"https://discord.com/channels/{ada.seed['guild_id']}/{silent['channel_id']}/{silent['id']}"
        assert link in last[1]
        await ada.slash("general", "why", message=link)
        assert (await answer_to(ada))["title"] == "Why nobody answered"
        await ada.slash("general", "why", message=silent["id"])
        assert (await answer_to(ada))["title"] == "Why nobody answered"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("hello", "Give the link or the id"),
        ("123456789", "Nothing is known about that any more"),
        ("https://discord.com/channels/1/2/3", "in another channel"),
    ],
)
async def test_what_cannot_be_explained(stage: Stage, ada: Human, message: str, said: str) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "why", message=message)
        assert said in (await answer_to(ada))["description"]


async def test_a_direct_message_is_explained_too(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        question = await ada.dm(ada.bot_id, "hello there")
        await stage.closed(question)
        await ada.slash(question["channel_id"], "why", message=question["id"])
        told = await answer_to(ada)
    assert told["description"] == "Because it is a direct message."
    assert told["Why this persona"] == "Elio is the one who answers by default."


async def test_who_was_called_together_is_explained_for_each(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.send("general", "Olga and Glordon, hello")
        first = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        second = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.menu(first, MENU)
        told = await answer_to(ada)
        assert (told["title"], told["Why this persona"]) == (
            "Why Olga answered",
            "Olga is the first of those who were called together.",
        )
        await ada.menu(second, MENU)
        told = await answer_to(ada)
    assert told["title"] == "Why Glordon answered"
    assert told["description"] == "Because it was called together with the one who spoke before."


async def test_an_answer_to_a_command_and_what_was_said_unasked_are_explained(stage: Stage, ada: Human) -> None:
    stage.app = ReadingApp()
    async with stage.gateway():
        await registered(ada)
        for command, options, title in (
            ("persona ask", {"question": "how many docks?", "persona": "olga"}, "Why Olga answered"),
            ("ai ask", {"prompt": "how many docks?"}, "Why the model answered"),
        ):
            ada.forget()
            await ada.slash("general", command, **options)
            shown = await ada.wait_for("MESSAGE_UPDATE", lambda message: bool(message["embeds"]))

            async def noted(message_id: str = shown["id"]) -> bool:
                channel = str(shown["channel_id"])  # noqa: B023 (called at once)
                return bool(await stage.actors().call("channel", channel, "why", message_id))

            await eventually(noted)
            await ada.menu(shown, MENU)
            told = await answer_to(ada)
            assert (told["title"], told["description"]) == (title, "Because it was asked by a command.")
            assert ("Harbor" in told.get("Passages used", "")) == (command == "persona ask")
            assert told["Tokens"].endswith("written")
        ada.forget()
        await ada.slash("general", "greet")
        greeting = await ada.wait_for("MESSAGE_CREATE", lambda message: message["author"]["username"] == "Elio")
        assert (await answer_to(ada))["description"] == "Elio has said hello."
        await ada.menu(greeting, MENU)
        assert (await answer_to(ada))["description"] == "Because a command wanted it."
    document = (await ChannelDocument.load(greeting["channel_id"])).model_dump_json()
    assert "docks" not in document
