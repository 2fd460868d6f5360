"""What a text command is, and one use of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from bot.commands.services import Services
from bot.language import Words
from bot.webhooks import NOBODY


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a text command: the message, what stands behind the command, and what to work and answer with."""

    message: discord.Message
    rest: str
    services: Services
    words: Words

    async def answer(self, text: str) -> discord.Message:
        """Answer in the same place; pings nobody."""
        return await self.message.channel.send(text, allowed_mentions=NOBODY)


@dataclass(frozen=True, slots=True)
class TextCommand:
    """`run` raises TroupeError for what whoever typed it should be told. `usage` is the key of its line in the help."""

    name: str
    usage: str
    run: Callable[[Call], Awaitable[None]]
