"""Messages of one author that are answered together, because the further ones came before anything was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actors.routing import Decision
from core.messages import IncomingMessage

CONTINUES_S = 6.0  # within which a line that is addressed to nobody goes on with the one before it
MOST_PARTS = 8  # what one answer can take in; a further message gets one of its own


def joined(parts: Sequence[IncomingMessage], turn_id: str | None = None) -> IncomingMessage:
    """The messages as one: the newest, with the lines of all. `turn_id` is its id where the newest is gone."""
    newest = parts[-1]
    return replace(
        newest,
        id=turn_id or newest.id,
        content="\n".join(part.content for part in parts if part.content),
        attachments=tuple(attachment for part in parts for attachment in part.attachments),
        mentions_bot=any(part.mentions_bot for part in parts),
        reply_to=next((part.reply_to for part in reversed(parts) if part.reply_to), None),
    )


def joins(
    message: IncomingMessage,
    decision: Decision,
    parts: Sequence[IncomingMessage],
    persona_id: str,
    *,
    to_cast: bool = False,
) -> bool:
    """Whether `message`, on which was decided so, belongs to the answer to `parts` that `persona_id` has not sent yet.

    It does where the same author addresses the same persona with it, or goes on within CONTINUES_S without turning to
    somebody else. What is for another persona is that one's to answer. `to_cast` says that it replies to one of us.
    """
    last = parts[-1]
    # What was missed is caught up on newest first: an older message does not go on with a newer one.
    newer = int(message.id) > int(last.id)
    if message.author.id != last.author.id or not newer or len(parts) >= MOST_PARTS:
        return False
    if decision.speak:
        return decision.persona_id == persona_id
    if decision.reason == "mention_cooldown":
        return True
    known = {part.id for part in parts}
    elsewhere = message.reply_to is not None and message.reply_to not in known and not to_cast
    apart_ms = message.created_ms - last.created_ms
    return apart_ms <= CONTINUES_S * 1000 and not elsewhere and not message.content.startswith("@")
