"""!clear: the conversation of a direct message is forgotten."""

from __future__ import annotations

from actors.memory import KIND as MEMORY
from actors.memory_scopes import home
from bot.text_commands.call import Call, TextCommand


async def run(call: Call) -> None:
    """Forgets what was said here, and what was kept of it for long; tells how much that was."""
    channel, user_id = str(call.message.channel.id), str(call.message.author.id)
    actors = call.services.actors
    lines = len(await actors.call("channel", channel, "kept_about", user_id))
    # The channel first: what is on its way into long-term memory has arrived there when it answers.
    await actors.call("channel", channel, "clear")
    remembered = await actors.call(MEMORY, home(None, channel), "clear")
    key = "text-cleared" if lines or remembered else "text-nothing-to-clear"
    await call.answer(call.words(key, lines=lines, remembered=remembered))


COMMAND = TextCommand("clear", "text-usage-clear", run)
