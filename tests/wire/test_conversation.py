"""A conversation over the wire, from the message a person writes to what everybody sees."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually

Doc = dict[str, Any]


def by_webhook(message: Doc) -> bool:
    return bool(message.get("webhook_id"))


def by_bot(message: Doc) -> bool:
    return bool(message["author"].get("bot"))


async def test_a_mention_is_answered_by_the_persona(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.wait_for("TYPING_START", lambda typing: typing["user_id"] == ada.bot_id)
        await stage.closed(question)
    assert answer["author"]["username"] == "Elio"
    assert answer["content"] == "elio hears hello."
    [request] = stage.app.requests
    assert request.message.content == "hello"
    assert request.message.author.name == "Ada"
    # The picture that goes with the message is Elio's own, taken from the bot's emojis.
    author = answer["author"]
    async with ada._http.get(f"{stage.server.cdn_url}/avatars/{author['id']}/{author['avatar']}.png") as picture:
        assert await picture.read() == stage.pack.persona("elio").avatar.read_bytes()


async def test_a_keyword_brings_its_persona_and_one_webhook_serves_all(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await asyncio.gather(
            ada.send("general", "is there any potato left?"), ada.send("general", f"<@{ada.bot_id}> hello")
        )
        answers = [await ada.wait_for("MESSAGE_CREATE", by_webhook) for _ in range(2)]
    assert {answer["author"]["username"] for answer in answers} == {"Elio", "Glordon"}
    assert len({answer["webhook_id"] for answer in answers}) == 1


async def test_an_answer_to_a_persona_is_answered_by_it(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.send("general", "potato?")
        first = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        await ada.send("general", "and then?", reply_to=first["id"])
        second = await ada.wait_for("MESSAGE_CREATE", by_webhook)
    assert second["author"]["username"] == "Glordon"


async def test_who_begins_to_type_to_the_cast_wakes_its_model(stage: Stage, ada: Human) -> None:
    stage.prewarm = True
    async with stage.gateway():
        await ada.type("general")
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await stage.closed(question)
        await asyncio.sleep(0.3)
        assert stage.app.warmed == 0  # when they typed, nobody had talked with the cast there
        await ada.type("general")

        async def warmed() -> bool:
            return stage.app.warmed == 1

        await eventually(warmed)


async def test_while_somebody_types_to_a_persona_the_model_reads_what_they_talked_about(
    stage: Stage, ada: Human
) -> None:
    stage.speculation = True
    async with stage.gateway():
        await ada.type("general")
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await stage.closed(question)
        await asyncio.sleep(0.3)
        assert stage.app.read_ahead == []  # when they typed, nobody had talked with the cast there
        await ada.type("general")

        async def read() -> bool:
            return len(stage.app.read_ahead) == 1

        await eventually(read)
    [request] = stage.app.read_ahead
    assert (request.persona_id, request.message.author.name, request.message.content) == ("elio", "Ada", "")
    assert [turn.text for turn in request.history] == ["hello", "elio hears hello."]


async def test_nobody_answers_what_is_not_for_them(stage: Stage, ada: Human) -> None:
    async with stage.gateway() as gateway:
        await ada.send("general", "just talking to Bruno")
        await ada.send("general", f"<@{ada.bot_id}> hello")
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await asyncio.sleep(0.3)
        # The persona's own post comes back as a message event and is left alone.
        assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 1
        assert gateway.health().turns == 0


async def test_the_same_message_twice_is_answered_once(stage: Stage, ada: Human) -> None:
    async with stage.gateway() as gateway:
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        client = gateway._client
        assert client is not None
        again = await client.get_channel(int(question["channel_id"])).fetch_message(int(question["id"]))  # type: ignore[union-attr]
        await client.on_message(again)
    assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 1
    assert len(stage.app.requests) == 1


async def test_a_reply_grows_by_edits_no_faster_than_the_pace(stage: Stage, ada: Human) -> None:
    stage.app.text = "This is how it began. " + "And it went on and on. " * 9 + "That was it."
    stage.app.pieces, stage.app.pause_s = 24, 0.06
    stage.edit_interval_s = 0.4
    times: list[float] = []
    loop = asyncio.get_running_loop()
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> tell me")
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        times.append(loop.time())
        text = post["content"]
        while text != stage.app.text:
            edited = await ada.wait_for("MESSAGE_UPDATE", lambda m: m["id"] == post["id"])
            times.append(loop.time())
            assert edited["content"].startswith(text)
            text = edited["content"]
        await stage.closed(question)
    assert len(post["content"]) < len(stage.app.text)
    assert 3 <= len(times) <= 6
    assert all(later - earlier > 0.35 for earlier, later in itertools.pairwise(times))


async def test_a_long_reply_is_split(stage: Stage, ada: Human) -> None:
    stage.app.text = "A sentence of a long, long story. " * 140
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> tell me")
        posts = [await ada.wait_for("MESSAGE_CREATE", by_webhook) for _ in range(3)]
        await stage.closed(question)
    assert all(len(post["content"]) <= 2000 and post["content"].endswith(".") for post in posts)
    assert " ".join(post["content"] for post in posts) == stage.app.text.strip()
    known = await stage.actors().call("channel", question["channel_id"], "known_replies")
    assert known == tuple(post["id"] for post in posts)


async def test_a_reply_pings_nobody(stage: Stage, ada: Human) -> None:
    stage.app.text = f"@everyone and @here, and <@{ada.id}> too."
    async with stage.gateway():
        await ada.send("general", f"<@{ada.bot_id}> shout")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
    assert answer["mention_everyone"] is False
    assert answer["mentions"] == []
    assert "@everyone" not in answer["content"]
    assert "@\u200beveryone" in answer["content"]


async def test_a_direct_message_is_answered_in_the_bots_name(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.dm(ada.bot_id, "hello there")
        answer = await ada.wait_for("MESSAGE_CREATE", by_bot)
        await stage.closed(question)
    assert answer["channel_id"] == question["channel_id"]
    assert answer["content"] == "**Elio:** elio hears hello there."
    assert answer["message_reference"]["message_id"] == question["id"]


async def test_without_webhooks_the_bot_answers_in_the_personas_name(stage: Stage, ada: Human) -> None:
    stage.app.text = "I begin. " + "I go on and on. " * 200
    stage.app.pieces, stage.app.pause_s = 10, 0.05
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    forbidden = {"type": 0, "allow": "0", "deny": str(1 << 29)}  # Manage Webhooks
    await ada.request("PUT", f"/channels/{ada.channel_id('general')}/permissions/{role}", forbidden)
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await stage.closed(question)
        *posts, _ = await ada.history("general")
    posts = [post for post in reversed(posts) if "For those who run this server" not in post["content"]]
    assert len(posts) == 2
    assert all(post["author"]["id"] == ada.bot_id and post["content"].startswith("**Elio:** ") for post in posts)
    assert " ".join(post["content"].removeprefix("**Elio:** ") for post in posts) == stage.app.text.strip()
    assert posts[0]["message_reference"]["message_id"] == question["id"]
    assert ada.id not in [user["id"] for user in posts[0]["mentions"]]


async def test_a_thread_is_answered_through_its_parents_webhook(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        thread = await ada.request("POST", f"/channels/{ada.channel_id('general')}/threads", {"name": "t", "type": 11})
        first = await ada.send(thread["id"], f"<@{ada.bot_id}> hello")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(first)
        await ada.send("general", f"<@{ada.bot_id}> hello")
        other = await ada.wait_for("MESSAGE_CREATE", by_webhook)
    assert answer["channel_id"] == thread["id"]
    assert other["channel_id"] == ada.channel_id("general")
    assert answer["webhook_id"] == other["webhook_id"]


async def test_where_the_bot_may_not_write_the_turn_ends(stage: Stage, ada: Human) -> None:
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    forbidden = {"type": 0, "allow": "0", "deny": str(1 << 29 | 1 << 11)}  # Manage Webhooks, Send Messages
    await ada.request("PUT", f"/channels/{ada.channel_id('games')}/permissions/{role}", forbidden)
    async with stage.gateway():
        await stage.closed(await ada.send("games", f"<@{ada.bot_id}> hello"))
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
    assert len(ada.seen("MESSAGE_CREATE", by_webhook)) == 1


async def test_mentions_read_as_names(stage: Stage, ada: Human) -> None:
    bruno = next(user["id"] for user in stage.server.seed["users"] if user["username"] == "bruno")
    general = ada.channel_id("general")
    async with stage.gateway():
        await ada.send("general", f"<@{ada.bot_id}>, ask <@{bruno}> in <#{general}> <:smile:123>")
        await ada.wait_for("MESSAGE_CREATE", by_bot)
    [request] = stage.app.requests
    assert request.message.content == "ask @Bruno in #general :smile:"
    assert request.message.mentions_bot


async def test_a_deleted_reply_stays_deleted(stage: Stage, ada: Human) -> None:
    stage.app.text = "First. " + "More and more. " * 20
    stage.app.pieces, stage.app.pause_s = 20, 0.1
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> tell me")
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.delete("general", post["id"])  # Ada owns the server
        await stage.closed(question)
        assert all(message["id"] == question["id"] for message in await ada.history("general"))


async def test_a_deleted_question_ends_its_answer(stage: Stage, ada: Human) -> None:
    stage.app.text = "First. " + "More and more. " * 20
    stage.app.pieces, stage.app.pause_s = 20, 0.1
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> tell me")
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.delete("general", question["id"])
        await stage.closed(question)
        await asyncio.sleep(0.5)
        [left] = await ada.history("general")
    assert left["id"] == post["id"]
    assert len(left["content"]) < len(stage.app.text)


@pytest.mark.parametrize("route", ["POST /webhooks/.*", "PATCH /webhooks/.*"])
async def test_a_server_error_is_ridden_out(stage: Stage, ada: Human, route: str) -> None:
    stage.app.text = "First. And then the rest."
    stage.app.pieces, stage.app.pause_s = 4, 0.1
    stage.server.faults.error(route)
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await stage.closed(question)
        answer, _ = await ada.history("general")
    assert answer["content"] == stage.app.text
