"""All twelve jobs post into one channel; the page with what they left is kept as pictures to be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.documents import DatabaseHandle
from core.personas import load_pack
from local_discord import Human, LocalDiscord
from tests.e2e.browser import ChatPage, chromium
from tests.support.bot import PACK, Stage
from tests.support.jobs import JOBS, Backstage, LoreShelf
from tests.wire.test_jobs import DAY_MS, talk

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_twelve_on_one_page(tmp_path: Path, database: DatabaseHandle, language: str) -> None:
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    async with chromium() as browser, LocalDiscord(tmp_path / "discord") as server:
        stage = Stage(server, load_pack(PACK), database)
        stage.app.fallback, stage.shelf = True, LoreShelf(stage)
        seed, address = server.seed, server.api_url.removesuffix("/api/v10")
        actors = stage.actors()
        async with (
            stage.gateway(actors) as gateway,
            await Human.connect(seed, "ada") as ada,
            await Human.connect(seed, "bruno") as bruno,
            await Human.connect(seed, "chiyo") as chiyo,
            ChatPage(browser, address, "ada", "lore-talk", width=1100, height=1400) as chat,
        ):
            behind = Backstage(stage, gateway, actors, seed["guild_id"])
            if language == "de":
                await ada.request("PATCH", f"/guilds/{seed['guild_id']}", {"preferred_locale": "de"})
            await talk(stage, {"ada": ada, "bruno": bruno, "chiyo": chiyo})
            # The channel's own talk, for its summary.
            for number in range(4):
                await ada.send("lore-talk", f"Has anybody seen the lantern hall lately? Question {number}")
                await bruno.send("lore-talk", f"The lantern hall hums louder since answer {number}")
            here = ada.channel_id("lore-talk")
            order = [name for name in JOBS if name != "scenario_reveal"]
            for number, name in enumerate([*order, "scenario_reveal"]):
                behind.ahead_ms += 30 * DAY_MS if name == "scenario_reveal" else 0
                posted = await behind.run(name, here)
                first, _ = posted[0]
                title = first.card.title if first.card else first.text
                if title and name != "mini_game":
                    await expect(chat.page.get_by_text(title.splitlines()[0][:40]).last).to_be_visible()
                await chat.page.wait_for_load_state("networkidle")
                picture = await chat.page.screenshot(path=folder / f"job-{language}-{number + 1:02d}-{name}.png")
                assert len(picture) > 20_000
