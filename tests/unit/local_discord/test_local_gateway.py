"""The gateway: who may enter, who hears what, and that nothing is lost or doubled when connections break."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from local_discord import Human, LocalDiscord, Timing
from tests.unit.local_discord.rig import Bot, Connect, Start, point_at, until


class Raw:
    """A bare gateway client: what it sends and hears is up to the test."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def next(self, op: int | None = None, event: str | None = None) -> dict:
        while True:
            message = await self.socket.receive(timeout=5)
            assert message.type == aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
            payload = json.loads(message.data)
            if op in (None, payload["op"]) and event in (None, payload["t"]):
                return payload

    async def closed(self) -> int | None:
        while not self.socket.closed:
            await self.socket.receive(timeout=5)
        return self.socket.close_code

    async def events_until(self, event: str) -> list[str]:
        heard = []
        while not heard or heard[-1] != event:
            heard.append((await self.next(op=0))["t"])
        return heard


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def raw(server: LocalDiscord, session: aiohttp.ClientSession, query: str = "v=10&encoding=json") -> Raw:
    return Raw(await session.ws_connect(f"{server.gateway_url}?{query}"))


def identify(server: LocalDiscord, **more: Any) -> dict:
    return {"token": server.seed["bot_token"], "intents": 0, "properties": {}, **more}


ALL = discord.Intents.all().value


async def test_hello_heartbeat_identify_ready(server: LocalDiscord, session: aiohttp.ClientSession) -> None:
    client = await raw(server, session)
    hello = await client.next()
    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41250
    await client.send(1, None)
    assert (await client.next())["op"] == 11
    await client.send(2, identify(server, intents=1))
    ready = await client.next(event="READY")
    assert ready["s"] == 1
    assert ready["d"]["guilds"] == [{"id": server.seed["guild_id"], "unavailable": True}]
    guild = (await client.next(event="GUILD_CREATE"))["d"]
    assert [role["name"] for role in guild["roles"]] == ["@everyone", "Troupe"]
    assert len(guild["members"]) == 1, "without the members intent a bot sees only itself"
    assert guild["member_count"] == 4


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 0}, 4004),
        (2, {"token": None}, 4004),
        (2, [], 4004),
        (3, {"status": "online"}, 4003),
        (99, None, 4001),
        ("x", None, 4001),
        (2, {"intents": 1 << 40}, 4013),
        (2, {"intents": "all"}, 4013),
        (2, {"intents": 0, "shard": [3, 2]}, 4010),
    ],
)
async def test_close_codes(server: LocalDiscord, session: aiohttp.ClientSession, op: Any, data: Any, code: int) -> None:
    client = await raw(server, session)
    if isinstance(data, dict) and op == 2 and "token" not in data:
        data = {"token": server.seed["bot_token"], **data}
    await client.send(op, data)
    assert await client.closed() == code


async def test_malformed_frames_and_floods_are_cut_off(server: LocalDiscord, session: aiohttp.ClientSession) -> None:
    client = await raw(server, session)
    await client.socket.send_str("{not json")
    assert await client.closed() == 4002
    client = await raw(server, session)
    for _ in range(121):
        await client.send(1, None)
    assert await client.closed() == 4008


async def test_privileged_intents_need_the_applications_flags(
    server: LocalDiscord, start: Start, session: aiohttp.ClientSession
) -> None:
    bot = await start(Bot())
    await bot.http.request(discord.http.Route("PATCH", "/applications/@me"), json={"flags": 0})
    client = await raw(server, session)
    await client.send(2, identify(server, intents=discord.Intents.message_content.flag))
    assert await client.closed() == 4014
    unwelcome = Bot()
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await unwelcome.enter(server.seed["bot_token"])
    await unwelcome.leave()


async def test_zlib_stream(server: LocalDiscord, session: aiohttp.ClientSession) -> None:
    client = await raw(server, session, "v=10&encoding=json&compress=zlib-stream")
    context = zlib.decompressobj()

    async def receive() -> dict:
        frame = await client.socket.receive_bytes(timeout=5)
        assert frame.endswith(b"\x00\x00\xff\xff")
        return json.loads(context.decompress(frame))

    assert (await receive())["op"] == 10
    await client.send(2, identify(server, intents=1))
    assert (await receive())["t"] == "READY"
    assert (await receive())["t"] == "GUILD_CREATE"


class TestHeartbeats:
    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(heartbeat_s=0.2)

    async def test_a_silent_client_is_cut_off(self, server: LocalDiscord, session: aiohttp.ClientSession) -> None:
        client = await raw(server, session)
        await client.send(2, identify(server))
        assert await client.closed() == 4000


