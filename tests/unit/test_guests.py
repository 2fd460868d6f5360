"""A server's own personas over a real database: made once, bounded, known to the channels, and gone when deleted."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from actors.channel import KIND as CHANNEL
from actors.channel import ChannelActor
from actors.guests import (
    CARD,
    CAST,
    MAX_GUESTS,
    CardActor,
    CardDocument,
    CastActor,
    CastDocument,
    card_key,
    card_of_guest,
    picture_id,
    reading_guests,
)
from actors.guild import KIND as GUILD
from actors.guild import GuildActor
from actors.guild_book import GuildBook, reading
from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.virtual import LocalVirtualActors
from core.documents import DatabaseHandle
from core.errors import DatabaseUnavailable, RequestError, UnknownPersona
from core.messages import Spoken
from core.personas import Guest
from tests.support.cast import ScriptedApp, make_message, make_pack

PACK = make_pack()
RULES = ChannelRules()


def card(name: str, **data: Any) -> bytes:
    return json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": name, **data}}).encode()


class World:
    """The actors of a process, with the book that its channels read."""

    def __init__(self, app: ScriptedApp | None = None) -> None:
        async def read(guild_id: str) -> GuildSettings:
            return await reading(self.actors)(guild_id)

        async def guests(guild_id: str, version: int) -> tuple[int, tuple[Guest, ...]] | None:
            self.asked.append(version)
            return await reading_guests(self.actors)(guild_id, version)

        self.asked: list[int] = []
        self.app = app or ScriptedApp()
        self.book = GuildBook(PACK, RULES, read, guests, fresh_s=0.0)
        kinds: dict[str, Any] = {
            CAST: partial(CastActor, pack=PACK),
            CARD: CardActor,
            GUILD: partial(GuildActor, pack=PACK, rules=RULES, guests=guests),
            CHANNEL: partial(ChannelActor, app=self.app, pack=PACK, rules=RULES, guilds=self.book),
        }
        self.actors = LocalVirtualActors(VirtualHost(kinds))

    async def put(self, content: bytes, change_id: str = "1", persona_id: str | None = None) -> Guest:
        guest: Guest = await self.actors.call(CAST, "600", "put", content, "", change_id, persona_id)
        return guest

    async def guests(self) -> list[str]:
        return [one.id for one in (await self.actors.call(CAST, "600", "guests"))[1]]


async def test_a_persona_is_made_once_and_known_to_the_next_process(database: DatabaseHandle) -> None:
    guest = await World().put(card("Captain Wren"), "77")
    world = World()
    assert await world.put(card("Captain Wren"), "77") == guest  # the same wish, once more
    assert (await world.actors.call(CAST, "600", "guests"))[1] == (guest,)
    assert await world.actors.call(CAST, "601", "guests") == (0, ())
    with pytest.raises(RequestError, match="called captain wren already"):
        await world.put(card("captain wren"), "78")


async def test_names_and_keywords_of_the_cast_stay_its_own(database: DatabaseHandle) -> None:
    world = World()
    with pytest.raises(RequestError, match="called Olga already"):
        await world.put(card("Olga"))
    guest = await world.put(card("Wren", extensions={"troupe": {"keywords": ["potato", "puddle"]}}))
    assert guest.keywords == ("puddle",)
    with pytest.raises(RequestError, match="keywords"):
        await world.put(card("Finch", extensions={"troupe": {"keywords": ["puddle"]}}), "2")


async def test_it_is_changed_under_its_id_and_taken_out(database: DatabaseHandle) -> None:
    world = World()
    await world.put(card("Wren"))
    changed = await world.put(card("Wren the Second"), "2", "wren")
    assert (changed.id, changed.name) == ("wren", "Wren the Second")
    with pytest.raises(RequestError, match="made no persona 'finch'"):
        await world.put(card("Finch"), "3", "finch")
    for _ in range(2):
        await world.actors.call(CAST, "600", "remove", "wren")
    assert await world.guests() == []
    assert (await CastDocument.load("600")).made == {}


async def test_a_server_has_so_many_and_no_more(database: DatabaseHandle) -> None:
    world = World()
    for number in range(MAX_GUESTS):
        await world.put(card(f"Wren {number}"), str(number))
    with pytest.raises(RequestError, match=f"{MAX_GUESTS} personas of its own already"):
        await world.put(card("One more"), "x")
    await world.put(card("Wren 3", description="Other."), "y", "wren-3")  # changing one is no further one


async def test_the_card_is_kept_until_nothing_is_left_of_it(database: DatabaseHandle) -> None:
    actors = World().actors
    key = card_key("600", "wren")
    await actors.call(CARD, key, "put", card("Wren"), b"picture")
    await actors.call(CARD, key, "put", card("Wren", description="Other."), None)
    assert await World().actors.call(CARD, key, "get") == (card("Wren", description="Other."), b"picture")
    await actors.call(CARD, key, "clear")
    assert await database.collection(CardDocument).find_one({}) is None


async def test_of_a_card_that_was_lost_the_persona_still_tells(database: DatabaseHandle) -> None:
    world = World()
    guest = await world.put(card("Wren", description="A captain."))
    found, picture = await card_of_guest(world.actors, "600", guest)
    assert (found.data.description, picture) == ("A captain.", b"")


async def test_it_answers_to_its_keyword_and_the_persona_app_is_told_who_it_is(database: DatabaseHandle) -> None:
    world = World()
    guest = await world.put(card("Wren"))
    events = [event async for event in world.actors.stream(CHANNEL, "500", "turn", make_message(1, "ahoy wren"))]
    assert isinstance(events[-1], Spoken)
    [request] = world.app.requests
    assert (request.persona_id, request.guest) == ("wren", guest)
    await world.actors.call(CHANNEL, "500", "delivered", "1000001", ("9000001",))
    lines = await world.actors.call(CHANNEL, "500", "history", "wren")
    assert [line.speaker for line in lines if line.persona_id] == ["Wren"]
    elsewhere = make_message(2, "ahoy wren", guild_id="601", channel_id="501", mentions_bot=True)
    async for _ in world.actors.stream(CHANNEL, "501", "turn", elsewhere):
        pass
    assert (world.app.requests[-1].persona_id, world.app.requests[-1].guest) == ("elio", None)


async def test_a_guest_that_cannot_think_has_its_own_lines(database: DatabaseHandle) -> None:
    world = World(ScriptedApp(fails=RuntimeError("gone")))
    guest = await world.put(card("Wren"))
    events = [event async for event in world.actors.stream(CHANNEL, "500", "turn", make_message(1, "ahoy wren"))]
    assert isinstance(events[-1], Spoken)
    assert events[-1].text in guest.fallback_plain


async def test_it_can_be_set_for_the_server_like_any_other(database: DatabaseHandle) -> None:
    world = World()
    await world.put(card("Wren"))
    view = await world.actors.call(GUILD, "600", "change", "default_persona", "Wren", "7", "a")
    assert view.value == "wren"
    assert (await world.book.of("600")).pack.default_persona == "wren"
    with pytest.raises(UnknownPersona):
        await world.actors.call(GUILD, "601", "change", "default_persona", "Wren", "7", "a")
    await world.actors.call(CAST, "600", "remove", "wren")
    assert (await world.book.of("600")).pack.default_persona == "elio"


async def test_the_book_reads_a_cast_anew_only_where_it_changed(database: DatabaseHandle) -> None:
    world = World()
    before = (await world.book.of("600")).pack
    assert (await world.book.of("600")).pack is before
    await world.put(card("Wren"))
    assert [one.id for one in (await world.book.of("600")).pack.personas][-1] == "wren"
    await world.book.of("600")
    assert world.asked == [-1, 0, 0, 1]


async def test_a_database_that_is_away_leaves_the_cast_as_it_was(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    world = World()
    await world.put(card("Wren"))
    await world.book.of("600")
    monkeypatch.setattr(CastDocument, "load", away)
    world.actors = World().actors
    assert (await world.book.of("600")).pack.persona("wren").name == "Wren"


def test_pictures_of_two_servers_are_two() -> None:
    assert picture_id("600", b"x") != picture_id("601", b"x") != ""
    assert picture_id("600", b"") == ""
