"""Two people play on the chat page, by mouse and keyboard; what they see is kept as pictures to be looked at."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from actors.game_play import GameRules
from actors.game_state import Game, GameDocument
from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import Human, LocalDiscord
from tests.e2e.browser import ChatPage, chromium
from tests.support.bot import PACK, Stage
from tests.support.eventually import eventually

pytestmark = pytest.mark.browser


class Played:
    """A server with the real gateway, and two people in the channel #games."""

    def __init__(self, stage: Stage, ada: ChatPage, bruno: ChatPage, folder: Path) -> None:
        self.stage, self.ada, self.bruno = stage, ada, bruno
        self._folder = folder

    async def game(self) -> Game:
        channels = {one["name"]: one["id"] for one in self.stage.server.seed["channels"]}
        game = (await GameDocument.load(channels["games"])).game
        assert game is not None
        return game

    async def look(self, chat: ChatPage, name: str) -> None:
        """Leave a picture in the folder that SCREENSHOTS names, or in the test's own."""
        folder = Path(os.environ.get("SCREENSHOTS", self._folder))
        picture = await chat.page.screenshot(path=folder / f"games-{name}.png")
        assert len(picture) > 20_000

    async def run(self, chat: ChatPage, command: str) -> None:
        """Type a whole command and send it off."""
        await chat.composer.fill(command)
        await chat.page.locator('[data-testid^="slash-option-"]').last.press("Enter")


@asynccontextmanager
async def playing(tmp_path: Path, database: DatabaseHandle) -> AsyncIterator[Played]:
    expect.set_options(timeout=20_000)  # two pages, a bot and a database share the machine with whatever else runs
    async with chromium() as browser, LocalDiscord(tmp_path / "discord") as server:
        stage = Stage(server, load_pack(PACK), database)
        stage.game_rules = GameRules(pause_s=1.0, vote_s=20.0, beat_s=1.0)
        address = server.api_url.removesuffix("/api/v10")
        async with (
            stage.gateway(),
            await Human.connect(server.seed, "chiyo") as human,
            ChatPage(browser, address, "ada", "games", height=900) as ada,
            ChatPage(browser, address, "bruno", "games", height=900) as bruno,
        ):

            async def registered() -> bool:
                return any(command["name"] == "story" for command in await human.commands("games"))

            await eventually(registered)
            yield Played(stage, ada, bruno, tmp_path)
    expect.set_options(timeout=5_000)


def card(chat: ChatPage, text: str) -> Locator:
    """The post whose card holds a text."""
    return chat.get("message").filter(has_text=text).last


async def test_two_people_play_a_quiz_to_its_end(tmp_path: Path, database: DatabaseHandle) -> None:
    async with playing(tmp_path, database) as played:
        ada, bruno = played.ada, played.bruno
        await played.run(ada, "/minigame start type:trivia rounds:3 seconds:60 theme:potatoes")
        await expect(ada.message("It begins right below")).to_contain_text("Only you can see this")

        first = card(ada, "Question 1 of 3")
        await expect(first.get_by_role("button", name="Hint")).to_be_visible()
        await played.look(ada, "question")
        one = (await played.game()).rounds[0]
        assert one.right is not None
        wrong = (one.right + 1) % len(one.choices)
        theirs = card(bruno, "Question 1 of 3")
        await theirs.get_by_role("button", name=f"{'ABCD'[wrong]} · ").click()
        await expect(bruno.message("You are out of this round")).to_be_visible()
        await first.get_by_role("button", name=f"{'ABCD'[one.right]} · ").click()
        await expect(ada.message("Right, and first!")).to_be_visible()
        await expect(theirs).to_contain_text("Ada was first: 10 points.")
        await expect(theirs).to_contain_text("lore/")

        await expect(card(bruno, "Question 2 of 3")).to_be_visible()
        await played.look(bruno, "answered")
        second = (await played.game()).rounds[1]
        await bruno.send(second.answers[0].upper())  # by keyboard
        await expect(card(ada, "Question 2 of 3")).to_contain_text("Bruno was first")

        third = card(ada, "Question 3 of 3")
        await third.get_by_role("button", name="Hint").click()
        await expect(ada.message("It is not")).to_contain_text("Each costs 3 points")
        last = (await played.game()).rounds[2]
        await ada.send("abcd"[last.right or 0])
        end = card(ada, "Final score")
        await expect(end).to_contain_text("Ada · 17 points")
        await expect(end).to_contain_text("Bruno · 10 points")
        await played.look(ada, "final")

        await end.get_by_role("button", name="Play again").click()
        await expect(card(bruno, "Question 1 of 3").get_by_role("button", name="Hint")).to_be_enabled()


async def test_two_people_steer_a_story_to_an_ending(tmp_path: Path, database: DatabaseHandle) -> None:
    async with playing(tmp_path, database) as played:
        ada, bruno = played.ada, played.bruno
        # Said to every scene, but usable for the first alone: the others are told without a model.
        played.stage.app.text = "This morning my potato was gone, and there was only a dent. Will you hug me, please?"
        await played.run(ada, "/story start theme:potato")
        scene = card(ada, "What happens next?")
        await expect(scene).to_contain_text("The Potato Thief of Korrag")
        await expect(scene).to_contain_text("Will you hug me, please?")
        await played.look(ada, "story")

        await scene.get_by_role("button", name="A · Follow the wool").click()
        await expect(card(bruno, "Follow the wool")).to_contain_text("Votes are counted")
        await card(bruno, "What happens next?").get_by_role("button", name="B · ").click()
        await expect(card(bruno, "Follow the wool")).to_contain_text("Bruno")
        await played.look(bruno, "votes")
        await card(bruno, "What happens next?").get_by_role("button", name="A · ").click()

        async def moved_on() -> bool:
            return (await played.game()).current > 0

        await eventually(moved_on, timeout_s=30)
        while not (await played.game()).over:
            now = await played.game()
            label = now.round.choices[0].text
            mine = card(ada, label)
            await mine.get_by_role("button", name="A · ").click()
            await bruno.send("a")  # by keyboard

            async def goes_on(number: int = now.current) -> bool:
                game = await played.game()
                return game.over or game.current > number

            await eventually(goes_on, timeout_s=30)
        end = card(ada, "Told together by Ada, Bruno")
        await expect(end.get_by_role("button", name="Another story")).to_be_visible()
        await expect(end).to_contain_text("5 points")
        await played.look(ada, "ending")
