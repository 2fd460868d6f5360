"""!status: how the cast is, who answers here, and what it knows of whoever asks."""

from __future__ import annotations

import asyncio
import logging

from bot.language import Words
from bot.text_commands.call import Call, TextCommand
from core.errors import TroupeError

log = logging.getLogger(__name__)

_WITHIN_S = 3.0
_SHOWN = ("llm", "embeddings", "retrieval", "vlm")


async def run(call: Call) -> None:
    """A line each; what cannot be found out just now is said to be unknown."""
    services, words = call.services, call.words
    channel, user_id = str(call.message.channel.id), str(call.message.author.id)
    persona_id = await services.actors.call("channel", channel, "persona", None)
    kept = await services.people.kept(user_id)
    remembered = await services.people.is_remembered(user_id, None)
    here = sum(one.channel_id == channel and one.kind in ("line", "reply") for one in kept)
    for_long = sum(one.kind == "memory" for one in kept)
    lines = [
        words("text-status-persona", name=services.voices.face(persona_id).name),
        await _models(call),
        words("text-status-memory-on" if remembered else "text-status-memory-off", here=here, long=for_long),
        words("text-status-kept", count=len(kept)),
    ]
    await call.answer("\n".join(lines))


async def _models(call: Call) -> str:
    words, models = call.words, call.services.apps.models
    try:
        async with asyncio.timeout(_WITHIN_S):
            states = await models.states() if models else {}
    except (TroupeError, TimeoutError) as error:
        log.warning("[COMMAND] the models' states are not known: %r", error)
        states = {}
    if not states:
        return words("text-status-unknown")
    shown = ", ".join(_state(words, name, states[name][0]) for name in _SHOWN if name in states)
    return words("text-status-models", states=shown)


def _state(words: Words, component: str, state: str) -> str:
    name = words.find(f"component-{component}", component)
    shown = words.find(f"text-state-{state}", state)
    return f"{name}: {shown}"


COMMAND = TextCommand("status", "text-usage-status", run)
