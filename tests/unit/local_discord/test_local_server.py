"""The door: who may connect, what is served, and that bad input never breaks anything."""

from __future__ import annotations

import base64
import io
import random
from pathlib import Path

import aiohttp
import discord
import pytest
from PIL import Image

from local_discord import Human, LocalDiscord
from local_discord.__main__ import main
from local_discord.server import _ROUTES, is_loopback
from tests.unit.local_discord.rig import Bot

EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused


def test_only_loopback_unless_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [host for host in ("127.0.0.1", "::1", "localhost", EVERYWHERE, "10.1.2.3", "x") if is_loopback(host)] == [
        "127.0.0.1",
        "::1",
        "localhost",
    ]
    with pytest.raises(ValueError, match="--allow-non-loopback"):
        LocalDiscord(tmp_path, host=EVERYWHERE)
    assert main(["--host", EVERYWHERE, "--data", str(tmp_path)]) == 1
    assert "--allow-non-loopback" in capsys.readouterr().err


async def test_a_taken_port_is_a_clear_error(server: LocalDiscord, tmp_path: Path) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(port)):
        async with LocalDiscord(tmp_path / "other", port=port):
            pass


async def test_other_sites_are_kept_out(server: LocalDiscord) -> None:
    token = server.seed["users"][0]["token"]
    own = server.url
    async with aiohttp.ClientSession(headers={"Authorization": token}) as session:
        for headers, status in (
            ({}, 200),
            ({"Origin": own}, 200),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Host": "rebound.example"}, 403),
            ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ):
            async with session.get(f"{server.api_url}/users/@me", headers=headers) as response:
                assert response.status == status, headers
            async with session.get(f"{server.url}/local/seed", headers=headers) as response:
                assert response.status == status, headers
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(server.gateway_url, headers={"Origin": "http://evil.example"})


async def test_a_page_opened_as_localhost_stays_there(server: LocalDiscord) -> None:
    port = server.url.rsplit(":", 1)[1]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/local/seed", headers={"Host": f"localhost:{port}"}) as response:
            seed = await response.json()
        assert seed["gateway"] == f"ws://localhost:{port}/gateway"
        headers = {"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}"}
        async with session.ws_connect(server.gateway_url, headers=headers) as socket:
            assert (await socket.receive_json())["op"] == 10


async def test_state_and_gateway_addresses(server: LocalDiscord, ada: Human) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/local/state") as response:
            state = await response.json()
        async with session.get(f"{server.api_url}/gateway") as response:
            assert (await response.json())["url"] == server.gateway_url
        async with session.get(f"{server.api_url}/nothing") as response:
            assert (response.status, response.headers["Content-Type"]) == (404, "application/json")
        async with session.get(f"{server.cdn_url}/embed/avatars/2.png") as response:
            assert Image.open(io.BytesIO(await response.read())).size == (256, 256)
        for path in ("avatars/1/x.png", "../discord.db", "attachments/..%2f..%2fdiscord.db", "%00"):
            async with session.get(f"{server.cdn_url}/{path}") as response:
                assert response.status == 404, path
    assert state["counts"]["users"] == 4
    assert [s["user_id"] for s in state["sessions"]] == [ada.id]


def _image(kind: str, size: int = 8) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((size, size), 100).save(out, kind)
    return out.getvalue()


async def test_application_emojis(bot: Bot, server: LocalDiscord, ada: Human) -> None:
    emoji = await bot.create_application_emoji(name="potato", image=_image("PNG"))
    assert [found.name for found in await bot.fetch_application_emojis()] == ["potato"]
    assert await emoji.read() == _content(server, emoji.id)
    emoji = await emoji.edit(name="wormhole")
    message = await bot.text("general").send(str(emoji))
    await message.add_reaction(emoji)
    assert (await ada.wait_for("MESSAGE_REACTION_ADD"))["emoji"] == {"id": str(emoji.id), "name": "wormhole"}
    await emoji.delete()
    assert await bot.fetch_application_emojis() == []
    for image in (b"\x89PNG\r\n\x1a\nnot really", _image("PNG", 600)):
        with pytest.raises(discord.HTTPException) as refused:
            await bot.create_application_emoji(name="bad", image=image)
        assert refused.value.code == 50035
    lie = "data:image/png;base64," + base64.b64encode(b"<svg/>").decode()
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.create_application_emoji(bot.application_id, "bad", lie)
    assert refused.value.code == 50035


