"""Every button, list and form asks the gatekeeper, but for those that answer a question about one's own rights."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

import discord

import bot
from bot.commands.confirm import Confirm
from bot.gate import Gated

_PRIVATE = {Confirm.__name__, "_Shelf"}  # whoever may use the command has been asked already; only they see it


def subclasses(kind: Any) -> set[Any]:
    found = set(kind.__subclasses__())
    return found.union(*(subclasses(one) for one in found))


async def test_whoever_is_blocked_presses_in_vain() -> None:
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        import_module(module.name)
    kinds = subclasses(discord.ui.View) | subclasses(discord.ui.Modal) | subclasses(discord.ui.DynamicItem)
    ours = {kind for kind in kinds if kind.__module__.startswith("bot.")}
    assert {"ReplyButton", "GameButton", "DropButton", "PageButton"} <= {kind.__name__ for kind in ours}
    open_to_all = {kind.__name__ for kind in ours if not issubclass(kind, Gated)}
    assert open_to_all == _PRIVATE

    async def refuse(interaction: object, feature: str | None) -> bool:
        return False

    press = cast(Any, SimpleNamespace(client=SimpleNamespace(admit=refuse), user=SimpleNamespace(id=1)))
    for kind in (kind for kind in ours if issubclass(kind, Gated)):
        item = kind.__new__(kind)
        item._asker_id = press.user.id  # it is theirs, where it is anybody's
        assert not await item.interaction_check(press), kind
