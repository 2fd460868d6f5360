"""/admin-data over the wire: who may use it, what it does, and what is said where something is wrong."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from actors.access import AccessDocument
from actors.access_rules import EVERYBODY, GUILD, OPERATORS, role, user
from actors.additions import AdditionsDocument
from actors.audit import AuditDocument
from actors.channel_document import ChannelDocument
from actors.guild import GuildDocument
from actors.guild_settings import GuildSettings
from actors.proposals import Proposal, ProposalDocument
from actors.schedule_state import ScheduleDocument
from actors.usage import UsageDocument
from core.errors import DatabaseUnavailable
from core.messages import Usage
from core.personas import Lore
from core.phrases import When
from local_discord import Human
from local_discord.client import HumanError
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot

Doc = dict[str, Any]
EPHEMERAL = 1 << 6
SUBCOMMANDS: tuple[tuple[str, Doc], ...] = (
    ("stats", {}),
    ("export", {}),
    ("purge", {"what": "usage"}),
    ("audit", {}),
    ("block", {"target": "chiyo"}),
    ("unblock", {"target": "chiyo"}),
    ("allow", {"target": "chiyo"}),
    ("disallow", {"target": "chiyo"}),
    ("blocked", {}),
    ("quota show", {}),
    ("quota set", {"limit": "requests/day", "amount": 5}),
    ("quota reset", {"what": "limits"}),
)


async def registered(human: Human) -> None:
    async def known() -> bool:
        return any(command["name"] == "admin-data" for command in await human.commands("general"))

    await eventually(known)


async def answer(human: Human, command: str, channel: str = "general", **options: Any) -> Doc:
    """The bot's whole answer to a command, only for who asked."""
    human.forget()
    await human.slash(channel, command, **options)
    found = await human.wait_for("MESSAGE_CREATE", by_bot)
    assert found["flags"] & EPHEMERAL
    while not (found["content"] or found["embeds"]):  # a deferral
        found = await human.wait_for("MESSAGE_UPDATE", by_bot)
    return found


def text_of(message: Doc) -> str:
    text = str(message["content"])
    for embed in message["embeds"]:
        fields = "\n".join(f"{one['name']}\n{one['value']}" for one in embed.get("fields", []))
        text += "\n".join([embed.get("title", ""), embed.get("description", ""), fields])
    return text


async def told(human: Human, command: str, **options: Any) -> str:
    """What the answer to a command of /admin-data says."""
    return text_of(await answer(human, f"admin-data {command}", **options))


def id_of(stage: Stage, name: str) -> str:
    return str(next(one["id"] for one in stage.server.seed["users"] if one["username"] == name))


async def confirmed(human: Human, command: str, **options: Any) -> str:
    """What is said once the question was answered by its button."""
    question = await answer(human, command, **options)
    await human.click(question, question["components"][0]["components"][0]["custom_id"])
    done = await human.wait_for("MESSAGE_UPDATE", lambda message: not message["components"])
    return text_of(done)


