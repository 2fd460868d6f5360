"""Commands of which a part is there: they do that part, and say plainly that the rest is not there yet."""

from __future__ import annotations

from typing import Any

import pytest

from actors.audit import AuditDocument
from core.errors import DatabaseUnavailable
from local_discord import Human
from tests.support.answers import EPHEMERAL, answer, registered, shown
from tests.support.bot import Adapter, Stage


async def told(human: Human, name: str, **options: Any) -> str:
    """What the bot answers to who asked, alone."""
    message = await answer(human, "general", name, **options)
    assert message["flags"] & EPHEMERAL
    return shown(message)


async def test_adapters_are_shown_promoted_and_taken_back(stage: Stage, ada: Human) -> None:
    async with stage.gateway(), await Human.connect(stage.server.seed, "bruno") as bruno:
        await registered(ada)
        assert "There are none" in await told(ada, "finetune list")
        assert "speaks with no adapter" in await told(ada, "finetune rollback", persona="elio")
        stage.models.known = [Adapter("lanterns", "/a/lanterns", ("elio", "olga")), Adapter("spare", "/a/spare")]
        assert "2 adapters over `tiny`, with which 2 personas speak" in await told(ada, "finetune status")
        listed = await told(ada, "finetune list")
        assert "**lanterns**: elio, olga" in listed
        assert "**spare**: nobody unasked" in listed

        start = await told(ada, "finetune start", persona="Elio")
        assert "training.lora --data var/dialogues/elio/train.jsonl --out var/adapters/elio" in start
        assert "nobody here has agreed" in start
        promote = await told(ada, "finetune promote", adapter="spare", persona="glordon")
        assert "Glordon speaks with spare from now on. Nothing was evaluated" in promote
        assert "Elio speaks with spare from now on." in await told(
            ada, "finetune promote", adapter="spare", persona="elio"
        )
        assert [one.personas for one in stage.models.known] == [("olga",), ("glordon", "elio")]
        assert "There are: lanterns, spare" in await told(ada, "finetune promote", adapter="other", persona="glordon")
        rollback = await told(ada, "finetune rollback", persona="elio")
        assert rollback == "Elio speaks without spare again."
        assert [one.personas for one in stage.models.known] == [("olga",), ("glordon",)]
        assert "Did you mean glordon" in await told(ada, "finetune start", persona="glordo")

        offered = await ada.autocomplete("general", "finetune promote", "adapter", "sp", persona="elio")
        assert [one["value"] for one in offered] == ["spare"]
        assert "whoever runs the bot" in await told(bruno, "finetune list")
        stage.models.fails = DatabaseUnavailable("Nobody answers.", component="database")
        assert "Database is not answering" in await told(ada, "finetune status")
    entries = (await AuditDocument.load(stage.server.seed["guild_id"])).entries
    assert [(one.action, one.detail) for one in entries] == [
        ("finetune.start", "elio"),
        ("finetune.promote", "spare for glordon"),
        ("finetune.promote", "spare for elio"),
        ("finetune.rollback", "spare for elio"),
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://93.184.216.34/page", "comes with a later version; nothing was fetched"),
        ("http://127.0.0.1:8000/health", "private network"),
        ("http://169.254.169.254/latest/meta-data", "private network"),
        ("http://[::1]/", "private network"),
        ("https://ada:secret@93.184.216.34/", "has no password"),
        ("file:///etc/passwd", "begins with http"),
        ("not a link", "begins with http"),
    ],
)
async def test_links_are_looked_at_before_anything_else(stage: Stage, ada: Human, url: str, said: str) -> None:
    async with stage.gateway():
        await registered(ada)
        assert said in await told(ada, "analyze", url=url)
