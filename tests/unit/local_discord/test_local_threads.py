"""Threads: started, spoken in, joined, archived, listed."""

from __future__ import annotations

import discord
import pytest

from local_discord import Human
from local_discord.client import HumanError
from tests.unit.local_discord.rig import Bot, Connect, until


async def test_a_thread_from_a_message(bot: Bot, ada: Human) -> None:
    sent = await ada.send("general", "let us talk")
    message = await bot.text("general").fetch_message(int(sent["id"]))
    thread = await message.create_thread(name="the talk")
    created = await ada.wait_for("THREAD_CREATE")
    assert (created["id"], created["parent_id"], created["newly_created"]) == (sent["id"], sent["channel_id"], True)
    await thread.send("here?")
    assert (await ada.wait_for("MESSAGE_CREATE", lambda m: m["channel_id"] == str(thread.id)))["content"] == "here?"
    await ada.send(str(thread.id), "here!")
    heard = await until(lambda: [m for m in bot.heard if m.content == "here!"])
    assert heard[0].channel.parent == bot.text("general")
    starter = (await ada.history("general"))[-1]
    assert starter["thread"]["message_count"] == 2
    with pytest.raises(discord.HTTPException) as twice:
        await message.create_thread(name="again")
    assert twice.value.code == 160004


async def test_archiving_and_waking(bot: Bot, ada: Human) -> None:
    thread = await bot.text("games").create_thread(name="round one", type=discord.ChannelType.public_thread)
    assert [t.id for t in await bot.lobby.active_threads()] == [thread.id]
    await thread.edit(archived=True)
    assert (await ada.wait_for("THREAD_UPDATE"))["thread_metadata"]["archived"]
    assert await bot.lobby.active_threads() == []
    assert [t.id async for t in bot.text("games").archived_threads()] == [thread.id]
    await ada.send(str(thread.id), "wake up")
    assert not (await ada.wait_for("THREAD_UPDATE"))["thread_metadata"]["archived"]


async def test_a_private_thread_is_for_its_members(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    role = next(role for role in bot.lobby.roles if role.managed)
    bits = str(role.permissions.value | discord.Permissions(create_private_threads=True).value)
    await ada.request("PATCH", f"/guilds/{bot.lobby.id}/roles/{role.id}", {"permissions": bits})
    thread = await bot.text("games").create_thread(name="secret")
    with pytest.raises(HumanError) as hidden:
        await bruno.send(str(thread.id), "hi")
    assert hidden.value.code == 50001
    await thread.add_user(discord.Object(int(bruno.id)))
    await bruno.wait_for("THREAD_MEMBERS_UPDATE")
    await bruno.send(str(thread.id), "thank you")
    assert {member.id for member in await thread.fetch_members()} == {bot.user.id, int(bruno.id)}
