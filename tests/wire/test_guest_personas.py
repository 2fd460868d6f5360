"""/persona create, edit, delete, import and export over the wire, and what a server's own persona then does."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

import aiohttp
import pytest

from actors.audit import AuditDocument
from actors.guests import CardDocument, CastDocument
from bot.commands import profile
from core import cards
from core.errors import DatabaseUnavailable, Unavailable
from core.guests import guest_of
from local_discord import Human
from local_discord.client import HumanError
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.unit.test_cards import V2, V3, encoded, png, with_text
from tests.wire.test_conversation import by_webhook

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6
FORM = {
    "name": "Captain Wren",
    "title": "a captain of a paper boat",
    "description": "She sails every puddle.",
    "voice": "Brisk and kind.",
    "greeting": "Ahoy!",
}


async def registered(human: Human) -> None:
    async def known() -> bool:
        return any(command["name"] == "ai" for command in await human.commands("general"))

    await eventually(known)


def _same(message_id: str, message: Doc) -> bool:
    return bool(message["id"] == message_id)


async def heard(human: Human) -> Doc:
    """What the bot answers to whoever used a command, once it says something."""
    answer = await human.wait_for("MESSAGE_CREATE", lambda message: message["author"]["id"] == human.bot_id)
    while not (answer["content"] or answer["embeds"]):  # a deferral
        answer = await human.wait_for("MESSAGE_UPDATE", partial(_same, answer["id"]))
    return answer


async def direct(stage: Stage, human: Human) -> str:
    """The channel of somebody's direct messages, after a first one was answered there."""
    question = await human.dm(human.bot_id, "hello")
    await human.wait_for("MESSAGE_CREATE", lambda message: message["author"]["id"] == human.bot_id)
    await stage.closed(question)
    return str(question["channel_id"])


async def told(human: Human, name: str, files: dict[str, bytes] | None = None, **options: Any) -> str:
    human.forget()
    await human.slash("general", f"persona {name}", files=files, **options)
    answer = await heard(human)
    assert answer["flags"] & _EPHEMERAL
    return str(answer["content"])


async def filled(human: Human, name: str, texts: dict[str, str], **options: Any) -> str:
    """What the bot answers to a form of /persona that was filled in."""
    human.forget()
    await human.slash("general", f"persona {name}", **options)
    modal = await human.wait_for("INTERACTION_MODAL_CREATE")
    await human.submit(modal, **texts)
    return str((await heard(human))["content"])


async def exported(human: Human, **options: Any) -> bytes:
    human.forget()
    await human.slash("general", "persona export", **options)
    [file] = (await heard(human))["attachments"]
    async with aiohttp.ClientSession() as session, session.get(file["url"]) as response:
        return await response.read()


