"""Each job for real: a server where people talked, the real world, and the message that the gateway leaves."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from PIL import Image

from actors.game import KIND as GAME
from actors.game_state import GameDocument
from actors.guests import CAST
from actors.member import KIND as MEMBER
from actors.proposals import ProposalDocument
from core.errors import RequestError, Unavailable
from local_discord import Human
from schedules.job import Post, Silence
from tests.support.bot import Stage
from tests.support.eventually import eventually
from tests.support.jobs import JOBS, Backstage, LoreShelf, TakingUp

Doc = dict[str, Any]
DAY_MS = 24 * 3_600_000
SAID = (
    ("ada", "My wormhole cake came out of the oven today"),
    ("bruno", "I never had any luck with wormhole cake, it sinks"),
    ("chiyo", "Fold the wormhole twice, that is all there is to it"),
    ("ada", "Read https://example.org/wormhole-cake before you try"),
    ("bruno", "So the wormhole goes in before the butter?"),
    ("chiyo", "Butter first, then wormhole, then *nerves*"),
    ("ada", "Somebody ate half of it already"),
    ("bruno", "That was not me, the wormhole took it"),
    ("chiyo", "Tomorrow I bring a wormhole of my own"),
)


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 120, 60)).save(out, "PNG")
    return out.getvalue()


@asynccontextmanager
async def backstage(stage: Stage) -> AsyncIterator[Backstage]:
    """The gateway, after people have talked in #general."""
    stage.shelf = LoreShelf(stage)
    actors = stage.actors()
    async with stage.gateway(actors) as gateway:
        yield Backstage(stage, gateway, actors, stage.server.seed["guild_id"])


async def talk(stage: Stage, people: dict[str, Human]) -> None:
    """Everybody says their lines, one of them with a picture."""
    for name, text in SAID:
        files = {"cake.png": png()} if "Somebody ate" in text else None
        question = await people[name].send("general", text, files=files)
    await stage.closed(question)


@asynccontextmanager
async def lively(stage: Stage) -> AsyncIterator[tuple[Backstage, dict[str, Human]]]:
    seed = stage.server.seed
    async with (
        backstage(stage) as behind,
        await Human.connect(seed, "ada") as ada,
        await Human.connect(seed, "bruno") as bruno,
        await Human.connect(seed, "chiyo") as chiyo,
    ):
        people = {"ada": ada, "bruno": bruno, "chiyo": chiyo}
        await talk(stage, people)
        yield behind, people


async def stands(human: Human, message_id: str, channel: str = "general") -> Doc:
    """The message, as a person sees it."""
    return next(one for one in await human.history(channel, 50) if one["id"] == message_id)


def text_of(message: Doc) -> str:
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", ""), (embed.get("footer") or {}).get("text", "")]
        parts += [f"{one['name']}\n{one['value']}" for one in embed.get("fields", [])]
    return "\n".join(parts)


PROMISES = {
    "auto_scenario": "The question",
    "media_sweep": "example.org/wormhole-cake",
    "daily_digest": "The last 24 hours",
    "channel_summary": "Today in #general",
    "content_expansion": "Because you talked about",
    "meme_drop": "",
    "persona_chat": "",
    "mini_game": "",
    "story_weave": "Chapter 1: ",
    "world_builder": "Proposed: 2 pieces of lore",
    "dynamic_data": "Proposed this week",
}


@pytest.mark.parametrize("model", ["away", "up"])
async def test_each_leaves_the_message_it_promises(stage: Stage, model: str) -> None:
    stage.app = TakingUp(fallback=model == "away")
    async with lively(stage) as (behind, people):
        ada = people["ada"]
        general = ada.channel_id("general")
        for name, promise in PROMISES.items():
            posted = await behind.run(name, general)
            for number, (post, message_id) in enumerate(posted):
                message = await stands(ada, message_id)
                told = text_of(message)
                if number == 0:
                    assert promise in told, name
                assert message["webhook_id"], name  # by a persona
                assert message["author"]["username"] == stage.pack.persona(str(post.persona_id)).name
                assert post.text == message["content"]
                assert bool(message["attachments"]) == bool(post.picture)
                if post.picture:
                    assert message["attachments"][0]["description"] == post.alt
                assert not message["mention_everyone"]
            if model == "up":
                assert any("hears" in post.text or post.picture or "Propose" in str(post) for post, _ in posted), name
            else:
                assert not any("hears" in post.text for post, _ in posted), name
        [(_, message_id)] = await behind.run("scenario_reveal") if await due(behind) else [(None, "")]
        assert "The curtain falls" in text_of(await stands(ada, message_id))


