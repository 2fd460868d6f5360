"""What the owners of the bot may write anywhere, and what it is to everybody else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.access_rules import OPERATORS
from actors.audit import AuditDocument
from actors.channel_document import ChannelDocument
from bot import language
from bot.config import BotConfig
from core.errors import DatabaseUnavailable, PackError
from local_discord import Human
from tests.support.answers import registered
from tests.support.bot import Index, Stage
from tests.support.eventually import eventually
from tests.wire.test_admin_data import text_of
from tests.wire.test_conversation import by_bot

Doc = dict[str, Any]


class Health:
    """Says what it is told."""

    async def states(self) -> dict[str, tuple[str, str]]:
        return {"llm": ("idle", "loads with the first request"), "database": ("ready", "")}


def by_the_bot_itself(message: Doc) -> bool:
    return by_bot(message) and not message.get("webhook_id")


async def told(human: Human, text: str, channel: str = "general") -> Doc:
    human.forget()
    await human.send(channel, text)
    return await human.wait_for("MESSAGE_CREATE", by_the_bot_itself)


async def test_stats_tell_how_it_does(stage: Stage, ada: Human) -> None:
    stage.health = Health()
    async with stage.gateway():
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
        shown = text_of(await told(ada, "!stats"))
    assert "1 servers, 4 channels, in 1 of all known channels" in shown
    assert "Shard 1 of 1, heartbeat" in shown
    assert "0 under way, 1 given; time to the whole answer: median 0." in shown
    assert "**llm** idle (loads with the first request)" in shown
    [entry] = (await AuditDocument.load(stage.server.seed["guild_id"])).entries
    assert (entry.by, entry.action) == (ada.id, "owner.stats")
    assert len(stage.app.requests) == 1


async def test_reload_says_exactly_what_was_read_again(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        said = str((await told(ada, "!reload"))["content"])
        assert "what the bot itself says, in en, de." in said
        assert "the lore of communiverse. 3 passages are new or changed, 1 gone." in said
        assert "commands, and registered where they differed" in said
        assert "takes a restart: the personas' own files, settings and code" in said
        stage.shelf.fails = PackError("a lamp is missing.", file="lore/lamps.md", line=3, fix="Light one.")
        said = str((await told(ada, "!reload"))["content"])
        assert "The lore stays as it was: lore/lamps.md:3: a lamp is missing. Light one." in said
    assert stage.shelf.reloaded == 1


async def test_reload_has_discord_know_what_commands_are_called_now(
    stage: Stage, ada: Human, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "locales"
    shutil.copytree(language.FOLDER, folder)

    def forget() -> None:
        for cached in (language.attributes, language.keys, language.words):
            cached.cache_clear()

    monkeypatch.setattr(language, "FOLDER", folder)
    try:
        async with stage.gateway(), await Human.connect(stage.server.seed, "bruno", locale="de") as bruno:
            await registered(ada)
            file = folder / "de" / "commands-greet.ftl"
            before = language.attributes("de")["command-greet.description"]
            file.write_text(file.read_text("utf-8").replace(before, "Sag hallo."), "utf-8")
            await told(ada, "!reload")
            described = {
                one["name"]: one["description_localized"] for one in await bruno.commands("general") if one["type"] == 1
            }
            assert described["greet"] == "Sag hallo."
    finally:
        forget()


async def test_clearstm_forgets_a_channel_or_after_a_question_all(stage: Stage, ada: Human) -> None:
    async def lines(channel: str) -> int:
        return len((await ChannelDocument.load(ada.channel_id(channel))).state.turns)

    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        for channel in ("general", "games", "lore-talk"):
            await stage.closed(await ada.send(channel, f"<@{ada.bot_id}> my cat is called Biscuit"))
        assert "one channel" in (await told(ada, "!clearstm"))["content"]
        assert [await lines(channel) for channel in ("general", "games", "lore-talk")] == [0, 2, 2]
        question = await told(ada, "!ClearSTM all", "games")
        assert "all 3 channels" in question["content"]
        button = question["components"][0]["components"][0]["custom_id"]
        await bruno.click(question, button)  # which is not his
        assert "`!clearstm all`" in (await told(ada, "!clearstm everything"))["content"]
        assert await lines("games") == 2
        await ada.click(question, button)
        done = await ada.wait_for("MESSAGE_UPDATE", lambda message: not message["components"])
        assert "in 3 channels. What is remembered for long stays." in done["content"]
        assert [await lines(channel) for channel in ("general", "games", "lore-talk")] == [0, 0, 0]
    entries = (await AuditDocument.load(stage.server.seed["guild_id"])).entries
    assert [(one.action, one.detail) for one in entries] == [
        ("owner.clearstm", ada.channel_id("general")),
        ("owner.clearstm", "all"),
    ]


async def test_train_says_plainly_what_there_is(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        said = str((await told(ada, "!train"))["content"])
    assert "cannot be started from Discord yet" in said
    assert "python -m training.lora" in said


async def test_they_work_in_direct_messages_too_and_are_the_operators_business(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await ada.dm(ada.bot_id, "!train")
        await ada.wait_for("MESSAGE_CREATE", by_the_bot_itself)

        async def written() -> bool:
            return bool((await AuditDocument.load(OPERATORS)).entries)

        await eventually(written)
    [entry] = (await AuditDocument.load(OPERATORS)).entries
    assert (entry.by, entry.action) == (ada.id, "owner.train")
    assert stage.app.requests == []


async def test_whoever_else_writes_one_says_something_to_the_cast(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        for command in ("!stats", "!reload", "!clearstm", "!train"):
            await bruno.send("general", command)
        await stage.closed(await bruno.send("general", f"<@{bruno.bot_id}> hello"))
        assert [request.message.content for request in stage.app.requests] == ["hello"]
        await stage.closed(await bruno.dm(bruno.bot_id, "!stats"))
    assert [request.message.content for request in stage.app.requests] == ["hello", "!stats"]
    assert not bruno.seen("MESSAGE_CREATE", lambda m: by_the_bot_itself(m) and "How the bot does" in text_of(m))
    assert stage.shelf.reloaded == 0


async def test_who_is_named_in_the_settings_is_an_owner(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stage.config

    def config(token: str | None = None, shard: int = 0) -> BotConfig:
        return replace(made(token, shard), owners=frozenset({bruno.id}))

    async with await Human.connect(stage.server.seed, "bruno") as bruno:
        monkeypatch.setattr(stage, "config", config)
        async with stage.gateway():
            assert "cannot be started from Discord yet" in (await told(bruno, "!train"))["content"]


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> list[str]:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        monkeypatch.setattr(Index, "heard_since", away)
        assert "Database is not answering" in (await told(ada, "!stats"))["content"]
        assert "Database is not answering" in (await told(ada, "!clearstm all"))["content"]
        monkeypatch.setattr(ChannelDocument, "load", away)
        assert "Database is not answering" in (await told(ada, "!clearstm", "lore-talk"))["content"]
