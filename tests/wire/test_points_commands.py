"""/points, /profile and /leaderboard over the wire: what is shown to whom, corrections, pages, and error paths."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

import pytest
from PIL import Image

from actors import points, standing
from actors.points import PointsDocument, key_of
from actors.standing import StandingDocument
from actors.virtual import LocalVirtualActors
from bot.leaderboards import ROWS
from core.documents import OwnedDocument
from core.errors import DatabaseUnavailable
from local_discord import Human
from local_discord.client import HumanError
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot
from tests.wire.test_memory import everything_stored

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def registered(human: Human) -> None:
    async def known() -> bool:
        return {"points", "profile", "leaderboard", "drop"} <= {one["name"] for one in await human.commands("general")}

    await eventually(known)


async def answer(human: Human, channel: str, name: str, **options: Any) -> Doc:
    """What the bot answers to a command, once it is there."""
    human.forget()
    await human.slash(channel, name, **options)
    found = await human.wait_for("MESSAGE_CREATE", by_bot)
    answer_id = found["id"]
    while not (found["content"] or found["embeds"] or found["attachments"]):  # a deferral
        found = await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == answer_id)
    return found


async def told(human: Human, name: str, channel: str = "general", **options: Any) -> str:
    found = await answer(human, channel, name, **options)
    parts = [found["content"]]
    for embed in found["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", "")]
        parts += [f"{field['name']}\n{field['value']}" for field in embed.get("fields", [])]
    return "\n".join(part for part in parts if part)


def guild_of(stage: Stage) -> str:
    return str(stage.server.seed["guild_id"])


async def direct(stage: Stage, human: Human) -> str:
    """The direct messages with the bot, in which nobody speaks any more."""
    message = await human.dm(human.bot_id, "hi")
    await stage.closed(message)
    return str(message["channel_id"])


async def pays(stage: Stage, actors: LocalVirtualActors, user: str, amount: int, name: str, entry: str = "e") -> None:
    await actors.call(points.KIND, key_of(guild_of(stage), user), "enter", entry, amount, "test", name)


async def picture(human: Human, message: Doc) -> tuple[Image.Image, str]:
    """The picture of a message and its alternative text."""
    [file] = message["attachments"]
    async with human._http.get(file["url"]) as response:
        data = await response.read()
    return Image.open(io.BytesIO(data)), str(file["description"])


async def test_talk_with_the_cast_gives_points_that_show_tells_of(stage: Stage, ada: Human) -> None:
    stage.talk_points = True
    async with stage.gateway():
        await registered(ada)
        assert "You have 0 points and are at level 1. 50 more points and it is level 2." in await told(
            ada, "points show"
        )
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))

        async def paid() -> bool:
            return (await PointsDocument.load(key_of(guild_of(stage), ada.id))).points > 0

        await eventually(paid)
        shown = await told(ada, "points show")
        assert "You have 2 points" in shown
        assert "One day in a row" in shown
        assert "**+2** talked with the cast" in shown
        document = await PointsDocument.load(key_of(guild_of(stage), ada.id))
        assert (document.name, document.personas) == ("Ada", {stage.pack.default_persona: 1})


async def test_no_points_for_talk_where_the_server_wants_so(stage: Stage, ada: Human) -> None:
    stage.talk_points = True
    async with stage.gateway():
        await registered(ada)
        assert "**talk_points** is now `off`" in await told(ada, "config set", setting="talk_points", value="off")
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
        await stage.closed(await ada.dm(ada.bot_id, "hello"))  # nor ever for direct messages
        assert "You have 0 points" in await told(ada, "points show")
    assert await stage.database.collection(PointsDocument).count_documents({}) == 0


async def test_corrections_by_hand_are_seen_by_all_and_count_once(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        given = await answer(ada, "general", "points give", member=bruno.id, amount=60, reason="a *fine* joke")
        assert given["content"] == r"**Ada** gives **Bruno** 60 points: a \*fine\* joke" + "\nThat makes 60 points."
        assert not given["flags"] & _EPHEMERAL
        taken = await told(ada, "points take", member=bruno.id, amount=25, reason="the joke was old")
        assert "**Ada** takes 25 points from **Bruno**: the joke was old\nThat makes 35 points." in taken
        assert await told(ada, "points show", member=bruno.id) == "**Bruno** has 35 points and is at level 1."
        assert "has only 35 points" in await told(ada, "points take", member=bruno.id, amount=36, reason="greed")
        own = await answer(bruno, "general", "points show")
        assert own["flags"] & _EPHEMERAL
        assert r"**-25** the joke was old" in own["embeds"][0]["fields"][0]["value"]


@pytest.mark.parametrize("command", ["points give", "points take"])
async def test_corrections_are_for_who_manages_the_server(stage: Stage, ada: Human, command: str) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        refused = await answer(bruno, "general", command, member=bruno.id, amount=60, reason="because")
        assert "permission Manage Server" in refused["content"]
        assert refused["flags"] & _EPHEMERAL
        assert "bots collect no points" in await told(ada, command, member=ada.bot_id, amount=1, reason="because")
        with pytest.raises(HumanError):  # Discord itself keeps to the bounds
            await ada.slash("general", command, member=bruno.id, amount=0, reason="because")
        with pytest.raises(HumanError):
            await ada.slash("general", command, member=bruno.id, amount=5, reason="x")
    assert await stage.database.collection(PointsDocument).count_documents({}) == 0


async def test_the_card_is_a_picture_with_words_for_who_does_not_see_it(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await pays(stage, actors, ada.id, 120, "Ada")
        await pays(stage, actors, bruno.id, 121, "Bruno")
        await actors.call(points.KIND, key_of(guild_of(stage), ada.id), "talked", "m", "Ada", "glordon")
        card = await answer(ada, "general", "profile")
        image, alt = await picture(ada, card)
        assert image.size == (960, 420)
        assert alt == "Ada: level 2, 122 points; place 1; one day in a row. Badges: First Spark, Pocketful."
        assert "**Pocketful** A hundred points." in card["embeds"][0]["description"]
        _, alt = await picture(ada, await answer(ada, "general", "profile", member=bruno.id))
        assert "Bruno: level 2, 121 points; place 2" in alt
        assert "bots collect no points" in await told(ada, "profile", member=ada.bot_id)
        channel = await direct(stage, ada)
        _, alt = await picture(ada, await answer(ada, channel, "profile"))
        assert "level 1, 0 points; place none yet" in alt


async def test_the_card_has_the_picture_that_somebody_chose(stage: Stage, ada: Human) -> None:
    own = io.BytesIO()
    Image.new("RGB", (64, 64), (250, 30, 30)).save(own, "PNG")
    async with stage.gateway():
        await registered(ada)
        plain, _ = await picture(ada, await answer(ada, "general", "profile"))
        chosen = f"data:image/png;base64,{b64encode(own.getvalue()).decode()}"
        await ada.request("PATCH", "/users/@me", {"avatar": chosen})
        image, _ = await picture(ada, await answer(ada, "general", "profile"))
        at = (122, 118)  # the middle of the face
        assert image.convert("RGB").getpixel(at) == (250, 30, 30) != plain.convert("RGB").getpixel(at)


async def test_pages_of_the_leaderboard_are_turned_by_buttons(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors):
        await registered(ada)
        empty = await answer(ada, "general", "leaderboard")
        assert "Nobody has points here yet" in (await picture(ada, empty))[1]
        for number in range(2 * ROWS + 3):
            await pays(stage, actors, str(1000 + number), 500 - number, f"Member *{number}*")
        await pays(stage, actors, ada.id, 3, "Ada")
        board = await answer(ada, "general", "leaderboard")
        assert "**Ada**: place 24 with 3 points" in board["embeds"][0]["description"]
        _, alt = await picture(ada, board)
        assert alt.splitlines()[:2] == ["The Lobby: Leaderboard of all time · page 1 of 3", "1. Member *0*, 500 points"]
        assert [one["disabled"] for one in _buttons(board)] == [True, False, False]

    async with stage.gateway():  # another process of the bot
        second, alt = await turned(ada, board, 1)
        assert alt.splitlines()[1] == "11. Member *10*, 490 points"
        last, alt = await turned(ada, second, 1)
        assert alt.splitlines()[-1] == "24. Ada, 3 points"
        assert [one["disabled"] for one in _buttons(last)] == [False, True, False]
        week, alt = await turned(ada, last, 2)
        assert alt.startswith("The Lobby: Leaderboard of this week · page 1 of 3\n1. Member *0*")
        _, alt = await turned(ada, week, 2)
        assert alt.startswith("The Lobby: Leaderboard of all time · page 1 of 3")
        _, alt = await picture(ada, await answer(ada, "general", "leaderboard", page=999))
        assert "page 3 of 3" in alt


def _buttons(message: Doc) -> list[Doc]:
    found: list[Doc] = [one for row in message["components"] for one in row["components"]]
    return [{"disabled": False, **one} for one in found]


async def turned(human: Human, message: Doc, button: int) -> tuple[Doc, str]:
    """The message after one of its buttons was pressed, and the alternative text of its picture."""
    human.forget()
    await human.click(message, _buttons(message)[button]["custom_id"])
    found = await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == message["id"])
    return found, (await picture(human, found))[1]


async def test_among_all_servers_is_who_wants_to_be(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for human, name in ((ada, "Ada here"), (bruno, "Bruno")):
            await pays(stage, actors, human.id, 10, name)
        await actors.call(points.KIND, key_of("77", ada.id), "enter", "e", 7, "test", "Ada elsewhere")

        async def shown(channel: str = "general", **options: Any) -> str:
            return (await picture(ada, await answer(ada, channel, "leaderboard", scope="global", **options)))[1]

        assert "Nobody is here yet" in await shown()
        assert "you are on the leaderboard of all servers as **Ada**" in await told(ada, "profile", public="on")

        async def added_up() -> bool:
            return (await StandingDocument.load(ada.id)).points == 17

        await eventually(added_up)
        assert (await shown()).splitlines()[1:] == ["1. Ada here, 17 points"]
        assert (await shown(period="week")).splitlines()[1:] == ["1. Ada here, 17 points"]
        channel = await direct(stage, ada)
        assert (await shown(channel)).splitlines()[1:] == ["1. Ada, 17 points"]
        assert "there is no server" in await told(ada, "leaderboard", channel, scope="server")
        assert "not on the leaderboard of all servers any more" in await told(ada, "profile", public="off")
        assert "Nobody is here yet" in await shown()
        assert not await actors.call(standing.KIND, ada.id, "is_public")


async def test_forget_me_empties_points_and_export_shows_them(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for human in (ada, bruno):
            await pays(stage, actors, human.id, 10, human.username)
        await told(ada, "profile", public="on")
        shown = await told(ada, "memory view")
        assert "Your points" in shown
        assert "+10 points: test" in shown
        assert "Shown on the leaderboard of all servers" in shown
        question = await answer(ada, "general", "memory forget")
        ada.forget()
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await ada.wait_for("MESSAGE_UPDATE", lambda one: one["content"].startswith("Done."))
        assert "You have 0 points" in await told(ada, "points show")
        assert "You have 10 points" in await told(bruno, "points show")
    stored = await everything_stored(stage)
    assert ada.id not in stored
    assert bruno.id in stored


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("points show", {}),
        ("points give", {"member": "bruno", "amount": 5, "reason": "because"}),
        ("points take", {"member": "bruno", "amount": 5, "reason": "because"}),
        ("profile", {}),
        ("profile", {"public": "on"}),
        ("leaderboard", {}),
        ("drop create", {"points": 5}),
        ("drop status", {}),
        ("drop cancel", {"drop": "123"}),
    ],
)
async def test_a_database_that_is_away_is_told(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch, command: str, options: Doc
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        monkeypatch.setattr(OwnedDocument, "load", away)
        for name in ("leaderboard", "unsettled_drops"):
            monkeypatch.setattr(f"bot.index.{name}", away)
        given = {key: bruno.id if value == "bruno" else value for key, value in options.items()}
        assert "Database is not answering" in await told(ada, command, **given)
