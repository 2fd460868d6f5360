"""/drop over the wire: given, claimed by fifty at once, over, taken back, and finished after a restart."""

from __future__ import annotations

import asyncio
from typing import Any

from actors import points
from actors.drop import KIND, Drop, DropDocument
from actors.points import PointsDocument, key_of
from bot.drops import MAX_OPEN
from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot
from tests.wire.test_memory import everything_stored
from tests.wire.test_play import crowd_of
from tests.wire.test_points_commands import answer, guild_of, registered, told

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6
_EDIT = r"^PATCH /channels/\d+/messages"


def is_drop(message: Doc) -> bool:
    return by_bot(message) and bool(message["components"]) and not message["flags"] & _EPHEMERAL


async def posted(human: Human, **options: Any) -> Doc:
    """Gives a drop; the message with its button."""
    human.forget()
    await human.slash("general", "drop create", **options)
    return await human.wait_for("MESSAGE_CREATE", is_drop)


def button(message: Doc) -> str:
    return str(message["components"][0]["components"][0]["custom_id"])


async def says(human: Human, message: Doc, text: str) -> Doc:
    """The message once it says so."""

    def fits(one: Doc) -> bool:
        return one["id"] == message["id"] and text in one["embeds"][0]["description"]

    return await human.wait_for("MESSAGE_UPDATE", fits)


async def points_of(stage: Stage, user_id: str) -> int:
    return (await PointsDocument.load(key_of(guild_of(stage), user_id))).points


