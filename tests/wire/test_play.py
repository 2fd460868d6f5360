"""Games over the wire: whole games by click and by typing, and what is said where something cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from actors.access_rules import GUILD, user
from actors.audit import AuditDocument
from actors.game_play import GameRules
from actors.game_state import GameDocument
from actors.points import key_of
from actors.usage import UsageDocument
from core.errors import DatabaseUnavailable, ModelUnavailable
from core.messages import Usage
from core.personas import Pack
from local_discord import Human
from local_discord.client import HumanError
from tests.support.bot import Stage
from tests.support.cast import make_pack
from tests.support.eventually import eventually
from tests.wire.test_conversation import by_bot, by_webhook

Doc = dict[str, Any]
_EPHEMERAL = 1 << 6


async def registered(human: Human, name: str = "minigame") -> None:
    async def known() -> bool:
        return any(command["name"] == name for command in await human.commands("general"))

    await eventually(known)


def buttons(message: Doc) -> list[Doc]:
    return [one for row in message["components"] for one in row["components"]]


def labels(message: Doc) -> list[str]:
    return [str(one["label"]) for one in buttons(message)]


def embed(message: Doc) -> str:
    """All that is written on a message's card."""
    found = []
    for one in message["embeds"]:
        found += [one.get("author", {}).get("name", ""), one.get("title", ""), one.get("description", "")]
        found += [f"{field['name']}: {field['value']}" for field in one.get("fields", [])]
        found.append(one.get("footer", {}).get("text", ""))
    return "\n".join(found)


def holding(text: str) -> Callable[[Doc], bool]:
    return lambda message: text in message["content"] + embed(message)


async def told(human: Human, name: str, channel: str = "general", **options: Any) -> str:
    """What the bot answers to a command, for who asked alone."""
    nonce = await human.slash(channel, name, **options)
    asked = (await human.wait_for("INTERACTION_CREATE", lambda one: one["nonce"] == nonce))["id"]
    answer = await human.wait_for(
        "MESSAGE_CREATE", lambda one: (one.get("interaction_metadata") or {}).get("id") == asked
    )
    assert answer["flags"] & _EPHEMERAL
    if not (answer["content"] or answer["embeds"]):  # a deferral
        answer = await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == answer["id"])
    return str(answer["content"]) + embed(answer)


async def document(stage: Stage, human: Human, channel: str = "general") -> GameDocument:
    return await GameDocument.load(human.channel_id(channel))


async def right_button(stage: Stage, human: Human, post: Doc, right: bool = True) -> str:
    """The custom id of the right choice, or of a wrong one."""
    game = (await document(stage, human, post["channel_id"])).game
    assert game is not None
    ids = [one["custom_id"] for one in buttons(post) if ":pick:" in one["custom_id"]]
    wanted = game.round.right or 0
    return str(ids[wanted] if right else ids[(wanted + 1) % len(ids)])


async def posted(human: Human, text: str) -> Doc:
    """The next post of a persona whose card or text holds a text."""
    return await human.wait_for("MESSAGE_CREATE", lambda one: by_bot(one) and holding(text)(one))


async def seen_again(human: Human, post: Doc, text: str) -> Doc:
    """A post once it holds a text."""
    return await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == post["id"] and holding(text)(one))


async def by_personas(human: Human) -> int:
    """How many posts of personas stand in the channel."""
    return sum(by_webhook(one) and one["author"]["id"] != human.bot_id for one in await human.history("general"))


async def settled(stage: Stage, human: Human, channel: str = "general") -> GameDocument:
    async def is_settled() -> bool:
        return (await document(stage, human, channel)).unsettled == 0

    await eventually(is_settled)
    return await document(stage, human, channel)


async def closed(human: Human, post: Doc) -> Doc:
    """A round's post once it tells the answer."""
    return await human.wait_for("MESSAGE_UPDATE", lambda one: one["id"] == post["id"] and "✔" in embed(one))


