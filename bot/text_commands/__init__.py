"""The text commands: `!clear` and its like, in direct messages, and those of the owners, anywhere. A new one is a
TextCommand in a file beside this one, with an entry in COMMANDS."""

from __future__ import annotations

import logging
import re

import discord

from bot.commands.services import Services
from bot.errors import told
from bot.language import Words, words
from bot.text_commands import clear, owners, persona, play, status
from bot.text_commands.call import Call, TextCommand

log = logging.getLogger(__name__)

_CALL = re.compile(r"^!(?P<name>[a-z]+)(?:\s+(?P<rest>.*))?$", re.IGNORECASE | re.DOTALL)


async def _help(call: Call) -> None:
    await call.answer(f"{call.words('text-help')}\n{_usage(call.words)}")


COMMANDS: tuple[TextCommand, ...] = (
    persona.COMMAND,
    clear.COMMAND,
    status.COMMAND,
    play.GAME,
    play.STORY,
    TextCommand("help", "text-usage-help", _help),
)


# For owners alone, anywhere; whoever else writes one says something to the cast.
OWNERS: tuple[TextCommand, ...] = (
    TextCommand("stats", "owners-stats-usage", owners.stats),
    TextCommand("reload", "owners-reload-usage", owners.reload),
    TextCommand("clearstm", "owners-clearstm-usage", owners.clearstm),
    TextCommand("train", "owners-train-usage", owners.train),
)


async def take(message: discord.Message, services: Services) -> bool:
    """Run the text command that `message` is; False where it is none, so that a persona may answer it."""
    match = _CALL.match(message.content.strip())
    if match is None:
        return False
    name = match["name"].lower()
    command = next((one for one in OWNERS if one.name == name), None)
    if command is not None and not await services.access.is_owner(message.author):
        return False
    if command is None and (message.guild is not None or not COMMANDS):
        return False
    command = command or next((one for one in COMMANDS if one.name == name), None)
    call = Call(message, (match["rest"] or "").strip(), services, words(services.locales.of(message.author.id)))
    try:
        if command is None:
            await call.answer(f"{call.words('text-unknown', name=match['name'])}\n{_usage(call.words)}")
        else:
            await command.run(call)
    except Exception as error:
        try:
            await call.answer(told(error, call.words, f"!{match['name']}"))
        except discord.HTTPException as refused:
            log.warning("[COMMAND] could not report an error: %s", refused)
    return True


def _usage(words: Words) -> str:
    return "\n".join(f"- {words(command.usage)}" for command in COMMANDS)
