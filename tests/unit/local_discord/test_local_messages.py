"""Messages over the real wire: what people and discord.py's client do, and what the other side sees."""

from __future__ import annotations

import io

import aiohttp
import discord
import pytest

from local_discord import Human, LocalDiscord
from local_discord.client import HumanError
from tests.unit.local_discord.rig import Bot, Connect, until


async def test_a_person_writes_and_the_bot_replies(bot: Bot, ada: Human) -> None:
    sent = await ada.send("general", "hello")
    heard = await until(lambda: bot.heard)
    assert heard[0].content == "hello"
    assert heard[0].author.display_name == "Ada"
    assert heard[0].guild == bot.lobby
    await heard[0].reply("and hello to you")
    answer = await ada.wait_for("MESSAGE_CREATE", lambda m: m["author"].get("bot"))
    assert answer["content"] == "and hello to you"
    assert answer["referenced_message"]["id"] == sent["id"]
    assert [user["id"] for user in answer["mentions"]] == [ada.id]


async def test_edits_and_deletes_reach_both_sides(bot: Bot, ada: Human) -> None:
    mine = await bot.text("general").send("draft")
    await mine.edit(content="final")
    update = await ada.wait_for("MESSAGE_UPDATE")
    assert (update["content"], update["author"]["id"]) == ("final", str(bot.user.id))
    assert update["edited_timestamp"]
    await mine.delete()
    assert (await ada.wait_for("MESSAGE_DELETE"))["id"] == str(mine.id)
    with pytest.raises(discord.NotFound) as missing:
        await bot.text("general").fetch_message(mine.id)
    assert missing.value.code == 10008

    sent = await ada.send("general", "one")
    await ada.edit("general", sent["id"], "two")
    _, after = await bot.wait_for("message_edit", timeout=5)
    assert after.content == "two"
    with pytest.raises(discord.Forbidden) as foreign:
        await after.edit(content="three")
    assert foreign.value.code == 50005


async def test_history_in_every_direction(bot: Bot, ada: Human) -> None:
    ids = [(await ada.send("games", str(number)))["id"] for number in range(7)]

    def numbers(found: list[dict]) -> list[int]:
        return [ids.index(message["id"]) for message in found]

    assert numbers(await ada.history("games", 3)) == [6, 5, 4]
    assert numbers(await ada.history("games", 2, before=ids[3])) == [2, 1]
    assert numbers(await ada.history("games", 2, after=ids[3])) == [5, 4]
    assert numbers(await ada.history("games", 3, around=ids[3])) == [4, 3, 2]
    oldest_first = [m.content async for m in bot.text("games").history(limit=None, oldest_first=True)]
    assert oldest_first == [str(number) for number in range(7)]
    assert (await bot.text("games").fetch_message(int(ids[2]))).content == "2"


async def test_embeds_files_and_the_cdn(bot: Bot, ada: Human, server: LocalDiscord) -> None:
    embed = discord.Embed(title="Wormholes", description="How to travel", colour=0x3366FF)
    embed.add_field(name="Speed", value="fast")
    embed.set_image(url="attachment://map.png")
    picture = await bot.user.display_avatar.read()
    await bot.text("general").send(embed=embed, file=discord.File(io.BytesIO(picture), "map.png", description="a map"))
    message = await ada.wait_for("MESSAGE_CREATE")
    assert message["embeds"][0]["fields"] == [{"name": "Speed", "value": "fast", "inline": True}]
    assert message["attachments"] == [], "a file shown in an embed is not shown twice"
    async with aiohttp.ClientSession() as session, session.get(message["embeds"][0]["image"]["url"]) as response:
        assert response.content_type == "image/png"
        assert await response.read() == picture

    await bot.text("general").send(file=discord.File(io.BytesIO(picture), "map.png", description="a map"))
    attachment = (await ada.wait_for("MESSAGE_CREATE"))["attachments"][0]
    assert (attachment["filename"], attachment["width"], attachment["description"]) == ("map.png", 256, "a map")

    page = b"<script>alert(1)</script>"
    sent = await ada.send("general", "", files={"page.html": page})
    async with aiohttp.ClientSession() as session, session.get(sent["attachments"][0]["url"]) as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
        assert "sandbox" in response.headers["Content-Security-Policy"]
    heard = await until(lambda: [m for m in bot.heard if m.author.id == int(ada.id)])
    assert await heard[0].attachments[0].read() == page


async def test_reactions(bot: Bot, ada: Human) -> None:
    sent = await ada.send("general", "vote")
    message = await bot.text("general").fetch_message(int(sent["id"]))
    await message.add_reaction("🥔")
    event = await ada.wait_for("MESSAGE_REACTION_ADD")
    assert (event["emoji"]["name"], event["user_id"]) == ("🥔", str(bot.user.id))
    await ada.react("general", sent["id"], "🥔")
    reaction, user = await bot.wait_for("reaction_add", check=lambda r, u: u.id == int(ada.id), timeout=5)
    message = await bot.text("general").fetch_message(int(sent["id"]))
    assert [(r.emoji, r.count, r.me) for r in message.reactions] == [("🥔", 2, True)]
    assert {u.id async for u in message.reactions[0].users()} == {bot.user.id, int(ada.id)}
    await message.remove_reaction("🥔", user)
    assert (await ada.wait_for("MESSAGE_REACTION_REMOVE"))["user_id"] == ada.id
    await message.clear_reactions()
    await ada.wait_for("MESSAGE_REACTION_REMOVE_ALL")
    with pytest.raises(discord.HTTPException) as unknown:
        await message.add_reaction("potato")
    assert unknown.value.code == 10014
    assert reaction.emoji == "🥔"


