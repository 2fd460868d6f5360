"""Who may use a command, said once: it is checked when the command is used, and shown by /help and docs/commands.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import discord
from discord import app_commands

CommandT = TypeVar("CommandT", bound=Callable[..., Awaitable[None]])

OWNER = "owner"
"""Stands for whoever runs the bot, among the names of Discord's permissions."""


def needs(*permissions: str) -> Callable[[CommandT], CommandT]:
    """Has a command refuse whoever lacks one of Discord's permissions in the channel, such as `manage_channels`, with
    MissingPermissions. In a direct message, where it is one's own, everybody may; but there is no server to manage, so
    `manage_guild` refuses with NoPrivateMessage. Stands below the decorators that make a function a command."""

    def check(interaction: discord.Interaction) -> bool:
        if interaction.guild_id is None:
            if "manage_guild" in permissions:
                raise app_commands.NoPrivateMessage
            return True
        # Discord tells the permissions with the interaction, overwrites of the channel included.
        lacking = [name for name in permissions if not getattr(interaction.permissions, name)]
        if lacking:
            raise app_commands.MissingPermissions(lacking)
        return True

    def decorate(function: CommandT) -> CommandT:
        return mark(*permissions)(app_commands.check(check)(function))

    return decorate


def guild_of(interaction: discord.Interaction) -> discord.Guild:
    """The server where a command is used. Raises NoPrivateMessage."""
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild


def manages_server(interaction: discord.Interaction) -> discord.Guild:
    """The server, if whoever uses the command manages it. Raises NoPrivateMessage, MissingPermissions."""
    guild = guild_of(interaction)
    if not interaction.permissions.manage_guild:
        raise app_commands.MissingPermissions(["manage_guild"])
    return guild


def manages_channel(interaction: discord.Interaction) -> None:
    """Raises MissingPermissions for who does not manage the channel; a direct message is one's own."""
    if interaction.guild_id is not None and not interaction.permissions.manage_channels:
        raise app_commands.MissingPermissions(["manage_channels"])


def mark(*permissions: str) -> Callable[[CommandT], CommandT]:
    """Says what a command needs without checking it, for one that checks by itself since it goes by its options."""

    def decorate(function: CommandT) -> CommandT:
        function.__needs__ = permissions  # type: ignore[attr-defined]
        return function

    return decorate


def needed(command: app_commands.Command[Any, ..., Any]) -> tuple[str, ...]:
    """What a command needs; nothing where everybody may use it."""
    found: tuple[str, ...] = getattr(command.callback, "__needs__", ())
    return found


def for_servers(command: app_commands.Command[Any, ..., Any]) -> bool:
    """Whether a command works on servers only."""
    node: app_commands.Command[Any, ..., Any] | app_commands.Group | None = command
    while node is not None:
        if node.guild_only:
            return True
        node = node.parent
    return False


def may_use(command: app_commands.Command[Any, ..., Any], interaction: discord.Interaction, *, owner: bool) -> bool:
    """Whether somebody may use a command where they are; `owner` tells whether they run the bot."""
    if interaction.guild_id is None:
        return not for_servers(command) and (owner or OWNER not in needed(command))
    names = [name for name in needed(command) if name != OWNER]
    return all(getattr(interaction.permissions, name) for name in names) and (owner or OWNER not in needed(command))
