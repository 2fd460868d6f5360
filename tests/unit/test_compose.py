"""The composition root: what a part is given, by the settings."""

from __future__ import annotations

import pytest

from actors.virtual import VirtualActors
from bot.config import BotConfig
from core.settings import Settings
from deploy.compose import gateway_spec


@pytest.mark.parametrize(("limit", "kept"), [(4, True), (0, False)])
def test_where_nothing_is_recalled_nothing_is_taught(limit: int, kept: bool) -> None:
    settings = Settings(memory_recall_limit=limit)
    spec = gateway_spec(settings, "mongodb://127.0.0.1", VirtualActors(1), BotConfig(token="none"))
    assert (spec.apps.memory is not None) == kept
