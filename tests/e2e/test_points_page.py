"""A drop, a card and a leaderboard as people see and press them on the chat page."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from actors import points
from actors.points import key_of
from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import Human, LocalDiscord
from tests.e2e.browser import ChatPage, chromium
from tests.support.bot import PACK, Stage
from tests.wire.test_points_commands import registered

pytestmark = pytest.mark.browser


async def test_a_drop_is_caught_and_the_leaderboard_turned_by_mouse(tmp_path: Path, database: DatabaseHandle) -> None:
    async with chromium() as browser, LocalDiscord(tmp_path / "discord") as server:
        stage = Stage(server, load_pack(PACK), database)
        address = server.api_url.removesuffix("/api/v10")
        actors = stage.actors()
        [bruno_id] = [user["id"] for user in server.seed["users"] if user["username"] == "bruno"]
        for number in range(12):
            key = key_of(server.seed["guild_id"], str(1000 + number))
            await actors.call(points.KIND, key, "enter", "e", 990 - 70 * number, "test", f"Member {number}")
        async with (
            stage.gateway(actors),
            await Human.connect(server.seed, "ada") as human,
            ChatPage(browser, address, "ada", "general") as ada,
            ChatPage(browser, address, "bruno", "general") as bruno,
        ):
            await registered(human)
            await human.slash("general", "drop create", points=120, message="For whoever is awake")
            claim = bruno.page.get_by_role("button", name="Claim")
            await claim.click()
            await expect(bruno.message("You were first")).to_contain_text("120 points are yours")
            await expect(ada.page.get_by_text("was first.")).to_be_visible()
            await expect(claim).to_have_count(0)

            await human.slash("general", "profile", member=bruno_id)
            card = ada.page.get_by_alt_text(re.compile("^Bruno: level 2, 120 points; place 13;"))
            await expect(card).to_be_visible()

            await human.slash("general", "leaderboard")
            first = ada.page.get_by_alt_text(re.compile("page 1 of 2"))
            await expect(first).to_be_visible()
            await ada.page.get_by_role("button", name="Next").click()
            await expect(ada.page.get_by_alt_text(re.compile("page 2 of 2"))).to_be_visible()
            await expect(first).to_have_count(0)
            if folder := os.environ.get("SCREENSHOTS"):
                await ada.page.screenshot(path=Path(folder) / "points.png")