async def test_a_whole_quiz_by_click(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        assert "begins" in await told(ada, "minigame start", type="trivia", rounds=3, seconds=30, theme="potatoes")
        for number in range(1, 4):
            post = await ada.wait_for("MESSAGE_CREATE", lambda one: by_webhook(one) and bool(one["components"]))
            assert f"Question {number} of 3" in embed(post)
            assert "about potatoes" in embed(post)
            assert len(labels(post)) == 5  # four choices and the hint
            await bruno.click(post, await right_button(stage, bruno, post, right=False))
            await bruno.wait_for("MESSAGE_CREATE", holding("You are out of this round"))
            await bruno.click(post, await right_button(stage, bruno, post))
            await bruno.wait_for("MESSAGE_CREATE", holding("You have had your try"))
            await ada.click(post, await right_button(stage, ada, post))
            await ada.wait_for("MESSAGE_CREATE", holding("Right, and first!"))
            shown = await closed(ada, post)
            assert "**Ada** was first" in embed(shown)
            assert "lore/" in embed(shown)
            assert all(one["disabled"] for one in buttons(shown))
        end = await ada.wait_for("MESSAGE_CREATE", holding("Final score"))
        assert "♛ **Ada** · 36 points" in embed(end)  # 10, 12 and 14 for a streak of three
        assert labels(end) == ["Play again"]
        game = await settled(stage, ada)
    key = key_of(stage.server.seed["guild_id"], ada.id)
    assert await stage.booked() == [(key, amount) for amount in (10, 12, 14)]
    assert game.tallies[ada.id].rounds == 3


async def test_a_riddle_by_typing_and_in_a_window_of_ones_own(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await told(ada, "game start", kind="riddle", theme="potato")
        post = await posted(ada, "Riddle 1 of 5")
        assert labels(post) == ["Answer", "Hint (−3)"]
        await bruno.click(post, next(one["custom_id"] for one in buttons(post) if ":hint:" in one["custom_id"]))
        await bruno.wait_for("MESSAGE_CREATE", holding("☞ "))
        await bruno.click(post, buttons(post)[0]["custom_id"])
        modal = await bruno.wait_for("INTERACTION_MODAL_CREATE")
        field = modal["components"][0]["components"][0]["custom_id"]
        await bruno.submit(modal, **{field: "an onion"})
        await bruno.wait_for("MESSAGE_UPDATE", holding("2 guesses left"))
        # Talk goes to the personas, an answer does not.
        talk = await ada.send("general", f"<@{ada.bot_id}> this is a hard one, is it not?")
        await stage.closed(talk)
        guess = await ada.send("general", f"<@{ada.bot_id}> I think it is a POTATOE")
        reaction = await ada.wait_for("MESSAGE_REACTION_ADD")
        assert (reaction["message_id"], reaction["emoji"]["name"]) == (guess["id"], "✔️")
        await seen_again(ada, post, "**Ada** was first")
        assert [one.message.id for one in stage.app.requests] == [talk["id"]]
        await posted(ada, "Riddle 2 of 5")
        await told(ada, "game stop")
        await settled(stage, ada)
    assert [amount for _, amount in await stage.booked()] == [15]


@asynccontextmanager
async def crowd_of(stage: Stage, count: int) -> AsyncIterator[list[Human]]:
    """So many further people in the server's channels."""
    world, guild_id = stage.server.world, stage.server.seed["guild_id"]
    for number in range(count):
        world.add_member(guild_id, world.add_user(f"guest{number}", display=f"Guest {number}")["id"])
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(await Human.connect(stage.server.seed, f"guest{number}"))
            for number in range(count)
        ]


async def test_of_fifty_people_who_are_right_at_once_one_wins_and_is_paid(stage: Stage, ada: Human) -> None:
    guild_id = stage.server.seed["guild_id"]
    async with stage.gateway(), crowd_of(stage, 50) as crowd:
        await registered(ada)
        await told(ada, "minigame start", type="trivia", rounds=1)
        post = await posted(ada, "Question 1 of 1")
        button = await right_button(stage, ada, post)
        await asyncio.gather(*(guest.click(post, button) for guest in crowd))
        answers = await asyncio.gather(
            *(guest.wait_for("MESSAGE_CREATE", lambda one: bool(one["flags"] & _EPHEMERAL), 30) for guest in crowd)
        )
        won = [guest for guest, answer in zip(crowd, answers, strict=True) if "Right, and first!" in answer["content"]]
        assert len(won) == 1
        assert sum("Too late: **Guest" in answer["content"] for answer in answers) == 49
        shown = await closed(ada, post)
        assert f"**Guest {won[0].username.removeprefix('guest')}** was first" in embed(shown)
        await posted(ada, "Final score")
        await settled(stage, ada)
    assert await stage.booked() == [(f"{guild_id}:{won[0].id}", 10)]


async def test_a_game_goes_on_at_the_exact_question_after_a_crash(stage: Stage, ada: Human) -> None:
    async with stage.gateway(drain_s=0):
        await registered(ada)
        await told(ada, "minigame start", type="trivia", rounds=2, seconds=10)
        post = await posted(ada, "Question 1 of 2")
        before = (await document(stage, ada)).game
    await asyncio.sleep(2.5)  # nobody is there, and no time runs
    async with stage.gateway():

        async def taken_up() -> bool:
            game = (await document(stage, ada)).game
            return game is not None and before is not None and game.round.deadline_ms > before.round.deadline_ms

        await eventually(taken_up)
        now = (await document(stage, ada)).game
        assert now is not None
        assert before is not None
        assert now.round.choices == before.round.choices
        assert (now.current, now.round.post.message_id) == (0, post["id"])
        await seen_again(ada, post, f"<t:{now.round.deadline_ms // 1000}:R>")
        await ada.click(post, await right_button(stage, ada, post))
        await closed(ada, post)
        second = await posted(ada, "Question 2 of 2")
        await ada.click(second, await right_button(stage, ada, second))
        await posted(ada, "Final score")
        await settled(stage, ada)
    assert await by_personas(ada) == 3  # nothing was posted twice
    assert [amount for _, amount in await stage.booked()] == [10, 12]


async def test_two_gateways_post_everything_once(stage: Stage, ada: Human) -> None:
    actors = stage.actors()
    async with stage.gateway(actors):
        await registered(ada)
        await told(ada, "minigame start", type="trivia", rounds=3, seconds=10)
        first = await posted(ada, "Question 1 of 3")
        async with stage.gateway(actors):
            post = first
            for number in range(1, 4):
                if number > 1:
                    post = await posted(ada, f"Question {number} of 3")
                await ada.click(post, await right_button(stage, ada, post))
                await closed(ada, post)
            await posted(ada, "Final score")
            await settled(stage, ada)
    assert await by_personas(ada) == 4
    assert [amount for _, amount in await stage.booked()] == [10, 12, 14]


async def test_what_one_gateway_cannot_post_another_does(stage: Stage, ada: Human) -> None:
    stage.game_rules = GameRules(pause_s=0.3, beat_s=0.3, lease_s=1.5)
    actors = stage.actors()

    async def broken(*_: object, **__: object) -> None:
        raise AttributeError("a defect")

    async with stage.gateway(actors) as first:
        await registered(ada)
        assert first._client is not None
        first._client._voices.post = broken  # type: ignore[method-assign]
        assert "begins" in await told(ada, "minigame start", type="trivia", rounds=1)
        async with stage.gateway(actors):
            await posted(ada, "Question 1 of 1")


async def test_a_story_is_told_on_the_account_of_whoever_began_it(stage: Stage, ada: Human) -> None:
    stage.quota_user = {"requests/day": 1}
    stage.app.text = "The comet slipped its chain by the chimney, and all my kitchen ovens are cold!"
    stage.app.usage = Usage(prompt_tokens=90, completion_tokens=20)
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await told(bruno, "story start", theme="comet")
        post = await posted(bruno, "The Comet That Left the Kitchen")
        assert post["content"] == stage.app.text
        await bruno.click(post, buttons(post)[0]["custom_id"])
        second = await posted(bruno, "The Silver Minnow smells")
        assert second["content"] == "The story goes on."  # by the book, since one answer a day is all
        await told(bruno, "story end")
        await settled(stage, bruno)
    assert [one.message.author.id for one in stage.app.requests] == [bruno.id]
    counts = (await UsageDocument.load(stage.server.seed["guild_id"])).counts
    assert counts.day.spent == {user(bruno.id): (1, 110), GUILD: (1, 110)}


async def test_a_post_of_which_nobody_could_tell_is_found_again(stage: Stage, ada: Human) -> None:
    stage.game_rules = GameRules(pause_s=0.3, beat_s=0.5, lease_s=1.0)
    actors = stage.actors()
    call, lost = actors.call, 0

    async def lossy(kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        nonlocal lost
        if method == "posted" and not lost:
            lost += 1
            raise DatabaseUnavailable("Nobody answers.", component="database")
        return await call(kind, key, method, *args, timeout_s=timeout_s)

    actors.call = lossy  # type: ignore[method-assign]
    async with stage.gateway(actors):
        await registered(ada)
        await told(ada, "minigame start", type="trivia", rounds=1)
        post = await posted(ada, "Question 1 of 1")

        async def known() -> bool:
            game = (await document(stage, ada)).game
            return game is not None and game.round.post.message_id == post["id"]

        await eventually(known)
    assert lost == 1
    assert await by_personas(ada) == 1


async def test_a_story_by_click_by_typing_and_by_command(stage: Stage, ada: Human) -> None:
    stage.app.text = "The comet slipped its chain by the chimney, and all my kitchen ovens are cold!"
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        await told(ada, "story start", theme="comet")
        post = await posted(ada, "The Comet That Left the Kitchen")
        assert post["author"]["username"] == "Marmalo"
        assert post["content"] == stage.app.text  # told in Marmalo's words, since a model answers
        options = await ada.autocomplete("general", "story choose", "option", "")
        assert [one["value"] for one in options] == ["A", "B", "C"]
        assert "none of the choices" in await told(bruno, "story choose", option="Go home")
        assert "Follow" not in await told(ada, "story status")
        assert "Your vote: Chase it" in await told(bruno, "story choose", option="A")
        await ada.click(post, buttons(post)[1]["custom_id"])
        await ada.click(post, buttons(post)[0]["custom_id"])  # she changes her mind
        shown = await seen_again(ada, post, "Chosen")
        assert "**Chase it in the Silver Minnow** · Bruno, Ada" in embed(shown)
        second = await posted(ada, "The Silver Minnow smells")
        assert second["content"] == "The story goes on."  # what the model says has nothing to do with this scene
        stage.app.fails = ModelUnavailable("Asleep.", component="llm")
        await ada.send("general", "B")
        await bruno.send("general", "wait at the far end with a pot")
        third = await posted(ada, "You hold out Marmalo's biggest pot")
        await ada.click(third, buttons(third)[0]["custom_id"])
        await bruno.click(third, buttons(third)[0]["custom_id"])
        end = await posted(ada, "A Seat at the Table")
        assert "Told together by Ada, Bruno" in embed(end) or "Told together by Bruno, Ada" in embed(end)
        await settled(stage, ada)
        assert sorted(amount for _, amount in await stage.booked()) == [5, 5]
        await ada.click(end, buttons(end)[0]["custom_id"])
        await ada.wait_for("MESSAGE_CREATE", holding("What happens next?"))
        assert "Stopped" in await told(ada, "story end")
        await posted(ada, "The game was stopped.")


async def test_what_cannot_be_is_said_in_clear_words(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        for name in ("game stop", "minigame stop", "story end", "game status", "minigame status", "story status"):
            assert "No game is running in this channel" in await told(ada, name)
        assert "This game is over" in await told(ada, "minigame answer", text="42")
        assert "This game is over" in await told(ada, "story choose", option="A")
        assert "Nobody has played" in await told(ada, "minigame stats")
        for wrong in ({"rounds": 11}, {"rounds": 0}, {"seconds": 9}, {"seconds": 61}, {"theme": "x" * 61}):
            with pytest.raises(HumanError):
                await ada.slash("general", "minigame start", type="trivia", **wrong)
        with pytest.raises(HumanError):
            await ada.slash("general", "game start", kind="chess")

        await told(ada, "game start", kind="trivia")
        post = await posted(ada, "Question 1 of 5")
        assert "running in this channel already" in await told(bruno, "game start", kind="riddle")
        assert "running in this channel already" in await told(bruno, "story start")
        status = await told(bruno, "game status")
        assert "Trivia, round 1 of 5" in status
        assert "No points yet" in status
        for name in ("game stop", "minigame stop", "story end"):
            assert "Only whoever started this game" in await told(bruno, name)
        assert "You are out of this round" in await told(bruno, "minigame answer", text="seventy-seven thousand")
        game = (await document(stage, ada)).game
        assert game is not None
        assert "Right, and first! 10 points" in await told(ada, "minigame answer", text=game.round.answers[0])
        assert "Ada** · 10 points" in await told(bruno, "minigame status")
        assert "**Ada** · 10 points" in await told(bruno, "minigame stats")
        assert "Stopped" in await told(ada, "minigame stop")
        end = await posted(ada, "The game was stopped.")
        await settled(stage, ada)
        with pytest.raises(HumanError):  # its buttons are closed
            await bruno.click(post, buttons(post)[0]["custom_id"])
        await bruno.click(end, buttons(end)[0]["custom_id"])
        await posted(ada, "Question 1 of 5")
        assert "Stopped" in await told(ada, "game stop")  # who manages messages may
        await settled(stage, ada)
    [entry] = (await AuditDocument.load(stage.server.seed["guild_id"])).entries  # of hers, nothing
    assert (entry.by, entry.action, entry.detail, entry.about) == (ada.id, "game.stop", "trivia in #general", bruno.id)


async def test_themes_are_offered_while_typing(stage: Stage, ada: Human) -> None:
    async def offered(name: str, typed: str, **options: Any) -> list[str]:
        return [str(one["value"]) for one in await ada.autocomplete("general", name, "theme", typed, **options)]

    async with stage.gateway():
        await registered(ada)
        assert "potato" in await offered("game start", "pot", kind="trivia")
        assert "wormhole" in await offered("game start", "worm", kind="story")
        assert "pirates" in await offered("story start", "pir")
        assert await offered("minigame start", "pirates", type="riddle") == []
        assert len(await offered("minigame start", "", type="trivia")) == 25


async def test_where_the_bot_may_not_play_it_says_what_it_needs(stage: Stage, ada: Human) -> None:
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    forbidden = {"type": 0, "allow": "0", "deny": str(1 << 14)}  # Embed Links
    await ada.request("PUT", f"/channels/{ada.channel_id('games')}/permissions/{role}", forbidden)
    async with stage.gateway():
        await registered(ada)
        assert "I need View Channel, Send Messages and Embed Links" in await told(
            ada, "game start", "games", kind="trivia"
        )
        await told(ada, "config set", setting="allowed_channels", value="lore-talk")
        assert "The cast does not play in this channel" in await told(ada, "story start")
        assert "Choose another theme" in await told(ada, "story start", "lore-talk", theme="hardcore porn")
        assert "begins" in await told(ada, "story start", "lore-talk")


async def test_a_theme_is_held_to_the_operators_filter(stage: Stage, ada: Human) -> None:
    stage.content_filter = "high"
    async with stage.gateway():
        await registered(ada)
        assert "Choose another theme" in await told(ada, "story start", theme="a sexy hat")
        await told(ada, "config set", setting="content_filter", value="low")
        await asyncio.sleep(stage.settings_fresh_s)
        assert "begins" in await told(ada, "story start", theme="a sexy hat")


async def test_where_the_bot_may_write_no_more_the_game_ends(stage: Stage, ada: Human) -> None:
    [guild] = ada.ready["guilds"]
    role = next(role["id"] for role in guild["roles"] if role.get("tags", {}).get("bot_id") == ada.bot_id)
    forbidden = {"type": 0, "allow": "0", "deny": str(1 << 29 | 1 << 11)}  # Manage Webhooks, Send Messages
    async with stage.gateway():
        await registered(ada)
        await told(ada, "minigame start", "games", type="trivia")
        post = await posted(ada, "Question 1 of 5")
        await ada.request("PUT", f"/channels/{ada.channel_id('games')}/permissions/{role}", forbidden)
        await ada.click(post, await right_button(stage, ada, post))
        game = (await settled(stage, ada, "games")).game
        assert game is not None
        assert game.ended == "lost"
        notice = await ada.wait_for("MESSAGE_CREATE", holding("Send Messages"))  # for those who run the server
        assert f"<#{ada.channel_id('games')}>" in notice["content"]
    assert [amount for _, amount in await stage.booked()] == [10]


async def test_a_channel_that_goes_away_ends_its_game(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada)
        await told(ada, "minigame start", "games", type="trivia", seconds=10)
        await posted(ada, "Question 1 of 5")
    channel = ada.channel_id("games")
    await ada.request("DELETE", f"/channels/{channel}")
    async with stage.gateway():

        async def ended() -> bool:
            game = (await GameDocument.load(channel)).game
            return game is not None and game.ended == "lost"

        await eventually(ended)


@pytest.mark.parametrize(
    ("kind", "said"), [("trivia", "not enough lore"), ("riddle", "no riddles"), ("story", "no stories")]
)
async def test_a_pack_with_nothing_to_play_says_so(stage: Stage, ada: Human, kind: str, said: str) -> None:
    bare = make_pack()
    stage.pack = Pack(**{**dict(stage.pack), "lore": bare.lore, "questions": (), "riddles": (), "stories": ()})
    async with stage.gateway():
        await registered(ada)
        assert said in await told(ada, "game start", kind=kind)


async def test_a_database_that_is_away_is_told(stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        monkeypatch.setattr(GameDocument, "load", away)
        for name, options in (
            ("game start", {"kind": "trivia"}),
            ("game stop", {}),
            ("game status", {}),
            ("minigame start", {"type": "riddle"}),
            ("minigame answer", {"text": "x"}),
            ("minigame stats", {}),
            ("minigame status", {}),
            ("minigame stop", {}),
            ("story start", {}),
            ("story choose", {"option": "a"}),
            ("story status", {}),
            ("story end", {}),
        ):
            assert "Database is not answering" in await told(ada, name, **options)


async def test_a_press_while_the_database_is_away_can_be_made_again(
    stage: Stage, ada: Human, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("Nobody answers.", component="database")

    async with stage.gateway():
        await registered(ada)
        await told(ada, "minigame start", type="trivia", rounds=1)
        post = await posted(ada, "Question 1 of 1")
        right = await right_button(stage, ada, post)
        with monkeypatch.context() as patched:
            patched.setattr(GameDocument, "replace_owned", away)
            await ada.click(post, right)
            await ada.wait_for("MESSAGE_CREATE", holding("Database is not answering"))
        assert await stage.booked() == []
        await ada.click(post, right)
        await ada.wait_for("MESSAGE_CREATE", holding("Right, and first!"))
        await posted(ada, "Final score")
        await settled(stage, ada)
    assert [amount for _, amount in await stage.booked()] == [10]


async def test_games_in_direct_messages(stage: Stage, ada: Human) -> None:
    async def answered(text: str, holds: str) -> Doc:
        await ada.dm(ada.bot_id, text)
        return await ada.wait_for("MESSAGE_CREATE", lambda one: by_bot(one) and holding(holds)(one))

    async with stage.gateway():
        await answered("!game chess", "Choose one of trivia, riddle or story")
        await answered("!game stop", "No game is running")
        await answered("!dance", "`!game trivia|riddle|story [theme]`")
        post = await answered("!game trivia potatoes", "Question 1 of 5")
        assert "about potatoes" in embed(post)
        assert post["content"].startswith("**Elio:** ")
        await answered("!game riddle", "running in this channel already")
        channel = post["channel_id"]
        game = (await document(stage, ada, channel)).game
        assert game is not None
        await ada.send(channel, game.round.answers[0])
        await seen_again(ada, post, "**Ada** was first")
        await answered("!game stop", "The game was stopped.")
        await settled(stage, ada, channel)
        await answered("!game riddle", "Riddle 1 of 5")
        await answered("!game stop", "The game was stopped.")
        await settled(stage, ada, channel)
        story = await answered("!story wormholes", "The Bend Without a Number")
        await ada.click(story, buttons(story)[0]["custom_id"])  # alone, there is nobody to wait for
        await answered("what do you think?", "hears what do you think")
        scene = await ada.wait_for("MESSAGE_CREATE", holding("very old pilot"))
        await ada.send(channel, "c")
        await seen_again(ada, scene, "**Look for the way out at once**")
    assert (await stage.booked())[0][0] == f"dm:{ada.id}"


async def test_what_was_typed_to_a_game_is_not_answered_by_a_persona_after_a_restart(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        hello = await ada.dm(ada.bot_id, "hello")
        channel = hello["channel_id"]
        await stage.closed(hello)
        await ada.send(channel, "!game trivia")
        post = await posted(ada, "Question 1 of 5")
        game = (await document(stage, ada, channel)).game
        assert game is not None
        await ada.send(channel, game.round.answers[0])
        await seen_again(ada, post, "**Ada** was first")
        await ada.send(channel, "!game stop")
        await settled(stage, ada, channel)
    async with stage.gateway():
        await stage.closed(await ada.send(channel, "and now?"))
    assert [one.message.content for one in stage.app.requests] == ["hello", "and now?"]


async def test_who_is_forgotten_is_in_no_game(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await registered(ada, "memory")
        await told(ada, "minigame start", type="trivia", rounds=1)
        post = await posted(ada, "Question 1 of 1")
        await ada.click(post, await right_button(stage, ada, post))
        await settled(stage, ada)
        assert "rounds won: 1, points: 10" in await told(ada, "memory view")
        await ada.slash("general", "memory forget")
        question = await ada.wait_for("MESSAGE_UPDATE", holding("about you will be gone"))
        await ada.click(question, buttons(question)[0]["custom_id"])
        await ada.wait_for("MESSAGE_UPDATE", holding("Done."))
    assert ada.id not in (await document(stage, ada)).model_dump_json()


async def test_who_reads_german_plays_in_german(stage: Stage, ada: Human) -> None:
    users = stage.server.world.store.users
    users.put(ada.id, {**users[ada.id], "locale": "de"})
    async with stage.gateway():
        await registered(ada)
        channel = (await ada.dm(ada.bot_id, "hello"))["channel_id"]
        assert "Viel Spaß" in await told(ada, "minigame start", channel, type="trivia", rounds=1)
        post = await posted(ada, "Frage 1 von 1")
        assert "Die erste richtige Antwort gewinnt" in embed(post)
        assert "In diesem Kanal läuft gerade kein Spiel" in await told(ada, "game status")
        await ada.dm(ada.bot_id, "!game stop")
        await settled(stage, ada, channel)
        await ada.dm(ada.bot_id, "!game trivia")
        await posted(ada, "Frage 1 von 5")