async def test_intents_decide_what_a_bot_hears(
    server: LocalDiscord, start: Start, ada: Human, session: aiohttp.ClientSession
) -> None:
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = True
    bot = await start(Bot(intents=intents))
    plain = await ada.send("general", "secret", files={"a.txt": b"x"})
    await ada.send("general", f"hey <@{bot.user.id}>")
    await ada.dm(ada.bot_id, "unheard")
    await ada.react("general", plain["id"], "👍")
    await bot.text("general").send("mine")
    await until(lambda: len(bot.heard) == 3)
    assert [m.content for m in bot.heard] == ["", f"hey <@{bot.user.id}>", "mine"]
    assert bot.heard[0].attachments == []

    client = await raw(server, session)
    await client.send(2, identify(server, intents=ALL & ~discord.Intents.message_content.flag))
    await client.next(event="GUILD_CREATE")
    await ada.dm(ada.bot_id, "heard in full")
    assert (await client.next(event="MESSAGE_CREATE"))["d"]["content"] == "heard in full"


async def test_members_are_sent_in_chunks_on_request(server: LocalDiscord, start: Start) -> None:
    intents = discord.Intents.default()
    intents.members = True
    bot = await start(Bot(intents=intents, chunk_guilds_at_startup=False))
    found = await bot.lobby.query_members("br", limit=5)
    assert [member.name for member in found] == ["bruno"]
    assert len(await bot.lobby.chunk()) == 4


async def test_presence(bot: Bot, ada: Human, connect: Connect) -> None:
    await bot.change_presence(status=discord.Status.idle, activity=discord.Game("trivia"))
    heard = await ada.wait_for("PRESENCE_UPDATE", lambda p: p["status"] == "idle")
    assert heard["activities"][0]["name"] == "trivia"
    bruno = await connect("bruno")
    await ada.wait_for("PRESENCE_UPDATE", lambda p: p["user"]["id"] == bruno.id and p["status"] == "online")
    await bruno.close()
    await ada.wait_for("PRESENCE_UPDATE", lambda p: p["user"]["id"] == bruno.id and p["status"] == "offline")


