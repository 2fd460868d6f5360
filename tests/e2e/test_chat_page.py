"""The chat page in a real browser, on a real local server, with a real discord.py bot."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from local_discord import Human, LocalDiscord, Timing
from tests.e2e.browser import ChatPage, chromium
from tests.e2e.stage_bot import StageBot, stage_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Stage:
    """A server with its bot, a browser, and a second person who acts without one."""

    server: LocalDiscord
    bot: StageBot
    browser: Browser
    bruno: Human

    def open(self, channel: str = "general", user: str = "ada", **size: int) -> ChatPage:
        return ChatPage(self.browser, self.server.url, user, channel, **size)

    async def fault(self, **body: Any) -> None:
        async with aiohttp.ClientSession() as http, http.post(f"{self.server.url}/local/faults", json=body) as answer:
            assert answer.status in (200, 204)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with (
        chromium() as browser,
        LocalDiscord(tmp_path_factory.mktemp("discord"), timing=Timing(interaction_s=1.5)) as server,
        stage_bot(server.seed) as bot,
        await Human.connect(server.seed, "bruno") as bruno,
    ):
        yield Stage(server, bot, browser, bruno)


async def test_page_shows_the_guild_and_sends_a_message(stage: Stage) -> None:
    async with stage.open() as chat:
        await expect(chat.page.locator(".guild-title h2")).to_have_text("The Lobby")
        await expect(chat.get("member-list")).to_contain_text("Troupe")
        await expect(chat.page).to_have_title(re.compile("#general · The Lobby"))
        await chat.send("Hello **everyone**, meet @Troupe in #games :tada:")
        message = chat.message("Hello everyone, meet")
        await expect(message).to_have_count(1)
        await expect(message.locator("strong")).to_have_text("everyone")
        await expect(message.locator(".mention")).to_have_text(["@Troupe", "#games"])
        await expect(message).to_contain_text("🎉")
        await expect(chat.get("pending")).to_have_count(0)
    heard = await stage.bruno.wait_for("MESSAGE_CREATE", lambda m: "meet" in m["content"])
    assert heard["content"].startswith("Hello **everyone**, meet <@")
    assert [user["username"] for user in heard["mentions"]] == ["Troupe"]


async def test_messages_of_others_arrive_change_and_go_live(stage: Stage) -> None:
    async with stage.open() as chat:
        sent = await stage.bruno.send("general", "first draft")
        await expect(chat.message("first draft")).to_be_visible()
        path = f"/channels/{sent['channel_id']}/messages/{sent['id']}"
        await stage.bruno.request("PATCH", path, {"content": "second *draft*"})
        await expect(chat.message("second draft")).to_contain_text("(edited)")
        await expect(chat.message("first draft")).to_have_count(0)
        await stage.bruno.request("DELETE", path)
        await expect(chat.message("second draft")).to_have_count(0)


async def test_a_persona_speaks_by_webhook_and_streams(stage: Stage) -> None:
    async with stage.open("lore-talk") as chat:
        message = await stage.bot.speak(stage.bot.channel("lore-talk"), "Elio", "Once")
        row = chat.message("Once")
        await expect(row).to_have_attribute("data-author", "Elio")
        await expect(row.locator(".tag")).to_have_text("APP")
        for text in ("Once upon", "Once upon a time"):
            await message.edit(content=text)
            await expect(chat.message(text)).to_have_count(1)
        await expect(chat.get("voice-Elio")).to_be_visible()


async def test_own_messages_are_edited_with_arrow_up_and_deleted(stage: Stage) -> None:
    async with stage.open() as chat:
        await expect(await chat.send("teh play")).to_be_visible()
        await chat.composer.press("ArrowUp")
        await chat.get("edit-box").fill("the play")
        await chat.get("edit-box").press("Enter")
        message = chat.message("the play")
        await expect(message).to_contain_text("(edited)")
        await chat.act(message, "trash")
        await chat.page.get_by_role("button", name="Delete", exact=True).last.click()
        await expect(message).to_have_count(0)


async def test_a_reply_quotes_and_jumps(stage: Stage) -> None:
    async with stage.open("games") as chat:
        await stage.bruno.send("games", "Which moon has two suns?")
        await chat.act(chat.message("Which moon"), "reply")
        await chat.send("The one in act two")
        quote = chat.message("The one in act two").get_by_test_id("reply-preview")
        await expect(quote).to_have_text("Which moon has two suns?")
        await quote.click()
        await expect(chat.page.locator(".message.flash")).to_contain_text("Which moon")


async def test_an_app_has_commands_for_messages(stage: Stage) -> None:
    async with stage.open("games") as chat:
        await stage.bruno.send("games", "All the world is a stage")
        await chat.act(chat.message("All the world"), "more")
        await chat.get("app-menu-item").click()
        answer = chat.message("Applause for")
        await expect(answer).to_contain_text("All the world is a stage")
        await expect(answer.locator(".command-name")).to_have_text("Applaud this")


async def test_reactions_are_toggled_and_counted(stage: Stage) -> None:
    async with stage.open("games") as chat:
        sent = await stage.bruno.send("games", "react to this")
        message = chat.message("react to this")
        await chat.act(message, "react")
        await chat.page.get_by_placeholder("Find an emoji").fill("rocket")
        await chat.page.keyboard.press("Enter")
        reaction = message.get_by_test_id("reaction")
        await expect(reaction).to_have_text("🚀1")
        await expect(reaction).to_have_attribute("aria-pressed", "true")
        path = f"/channels/{sent['channel_id']}/messages/{sent['id']}/reactions/%F0%9F%9A%80/@me"
        await stage.bruno.request("PUT", path)
        await expect(reaction).to_have_text("🚀2")
        await reaction.click()
        await expect(reaction).to_have_text("🚀1")
        await expect(reaction).to_have_attribute("aria-pressed", "false")


async def test_a_slash_command_by_keyboard_alone(stage: Stage) -> None:
    async with stage.open("bot-testing") as chat:
        keyboard = chat.page.keyboard
        await chat.composer.press_sequentially("/cast")
        await expect(chat.get("slash-picker")).to_contain_text("Ask one of the cast a question")
        await keyboard.press("Enter")
        await expect(chat.get("slash-option-persona")).to_be_focused()
        await expect(chat.get("choice")).to_have_count(4)
        await keyboard.type("gri")
        await expect(chat.get("choice")).to_have_text(["Lord Grigon"])
        await keyboard.press("Tab")
        await expect(chat.get("slash-option-question")).to_be_focused()
        await keyboard.press("Enter")
        await expect(chat.get("slash-problem")).to_have_text("question: this option is required.")
        await keyboard.type("Who rules the Hylurg?")
        await keyboard.press("Tab")
        await keyboard.press("Tab")
        await expect(chat.get("slash-option-loud")).to_be_focused()
        await keyboard.press("Enter")
        await keyboard.press("Enter")
        answer = chat.message("LORD GRIGON PONDERS: WHO RULES THE HYLURG?")
        await expect(answer).to_be_visible()
        await expect(answer.locator(".context")).to_contain_text("Ada used /cast ask")
        await expect(chat.composer).to_be_focused()


async def test_a_whole_command_can_be_typed_or_pasted(stage: Stage) -> None:
    async with stage.open("bot-testing") as chat:
        await chat.composer.fill("/cast ask persona:Olga question:where is the moon base?")
        await expect(chat.get("slash-option-question")).to_have_value("where is the moon base?")
        await chat.get("slash-option-question").press("Enter")
        await expect(chat.message("Olga ponders: where is the moon base?")).to_be_visible()


async def test_numbers_and_choices_are_checked_and_the_answer_is_private(stage: Stage) -> None:
    async with stage.open("bot-testing") as chat:
        await chat.composer.fill("/roll die:twenty times:9")
        await chat.get("slash-option-times").press("Enter")
        await expect(chat.get("slash-problem")).to_have_text("times: at most 5.")
        await chat.get("slash-option-times").fill("3")
        await chat.get("slash-option-times").press("Enter")
        answer = chat.message("3 × d20")
        await expect(answer).to_contain_text("Only you can see this")
        await answer.get_by_role("button", name="Dismiss").click()
        await expect(answer).to_have_count(0)


async def test_thinking_is_shown_until_the_answer_comes_and_silence_is_named(stage: Stage) -> None:
    async with stage.open("bot-testing") as chat:
        await chat.send("/slow")
        await chat.page.keyboard.press("Enter")
        await expect(chat.get("thinking")).to_be_visible()
        await expect(chat.message("Good things take time.")).to_be_visible()
        await expect(chat.get("thinking")).to_have_count(0)
        await chat.send("/silent")
        await chat.page.keyboard.press("Enter")
        await expect(chat.get("pending")).to_contain_text("The application did not respond")


async def test_buttons_selects_modals_and_embeds(stage: Stage) -> None:
    async with stage.open("bot-testing") as chat:
        await chat.composer.fill("/panel ")
        await chat.page.keyboard.press("Enter")
        panel = chat.message("Applause")
        embed = panel.get_by_test_id("embed")
        await expect(embed).to_contain_text("Tonight's play")
        await expect(embed.locator("strong")).to_have_text("three")
        await expect(embed.locator(".field")).to_have_text(["ActOne", "Seats112"])
        applaud, write, never = (panel.get_by_role("button", name=name) for name in ("Applaud", "Write", "Never"))
        await applaud.click()
        await expect(panel).to_contain_text("Applause: 1")
        await expect(never).to_be_disabled()

        await panel.get_by_test_id("component-select").click()
        for name in ("Olga", "Elio"):
            await chat.get("select-option").filter(has_text=f"{name} enters").click()
        await chat.page.get_by_role("button", name="Apply").click()
        await expect(chat.message("On stage: ")).to_contain_text(re.compile("Olga, Elio|Elio, Olga"))

        await write.click()
        modal = chat.get("modal")
        await expect(modal).to_contain_text("A letter to the cast")
        await modal.get_by_label("To").fill("G")
        await modal.get_by_role("button", name="Submit").click()
        await expect(modal).to_contain_text("At least 2 characters.")
        await modal.get_by_label("To").fill("Glordon")
        await modal.get_by_label("Text").fill("Keep the potato.")
        await modal.get_by_role("button", name="Submit").click()
        await expect(modal).to_have_count(0)
        await expect(chat.message("Letter to Glordon: Keep the potato.")).to_be_visible()


HOSTILE = (
    "<img src=x onerror=\"window.hurt='tag'\"><script>window.hurt='script'</script>",
    "[click](javascript:window.hurt='link') <javascript:alert(1)> [a](data:text/html,x) [b](https://ok.example/a)",
    "```html\n<svg onload=\"window.hurt='code'\">\n``` ||<b>spoiler</b>|| `<i>`",
    "<a:x:1\"onerror=window.hurt='emoji'> <t:99999999999999999:F> <@9><script> **" + "*a" * 300,
)


async def test_hostile_text_stays_text(stage: Stage) -> None:
    async with stage.open("lore-talk") as chat:
        channel = stage.bot.channel("lore-talk")
        for text in HOSTILE:
            await stage.bruno.send("lore-talk", text)
        embed = discord.Embed(title=HOSTILE[0], description=HOSTILE[1], url="https://example.org/")
        embed.add_field(name=HOSTILE[0], value=HOSTILE[2]).set_footer(text=HOSTILE[0]).set_author(name=HOSTILE[0])
        await stage.bot.speak(channel, "<img src=x onerror=window.hurt=1>", "the end", embed=embed)
        last = chat.message("the end")
        await expect(last).to_be_visible()
        await expect(last).to_have_attribute("data-author", "<img src=x onerror=window.hurt=1>")
        await last.hover()
        for spoiler in await chat.page.locator(".spoiler").all():
            await spoiler.click()
        assert await chat.page.evaluate("window.hurt") is None
        assert await chat.page.locator("#messages script, #messages svg[onload], #messages [onerror]").count() == 0
        targets = await chat.page.locator("#messages a").evaluate_all("links => links.map(a => [a.protocol, a.rel])")
        assert targets
        assert all(protocol in ("http:", "https:") and "noopener" in rel for protocol, rel in targets)


async def test_a_dropped_connection_loses_and_doubles_nothing(stage: Stage) -> None:
    async with stage.open() as chat:
        await expect(await chat.send("before the storm")).to_be_visible()
        ada = next(user["id"] for user in stage.server.seed["users"] if user["username"] == "ada")
        for fault in ({"fault": "drop_sockets"}, {"fault": "invalid_session"}, {"fault": "reconnect"}):
            await stage.fault(**fault, user_id=ada)
            label = f"storm {fault['fault']}"
            for number in range(5):
                await stage.bruno.send("general", f"{label} {number}.")
            await expect(chat.message(f"{label} 4.")).to_be_visible()
            await expect(chat.get("connection")).to_be_hidden()
            said = [text for text in await chat.texts() if text.startswith(label)]
            assert said == [f"{label} {number}." for number in range(5)]
        await expect(await chat.send("after the storm")).to_have_count(1)


async def test_a_message_that_fails_is_kept_and_sent_again_once(stage: Stage) -> None:
    async with stage.open() as chat:
        await stage.fault(fault="error", route="POST /channels/.*/messages", count=1, status=503)
        await chat.send("unlucky message")
        pending = chat.get("pending")
        await expect(pending).to_contain_text("unlucky message")
        await chat.page.reload()
        await expect(pending).to_contain_text("unlucky message")
        await pending.get_by_test_id("retry").click()
        await expect(chat.message("unlucky message")).to_have_count(1)
        await expect(pending).to_have_count(0)


async def test_history_loads_upward_and_keeps_the_place(stage: Stage) -> None:
    channel = stage.bot.channel("games")
    for number in range(120):
        await stage.bruno.send("games", f"line {number:03}")
    async with stage.open("games") as chat:
        await expect(chat.message("line 119")).to_be_visible()
        await expect(chat.message("line 005")).to_have_count(0)
        scroller = chat.get("message-list")
        for _ in range(40):
            if await chat.message("line 005").count():
                break
            await scroller.evaluate("node => { node.scrollTop = 300; }")
            await chat.page.wait_for_timeout(50)
        await expect(chat.message("line 005")).to_have_count(1)
        lines = [text for text in await chat.texts() if re.fullmatch(r"line \d{3}", text)]
        assert lines == sorted(set(lines))
        top = await scroller.evaluate("node => node.scrollTop")
        await channel.send("news from below")
        await expect(chat.get("jump")).to_contain_text("1 new message")
        assert await scroller.evaluate("node => node.scrollTop") == top
        await chat.get("jump").click()
        await expect(chat.message("news from below")).to_be_in_viewport()


async def test_two_windows_are_two_users_with_typing_unread_and_direct_messages(stage: Stage) -> None:
    async with stage.open("general", "ada") as ada, stage.open("general", "chiyo") as chiyo:
        await ada.composer.press_sequentially("hm")
        await expect(chiyo.get("typing")).to_contain_text("Ada is typing…")
        await ada.send("done @Chiyo")
        await expect(chiyo.get("typing")).to_have_text("")
        await expect(chiyo.message("done @Chiyo").last).to_have_class(re.compile("mentions-me"))
        await chiyo.open_channel("games")
        await ada.send("are you there @Chiyo ?")
        await expect(chiyo.get("channel-general").locator(".badge")).to_have_text("1")
        await chiyo.open_channel("general")
        await expect(chiyo.page.locator(".first-unread")).to_contain_text("are you there")
        await expect(chiyo.get("channel-general").locator(".badge")).to_have_count(0)
        await ada.get("member-chiyo").click()
        await ada.get("open-dm").click()
        await expect(ada.page.locator("h1")).to_have_text("Chiyo")
        await ada.send("a secret")
        await chiyo.get("channel-Ada").click()
        await expect(chiyo.message("a secret")).to_be_visible()


async def test_switching_users_keeps_drafts_apart(stage: Stage) -> None:
    async with stage.open("general", "ada") as chat:
        await chat.composer.fill("ada's unfinished thought")
        await chat.get("user-switcher").click()
        await chat.get("user-bruno").click()
        await expect(chat.get("user-switcher")).to_contain_text("Bruno")
        await expect(chat.composer).to_have_value("")
        await expect(await chat.send("bruno was here")).to_have_attribute("data-author", "bruno")
        await chat.get("user-switcher").click()
        await chat.get("user-ada").click()
        await expect(chat.composer).to_have_value("ada's unfinished thought")


async def test_files_are_uploaded_and_shown(stage: Stage, tmp_path: Path) -> None:
    note = tmp_path / "script.txt"
    note.write_text("Act one.")
    async with stage.open() as chat:
        await chat.get("file-input").set_input_files(note)
        await expect(chat.get("upload")).to_contain_text("script.txt")
        await chat.send("the script")
        await expect(chat.message("the script").get_by_test_id("file")).to_contain_text("script.txt")
        await expect(chat.get("upload")).to_have_count(0)


async def test_without_permission_the_composer_says_why(stage: Stage) -> None:
    guild_id = stage.server.seed["guild_id"]
    quiet = {"id": guild_id, "type": 0, "allow": "0", "deny": str(discord.Permissions(send_messages=True).value)}
    async with await Human.connect(stage.server.seed, "ada") as owner, stage.open("general", "chiyo") as chat:
        body = {"name": "read-only", "type": 0, "permission_overwrites": [quiet]}
        await owner.request("POST", f"/guilds/{guild_id}/channels", body)
        await chat.open_channel("read-only")
        await expect(chat.composer).to_be_disabled()
        await expect(chat.composer).to_have_attribute("placeholder", re.compile("do not have permission"))


async def test_on_a_phone_the_columns_are_drawers(stage: Stage) -> None:
    async with stage.open(width=390, height=844) as chat:
        await expect(chat.get("channel-games")).not_to_be_visible()
        await chat.get("open-channels").click()
        await chat.get("channel-games").click()
        await expect(chat.page.locator("h1")).to_have_text("games")
        await expect(chat.get("channel-games")).not_to_be_visible()
        await chat.get("toggle-members").click()
        await expect(chat.get("member-troupe").or_(chat.get("member-Troupe"))).to_be_visible()
        wide = await chat.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide
