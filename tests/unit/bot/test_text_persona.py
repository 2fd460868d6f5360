"""Whom `!persona` means by what was typed."""

from __future__ import annotations

import pytest

from bot.text_commands.persona import find
from core.personas import load_pack
from tests.support.bot import PACK

CAST = load_pack(PACK)


@pytest.mark.parametrize(
    ("typed", "persona_id"),
    [
        ("elio", "elio"),
        ("  ELIO ", "elio"),
        ("glordn", "glordon"),
        ("Glorden", "glordon"),
        ("olg", "olga"),
        ("lord grigon", "lord-grigon"),
        ("LordGrigon", "lord-grigon"),
    ],
)
def test_one_is_meant(typed: str, persona_id: str) -> None:
    assert [persona.id for persona in find(CAST, typed)] == [persona_id]


@pytest.mark.parametrize("persona", CAST.personas, ids=lambda persona: persona.id)
def test_everybody_is_found_by_name_also_with_a_letter_too_few(persona: object) -> None:
    one = CAST.persona(getattr(persona, "id", ""))
    assert [found.id for found in find(CAST, one.name.upper())] == [one.id]
    shorter = one.name[:2] + one.name[3:]
    assert one in find(CAST, shorter)


@pytest.mark.parametrize("typed", ["xyzzyq", "?!", "😀"])
def test_nobody_is_meant(typed: str) -> None:
    assert find(CAST, typed) == []
