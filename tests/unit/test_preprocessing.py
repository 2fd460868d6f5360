"""Reading lines, measured with the real embedding model on lines that no prototype says (tests/data/readings.yaml)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.languages import language_of, languages
from core.personas import load_pack
from core.settings import ROOT
from serve_apps.preprocessing import INTENTS, TONES, Prototypes, Reading, read, world_of
from training.recognise import Embed, minilm

LINES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "readings.yaml").read_text(encoding="utf-8")
)
WORLD = world_of(load_pack(ROOT / "packs" / "communiverse"))
LEAST_INTENTS, LEAST_FRESH, LEAST_TONES, LEAST_LANGUAGES = 0.85, 0.8, 0.85, 0.95


@pytest.fixture(scope="module")
def model() -> Embed:
    return minilm()


@pytest.fixture(scope="module")
def known(model: Embed) -> Prototypes:
    async def embed(texts: list[str]) -> list[list[float]]:
        return model(texts).tolist()

    return asyncio.run(Prototypes.embedded(embed))


def share_right(
    lines: dict[str, list[str]], model: Embed, known: Prototypes, part: Callable[[Reading], str]
) -> tuple[float, list[str]]:
    """How many lines are read as what they are, and those that are not."""
    wrong, count = [], 0
    for wanted, texts in lines.items():
        for text, vector in zip(texts, model(texts), strict=True):
            count += 1
            if (found := part(read(text, vector.tolist(), known, WORLD))) != wanted:
                wrong.append(f"{text!r} is {wanted}, was read as {found}")
    return 1 - len(wrong) / count, wrong


def test_there_are_enough_lines_and_none_is_a_prototype() -> None:
    lines = [line for part in ("intents", "fresh_intents") for texts in LINES[part].values() for line in texts]
    assert len(LINES["intents"]) == len(INTENTS) == len(LINES["fresh_intents"])
    assert len(LINES["tones"]) == len(TONES)
    assert len(lines) == len(set(lines)) >= 120
    prototypes = yaml.safe_load((ROOT / "serve_apps" / "prototypes.yaml").read_text(encoding="utf-8"))
    said = {line for part in prototypes.values() for texts in part.values() for line in texts}
    assert said.isdisjoint(lines)
    assert len(said) <= 256  # as many texts as the embeddings take at once


def test_intents_and_tones_are_read(model: Embed, known: Prototypes) -> None:
    right, wrong = share_right(LINES["intents"], model, known, lambda reading: reading.intent)
    assert right >= LEAST_INTENTS, wrong
    right, wrong = share_right(LINES["fresh_intents"], model, known, lambda reading: reading.intent)
    assert right >= LEAST_FRESH, wrong
    right, wrong = share_right(LINES["tones"], model, known, lambda reading: reading.tone)
    assert right >= LEAST_TONES, wrong


def test_a_question_never_goes_without_lore_for_being_misread(model: Embed, known: Prototypes) -> None:
    from serve_apps.preprocessing import steer

    lines = [*LINES["intents"]["lore"], *LINES["fresh_intents"]["lore"]]
    poor = [
        text
        for text, vector in zip(lines, model(lines), strict=True)
        if steer(read(text, vector.tolist(), known, WORLD), passages=3, lore_passages=3, hints=False).passages < 3
    ]
    assert poor == []


def test_languages_are_told() -> None:
    lines = [(code, text) for code, texts in LINES["languages"].items() for text in texts]
    wrong = [(code, language_of(text), text) for code, text in lines if language_of(text) != code]
    assert len(wrong) <= (1 - LEAST_LANGUAGES) * len(lines), wrong
    assert not [one for one in wrong if one[0] == "en"]  # English is never answered in another language


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in LINES["questions"].items() for text in texts]
)
def test_what_is_asked_for(kind: str, text: str) -> None:
    assert read(text, None, None).question == (None if kind == "none" else kind)


@settings(max_examples=300)
@given(text=st.text(max_size=200))
def test_whatever_is_written_is_read(text: str) -> None:
    vectors = np.eye(4, dtype=np.float32)[[0] * 7 + [1] * 6]
    at = iter(range(13))
    few = Prototypes(
        vectors,
        {one: slice(n := next(at), n + 1) for one in INTENTS},
        {one: slice(n := next(at), n + 1) for one in TONES},
    )
    for reading in (read(text, None, None, WORLD), read(text, [1.0, 0.0, 0.0, 0.0], few, WORLD)):
        assert reading.intent in INTENTS
        assert reading.tone in TONES
        assert reading.language in ("", *languages())
    assert read(text, [1.0], few) == read(text, None, None)  # another model's vector