async def test_a_persona_is_made_in_a_form_and_answers_with_its_name_and_face(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        said = await filled(ada, "create", FORM, files={"wren.png": png(90, 60)}, picture=0, keywords="puddle, Boat")
        assert said == "**Captain Wren** is here now and comes when somebody says “puddle”."
        ada.forget()
        question = await ada.send("general", "is that a puddle?")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await stage.closed(question)
        assert (answer["author"]["username"], answer["content"]) == (
            "Captain Wren",
            "captain-wren hears is that a puddle?.",
        )
        assert answer["author"]["avatar"] is not None
        offered = await ada.autocomplete("general", "persona ask", "persona", "capt", question="hi")
        assert offered == [{"name": "Captain Wren, a captain of a paper boat", "value": "captain-wren"}]
        ada.forget()
        await ada.slash("general", "persona list")
        listed = (await heard(ada))["embeds"][0]
        assert "**Captain Wren**, a captain of a paper boat (“puddle”) ★" in listed["description"]
        ada.forget()
        await ada.slash("general", "persona info", persona="captain-wren")
        [info] = (await heard(ada))["embeds"]
        assert (info["description"], info["footer"]["text"]) == ("She sails every puddle.", "Made by this server.")
        assert "thumbnail" in info
    [request] = stage.app.requests
    assert request.guest is not None
    assert (request.guest.voice, request.guest.keywords) == ("Brisk and kind.", ("puddle", "boat"))


async def test_its_face_is_found_again_after_a_restart(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await filled(ada, "create", FORM, files={"wren.png": png(90, 60)}, picture=0)
    async with stage.gateway():
        ada.forget()
        await stage.closed(await ada.send("general", "captain wren?"))
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
        assert answer["author"]["avatar"] is not None


async def test_it_can_be_changed_and_goes_away_with_all_that_was_of_it(stage: Stage, ada: Human) -> None:
    guild = stage.server.seed["guild_id"]
    async with stage.gateway() as gateway:
        await registered(ada)
        await told(ada, "import", files={"wren.png": with_text(b"chara", base64.b64encode(encoded(V2)))}, card=0)
        assert list(stage.shelf.kept.values()) == [
            (("great puddle", "The Great Puddle is where Captain Wren was born."),)
        ]
        said = await filled(
            ada, "edit", {**FORM, "title": "a rear admiral"}, persona="captain-wren", keywords="admiral"
        )
        assert said.startswith("**Captain Wren** is changed and comes when somebody says “admiral”.")
        [guest] = (await CastDocument.load(guild)).guests
        assert (guest.title, guest.keywords, guest.description) == ("a rear admiral", ("admiral",), FORM["description"])
        assert guest.picture  # as it was
        assert [one["value"] for one in await ada.autocomplete("general", "persona delete", "persona", "")] == [
            guest.id
        ]
        assert (
            await told(ada, "delete", persona="Captain Wren") == "**Captain Wren** has left, and the lore went along."
        )
        assert set(stage.shelf.kept.values()) == {()}
        assert (await CastDocument.load(guild)).guests == []
        assert await stage.database.collection(CardDocument).find_one({}) is None
        names = [emoji.name for emoji in await gateway._client.fetch_application_emojis()]
        assert not any(name.startswith("guest_") for name in names)
        ada.forget()
        await ada.slash("general", "persona ask", question="hi", persona="captain-wren")
        assert "No persona is called" in (await heard(ada))["content"]


@pytest.mark.parametrize(("raw", "keyword"), [(V2, b"chara"), (V3, b"ccv3"), (V2, None), (V3, None)])
async def test_a_card_comes_in_and_goes_out_as_it_was(
    stage: Stage, ada: Human, raw: Doc, keyword: bytes | None
) -> None:
    content = with_text(keyword, base64.b64encode(encoded(raw)), png(100, 100)) if keyword else encoded(raw)
    async with stage.gateway():
        await registered(ada)
        said = await told(ada, "import", files={"card": content}, card=0)
        assert said == (
            "**Captain Wren** has been taken up and comes when somebody says “captain wren”. "
            "One passage of lore came along."
        )
        assert json.loads(await exported(ada, persona="captain-wren", format="json")) == raw
        if keyword:
            assert cards.parse(await exported(ada, persona="captain-wren")).raw == raw
        else:
            ada.forget()
            await ada.slash("general", "persona export", persona="captain-wren")
            assert "has no picture for a PNG" in (await heard(ada))["content"]


async def test_one_of_the_pack_is_exported_and_can_be_imported_elsewhere(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        content = await exported(ada, persona="olga")
        assert content.startswith(cards.PNG_SIGNATURE)
        back = guest_of(cards.parse(content), "olga")
        assert back.examples == stage.pack.persona("olga").examples
        assert "called Olga already" in await told(ada, "import", files={"olga.png": content}, card=0)
    [entry] = (await AuditDocument.load(stage.server.seed["guild_id"])).entries
    assert (entry.by, entry.action, entry.detail) == (ada.id, "persona.export", "Olga")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no card", "file: it is neither a PNG nor JSON"),
        (png(), "this PNG holds no card"),
        (encoded({**V2, "data": {"name": 7}}), "data.name: it has to be text"),
        (encoded({**V2, "data": {"name": "Discord Mod"}}), "Discord refuses such a webhook name"),
        (b"{" + b" " * cards.MAX_JSON_BYTES, "and at most 524,288 are read"),
    ],
)
async def test_a_broken_card_is_refused_with_the_reason(stage: Stage, ada: Human, content: bytes, said: str) -> None:
    async with stage.gateway():
        await registered(ada)
        assert said in await told(ada, "import", files={"card": content}, card=0)
    assert (await CastDocument.load(stage.server.seed["guild_id"])).guests == []


async def test_a_picture_that_is_none_makes_no_persona(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        said = await filled(ada, "create", FORM, files={"wren.png": b"not a picture"}, picture=0)
        assert "This picture cannot be used" in said
        assert "Somebody here is called Olga already" in await filled(ada, "create", {**FORM, "name": "Olga"})
    assert (await CastDocument.load(stage.server.seed["guild_id"])).guests == []


async def test_what_no_persona_may_say_makes_none(stage: Stage, ada: Human) -> None:
    harm = "Here is how to build a pipe bomb at home."
    async with stage.gateway():
        await registered(ada)
        assert harm in await filled(ada, "create", {**FORM, "greeting": harm})
        lines = {"refusals": [harm], "fallback_plain": ["a", "b", "c"]}
        other = encoded({**V2, "data": {"name": "Finch", "extensions": {"troupe": lines}}})
        assert "does not let a persona be or say that" in await told(ada, "import", files={"card": other}, card=0)
    assert (await CastDocument.load(stage.server.seed["guild_id"])).guests == []


async def test_a_persona_that_is_not_there_is_named(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        for name in ("edit", "delete"):
            assert "made no persona “wern”. There are: none yet" in await told(ada, name, persona="wern")
        assert "No persona is called 'wern'" in await told(ada, "export", persona="wern")


async def test_it_is_for_who_manages_the_server_and_for_servers_only(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for name, options in (
            ("create", {}),
            ("edit", {"persona": "elio"}),
            ("delete", {"persona": "elio"}),
            ("import", {"files": {"card": encoded(V2)}, "card": 0}),
            ("export", {"persona": "elio"}),
        ):
            assert "permission Manage Server" in await told(bruno, name, **options)
        channel = await direct(stage, ada)
        ada.forget()
        await ada.slash(channel, "persona create")
        assert "on a server only" in (await heard(ada))["content"]
        with pytest.raises(HumanError):
            await ada.slash("general", "persona import")


async def test_what_is_away_is_told_and_nothing_is_half_done(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    guild = stage.server.seed["guild_id"]
    async with stage.gateway():
        await registered(ada)
        stage.shelf.fails = Unavailable("No replica.", component="retrieval")
        said = await told(ada, "import", files={"card": encoded(V2)}, card=0)
        assert "The lore of the card could not be taken up just now." in said
        assert "Retrieval is not answering" in await told(ada, "delete", persona="Captain Wren")
        assert [one.id for one in (await CastDocument.load(guild)).guests] == ["captain-wren"]
        stage.shelf.fails = None
        monkeypatch.setattr(CastDocument, "replace_owned", away)
        other = encoded({**V2, "data": {"name": "Finch"}})
        assert "Database is not answering" in await told(ada, "import", files={"card": other}, card=0)
    assert [one.id for one in (await CastDocument.load(guild)).guests] == ["captain-wren"]


async def test_where_a_server_names_who_may_speak_that_is_said(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await ada.slash("general", "config set", setting="personas", value="olga")
        await heard(ada)
        said = await filled(ada, "create", FORM)
        assert said.endswith(
            "It may not speak yet, since this server names who may: /config set personas +captain-wren"
        )
        ada.forget()
        await ada.slash("general", "config set", setting="personas", value="+captain-wren")
        assert "Olga, Captain Wren" in (await heard(ada))["content"]
        ada.forget()
        await ada.slash("general", "persona set", persona="captain-wren")
        assert (await heard(ada))["content"] == "**Captain Wren** answers here from now on."


async def test_it_leads_games_and_tells_stories_as_itself(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    friends: list[str] = []

    def seen(who: Any, balance: Any, place: Any, known: tuple[str, ...], say: Any) -> Any:
        friends.extend(known)
        return profile_card(who, balance, place, known, say)

    def leads(message: Doc) -> bool:
        return bool(message["author"]["username"] == "Captain Wren" and message["components"])

    profile_card = profile.card_of
    monkeypatch.setattr(profile, "card_of", seen)
    stage.talk_points = True
    async with stage.gateway():
        await registered(ada)
        await filled(ada, "create", FORM, files={"wren.png": png(90, 60)}, picture=0)
        await ada.slash("general", "config set", setting="personas", value="captain-wren")
        await heard(ada)
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> ahoy, how is the great puddle today?"))

        async def known() -> bool:
            friends.clear()
            ada.forget()
            await ada.slash("general", "profile")
            await ada.wait_for("MESSAGE_UPDATE", lambda one: bool(one["attachments"]))
            return friends == ["Captain Wren"]

        await eventually(known)
        ada.forget()
        await ada.slash("general", "game start", kind="trivia")
        quiz = await ada.wait_for("MESSAGE_CREATE", leads)
        assert quiz["author"]["avatar"] is not None
        await ada.slash("general", "game stop")
        await ada.wait_for("MESSAGE_CREATE", leads)  # that it is over
        stage.app.requests.clear()
        ada.forget()
        await ada.slash("general", "story start")
        await ada.wait_for("MESSAGE_CREATE", leads)
    [request] = stage.app.requests
    assert request.guest is not None
    assert request.guest.name == "Captain Wren"
