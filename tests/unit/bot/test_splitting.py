"""Splitting: whatever the text, no part is too long and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.splitting import MESSAGE_LIMIT, sentence_ready, split

_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`~"), max_size=600)
_FENCED = st.lists(
    st.one_of(_WORDS, st.sampled_from(["\n```python\n", "\n```\n", "\n~~~\n", "\n\n", "\n", ". ", " "])),
    max_size=30,
).map("".join)


def letters(text: str) -> str:
    """The text without white space, which cuts may drop."""
    return "".join(text.split())


@given(_WORDS, st.integers(64, 200))
def test_plain_text_is_kept_whole(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < len(part) <= limit and part.strip() for part in parts)
    assert letters("".join(parts)) == letters(text)


@given(_FENCED, st.integers(64, 300))
@settings(max_examples=300)
def test_code_blocks_gain_fences_and_lose_nothing(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < len(part) <= limit and part.strip() for part in parts)
    # Cuts add fences with the language of the block, and nothing else.
    unfenced = re.compile(r"```|~~~|python")
    assert letters(unfenced.sub("", "".join(parts))) == letters(unfenced.sub("", text))


@given(_WORDS, st.integers(64, 200))
def test_a_growing_text_keeps_its_earlier_parts(text: str, limit: int) -> None:
    whole = split(text, limit)
    half = split(text[: len(text) // 2], limit)
    assert half[:-1] == whole[: max(0, len(half) - 1)]


def test_short_and_empty_texts() -> None:
    assert split("hello") == ["hello"]
    assert split("") == []
    assert split(" \n ") == []


def test_paragraphs_are_preferred_to_sentences_and_sentences_to_words() -> None:
    assert split("a" * 50 + ".\n\n" + "b. " * 30, 100) == ["a" * 50 + ".", ("b. " * 30).strip()]
    assert split("One two three. " * 6 + "four five six seven", 100) == [
        ("One two three. " * 6).strip(),
        "four five six seven",
    ]
    assert split("x" * 50 + " " + "y" * 60, 100) == ["x" * 50, "y" * 60]
    assert split("z" * 150, 100)[0] == "z" * 96


def test_a_code_block_goes_on_in_its_language() -> None:
    code = "\n".join(f"line_{n} = {n}" for n in range(300))
    parts = split(f"Look:\n```python\n{code}\n```\nDone.")
    assert len(parts) > 1
    assert all(part.count("```") == 2 for part in parts)
    assert all(part.startswith("```python\n") for part in parts[1:])
    assert [line for part in parts for line in part.splitlines() if line.startswith("line_")] == code.splitlines()
    assert parts[-1].endswith("Done.")


def test_the_limit_is_discords() -> None:
    assert [len(part) for part in split("x" * 4100)] == [1996, 1996, 108]
    assert MESSAGE_LIMIT == 2000
    with pytest.raises(ValueError, match="at least 64"):
        split("x", 10)


@pytest.mark.parametrize("text", ["Yes.", "Is it? I", "Oh!", "“Well.” he", "A line\nand"])
def test_a_sentence_is_enough_to_show(text: str) -> None:
    assert sentence_ready(text)


@pytest.mark.parametrize("text", ["", "Well", "Well, 3", "\nWell"])
def test_less_than_a_sentence_waits(text: str) -> None:
    assert not sentence_ready(text)
