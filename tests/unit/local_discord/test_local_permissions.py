"""Roles, overwrites, and what follows from them, with Discord's error codes."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_discord import Human, LocalDiscord, permissions
from local_discord.client import HumanError
from local_discord.permissions import ALL, P
from tests.unit.local_discord.rig import Bot, Connect

_BITS = st.integers(min_value=0, max_value=ALL)


def _guild(everyone: int, **roles: int) -> dict[str, Any]:
    shown = {"0": {"id": "0", "permissions": str(everyone), "position": 0}}
    shown |= {name: {"id": name, "permissions": str(bits), "position": 1} for name, bits in roles.items()}
    return {"id": "0", "owner_id": "owner", "roles": shown}


def _overwrite(target: str, allow: int = 0, deny: int = 0) -> dict[str, str]:
    return {"id": target, "allow": str(allow), "deny": str(deny)}


@given(everyone=_BITS, role=_BITS, allow=_BITS, deny=_BITS)
def test_a_members_overwrite_has_the_last_word(everyone: int, role: int, allow: int, deny: int) -> None:
    guild, member = _guild(everyone, r=role), {"user_id": "u", "roles": ["r"]}
    overwrites = [_overwrite("0", deny, allow), _overwrite("r", 0, ALL), _overwrite("u", allow, deny)]
    bits = permissions.in_channel(guild, member, {"permission_overwrites": overwrites})
    if (everyone | role) & P.ADMINISTRATOR:
        assert bits == ALL
    elif allow & P.VIEW_CHANNEL:
        assert bits & allow == allow
        assert not bits & deny & ~allow
    else:
        assert bits == 0


@given(bits=_BITS)
def test_without_sight_nothing_is_allowed(bits: int) -> None:
    guild, member = _guild(bits & ~P.VIEW_CHANNEL & ~P.ADMINISTRATOR), {"user_id": "u", "roles": []}
    assert permissions.in_channel(guild, member, {}) == 0
    assert permissions.in_channel(guild, {"user_id": "owner", "roles": []}, {}) == ALL


async def _deny(ada: Human, channel: str, target: str, **bits: bool) -> None:
    value = str(discord.Permissions(**bits).value)
    path = f"/channels/{ada.channel_id(channel)}/permissions/{target}"
    await ada.request("PUT", path, {"type": 0, "deny": value})


async def test_every_denied_permission_is_refused(bot: Bot, ada: Human) -> None:
    everyone, role = str(bot.lobby.id), next(str(r.id) for r in bot.lobby.roles if r.managed)
    channel, message = bot.text("games"), await ada.send("games", "theirs")
    theirs = await channel.fetch_message(int(message["id"]))

    async def refused(code: int, action: Any) -> None:
        with pytest.raises(discord.Forbidden) as caught:
            await action
        assert caught.value.code == code

    await _deny(ada, "games", role, add_reactions=True, attach_files=True, embed_links=True, manage_messages=True)
    await refused(50013, theirs.add_reaction("⭐"))
    await refused(50013, channel.send(file=discord.File(io.BytesIO(b"x"), "x.txt")))
    await refused(50013, channel.send(embed=discord.Embed(title="x")))
    await refused(50013, theirs.delete())
    await _deny(ada, "games", role, manage_webhooks=True, send_messages=True)
    await refused(50013, channel.create_webhook(name="x"))
    await refused(50013, channel.send("x"))
    await refused(50013, channel.typing())
    await refused(50013, channel.edit(topic="x"))
    await _deny(ada, "games", everyone, view_channel=True)
    await refused(50001, channel.send("x"))
    await refused(50001, channel.fetch_message(int(message["id"])))
    for path in ("/channels/1", "/channels/1/messages"):
        with pytest.raises(discord.NotFound) as unknown:
            await bot.http.request(discord.http.Route("GET", path))
        assert unknown.value.code == 10003


async def test_roles_are_made_given_moved_and_taken(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    guild = f"/guilds/{bot.lobby.id}"
    role = await ada.request("POST", f"{guild}/roles", {"name": "Crew", "permissions": "0", "color": 0xFF0000})
    await bruno.wait_for("GUILD_ROLE_CREATE")
    await ada.request("PUT", f"{guild}/members/{bruno.id}/roles/{role['id']}")
    update = await bruno.wait_for("GUILD_MEMBER_UPDATE")
    assert update["roles"] == [role["id"]]
    crew = bot.lobby.get_role(int(role["id"]))
    assert crew is not None
    assert crew.colour.value == 0xFF0000
    assert [member.name for member in crew.members] == ["bruno"]
    with pytest.raises(HumanError) as refused:
        await bruno.request("PATCH", f"{guild}/roles/{role['id']}", {"name": "Mine"})
    assert refused.value.code == 50013
    bits = str(int(P.MANAGE_ROLES))
    await ada.request("PATCH", f"{guild}/roles/{role['id']}", {"permissions": bits})
    with pytest.raises(HumanError) as above:
        await bruno.request("PATCH", f"{guild}/roles/{role['id']}", {"permissions": str(ALL)})
    assert above.value.code == 50013, "nobody edits a role as high as their own"
    lower = await bruno.request("POST", f"{guild}/roles", {"name": "Lower", "permissions": "0"})
    with pytest.raises(HumanError) as more:
        await bruno.request("POST", f"{guild}/roles", {"name": "Higher", "permissions": str(int(P.BAN_MEMBERS))})
    assert more.value.code == 50013, "nobody grants what they have not"
    await ada.request("DELETE", f"{guild}/roles/{role['id']}")
    await bruno.wait_for("GUILD_ROLE_DELETE", lambda event: event["role_id"] == role["id"])
    assert (await ada.request("GET", f"{guild}/members/{bruno.id}"))["roles"] == []
    assert {r["name"] for r in await ada.request("GET", f"{guild}/roles")} == {"@everyone", "Troupe", "Lower"}
    assert lower["position"] == 1


async def test_nicknames_and_timeouts(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    await bot.lobby.me.edit(nick="The Troupe")
    assert (await ada.wait_for("GUILD_MEMBER_UPDATE"))["nick"] == "The Troupe"
    until = "2999-01-01T00:00:00+00:00"
    body = {"communication_disabled_until": until}
    await ada.request("PATCH", f"/guilds/{bot.lobby.id}/members/{bruno.id}", body)
    with pytest.raises(HumanError) as silenced:
        await bruno.send("general", "may I?")
    assert silenced.value.code == 50013
    assert await bruno.history("general") == []
    with pytest.raises(HumanError) as refused:
        await bruno.request("PATCH", f"/guilds/{bot.lobby.id}/members/{ada.id}", {"nick": "Not me"})
    assert refused.value.code == 50013


async def test_slow_mode_is_for_people_without_rights(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    await bot.text("games").send("before")
    await ada.request("PATCH", f"/channels/{ada.channel_id('games')}", {"rate_limit_per_user": 30})
    await bruno.send("games", "one")
    with pytest.raises(HumanError) as refused:
        await bruno.send("games", "two")
    assert (refused.value.status, refused.value.code) == (429, 20016)
    assert 25 < refused.value.body["retry_after"] <= 30
    for _ in range(2):
        await ada.send("games", "the owner may")
        await bot.text("games").send("the bot may")


async def test_a_guild_of_ones_own(bot: Bot, connect: Connect, server: LocalDiscord) -> None:
    bruno = await connect("bruno")
    guild = await bruno.request("POST", "/guilds", {"name": "Bruno's"})
    created = await bruno.wait_for("GUILD_CREATE")
    assert created["owner_id"] == bruno.id
    assert len(created["channels"]) == 1
    with pytest.raises(discord.Forbidden) as hidden:
        await bot.fetch_guild(int(guild["id"]))
    assert hidden.value.code == 50001
    join = asyncio.create_task(bot.wait_for("guild_join", timeout=5))
    await asyncio.sleep(0)
    await bruno.request("PUT", f"/guilds/{guild['id']}/members/{bruno.bot_id}", {})
    joined = await join
    assert joined.id == int(guild["id"])
    await joined.text_channels[0].send("hello, new world")
    await bruno.wait_for("MESSAGE_CREATE")
    await joined.leave()
    await bruno.wait_for("GUILD_MEMBER_REMOVE")
    await bruno.request("DELETE", f"/guilds/{guild['id']}")
    with pytest.raises(HumanError) as gone:
        await bruno.request("GET", f"/guilds/{guild['id']}")
    assert gone.value.code == 10004


async def test_channels_come_and_go(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    guild = server.seed["guild_id"]
    made = await ada.request("POST", f"/guilds/{guild}/channels", {"name": "Short Lived", "topic": "brief"})
    channel = await bot.wait_for("guild_channel_create", timeout=5)
    assert (channel.name, channel.topic) == ("short-lived", "brief")
    hook = await channel.create_webhook(name="x")
    await ada.request("PATCH", f"/channels/{made['id']}", {"name": "renamed", "topic": None})
    _, after = await bot.wait_for("guild_channel_update", timeout=5)
    assert (after.name, after.topic) == ("renamed", None)
    await ada.request("DELETE", f"/channels/{made['id']}")
    await bot.wait_for("guild_channel_delete", timeout=5)
    with pytest.raises(discord.NotFound):
        await hook.send("anyone?")
