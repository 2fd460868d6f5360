"""Bursts, buttons, edits and deletions over the wire, and two gateways at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from actors.audit import AuditDocument
from actors.channel_document import ChannelDocument
from core.errors import Overloaded
from local_discord import Human
from local_discord.components import walk
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook
from tests.wire.test_memory import told

Doc = dict[str, Any]

LONG = "This is how it began. " + "And it went on and on. " * 20 + "That was it."


def mention(human: Human, text: str) -> str:
    return f"<@{human.bot_id}> {text}"


def labels(message: Doc) -> list[str]:
    return [part["label"] for part in walk(message["components"]) if part.get("label")]


def custom_id(message: Doc) -> str:
    [found] = [part["custom_id"] for part in walk(message["components"]) if part.get("custom_id")]
    return str(found)


async def lines(stage: Stage, channel_id: str) -> list[str]:
    """What is remembered of a channel, as it is stored."""
    return [turn.text for turn in (await ChannelDocument.load(channel_id)).state.turns]


async def now(human: Human, channel: str, message_id: str) -> Doc:
    found: Doc = await human.request("GET", f"/channels/{human.channel_id(channel)}/messages/{message_id}")
    return found


async def showing(human: Human, channel: str, message_id: str, label: str) -> Doc:
    """The message once it has that button."""
    found: list[Doc] = []

    async def shown() -> bool:
        found.append(await now(human, channel, message_id))
        return labels(found[-1]) == [label]

    await eventually(shown)
    return found[-1]


# Bursts


@pytest.mark.parametrize("second", ["<@bot> two", "two"], ids=["addressed", "a mere continuation"])
async def test_a_burst_is_answered_once(stage: Stage, ada: Human, second: str) -> None:
    stage.app.thinks_s = 0.5
    async with stage.gateway():
        first = await ada.send("general", mention(ada, "one"))
        question = await ada.send("general", second.replace("bot", ada.bot_id))
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        await stage.closed(first)
        await asyncio.sleep(0.5)
    assert answer["content"] == "elio hears one\ntwo."
    assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 1
    assert [request.message.content for request in stage.app.requests] == ["one", "one\ntwo"]
    assert await lines(stage, question["channel_id"]) == ["one", "two", answer["content"]]


async def test_a_burst_in_a_direct_message_answers_the_newest(stage: Stage, ada: Human) -> None:
    stage.app.thinks_s = 0.5
    async with stage.gateway():
        await ada.dm(ada.bot_id, "one")
        question = await ada.dm(ada.bot_id, "two")
        answer = await ada.wait_for("MESSAGE_CREATE", by_bot)
        await stage.closed(question)
    assert answer["content"] == "**Elio:** elio hears one\ntwo."
    assert answer["message_reference"]["message_id"] == question["id"]


async def test_what_comes_after_the_first_post_is_answered_by_itself(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pieces, stage.app.pause_s = LONG, 10, 0.1
    async with stage.gateway():
        await ada.send("general", mention(ada, "one"))
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        question = await ada.send("general", mention(ada, "two"))
        second = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        posts = [message for message in await ada.history("general") if by_bot(message)]
    assert [post["content"] for post in posts] == [LONG, LONG]
    assert posts[0]["id"] == second["id"]


async def test_an_answer_waits_for_its_author_who_is_typing_and_for_nobody_else(stage: Stage, ada: Human) -> None:
    loop = asyncio.get_running_loop()
    stage.app.thinks_s = 0.3

    async def seconds(*, typing: Human | None = None, goes_on: bool = False) -> float:
        begun = loop.time()
        question = await ada.send("general", mention(ada, "one"))
        if typing:
            await typing.type("general")
        if goes_on:
            await asyncio.sleep(0.9)
            question = await ada.send("general", mention(ada, "two"))
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        took = loop.time() - begun
        await stage.closed(question)
        return took

    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await seconds()  # the first makes the webhook
        await ada.type("general")  # before she sends it, and no more afterwards
        await asyncio.sleep(1.1)  # Discord tells the time of typing in whole seconds
        assert await seconds(typing=bruno) < 1.4
        assert 1.7 < await seconds(typing=ada) < 3.0
        stage.app.requests.clear()
        await seconds(typing=ada, goes_on=True)
    assert [request.message.content for request in stage.app.requests] == ["one", "one\ntwo"]
    assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 4


async def test_a_burst_cut_off_by_a_crash_is_answered_once(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pause_s = "Only one word no stop", 5.0
    async with stage.gateway(drain_s=0):
        first = await ada.send("general", mention(ada, "one"))
        await ada.wait_for("TYPING_START", lambda typing: typing["user_id"] == ada.bot_id)
        second = await ada.send("general", mention(ada, "two"))

        async def joined() -> bool:
            return len(stage.app.requests) == 2

        await eventually(joined)
    stage.app.pause_s = 0.0
    for _ in range(2):
        async with stage.gateway():
            await stage.closed(second)
            await stage.closed(first)
            await asyncio.sleep(0.3)
    assert [m["content"] for m in await ada.history("general") if by_bot(m)] == [stage.app.text]
    assert [request.message.content for request in stage.app.requests] == ["one", "one\ntwo", "one\ntwo"]


# Buttons


async def test_stop_ends_the_reply_where_it_stands(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pieces, stage.app.pause_s = LONG, 40, 0.1
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        question = await bruno.send("general", mention(bruno, "tell me"))
        post = await bruno.wait_for("MESSAGE_CREATE", by_webhook)
        assert labels(post) == ["Stop"]
        async with await Human.connect(stage.server.seed, "chiyo") as chiyo:
            await chiyo.click(post, custom_id(post))
            refused = await told(chiyo, "Manage Messages")
        assert "Only whoever asked" in refused["content"]
        standing = await bruno.wait_for("MESSAGE_UPDATE", lambda message: message["id"] == post["id"])
        await bruno.click(standing, custom_id(standing))
        await stage.closed(question)
        ended = await showing(bruno, "general", post["id"], "Regenerate")
        await asyncio.sleep(0.5)
        assert (await now(bruno, "general", post["id"]))["content"] == ended["content"]
    assert standing["content"] <= ended["content"] < LONG
    assert LONG.startswith(ended["content"])
    assert await lines(stage, question["channel_id"]) == ["tell me", ended["content"]]
    assert (await AuditDocument.load(stage.server.seed["guild_id"])).entries == []  # it was one's own


async def test_a_moderator_may_stop_what_others_asked(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pieces, stage.app.pause_s = LONG, 40, 0.1
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        question = await bruno.send("general", mention(bruno, "tell me"))
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.click(post, custom_id(post))  # Ada owns the server
        await stage.closed(question)
        ended = await showing(ada, "general", post["id"], "Regenerate")
        assert len(ended["content"]) < len(LONG)
        await ada.click(ended, custom_id(ended))

        async def logged() -> bool:
            return len((await AuditDocument.load(stage.server.seed["guild_id"])).entries) == 2

        await eventually(logged)
    entries = (await AuditDocument.load(stage.server.seed["guild_id"])).entries
    assert [(one.by, one.action, one.detail, one.about) for one in entries] == [
        (ada.id, "reply.stop", "in #general", bruno.id),
        (ada.id, "reply.renew", "in #general", bruno.id),
    ]


async def test_regenerate_edits_the_same_reply_also_after_a_restart(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.send("general", mention(ada, "one"))
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        post = await showing(ada, "general", post["id"], "Regenerate")
    stage.app.text, stage.app.pieces, stage.app.pause_s = "Another. And more of it than before.", 6, 0.1
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await bruno.click(post, custom_id(post))
        await told(bruno, "Only whoever asked")
        ada.forget()
        await ada.click(post, custom_id(post))
        growing = await ada.wait_for("MESSAGE_UPDATE", lambda message: message["id"] == post["id"])
        assert labels(growing) == ["Stop"]

        async def renewed() -> bool:
            return (await now(ada, "general", post["id"]))["content"] == stage.app.text

        await eventually(renewed)
        await showing(ada, "general", post["id"], "Regenerate")
        await stage.closed(question)
        assert [m["id"] for m in await ada.history("general") if by_bot(m)] == [post["id"]]
    assert await lines(stage, question["channel_id"]) == ["one", stage.app.text]
    first, second = stage.app.requests
    assert (first.attempt, second.attempt, second.message.content) == (0, 1, "one")


async def test_a_regeneration_that_there_is_no_room_for_can_be_asked_for_again(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.gateway():
        question = await ada.send("general", mention(ada, "one"))
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        post = await showing(ada, "general", post["id"], "Regenerate")
        stage.app.text = "Another."
        refused = asyncio.Event()

        async def full(*args: object) -> None:
            refused.set()
            raise Overloaded("No room.", retry_after_s=5.0)

        with monkeypatch.context() as patched:
            patched.setattr("bot.turns.Turns.take", full)
            await ada.click(post, custom_id(post))
            await asyncio.wait_for(refused.wait(), 5)
            await stage.closed(question)
        await ada.click(post, custom_id(post))

        async def renewed() -> bool:
            return (await now(ada, "general", post["id"]))["content"] == "Another."

        await eventually(renewed)


async def test_regenerate_answers_what_is_left_of_a_burst_as_it_stands_now(stage: Stage, ada: Human) -> None:
    stage.app.thinks_s = 0.5
    async with stage.gateway():
        first = await ada.send("general", mention(ada, "one"))
        second = await ada.send("general", mention(ada, "two"))
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(second)
        post = await showing(ada, "general", post["id"], "Regenerate")
        await ada.delete("general", first["id"])
        await ada.edit("general", second["id"], mention(ada, "zwei"))
        await ada.click(post, custom_id(post))

        async def renewed() -> bool:
            return (await now(ada, "general", post["id"]))["content"] == "elio hears zwei."

        await eventually(renewed)
        await ada.delete("general", second["id"])
        await ada.click(await showing(ada, "general", post["id"], "Regenerate"), custom_id(post))
        await told(ada, "is gone")


async def test_a_direct_message_has_the_buttons_and_a_setting_takes_them_away(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.dm(ada.bot_id, "one")
        answer = await ada.wait_for("MESSAGE_CREATE", by_bot)
        await stage.closed(question)
        shown = await showing(ada, question["channel_id"], answer["id"], "Regenerate")
        stage.app.text = "Another."
        await ada.click(shown, custom_id(shown))

        async def renewed() -> bool:
            return bool((await now(ada, question["channel_id"], answer["id"]))["content"] == "**Elio:** Another.")

        await eventually(renewed)
    stage.reply_buttons = False
    async with stage.gateway():
        await stage.closed(await ada.dm(ada.bot_id, "two"))
        newest, *_ = await ada.history(question["channel_id"])
    assert newest["components"] == []


async def test_only_the_last_part_of_a_long_reply_has_the_button(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pieces, stage.app.pause_s = "A sentence of a long, long story. " * 140, 14, 0.1
    async with stage.gateway():
        question = await ada.send("general", mention(ada, "tell me"))
        await stage.closed(question)
        posts = [message for message in await ada.history("general") if by_bot(message)]
    assert [labels(post) for post in posts] == [["Regenerate"], [], []]


# Edits and deletions


async def test_a_question_deleted_before_the_first_post_is_not_answered(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pause_s = "Only one word no stop", 1.0
    async with stage.gateway() as gateway:
        await ada.send("general", "how are you all")
        question = await ada.send("general", mention(ada, "hello"))
        await ada.wait_for("TYPING_START", lambda typing: typing["user_id"] == ada.bot_id)
        await ada.delete("general", question["id"])
        await stage.closed(question)
        await asyncio.sleep(1.5)
        assert gateway.health().turns == 0
    assert ada.seen("MESSAGE_CREATE", by_bot) == []
    assert await lines(stage, question["channel_id"]) == ["how are you all"]


async def test_many_messages_deleted_at_once_leave_memory(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        said = [await ada.send("general", f"line {number}") for number in range(3)]
        question = await ada.send("general", mention(ada, "hello"))
        await stage.closed(question)
        ids = [message["id"] for message in said[:2]]
        await ada.request("POST", f"/channels/{question['channel_id']}/messages/bulk-delete", {"messages": ids})

        async def gone() -> bool:
            return await lines(stage, question["channel_id"]) == ["line 2", "hello", "elio hears hello."]

        await eventually(gone)


async def test_an_edited_question_is_answered_as_it_stands(stage: Stage, ada: Human) -> None:
    stage.app.thinks_s = 0.5
    async with stage.gateway():
        question = await ada.send("general", mention(ada, "one"))
        await ada.edit("general", question["id"], mention(ada, "uno"))
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        assert answer["content"] == "elio hears uno."
        await ada.edit("general", question["id"], mention(ada, "eins"))

        async def revised() -> bool:
            return await lines(stage, question["channel_id"]) == ["eins", "elio hears uno."]

        await eventually(revised)
        await asyncio.sleep(0.5)
    assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 1


async def test_what_was_edited_or_deleted_while_the_bot_was_away_counts(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pause_s = "Only one word no stop", 5.0
    async with stage.gateway(drain_s=0):
        first = await ada.send("general", mention(ada, "one"))
        second = await ada.send("general", mention(ada, "two"))

        async def joined() -> bool:
            return len(stage.app.requests) == 2

        await eventually(joined)
    stage.app.text, stage.app.pause_s = "", 0.0
    await ada.delete("general", second["id"])
    await ada.edit("general", first["id"], mention(ada, "uno"))
    async with stage.gateway():
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(first)
    assert answer["content"] == "elio hears uno."


# Two gateways


async def test_two_gateways_answer_each_message_once(stage: Stage, ada: Human) -> None:
    """As when a second one is started by mistake, or the first was taken for dead: both hear everything."""
    stage.app.text, stage.app.pieces, stage.app.pause_s = "It begins here. It ends there.", 3, 0.05
    actors = stage.actors()
    async with (
        await Human.connect(stage.server.seed, "bruno") as bruno,
        stage.gateway(actors) as one,
        stage.gateway(actors) as two,
    ):
        questions = []
        for number in range(6):
            channel = ("general", "games", "lore-talk")[number % 3]
            human = (ada, bruno)[number % 2]
            questions.append(await human.send(channel, mention(human, f"question {number}")))
        for question in questions:
            await stage.closed(question)

        async def idle() -> bool:
            return one.health().turns == two.health().turns == 0

        await eventually(idle)
        await asyncio.sleep(0.5)
        # Every post came by both as an event of its own, and neither took it for somebody speaking to it.
        posts = [m for channel in ("general", "games", "lore-talk") for m in await ada.history(channel) if by_bot(m)]
        assert [post["content"] for post in posts] == [stage.app.text] * 6
        states = [
            (await ChannelDocument.load(channel)).state
            for channel in {question["channel_id"] for question in questions}
        ]
        answered = Counter(reply.source_id for state in states for reply in state.replies)
        assert answered == Counter(question["id"] for question in questions)
        assert len(stage.app.requests) == 6

        [own] = [post for post in posts if post["id"] == states[0].replies[0].id]
        asker = ada if states[0].answers[0].author_id == ada.id else bruno
        await asker.click(own, custom_id(own))  # both hear of that, too

        async def renewed() -> bool:
            return len(stage.app.requests) == 7

        await eventually(renewed)
        await asyncio.sleep(1.0)
        assert len(stage.app.requests) == 7
        assert asker.seen("INTERACTION_FAILURE") == []


async def test_a_gateway_that_comes_while_another_works_doubles_nothing(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pieces, stage.app.pause_s = LONG, 30, 0.1
    actors = stage.actors()
    async with stage.gateway(actors):
        question = await ada.send("general", mention(ada, "tell me"))
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        async with stage.gateway(actors):
            await stage.closed(question)
            await asyncio.sleep(0.3)
    assert [m["content"] for m in await ada.history("general") if by_bot(m)] == [LONG]
    assert len(stage.app.requests) == 1
