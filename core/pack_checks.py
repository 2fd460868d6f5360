"""What is wrong with the data of a pack's file, told to its author: the place, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from core.pack_files import Location, PackReader, YamlFile


class Frozen(BaseModel):
    """Base of what stands in a pack."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, populate_by_name=True)


ModelT = TypeVar("ModelT", bound=Frozen)


def validate(reader: PackReader, source: YamlFile, at: Location, data: Any, model: type[ModelT]) -> ModelT | None:
    """`data` as a model, or None with a problem noted for each error. `at` is where `data` stands in the file."""
    if not isinstance(data, dict):
        keys = ", ".join(_keys(model))
        reader.note(source.name, source.line(at), "These must be 'key: value' lines.", f"The keys are: {keys}.")
        return None
    odd = [key for key in data if not isinstance(key, str)]
    if odd:
        reader.note(source.name, source.line(at), f"The key {odd[0]!r} is not text.", "Put quotes around it.")
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors():
            message, fix = _explain(detail, model)
            reader.note(source.name, source.line((*at, *detail["loc"])), message, fix)
        return None


def _inner(location: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    """The model of the items of a list in which an error lies, else the model itself."""
    known = model.model_fields.get(str(location[0]))
    item = get_args(known.annotation)[0] if known is not None and get_args(known.annotation) else None
    return item if isinstance(item, type) and issubclass(item, BaseModel) else model


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What a validation error means to the author of a pack, and what to do."""
    location, context, kind = detail["loc"], detail.get("ctx", {}), detail["type"]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    if kind == "extra_forbidden":
        known = _keys(_inner(location, model))
        return f"The key {where!r} is not known.", did_you_mean(str(location[-1]), known) or f"Use {', '.join(known)}."
    if kind == "value_error":
        message, _, fix = str(context.get("error", "")).partition("|")
        return f"{where} {message}.", fix
    sayings: dict[str, tuple[str, str]] = {
        "missing": ("is missing.", f"Add '{location[-1]}:'."),
        "string_type": ("must be text.", "Write text; put quotes around numbers and words like yes, no, on, off."),
        "tuple_type": ("must be a list.", "Begin each item with '- '."),
        "list_type": ("must be a list.", "Begin each item with '- '."),
        "dict_type": ("must be 'name: …' entries.", "Give each its name and a colon."),
        "literal_error": ("is not one of the words that are known.", f"Use {context.get('expected')}."),
        "model_type": ("must be 'key: value' lines.", f"The keys are: {', '.join(_keys(_inner(location, model)))}."),
        "string_too_long": ("is too long.", f"Use at most {context.get('max_length')} characters."),
        "string_too_short": ("is empty or too short.", f"Use at least {context.get('min_length')} characters."),
        "too_short": ("has too few items.", f"Give at least {context.get('min_length')}."),
        "too_long": ("has too many items.", f"Give at most {context.get('max_length')}."),
        "string_pattern_mismatch": (
            "is not written right.",
            "Keywords are lower case." if location[0] == "keywords" else "Use lower case letters, digits and dashes.",
        ),
        "path_type": ("must be text.", "Write the path of a PNG, such as avatars/name.png."),
    }
    message, fix = sayings.get(kind, (f"is wrong: {detail['msg']}.", "Correct it."))
    return f"{where} {message}", fix


def unique(reader: PackReader, what: str, entries: Iterable[tuple[str, YamlFile, Location]]) -> None:
    """Notes a problem for each value that stands twice."""
    seen: dict[str, str] = {}
    for value, source, location in entries:
        line = source.line(location)
        if value in seen:
            message = f"The {what} {value!r} is already at {seen[value]}."
            reader.note(source.name, line, message, "Change one of the two.")
        seen.setdefault(value, f"{source.name}:{line}")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question for the known one that is nearest, empty where none is near."""
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""
