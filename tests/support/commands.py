"""The tree of all commands, as the bot has it, without a Discord."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from discord import app_commands

from actors.host import VirtualHost
from actors.virtual import LocalVirtualActors
from bot.client import TroupeClient
from bot.config import BotConfig
from bot.ports import Apps, ChannelIndex
from core.personas import load_pack
from tests.support.bot import PACK, Shelf, SpeakingApp

Command = app_commands.Command[Any, ..., Any]
Tree = app_commands.CommandTree[Any]


@cache
def tree() -> Tree:
    """Made once; no command of it may be run."""
    apps = Apps(persona=SpeakingApp(), retrieval=Shelf())
    actors = LocalVirtualActors(VirtualHost({}))
    client = TroupeClient(BotConfig(token="none"), actors, cast(ChannelIndex, None), load_pack(PACK), apps)
    return client.tree


def commands() -> list[Command]:
    """Every command and sub-command."""
    return [node for node in tree().walk_commands() if isinstance(node, app_commands.Command)]
