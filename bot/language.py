"""What the bot says by itself, in the language of whoever it talks to; personas speak as their model does.

The texts are Fluent files (projectfluent.org), one folder per language and one file per subject:
`locales/en/points.ftl`. English is complete; what another language lacks is said in English.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cache
from pathlib import Path

from fluent.runtime import AbstractResourceLoader, FluentLocalization, FluentResource
from fluent.syntax import ast, parse

from core.wording import Value, Wording

FOLDER = Path(__file__).parent / "locales"
ENGLISH = "en"


def languages() -> tuple[str, ...]:
    """The languages there are, English first."""
    return (ENGLISH, *sorted(folder.name for folder in FOLDER.iterdir() if folder.name != ENGLISH))


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        files = sorted(path.name for path in (FOLDER / ENGLISH).glob("*.ftl"))
        self._texts = FluentLocalization(list(dict.fromkeys((language, ENGLISH))), files, _Loader())

    def __call__(self, key: str, **values: Value) -> str:
        """The text of a key, such as `points-given`, with its placeholders filled in.

        Whole numbers choose the plural form. Raises KeyError for a key that English lacks.
        """
        text = self._texts.format_value(key, values)
        if text == key:
            raise KeyError(key)
        return str(text)

    def find(self, key: str, default: str) -> str:
        """The text of a key that is put together, such as `component-` and a name; `default` where there is none."""
        return self(key) if key in keys(ENGLISH) else default

    def render(self, text: str) -> str:
        """A text of another part of Troupe, which is English: in this language where it is a Wording."""
        if not isinstance(text, Wording) or text.key not in keys(ENGLISH):  # one that is stored may be of before
            return text
        values = {name: self.render(one) if isinstance(one, str) else one for name, one in text.values.items()}
        return self(text.key, **values)


class _Loader(AbstractResourceLoader):
    """Reads the files of FOLDER. Fluent's own loader leaves them open."""

    def resources(self, locale: str, resource_ids: list[str]) -> Generator[list[ast.Resource], None, None]:
        """See AbstractResourceLoader."""
        paths = (FOLDER / locale / name for name in resource_ids)
        yield [FluentResource(path.read_text("utf-8")) for path in paths if path.exists()]


@cache
def words(locale: object = None) -> Words:
    """The texts for a locale of Discord, such as `de` or `en-GB`; English for None and for unknown ones."""
    language = str(locale or ENGLISH).split("-")[0].lower()
    return Words(language if language in languages() else ENGLISH)


@cache
def keys(language: str) -> frozenset[str]:
    """The keys that a language itself has; `key.attribute` for attributes. Raises ValueError where a text is wrong."""
    messages = {entry.id.name for entry in _messages(language)}
    return frozenset(messages | attributes(language).keys())


@cache
def attributes(language: str) -> Mapping[str, str]:
    """The attributes that a language itself has, by `key.attribute`: the names and descriptions of commands, which are
    plain text. Raises ValueError where one is not."""
    found: dict[str, str] = {}
    for entry in _messages(language):
        for one in entry.attributes:
            key, parts = f"{entry.id.name}.{one.id.name}", one.value.elements
            texts = [part.value for part in parts if isinstance(part, ast.TextElement)]
            if len(texts) != len(parts):
                raise ValueError(f"{key}: only plain text may stand here.")
            found[key] = "".join(texts)
    return found


def _messages(language: str) -> list[ast.Message]:
    found = []
    for path in sorted((FOLDER / language).glob("*.ftl")):
        for entry in parse(path.read_text("utf-8")).body:
            if isinstance(entry, ast.Junk):
                raise ValueError(f"{path.name}: {entry.annotations[0].message}: {(entry.content or '')[:80]!r}")
            if isinstance(entry, ast.Message):
                found.append(entry)
    return found