async def test_the_first_has_the_points_and_it_is_shown(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        drop = await posted(ada, points=50, message="*Catch* @everyone")
        [embed] = drop["embeds"]
        assert embed["title"] == "\N{WRAPPED PRESENT} A drop of 50 points"
        assert r"\*Catch\*" in embed["description"]
        assert not drop["mention_everyone"]
        await ada.wait_for("MESSAGE_UPDATE", lambda one: "Done. Whoever presses first" in one["content"])

        stage.server.faults.delay(_EDIT, delay_ms=1000)  # so that the button is still there for who comes second
        bruno.forget()
        await bruno.click(drop, button(drop))
        await bruno.wait_for("MESSAGE_UPDATE", lambda one: one["content"] == "You were first: 50 points are yours!")
        await ada.click(drop, button(drop))
        await ada.wait_for("MESSAGE_UPDATE", lambda one: one["content"] == "Too late, Bruno was faster.")
        over = await says(ada, drop, "**Bruno** was first.")
        assert over["components"] == []
        assert await points_of(stage, bruno.id) == 50
        assert await points_of(stage, ada.id) == 0
        assert (await PointsDocument.load(key_of(guild_of(stage), bruno.id))).feats["drop"] == 1


async def test_of_fifty_people_at_once_one_wins_and_is_paid_once(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), crowd_of(stage, 50) as crowd:
        await registered(ada)
        drop = await posted(ada, points=50)
        stage.server.faults.delay(_EDIT, delay_ms=3000)  # nobody is told by the message that it is over
        await asyncio.gather(*(guest.click(drop, button(drop)) for guest in crowd))

        def is_answer(message: Doc) -> bool:
            return bool(message["content"].startswith(("You were", "Too late")))

        answers = await asyncio.gather(*(guest.wait_for("MESSAGE_UPDATE", is_answer, 30) for guest in crowd))
        texts = [one["content"] for one in answers]
        [winner] = [guest for guest, text in zip(crowd, texts, strict=True) if text.startswith("You were first")]
        name = f"Guest {winner.username.removeprefix('guest')}"
        assert texts.count(f"Too late, {name} was faster.") == 49
        await winner.click(drop, button(drop))  # once more, which changes nothing
        await says(ada, drop, f"**{name}** was first.")
        await eventually(lambda: settled(drop))
        assert [await points_of(stage, guest.id) for guest in crowd] == [50 if one is winner else 0 for one in crowd]


async def settled(drop: Doc) -> bool:
    return not (await DropDocument.load(button(drop).rpartition(":")[2])).unsettled


async def test_a_claim_whose_process_died_is_paid_and_shown_by_the_next(stage: Stage, ada: Human) -> None:
    async with stage.gateway(drain_s=0):
        await registered(ada)
        drop = await posted(ada, points=50)
        drop_id = button(drop).rpartition(":")[2]
        await eventually(lambda: known_message(drop_id))
    # The winner is written, and then everything dies.
    await stage.actors().call(KIND, drop_id, "claim", ada.id, "Ada", drop["id"])
    async with stage.gateway():
        await says(ada, drop, "**Ada** was first.")
        await eventually(lambda: settled(drop))
    async with stage.gateway():  # and nothing is done again
        await registered(ada)
        assert await points_of(stage, ada.id) == 50


async def known_message(drop_id: str) -> bool:
    return bool((await DropDocument.load(drop_id)).message_id)


async def test_a_drop_whose_process_died_before_it_was_posted_is_posted_by_the_next(stage: Stage, ada: Human) -> None:
    drop = Drop(guild_id=guild_of(stage), channel_id=ada.channel_id("general"), points=5, lasts_s=600)
    await stage.actors().call(KIND, "job-7", "give", drop)
    for _ in range(2):
        async with stage.gateway(drain_s=0):
            await eventually(lambda: known_message("job-7"))
    assert len([one for one in await ada.history("general") if one["components"]]) == 1


async def test_a_drop_that_nobody_wanted_says_so_also_after_a_restart(stage: Stage, ada: Human) -> None:
    async with stage.gateway(drain_s=0):
        await registered(ada)
        drop = await posted(ada, points=5, minutes=1)
        await eventually(lambda: known_message(button(drop).rpartition(":")[2]))
    stage.ahead_ms = 61_000
    async with stage.gateway():
        await says(ada, drop, "nobody came")


async def test_who_comes_after_time_is_told_that_it_is_over(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        drop = await posted(ada, points=5, minutes=1)
        stage.ahead_ms = 61_000
        await ada.click(drop, button(drop))
        await ada.wait_for("MESSAGE_UPDATE", lambda one: one["content"] == "This drop is over.")
        await says(ada, drop, "nobody came")
        assert await points_of(stage, ada.id) == 0


async def test_time_runs_out_while_the_bot_runs(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors) as gateway:
        await registered(ada)
        client = gateway._client
        assert client is not None
        short = Drop(guild_id=guild_of(stage), channel_id=ada.channel_id("general"), points=5, lasts_s=0.5, locale="de")
        for _ in range(2):  # a job that tries again
            await client.drops.give("job-1", short)
        drop = await ada.wait_for("MESSAGE_CREATE", is_drop)
        await says(ada, drop, "Die Zeit ist um")
        assert len(ada.seen("MESSAGE_CREATE", is_drop)) == 1


async def test_open_drops_are_listed_and_taken_back(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        assert await told(ada, "drop status") == "No drop is open on this server."
        drop = await posted(ada, points=50, message="mine")
        drop_id = button(drop).rpartition(":")[2]
        await eventually(lambda: known_message(drop_id))
        assert f"50 points in https://discord.com/channels/{guild_of(stage)}" in await told(ada, "drop status")
        [choice] = await ada.autocomplete("general", "drop cancel", "drop", "gen")
        assert choice == {"name": "50 points · #general · mine", "value": drop_id}
        assert "The drop of 50 points is taken back" in await told(ada, "drop cancel", drop=drop_id)
        after = (await ada.history("general", around=drop["id"]))[0]
        assert "taken back" in after["embeds"][0]["description"]
        assert after["components"] == []
        assert "not open any more" in await told(ada, "drop cancel", drop=drop_id)
        for nonsense in ("123456", "all of them", "9" * 40):
            assert "no such drop" in await told(ada, "drop cancel", drop=nonsense)


async def test_drops_are_for_who_manages_the_server(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        drop = await posted(ada, points=5)
        drop_id = button(drop).rpartition(":")[2]
        assert "permission Manage Server" in await told(bruno, "drop create", points=5)
        assert "permission Manage Server" in await told(bruno, "drop cancel", drop=drop_id)
        assert await bruno.autocomplete("general", "drop cancel", "drop", "") == []
        assert "5 points in" in await told(bruno, "drop status")
        channel = (await ada.dm(ada.bot_id, "hi"))["channel_id"]
        assert "drop" not in {one["name"] for one in await ada.commands(channel)}


async def test_too_many_and_nowhere_to_post_are_told(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors):
        await registered(ada)
        [role] = [one["id"] for one in ada.ready["guilds"][0]["roles"] if one.get("managed")]
        forbidden = {"type": 0, "deny": str(1 << 11)}  # Send Messages
        await ada.request("PUT", f"/channels/{ada.channel_id('general')}/permissions/{role}", forbidden)
        assert "I need the permission Send Messages" in await told(ada, "drop create", points=5)
        assert await told(ada, "drop status") == "No drop is open on this server."
        await ada.request("DELETE", f"/channels/{ada.channel_id('general')}/permissions/{role}")
        for number in range(MAX_OPEN):
            drop = Drop(guild_id=guild_of(stage), channel_id="1", points=1, lasts_s=600)
            await actors.call(KIND, str(number), "give", drop)
        assert f"There are {MAX_OPEN} drops open" in await told(ada, "drop create", points=5)


async def test_forget_me_leaves_the_drop_and_the_others(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        drop = await posted(ada, points=50)
        await bruno.click(drop, button(drop))
        await says(ada, drop, "was first")
        await eventually(lambda: settled(drop))
        await actors.call(points.KIND, key_of(guild_of(stage), ada.id), "enter", "e", 5, "test", "Ada")
        assert "Won a drop of 50 points" in await told(bruno, "memory view")
        question = await answer(bruno, "general", "memory forget")
        await bruno.click(question, question["components"][0]["components"][0]["custom_id"])
        await bruno.wait_for("MESSAGE_UPDATE", lambda one: one["content"].startswith("Done."))
        assert "You have 0 points" in await told(bruno, "points show")
        assert "You have 5 points" in await told(ada, "points show")
    stored = await DropDocument.load(button(drop).rpartition(":")[2])
    assert (stored.state, stored.winner_id, stored.by) == ("claimed", "", ada.id)
    assert bruno.id not in await everything_stored(stage)
