"""The bot in German, for whoever's Discord is."""

from __future__ import annotations

import pytest

from local_discord import Human
from local_discord.client import HumanError
from tests.support.answers import Doc, answer, registered, shown
from tests.support.bot import Stage


async def test_a_german_client_is_shown_german_commands(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno", locale="de") as bruno:
        await registered(ada)
        english = {one["name"]: one.get("name_localized") for one in await ada.commands("general")}
        german = {one["name"]: one for one in await bruno.commands("general")}
        assert english["memory"] is None
        memory = german["memory"]
        assert memory["name_localized"] == "gedächtnis"
        forget = next(one for one in memory["options"] if one["name"] == "forget")
        assert (forget["name_localized"], forget["description_localized"][:8]) == ("vergessen", "Lass übe")
        ask = next(one for one in german["persona"]["options"] if one["name"] == "ask")
        assert [one["name_localized"] for one in ask["options"]] == ["frage", "persona", "bild"]
        assert german["Why this reply?"]["name_localized"] == "Warum diese Antwort?"


async def test_everybody_is_answered_in_their_language(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno", locale="de") as bruno:
        await registered(ada)
        assert "Nothing is kept about you." in shown(await answer(ada, "general", "memory view"))
        assert "Über dich ist nichts gespeichert." in shown(await answer(bruno, "general", "memory view"))
        refused = shown(await answer(bruno, "general", "config show"))
        assert (
            refused
            == "Dafür brauchst du die Berechtigung Server verwalten. Frag jemanden, der diesen Server verwaltet."
        )
        nothing_runs = shown(await answer(bruno, "general", "game stop"))
        assert nothing_runs == "In diesem Kanal läuft kein Spiel. Beginn eines."
        unknown = shown(await answer(bruno, "general", "persona ask", persona="glordo", question="?"))
        assert unknown == "Keine Persona heißt 'glordo'. Meintest du glordon oder lord-grigon?"
        offered = await bruno.autocomplete("general", "schedule run", "job", "Spielrunde")
        assert [one["name"] for one in offered] == ["mini_game: eine Spielrunde"]


async def test_what_all_see_is_in_the_language_of_the_server(stage: Stage, ada: Human) -> None:
    guild = ada.seed["guild_id"]
    async with stage.gateway():
        await registered(ada)
        await ada.request("PATCH", f"/guilds/{guild}", {"preferred_locale": "de"})
        await ada.wait_for("GUILD_UPDATE", lambda one: one["preferred_locale"] == "de")
        told = await answer(ada, "general", "persona set", persona="olga")
        assert told["content"] == "Ab jetzt antwortet hier **Olga**."
        await ada.send("general", f"<@{ada.bot_id}> hallo")

        def renewable(message: Doc) -> bool:
            return [one["label"] for row in message["components"] for one in row["components"]] == ["Neu schreiben"]

        await ada.wait_for("MESSAGE_CREATE", renewable)


async def test_help_shows_what_one_may_use_in_ones_language(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno", locale="de") as bruno:
        await registered(ada)

        async def subjects(human: Human, channel: str) -> set[str]:
            [select] = (await answer(human, channel, "help"))["components"][0]["components"]
            return {one["label"].split(" (")[0] for one in select["options"]}

        assert {"For who manages this server", "For who runs the bot"} <= await subjects(ada, "general")
        german = await subjects(bruno, "general")
        assert "Sprechen und fragen" in german
        assert not {"Für alle, die diesen Server verwalten", "Für den Betrieb des Bots"} & german
        direct = (await ada.dm(ada.bot_id, "!help"))["channel_id"]
        assert "For who manages this server" not in await subjects(ada, direct)

        one = shown(await answer(bruno, "general", "help", command="/gedächtnis aus"))
        assert one.startswith("/gedächtnis aus")
        assert "nur_hier" in one
        assert "auf Servern und in Direktnachrichten" in one
        assert "/memory off" in shown(await answer(ada, "general", "help", command="memory off"))
        refused = shown(await answer(bruno, "general", "help", command="einstellungen ändern"))
        assert "Einen Befehl „einstellungen ändern“, den du hier benutzen darfst, gibt es nicht." in refused
        assert "Did you mean /memory view" in shown(await answer(ada, "general", "help", command="memory vew"))
        offered = await bruno.autocomplete("general", "help", "command", "gedächtnis v")
        assert [one["name"] for one in offered] == ["/gedächtnis vergessen"]


async def test_only_languages_of_discord_can_be_chosen(stage: Stage, ada: Human) -> None:
    with pytest.raises(HumanError) as refused:
        await ada.request("PATCH", "/users/@me/settings", {"locale": "tlh"})
    assert refused.value.code == 50035