async def due(behind: Backstage) -> bool:
    """Waits a month for the answer of the scene that auto_scenario began."""
    behind.ahead_ms += 30 * DAY_MS
    slot = behind.slot("scenario_reveal")
    return bool(await behind.world(slot).scenes_due(slot.at_ms))


class TestDigest:
    async def test_it_links_to_messages_and_has_a_picture(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            [(_, message_id)] = await behind.run("daily_digest", people["ada"].channel_id("general"))
            message = await stands(people["ada"], message_id)
            lines = {one["id"]: one for one in await people["ada"].history("general", 50)}
            guild, general = behind.guild_id, people["ada"].channel_id("general")
            linked = [
                one for one in lines if f"https://discord.com/channels/{guild}/{general}/{one}" in text_of(message)
            ]
            assert len(linked) >= 3
            assert all(lines[one]["author"]["global_name"] for one in linked)
            assert "9 lines by 3 people" in text_of(message)
            assert message["attachments"][0]["content_type"] == "image/png"

    async def test_who_opted_out_is_in_no_post_of_any_job(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            general = people["ada"].channel_id("general")
            await behind.actors.call(MEMBER, people["chiyo"].id, "remember", False, behind.guild_id)
            told = []
            for name in (
                "daily_digest",
                "media_sweep",
                "persona_chat",
                "content_expansion",
                "meme_drop",
                "story_weave",
            ):
                made = await behind.make(name, general)
                assert not isinstance(made, Silence), name
                told.append(str(made))
            assert "Bruno" in told[0]
            assert "6 lines by 2 people" in told[0]
            assert not any(
                trace in one for one in told for trace in ("Chiyo", people["chiyo"].id, "nerves", "butter first")
            )

    async def test_what_was_deleted_or_edited_since_is_so_in_the_digest(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            said = [one for one in await people["ada"].history("general") if "webhook_id" not in one]
            mine = next(one for one in said if "oven" in one["content"])
            theirs = next(one for one in said if "luck" in one["content"])
            await people["ada"].delete("general", mine["id"])
            await people["bruno"].edit("general", theirs["id"], "I had nothing but luck with wormhole cake since")
            made = await behind.make("daily_digest", people["ada"].channel_id("general"))
            assert isinstance(made, Post)
            assert "oven" not in str(made)
            assert "8 lines" in str(made)
            assert "never had" not in str(made)


class TestScene:
    async def test_a_scene_is_begun_played_and_its_answer_told_once(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            general = people["ada"].channel_id("general")
            [(post, message_id)] = await behind.run("auto_scenario", general)
            scene = await behind.actors.call("channel", general, "scene")
            assert (scene.scenario_id, scene.runs(scene.opened_ms)) == (post.fingerprint, True)
            assert await stands(people["ada"], message_id)
            again = await behind.make("auto_scenario", general)
            assert isinstance(again, Silence)
            assert isinstance(await behind.make("scenario_reveal"), Silence)  # not due yet
            behind.ahead_ms += 30 * DAY_MS
            [(reveal, answer_id)] = await behind.run("scenario_reveal")
            assert stage.pack.scenario(post.fingerprint).answer in text_of(await stands(people["ada"], answer_id))
            assert isinstance(await behind.make("scenario_reveal"), Silence)
            assert reveal.persona_id == stage.pack.scenario(post.fingerprint).cast[0]

    async def test_what_was_ended_meanwhile_is_not_told_and_a_new_scene_goes_on(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            general = people["ada"].channel_id("general")
            await behind.run("auto_scenario", general)
            behind.ahead_ms += 30 * DAY_MS
            [reveal] = await behind.make("scenario_reveal")  # type: ignore[misc]
            await behind.actors.call("channel", general, "end_scene", True)
            await behind.actors.call(
                "channel", general, "open_scene", stage.pack.scenarios[0].id, "77", behind.guild_id
            )
            before = await people["ada"].history("general", 50)
            assert await behind.deliver("scenario_reveal", reveal) == (reveal, "")
            assert await people["ada"].history("general", 50) == before
            scene = await behind.actors.call("channel", general, "scene")
            assert (scene.id, scene.over) == ("77", False)

    async def test_an_answer_that_is_refused_is_not_tried_again(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            [(post, _)] = await behind.run("auto_scenario", people["ada"].channel_id("general"))
            behind.ahead_ms += 30 * DAY_MS
            await behind.actors.call("channel", "1", "open_scene", post.fingerprint, "5", behind.guild_id)
            made = await behind.make("scenario_reveal")
            gone = next(one for one in made if one.channel_id == "1")  # type: ignore[union-attr]
            with pytest.raises(RequestError, match="not there any more"):
                await behind.deliver("scenario_reveal", gone)
            [left] = await behind.make("scenario_reveal")  # type: ignore[misc]
            assert left.channel_id == people["ada"].channel_id("general")

    @pytest.mark.parametrize("job", ["auto_scenario", "mini_game"])
    async def test_what_cannot_begin_is_not_announced(self, stage: Stage, job: str) -> None:
        async with lively(stage) as (behind, people):
            general = people["ada"].channel_id("general")
            post = await behind.make(job, general)
            assert isinstance(post, Post)
            asked = (stage.pack.scenarios[0].id, "77", behind.guild_id)
            await behind.actors.call("channel", general, "open_scene", *asked)
            [(_, game)] = await behind.run("mini_game", general)
            before = [one["id"] for one in await people["ada"].history("general", 50) if one["content"] == post.text]
            with pytest.raises(RequestError, match="already"):
                await behind.deliver(job, post)
            after = [one["id"] for one in await people["ada"].history("general", 50) if one["content"] == post.text]
            assert after == before
            assert (await behind.actors.call("channel", general, "scene")).id == "77"
            assert not (await behind.actors.call(GAME, general, "view")).over, game
            await behind.actors.call(GAME, general, "stop", people["ada"].id, True)


async def test_a_game_begins_in_the_channel_and_only_one(stage: Stage) -> None:
    async with lively(stage) as (behind, people):
        games = people["ada"].channel_id("games")
        people["ada"].forget()
        await behind.run("mini_game", games)
        await people["ada"].wait_for(
            "MESSAGE_CREATE", lambda one: one["channel_id"] == games and bool(one["components"])
        )
        assert isinstance(await behind.make("mini_game", games), Silence)
        await behind.actors.call(GAME, games, "stop", people["ada"].id, True)

        async def settled() -> bool:
            return (await GameDocument.load(games)).unsettled == 0

        await eventually(settled)


class TestProposals:
    async def test_what_an_admin_approves_goes_live(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            ada, general = people["ada"], people["ada"].channel_id("general")
            [(_, message_id)] = await behind.run("dynamic_data", general)
            message = await stands(ada, message_id)
            slot = behind.slot("dynamic_data")
            before = await behind.world(slot).cast()
            await ada.click(message, message["components"][0]["components"][0]["custom_id"])
            over = await ada.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == message_id and not one["components"])
            assert "Approved" in text_of(over)
            after = await behind.world(slot).cast()
            assert len(after.scenarios) == len(before.scenarios) + 1
            assert len(after.greetings) == len(before.greetings) + 2
            _, guests = await behind.actors.call(CAST, behind.guild_id, "guests")
            assert [one.name in text_of(message) for one in guests] == [True]
            assert guests[0].id in {one.id for one in after.personas}

    async def test_approved_lore_is_found_by_the_cast(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            ada = people["ada"]
            [(_, message_id)] = await behind.run("world_builder", ada.channel_id("general"))
            message = await stands(ada, message_id)
            await ada.click(message, message["components"][0]["components"][0]["custom_id"])
            await ada.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == message_id and not one["components"])
            kept = stage.shelf.kept[behind.guild_id, "additions"]
            assert [title in text_of(message) for title, _ in kept] == [True, True]

    async def test_who_manages_nothing_decides_nothing(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            bruno = people["bruno"]
            [(post, message_id)] = await behind.run("world_builder", bruno.channel_id("general"))
            message = await stands(bruno, message_id)
            bruno.forget()
            await bruno.click(message, message["components"][0]["components"][0]["custom_id"])
            answer = await bruno.wait_for("MESSAGE_CREATE", lambda one: bool(one["flags"] & 64))
            assert "Manage Server" in answer["content"]
            stored = await ProposalDocument.load(post.action.proposal_id)  # type: ignore[union-attr]
            assert stored.state == "open"

    async def test_what_is_rejected_changes_nothing_also_when_pressed_again_after_a_restart(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            ada = people["ada"]
            [(post, message_id)] = await behind.run("world_builder", ada.channel_id("general"))
            message = await stands(ada, message_id)
        approve, reject = (one["custom_id"] for one in message["components"][0]["components"])
        async with backstage(stage), await Human.connect(stage.server.seed, "ada") as ada:
            await ada.click(message, reject)
            over = await ada.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == message_id and not one["components"])
            assert "Rejected" in text_of(over)
            stored = await ProposalDocument.load(post.action.proposal_id)  # type: ignore[union-attr]
            assert (stored.state, stored.by) == ("rejected", ada.id)
            assert stage.shelf.kept == {}
            assert approve


class TestDelivery:
    async def test_what_stands_there_already_is_not_posted_again(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            made = await behind.make("daily_digest", people["ada"].channel_id("general"))
            assert isinstance(made, Post)
            _, first = await behind.deliver("daily_digest", made)
            _, again = await behind.deliver("daily_digest", made, since_ms=0, look=True)
            assert first == again
            titles = [one["embeds"] for one in await people["ada"].history("general") if one["embeds"]]
            assert len(titles) == 1

    async def test_two_who_ask_at_once_get_the_same_message(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            post = Post(channel_id=people["ada"].channel_id("general"), persona_id="elio", text="Once and for all")
            asked = {"nonce": "5-0", "since_ms": 0, "look": False}
            both = await asyncio.gather(*(behind.deliver("x", post, **asked) for _ in range(2)))
            assert len({message_id for _, message_id in both}) == 1
            said = [one["content"] for one in await people["ada"].history("general")]
            assert said.count("Once and for all") == 1

    async def test_what_cannot_be_done_is_told_apart_from_what_may_work_later(self, stage: Stage) -> None:
        async with lively(stage) as (behind, _):
            post = Post(channel_id="1", persona_id="elio", text="Whoa!")
            with pytest.raises(RequestError, match="not there any more"):
                await behind.deliver("x", post)
        with pytest.raises(Unavailable):
            await behind.gateway.deliver(behind.guild_id, post, "1", 0, False)

    async def test_a_persona_remembers_what_it_said_and_is_replied_to(self, stage: Stage) -> None:
        async with lively(stage) as (behind, people):
            general = people["ada"].channel_id("general")
            [(post, message_id)] = await behind.run("meme_drop", general)
            [(post, message_id), *_] = await behind.run("persona_chat", general)
            question = await people["ada"].send("general", "Really?", message_reference={"message_id": message_id})
            await stage.closed(question)
            request = stage.app.requests[-1]
            assert request.persona_id == post.persona_id
            assert post.text in {turn.text for turn in request.history}


async def test_people_whom_a_model_is_told_about_are_never_named(stage: Stage) -> None:
    async with lively(stage) as (behind, people):
        for name in JOBS:
            if name != "scenario_reveal":
                await behind.make(name, people["ada"].channel_id("general"))
        asked = [(one.message.content, one.summary) for one in stage.app.requests if one.message.channel_id == "0"]
        assert asked
        assert not any(who in str(one) for one in asked for who in ("Ada", "Bruno", "Chiyo"))


async def test_the_world_sees_a_database_that_comes_back(stage: Stage) -> None:
    async with lively(stage) as (behind, people):
        slot = behind.slot("daily_digest")
        world = behind.world(slot, people["ada"].channel_id("general"))
        assert [one.name for one in await world.channels()] == ["general"]

        async def heard() -> bool:
            return people["ada"].channel_id("general") in await world.active_since(0)

        await eventually(heard)
