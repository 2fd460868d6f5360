"""Who is answered and who is not, over the wire: lists, rates, quotas and switches, in chat, commands and buttons."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.access import AccessDocument
from actors.access_rules import EVERYBODY, GUILD, OPERATORS, Listing, role, user
from actors.channel_document import ChannelDocument
from actors.usage import UsageDocument
from core.errors import DatabaseUnavailable
from core.messages import Usage
from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_admin_data import EPHEMERAL, answer, id_of, manager, registered, text_of
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]
LISTED = Listing(at_ms=1, by=None)


async def keep(key: str, **fields: Any) -> None:
    """Store lists and limits, as if they had been set before."""
    await AccessDocument(id=key, **fields).replace_owned()


async def asks(human: Human, text: str, channel: str = "general") -> Doc:
    return await human.send(channel, f"<@{human.bot_id}> {text}")


async def heard(stage: Stage, question: Doc) -> bool:
    return (await ChannelDocument.load(question["channel_id"])).state.is_handled(question["id"])


def contents(stage: Stage) -> list[str]:
    return [request.message.content for request in stage.app.requests]


# Lists


async def test_who_is_blocked_is_silently_not_answered_and_told_on_commands(stage: Stage, ada: Human) -> None:
    bruno_id = id_of(stage, "bruno")
    await keep(stage.server.seed["guild_id"], blocked={user(bruno_id): LISTED})
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        ignored = await asks(bruno, "let me in")
        await stage.closed(await asks(ada, "hello"))
        assert contents(stage) == ["hello"]
        assert not await heard(stage, ignored)
        for command, options in (
            ("persona ask", {"question": "hi"}),
            ("persona list", {}),
            ("rag query", {"query": "hi"}),
            ("help", {}),
        ):
            assert "may not use me on this server" in text_of(await answer(bruno, command, **options)), command
        assert await bruno.autocomplete("general", "persona ask", "persona", "", question="hi") == []
        assert "What is kept about you" in text_of(await answer(bruno, "memory view"))  # what is theirs stays theirs
        # in direct messages the server has no say
        await bruno.dm(bruno.bot_id, "and here")

        async def answered() -> bool:
            return contents(stage) == ["hello", "and here"]

        await eventually(answered)


async def test_what_somebody_blocked_writes_by_editing_is_not_read(stage: Stage, ada: Human) -> None:
    async with await Human.connect(stage.server.seed, "bruno") as bruno:
        async with stage.gateway():
            theirs, other = await bruno.send("general", "the sea is calm"), await ada.send("general", "the moon is out")
            await stage.closed(await asks(ada, "hello"))
        await keep(stage.server.seed["guild_id"], blocked={user(bruno.id): LISTED})
        async with stage.gateway():
            await bruno.edit("general", theirs["id"], "now hear this")
            await ada.edit("general", other["id"], "the moon is full")

            async def edited() -> bool:
                turns = (await ChannelDocument.load(theirs["channel_id"])).state.turns
                said = [turn.text for turn in turns if turn.persona_id is None]
                return said == ["the moon is full", "hello"]

            await eventually(edited)


async def test_who_is_blocked_everywhere_is_so_in_direct_messages_too(stage: Stage, ada: Human) -> None:
    await keep(OPERATORS, blocked={user(id_of(stage, "bruno")): LISTED})
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await manager(ada, bruno, stage.server.seed["guild_id"])  # which helps against a server's list only
        await bruno.dm(bruno.bot_id, "let me in")
        await asks(bruno, "let me in")
        await stage.closed(await asks(ada, "hello"))
        assert contents(stage) == ["hello"]
        assert text_of(await answer(bruno, "help")).startswith("You may not use me.")


async def test_roles_are_blocked_and_managers_and_owners_are_not(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "loud"})
    await keep(guild_id, blocked={role(made["id"]): LISTED, user(ada.id): LISTED})
    async with (
        stage.gateway(),
        await Human.connect(stage.server.seed, "bruno") as bruno,
        await Human.connect(stage.server.seed, "chiyo") as chiyo,
    ):
        await registered(ada)
        for human in (bruno, chiyo):
            await ada.request("PUT", f"/guilds/{guild_id}/members/{human.id}/roles/{made['id']}")
        await manager(ada, chiyo, guild_id)
        await asks(bruno, "bruno")
        await stage.closed(await asks(chiyo, "chiyo"))
        await stage.closed(await asks(ada, "ada"))  # who owns the bot is bound by nothing
        assert contents(stage) == ["chiyo", "ada"]
        assert "may not use me" in text_of(await answer(bruno, "help"))
        await ada.request("DELETE", f"/guilds/{guild_id}/members/{bruno.id}/roles/{made['id']}")
        await stage.closed(await asks(bruno, "bruno again"))


async def test_where_there_is_a_list_of_those_allowed_nobody_else_is_answered(stage: Stage, ada: Human) -> None:
    await keep(stage.server.seed["guild_id"], allowed={user(id_of(stage, "bruno")): LISTED})
    async with (
        stage.gateway(),
        await Human.connect(stage.server.seed, "bruno") as bruno,
        await Human.connect(stage.server.seed, "chiyo") as chiyo,
    ):
        await asks(chiyo, "chiyo")
        await stage.closed(await asks(bruno, "bruno"))
        assert contents(stage) == ["bruno"]


async def test_a_block_takes_effect_and_ends_at_once(stage: Stage, ada: Human) -> None:
    stage.settings_fresh_s = 60.0
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await stage.closed(await asks(bruno, "one"))
        await answer(ada, "admin-data block", target=bruno.id)
        await asks(bruno, "two")
        await answer(ada, "admin-data unblock", target=bruno.id)
        await stage.closed(await asks(bruno, "three"))
        assert contents(stage) == ["one", "three"]


async def test_who_is_blocked_presses_no_button(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:

        async def refused() -> None:
            post = next(m for m in await bruno.history("general") if by_webhook(m))
            await bruno.click(post, post["components"][0]["components"][0]["custom_id"])
            assert "may not use me" in (await bruno.wait_for("MESSAGE_CREATE", to_him_alone))["content"]

        def to_him_alone(message: Doc) -> bool:
            return by_bot(message) and bool(message["flags"] & EPHEMERAL)

        await registered(ada)
        stage.app.text, stage.app.pieces, stage.app.pause_s = "It goes on. " * 30, 30, 0.1
        question = await asks(bruno, "one")
        await ada.wait_for("MESSAGE_CREATE", by_webhook)
        await answer(ada, "admin-data block", target=bruno.id)
        await refused()  # Stop
        await stage.closed(question)
        await refused()  # Regenerate
        assert contents(stage) == ["one"]
        [post] = [m for m in await ada.history("general") if by_webhook(m)]
        assert post["content"] == stage.app.text.strip()


async def test_what_somebody_blocked_wrote_meanwhile_is_not_caught_up_on(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "loud"})
    async with (
        await Human.connect(stage.server.seed, "bruno") as bruno,
        await Human.connect(stage.server.seed, "chiyo") as chiyo,
    ):
        async with stage.gateway():
            await stage.closed(await asks(ada, "before"))
        await ada.request("PUT", f"/guilds/{guild_id}/members/{chiyo.id}/roles/{made['id']}")
        await keep(guild_id, blocked={user(bruno.id): LISTED, role(made["id"]): LISTED})
        ignored = [await asks(bruno, "bruno meanwhile"), await asks(chiyo, "chiyo meanwhile")]
        missed = await asks(ada, "meanwhile")
        async with stage.gateway():
            await stage.closed(missed)
        assert contents(stage) == ["before", "meanwhile"]
        assert [await heard(stage, one) for one in ignored] == [False, False]


# Rates


async def test_who_writes_too_fast_is_heard_marked_once_and_answered_again_later(stage: Stage, ada: Human) -> None:
    stage.rate_mentions = 9.0  # three at once, then one in seven seconds
    stage.app.thinks_s = 0.05
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        questions = []
        for number in range(8):
            questions.append(await asks(bruno, f"number {number}"))
            await stage.closed(questions[-1])
        assert contents(stage) == [f"number {number}" for number in range(3)]
        await stage.closed(await asks(ada, "somebody else"))
        marked = [m["message_id"] for m in bruno.seen("MESSAGE_REACTION_ADD")]
        assert marked == [questions[3]["id"]]
        assert not [m for m in await ada.history("general") if m["author"]["id"] == ada.bot_id]
        await bruno.send("general", "this is to nobody, and costs nothing")
        state = (await ChannelDocument.load(ada.channel_id("general"))).state
        reasons = {one.decision.reason for one in state.decisions if not one.decision.speak}
        assert "rate_limited" in reasons
        # a restart does not answer what was refused
    async with stage.gateway():
        await stage.closed(await asks(ada, "after"))
        assert contents(stage) == [*(f"number {number}" for number in range(3)), "somebody else", "after"]


async def test_who_uses_commands_too_fast_is_told_when_to_go_on(stage: Stage, ada: Human) -> None:
    stage.rate_commands = 6.0  # two at once
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for _ in range(2):
            assert stage.pack.name in text_of(await answer(bruno, "persona list"))
        for command in ("persona list", "memory view"):
            assert "Not so fast. Try again in" in text_of(await answer(bruno, command))
        for _ in range(4):  # owners are bound by nothing
            assert stage.pack.name in text_of(await answer(ada, "persona list"))


# Quotas


async def test_who_has_used_up_their_answers_is_told_until_when_and_once(stage: Stage, ada: Human) -> None:
    stage.quota_user = {"requests/day": 2}
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for number in range(2):
            await stage.closed(await asks(bruno, f"number {number}"))
        refused = await asks(bruno, "number 2")
        notice = await bruno.wait_for("MESSAGE_CREATE", lambda m: m["author"]["id"] == bruno.bot_id)
        assert notice["content"].startswith("You have used up your 2 answers a day. It goes on <t:")
        assert notice["message_reference"]["message_id"] == refused["id"]
        assert notice["mentions"] == []
        await stage.closed(await asks(bruno, "number 3"))
        assert "used up your 2 answers a day" in text_of(await answer(bruno, "persona ask", question="hi"))
        assert stage.pack.name in text_of(await answer(bruno, "persona list"))  # which asks no model
        assert contents(stage) == ["number 0", "number 1"]
        assert len([m for m in await ada.history("general") if m["author"]["id"] == ada.bot_id]) == 1
        for number in range(3):  # an owner is bound by none
            await stage.closed(await asks(ada, f"owner {number}"))
        ada.forget()
        await ada.slash("general", "persona ask", question="and by command")
        await ada.wait_for("MESSAGE_UPDATE", lambda m: bool(m["embeds"]))


async def test_what_was_used_is_known_after_a_restart(stage: Stage, ada: Human) -> None:
    stage.quota_user = {"tokens/day": 100}
    stage.app.usage = Usage(prompt_tokens=90, completion_tokens=20)
    async with await Human.connect(stage.server.seed, "bruno") as bruno:
        async with stage.gateway():
            await stage.closed(await asks(bruno, "one"))
        counts = (await UsageDocument.load(stage.server.seed["guild_id"])).counts
        assert counts.day.spent[user(bruno.id)] == counts.day.spent[GUILD] == (1, 110)
        async with stage.gateway():
            await stage.closed(await asks(bruno, "two"))
            await stage.closed(await asks(ada, "three"))
        assert contents(stage) == ["one", "three"]


async def test_a_command_that_asks_a_model_counts_too(stage: Stage, ada: Human) -> None:
    stage.app.usage = Usage(prompt_tokens=90, completion_tokens=20)
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await bruno.slash("general", "persona ask", question="hi")
        await bruno.wait_for("MESSAGE_UPDATE", lambda m: bool(m["embeds"]))
    counts = (await UsageDocument.load(stage.server.seed["guild_id"])).counts
    assert counts.day.spent[user(bruno.id)] == (1, 110)


async def test_the_whole_servers_quota_and_those_of_roles_and_people(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "patron"})
    await keep(
        guild_id,
        limits={
            EVERYBODY: {"requests/hour": 1},
            role(made["id"]): {"requests/hour": 2},
            GUILD: {"requests/hour": 4},
        },
    )
    async with (
        stage.gateway(),
        await Human.connect(stage.server.seed, "bruno") as bruno,
        await Human.connect(stage.server.seed, "chiyo") as chiyo,
    ):
        await ada.request("PUT", f"/guilds/{guild_id}/members/{chiyo.id}/roles/{made['id']}")
        for human in (bruno, chiyo):
            for number in range(3):
                await stage.closed(await asks(human, f"{human.username} {number}"))
        assert contents(stage) == ["bruno 0", "chiyo 0", "chiyo 1"]
        await stage.closed(await asks(ada, "the fourth"))
        await registered(ada)
        await answer(ada, "admin-data quota set", limit="requests/hour", amount=9, target=bruno.id)
        bruno.forget()
        await stage.closed(await asks(bruno, "bruno 3"))
        notice = await bruno.wait_for("MESSAGE_CREATE", lambda m: m["author"]["id"] == bruno.bot_id)
        assert notice["content"].startswith("This server has used up its 4 answers an hour.")
        await answer(ada, "admin-data quota reset", what="limits", whole_server=True)
        await stage.closed(await asks(bruno, "bruno 4"))
    assert contents(stage) == ["bruno 0", "chiyo 0", "chiyo 1", "the fourth", "bruno 4"]


async def test_in_direct_messages_one_has_a_quota_of_ones_own(stage: Stage, ada: Human) -> None:
    stage.quota_user = {"requests/hour": 1}
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await stage.closed(await asks(bruno, "on the server"))
        await stage.closed(await bruno.dm(bruno.bot_id, "alone"))
        await stage.closed(await bruno.dm(bruno.bot_id, "again"))
        await bruno.wait_for("MESSAGE_CREATE", lambda m: "used up your one answer an hour" in m["content"])
    assert contents(stage) == ["on the server", "alone"]


async def test_regenerate_is_an_answer_too(stage: Stage, ada: Human) -> None:
    stage.quota_user = {"requests/hour": 2}
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        question = await asks(bruno, "one")
        await stage.closed(question)
        for _ in range(2):
            post = next(m for m in await bruno.history("general") if by_webhook(m))
            await bruno.click(post, post["components"][0]["components"][0]["custom_id"])
            if len(contents(stage)) == 1:

                async def renewed() -> bool:
                    return len(contents(stage)) == 2 and await is_closed()

                async def is_closed() -> bool:
                    state = (await ChannelDocument.load(question["channel_id"])).state
                    return not state.open

                await eventually(renewed)
                await asyncio.sleep(0.3)
        told = await bruno.wait_for("MESSAGE_CREATE", lambda m: "used up your 2 answers" in m["content"])
        assert told["flags"] & (1 << 6)
        assert len(contents(stage)) == 2


# Switches, and what is away


async def test_what_is_switched_off_is_refused_with_the_way_back(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await answer(ada, "config set", setting="rag", value="off")
        said = text_of(await answer(bruno, "rag query", query="lanterns"))
        assert "switched off on this server" in said
        assert "/config set setting:rag value:on" in said
        assert "switched off" in text_of(await answer(ada, "rag query", query="lanterns"))  # owners have no lore either
        assert stage.shelf.queries == []


async def test_while_the_database_is_away_people_are_answered_and_the_last_list_holds(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    await keep(stage.server.seed["guild_id"], blocked={user(id_of(stage, "bruno")): LISTED})
    async with (
        stage.gateway() as gateway,
        await Human.connect(stage.server.seed, "bruno") as bruno,
        await Human.connect(stage.server.seed, "chiyo") as chiyo,
    ):
        await registered(ada)
        assert "may not use me" in text_of(await answer(bruno, "help"))
        for document in (AccessDocument, UsageDocument):
            monkeypatch.setattr(document, "load", away)
        assert gateway._client is not None
        await asyncio.sleep(stage.settings_fresh_s)
        await stage.closed(await asks(chiyo, "still here"))
        assert "may not use me" in text_of(await answer(bruno, "help"))
        assert contents(stage) == ["still here"]
