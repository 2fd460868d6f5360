"""/config over the wire: who may set what, what it does, and what is said where something is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.guild import GuildDocument
from actors.guild_settings import NAMES, GuildSettings
from core.errors import DatabaseUnavailable
from local_discord import Human
from local_discord.client import HumanError
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def registered(human: Human) -> None:
    async def known() -> bool:
        return any(command["name"] == "config" for command in await human.commands("general"))

    await eventually(known)


async def told(human: Human, name: str, **options: Any) -> str:
    """What the bot answers to a command of /config: the text, or that of the embed. Only for who asked."""
    human.forget()
    await human.slash("general", f"config {name}", **options)
    answer = await human.wait_for("MESSAGE_CREATE", by_bot)
    assert answer["flags"] & _EPHEMERAL
    while not (answer["content"] or answer["embeds"]):  # a deferral
        answer = await human.wait_for("MESSAGE_UPDATE", by_bot)
    text = str(answer["content"])
    return text + "".join(f"{one['title']}\n{one['description']}" for one in answer["embeds"])


async def settings(stage: Stage) -> GuildSettings:
    return (await GuildDocument.load(stage.server.seed["guild_id"])).settings


async def test_settings_are_shown_set_and_reset_and_it_is_told_who_did(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        shown = await told(ada, "show")
        assert all(f"**{name}**" in shown for name in NAMES)
        assert shown.count("inherited from the operator") == len(NAMES)
        assert "Nothing was ever changed" in await told(ada, "history")

        assert await told(ada, "set", setting="relevance", value="0.2") == (
            "**relevance** is now `0.2`. It takes effect within a few seconds."
        )
        shown = await told(ada, "show", setting="relevance")
        assert "**relevance** `0.2`" in shown
        assert f"set here by <@{ada.id}> <t:" in shown
        assert "How near a line must be" in shown
        assert "**rag**" not in shown

        await told(ada, "set", setting="personas", value="olga, glordon")
        history = await told(ada, "history")
        assert f"<@{ada.id}>: **personas** from inherited to Olga, Glordon" in history
        assert history.index("personas") < history.index("relevance")  # the newest first

        assert "Inherited again: **relevance**." in await told(ada, "reset", setting="relevance")
        assert "Nothing of that was set" in await told(ada, "reset", setting="relevance")
        assert "**personas**" in await told(ada, "reset", setting="all")
        assert await settings(stage) == GuildSettings()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("relevance", "many", "relevance cannot be 'many'"),
        ("relevence", "0.1", "Did you mean relevance"),
        ("default_persona", "glordo", "Did you mean glordon"),
        ("allowed_channels", "#nowhere-to-be-found", "There is no channel '#nowhere-to-be-found' on this server."),
        ("auto_reply_channels", "123456789012345678", "There is no channel"),
        ("quiet_hours", "at night", "write it as 22:00-07:00"),
        ("time_zone", "Berlin", "did you mean"),
    ],
)
async def test_a_bad_value_is_named_with_the_fix(stage: Stage, ada: Human, setting: str, value: str, said: str) -> None:
    async with stage.gateway():
        await registered(ada)
        assert said in await told(ada, "set", setting=setting, value=value)
        assert await settings(stage) == GuildSettings()


async def test_it_is_for_who_manages_the_server(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for name, options in (
            ("show", {}),
            ("set", {"setting": "rag", "value": "off"}),
            ("reset", {"setting": "all"}),
            ("history", {}),
        ):
            assert "permission Manage Server" in await told(bruno, name, **options)
        choices = await bruno.autocomplete("general", "config set", "value", "", setting="allowed_channels")
        assert choices == []
        assert await settings(stage) == GuildSettings()


async def test_in_direct_messages_there_is_nothing_to_configure(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        channel = (await ada.dm(ada.bot_id, "hello"))["channel_id"]
        assert "config" not in {command["name"] for command in await ada.commands(channel)}
        [command] = [one for one in await ada.commands("general") if one["name"] == "config"]
        data = {"id": command["id"], "name": "config", "type": 1, "version": command["version"]}
        data["options"] = [{"type": 1, "name": "history", "options": []}]
        with pytest.raises(HumanError):
            await ada._interact(2, channel, command["application_id"], data)


async def test_settings_and_values_are_offered_while_typing(stage: Stage, ada: Human) -> None:
    async def offered(setting: str, typed: str = "") -> list[Doc]:
        return await ada.autocomplete("general", "config set", "value", typed, setting=setting)

    async with stage.gateway():
        await registered(ada)
        choices = await ada.autocomplete("general", "config set", "setting", "quiet")
        assert choices[0]["value"] == "quiet_hours"
        assert choices[0]["name"].startswith("quiet_hours: Time of day")
        assert (await ada.autocomplete("general", "config reset", "setting", ""))[0]["value"] == "all"
        assert [one["value"] for one in await offered("rag")] == ["on", "off"]
        assert [one["value"] for one in await offered("content_filter")] == ["off", "low", "medium", "high"]
        assert {"name": "Europe/Berlin", "value": "Europe/Berlin"} in await offered("time_zone", "berlin")
        games = ada.channel_id("games")
        assert {"name": "add #games", "value": f"+{games}"} in await offered("allowed_channels", "games")
        assert {"name": "take out Glordon", "value": "-glordon"} in await offered("personas", "glor")
        assert (await offered("default_persona", "glor"))[0]["value"] == "glordon"
        assert await offered("relevance") == await offered("nonsense") == []


async def test_what_is_set_holds_in_the_channels(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> one"))
        await told(ada, "set", setting="personas", value="Olga, Glordon")
        await told(ada, "set", setting="default_persona", value="Olga")
        await told(ada, "set", setting="allowed_channels", value="#general, bot-testing")
        await told(ada, "set", setting="rag", value="off")
        await asyncio.sleep(stage.settings_fresh_s)
        ada.forget()
        await ada.send("games", f"<@{ada.bot_id}> nobody answers here")
        await ada.send("general", f"<@{ada.bot_id}> two")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert (answer["channel_id"], answer["author"]["username"]) == (ada.channel_id("general"), "Olga")
        thread = await ada.request("POST", f"/channels/{ada.channel_id('general')}/threads", {"name": "t", "type": 11})
        await ada.send(thread["id"], f"<@{ada.bot_id}> three")
        inside = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert inside["channel_id"] == thread["id"]
    assert [(one.message.content, one.rag) for one in stage.app.requests] == [
        ("one", True),
        ("two", False),
        ("three", False),
    ]


async def test_commands_keep_to_it_too(stage: Stage, ada: Human) -> None:
    async def refused(name: str, **options: Any) -> str:
        ada.forget()
        await ada.slash("general", name, **options)
        return str((await ada.wait_for("MESSAGE_CREATE", by_bot))["content"])

    async with stage.gateway():
        await registered(ada)
        await told(ada, "set", setting="personas", value="olga, elio")
        assert "No persona is called 'glordon'" in await refused("persona ask", question="hi", persona="glordon")
        assert "No persona is called 'glordon'" in await refused("persona set", persona="glordon")
        offered = await ada.autocomplete("general", "persona ask", "persona", "", question="hi")
        assert [one["value"] for one in offered] == ["elio", "olga"]
        await told(ada, "set", setting="allowed_channels", value="games")
        assert "does not answer in this channel" in await refused("persona ask", question="hi")
        assert stage.app.requests == []


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        monkeypatch.setattr(GuildDocument, "load", away)
        assert "Database is not answering" in await told(ada, "set", setting="rag", value="off")
        # and the cast goes on, by the operator's word
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
    assert [one.persona_id for one in stage.app.requests] == [stage.pack.default_persona]


async def test_who_changed_something_sees_it_kept_and_has_it_forgotten(stage: Stage, ada: Human) -> None:
    async def fits(text: str) -> Doc:
        def holds(message: Doc) -> bool:
            return text in message["content"] + "".join(one.get("description", "") for one in message["embeds"])

        return await ada.wait_for("MESSAGE_UPDATE", holds)

    async with stage.gateway():
        await registered(ada)
        await told(ada, "set", setting="rag", value="off")
        await ada.slash("general", "memory view")
        await fits("A server's settings")
        await ada.slash("general", "memory forget")
        question = await fits("2 things about you")
        await ada.click(question, question["components"][0]["components"][0]["custom_id"])
        await fits("Done. 2 things forgotten.")
        assert "somebody: **rag** from inherited to `off`" in await told(ada, "history")
    document = await GuildDocument.load(stage.server.seed["guild_id"])
    assert document.settings == GuildSettings(rag=False)
    assert ada.id not in document.model_dump_json()
