"""How the bot treats Discord: limits, failures, intents, what it keeps, what it says of itself and what it lacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import discord
import pytest

from bot import budget
from bot.client import TroupeClient
from bot.gateway import Gateway
from local_discord import Human, LocalDiscord
from local_discord.hub import Intent
from tests.support.bot import PACK, Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]
_WEBHOOK = r"POST /webhooks/\d+/[^/]+$"


def client_of(gateway: Gateway) -> TroupeClient:
    assert gateway._client is not None
    return gateway._client


async def asks(human: Human, text: str, channel: str = "general") -> Doc:
    return await human.send(channel, f"<@{human.bot_id}> {text}")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Short pauses take no time; those that were wanted are in the list. What is done each minute stays so."""
    wanted: list[float] = []
    sleep = asyncio.sleep

    async def soon(seconds: float, result: object = None) -> object:
        wanted.append(seconds)
        return await sleep(seconds if seconds >= 60 else min(seconds, 0.02), result)

    monkeypatch.setattr("discord.http.asyncio.sleep", soon)
    return wanted


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_post_that_failed_at_discord_is_made_again_and_once(
    stage: Stage, ada: Human, status: int, quick: list[float]
) -> None:
    async with stage.gateway():
        await stage.closed(await asks(ada, "before"))
        stage.server.faults.error(_WEBHOOK, count=2, status=status)
        await stage.closed(await asks(ada, "hello"))
    answers = [m["content"] for m in await ada.history("general") if by_webhook(m)]
    assert answers == ["elio hears hello.", "elio hears before."]
    assert len(stage.app.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_so_is_one_in_a_direct_message(stage: Stage, ada: Human, status: int, quick: list[float]) -> None:
    async with stage.gateway():
        stage.app.thinks_s = 0.3
        question = await ada.dm(ada.bot_id, "hello")
        stage.server.faults.error(r"POST /channels/\d+/messages$", count=2, status=status)
        await stage.closed(question)
    answers = [m["content"] for m in await ada.history(question["channel_id"]) if by_bot(m)]
    assert answers == ["**Elio:** elio hears hello."]


async def test_retries_after_failures_are_spread(
    stage: Stage, ada: Human, quick: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.gateway():
        await stage.closed(await asks(ada, "before"))
        quick.clear()
        drawn: list[tuple[float, float]] = []

        def uniform(low: float, high: float) -> float:
            drawn.append((low, high))
            return high

        monkeypatch.setattr(budget.random, "uniform", uniform)
        stage.server.faults.error(_WEBHOOK, count=2, status=502)
        await stage.closed(await asks(ada, "hello"))
    assert drawn.count((0.0, 1.0)) == 2  # ours, at random
    own = [one for one in quick if isinstance(one, int) and one]
    assert own == [1, 3]  # discord.py's, growing


async def test_a_rate_limit_is_waited_for_as_discord_says(stage: Stage, ada: Human) -> None:
    async with stage.gateway() as gateway:
        await stage.closed(await asks(ada, "before"))
        counted = client_of(gateway).budget.invalid()
        stage.server.faults.rate_limit(_WEBHOOK, count=1, retry_after=0.6)
        began = time.monotonic()
        await stage.closed(await asks(ada, "hello"))
        took = time.monotonic() - began
        assert 0.6 <= took < 4.0
        assert client_of(gateway).budget.invalid() == counted + 1
    assert next(m["content"] for m in await ada.history("general") if by_webhook(m)) == "elio hears hello."


async def test_within_realistic_limits_there_is_no_429(stage: Stage, tmp_path: Any) -> None:
    """discord.py reads the headers and waits before a bucket is empty, for webhooks, too."""
    async with LocalDiscord(tmp_path / "strict", rate_limits="realistic") as server:
        strict = Stage(server, stage.pack, stage.database, edit_interval_s=0.2)
        strict.app.text, strict.app.pieces, strict.app.pause_s = "One by one. " * 12, 12, 0.15
        async with strict.gateway() as gateway, await Human.connect(server.seed, "ada") as ada:
            before = client_of(gateway).budget.invalid()
            await strict.closed(await asks(ada, "tell me"))
            await strict.closed(await asks(ada, "and on"))
            assert client_of(gateway).budget.invalid() == before
            posts = [m for m in await ada.history("general") if by_webhook(m)]
    assert [m["content"] for m in posts] == [strict.app.text.strip()] * 2
    assert strict.pack.id == PACK.name


async def test_what_was_refused_is_counted_and_past_a_bound_only_the_needful_is_done(stage: Stage, ada: Human) -> None:
    stage.rate_mentions = 3.0
    async with stage.gateway() as gateway, await Human.connect(stage.server.seed, "bruno") as bruno:
        client = client_of(gateway)
        count = client.budget.invalid()
        with pytest.raises(discord.NotFound):
            await client.fetch_user(1)
        assert client.budget.invalid() == count + 1
        for _ in range(budget.SPARE_AT):
            client.budget.count(403)
        bruno.forget()
        await stage.closed(await asks(bruno, "answered"))
        await stage.closed(await asks(bruno, "too fast"))
        assert [request.message.content for request in stage.app.requests] == ["answered"]
        assert bruno.seen("TYPING_START", lambda typing: typing["user_id"] == bruno.bot_id) == []
        assert bruno.seen("MESSAGE_REACTION_ADD") == []


async def test_it_asks_for_the_least_intents_and_keeps_no_messages(stage: Stage, ada: Human) -> None:
    def sessions() -> list[int]:
        return [one.intents for one in stage.server.world.hub.of_user(ada.bot_id)]

    least = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES | Intent.MESSAGE_CONTENT
    typing = Intent.GUILD_MESSAGE_TYPING | Intent.DIRECT_MESSAGE_TYPING  # so as not to interrupt who writes more
    reactions = Intent.GUILD_MESSAGE_REACTIONS | Intent.DIRECT_MESSAGE_REACTIONS  # which weigh what is remembered
    async with stage.gateway():
        assert sessions() == [least | typing | reactions]
    stage.reactions = False
    async with stage.gateway() as gateway:
        assert least | typing in sessions()
        await stage.closed(await asks(ada, "hello"))
        assert list(client_of(gateway).cached_messages) == []


# Missing permissions


async def forbid(ada: Human, channel: str, bits: int) -> None:
    [guild] = ada.ready["guilds"]
    bot_role = next(one["id"] for one in guild["roles"] if one.get("tags", {}).get("bot_id") == ada.bot_id)
    body = {"type": 0, "allow": "0", "deny": str(bits)}
    await ada.request("PUT", f"/channels/{ada.channel_id(channel)}/permissions/{bot_role}", body)


def _notice(message: Doc) -> bool:
    return by_bot(message) and "For those who run this server" in message["content"]


async def test_a_missing_permission_is_explained_once_also_after_a_restart(stage: Stage, ada: Human) -> None:
    for channel in ("games", "lore-talk"):
        await forbid(ada, channel, 1 << 29)
    async with stage.gateway():
        await stage.closed(await asks(ada, "hello", "games"))
        told = await ada.wait_for("MESSAGE_CREATE", _notice)
        assert told["channel_id"] == ada.channel_id("general")  # the server's system channel
        assert f"in <#{ada.channel_id('games')}> I lack" in told["content"]
        assert "Manage Webhooks" in told["content"]
        assert "Send Messages" not in told["content"]
        await stage.closed(await asks(ada, "hello", "games"))
        await stage.closed(await asks(ada, "hello", "lore-talk"))
    async with stage.gateway():
        await stage.closed(await asks(ada, "hello", "games"))
        await stage.closed(await asks(ada, "hello", "general"))
    assert len(ada.seen("MESSAGE_CREATE", _notice)) == 1


async def test_where_it_cannot_write_it_looks_for_another_place(stage: Stage, ada: Human) -> None:
    for channel in ("general", "games"):
        await forbid(ada, channel, 1 << 29 | 1 << 11)
    async with stage.gateway():
        await stage.closed(await asks(ada, "hello", "games"))
        told = await ada.wait_for("MESSAGE_CREATE", _notice)
    assert told["channel_id"] == ada.channel_id("lore-talk")
    assert "Send Messages" in told["content"]


async def test_where_it_can_write_nowhere_the_owner_is_told(stage: Stage, ada: Human) -> None:
    for channel in ("general", "games", "lore-talk", "bot-testing"):
        await forbid(ada, channel, 1 << 29 | 1 << 11)
    async with stage.gateway():
        await stage.closed(await asks(ada, "hello", "games"))
        told = await ada.wait_for("MESSAGE_CREATE", _notice)
    assert "guild_id" not in told
    assert told["content"].startswith("The Lobby: ")


async def test_where_nothing_is_missing_nothing_is_said(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await stage.closed(await asks(ada, "hello"))
        await stage.closed(await asks(ada, "hello again"))
    assert ada.seen("MESSAGE_CREATE", _notice) == []


# Presence


class Health:
    """Says what it is told; counts who asks."""

    def __init__(self) -> None:
        self.llm = "ready"
        self.asked = 0

    async def states(self) -> dict[str, tuple[str, str]]:
        self.asked += 1
        return {"llm": (self.llm, ""), "persona": ("ready", ""), "database": ("ready", "")}


async def test_the_status_shows_how_the_models_are_and_is_sent_only_on_change(stage: Stage, ada: Human) -> None:
    stage.health = health = Health()

    def shows(status: str, text: str) -> Callable[[Doc], bool]:
        def fits(presence: Doc) -> bool:
            states = [one.get("state") for one in presence["activities"]]
            return presence["user"]["id"] == ada.bot_id and (presence["status"], states) == (status, [text])

        return fits

    async with stage.gateway():
        await ada.wait_for("PRESENCE_UPDATE", shows("online", "Listening to you"))
        asked = health.asked

        async def asked_often() -> bool:
            return health.asked > asked + 5

        await eventually(asked_often)
        assert len(ada.seen("PRESENCE_UPDATE", shows("online", "Listening to you"))) == 1
        health.llm = "idle"
        await ada.wait_for("PRESENCE_UPDATE", shows("idle", "Dozing; write to me and I wake"))
        health.llm = "failed"
        await ada.wait_for("PRESENCE_UPDATE", shows("dnd", "Speaking from the lore alone"))
        # A new session begins without a status.
        ada.forget()
        stage.server.faults.invalid_session(user_id=ada.bot_id)
        await ada.wait_for("PRESENCE_UPDATE", shows("dnd", "Speaking from the lore alone"), timeout=10)
