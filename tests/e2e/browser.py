"""Debian's Chromium under Playwright, and the chat page as a person sees it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str:
    """The browser to drive. Without one the test is skipped, or fails where CI promises one (CI=true)."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    message = f"No browser: none of {', '.join(_NAMES)} is on PATH (Debian: apt-get install chromium)."
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class ChatPage:
    """One browser window on the chat page, as one user in one channel. Leaving checks that no script failed.

    `errors` are uncaught exceptions and messages of the console's error level, failed loads apart: tests cause those.
    """

    def __init__(self, browser: Browser, url: str, user: str, channel: str, *, width: int = 1280, height: int = 800):
        self._browser = browser
        self._address = f"{url}/?user={user}&channel={channel}"
        self._size = (width, height)
        self._context: BrowserContext
        self.page: Page
        self.errors: list[str] = []

    async def __aenter__(self) -> ChatPage:
        width, height = self._size
        self._context = await self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark", reduced_motion="reduce", locale="en-GB"
        )
        self.page = await self._context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self._note(line.type, line.text))
        await self.page.goto(self._address)
        await expect(self.composer).to_be_visible()
        await expect(self.page.locator(".beginning, .message").first).to_be_attached()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._context.close()
        if error is None:
            assert self.errors == [], self.errors

    def _note(self, level: str, text: str) -> None:
        failed_load = text.startswith(("Failed to load resource", "WebSocket connection"))
        if level == "error" and not failed_load:
            self.errors.append(text)

    @property
    def composer(self) -> Locator:
        return self.page.get_by_test_id("composer")

    def get(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def message(self, text: str) -> Locator:
        """The messages on the page that hold a text; answers of this page still in flight are not among them."""
        return self.get("message").filter(has_text=text)

    async def send(self, text: str) -> Locator:
        await self.composer.fill(text)
        await self.composer.press("Enter")
        return self.message(text)

    async def open_channel(self, name: str) -> None:
        await self.get(f"channel-{name}").click()
        await expect(self.page.locator("h1")).to_contain_text(name)

    async def act(self, message: Locator, action: str) -> None:
        """Use a message's toolbar: react, reply, more (the apps' menu), edit, copy or trash."""
        await message.hover()
        await message.get_by_test_id(f"action-{action}").click()

    async def texts(self) -> list[str]:
        return await self.get("message-content").all_inner_texts()
