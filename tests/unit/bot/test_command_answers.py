"""What commands say when they fail, how they look to Discord, and what they show."""

from __future__ import annotations

import discord
import pytest
from discord import app_commands

from bot.commands.errors import explain
from bot.commands.rag import passages_embed
from bot.commands.sync import shape
from core.errors import DeadlineExceeded, Overloaded, TroupeError, Unavailable, UnknownPersona
from core.messages import Passage


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (app_commands.MissingPermissions(["manage_channels"]), "permission Manage Channels"),
        (app_commands.NoPrivateMessage(), "on a server only"),
        (app_commands.CheckFailure(), "may not use"),
        (Overloaded("Full.", retry_after_s=0.2), "in 1 seconds"),
        (DeadlineExceeded("Late."), "Try again"),
        (Unavailable("Down.", component="llm"), "Llm is not answering"),
        (UnknownPersona("No persona is called 'x'.", field="persona"), "No persona is called 'x'."),
    ],
)
def test_every_failure_says_what_to_do(error: Exception, said: str) -> None:
    assert said in (explain(error) or "")


def test_defects_are_not_explained_but_logged() -> None:
    assert explain(ValueError("a defect")) is None
    assert explain(TroupeError("nothing anybody can do")) is None


def test_what_discord_adds_to_a_command_makes_no_difference() -> None:
    ours = {
        "name": "rag",
        "type": 1,
        "description": "d",
        "nsfw": False,
        "options": [{"name": "query", "type": 3, "description": "q", "required": True, "choices": []}],
    }
    theirs = {
        **ours,
        "id": 1,
        "application_id": 2,
        "contexts": None,
        "options": [{"name": "query", "type": 3, "description": "q", "required": True, "autocomplete": False}],
    }
    assert shape(ours) == shape(theirs)
    theirs["options"][0]["description"] = "another"
    assert shape(ours) != shape(theirs)


def test_long_passages_are_cut_and_keep_their_source() -> None:
    passage = Passage(id="a/b", text="x" * 2000, score=1.0, source="lore/a.md")
    embed = passages_embed("what", (passage,) * 12)
    assert len(embed.fields) == 10
    [value] = {field.value for field in embed.fields}
    assert value is not None
    assert len(value) == 1024
    assert value.endswith("\n-# lore/a.md")


def test_finding_nothing_is_said() -> None:
    assert "Try other words" in (passages_embed("what", ()).description or "")
    assert isinstance(passages_embed("q" * 300, ()), discord.Embed)
