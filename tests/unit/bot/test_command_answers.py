"""What commands say when they fail, how they look to Discord, and what they show."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from actors.decisions import DecisionRecord, Remembered
from actors.routing import Decision
from bot.commands.pages import Pages, in_pages
from bot.commands.rag import passage_embeds, source_embeds
from bot.commands.sync import shape
from bot.commands.why import why_embed
from bot.errors import explain, told
from bot.language import words
from core.errors import (
    ConfigError,
    DeadlineExceeded,
    Overloaded,
    RequestError,
    StaleRevision,
    TroupeError,
    Unavailable,
    UnknownPersona,
)
from core.messages import Making, Passage
from core.personas import load_pack
from tests.support.bot import PACK


class _Any(app_commands.Transformer):
    """Takes anything."""


def http(kind: type[discord.HTTPException], status: int, code: int = 0) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="")
    return kind(response, {"code": code, "message": ""})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (app_commands.MissingPermissions(["manage_channels"]), "permission Manage Channels"),
        (app_commands.NoPrivateMessage(), "on a server only"),
        (app_commands.CheckFailure(), "may not use"),
        (Overloaded("Full.", retry_after_s=0.2), "in 1 second."),
        (Overloaded("Full.", retry_after_s=7.2), "in 7 seconds."),
        (DeadlineExceeded("Late."), "Try again"),
        (app_commands.CommandOnCooldown(app_commands.Cooldown(1, 9), 1.4), "in 1 second."),
        (app_commands.BotMissingPermissions(["manage_webhooks"]), "I need the permission Manage Webhooks"),
        (app_commands.MissingPermissions(["send_polls"]), "permission Send Polls"),
        (app_commands.TransformerError("**x**", discord.AppCommandOptionType.string, _Any()), "cannot be used there"),
        (Unavailable("Down.", component="llm"), "The language model is not answering"),
        (Unavailable("Down.", component="scheduler"), "The scheduler is not answering"),
        (Unavailable("Down.", component="oracle"), "Oracle is not answering"),
        (ConfigError("no.", field="PACK", fix="Do."), "setting PACK"),
        (StaleRevision("Late."), "Look at it again"),
        (TimeoutError(), "took too long"),
        (discord.RateLimited(9.0), "in 9 seconds"),
        (aiohttp.ClientConnectionError(), "Discord itself has trouble"),
        (http(discord.Forbidden, 403, 50013), "does not let me"),
        (http(discord.NotFound, 404, 10008), "gone from Discord"),
        (http(discord.NotFound, 404, 10062), "too late"),
        (http(discord.HTTPException, 429), "slow down"),
        (http(discord.DiscordServerError, 502), "Discord itself has trouble"),
        (UnknownPersona("No persona is called 'x'.", field="persona"), "No persona is called 'x'."),
    ],
)
def test_every_failure_says_what_to_do(error: Exception, said: str) -> None:
    assert said in (explain(error, words()) or "")
    german = explain(error, words("de"))
    assert german
    assert isinstance(error, RequestError) or german != explain(error, words())


def test_defects_are_not_explained_but_logged_under_a_number(caplog: pytest.LogCaptureFixture) -> None:
    assert explain(ValueError("a defect"), words()) is None
    assert explain(TroupeError("nothing anybody can do"), words()) is None
    assert explain(http(discord.HTTPException, 400, 50035), words()) is None
    text = told(ValueError("a defect"), words("de"), "/persona ask")
    [record] = caplog.records
    assert record.exc_info is not None
    [incident] = re.findall(r"incident ([0-9a-f]{6})", record.message)
    assert incident in text


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


def test_long_passages_are_cut_and_keep_their_source_and_score() -> None:
    passage = Passage(id="a/b", text="x" * 2000, score=0.0312, source="lore/a.md")
    pages = passage_embeds("what", (passage,) * 7, words())
    assert [len(page.fields) for page in pages] == [3, 3, 1]
    [value] = {field.value for page in pages for field in page.fields}
    assert value is not None
    assert len(value) == 1024
    assert value.endswith("\n-# lore/a.md · score 0.031")
    assert all(len(page) <= 6000 for page in pages)


def test_finding_nothing_is_said() -> None:
    [page] = passage_embeds("what", (), words())
    assert "Try other words" in (page.description or "")
    [german] = passage_embeds("q" * 300, (), words("de"))
    assert "andere" in (german.description or "")
    assert len(german.title or "") <= 256


def test_sources_are_listed_with_what_they_hold() -> None:
    pack = load_pack(PACK)
    text = "".join(page.description or "" for page in source_embeds(pack, words()))
    assert {one.source for one in pack.lore} == set(re.findall(r"\*\*(lore/.+?\.md)\*\*", text.replace("\\", "")))
    assert str(sum(int(count) for count in re.findall(r"(\d+) passages", text))) == str(len(pack.lore))
    [empty] = source_embeds(pack.model_copy(update={"lore": ()}), words())
    assert "no lore" in (empty.description or "")


def test_pages_hold_whole_lines_within_their_limits() -> None:
    assert in_pages(["a", "b", "c"], most=2) == ["a\nb", "c"]
    assert in_pages(["aaaa", "bbbb"], limit=8) == ["aaaa", "bbbb"]
    assert in_pages(["aaaa", "bbb"], limit=8) == ["aaaa\nbbb"]
    assert in_pages(["a" * 9], limit=4) == ["aaaa"]
    pages = [discord.Embed(description=str(number)) for number in range(3)]
    view = Pages(pages, 1, words("de"))
    assert [page.footer.text for page in pages] == ["Seite 1 von 3", "Seite 2 von 3", "Seite 3 von 3"]
    assert (view.back.disabled, view.on.disabled) == (True, False)


def test_memories_are_links_to_what_was_said_with_how_well_it_fitted() -> None:
    ids = ("11:0", "77:0", "old")
    record = DecisionRecord(
        message_id="9",
        at_ms=1,
        decision=Decision(reason="mentioned", persona_id="elio", trigger="mention"),
        making=Making(memories=ids),
        memories=(
            Remembered(id="11:0", channel_id="501", score=0.614),
            Remembered(id="77:0", channel_id="", score=0.5),  # it was taught
        ),
    )
    embed = why_embed(record, load_pack(PACK), words("en-GB"), "https://discord.com/channels/600/500")
    told = {field.name: field.value for field in embed.fields}["Memories used"]
    assert told == "https://discord.com/channels/600/501/11 · 0.61\n`77:0` · 0.50\n`old`"
