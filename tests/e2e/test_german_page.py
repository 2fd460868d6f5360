"""A person whose Discord is German, in a real browser, with the real bot."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import LocalDiscord
from tests.e2e.browser import ChatPage, chromium
from tests.support.bot import PACK, Stage

pytestmark = pytest.mark.browser


async def test_commands_are_read_typed_and_answered_in_german(tmp_path: Path, database: DatabaseHandle) -> None:
    async with chromium() as browser, LocalDiscord(tmp_path) as server, AsyncExitStack() as stack:
        await stack.enter_async_context(Stage(server, load_pack(PACK), database).gateway())
        async with ChatPage(browser, server.url, "ada", "general") as chat:
            await chat.get("member-ada").click()
            await chat.get("language").select_option("de")
            await chat.page.keyboard.press("Escape")

            await chat.composer.press_sequentially("/gedächtnis an")
            picker = chat.get("slash-picker")
            await expect(picker).to_contain_text("/gedächtnis ansehen")
            await expect(picker).to_contain_text("Was überall über dich gespeichert ist.")
            await chat.get("slash-command-memory-view").click()
            await chat.page.keyboard.press("Enter")
            await expect(chat.page.get_by_text("Über dich ist nichts gespeichert.")).to_be_visible()

            await chat.composer.fill("/persona fragen frage:Wie geht es dir? persona:olga")
            await expect(chat.get("slash-option-question")).to_have_value("Wie geht es dir?")
            await expect(chat.get("slash-option-persona")).to_have_value("olga")
            await chat.get("slash-option-question").press("Enter")
            await expect(chat.page.get_by_text("olga hears Wie geht es dir?.")).to_be_visible()

            await chat.composer.press_sequentially("/help")
            await expect(chat.get("slash-command-help")).to_contain_text("/hilfe")  # the English name finds it, too