async def test_typing_pins_and_bulk_delete(bot: Bot, ada: Human) -> None:
    async with bot.text("general").typing():
        assert (await ada.wait_for("TYPING_START"))["user_id"] == str(bot.user.id)
    messages = [await bot.text("general").send(str(number)) for number in range(3)]
    await messages[1].pin()
    await ada.wait_for("CHANNEL_PINS_UPDATE")
    pins = [message async for message in bot.text("general").pins()]
    assert [(message.id, message.pinned) for message in pins] == [(messages[1].id, True)]
    await messages[1].unpin()
    assert [message async for message in bot.text("general").pins()] == []
    await bot.text("general").delete_messages(messages)
    assert (await ada.wait_for("MESSAGE_DELETE_BULK"))["ids"] == [str(message.id) for message in messages]
    assert await ada.history("general") == []


async def test_a_nonce_makes_sending_idempotent(ada: Human, connect: Connect) -> None:
    first = await ada.send("general", "once", nonce="17", enforce_nonce=True)
    again = await ada.send("general", "once", nonce="17", enforce_nonce=True)
    assert again["id"] == first["id"]
    bruno = await connect("bruno")
    other = await bruno.send("general", "once", nonce="17", enforce_nonce=True)
    assert other["id"] != first["id"]
    assert len(await ada.history("general")) == 2


async def test_mentions_obey_allowed_mentions_and_permissions(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    text = f"<@{ada.id}> <@{bruno.id}> @everyone"
    role = next(role for role in bot.lobby.roles if role.managed)
    await bot.text("general").send(f"{text} {role.mention}", allowed_mentions=discord.AllowedMentions.none())
    silent = await ada.wait_for("MESSAGE_CREATE")
    assert (silent["mentions"], silent["mention_everyone"], silent["mention_roles"]) == ([], False, [])
    await bot.text("general").send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(bruno.id)]))
    some = await ada.wait_for("MESSAGE_CREATE")
    assert [user["id"] for user in some["mentions"]] == [bruno.id]
    assert not some["mention_everyone"], "the bot may not mention everyone"
    loud = await ada.send("general", f"@everyone {role.mention}")
    assert (loud["mention_everyone"], loud["mention_roles"]) == (True, [str(role.id)]), "the owner may"
    meek = await bruno.send("general", f"@everyone {role.mention}")
    assert (meek["mention_everyone"], meek["mention_roles"]) == (False, [])


async def test_direct_messages_have_no_guild(bot: Bot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    sent = await ada.dm(ada.bot_id, "psst")
    heard = (await until(lambda: bot.heard))[0]
    assert heard.guild is None
    assert heard.content == "psst"
    await heard.channel.send("yes?")
    answer = await ada.wait_for("MESSAGE_CREATE", lambda m: m["content"] == "yes?")
    assert "guild_id" not in answer
    assert answer["channel_id"] == sent["channel_id"]
    user = await bot.fetch_user(int(ada.id))
    await user.send("unasked")
    await ada.wait_for("MESSAGE_CREATE", lambda m: m["content"] == "unasked")
    assert bruno.seen("MESSAGE_CREATE") == []
    with pytest.raises(HumanError) as hidden:
        await bruno.history(sent["channel_id"])
    assert hidden.value.code == 50001


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"content": ""}, 50006, None),
        ({"content": "   "}, 50006, None),
        ({"content": "x" * 2001}, 50035, "content"),
        ({"content": 7.5}, 50035, "content"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035, "message_reference"),
        ({"content": "x", "message_reference": {"message_id": "9" * 19}}, 50035, "message_reference"),
        ({"content": "x", "embeds": "no"}, 50035, "embeds"),
        ({"content": "x", "flags": -1}, 50035, "flags"),
        ({"content": "x", "nonce": "n" * 26}, 50035, "nonce"),
        ([], 50035, None),
    ],
)
async def test_a_wrong_message_names_what_is_wrong(ada: Human, body: object, code: int, where: str | None) -> None:
    with pytest.raises(HumanError) as refused:
        await ada.request("POST", f"/channels/{ada.channel_id('general')}/messages", body)
    assert (refused.value.status, refused.value.code) == (400, code)
    if where is not None:
        assert refused.value.body["errors"][where]["_errors"][0]["code"]


_BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}


@pytest.mark.parametrize(
    "components",
    [
        [5],
        [_BUTTON],
        [{"type": 1}],
        [{"type": 1, "components": 5}],
        [{"type": 1, "components": [5]}],
        [{"type": 1, "components": [{"type": 99}]}],
        [{"type": 1, "components": [_BUTTON] * 2}],
        [{"type": 1, "components": [{**_BUTTON, "custom_id": f"b{n}"} for n in range(6)]}],
        [{"type": 1, "components": [{**_BUTTON, "custom_id": "x" * 101}]}],
        [{"type": 1, "components": [{**_BUTTON, "label": "x" * 81}]}],
        [{"type": 1, "components": [{"type": 2, "style": 5, "url": "javascript:alert(1)"}]}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": []}]}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": [{"label": "a"}]}]}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}] * 2}]}],
        [{"type": 1, "components": [{"type": 5, "custom_id": "s", "min_values": "x"}]}],
        [{"type": 1, "components": [{**_BUTTON, "custom_id": f"r{n}"}]} for n in range(6)],
    ],
)
async def test_wrong_components_are_refused(bot: Bot, components: list) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=bot.text("general").id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json={"content": "x", "components": components})
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_an_overlong_embed_is_refused_as_a_whole(bot: Bot) -> None:
    embeds = [discord.Embed(description="x" * 3001) for _ in range(2)]
    with pytest.raises(discord.HTTPException) as refused:
        await bot.text("general").send(embeds=embeds)
    assert refused.value.code == 50035
