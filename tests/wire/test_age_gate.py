"""Channels for adults only, as Discord tells of them: what the persona app gets to know."""

from __future__ import annotations

import pytest

from local_discord import Human
from tests.support.bot import Stage
from tests.support.eventually import eventually


async def test_a_channel_for_adults_and_its_threads_are_told_from_others(stage: Stage, ada: Human) -> None:
    channel = ada.channel_id("general")
    async with stage.gateway():
        question = await ada.send("general", f"<@{ada.bot_id}> before")
        await stage.closed(question)
        await ada.request("PATCH", f"/channels/{channel}", {"nsfw": True})
        question = await ada.send("general", f"<@{ada.bot_id}> within")
        await stage.closed(question)
        await ada.slash("general", "persona ask", question="asked")
        thread = await ada.request("POST", f"/channels/{channel}/threads", {"name": "aside", "type": 11})
        question = await ada.send(thread["id"], f"<@{ada.bot_id}> thread")
        await stage.closed(question)
        await ada.dm(ada.bot_id, "private")

        async def all_heard() -> bool:
            return len(stage.app.requests) == 5

        await eventually(all_heard)
    heard = {request.message.content: request.message.age_gated for request in stage.app.requests}
    assert heard == {"before": False, "within": True, "asked": True, "thread": True, "private": False}


@pytest.mark.parametrize("channel", [None, object()])
def test_what_cannot_be_told_is_for_everybody(channel: object) -> None:
    from bot.convert import age_gated

    assert age_gated(channel) is False
