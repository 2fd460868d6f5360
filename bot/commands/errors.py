"""The one error handler of all commands: whoever used one is always told what to do next."""

from __future__ import annotations

import logging

import discord
from discord import app_commands

from core.errors import DeadlineExceeded, Overloaded, RequestError, TroupeError, Unavailable

log = logging.getLogger(__name__)


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Answer a failed command, only for the person who used it."""
    text = explain(error)
    if text is None:
        name = interaction.command.qualified_name if interaction.command else "?"
        log.error("[COMMAND] /%s failed", name, exc_info=error)
        text = "Something went wrong on my side. It is in the log; please try again in a moment."
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except discord.HTTPException as gone:
        # After 3 seconds without an answer, or 15 minutes with one, nobody can be told any more.
        log.warning("[COMMAND] could not report an error: %s", gone)


def explain(error: BaseException) -> str | None:
    """What happened and what to do, in a sentence or two; None for a defect of ours."""
    match error:
        case app_commands.CommandInvokeError():
            return explain(error.original)
        case app_commands.MissingPermissions():
            needed = ", ".join(name.replace("_", " ").title() for name in error.missing_permissions)
            return f"You need the permission {needed} for this. Ask someone who runs this server."
        case app_commands.NoPrivateMessage():
            return "This works on a server only. Use it in one of its channels."
        case app_commands.CommandOnCooldown():
            return f"Not so fast. Try again in {error.retry_after:.0f} seconds."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return "This command has just changed. Restart Discord or try again in a minute."
        case app_commands.CheckFailure():
            return "You may not use this command here."
        case Overloaded():
            return f"Too many people are asking at once. Try again in {max(1, round(error.retry_after_s))} seconds."
        case DeadlineExceeded():
            return "That took too long. Try again, or ask for less at once."
        case Unavailable():
            return f"{error.component.capitalize()} is not answering just now. Try again in a minute."
        case RequestError():
            return error.message
        case TroupeError():
            return None
        case discord.Forbidden():
            return "Discord does not let me do that here. Ask someone who runs this server to check my permissions."
        case _:
            return None