async def test_all_of_it_is_for_who_manages_the_server(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        [command] = [one for one in await ada.commands("general") if one["name"] == "admin-data"]
        known = {one["name"] for one in command["options"]} - {"quota"}
        assert known == {name for name, _ in SUBCOMMANDS if " " not in name}
        for name, options in SUBCOMMANDS:
            given = {key: id_of(stage, value) if key == "target" else value for key, value in options.items()}
            assert "permission Manage Server" in await told(bruno, name, **given), name
        for document in (AccessDocument, AuditDocument, UsageDocument):
            assert await stage.database.collection(document).count_documents({}) == 0


async def test_in_direct_messages_there_is_none_of_it(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        channel = (await ada.dm(ada.bot_id, "hello"))["channel_id"]
        assert "admin-data" not in {command["name"] for command in await ada.commands(channel)}
        [command] = [one for one in await ada.commands("general") if one["name"] == "admin-data"]
        data = {"id": command["id"], "name": "admin-data", "type": 1, "version": command["version"]}
        data["options"] = [{"type": 1, "name": "stats", "options": []}]
        with pytest.raises(HumanError):
            await ada._interact(2, channel, command["application_id"], data)


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        for document in (AccessDocument, AuditDocument, UsageDocument, GuildDocument):
            monkeypatch.setattr(document, "load", away)
        for name, options in SUBCOMMANDS:
            if name == "purge":
                continue  # it asks first
            given = {key: id_of(stage, value) if key == "target" else value for key, value in options.items()}
            assert "Database is not answering" in await told(ada, name, **given), name
        assert "Database is not answering" in text_of(await pressed(ada, "admin-data purge", what="lists"))


async def pressed(human: Human, command: str, **options: Any) -> Doc:
    question = await answer(human, command, **options)
    await human.click(question, question["components"][0]["components"][0]["custom_id"])
    return await human.wait_for("MESSAGE_CREATE", by_bot)


async def test_people_are_blocked_and_let_in_again(stage: Stage, ada: Human) -> None:
    chiyo = id_of(stage, "chiyo")
    async with stage.gateway():
        await registered(ada)
        assert "Nobody." in await told(ada, "blocked")
        assert await told(ada, "block", target=chiyo, reason="*spam*") == f"<@{chiyo}> is not answered any more."
        assert "is blocked already" in await told(ada, "block", target=chiyo)
        shown = await told(ada, "blocked")
        assert f"<@{chiyo}> <t:" in shown
        assert f"(<@{ada.id}>): \\*spam\\*" in shown
        assert await told(ada, "unblock", target=chiyo) == f"<@{chiyo}> is answered again."
        assert "was not blocked" in await told(ada, "unblock", target=chiyo)
        assert "As long as anybody is on it" in await told(ada, "allow", target=chiyo)
        assert "on the list already" in await told(ada, "allow", target=chiyo)
        assert "Allowed, and nobody else" in await told(ada, "blocked")
        assert "off the list" in await told(ada, "disallow", target=chiyo)
        assert "was not on the list" in await told(ada, "disallow", target=chiyo)
        log = await told(ada, "audit")
    actions = ["access.unallowed", "access.allowed", "access.unblocked", "access.blocked"]
    assert [action for action in actions if f"<@{ada.id}> `{action}` <@{chiyo}>" in log] == actions
    assert [log.index(action) for action in actions] == sorted(log.index(action) for action in actions)
    assert "\\*spam\\*" in log


async def test_a_target_that_cannot_be_blocked_is_named(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await manager(ada, bruno, guild_id)
        assert "cannot block yourself" in await told(ada, "block", target=ada.id)
        assert "nor me" in await told(ada, "block", target=ada.bot_id)
        assert "Whoever runs the bot cannot be blocked" in await told(bruno, "block", target=ada.id)
        assert "That would be everybody" in await told(ada, "block", target=guild_id)
        everywhere = {"target": id_of(stage, "chiyo"), "everywhere": True}
        for name in ("block", "unblock"):
            assert "for those who run the bot" in await told(bruno, name, **everywhere)
        assert "for those who run the bot" in await told(bruno, "blocked", everywhere=True)
        made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "loud"})
        assert "Choose a person" in await told(ada, "block", target=made["id"], everywhere=True)
        assert await stage.database.collection(AccessDocument).count_documents({}) == 0
        await told(ada, "block", **everywhere)
        assert f"<@{id_of(stage, 'chiyo')}>" in await told(ada, "blocked", everywhere=True)
        assert "Nobody." in await told(ada, "blocked")
    assert user(id_of(stage, "chiyo")) in (await AccessDocument.load(OPERATORS)).blocked
    assert (await AuditDocument.load(OPERATORS)).entries[0].action == "access.blocked"


async def manager(ada: Human, human: Human, guild_id: str) -> str:
    """Make somebody manage the server; returns the role."""
    made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "keeper", "permissions": str(1 << 5)})
    await ada.request("PUT", f"/guilds/{guild_id}/members/{human.id}/roles/{made['id']}")
    return str(made["id"])


async def test_limits_are_set_shown_and_taken_back(stage: Stage, ada: Human) -> None:
    guild_id, bruno = stage.server.seed["guild_id"], id_of(stage, "bruno")
    stage.quota_guild = {"tokens/day": 1000}
    stage.quota_user = {"requests/hour": 30}
    async with stage.gateway():
        await registered(ada)
        made = await ada.request("POST", f"/guilds/{guild_id}/roles", {"name": "loud"})
        shown = await told(ada, "quota show")
        assert "The whole server\nAnswers this hour: **0**" in shown
        assert "Tokens today: **0 / 1,000**" in shown
        assert "Each person\n30 answers an hour" in shown

        everybody = await told(ada, "quota set", limit="requests/day", amount=50)
        assert everybody == "For everybody from now on: 50 answers a day."
        assert "<@&" in await told(ada, "quota set", limit="tokens/day", amount=300, target=made["id"])
        assert f"<@{bruno}>" in await told(ada, "quota set", limit="requests/day", amount=0, target=bruno)
        whole = await told(ada, "quota set", limit="tokens/day", amount=5000, whole_server=True)
        assert "For the whole server from now on: 5,000 tokens a day." in whole
        assert "less than that, which holds" in whole
        assert "either a target or the whole server" in await told(
            ada, "quota set", limit="tokens/day", amount=1, target=bruno, whole_server=True
        )
        shown = await told(ada, "quota show")
        assert "30 answers an hour, 50 answers a day" in shown
        assert f"<@&{made['id']}>: 300 tokens a day" in shown
        assert f"<@{bruno}>: no limit" in shown
        of_bruno = await told(ada, "quota show", member=bruno)
        assert "Answers this hour: **0 / 30**" in of_bruno
        assert "Answers today: **0**" in of_bruno

        for target in ({"target": made["id"]}, {"target": bruno}, {"whole_server": True}, {}):
            assert "what is inherited holds" in await told(ada, "quota reset", what="limits", **target)
            assert "nothing to reset" in await told(ada, "quota reset", what="limits", **target)
        assert "counted per person" in await told(ada, "quota reset", what="usage", target=made["id"])
        with pytest.raises(HumanError):  # Discord lets nobody send what is no choice
            await ada.slash("general", "admin-data quota set", limit="requests/week", amount=1)
        with pytest.raises(HumanError):
            await ada.slash("general", "admin-data quota set", limit="requests/day", amount=-1)
        log = await told(ada, "audit", member=bruno)
    assert (await AccessDocument.load(guild_id)).limits == {}
    assert [line.split("`")[1] for line in log.splitlines() if "`" in line] == ["quota.reset", "quota.set"]
    entries = (await AuditDocument.load(guild_id)).entries
    assert [one.detail for one in entries][:4] == [
        f"{EVERYBODY} requests/day=50",
        f"{role(made['id'])} tokens/day=300",
        "requests/day=0",
        f"{GUILD} tokens/day=5000",
    ]


async def test_what_was_used_is_shown_and_counted_anew(stage: Stage, ada: Human) -> None:
    stage.app.usage = Usage(prompt_tokens=100, completion_tokens=20)
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for human, count in ((ada, 1), (bruno, 2)):
            for number in range(count):
                await stage.closed(await human.send("general", f"<@{ada.bot_id}> {human.username} {number}"))
        shown = await told(ada, "stats")
        assert "Answers today: **3**" in shown
        assert "Tokens today: **360**" in shown
        assert f"<@{bruno.id}>: 2 answers, 240 tokens\n<@{ada.id}>: one answer, 120 tokens" in shown
        assert "heard\n1" in shown
        assert "counted from nothing" in await told(ada, "quota reset", what="usage", target=bruno.id)
        assert "Answers today: **0**" in await told(ada, "quota show", member=bruno.id)
        assert "Answers today: **3**" in await told(ada, "quota show")
        assert "counted from nothing" in await told(ada, "quota reset", what="usage")
        assert "nothing to reset" in await told(ada, "quota reset", what="usage")
        assert "Answers today: **0**" in await told(ada, "quota show")


async def test_export_holds_what_is_the_servers_and_nothing_people_said(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> my cat is called Biscuit"))
        await answer(ada, "config set", setting="rag", value="off")
        await told(ada, "quota set", limit="requests/day", amount=50)
        sent = await answer(ada, "admin-data export")
        assert "What people said is theirs" in sent["content"]
        async with ada._http.get(sent["attachments"][0]["url"]) as response:
            found = json.loads(await response.read())
    assert found["settings"] == {"rag": "off"}
    assert found["access"]["limits"] == {EVERYBODY: {"requests/day": 50}}
    assert found["usage"]["day"]["spent"][user(ada.id)] == [1, 0]
    assert [one["action"] for one in found["audit"]] == ["config.set", "quota.set"]
    assert "Biscuit" not in json.dumps(found)


async def grown(actors: Any, guild_id: str) -> None:
    """The server approved of lore that a job proposed."""
    lore = (Lore(id="hall", title="The hall", text="The hall has a harp.", tags=(), source="x", line=1),)
    await actors.call("proposal", "run-1", "open", Proposal(id="run-1", guild_id=guild_id, lore=lore))
    await actors.call("proposal", "run-1", "decide", True, guild_id, "9")
    await actors.call("additions", guild_id, "add", (), (), lore)


async def test_an_export_has_the_jobs_and_what_was_added(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    async with stage.gateway() as gateway:
        await registered(ada)
        await grown(gateway._actors, guild_id)
        when = When(at_ms=time.time_ns() // 1_000_000 + 3_600_000)
        await gateway._actors.call("schedule", guild_id, "remind", "r1", ada.id, "500", "a secret", when)
        await answer(ada, "schedule pause")
        sent = await answer(ada, "admin-data export")
        async with ada._http.get(sent["attachments"][0]["url"]) as response:
            found = json.loads(await response.read())
    assert found["jobs"]
    assert [one["channel_id"] for one in found["reminders"]] == ["500"]
    assert found["additions"]["lore"][0]["text"] == "The hall has a harp."
    assert [(one["state"], one["proposal"]["id"]) for one in found["proposals"]] == [("approved", "run-1")]
    assert "a secret" not in json.dumps(found)


async def test_a_purge_of_the_settings_has_the_jobs_go_by_what_is_inherited(stage: Stage, ada: Human) -> None:
    async def due() -> set[str]:
        state = (await ScheduleDocument.load(stage.server.seed["guild_id"])).state
        return {name for name, entry in state.entries.items() if entry.due_ms}

    async with stage.gateway():
        await registered(ada)
        await answer(ada, "config-proactive set", job="daily_digest", on=True)
        assert await due() == {"daily_digest", "scenario_reveal"}
        await answer(ada, "config set", setting="proactive", value="off")
        assert await due() == {"scenario_reveal"}  # which ends what people began
        await confirmed(ada, "admin-data purge", what="settings")
        assert await due() == {"daily_digest", "scenario_reveal"}


@pytest.mark.parametrize("what", ["conversations", "usage", "lists", "settings", "jobs", "world"])
async def test_a_purge_asks_and_then_deletes_that_alone(stage: Stage, ada: Human, what: str) -> None:
    guild_id = stage.server.seed["guild_id"]

    async def there() -> set[str]:
        state = (await ChannelDocument.load(ada.channel_id("general"))).state
        access, usage = await AccessDocument.load(guild_id), await UsageDocument.load(guild_id)
        settings = (await GuildDocument.load(guild_id)).settings
        found: Doc = {"conversations": state.turns, "usage": usage.counts.day.spent, "lists": access.limits}
        found["jobs"] = (await ScheduleDocument.load(guild_id)).state.reminders
        proposal = (await ProposalDocument.load("run-1")).state == "approved"
        lore = (
            stage.shelf.kept.get((guild_id, "additions"), (("", ""),)) or (await AdditionsDocument.load(guild_id)).lore
        )
        found["world"] = proposal or lore
        return {name for name, kept in {**found, "settings": settings != GuildSettings()}.items() if kept}

    async with stage.gateway() as gateway:
        await registered(ada)
        await stage.closed(await ada.send("general", f"<@{ada.bot_id}> hello"))
        await answer(ada, "config set", setting="rag", value="off")
        await told(ada, "quota set", limit="requests/day", amount=50)
        assert gateway._client is not None
        await gateway._client.access.meter.flush()
        when = When(at_ms=time.time_ns() // 1_000_000 + 3_600_000)
        await gateway._actors.call("schedule", guild_id, "remind", "r1", ada.id, "500", "tea", when)
        await grown(gateway._actors, guild_id)
        everything = {"conversations", "usage", "lists", "settings", "jobs", "world"}
        assert await there() == everything
        question = text_of(await answer(ada, "admin-data purge", what=what))
        assert "for good" in question
        assert await there() == everything  # it was only asked
        assert "Done. Deleted:" in await confirmed(ada, "admin-data purge", what=what)
        assert await there() == everything - {what}
        assert stage.shelf.kept.get((guild_id, "additions")) == (() if what == "world" else None)
        assert f"`data.purge` {what}" in await told(ada, "audit")


async def test_what_admins_do_elsewhere_is_in_the_log(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await answer(ada, "config set", setting="relevance", value="0.2")
        await answer(ada, "config reset", setting="all")
        await answer(ada, "config reset", setting="all")  # nothing was set: nothing was done
        await answer(ada, "memory teach", text="The raid starts on Fridays at eight.")
        ada.forget()
        await ada.slash("general", "persona set", persona="olga")
        await ada.wait_for("MESSAGE_UPDATE", by_bot)
        await confirmed(ada, "memory purge")
        log = await told(ada, "audit")
        nothing = await told(ada, "audit", member=id_of(stage, "bruno"))
    lines = [line.split("`", 1)[1] for line in log.splitlines() if "`" in line]
    assert lines == [
        "memory.purge`",
        "persona.set` olga in #general",
        "memory.teach` 36 characters",
        "config.reset` relevance",
        "config.set` relevance to 0.2",
    ]
    assert "Nothing was done yet." in nothing


async def test_who_is_forgotten_is_in_no_list_and_no_log(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await stage.closed(await bruno.send("general", f"<@{ada.bot_id}> hello"))
        await told(ada, "block", target=bruno.id, reason=f"{bruno.id} is loud")
        await told(ada, "quota set", limit="requests/day", amount=5, target=bruno.id)
        await asyncio.sleep(stage.settings_fresh_s)
        assert "things forgotten" in await confirmed(bruno, "memory forget")  # a right that stays
        shown = await told(ada, "blocked")
        await asyncio.sleep(stage.settings_fresh_s)
        assert "may not use me on this server" in text_of(await answer(bruno, "help"))
    names = await stage.database.database.list_collection_names()
    stored = {name: await stage.database.database[name].find({}).to_list() for name in names}
    assert bruno.id not in json.dumps(stored, default=str)
    assert "somebody <t:" in shown
