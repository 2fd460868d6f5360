"""The languages of Discord's clients, and what is shown to somebody who uses one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from local_discord.codec import Doc

DEFAULT = "en-US"
LOCALES = frozenset(
    (
        "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "hi", "hr", "hu", "id", "it",
        "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
    )
)  # fmt: skip
_NEXT = {"en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES", "es-ES": "es-419"}


def _known(locale: str) -> str:
    if locale not in LOCALES:
        raise ValueError(f"{locale!r} is no language of Discord's.")
    return locale


Locale = Annotated[str, AfterValidator(_known)]


def localized(command: Doc, locale: str) -> Doc:
    """A command, option or choice as it is listed for somebody: without its texts in all languages, but with
    `name_localized` and `description_localized` where there is one in theirs."""
    shown = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    for key in ("name", "description"):
        texts = command.get(f"{key}_localizations") or {}
        if text := texts.get(locale) or texts.get(_NEXT.get(locale, "")):
            shown[f"{key}_localized"] = text
    for key in ("options", "choices"):
        if inner := shown.get(key):
            shown[key] = [localized(one, locale) for one in inner]
    return shown
