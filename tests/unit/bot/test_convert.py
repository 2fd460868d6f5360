"""Whether everybody on a server can read a channel, from Discord's own permission rules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import discord
import pytest

from bot.convert import is_public

READ = discord.Permissions(view_channel=True, read_message_history=True)
NONE = discord.Permissions.none()


def message_in(kind: str, everyone: discord.Permissions, denied: discord.Permissions) -> Any:
    """A message in such a channel of a real guild, where `everyone` may do that and the channel denies some of it."""
    role = {"id": "600", "name": "@everyone", "permissions": str(everyone.value), "position": 0}
    overwrite = {"id": "600", "type": 0, "allow": "0", "deny": str(denied.value)}
    channel = {"id": "500", "type": 0, "name": "general", "position": 0, "permission_overwrites": [overwrite]}
    lost = kind == "lost thread"
    private = kind == "private thread"
    thread = {
        "id": "501",
        "guild_id": "600",
        "parent_id": "500",
        "type": 12 if private else 11,
        "name": "thread",
        "owner_id": "7",
        "message_count": 0,
        "member_count": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }
    data: Any = {
        "id": "600",
        "name": "guild",
        "owner_id": "1",
        "roles": [role],
        "channels": [] if lost else [channel],
        "threads": [thread],
    }
    guild = discord.Guild(data=data, state=MagicMock(_intents=discord.Intents.none()))
    if kind == "dm":
        return SimpleNamespace(channel=object.__new__(discord.DMChannel), guild=None)
    return SimpleNamespace(channel=guild.get_channel(500) if kind == "text" else guild.get_thread(501), guild=guild)


@pytest.mark.parametrize(
    ("kind", "everyone", "denied", "public"),
    [
        ("text", READ, NONE, True),
        ("text", READ, discord.Permissions(view_channel=True), False),
        ("text", READ, discord.Permissions(read_message_history=True), False),
        ("text", NONE, NONE, False),
        ("thread", READ, NONE, True),
        ("thread", READ, discord.Permissions(view_channel=True), False),
        ("private thread", READ, NONE, False),
        ("lost thread", READ, NONE, False),
        ("dm", READ, NONE, False),
    ],
)
def test_a_channel_is_public_where_everybody_can_read_it(
    kind: str, everyone: discord.Permissions, denied: discord.Permissions, public: bool
) -> None:
    assert is_public(message_in(kind, everyone, denied)) is public
