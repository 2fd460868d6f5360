"""The pictures of a message, looked at before a persona answers it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from core.clock import remaining_s
from core.errors import TroupeError
from core.messages import Attachment, IncomingMessage
from serve_apps.results import Description

logger = logging.getLogger(__name__)

MOST_PICTURES = 4  # of one message; what more there are nobody looks at
UNSEEN = "something that cannot be made out right now"

# What is in a picture, by a deadline in epoch milliseconds. Raises TroupeError.
Look = Callable[[Attachment, int], Awaitable[Description]]


def pictures(message: IncomingMessage) -> tuple[Attachment, ...]:
    """The attachments that say that they are pictures, the first MOST_PICTURES of them."""
    found = [one for one in message.attachments if one.is_picture]
    return tuple(found[:MOST_PICTURES])


async def seen_in(message: IncomingMessage, look: Look, deadline_ms: int) -> tuple[str, ...]:
    """What each picture of the message shows and what is written in it, in order, UNSEEN for one that cannot be looked
    at by the deadline. Never raises: a picture must not cost the reply."""
    return tuple(await asyncio.gather(*(_seen(one, look, deadline_ms) for one in pictures(message))))


async def _seen(picture: Attachment, look: Look, deadline_ms: int) -> str:
    try:
        async with asyncio.timeout(remaining_s(deadline_ms)):
            return told(await look(picture, deadline_ms))
    except (TroupeError, TimeoutError) as error:
        logger.warning("[VLM] %s was not looked at: %r", picture.filename, error)
        return UNSEEN


def told(description: Description) -> str:
    """A description as a part of a sentence, so that `I see …` can stand before it."""
    text = description.text.strip().rstrip(".")
    text = text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
    written = " / ".join(description.ocr.split("\n")) if description.ocr else ""
    parts: Sequence[str] = (text, f"it says “{written}”" if written else "")
    return ", ".join(part for part in parts if part) or UNSEEN
