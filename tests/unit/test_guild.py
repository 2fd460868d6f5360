"""The guild actor over a real database, and what the channels know of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from actors import standing
from actors.channel import KIND as CHANNEL
from actors.channel import ChannelActor
from actors.channel_document import ChannelDocument
from actors.guild import ALL, KIND, MAX_CHANGES, GuildActor, GuildDocument, SettingView
from actors.guild_book import GuildBook, reading
from actors.guild_settings import NAMES, GuildSettings
from actors.host import VirtualHost
from actors.people import People
from actors.routing import ChannelRules
from actors.virtual import LocalVirtualActors
from bot.language import words
from core.documents import DatabaseHandle
from core.errors import DatabaseUnavailable, RequestError, UnknownPersona
from core.messages import Silent, Spoken
from tests.support.bot import Index
from tests.support.cast import ScriptedApp, make_message, make_pack

PACK = make_pack()
RULES = ChannelRules(auto_channels=frozenset({"500"}), relevance=0.4)


def make_actors(app: ScriptedApp | None = None, fresh_s: float = 0.05) -> LocalVirtualActors:
    """A fresh process, as it were: the same database, no memory."""

    async def read(guild_id: str) -> GuildSettings:
        return await reading(actors)(guild_id)

    book = GuildBook(PACK, RULES, read, fresh_s=fresh_s)
    channel = partial(ChannelActor, app=app or ScriptedApp(), pack=PACK, rules=RULES, guilds=book)
    guild = partial(GuildActor, pack=PACK, rules=RULES)
    actors = LocalVirtualActors(VirtualHost({KIND: guild, CHANNEL: channel, standing.KIND: standing.StandingActor}))
    return actors


async def change(actors: LocalVirtualActors, setting: str, value: str, by: str = "7", id_: str = "") -> SettingView:
    return await actors.call(KIND, "600", "change", setting, value, by, id_ or f"{setting}={value}")  # type: ignore[no-any-return]


async def test_what_is_set_is_known_to_the_next_process_with_who_and_when(database: DatabaseHandle) -> None:
    before_ms = time.time_ns() // 1_000_000
    view = await change(make_actors(), "relevance", "0.2")
    assert (view.value, view.own) == ("0.2", True)
    assert view.change is not None
    assert (view.change.user_id, view.change.old, view.change.new) == ("7", None, "0.2")
    assert view.change.at_ms >= before_ms
    again = make_actors()
    assert await again.call(KIND, "600", "settings") == GuildSettings(relevance=0.2)
    views = {one.name: one for one in await again.call(KIND, "600", "view")}
    assert list(views) == list(NAMES)
    assert views["relevance"] == view
    inherited = {name: one.value for name, one in views.items() if not one.own}
    assert inherited["auto_reply_channels"] == "500"
    assert inherited["allowed_channels"] == inherited["personas"] == "*"
    assert inherited["default_persona"] == "elio"
    assert inherited["keyword_cooldown_s"] == "60"
    assert (inherited["rag"], inherited["quiet_hours"], inherited["time_zone"]) == ("on", "none", "UTC")
    assert [name for name, value in inherited.items() if value is None] == ["talk_points"]


async def test_a_change_made_twice_happened_once(database: DatabaseHandle) -> None:
    actors = make_actors()
    await change(actors, "auto_reply_channels", "+7", id_="a")
    await change(actors, "auto_reply_channels", "-500", by="8", id_="b")
    assert (await change(make_actors(), "auto_reply_channels", "+7", id_="a")).value == "7"
    assert [one.id for one in await actors.call(KIND, "600", "history")] == ["a", "b"]
    assert await actors.call(KIND, "600", "reset", ALL, "7", "c") == ("auto_reply_channels",)
    await change(actors, "relevance", "0.1")
    assert await make_actors().call(KIND, "600", "reset", ALL, "7", "c") == ("auto_reply_channels",)
    assert await actors.call(KIND, "600", "settings") == GuildSettings(relevance=0.1)


async def test_what_is_wrong_changes_nothing(database: DatabaseHandle) -> None:
    actors = make_actors()
    for setting, value in (("relevance", "2"), ("colour", "red")):
        with pytest.raises(RequestError):
            await change(actors, setting, value)
    with pytest.raises(UnknownPersona):
        await change(actors, "default_persona", "nobody")
    with pytest.raises(RequestError, match="no setting"):
        await actors.call(KIND, "600", "reset", "colour", "7", "x")
    await change(actors, "rag", "on")
    await change(actors, "rag", "yes")  # is what it is already
    assert [one.setting for one in await actors.call(KIND, "600", "history")] == ["rag"]


async def test_a_cast_and_its_default_are_reset_in_the_order_that_works(database: DatabaseHandle) -> None:
    actors = make_actors()
    await change(actors, "personas", "olga")
    assert {one.name: one.value for one in await actors.call(KIND, "600", "view")}["default_persona"] == "olga"
    await change(actors, "default_persona", "olga")
    assert set(await actors.call(KIND, "600", "reset", ALL, "7", "x")) == {"personas", "default_persona"}
    assert await actors.call(KIND, "600", "settings") == GuildSettings()


async def test_the_list_of_changes_is_bounded_but_who_set_what_holds_is_known(database: DatabaseHandle) -> None:
    actors = make_actors()
    await change(actors, "rag", "off", by="9")
    for number in range(MAX_CHANGES + 5):
        await change(actors, "conversation_s", str(number))
    history = await actors.call(KIND, "600", "history")
    assert len(history) == MAX_CHANGES
    assert (history[-1].old, history[-1].new) == (str(MAX_CHANGES + 3), str(MAX_CHANGES + 4))
    rag = next(one for one in await actors.call(KIND, "600", "view") if one.name == "rag")
    assert rag.change.user_id == "9"


async def test_who_changed_something_can_be_forgotten(database: DatabaseHandle) -> None:
    actors = make_actors()
    await change(actors, "rag", "off", by="712345")
    await change(actors, "vlm", "off", by="8")
    people = People(actors, Index(database))
    [kept] = await people.kept("712345")
    assert (kept.kind, kept.text) == ("setting", "rag from inherited to off")
    assert words("de").render(kept.text) == "rag von geerbt auf off"
    assert await people.forget("712345") == 1
    assert await people.kept("712345") == ()
    document = await GuildDocument.load("600")
    assert "712345" not in document.model_dump_json()
    assert document.settings == GuildSettings(rag=False, vlm=False)
    assert [one.setting for one in document.changes] == ["rag", "vlm"]
    assert await people.forget("712345") == 0


async def test_a_change_reaches_the_channels_within_the_time_that_a_copy_is_good(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = make_actors(app)

    async def hear(number: int) -> Silent | Spoken:
        message = make_message(number, mentions_bot=True, created_ms=time.time_ns() // 1_000_000)
        *_, last = [event async for event in actors.stream(CHANNEL, "500", "turn", message)]
        return last  # type: ignore[no-any-return]

    assert isinstance(await hear(1), Spoken)
    await change(actors, "default_persona", "olga")
    await change(actors, "rag", "off")
    await change(actors, "content_filter", "high")
    await asyncio.sleep(0.06)
    assert await hear(2) == Spoken(text="olga hears hello", model="scripted")
    assert (app.requests[-1].rag, app.requests[-1].vlm, app.requests[-1].filter_level) == (False, True, "high")
    assert await actors.call(CHANNEL, "500", "persona", "600") == "olga"
    assert await actors.call(CHANNEL, "500", "persona") == "elio"
    await change(actors, "personas", "olga")
    await change(actors, "allowed_channels", "501")
    await asyncio.sleep(0.06)
    assert await hear(3) == Silent(source_id=make_message(3).id, reason="channel_not_allowed")
    with pytest.raises(UnknownPersona):
        await actors.call(CHANNEL, "500", "set_persona", "glordon", "600")
    [why] = await actors.call(CHANNEL, "500", "why", make_message(2).id)
    assert (why.decision.chosen, why.model) == ("default", "scripted")
    assert len(await actors.call(CHANNEL, "500", "why")) == 3
    assert len((await ChannelDocument.load("500")).state.decisions) >= 2


class Reader:
    """Gives `settings` after `pause_s`, or fails; counts how often it is asked."""

    def __init__(self) -> None:
        self.settings = GuildSettings()
        self.fails: Exception | None = None
        self.pause_s = 0.0
        self.asked = 0

    async def __call__(self, guild_id: str) -> GuildSettings:
        self.asked += 1
        await asyncio.sleep(self.pause_s)
        if self.fails:
            raise self.fails
        return self.settings


def make_book(reader: Reader, fresh_s: float = 0.2) -> Callable[[], Awaitable[float]]:
    book = GuildBook(PACK, RULES, reader, fresh_s=fresh_s, patience_s=0.1)

    async def relevance() -> float:
        return (await book.of("600")).rules.relevance

    return relevance


async def test_messages_cost_no_call_of_their_own() -> None:
    reader = Reader()
    reader.settings = GuildSettings(relevance=0.1)
    relevance = make_book(reader, fresh_s=60)
    assert {await relevance() for _ in range(1000)} == {0.1}
    assert reader.asked == 1


async def test_where_people_talk_no_message_waits_for_the_settings() -> None:
    reader = Reader()
    relevance = make_book(reader)
    assert await relevance() == 0.4
    reader.settings, reader.pause_s = GuildSettings(relevance=0.1), 0.05
    longest = 0.0
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        begun = time.monotonic()
        now = await relevance()
        longest = max(longest, time.monotonic() - begun)
        await asyncio.sleep(0.01)
    assert now == 0.1
    assert longest < 0.04, "a message waited for the settings"
    assert reader.asked <= 8


async def test_what_cannot_be_read_is_as_it_was_last_known() -> None:
    reader = Reader()
    reader.fails = DatabaseUnavailable("gone", component="database")
    relevance = make_book(reader)
    assert await relevance() == 0.4  # nothing is known, so the operator's word holds
    reader.fails, reader.settings = None, GuildSettings(relevance=0.1)
    await asyncio.sleep(0.21)
    assert await relevance() == 0.1
    reader.pause_s = 10  # hangs
    await asyncio.sleep(0.21)
    begun = time.monotonic()
    assert await relevance() == 0.1
    assert 0.09 < time.monotonic() - begun < 0.3
    assert await relevance() == 0.1
    assert time.monotonic() - begun < 0.3, "it waits once, not for every message"


async def test_direct_messages_are_the_operators() -> None:
    reader = Reader()
    book = GuildBook(PACK, RULES, reader)
    assert (await book.of(None)).rules is RULES
    assert reader.asked == 0
