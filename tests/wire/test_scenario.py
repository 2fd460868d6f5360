"""/scenario and /greet over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from actors.channel_document import ChannelDocument
from core.errors import DatabaseUnavailable
from local_discord import Human
from tests.support.bot import Stage
from tests.wire.test_conversation import by_webhook
from tests.wire.test_guest_personas import FORM, direct, filled, heard, registered

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def used(human: Human, name: str, channel: str = "general", **options: Any) -> Doc:
    human.forget()
    await human.slash(channel, name, **options)
    return await heard(human)


async def told(human: Human, name: str, channel: str = "general", **options: Any) -> str:
    return str((await used(human, name, channel, **options))["content"])


async def test_a_scene_is_opened_played_and_revealed(stage: Stage, ada: Human) -> None:
    scenario = stage.pack.scenario("the-missing-peel-crown")
    async with stage.gateway():
        await registered(ada)
        answer = await used(ada, "scenario start", scenario=scenario.id)
        assert answer["content"] == "A scene begins. It runs for 24 hours, or until /scenario reveal."
        [embed] = answer["embeds"]
        assert (embed["title"], embed["description"]) == (scenario.title, scenario.setting)
        assert scenario.answer not in str(embed)
        opening = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert (opening["author"]["username"], opening["content"]) == ("Glordon", scenario.opening)
        await stage.closed(await ada.send("general", "who was near it?", reply_to=opening["id"]))
        request = stage.app.requests[-1]
        assert (request.persona_id, request.scene) == ("glordon", f"{scenario.title}. {scenario.setting}")
        assert scenario.opening in [line.text for line in request.history]
        shown = await used(ada, "scenario show")
        assert shown["flags"] & _EPHEMERAL
        assert "It ends <t:" in shown["content"]
        assert "runs here already" in await told(ada, "scenario start", scenario="a-letter-without-a-name")
        assert await told(ada, "scenario reveal") == f"The curtain falls on “{scenario.title}”. This is the answer:"
        revealed = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert revealed["content"] == f"> {scenario.question}\n{scenario.answer}"
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> and now?"))
        assert stage.app.requests[-1].scene == ""


async def test_a_scene_is_stopped_and_can_still_be_revealed(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await told(ada, "scenario start", scenario="Two Shadows")
        assert await told(ada, "scenario stop") == "The scene is over. /scenario reveal still tells the answer."
        assert await told(ada, "scenario show") == "It is over. /scenario reveal tells the answer."
        assert "No scene runs here" in await told(ada, "scenario stop")
        assert "The curtain falls" in await told(ada, "scenario reveal")


async def test_the_list_and_what_is_offered(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        [embed] = (await used(ada, "scenario list"))["embeds"]
        assert embed["title"] == "56 scenarios"
        assert all(f"**{one.title}**" in embed["description"] for one in stage.pack.scenarios)
        [some] = (await used(ada, "scenario list", tag="music"))["embeds"]
        assert some["title"] == f"{sum('music' in one.tags for one in stage.pack.scenarios)} scenarios"
        assert "There is no such scenario" in await told(ada, "scenario list", tag="dentistry")
        choices = await ada.autocomplete("general", "scenario start", "scenario", "peel")
        assert choices == [{"name": "The Missing Peel Crown", "value": "the-missing-peel-crown"}]
        tags = await ada.autocomplete("general", "scenario list", "tag", "mys")
        assert [one["value"] for one in tags] == ["mystery"]


async def test_what_cannot_be_played(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for name, options in (("start", {"scenario": "two-shadows"}), ("stop", {}), ("reveal", {})):
            assert "Manage Channels" in await told(bruno, f"scenario {name}", **options)
        assert "There is no scenario 'nonsense'" in await told(ada, "scenario start", scenario="nonsense")
        assert "No scene was played here yet" in await told(ada, "scenario show")
        assert "No scene runs here" in await told(ada, "scenario reveal")
        await used(ada, "persona cast set", personas="olga")
        said = await told(ada, "scenario start", scenario="the-missing-peel-crown")
        assert "may not speak in this channel" in said
        await used(ada, "config set", setting="allowed_channels", value="games")
        assert "does not answer in this channel" in await told(ada, "scenario start", scenario="Two Shadows")


async def test_somebody_is_greeted_by_whoever_it_may_be(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        assert await told(ada, "greet") == "Elio has said hello."
        first = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert (first["author"]["username"], "Ada" in first["content"]) == ("Elio", True)
        done = await used(ada, "greet", member=bruno.id, persona="olga")
        assert done["flags"] & _EPHEMERAL
        second = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert (second["author"]["username"], "Bruno" in second["content"]) == ("Olga", True)
        assert second["mentions"] == []
        await stage.closed(await bruno.send("general", "thank you", reply_to=second["id"]))
        assert stage.app.requests[-1].persona_id == "olga"
        await filled(ada, "create", FORM)
        await told(ada, "greet", persona="captain-wren")
        third = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert (third["author"]["username"], third["content"]) == ("Captain Wren", "Ada! Ahoy!")


async def test_who_cannot_greet_or_be_asked_to(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        assert "No persona is called 'nobody'" in await told(ada, "greet", persona="nobody")
        channel = await direct(stage, ada)
        assert await told(ada, "greet", channel, persona="olga") == "Olga has said hello."
        await used(ada, "config set", setting="allowed_channels", value="games")
        assert "does not answer in this channel" in await told(ada, "greet")


async def test_where_nobody_can_speak_nothing_begins_or_is_revealed(stage: Stage, ada: Human) -> None:
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    channel = ada.channel_id("general")
    async with stage.gateway():
        await registered(ada)
        await told(ada, "scenario start", scenario="Two Shadows")
        before = (await ChannelDocument.load(channel)).state.scene
        forbidden = {"type": 0, "allow": "0", "deny": str(1 << 29 | 1 << 11)}  # Manage Webhooks, Send Messages
        for place in ("general", "games"):
            await ada.request("PUT", f"/channels/{ada.channel_id(place)}/permissions/{role}", forbidden)
        assert "I need the permission Send Messages" in await told(ada, "scenario reveal")
        assert (await ChannelDocument.load(channel)).state.scene == before
        assert "I need the permission Send Messages" in await told(
            ada, "scenario start", "games", scenario="Two Shadows"
        )
        assert "I need the permission Send Messages" in await told(ada, "greet", "games")
        assert (await ChannelDocument.load(ada.channel_id("games"))).state.scene is None
        # By webhook the cast speaks where the bot itself may not.
        forbidden["deny"] = str(1 << 11)
        await ada.request("PUT", f"/channels/{channel}/permissions/{role}", forbidden)
        assert "The curtain falls" in await told(ada, "scenario reveal")


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        monkeypatch.setattr(ChannelDocument, "load", away)
        for name, options in (
            ("greet", {}),
            ("scenario start", {"scenario": "Two Shadows"}),
            ("scenario show", {}),
            ("scenario stop", {}),
            ("scenario reveal", {}),
        ):
            assert "Database is not answering" in await told(ada, name, **options)
