"""Several gateways, each with its shard of the servers: everybody is answered once, and one that dies takes no other
with it."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.drop import KIND as DROP
from actors.drop import Drop
from bot.gateway import Gateway
from bot.ports import Apps
from local_discord import Human
from tests.support.answers import registered
from tests.support.bot import Index, Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook
from tests.wire.test_play import closed, posted, right_button

Doc = dict[str, Any]


def shard_of(guild_id: str) -> int:
    return (int(guild_id) >> 22) % 2


async def channel_on(human: Human, shard: int) -> str:
    """The only channel of a new server on that shard, with the bot in it."""
    while True:
        guild = await human.request("POST", "/guilds", {"name": "Another"})
        if shard_of(guild["id"]) == shard:
            break
        await asyncio.sleep(0.002)  # ids go by milliseconds
    await human.request("PUT", f"/guilds/{guild['id']}/members/{human.bot_id}")
    [channel] = await human.request("GET", f"/guilds/{guild['id']}/channels")
    return str(channel["id"])


async def kill(gateway: Gateway, running: asyncio.Task[None]) -> None:
    """As a process that is killed: nothing is said, nothing is finished."""
    running.cancel()
    await asyncio.wait([running])


async def test_two_shards_answer_each_message_once_and_one_goes_on_alone(stage: Stage, ada: Human) -> None:
    stage.shard_count = 2
    actors = stage.actors()
    channels = [await channel_on(ada, shard) for shard in range(2)]

    async def answered(channel: str) -> list[str]:
        return [m["content"] for m in reversed(await ada.history(channel)) if by_bot(m)]

    async with stage.gateway(actors, shard=0) as first:
        apps = Apps(persona=stage.app, retrieval=stage.shelf)
        second = Gateway(stage.config(shard=1), actors, Index(stage.database), stage.pack, apps)
        running = asyncio.create_task(second.run())

        async def both_ready() -> bool:
            return second.health().state == "ready"

        await eventually(both_ready)
        health = [first.health(), second.health()]
        assert [(one.shard, one.shard_count) for one in health] == [(0, 2), (1, 2)]
        assert sum(one.guilds for one in health) == len(stage.server.world.guilds_of(ada.bot_id))
        assert all(one.guilds for one in health)

        for number in range(3):
            for channel in channels:
                await stage.closed(await ada.send(channel, f"<@{ada.bot_id}> number {number}"))
        direct = await ada.dm(ada.bot_id, "and alone")
        await stage.closed(direct)
        await asyncio.sleep(0.3)  # time enough for a second answer to anything
        for channel in channels:
            assert await answered(channel) == [f"elio hears number {number}." for number in range(3)]
        assert await answered(direct["channel_id"]) == ["**Elio:** elio hears and alone."]
        assert len(stage.app.requests) == 7

        await kill(second, running)
        missed = await ada.send(channels[1], f"<@{ada.bot_id}> nobody hears this yet")
        await stage.closed(await ada.send(channels[0], f"<@{ada.bot_id}> still here"))
        assert (await answered(channels[0]))[-1] == "elio hears still here."
        assert first.health().state == "ready"
        assert len(await answered(channels[1])) == 3
        async with stage.gateway(actors, shard=1):  # Ray starts it again
            await stage.closed(missed)
            assert (await answered(channels[1]))[-1] == "elio hears nobody hears this yet."


async def test_what_one_shard_left_open_is_not_the_others_business(stage: Stage, ada: Human) -> None:
    stage.shard_count = 2
    stage.app.text, stage.app.pieces, stage.app.pause_s = "It begins here. " * 20, 20, 0.1
    there = await channel_on(ada, 1)
    async with stage.gateway(shard=1, drain_s=0.0):
        question = await ada.send(there, f"<@{ada.bot_id}> tell me")
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
    stage.app.pieces = 1
    async with stage.gateway(shard=0):
        await stage.closed(await ada.dm(ada.bot_id, "hello"))
        assert len([m for m in await ada.history(there) if by_bot(m)]) == 1
        assert (await ada.history(there))[0]["content"] != stage.app.text.strip()
    async with stage.gateway(shard=1):
        await stage.closed(question)
    posts = [m["content"] for m in await ada.history(there) if by_bot(m)]
    assert posts == [stage.app.text.strip()]


async def test_commands_and_pictures_are_there_whichever_gateway_begins(stage: Stage, ada: Human) -> None:
    stage.shard_count = 2
    here = await channel_on(ada, 1)
    async with stage.gateway(shard=0), stage.gateway(shard=1):

        async def known() -> bool:
            return any(command["name"] == "persona" for command in await ada.commands(here))

        await eventually(known)
        await ada.slash(here, "persona list")
        answer = await ada.wait_for("MESSAGE_CREATE", by_bot)
        assert answer["embeds"][0]["title"] == stage.pack.name
        await stage.closed(await ada.send(here, f"<@{ada.bot_id}> hello"))
        post = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert post["author"]["username"] == "Elio"


async def test_a_game_goes_on_where_its_server_is_whoever_else_restarts(stage: Stage, ada: Human) -> None:
    stage.shard_count = 2
    here = await channel_on(ada, 1)
    async with stage.gateway(shard=1, drain_s=0.0), stage.gateway(shard=0):
        await registered(ada, here)
        await ada.slash(here, "minigame start", type="trivia", rounds=2)
        first = await ada.wait_for("MESSAGE_CREATE", lambda one: by_webhook(one) and bool(one["components"]))
        await ada.click(first, await right_button(stage, ada, first))
        await closed(ada, first)
    async with stage.gateway(shard=0) as other:
        await asyncio.sleep(0.6)  # the next question is due
        assert other._client is not None
        assert other._client.games._tables == {}
        async with stage.gateway(shard=1):
            await posted(ada, "Question 2 of 2")


async def test_a_drop_is_seen_to_where_its_server_is(stage: Stage, ada: Human) -> None:
    stage.shard_count = 2
    here = await channel_on(ada, 1)
    guild_id = (await ada.request("GET", f"/channels/{here}"))["guild_id"]
    drop = Drop(guild_id=guild_id, channel_id=here, points=5, lasts_s=600)
    await stage.actors().call(DROP, "job-1", "give", drop)

    async def drops() -> int:
        return sum(by_bot(one) and bool(one["components"]) for one in await ada.history(here))

    async with stage.gateway(shard=0):
        await asyncio.sleep(0.5)
        assert await drops() == 0
        async with stage.gateway(shard=1):

            async def is_posted() -> bool:
                return await drops() == 1

            await eventually(is_posted)