def _content(server: LocalDiscord, emoji_id: int) -> bytes:
    found = server.world.store.file(f"emojis/{emoji_id}")
    assert found is not None
    return found[1]


async def test_the_bot_changes_its_own_account(bot: Bot, ada: Human) -> None:
    await bot.user.edit(username="Ensemble", avatar=_image("JPEG"))
    member = await ada.wait_for("GUILD_MEMBER_UPDATE")
    assert member["user"]["username"] == "Ensemble"
    assert Image.open(io.BytesIO(await bot.user.display_avatar.read())).format == "JPEG"
    application = await bot.application_info()
    await application.edit(description="A cast")
    assert (await bot.application_info()).description == "A cast"


async def test_a_body_that_is_too_large(server: LocalDiscord, ada: Human) -> None:
    url = f"{server.api_url}/channels/{ada.channel_id('general')}/messages"
    async with (
        aiohttp.ClientSession(headers={"Authorization": ada._token}) as session,
        session.post(url, data=io.BytesIO(b"x" * (26 * 1024 * 1024))) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (413, 40005)


_ENDS_THE_TEST = ("/guilds/{guild_id}", "/channels/{channel_id}", "/users/@me/guilds/{guild_id}")


async def test_no_input_is_a_server_error(server: LocalDiscord, ada: Human, bot: Bot) -> None:
    """Every route, with every kind of wrong body and wrong ids, answers 2xx or 4xx in JSON."""
    rng = random.Random(7)
    bodies: list[bytes | None] = [
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b"[1,2]",
        b"{}",
        b'{"content": {"a": 1}, "name": 5, "type": "x", "data": [], "recipient_id": [], "messages": {}, "roles": 3}',
        b'{"type": 2, "application_id": "1", "channel_id": "1", "data": {}, "name": "", "permissions": "x"}',
        b'{"content": "a", "embeds": [{"fields": [{}]}], "components": [{"type": 1, "components": "x"}]}',
        b'{"content": "a", "components": [5], "name": "x", "image": "data:image/png;base64,AAAA", "avatar": 7}',
        b'{"type": 3, "data": {"custom_id": [], "values": {}}, "application_id": "%s", "channel_id": "%s"}'
        % (server.seed["application_id"].encode(), ada.channel_id("general").encode()),
    ]
    message = await ada.send("general", "a target")
    real = {
        "channel_id": ada.channel_id("general"),
        "message_id": message["id"],
        "guild_id": server.seed["guild_id"],
        "application_id": server.seed["application_id"],
        "user_id": "@me",
        "emoji": "%E2%AD%90",
    }
    tokens = {"ada": ada._token, "bot": f"Bot {server.seed['bot_token']}"}
    async with aiohttp.ClientSession() as session:
        for route in (route for routes in _ROUTES for route in routes.all):
            if route.method == "DELETE" and route.path in _ENDS_THE_TEST:
                continue
            for ids in (real, {}, dict.fromkeys(real, "x")):
                path = route.path
                for name in ("channel_id", "message_id", "guild_id", "application_id", "user_id", "emoji"):
                    path = path.replace("{" + name + "}", str(ids.get(name, "1")))
                path = path.replace("{", "").replace("}", "")
                for body in rng.sample(bodies, 4):
                    for token in tokens.values():
                        headers = {"Authorization": token, "Content-Type": "application/json"}
                        url = server.api_url + path
                        async with session.request(route.method, url, data=body, headers=headers) as response:
                            assert response.status < 500, (route.method, path, body, await response.text())
                            if response.status != 204:
                                assert response.headers["Content-Type"] == "application/json"


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for option in ("--host", "--port", "--data", "--bot-name", "--rate-limits", "--allow-non-loopback"):
        assert option in out
