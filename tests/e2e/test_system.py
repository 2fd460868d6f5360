"""Everything together: the chat page in a real browser, the bot, the actors, retrieval and the real vLLM engine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import Browser, Locator, expect

from bench.system import System
from tests.e2e.browser import ChatPage, chromium

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.asyncio(loop_scope="module")]

ANSWER_MS = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
def chat(system: System, browser: Browser) -> ChatPage:
    return ChatPage(browser, system.page, "ada", "general")


async def answer_of(page: ChatPage, author: str, after: int) -> Locator:
    """The first message by `author` beyond the first `after` ones, once its text has settled."""
    answer = page.page.locator(f'[data-testid="message"][data-author="{author}"]').nth(after)
    await expect(answer).to_be_visible(timeout=ANSWER_MS)
    return answer


async def count_of(page: ChatPage, author: str) -> int:
    return await page.page.locator(f'[data-testid="message"][data-author="{author}"]').count()


async def test_a_mention_is_answered_by_elio_with_name_and_avatar(chat: ChatPage) -> None:
    async with chat:
        before = await count_of(chat, "Elio")
        await chat.send("@Troupe hello")
        answer = await answer_of(chat, "Elio", before)
        await expect(answer.get_by_test_id("message-content")).to_have_text(re.compile(r"\w+ \w+"))
        avatar = answer.locator(".gutter .avatar img").first
        loaded = "image => image.decode().then(() => image.naturalWidth)"
        assert await avatar.evaluate(loaded) >= 64
        assert "/embed/avatars/" not in (await avatar.get_attribute("src") or "")


async def test_a_keyword_brings_its_persona(chat: ChatPage) -> None:
    async with chat:
        before = await count_of(chat, "Glordon")
        await chat.send("I would love a potato now")
        await answer_of(chat, "Glordon", before)


FACTS = {
    "How many ambassadors does the Lantern Hall seat?": "312",
    "What color is the star Amaru?": "violet",
    "How long does a purple potato take to grow?": "40 days",
    "How many docks does the Harbor Disk have?": "48",
    "What is the capital of Hylurg?": "korrag",
}


async def test_questions_about_the_lore_are_answered_with_the_facts(chat: ChatPage) -> None:
    """The small model is not always right (its card says how often), but a passage that never arrived would leave it
    right far less often."""
    answers = {}
    async with chat:
        for question in FACTS:
            messages = chat.get("message")
            before = await messages.count()
            await chat.send(f"@Troupe {question}")
            await expect(messages).to_have_count(before + 2, timeout=ANSWER_MS)
            await chat.page.wait_for_timeout(2500)  # the last edit
            answers[question] = await messages.last.get_by_test_id("message-content").inner_text()
    right = [question for question, answer in answers.items() if FACTS[question] in answer.lower()]
    assert len(right) >= 3, answers


async def test_a_picture_is_seen_and_remembered_by_who_answers(chat: ChatPage, tmp_path: Path) -> None:
    """The small model may say anything of it; what it was told stands in memory, where its writer finds it."""
    image = Image.new("RGB", (320, 320), "white")
    ImageDraw.Draw(image).ellipse((90, 90, 230, 230), fill="red")
    image.save(tmp_path / "picture.png")
    async with chat:
        messages = chat.get("message")
        before = await messages.count()
        await chat.get("file-input").set_input_files(tmp_path / "picture.png")
        await chat.send("@Troupe what do you see?")
        await expect(messages).to_have_count(before + 2, timeout=ANSWER_MS)
        await expect(messages.last.get_by_test_id("message-content")).to_have_text(re.compile(r"\w+ \w+"))
        await chat.page.wait_for_timeout(2500)  # the text is remembered once it is whole
        await chat.composer.click()
        await chat.page.keyboard.type("/memory view", delay=15)
        await expect(chat.get("slash-picker")).to_be_visible()
        await chat.page.keyboard.press("Enter")
        await chat.page.keyboard.press("Enter")
        kept = chat.get("embed").filter(has_text="What is kept about you").last
        await expect(kept).to_contain_text(re.compile(r"\[picture: .*red circle"), timeout=ANSWER_MS)


async def test_a_slash_command_with_autocomplete_is_used_by_keyboard(chat: ChatPage) -> None:
    async with chat:
        await chat.composer.click()
        await chat.page.keyboard.type("/persona info", delay=15)
        await expect(chat.get("slash-picker")).to_be_visible()
        await chat.page.keyboard.press("Enter")
        await chat.page.keyboard.type("glor", delay=15)
        choice = chat.get("choice").filter(has_text="Glordon")
        await expect(choice).to_be_visible()
        await chat.page.keyboard.press("Tab")
        await chat.page.keyboard.press("Enter")
        await expect(chat.get("embed").filter(has_text="Glordon").last).to_be_visible(timeout=ANSWER_MS)


async def test_the_page_is_drawn_whole(chat: ChatPage, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leaves a screenshot to look at; that it shows persons, avatars and text is checked here."""
    async with chat:
        await expect(chat.get("message").last).to_be_visible()
        path = tmp_path_factory.getbasetemp() / "chat.png"
        picture = await chat.page.screenshot(path=path)
        assert len(picture) > 40_000, "a page this small is empty"
        broken = "() => [...document.images].filter(image => image.complete && !image.naturalWidth).length"
        assert await chat.page.evaluate(broken) == 0


async def test_http_api_tells_its_health_and_answers(system: System) -> None:
    health = system.health()
    assert health["status"] == "ok"
    assert {"database", "llm", "embeddings", "retrieval", "persona", "actors", "bot"} <= health["components"].keys()
    async with httpx.AsyncClient(base_url=system.api, timeout=60) as client:
        body = {"persona": "olga", "message": "How many ambassadors does the Lantern Hall seat?"}
        reply = (await client.post("/persona/reply", json=body)).json()
        assert reply["persona"] == "olga"
        assert any("312" in passage["text"] for passage in reply["passages"])
        wrong = await client.post("/persona/reply", json={"persona": "nobody", "message": "hi"})
        assert 400 <= wrong.status_code < 500
        assert "nobody" in wrong.json()["error"]["message"]
