"""Message components: checked by Discord's rules, kept as they were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local_discord.codec import Doc
from local_discord.errors import invalid_field
from local_discord.objects import COMPONENTS_V2

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
TEXT_DISPLAY, LABEL = 10, 18
SELECTS = (3, 5, 6, 7, 8)
LINK_BUTTON = 5
_V2_TYPES = (9, 10, 11, 12, 13, 14, 17)


def walk(components: list[Any]) -> Iterator[Doc]:
    """All components, outer before inner."""
    for component in components:
        if isinstance(component, dict):
            yield component
            inner = component.get("components")
            yield from walk(inner if isinstance(inner, list) else [])
            yield from walk([component.get(key) for key in ("accessory", "component")])


def find(components: list[Doc], custom_id: str) -> Doc | None:
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def check(components: list[Doc], flags: int) -> list[Doc]:
    """The same list, or ApiError 50035 naming what is wrong. Components without an `id` are numbered from 1."""
    modern = bool(flags & COMPONENTS_V2)
    if not modern and len(components) > 5:
        raise invalid_field("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    seen: set[str] = set()
    every = list(walk(components))
    if len(every) > 40:
        raise invalid_field("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "At most 40 components.")
    for index, component in enumerate(components):
        kind = component.get("type")
        if kind != ROW and not (modern and kind in _V2_TYPES):
            raise invalid_field(f"components.{index}.type", "UNION_TYPE_CHOICES", "Value of field must be one of (1,).")
    for number, component in enumerate(every, start=1):
        component.setdefault("id", number)
        _check_one(component, seen)
    return components


def _check_one(component: Doc, seen: set[str]) -> None:
    kind = component.get("type")
    if kind == ROW:
        _check_children(component.get("components"), (BUTTON, TEXT_INPUT, *SELECTS))
    if kind == LABEL:
        _check_children([component.get("component")], (TEXT_INPUT, *SELECTS))
    if kind == BUTTON and component.get("style") == LINK_BUTTON:
        if not str(component.get("url", "")).startswith(("http://", "https://", "discord://")):
            raise invalid_field("components.url", "BASE_TYPE_REQUIRED", "This field is required")
        return
    if kind in (BUTTON, TEXT_INPUT, *SELECTS):
        custom_id = component.get("custom_id")
        if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 100:
            raise invalid_field("components.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if custom_id in seen:
            raise invalid_field(
                "components.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        seen.add(custom_id)
    if len(str(component.get("label") or "")) > 80:
        raise invalid_field("components.label", "BASE_TYPE_MAX_LENGTH", "Must be 80 or fewer in length.")
    for key in ("min_values", "max_values", "min_length", "max_length"):
        if not isinstance(component.get(key, 0), int | None):
            raise invalid_field(f"components.{key}", "NUMBER_TYPE_COERCE", "Value is not int.")
    if kind == STRING_SELECT:
        _check_options(component.get("options"))


def _check_children(children: Any, kinds: tuple[int, ...]) -> None:
    if not isinstance(children, list) or not 1 <= len(children) <= 5:
        raise invalid_field("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for child in children:
        if not isinstance(child, dict) or child.get("type") not in kinds:
            raise invalid_field("components.type", "UNION_TYPE_CHOICES", f"Value of field must be one of {kinds}.")


def _check_options(options: Any) -> None:
    if not isinstance(options, list) or not 1 <= len(options) <= 25:
        raise invalid_field("components.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    for option in options:
        for key in ("label", "value"):
            text = option.get(key) if isinstance(option, dict) else None
            if not isinstance(text, str) or not 1 <= len(text) <= 100:
                where = f"components.options.{key}"
                raise invalid_field(where, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if len({option["value"] for option in options}) != len(options):
        code = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
        raise invalid_field("components.options", code, "The specified option value is already used")


# Modals


def check_modal(components: list[Doc]) -> list[Doc]:
    """A modal's components, numbered, or ApiError 50035: rows or labels, each around one input."""
    seen: set[str] = set()
    for index, component in enumerate(components):
        if not isinstance(component, dict) or component.get("type") not in (ROW, TEXT_DISPLAY, LABEL):
            where = f"data.components.{index}.type"
            raise invalid_field(where, "UNION_TYPE_CHOICES", "Value of field must be one of (1, 10, 18).")
    for number, component in enumerate(walk(components), start=1):
        component.setdefault("id", number)
        _check_one(component, seen)
    return components


def fill_modal(defined: list[Doc], given: list[Doc], pick: Callable[[Doc, Any], list[str]]) -> list[Doc]:
    """The components a bot gets when a person submits: as the modal has them, with what was filled in."""
    return [_filled(component, given, pick) for component in defined if component["type"] in (ROW, LABEL)]


def _filled(component: Doc, given: list[Doc], pick: Callable[[Doc, Any], list[str]]) -> Doc:
    if component["type"] == ROW:
        return {**_identity(component), "components": [_filled(c, given, pick) for c in component["components"]]}
    if component["type"] == LABEL:
        return {**_identity(component), "component": _filled(component["component"], given, pick)}
    found = find(given, component["custom_id"]) or {}
    shown = {**_identity(component), "custom_id": component["custom_id"]}
    where = f"data.components.{component['custom_id']}"
    required = component.get("required", True)
    if component["type"] in SELECTS:
        values = found.get("values") or []
        return {**shown, "values": pick(component, values) if values or required else []}
    value = str(found.get("value") or "")
    if not value and required:
        raise invalid_field(where, "BASE_TYPE_REQUIRED", "This field is required")
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if value and not low <= len(value) <= high:
        raise invalid_field(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
    return {**shown, "value": value}


def _identity(component: Doc) -> Doc:
    return {"type": component["type"], "id": component["id"]}
