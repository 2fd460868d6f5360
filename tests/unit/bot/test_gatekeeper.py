"""Who owns the bot, which gateway hears what, and what a turn costs at the gate."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from actors.access_rules import AccessRules
from actors.guild_book import GuildBook
from actors.routing import ChannelRules
from actors.usage import Counts
from bot.access import Access, Refused, addresses
from bot.actor import gateway_name
from bot.config import BotConfig
from bot.language import words
from core.errors import DatabaseUnavailable
from core.settings import Settings
from deploy.compose import bot_components, probes
from tests.support.cast import make_pack


class Answers:
    """Actors that keep nothing; counts what they are asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        self.asked.append(f"{kind} {key} {method}")
        if self.away:
            raise DatabaseUnavailable("Away.", component="database")
        return AccessRules(key=key, limits={}) if kind == "access" else Counts()

    def stream(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def person(user_id: int) -> Any:
    return SimpleNamespace(id=user_id)


def gatekeeper(actors: Answers, application: Any = None, **config: Any) -> Access:
    client: Any = SimpleNamespace(application=application, user=person(1))
    guilds = GuildBook(make_pack(), ChannelRules())
    return Access(client, BotConfig(token="t", access_fresh_s=100.0, **config), actors, guilds)


def said(user_id: int, content: str = "hello") -> Any:
    """A direct message."""
    message = discord.Message.__new__(discord.Message)
    message.author = person(user_id)
    message.guild = None
    message.content = content
    return message


async def test_owners_are_the_applications_owner_its_team_and_who_is_named() -> None:
    alone = gatekeeper(Answers(), SimpleNamespace(team=None, owner=person(5)), owners=frozenset({"9"}))
    assert [await alone.is_owner(person(one)) for one in (5, 9, 6)] == [True, True, False]

    roles = discord.TeamMemberRole
    members = [
        SimpleNamespace(id=one, role=has) for one, has in ((6, roles.admin), (7, roles.developer), (8, roles.read_only))
    ]
    team = SimpleNamespace(owner_id=5, members=members)
    several = gatekeeper(Answers(), SimpleNamespace(team=team, owner=person(99)))
    assert [await several.is_owner(person(one)) for one in (5, 6, 7, 8, 99)] == [True, True, True, False, False]
    assert not await gatekeeper(Answers()).is_owner(person(5))  # before it is known


async def test_a_message_costs_no_call_once_the_lists_are_known() -> None:
    actors = Answers()
    gate = gatekeeper(actors, rate_mentions=1e6, quota_user={"requests/day": 10**6}, quota_guild={"tokens/day": 10**9})
    assert await gate.admits(said(7)) is None
    assert sorted(actors.asked) == ["access * rules", "usage dm-7 counts"]
    began = time.perf_counter()
    for _ in range(1000):
        assert await gate.admits(said(7)) is None
    each_s = (time.perf_counter() - began) / 1000
    assert len(actors.asked) == 2
    assert each_s < 0.002
    await gate.close()


async def test_where_nothing_is_known_the_operators_word_holds() -> None:
    actors = Answers()
    actors.away = True
    gate = gatekeeper(actors, rate_mentions=3.0)
    refused = [await gate.admits(said(7)) for _ in range(3)]
    assert refused[0] is None
    assert [(one.why, one.news) for one in refused[1:] if one] == [("rate_limited", True), ("rate_limited", False)]
    assert gate.refusals == {"rate_limited": 2}
    await gate.audit("600", "7", "config.set", "lost to the database")  # which is in the log, and never raises
    await gate.close()


def test_a_refusal_survives_its_way_between_processes() -> None:
    import pickle

    refused = pickle.loads(pickle.dumps(Refused("No.", why="blocked", news=False)))  # noqa: S301
    assert (type(refused), refused.message, refused.why, refused.news) == (Refused, "No.", "blocked", False)


def test_what_is_addressed_to_the_bot() -> None:
    me: Any = SimpleNamespace(id=1, mentioned_in=lambda message: "@me" in message.content)
    ours = discord.Message.__new__(discord.Message)
    ours.author, ours.webhook_id = person(44), 44
    theirs = discord.Message.__new__(discord.Message)
    theirs.author, theirs.webhook_id = person(7), None

    def on_server(content: str, resolved: Any = None) -> Any:
        message = said(7, content)
        message.guild = SimpleNamespace(id=600)
        message.reference = SimpleNamespace(resolved=resolved)
        return message

    assert addresses(said(7), me)
    assert addresses(on_server("@me hello"), me)
    assert addresses(on_server("and then?", ours), me)
    assert not addresses(on_server("and then?", theirs), me)
    assert not addresses(on_server("hello"), me)


@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_reasons_are_told_in_both_languages(locale: str) -> None:
    say = words(locale)
    assert "1" not in say("access-quota-user", limit=1, unit="requests", per="hour", until="x")
    of_server = say("access-quota-guild", limit=200_000, unit="tokens", per="day", until="x")
    assert ("200.000" if locale == "de" else "200,000") in of_server


def test_each_server_comes_to_one_gateway_and_direct_messages_to_the_first() -> None:
    gateways = [BotConfig(token="t", shard=shard, shard_count=3) for shard in range(3)]
    for guild_id in (str(number << 22 | 77) for number in range(30)):
        assert sum(one.holds(guild_id) for one in gateways) == 1
    assert [one.holds(None) for one in gateways] == [True, False, False]
    assert BotConfig(token="t").holds("12345678901234567")


def test_health_lists_each_gateway() -> None:
    assert bot_components(Settings(shard_count=1)) == ("bot",)
    several = Settings(shard_count=3)
    assert bot_components(several) == ("bot-0", "bot-1", "bot-2")
    asked = {one.component: one.names for one in probes(several) if one.component.startswith("bot")}
    assert asked == {"bot-0": ("troupe-gateway",), "bot-1": ("troupe-gateway-1",), "bot-2": ("troupe-gateway-2",)}
    assert gateway_name() == gateway_name(0) == "troupe-gateway"
