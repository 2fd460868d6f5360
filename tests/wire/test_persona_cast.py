"""Who answers and who speaks in a channel over the wire: /persona set, reset, show and cast, and turns after turns."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import access
from actors.channel import KIND as CHANNEL
from actors.channel_document import ChannelDocument
from actors.guild import KIND as GUILD
from core.errors import DatabaseUnavailable, Unavailable
from local_discord import Human
from tests.support.answers import answer
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.unit.test_cards import png
from tests.wire.test_conversation import by_webhook
from tests.wire.test_guest_personas import direct, heard, registered

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def used(human: Human, name: str, channel: str = "general", **options: Any) -> Doc:
    human.forget()
    await human.slash(channel, f"persona {name}", **options)
    return await heard(human)


async def told(human: Human, name: str, channel: str = "general", **options: Any) -> str:
    """What the bot says to a command: its text, or that of the embed."""
    answer = await used(human, name, channel, **options)
    return str(answer["content"]) + "".join(
        f"{one.get('title')}\n{one['description']}\n{[field['value'] for field in one.get('fields', [])]}"
        for one in answer["embeds"]
    )


async def said(human: Human, count: int) -> list[tuple[str, str]]:
    found = []
    for _ in range(count):
        message = await human.wait_for("MESSAGE_CREATE", by_webhook)
        found.append((message["author"]["username"], message["content"]))
    return found


async def idle(stage: Stage, channel_id: str) -> None:
    async def done() -> bool:
        return not (await ChannelDocument.load(channel_id)).state.open

    await eventually(done)


async def test_who_answers_is_told_with_where_it_comes_from(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        shown = await told(ada, "show")
        assert shown.startswith(
            "Elio answers here\nThis channel: inherited\nThis server: inherited\nThe operator: **Elio**"
        )
        assert "everybody" in shown
        assert await told(ada, "set", persona="olga", scope="server") == (
            "**Olga** answers on this server from now on, where a channel has nobody of its own."
        )
        await told(ada, "set", persona="glordon")
        assert (await told(ada, "show")).startswith(
            "Glordon answers here\nThis channel: **Glordon**\nThis server: **Olga**"
        )
        assert (await told(ada, "show", "games")).startswith("Olga answers here\nThis channel: inherited")
        assert await told(ada, "reset") == "This channel inherits again: **Olga** answers here."
        assert await told(ada, "reset", scope="server") == "This server inherits again: **Elio** answers."
        assert (await told(ada, "show")).startswith(
            "Elio answers here\nThis channel: inherited\nThis server: inherited"
        )
        channel = await direct(stage, ada)
        in_dm = await told(ada, "show", channel)
        assert "This server" not in in_dm
        assert "on a server only" in await told(ada, "set", channel, persona="olga", scope="server")
        assert await told(ada, "set", channel, persona="olga") == "**Olga** answers here from now on."


async def test_only_the_cast_of_a_channel_speaks_there(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        assert (
            await told(ada, "cast set", personas="Olga, glordon") == "In this channel only **Glordon**, **Olga** speak."
        )
        ada.forget()
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> the star log"))
        [(name, _)] = await said(ada, 1)
        assert name == "Glordon"
        assert "No persona is called 'elio'" in await told(ada, "ask", question="hi", persona="elio")
        assert await told(ada, "cast add", persona="elio") == (
            "In this channel only **Elio**, **Glordon**, **Olga** speak."
        )
        assert await told(ada, "cast remove", persona="olga") == "In this channel only **Elio**, **Glordon** speak."
        shown = await used(ada, "cast show")
        assert shown["flags"] & _EPHEMERAL
        assert shown["content"] == "In this channel only **Elio**, **Glordon** speak."
        assert "In this channel everybody speaks." in await told(ada, "cast show", "games")
        assert await told(ada, "cast set", personas="*", lines=2) == (
            "In this channel everybody speaks. Two who are called together then exchange 2 lines more."
        )
        assert "['everybody', '2 lines, where two are called together']" in await told(ada, "show")


async def test_what_a_database_takes_long_for_is_answered_all_the_same(stage: Stage, ada: Human) -> None:
    actors, guild = stage.actors(), stage.server.seed["guild_id"]
    await actors.call(CHANNEL, ada.channel_id("general"), "set_cast", ("elio", "olga"), guild, None)
    call = actors.call
    slow = {(access.KIND, "rules"): 1.0, (GUILD, "change"): 2.5, (GUILD, "reset"): 2.5}
    slow |= {(CHANNEL, "stage"): 2.5, (CHANNEL, "set_persona"): 2.5, (CHANNEL, "set_cast"): 0.0}

    async def late(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        async with asyncio.timeout(timeout_s):
            await asyncio.sleep(slow.get((kind, method), 0.0))
        return await call(kind, key, method, *args, timeout_s=timeout_s)

    async with stage.gateway(actors):
        await registered(ada)
        actors.call = late  # type: ignore[method-assign]
        answers = await asyncio.gather(
            answer(ada, "general", "persona set", persona="olga"),
            answer(ada, "general", "persona set", persona="olga", scope="server"),
            answer(ada, "general", "persona reset"),
            answer(ada, "general", "persona reset", scope="server"),
            answer(ada, "general", "persona cast show"),
            answer(ada, "general", "persona cast add", persona="glordon"),
            answer(ada, "general", "persona cast remove", persona="glordon"),
        )
    texts = [one["content"] for one in answers]
    assert ["from now on" in text for text in texts[:2]] == [True, True]
    assert ["inherits again" in text for text in texts[2:4]] == [True, True]
    assert all("In this channel only" in text for text in texts[4:])


async def test_what_a_cast_cannot_be(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for name, options in (
            ("cast set", {"personas": "olga"}),
            ("cast add", {"persona": "olga"}),
            ("cast remove", {"persona": "olga"}),
            ("reset", {}),
        ):
            assert "Manage Channels" in await told(bruno, name, **options)
        for name, options in (("set", {"persona": "olga", "scope": "server"}), ("reset", {"scope": "server"})):
            assert "Manage Server" in await told(bruno, name, **options)
        assert "Did you mean" in await told(ada, "cast set", personas="olgga")
        assert "Everybody speaks here already" in await told(ada, "cast add", persona="olga")
        await told(ada, "cast set", personas="olga")
        assert "Somebody has to be left" in await told(ada, "cast remove", persona="olga")
        assert "No persona is called" in await told(ada, "cast remove", persona="nobody at all")


async def test_two_that_are_called_answer_one_after_the_other(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        ada.forget()
        question = await ada.send("general", "Olga and Glordon, what is that?")
        lines = await said(ada, 2)
        await idle(stage, question["channel_id"])
        history = await ada.history("general")
    assert lines == [
        ("Olga", "olga hears Olga and Glordon, what is that?."),
        ("Glordon", "glordon hears Olga and Glordon, what is that?."),
    ]
    second = stage.app.requests[1]
    assert [line.text for line in second.history if line.persona_id] == [lines[0][1]]
    assert sum(bool(message.get("webhook_id")) for message in history) == 2


async def test_after_a_crash_between_the_two_the_second_still_answers_once(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        stage.app.thinks_s = 0.0
        ada.forget()
        question = await ada.send("general", "Olga and Glordon, what is that?")
        await said(ada, 1)
        stage.app.thinks_s = 30.0  # the second one thinks while the process dies
        channel_id = question["channel_id"]

        async def second_is_open() -> bool:
            return [one.chained for one in (await ChannelDocument.load(channel_id)).state.open] == ["asked"]

        await eventually(second_is_open)
        gateway_dies = stage.gateway(drain_s=0.0)
    stage.app.thinks_s = 0.0
    async with gateway_dies:
        await idle(stage, channel_id)
        history = [message for message in await ada.history("general") if message.get("webhook_id")]
    assert sorted(message["author"]["username"] for message in history) == ["Glordon", "Olga"]


async def test_an_acknowledgement_that_is_lost_does_not_cost_the_second_answer(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    actors = stage.actors()
    call, lost = actors.call, list[str]()

    async def losing(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        result = await call(kind, key, method, *args, timeout_s=timeout_s)
        if method == "delivered" and not lost:
            lost.append(key)
            raise Unavailable("The host died.", component="actors")
        return result

    monkeypatch.setattr(actors, "call", losing)
    async with stage.gateway(actors):
        ada.forget()
        question = await ada.send("general", "Olga and Glordon, what is that?")
        assert [name for name, _ in await said(ada, 2)] == ["Olga", "Glordon"]
        await idle(stage, question["channel_id"])
        history = [message for message in await ada.history("general") if message.get("webhook_id")]
    assert len(lost) == 1
    assert len(history) == 2


async def test_they_talk_on_until_a_person_speaks(stage: Stage, ada: Human) -> None:
    stage.app.thinks_s = 0.2
    async with stage.gateway():
        await registered(ada)
        await told(ada, "cast set", personas="*", lines=6)
        ada.forget()
        question = await ada.send("general", "Olga and Glordon, discuss!")
        third = (await said(ada, 3))[2]
        assert third == ("Olga", "olga hears glordon hears Olga and Glordon, discuss!..")
        await ada.send("general", "thank you, that will do")
        await idle(stage, question["channel_id"])
        count = len([one for one in await ada.history("general") if one.get("webhook_id")])
    assert 3 <= count < 6


async def test_the_second_has_its_own_buttons(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        ada.forget()
        question = await ada.send("general", "Olga and Glordon, what is that?")
        await said(ada, 2)
        await idle(stage, question["channel_id"])
        [post] = [one for one in await ada.history("general") if one["author"]["username"] == "Glordon"]
        stage.app.text = "Another thought."
        await ada.click(post, post["components"][0]["components"][0]["custom_id"])
        changed = await ada.wait_for("MESSAGE_UPDATE", lambda one: one["content"] == "Another thought.")
        await idle(stage, question["channel_id"])
    assert changed["id"] == post["id"]
    assert stage.app.requests[-1].persona_id == "glordon"


async def test_a_picture_can_be_asked_about_within_limits(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        answer = await told(ada, "ask", files={"kite.png": png()}, question="What is it?", image=0)
        assert answer
        [request] = stage.app.requests
        assert [one.filename for one in request.message.attachments] == ["kite.png"]
        assert request.message.has_picture
        assert "This is no picture" in await told(ada, "ask", files={"kite.txt": b"x"}, question="And this?", image=0)
        ada.forget()
        await ada.slash("general", "config set", setting="vlm", value="off")
        await heard(ada)
        await asyncio.sleep(stage.settings_fresh_s)
        refused = await told(ada, "ask", files={"kite.png": png()}, question="And this?", image=0)
        assert "Nobody looks at pictures on this server" in refused


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        monkeypatch.setattr(ChannelDocument, "load", away)
        for name, options in (
            ("set", {"persona": "olga"}),
            ("reset", {}),
            ("show", {}),
            ("cast set", {"personas": "olga"}),
            ("cast show", {}),
        ):
            assert "Database is not answering" in await told(ada, name, **options)
