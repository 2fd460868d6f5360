"""Stop and Regenerate as people see and press them on the chat page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import LocalDiscord
from tests.e2e.browser import ChatPage, chromium
from tests.support.bot import PACK, Stage

pytestmark = pytest.mark.browser

LONG = "This is how it began. " + "And it went on and on. " * 20 + "That was it."


async def test_a_reply_is_stopped_and_given_anew_from_the_page(tmp_path: Path, database: DatabaseHandle) -> None:
    async with chromium() as browser, LocalDiscord(tmp_path / "discord") as server:
        stage = Stage(server, load_pack(PACK), database)
        stage.app.text, stage.app.pieces, stage.app.pause_s = LONG, 60, 0.1
        address = server.api_url.removesuffix("/api/v10")
        async with (
            stage.gateway(),
            ChatPage(browser, address, "ada", "general") as ada,
            ChatPage(browser, address, "bruno", "general") as bruno,
        ):
            await ada.send("@Troupe tell me")
            reply = ada.page.locator('[data-testid="message"][data-author="Elio"]')
            await reply.get_by_role("button", name="Stop").click()
            renew = reply.get_by_role("button", name="Regenerate")
            await expect(renew).to_be_visible()
            await expect(reply.get_by_role("button", name="Stop")).to_have_count(0)
            assert "That was it." not in await reply.get_by_test_id("message-content").inner_text()

            theirs = bruno.page.locator('[data-testid="message"][data-author="Elio"]')
            await theirs.get_by_role("button", name="Regenerate").click()
            await expect(bruno.message("Only whoever asked")).to_contain_text("Only you can see this")

            stage.app.text, stage.app.pieces = "Another one.", 1
            await renew.click()
            await expect(reply.get_by_test_id("message-content")).to_have_text(re.compile(r"^Another one\."))
            await expect(reply).to_have_count(1)
            await expect(renew).to_be_enabled()
            await expect(reply.locator(".component-error")).to_have_count(0)
