"""What the bot answers to a command, as whoever used it sees it."""

from __future__ import annotations

from typing import Any

from local_discord import Human
from tests.support.eventually import eventually

Doc = dict[str, Any]
EPHEMERAL, LOADING = 1 << 6, 1 << 7
WITHIN_S = 3.0  # the time that Discord gives for the first answer


async def registered(human: Human, channel: str = "general") -> None:
    """Returns once the bot's commands are offered."""

    async def known() -> bool:
        return len(await human.commands(channel)) > 5

    await eventually(known)


async def answer(
    human: Human,
    channel: str,
    name: str,
    /,
    *,
    files: dict[str, bytes] | None = None,
    whole_s: float = WITHIN_S,
    **options: Any,
) -> Doc:
    """Use a command; returns the message that answers it, once there is something in it. What opens a form is
    `{"form": …}`. Raises TimeoutError where the bot does not answer in time, or has nothing to say `whole_s` later."""
    nonce = await human.slash(channel, name, files=files, **options)
    begun = await human.wait_for("INTERACTION_CREATE", lambda event: event["nonce"] == nonce)
    await human.wait_for("INTERACTION_SUCCESS", lambda event: event["nonce"] == nonce, timeout=WITHIN_S)
    if forms := human.seen("INTERACTION_MODAL_CREATE", lambda event: event["nonce"] == nonce):
        return {"form": forms[0]}

    def own(message: Doc) -> bool:
        answers = message.get("interaction_metadata", {}).get("id") == begun["id"]
        return answers and not message["flags"] & LOADING and bool(shown(message))

    found: list[Doc] = []

    async def told() -> bool:
        found.extend(human.seen("MESSAGE_UPDATE", own) or human.seen("MESSAGE_CREATE", own))
        return bool(found)

    await eventually(told, timeout_s=whole_s)
    return found[-1]


def shown(message: Doc) -> str:
    """All that can be read in an answer."""
    if "form" in message:
        return str(message["form"]["title"])
    embeds = [
        "\n".join(
            [one.get("title", ""), one.get("description", "")]
            + [f"{field['name']}\n{field['value']}" for field in one.get("fields", [])]
            + [one.get("footer", {}).get("text", "")]
        )
        for one in message["embeds"]
    ]
    return "\n".join(filter(None, [message["content"], *embeds, *(one["filename"] for one in message["attachments"])]))
