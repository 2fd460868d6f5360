"""Whatever command there is: a test runs it over the wire, and where something is wrong, whoever used it is told.

The commands are those of the tree, so that a new one is tried without a line here.
"""

from __future__ import annotations

import asyncio
import random
import re
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from actors.host import VirtualActor
from bench.command_calls import CommandCall, calls
from bot.commands.needs import OWNER, for_servers, needed
from bot.commands.translate import nodes
from bot.errors import permissions
from bot.language import words
from bot.text_commands import COMMANDS, OWNERS
from core.errors import ModelUnavailable, Unavailable
from core.messages import ReplyRequest
from local_discord import Human
from tests.support.answers import WITHIN_S, answer, registered, shown
from tests.support.bot import Adapter, SpeakingApp, Stage
from tests.support.commands import commands, tree

_DEFECT = words()("error-defect", incident="?").partition("?")[0]
_AWAY = "is not answering just now"

# What has an answer without the database; all others say that it is away.
WITHOUT_DATABASE = {
    "admin-data block", "admin-data purge", "ai ask", "ai models", "ai status", "analyze", "drop cancel",
    "finetune list", "finetune promote", "finetune rollback", "finetune start", "finetune status", "help",
    "memory purge", "persona create", "persona delete", "persona edit", "persona export", "persona import",
    "persona info", "persona list", "rag query", "rag sources", "scenario list", "schedule edit",
}  # fmt: skip
# What asks for a model, and which one is said to be away where none answers.
OF_MODELS = {
    "persona ask": "The language model",
    "rag query": "Retrieval",
    **dict.fromkeys(("ai ask", "ai models", "ai status"), "The language model"),
    **dict.fromkeys((f"finetune {name}" for name in ("list", "promote", "rollback", "status")), "The language model"),
}
# What the bot says something by in the channel itself, for which it needs permissions.
POSTING = {"drop create", "game start", "greet", "minigame start", "scenario reveal", "scenario start", "story start"}


class SilentApp(SpeakingApp):
    """No model answers."""

    async def reply(self, request: ReplyRequest) -> Any:
        """See PersonaApp."""
        raise ModelUnavailable("No replica.", component="llm")
        yield


def test_every_command_is_run_by_a_test(request: pytest.FixtureRequest, used_so_far: set[str]) -> None:
    collected = {item.path for item in request.session.items}
    chosen = request.config.option.keyword or request.config.option.markexpr
    if chosen or not set(Path(__file__).parent.glob("test_*.py")) <= collected:
        pytest.skip("only after all tests of this folder it is known what they use")
    wanted = {command.qualified_name for command in commands()}
    wanted |= {node.name for node in nodes(tree()) if isinstance(node, app_commands.ContextMenu)}
    wanted |= {f"!{command.name}" for command in (*COMMANDS, *OWNERS)}
    assert wanted - used_so_far == set()


async def used(human: Human, call: CommandCall, channel: str = "general", whole_s: float = WITHIN_S) -> str:
    """All that the bot shows in answer to a command; "nothing" where that is so."""
    try:
        return shown(await answer(human, channel, call.name, files=call.files, whole_s=whole_s, **call.options))
    except TimeoutError:
        return "nothing"


async def answers(human: Human, text: str | None = None) -> dict[str, str]:
    """The answer to each command there is."""
    found = {call.name: await used(human, call) for call in calls(human, await human.commands("general"), text)}
    assert found.keys() == {command.qualified_name for command in commands()}
    return found


def unanswered(found: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in found.items() if text == "nothing" or _DEFECT in text}


