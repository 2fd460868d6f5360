"""/memory over the wire: what is kept about people is shown, handed over and forgotten."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from actors.channel_document import ChannelDocument
from actors.hand_over import HandOver
from actors.member import MemberDocument
from core.prompts import compose
from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def registered(ada: Human) -> None:
    async def known() -> bool:
        return any(command["name"] == "memory" for command in await ada.commands("general"))

    await eventually(known)


async def said(stage: Stage, human: Human, channel: str, text: str) -> None:
    """Say something to the bot and wait until it has answered."""
    await stage.closed(await human.send(channel, f"<@{human.bot_id}> {text}"))


async def told(human: Human, holding: str) -> Doc:
    """The bot's next words to somebody alone that hold a text, also where they take the place of others."""

    def fits(message: Doc) -> bool:
        shown = message["content"] + "".join(embed.get("description", "") for embed in message["embeds"])
        return bool(message["flags"] & _EPHEMERAL) and holding in shown

    found: list[Doc] = []

    async def arrived() -> bool:
        found.extend(human.seen("MESSAGE_UPDATE", fits) or human.seen("MESSAGE_CREATE", fits))
        return bool(found)

    await eventually(arrived)
    return found[-1]


async def everything_stored(stage: Stage) -> str:
    database = stage.database.database
    found = {name: await database[name].find({}).to_list() for name in await database.list_collection_names()}
    assert found
    return json.dumps(found, default=str)


async def test_view_and_export_hold_what_was_said_and_answered(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "memory view")
        await told(ada, "Nothing is kept about you.")
        await said(stage, ada, "general", "my cat is called Biscuit")
        await ada.slash("general", "memory view")
        shown = await told(ada, "my cat is called Biscuit")
        assert "elio hears my cat is called Biscuit." in shown["embeds"][0]["description"]
        await ada.slash("general", "memory export")
        file = (await told(ada, "3 things, oldest first."))["attachments"][0]
        async with ada._http.get(file["url"]) as response:
            kept = json.loads(await response.read())
    assert [(one["kind"], one["text"]) for one in kept] == [
        ("usage", "answers on that day: 1, tokens: 0"),
        ("line", "my cat is called Biscuit"),
        ("reply", "elio hears my cat is called Biscuit."),
    ]