async def test_a_dropped_socket_loses_and_doubles_nothing(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    sent = []
    for number in range(30):
        sent.append((await ada.send("general", str(number)))["id"])
        if number in (5, 15, 22):
            assert server.faults.drop_sockets(user_id=str(bot.user.id)) == 1
    await until(lambda: len(bot.heard) >= 30 and bot.resumed, 20)
    assert [str(m.id) for m in bot.heard] == sent
    assert bot.identified == 1


async def test_reconnect_on_demand_resumes(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    server.faults.reconnect(user_id=str(bot.user.id))
    await ada.send("general", "during")
    await until(lambda: bot.resumed, 10)
    await ada.send("general", "after")
    await until(lambda: len(bot.heard) == 2)
    assert [m.content for m in bot.heard] == ["during", "after"]
    assert bot.identified == 1


async def test_an_invalid_session_identifies_anew(
    server: LocalDiscord, ada: Human, session: aiohttp.ClientSession
) -> None:
    client = await raw(server, session)
    await client.send(2, identify(server, intents=ALL))
    ready = (await client.next(event="READY"))["d"]
    server.faults.invalid_session(user_id=ada.bot_id)
    assert (await client.next(op=9))["d"] is False
    again = await raw(server, session)
    await again.send(6, {"token": server.seed["bot_token"], "session_id": ready["session_id"], "seq": 1})
    assert (await again.next(op=9))["d"] is False
    await again.send(2, identify(server, intents=ALL))
    assert (await again.next(event="READY"))["d"]["session_id"] != ready["session_id"]


async def test_resume_replays_exactly_what_was_missed(
    server: LocalDiscord, ada: Human, session: aiohttp.ClientSession
) -> None:
    client = await raw(server, session)
    await client.send(2, identify(server, intents=ALL))
    ready = (await client.next(event="READY"))["d"]
    await ada.send("general", "one")
    seen = await client.next(event="MESSAGE_CREATE")
    client.socket._response.connection.transport.abort()
    for text in ("two", "three"):
        await ada.send("general", text)
    again = await raw(server, session)
    token = server.seed["bot_token"]
    await again.send(6, {"token": token, "session_id": ready["session_id"], "seq": seen["s"]})
    replayed = []
    while (event := await again.next(op=0))["t"] != "RESUMED":
        replayed.append(event)
    numbers = [event["s"] for event in replayed]
    assert numbers == list(range(seen["s"] + 1, seen["s"] + 1 + len(numbers)))
    assert [e["d"]["content"] for e in replayed if e["t"] == "MESSAGE_CREATE"] == ["two", "three"]
    other = next(user for user in server.seed["users"] if user["username"] == "bruno")
    thief = await raw(server, session)
    await thief.send(6, {"token": other["token"], "session_id": ready["session_id"], "seq": 1})
    assert (await thief.next(op=9))["d"] is False


class TestBuffer:
    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(replay_events=3)

    async def test_too_much_missed_cannot_be_resumed(
        self, server: LocalDiscord, ada: Human, session: aiohttp.ClientSession
    ) -> None:
        client = await raw(server, session)
        await client.send(2, identify(server, intents=ALL))
        ready = (await client.next(event="READY"))["d"]
        await client.socket.close(code=4000)
        for number in range(5):
            await ada.send("general", str(number))
        again = await raw(server, session)
        await again.send(6, {"token": server.seed["bot_token"], "session_id": ready["session_id"], "seq": 2})
        assert (await again.next(op=9))["d"] is False


async def test_leaving_for_good_ends_the_session(server: LocalDiscord, session: aiohttp.ClientSession) -> None:
    client = await raw(server, session)
    await client.send(2, identify(server))
    await client.next(event="READY")
    assert len(server.world.hub.sessions) == 1
    await client.socket.close(code=1000)
    await until(lambda: not server.world.hub.sessions)


async def test_shards_share_the_guilds(server: LocalDiscord, ada: Human, session: aiohttp.ClientSession) -> None:
    home = (int(server.seed["guild_id"]) >> 22) % 2
    shards = []
    for number in range(2):
        client = await raw(server, session)
        await client.send(2, identify(server, intents=ALL, shard=[number, 2]))
        ready = (await client.next(event="READY"))["d"]
        assert ready["shard"] == [number, 2]
        assert len(ready["guilds"]) == (number == home)
        shards.append(client)
    await ada.send("general", "for one shard")
    await ada.dm(ada.bot_id, "for shard 0")
    heard = [(await shards[0].next(event="MESSAGE_CREATE"))["d"]["content"] for _ in range(2 if home == 0 else 1)]
    assert heard[-1] == "for shard 0"
    if home == 1:
        assert (await shards[1].next(event="MESSAGE_CREATE"))["d"]["content"] == "for one shard"


async def test_an_auto_sharded_client_works(server: LocalDiscord, monkeypatch: pytest.MonkeyPatch, ada: Human) -> None:
    point_at(server, monkeypatch)
    client = discord.AutoShardedClient(intents=discord.Intents.all(), guild_ready_timeout=0.05, shard_count=1)
    heard: list[str] = []

    @client.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    running = asyncio.create_task(client.start(server.seed["bot_token"]))
    await until(client.is_ready, 10)
    await ada.send("general", "hello shard")
    await until(lambda: heard == ["hello shard"])
    await client.close()
    await asyncio.wait([running], timeout=5)


async def test_people_see_only_what_they_may(ada: Human, connect: Connect, server: LocalDiscord) -> None:
    bruno = await connect("bruno")
    guild_id = server.seed["guild_id"]
    everyone = {"id": guild_id, "type": 0, "deny": str(1 << 10)}
    body = {"name": "owners only", "permission_overwrites": [everyone]}
    channel = await ada.request("POST", f"/guilds/{guild_id}/channels", body)
    assert channel["name"] == "owners-only"
    await ada.wait_for("CHANNEL_CREATE")
    await ada.send(channel["id"], "hidden")
    await ada.send("general", "shown")
    await bruno.wait_for("MESSAGE_CREATE", lambda m: m["content"] == "shown")
    assert bruno.seen("CHANNEL_CREATE") == []
    assert [m["content"] for m in bruno.seen("MESSAGE_CREATE")] == ["shown"]
    await ada.request("DELETE", f"/channels/{channel['id']}/permissions/{guild_id}")
    assert (await bruno.wait_for("CHANNEL_CREATE"))["id"] == channel["id"]
    await ada.request("PUT", f"/channels/{channel['id']}/permissions/{guild_id}", {"type": 0, "deny": str(1 << 10)})
    assert (await bruno.wait_for("CHANNEL_DELETE"))["id"] == channel["id"]
    chiyo = await connect("chiyo")
    assert channel["id"] not in [c["id"] for c in chiyo.ready["guilds"][0]["channels"]]
    assert channel["id"] in [c["id"] for c in (await connect("ada")).ready["guilds"][0]["channels"]]
