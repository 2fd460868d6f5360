"""A conversation over the wire, from the message a person writes to what everybody sees."""

from __future__ import annotations

from local_discord import Human
from tests.support.bot import Stage


def by_webhook(message: dict[str, object]) -> bool:
    return bool(message.get("webhook_id"))


async def test_a_mention_is_answered_by_the_persona(stage: Stage, ada: Human) -> None:
    async with stage.gateway():
        await ada.send("general", f"<@{ada.bot_id}> hello")
        answer = await ada.wait_for("MESSAGE_CREATE", by_webhook)
    assert answer["author"]["username"] == "Elio"
    assert answer["author"]["avatar"]
    assert answer["content"] == "elio hears hello."