async def test_forget_empties_everything_and_nobody_elses(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for channel in ("general", "lore-talk"):
            await said(stage, ada, channel, "my cat is called Biscuit")
        await said(stage, bruno, "general", "I live in Oslo")
        await ada.slash("general", "memory forget")
        question = await told(ada, "5 things about you")
        [button] = [c for row in question["components"] for c in row["components"]]
        assert button["label"] == "Forget it all"
        assert "Biscuit" in await everything_stored(stage)  # it was only asked
        await ada.click(question, button["custom_id"])
        await told(ada, "Done. 5 things forgotten.")
        await ada.slash("general", "memory view")
        await told(ada, "Nothing is kept about you.")

        async def gone() -> bool:
            stored = await everything_stored(stage)
            return "Biscuit" not in stored and ada.id not in stored

        await eventually(gone)
        assert "I live in Oslo" in await everything_stored(stage)


async def test_purge_is_for_who_manages_the_server(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await said(stage, bruno, "general", "I live in Oslo")
        await bruno.slash("general", "memory purge")
        await told(bruno, "Manage Server")
        await ada.slash("general", "memory purge")
        question = await told(ada, "by everybody")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await told(ada, "Done. 1 channel forgotten.")

        async def gone() -> bool:
            return "Oslo" not in await everything_stored(stage)

        await eventually(gone)
        answers = ada.seen("MESSAGE_CREATE", lambda message: message["author"]["username"] == "Elio")
        assert len(answers) == 1  # what stands in Discord stays there


@pytest.mark.parametrize("command", ["memory purge", "admin-data purge"])
async def test_a_purge_reaches_channels_that_are_gone_and_archived_threads(
    stage: Stage, ada: Human, command: str
) -> None:
    general = ada.channel_id("general")
    async with stage.gateway():
        await registered(ada)
        guild_id = stage.server.seed["guild_id"]
        gone = await ada.request("POST", f"/guilds/{guild_id}/channels", {"name": "gone", "type": 0})
        thread = await ada.request("POST", f"/channels/{general}/threads", {"name": "aside", "type": 11})
        for place, name in ((general, "Moss"), (gone["id"], "Biscuit"), (thread["id"], "Rex")):
            await said(stage, ada, place, f"my cat is called {name}")
        channel = (await ada.dm(ada.bot_id, "my cat is called Comet"))["channel_id"]
        await stage.closed((await ada.request("GET", f"/channels/{channel}/messages"))[-1])
        await ada.request("PATCH", f"/channels/{thread['id']}", {"archived": True})
        await ada.request("DELETE", f"/channels/{gone['id']}")
        await asyncio.sleep(0.3)  # for the client to hear of it
        await ada.slash("general", command, **({"what": "conversations"} if "admin" in command else {}))
        question = await told(ada, "by everybody")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await told(ada, "Done.")

        async def forgotten() -> bool:
            stored = await everything_stored(stage)
            return not any(name in stored for name in ("Moss", "Biscuit", "Rex"))

        await eventually(forgotten)
        assert "Comet" in await everything_stored(stage)  # what is said in private is not the server's


async def test_who_has_nothing_that_can_be_shown_is_forgotten_nonetheless(stage: Stage, ada: Human) -> None:
    asked: list[str] = []
    async with stage.gateway() as gateway:
        await registered(ada)
        await ada.slash("general", "memory off")
        await told(ada, "Nothing you say is remembered")
        await ada.slash("general", "memory view")
        assert (
            "*memory switched off*: Off on all servers" in (await told(ada, "switched off"))["embeds"][0]["description"]
        )
        call = gateway._actors.call

        async def seen(kind: str, key: str, method: str, *args: Any, **kwargs: Any) -> Any:
            asked.append(f"{kind} {method}")
            return await call(kind, key, method, *args, **kwargs)

        gateway._actors.call = seen  # type: ignore[method-assign]
        await ada.slash("general", "memory forget")
        await told(ada, "stays known")
        assert "member forget_person" in asked
    assert (await MemberDocument.load(ada.id)).unremembered == ["*"]


async def chatted(stage: Stage, human: Human, channel: str) -> None:
    """Drive whatever was there out of the channel's window and notes."""
    last: Doc = {}
    for number in range(12):
        last = await human.send(channel, f"I am so tired of my {number} Mondays now")
    await stage.closed(last)


async def in_long_term(stage: Stage, *texts: str) -> None:
    async def held() -> bool:
        documents = await stage.database.database["memories"].find({}).to_list()
        stored = {item["text"] for document in documents for item in document["items"]}
        return stored == set(texts)

    await eventually(held)


async def test_what_was_told_long_before_is_in_the_prompt_of_a_later_question(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.2)
    stage.window = 3
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await said(stage, ada, "general", "my cat is called Biscuit")
        await in_long_term(stage, "my cat is called Biscuit")
        await chatted(stage, bruno, "general")
        await said(stage, ada, "general", "do you know what my cat is called?")
        asked = stage.app.requests[-1]
        assert [(one.speaker, one.text) for one in asked.memories] == [("Ada", "my cat is called Biscuit")]
        assert "Biscuit" not in " ".join(turn.text for turn in asked.history)
        await said(stage, ada, "lore-talk", "do you know what my cat is called?")  # she told it where all can read
        assert [one.text for one in stage.app.requests[-1].memories] == ["my cat is called Biscuit"]
        await said(stage, bruno, "lore-talk", "do you know what my cat is called?")
        assert stage.app.requests[-1].memories == ()

        persona = stage.pack.persona(asked.persona_id)
        prompt = compose(persona, asked.message, asked.history, asked.summary, (), 1000, lambda _: 1, asked.memories)
        assert "Ada said just now: my cat is called Biscuit." in prompt.messages[0].content

        await ada.slash("general", "memory view")
        assert "*memory*: my cat is called Biscuit" in (await told(ada, "*memory*"))["embeds"][0]["description"]
        await ada.slash("general", "memory off")
        await told(ada, "one thing forgotten")
        await in_long_term(stage)
        await said(stage, ada, "general", "my dog is called Rex")
        await said(stage, bruno, "general", "my fish is called Bubbles")
        await in_long_term(stage, "my fish is called Bubbles")
        await ada.slash("general", "memory on")
        await told(ada, "may be remembered")
        await said(stage, ada, "general", "my horse is called Comet")
        await in_long_term(stage, "my fish is called Bubbles", "my horse is called Comet")
        await ada.slash("general", "memory forget")
        question = await told(ada, "about you will be gone")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await told(ada, "forgotten.")
        await in_long_term(stage, "my fish is called Bubbles")

        async def gone() -> bool:
            stored = await everything_stored(stage)
            return "Comet" not in stored and ada.id not in stored

        await eventually(gone)


async def test_what_people_react_to_weighs_more_until_they_take_it_back(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.2)
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        told = await ada.send("general", f"<@{ada.bot_id}> my cat is called Biscuit")
        await stage.closed(told)
        await in_long_term(stage, "my cat is called Biscuit")

        async def reactions() -> list[tuple[str, str]]:
            documents = await stage.database.database["memories"].find({}).to_list()
            echoes = [echo for one in documents for item in one["items"] for echo in item["echoes"]]
            return [(echo["author_id"], echo["reaction"]) for echo in echoes]

        async def liked() -> bool:
            return await reactions() == [(bruno.id, "\N{SPARKLES}")]

        async def disliked() -> bool:
            return await reactions() == []

        await ada.react("general", told["id"], "\N{SPARKLES}")  # one's own does not count
        await bruno.react("general", told["id"], "\N{SPARKLES}")
        await eventually(liked)
        await bruno.unreact("general", told["id"], "\N{SPARKLES}")
        await eventually(disliked)


async def test_who_manages_the_server_teaches_it_and_purges_it(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.2)
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await bruno.slash("general", "memory teach", text="The raid starts on Sunday.")
        await told(bruno, "Manage Server")
        await ada.slash("general", "memory teach", text="The raid starts on Friday.")
        await told(ada, "The cast knows: The raid starts on Friday.")
        await said(stage, bruno, "lore-talk", "which Friday raid starts first?")
        assert [one.text for one in stage.app.requests[-1].memories] == ["The raid starts on Friday."]
        await said(stage, bruno, "general", "my cat is called Biscuit")
        await in_long_term(stage, "The raid starts on Friday.", "my cat is called Biscuit")
        await ada.slash("general", "memory purge")
        question = await told(ada, "by everybody")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await told(ada, "forgotten.")
        await in_long_term(stage)


async def test_a_server_says_whose_words_are_remembered(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandOver, "gather_s", 0.3)
    stage.window = 3

    async def handed_over(place: str) -> None:
        async def empty() -> bool:
            return not (await ChannelDocument.load(place)).state.outbox

        await eventually(empty)

    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        general = ada.channel_id("general")
        await ada.slash("general", "memory teach", text="The raid starts on Friday.")
        await told(ada, "The cast knows")
        await said(stage, ada, "general", "my cat is called Biscuit")
        await said(stage, bruno, "general", "my fish is called Bubbles")
        for _ in range(4):
            await said(stage, bruno, "general", "so tired")  # so that there are notes
        await in_long_term(stage, "The raid starts on Friday.", "my cat is called Biscuit", "my fish is called Bubbles")
        assert (await ChannelDocument.load(general)).state.notes

        await ada.slash("general", "config set", setting="memory", value="off")
        await told(ada, "`off`")
        await in_long_term(stage, "The raid starts on Friday.")
        state = (await ChannelDocument.load(general)).state
        assert (state.notes, state.remembered()) == ([], frozenset())
        await said(stage, ada, "general", "my dog is called Rex")
        for _ in range(4):
            await said(stage, bruno, "general", "so tired")
        await handed_over(general)
        await in_long_term(stage, "The raid starts on Friday.")
        assert (await ChannelDocument.load(general)).state.notes == []
        await ada.slash("general", "memory on")
        await told(ada, "Nothing is remembered for long on this server.")

        await ada.slash("general", "config set", setting="memory", value="opt_in")
        await told(ada, "`opt_in`")
        await ada.slash("general", "memory on")
        await told(ada, "may be remembered")
        await said(stage, bruno, "general", "my fish is called Bubbles")
        await said(stage, ada, "general", "my horse is called Comet")
        await in_long_term(stage, "The raid starts on Friday.", "my horse is called Comet")
        await handed_over(general)
        await in_long_term(stage, "The raid starts on Friday.", "my horse is called Comet")
        await ada.slash("general", "config set", setting="memory", value="opt_in")  # once more: whoever asked stays
        await told(ada, "`opt_in`")
        await in_long_term(stage, "The raid starts on Friday.", "my horse is called Comet")

        await ada.slash("general", "memory forget")
        question = await told(ada, "about you will be gone")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await told(ada, "forgotten.")
        await said(stage, ada, "general", "my bird is called Max")
        await handed_over(general)
        await in_long_term(stage)  # she is not remembered any more until she asks for it again
