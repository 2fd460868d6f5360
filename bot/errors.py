"""The one error handler of all commands: whoever used one is always told what to do next, in their language."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable

import aiohttp
import discord
from discord import app_commands

from bot.language import Words, words
from core.errors import ConfigError, DeadlineExceeded, Overloaded, RequestError, StaleRevision, Unavailable

log = logging.getLogger(__name__)

_UNKNOWN_INTERACTION = 10062


async def answer_error(interaction: discord.Interaction, error: Exception) -> None:
    """Answer a failed command, button, select or modal, only for the person who used it."""
    name = f"/{interaction.command.qualified_name}" if interaction.command else "a button, select or modal"
    text = told(error, words(interaction.locale), name)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except discord.HTTPException as gone:
        # After 3 seconds without an answer, or 15 minutes with one, nobody can be told any more.
        log.warning("[COMMAND] could not report an error: %s", gone)


def told(error: BaseException, words: Words, name: str) -> str:
    """What whoever used `name` is to be told. A defect is logged, under an id that they are given to name."""
    text = explain(error, words)
    if text is None:
        incident = secrets.token_hex(3)
        log.error("[COMMAND] %s failed (incident %s)", name, incident, exc_info=error)
        text = words("error-defect", incident=incident)
    return text


def explain(error: BaseException, words: Words) -> str | None:
    """What happened and what to do, in a sentence or two; None for a defect of ours."""
    match error:
        case app_commands.CommandInvokeError():
            return explain(error.original, words)
        case app_commands.MissingPermissions():
            return words("error-missing-permission", permissions=permissions(error.missing_permissions, words))
        case app_commands.BotMissingPermissions():
            return words("error-bot-lacks", permissions=permissions(error.missing_permissions, words))
        case app_commands.NoPrivateMessage():
            return words("error-server-only")
        case app_commands.CommandOnCooldown():
            return words("error-cooldown", seconds=_whole(error.retry_after))
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return words("error-changed")
        case app_commands.TransformerError():
            return words("error-option", value=discord.utils.escape_markdown(str(error.value))[:100])
        case app_commands.CheckFailure():
            return words("error-not-here")
        case Overloaded():
            return words("error-busy", seconds=_whole(error.retry_after_s))
        case DeadlineExceeded() | TimeoutError():
            return words("error-too-long")
        case Unavailable():
            component = words.find(f"component-{error.component}", error.component.capitalize())
            return words("error-away", component=component)
        case RequestError():
            return words.render(error.message)
        case ConfigError():
            return words("error-operator", setting=error.field)
        case StaleRevision():
            return words("error-stale")
        case discord.HTTPException():
            return _explain_discord(error, words)
        case discord.RateLimited():
            return words("error-cooldown", seconds=_whole(error.retry_after))
        case aiohttp.ClientConnectionError():
            return words("error-discord-down")
        case _:
            return None


def permissions(names: Iterable[str], words: Words) -> str:
    """Permissions as Discord calls them in that language."""
    return ", ".join(words.find(f"permission-{name}", name.replace("_", " ").title()) for name in names)


def _explain_discord(error: discord.HTTPException, words: Words) -> str | None:
    if isinstance(error, discord.Forbidden):
        return words("error-forbidden")
    if isinstance(error, discord.NotFound):
        return words("error-too-late" if error.code == _UNKNOWN_INTERACTION else "error-gone")
    if error.status == 429:
        return words("error-rate-limited")
    return words("error-discord-down") if error.status >= 500 else None


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
