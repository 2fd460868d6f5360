"""What happens around the death and return of the bot: nothing is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import discord
import pytest

from actors.channel_document import ChannelDocument
from bot.turns import Turns
from bot.webhooks import Voices
from core.errors import Unavailable
from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]


async def killed_after_its_first_post(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> tuple[Doc, Doc]:
    """A gateway posts an answer and dies before anybody is told; returns the question and the post."""
    actors = stage.actors()
    reached = asyncio.Event()
    call = actors.call

    async def dying(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        if method == "posted":
            reached.set()
            await asyncio.Event().wait()
        return await call(kind, key, method, *args, timeout_s=timeout_s)

    monkeypatch.setattr(actors, "call", dying)
    async with stage.gateway(actors, drain_s=0):
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await asyncio.wait_for(reached.wait(), 5)
    return question, post


async def test_a_post_nobody_knew_of_is_adopted(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.app.text = "It begins here. It ends there."
    stage.app.pieces, stage.app.pause_s = 2, 0.3
    question, post = await killed_after_its_first_post(stage, ada, monkeypatch)
    assert post["content"] == "It begins here."
    async with stage.gateway():
        await stage.closed(question)
        answers = [message for message in await ada.history("general") if by_bot(message)]
    assert [(answer["id"], answer["content"]) for answer in answers] == [(post["id"], stage.app.text)]
    assert await stage.actors().call("channel", post["channel_id"], "known_replies") == (post["id"],)


async def test_an_open_turn_without_a_post_is_answered(stage: Stage, ada: Human) -> None:
    stage.app.text, stage.app.pause_s = "Only one word no stop", 5.0
    async with stage.gateway(drain_s=0):
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await ada.wait_for("TYPING_START")
        stage.app.pause_s = 0.0
    async with stage.gateway():
        await stage.closed(question)
    assert [m["content"] for m in await ada.history("general") if by_bot(m)] == [stage.app.text]


async def test_a_deleted_question_is_not_answered_afterwards(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.app.pause_s = 5.0
    stage.app.text = "No stop"
    async with stage.gateway(drain_s=0):
        question = await ada.send("general", f"<@{ada.bot_id}> hello")
        await ada.wait_for("TYPING_START")
    stage.app.pause_s = 0.0
    posts = len([m for m in await ada.history("general") if by_bot(m)])
    await ada.delete("general", question["id"])
    async with stage.gateway():
        await stage.closed(question)
    assert len([m for m in await ada.history("general") if by_bot(m)]) == posts


async def test_what_was_missed_is_answered_once(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        for question in (await ada.send("general", f"<@{ada.bot_id}> one"), await ada.dm(ada.bot_id, "one")):
            await stage.closed(question)
    for channel in ("general", "games"):
        await ada.send(channel, f"<@{ada.bot_id}> two")
    await ada.dm(ada.bot_id, "two")
    for _ in range(2):
        async with stage.gateway():
            await asyncio.sleep(1.0)
    assert sorted(request.message.content for request in stage.app.requests) == ["one"] * 2 + ["two"] * 3
    assert len(ada.seen("MESSAGE_CREATE", by_bot)) == 5


async def test_the_newest_of_the_missed_comes_first_and_old_ones_are_left(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> zero")
        await stage.closed(question)
    stage.app.requests.clear()
    await ada.send("general", f"<@{ada.bot_id}> old")
    await asyncio.sleep(2.5)
    for word in ("young", "newest"):
        await ada.send("general", f"<@{ada.bot_id}> {word}")
    stage.catch_up_age_s = 2.5  # of which about one second passes until the gateway is ready
    async with stage.gateway():
        await asyncio.sleep(0.5)
    assert [request.message.content for request in stage.app.requests] == ["newest", "young"]


async def test_a_gateway_that_dies_while_it_catches_up_loses_nothing(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.gateway():
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> zero"))
    missed = [await ada.send("general", f"<@{ada.bot_id}> {word}") for word in ("one", "two", "three")]
    with monkeypatch.context() as dying:
        dying.setattr("bot.recovery._AT_ONCE_PER_CHANNEL", 1)
        stage.app.pause_s = 0.5
        async with stage.gateway(drain_s=0):

            async def begun() -> bool:
                return len(stage.app.requests) == 2  # of the missed ones only the newest

            await eventually(begun)
        stage.app.pause_s = 0.0
    async with stage.gateway():
        for question in missed:
            await stage.closed(question)
        await asyncio.sleep(0.3)
    answers = [m["content"] for m in await ada.history("general") if by_bot(m)]
    assert sorted(answers) == sorted(f"elio hears {word}." for word in ("zero", "one", "two", "three"))


async def test_a_first_start_answers_nothing_old(stage: Stage, ada: Human) -> None:
    await ada.send("general", f"<@{ada.bot_id}> anyone?")
    async with stage.gateway():
        await asyncio.sleep(0.5)
    assert stage.app.requests == []


async def test_a_lost_session_is_caught_up_and_a_resumed_one_needs_not(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> one"))
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        # The session ends, and a message comes while there is none.
        stage.server.faults.invalid_session(user_id=ada.bot_id)
        await ada.send("general", f"<@{ada.bot_id}> two")
        await ada.wait_for("MESSAGE_CREATE", by_webhook, timeout=20)
        # The socket breaks; Discord sends again what came meanwhile.
        stage.server.faults.drop_sockets(user_id=ada.bot_id)
        await ada.send("general", f"<@{ada.bot_id}> three")
        await ada.wait_for("MESSAGE_CREATE", by_webhook, timeout=20)
        await asyncio.sleep(0.3)
    assert [request.message.content for request in stage.app.requests] == ["one", "two", "three"]


async def test_what_failed_is_tried_again_without_a_new_connection(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.take_up_every_s, stage.reply_deadline_s = 0.2, 1.0
    monkeypatch.setattr("bot.client.Turns", partial(Turns, patience_s=0.1))
    actors, before = stage.actors(), Unavailable("The database is away.", component="mongodb")
    call, stream, fails = actors.call, actors.stream, {"turn", "delivered"}

    async def calling(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        if method in fails:
            raise before
        return await call(kind, key, method, *args, timeout_s=timeout_s)

    async def streaming(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        if method in fails:
            raise before
        async for event in stream(kind, key, method, *args, timeout_s=timeout_s):
            yield event

    monkeypatch.setattr(actors, "call", calling)
    monkeypatch.setattr(actors, "stream", streaming)
    async with stage.gateway(actors):
        unheard = await ada.send("general", f"<@{ada.bot_id}> one")
        await asyncio.sleep(0.5)
        fails.remove("turn")
        posted = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await asyncio.sleep(0.5)
        assert (await ChannelDocument.load(unheard["channel_id"])).open_turns == 1
        fails.remove("delivered")
        await stage.closed(unheard)
        answers = [message for message in await ada.history("general") if by_bot(message)]
    assert [(answer["id"], answer["content"]) for answer in answers] == [(posted["id"], "elio hears one.")]


async def test_a_deleted_webhook_is_made_again(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await ada.send("general", f"<@{ada.bot_id}> one")
        first = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await ada.request("DELETE", f"/webhooks/{first['webhook_id']}")
        await ada.send("general", f"<@{ada.bot_id}> two")
        second = await ada.wait_for("MESSAGE_CREATE", by_webhook)
    assert second["webhook_id"] != first["webhook_id"]


async def test_voices_find_only_their_own_posts(stage: Stage, ada: Human) -> None:
    async with stage.gateway() as gateway:
        await ada.send("general", f"<@{ada.bot_id}> one")
        own = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert gateway._client is not None
        place = gateway._client.get_channel(int(own["channel_id"]))
        assert isinstance(place, discord.TextChannel)
        other = await place.create_webhook(name="Somebody else")
        await other.send("I am Elio as well", username="Elio", wait=True)
        voices = Voices(gateway._client, {"elio": "Elio"}, lambda persona_id: None)
        assert [found async for found in voices.spoken_since(place, "elio", 0)] == [int(own["id"])]
