"""The texts of the bot: every language has them all, with the same placeholders, and each that is used exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.language import ENGLISH, FOLDER, keys, languages, words
from core.settings import ROOT

_PLACE = re.compile(r"\{ *\$(\w+)")
_ENTRY = re.compile(r"^([a-z][\w-]*) *=(.*(?:\n[ \t}].*|\n(?=\n*[ \t]))*)", re.MULTILINE)


def placeholders(language: str) -> dict[str, set[str]]:
    text = "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / language).glob("*.ftl")))
    return {match[1]: set(_PLACE.findall(match[2])) for match in _ENTRY.finditer(text)}


def test_every_language_says_everything_with_the_same_placeholders() -> None:
    for language in languages():
        assert keys(language) == keys(ENGLISH), language
        assert placeholders(language) == placeholders(ENGLISH), language


def test_no_key_is_there_twice() -> None:
    for language in languages():
        found = [
            match[1]
            for path in sorted((FOLDER / language).glob("*.ftl"))
            for match in re.finditer(r"^([a-z][\w-]*) *=", path.read_text("utf-8"), re.MULTILINE)
        ]
        assert sorted(found) == sorted(set(found)), language


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    source = "\n".join(
        path.read_text("utf-8")
        for room in ("core", "actors", "bot", "schedules")
        for path in Path(ROOT, room).rglob("*.py")
    )
    asked = set(re.findall(r"""\bwords\(\s*["']([a-z][\w-]*)["']""", source))
    used = asked | set(re.findall(r"""["']([a-z]+-[a-z][\w-]*)["']""", source))
    assert asked <= keys(ENGLISH)
    # Keys that are put together (f"badge-{name}") and those of commands, which are found by their place, are looked
    # for by their beginning.
    made = (*re.findall(r'f"([a-z]+-(?:[a-z]+-)*)\{', source), "command-")
    unused = {key for key in keys(ENGLISH) if "." not in key and key not in used and not key.startswith(made)}
    assert unused == set()


def test_locales_of_discord_find_their_language_and_others_english() -> None:
    assert words("de").language == "de"
    assert words("en-GB").language == words("ja").language == words(None).language == ENGLISH
    with pytest.raises(KeyError):
        words("de")("no-such-text")
