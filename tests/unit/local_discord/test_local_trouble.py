"""Faults, rate limits, restarts: what a client must survive, and that discord.py does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
import discord
import pytest

from local_discord import Human, LocalDiscord, Timing
from local_discord.client import HumanError
from local_discord.errors import ApiError
from local_discord.ratelimit import RateLimits
from tests.unit.local_discord.rig import Bot, point_at, until


async def test_discord_py_waits_out_a_429(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    server.faults.rate_limit(r"^POST /channels/\d+/messages", count=2, retry_after=0.15)
    began = time.monotonic()
    await bot.text("general").send("patient")
    assert time.monotonic() - began >= 0.3
    assert [m["content"] for m in await ada.history("general")] == ["patient"]


async def test_discord_py_retries_a_5xx(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    server.faults.error(r"^POST /channels/\d+/messages", status=502)
    await bot.text("general").send("again")
    assert [m["content"] for m in await ada.history("general")] == ["again"]


async def test_faults_over_http(ada: Human, server: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as session:

        async def fault(**body: object) -> int:
            async with session.post(f"{server.url}/local/faults", json=body) as response:
                return response.status

        assert await fault(fault="rate_limit", route="^GET /users/@me$", count=1, retry_after=2.5) == 200
        async with session.get(f"{server.api_url}/users/@me", headers={"Authorization": ada._token}) as response:
            assert (response.status, response.headers["Via"]) == (429, "1.1 local-discord")
            assert response.content_type == "application/json"
            assert response.headers["Content-Type"] == "application/json"
            answer = await response.json()
            assert (answer["retry_after"], answer["global"]) == (2.5, False)
        assert (await ada.request("GET", "/users/@me"))["id"] == ada.id, "the fault is used up"
        assert await fault(fault="delay", delay_ms=150) == 200
        began = time.monotonic()
        await ada.request("GET", "/users/@me")
        assert time.monotonic() - began >= 0.15
        for wrong in ({"fault": "explode"}, {"fault": "error", "status": 200}, {"fault": "error", "route": "("}, {}):
            assert await fault(**wrong) == 400
        assert await fault(fault="error", count=5) == 200
        assert await fault(fault="clear") == 200
        assert await ada.request("GET", "/users/@me")
        assert await fault(fault="drop_sockets", user_id=ada.id) == 200
    await ada.wait_for("RESUMED")


def test_realistic_limits_empty_refill_and_are_per_channel() -> None:
    limits = RateLimits("realistic")
    route = "/channels/{channel_id}/messages"
    headers = [limits.take("bot", "POST", route, "1") for _ in range(5)]
    assert [h["X-RateLimit-Remaining"] for h in headers] == ["4", "3", "2", "1", "0"]
    with pytest.raises(ApiError) as refused:
        limits.take("bot", "POST", route, "1")
    assert refused.value.status == 429
    assert 4 < refused.value.body["retry_after"] <= 5
    assert refused.value.headers["X-RateLimit-Bucket"] == headers[0]["X-RateLimit-Bucket"]
    limits.take("bot", "POST", route, "2")
    limits.take("another", "POST", route, "1")

    def many() -> None:
        for number in range(120):
            limits.take("bot", "GET", "/users/{user_id}", str(number))

    with pytest.raises(ApiError) as everything:
        many()
    assert everything.value.body["global"]


async def test_discord_py_stays_within_realistic_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalDiscord(tmp_path, rate_limits="realistic") as server:
        point_at(server, monkeypatch)
        bot = Bot()
        await bot.enter(server.seed["bot_token"])
        message = await bot.text("general").send("vote")
        began = time.monotonic()
        for emoji in "🥔🚀⭐":
            await message.add_reaction(emoji)
        assert time.monotonic() - began >= 0.5, "one reaction each quarter second"
        await bot.leave()


async def test_a_restart_keeps_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalDiscord(tmp_path) as server:
        seed = server.seed
        point_at(server, monkeypatch)
        bot = Bot()
        await bot.enter(seed["bot_token"])
        hook = await bot.text("general").create_webhook(name="Cast")
        message = await hook.send("kept", username="Elio", wait=True)
        port = int(server.url.rsplit(":", 1)[1])
        async with await Human.connect(seed, "ada") as ada:
            await ada.react("general", str(message.id), "⭐")
    async with LocalDiscord(tmp_path, port=port) as server:
        assert server.seed == seed
        await until(lambda: bot.identified == 2 and bot.is_ready(), 15)
        async with await Human.connect(seed, "ada") as ada:
            kept = (await ada.history("general"))[0]
            assert (kept["author"]["username"], kept["reactions"][0]["count"]) == ("Elio", 1)
            await hook.send("still here")
            await ada.wait_for("MESSAGE_CREATE", lambda m: m["content"] == "still here")
            later = await ada.send("general", "newer")
            assert int(later["id"]) > int(kept["id"])
            await until(lambda: [m for m in bot.heard if m.content == "newer"])
        await bot.leave()


async def test_kill_9_loses_no_acknowledged_message(tmp_path: Path) -> None:
    async def serve() -> tuple[asyncio.subprocess.Process, dict]:
        command = (sys.executable, "-m", "local_discord", "--port", "18150", "--data", str(tmp_path))
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        async with aiohttp.ClientSession() as session:
            for _ in range(200):
                try:
                    async with session.get("http://127.0.0.1:18150/local/seed") as response:
                        return process, json.loads(await response.read())
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the server did not start")

    process, seed = await serve()
    acknowledged: list[str] = []
    ada = await Human.connect(seed, "ada")

    async def talk() -> None:
        while True:
            acknowledged.append((await ada.send("general", f"number {len(acknowledged)}"))["id"])

    talking = asyncio.create_task(talk())
    await until(lambda: len(acknowledged) > 40)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    await asyncio.wait([talking], timeout=5)
    assert isinstance(talking.exception(), aiohttp.ClientError)
    process, again = await serve()
    assert again == seed
    await ada.wait_for("READY", lambda ready: ready["session_id"] == ada.session_id)
    kept = {m["id"] for m in await ada.history("general", 100)}
    assert set(acknowledged[-100:]) <= kept
    await ada.close()
    process.terminate()
    assert await process.wait() == 0


class TestLoad:
    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(replay_events=5000)

    async def test_many_channels_at_once(self, bot: Bot, ada: Human, server: LocalDiscord) -> None:
        """Sends and edits in 20 channels at once arrive whole and in order."""
        guild = server.seed["guild_id"]
        names = [f"load-{number}" for number in range(20)]
        channels = [(await ada.request("POST", f"/guilds/{guild}/channels", {"name": n}))["id"] for n in names]

        async def talk(channel: str) -> None:
            for number in range(8):
                sent = await ada.send(channel, f"draft {number}")
                await ada.edit(channel, sent["id"], f"final {number}")

        await asyncio.gather(*(talk(channel) for channel in channels))
        await until(lambda: len(bot.heard) == 160)
        for channel in channels:
            told = [m["content"] for m in ada.seen("MESSAGE_UPDATE", lambda m, c=channel: m["channel_id"] == c)]
            assert told == [f"final {number}" for number in range(8)]


async def test_a_bad_token_is_a_login_failure(server: LocalDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(server, monkeypatch)
    bot = Bot()
    with pytest.raises(discord.LoginFailure):
        await bot.enter("not a token")
    await bot.leave()
    async with aiohttp.ClientSession() as session:
        for given in ("", "Bot ", f"Bot {server.seed['users'][0]['token']}", server.seed["bot_token"]):
            headers = {"Authorization": given}
            async with session.get(f"{server.api_url}/users/@me", headers=headers) as response:
                assert response.status == 401


async def test_a_human_error_has_discords_code(ada: Human) -> None:
    with pytest.raises(HumanError) as refused:
        await ada.send("1", "nowhere")
    assert (refused.value.status, refused.value.code) == (404, 10003)
