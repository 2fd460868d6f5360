"""Webhooks: the voice of a persona."""

from __future__ import annotations

import aiohttp
import discord
import pytest

from local_discord import Human, LocalDiscord
from tests.unit.local_discord.rig import Bot, until


async def test_a_webhook_speaks_with_its_own_name_and_picture(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    hook = await bot.text("general").create_webhook(name="Cast")
    assert await ada.wait_for("WEBHOOKS_UPDATE")
    avatar = f"{server.cdn_url}/embed/avatars/3.png"
    message = await hook.send("Potato.", username="Glordon", avatar_url=avatar, wait=True)
    assert (message.author.name, message.webhook_id) == ("Glordon", hook.id)
    seen = await ada.wait_for("MESSAGE_CREATE")
    assert (seen["author"]["username"], seen["author"]["id"]) == ("Glordon", str(hook.id))
    assert seen["author"]["bot"]
    assert seen["application_id"] == server.seed["application_id"]
    assert "member" not in seen
    picture = f"{server.cdn_url}/avatars/{hook.id}/{seen['author']['avatar']}.png"
    async with aiohttp.ClientSession() as session, session.get(picture, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, avatar)
    heard = await until(lambda: bot.heard)
    assert heard[0].webhook_id == hook.id
    assert (await hook.send("unseen", wait=False)) is None


async def test_editing_fetching_and_deleting_its_messages(bot: Bot, ada: Human) -> None:
    hook = await bot.text("general").create_webhook(name="Cast")
    message = await hook.send("first", wait=True)
    await message.edit(content="second")
    assert (await ada.wait_for("MESSAGE_UPDATE"))["content"] == "second"
    assert (await hook.fetch_message(message.id)).content == "second"
    await message.delete()
    assert (await ada.wait_for("MESSAGE_DELETE"))["id"] == str(message.id)
    with pytest.raises(discord.NotFound) as gone:
        await hook.edit_message(message.id, content="third")
    assert gone.value.code == 10008
    foreign = await ada.send("general", "mine")
    with pytest.raises(discord.NotFound):
        await hook.edit_message(int(foreign["id"]), content="stolen")


async def test_it_is_managed_like_discords(bot: Bot, ada: Human) -> None:
    hook = await bot.text("general").create_webhook(name="Cast")
    assert [found.id for found in await bot.text("general").webhooks()] == [hook.id]
    assert [found.id for found in await bot.lobby.webhooks()] == [hook.id]
    hook = await hook.edit(name="Company", avatar=await bot.user.display_avatar.read())
    fetched = await bot.fetch_webhook(hook.id)
    assert (fetched.name, fetched.user) == ("Company", bot.user)
    assert fetched.avatar is not None
    assert len(await fetched.avatar.read()) > 100
    await hook.delete()
    with pytest.raises(discord.NotFound) as gone:
        await hook.send("anyone?")
    assert gone.value.code == 10015


async def test_a_wrong_token_and_a_bad_address_are_refused(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    hook = await bot.text("general").create_webhook(name="Cast")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{server.api_url}/webhooks/{hook.id}/wrong", json={"content": "x"}) as response:
            assert (response.status, (await response.json())["code"]) == (401, 50027)
        url = f"{server.api_url}/webhooks/{hook.id}/{hook.token}"
        body = {"content": "x", "avatar_url": "javascript:alert(1)"}
        async with session.post(url, params={"wait": "1"}, json=body) as response:
            author = (await response.json())["author"]
        picture = f"{server.cdn_url}/avatars/{author['id']}/{author['avatar']}.png"
        async with session.get(picture, allow_redirects=False) as response:
            assert (response.status, response.content_type) == (200, "image/png")


async def test_into_a_thread(bot: Bot, ada: Human) -> None:
    hook = await bot.text("general").create_webhook(name="Cast")
    thread = await bot.text("general").create_thread(name="aside", type=discord.ChannelType.public_thread)
    message = await hook.send("here", thread=thread, wait=True)
    assert message.channel.id == thread.id
    seen = await ada.wait_for("MESSAGE_CREATE", lambda m: m["content"] == "here")
    assert seen["channel_id"] == str(thread.id)