async def test_the_database_is_away(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise AutoReconnect("nobody answers")

    monkeypatch.setattr(VirtualActor, "database_patience_s", 0.1)
    async with stage.gateway():
        await registered(ada)
        with monkeypatch.context() as patch:
            for name in (
                "find",
                "find_one",
                "insert_one",
                "replace_one",
                "update_one",
                "delete_one",
                "count_documents",
            ):
                patch.setattr(AsyncCollection, name, away)
            found = await answers(ada)
    assert unanswered(found) == {}
    assert {name for name, text in found.items() if f"Database {_AWAY}" not in text} == WITHOUT_DATABASE


async def test_no_model_answers(stage: Stage, ada: Human) -> None:
    stage.app = SilentApp()
    stage.shelf.fails = Unavailable("No replica.", component="retrieval")
    stage.models.fails = Unavailable("No replica.", component="llm")
    async with stage.gateway():
        await registered(ada)
        found = await answers(ada)
    assert unanswered(found) == {}
    assert {name: text.partition(f" {_AWAY}")[0] for name, text in found.items() if _AWAY in text} == OF_MODELS


async def test_a_model_that_wakes_takes_its_time_and_nobody_is_left_waiting(stage: Stage, ada: Human) -> None:
    stage.app.thinks_s = stage.shelf.thinks_s = stage.models.thinks_s = 4.0
    stage.models.known = [Adapter("something", "/a/something", ("elio",))]
    async with stage.gateway():
        await registered(ada)
        asked = [one for one in calls(ada, await ada.commands("general")) if one.name in {*OF_MODELS, "game start"}]
        texts = await asyncio.gather(*(used(ada, call, whole_s=20.0) for call in asked))
    found = {call.name: text for call, text in zip(asked, texts, strict=True)}
    assert found.keys() == {*OF_MODELS, "game start"}
    assert unanswered(found) == {}
    assert "elio hears something." in found["persona ask"]
    assert stage.models.text[:9] in found["ai ask"]  # which grows
    assert "speaks with something from now on" in found["finetune promote"]


async def test_where_the_bot_may_not_write_it_says_what_it_needs(stage: Stage, ada: Human) -> None:
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    forbidden = {"type": 0, "allow": "0", "deny": str(1 << 29 | 1 << 11)}  # Manage Webhooks, Send Messages
    async with stage.gateway():
        await registered(ada)
        await ada.request("PUT", f"/channels/{ada.channel_id('general')}/permissions/{role}", forbidden)
        found = await answers(ada)
    assert unanswered(found) == {}
    assert {name for name, text in found.items() if "I need" in text and "Send Messages" in text} == POSTING


async def test_in_a_direct_message_help_shows_what_works_there(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        question = await ada.dm(ada.bot_id, "hello")
        await stage.closed(question)
        channel = question["channel_id"]
        found = {call.name: await used(ada, call, channel) for call in calls(ada, await ada.commands(channel))}
        shelf = await answer(ada, channel, "help")
        [subjects] = shelf["components"][0]["components"]
        listed = set()
        for option in subjects["options"]:
            ada.forget()
            await ada.click(shelf, subjects["custom_id"], [option["value"]])
            page = await ada.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == shelf["id"])
            listed |= set(re.findall(r"\*\*/([a-z -]+)\*\*", page["embeds"][0]["description"]))
    assert unanswered(found) == {}
    refused = {name for name, text in found.items() if text == words()("error-server-only")}
    assert refused == {one.qualified_name for one in commands() if one.qualified_name in found and for_servers(one)}
    assert listed == found.keys() - refused


async def test_options_that_make_no_sense(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        found = await answers(ada, "no such **thing**, @everyone <@1>")
    assert unanswered(found) == {}
    assert "No persona is called" in found["persona info"]
    assert "There is no setting" in found["config set"]


def hostile(seed: int) -> str:
    """Text that nobody would type by accident."""
    chance = random.Random(seed)
    parts = [
        "@everyone", "<@1>", "<#1>", "`", "```", "**", "||", "> ", "\\", "{0}", "{ $name }", "%s", "$(id)", "'; --",
        "<b>", "\n", "\u202e", "\u200b", "\u0000", "\U0001f600", "ß", "İ", "١٢", "-1", "9" * 30, "x" * 200,
        "../../etc/passwd", "https://[::1]/", "+", "-", "*", "none", "all", " ", "\t", "\U0001f3f3\ufe0f", "ﷺ",
    ]  # fmt: skip
    return "".join(chance.choices(parts, k=chance.randint(1, 12)))


async def test_fuzzed_options_crash_nothing(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        for seed in range(12):
            found = await answers(ada, hostile(seed))
            assert unanswered(found) == {}, repr(hostile(seed))
            ada.forget()


async def test_who_lacks_a_permission_is_told_which(stage: Stage, ada: Human) -> None:
    say = words()
    needs = {command.qualified_name: needed(command) for command in commands()}
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for call in calls(bruno, await bruno.commands("general")):
            if names := needs[call.name]:
                wanted = say("owners-only") if OWNER in names else permissions(names, say)
                assert wanted in await used(bruno, call), call.name
