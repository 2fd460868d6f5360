"""Whatever command there is: a test runs it over the wire, and where something is wrong, whoever used it is told.

The commands are those of the tree, so that a new one is tried without a line here.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from actors.host import VirtualActor
from bench.command_calls import CommandCall, calls
from bot.commands.errors import permissions
from bot.commands.needs import OWNER, needed
from bot.commands.translate import nodes
from bot.language import words
from bot.text_commands import COMMANDS
from core.errors import ModelUnavailable, Unavailable
from core.messages import ReplyRequest
from local_discord import Human
from tests.support.answers import answer, registered, shown
from tests.support.bot import SpeakingApp, Stage
from tests.support.commands import commands, tree

_DEFECT = words()("error-defect", incident="?").partition("?")[0]


class SilentApp(SpeakingApp):
    """No model answers."""

    async def reply(self, request: ReplyRequest) -> Any:
        """See PersonaApp."""
        raise ModelUnavailable("No replica.", component="llm")
        yield


def named_in(path: Path) -> Iterator[str]:
    """The commands that a test file names: whole ("persona ask"), or as a helper is given them (f"config {name}" and
    "show")."""
    texts, begun = set(), set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            begun.add(str(node.values[0].value))
    yield from texts
    yield from (beginning + text for beginning in begun if beginning.endswith(" ") for text in texts)


def test_every_command_is_run_by_a_test() -> None:
    here = Path(__file__)
    named = {name for path in here.parent.glob("test_*.py") if path != here for name in named_in(path)}
    wanted = {command.qualified_name for command in commands()}
    wanted |= {node.name for node in nodes(tree()) if isinstance(node, app_commands.ContextMenu)}
    assert wanted - named == set()
    typed = {word for text in named for word in text.split() if word.startswith("!")}
    assert {f"!{command.name}" for command in COMMANDS} - typed == set()


async def used(human: Human, call: CommandCall) -> str:
    """All that the bot shows in answer to a command."""
    return shown(await answer(human, "general", call.name, files=call.files, **call.options))


async def answers(human: Human, text: str | None = None) -> dict[str, str]:
    """The answer to each command there is."""
    found = {}
    for call in calls(human, await human.commands("general"), text):
        try:
            found[call.name] = await used(human, call)
        except TimeoutError:
            found[call.name] = "nothing"
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
    away_too = {name for name, text in found.items() if "Database is not answering" in text}
    assert away_too >= {"config show", "config set", "memory view", "persona set", "why", "schedule add"}


async def test_no_model_answers(stage: Stage, ada: Human) -> None:
    stage.app = SilentApp()
    stage.shelf.fails = stage.models.fails = Unavailable("No replica.", component="retrieval")
    async with stage.gateway():
        await registered(ada)
        found = await answers(ada)
    assert unanswered(found) == {}
    assert "The language model is not answering" in found["persona ask"]
    assert "Retrieval is not answering" in found["rag query"]


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
