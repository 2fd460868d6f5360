"""Texts for people that are made where no language is known: English, with what it takes to say them in another.

A `Wording` is its English text, so whatever only logs it or sends it on needs to know nothing of this. The bot's edge
says it in the language of whoever reads (`bot.language.Words.render`), by its key there: in `refusals.ftl`, or
what is kept about people in `kept.ftl`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

Value = str | int | float


class Wording(str):
    """An English text with placeholders such as `{name}`, filled in; `key` and `values` say it in other languages.

    A value may be a Wording itself. It survives pickling. Formatting it into another text leaves plain English, so such
    a text is a Wording, too, and takes this one as a value.
    """

    key: str
    values: Mapping[str, Value]

    def __new__(cls, key: str, english: str, /, **values: Value) -> Wording:
        """`key` and `english` stand there as they are, so that a test can compare them with the files of texts."""
        return _made(key, english.format(**values), values)

    def __reduce__(self) -> tuple[object, ...]:
        return (_made, (self.key, str(self), self.values))


def _made(key: str, text: str, values: Mapping[str, Value]) -> Wording:
    made = str.__new__(Wording, text)
    made.key, made.values = key, values
    return made


def either(words: Sequence[str]) -> str:
    """`one, another or a third`. Raises ValueError for no words."""
    *before, last = words
    return Wording("refused-either", "{names} or {last}", names=", ".join(before), last=last) if before else last


def meant(near: Sequence[str]) -> Wording:
    """Asks whether one of some names was meant."""
    return Wording("refused-near", "Did you mean {names}?", names=either(near))


def suggestion(near: Sequence[str], known: Iterable[str]) -> Wording:
    """What to try in place of a name that is none: those that are `near`, else all that are `known`."""
    return meant(near) if near else Wording("refused-known", "There are: {names}.", names=", ".join(known))


def with_reason(told: Wording, reason: str) -> Wording:
    """`told: reason`; as it is without one."""
    return Wording("kept-reason", "{told}: {reason}", told=told, reason=reason) if reason else told


def bounded(text: str, limit: int) -> str:
    """The text, cut where it is longer; a Wording stays one where it is not."""
    return text if len(text) <= limit else text[:limit]


def _kept(value: Any) -> Any:
    if not isinstance(value, Wording):
        return value
    return {"key": value.key, "text": str(value), "values": {name: _kept(one) for name, one in value.values.items()}}


def _read(stored: Any) -> Any:
    if not isinstance(stored, Mapping):
        return stored
    return _made(stored["key"], stored["text"], {name: _read(one) for name, one in stored["values"].items()})


Stored = Annotated[str, PlainValidator(_read), PlainSerializer(_kept)]
"""A text in a document, which may be a Wording and comes back as one."""
