"""Writes `.env.example` from `core.settings.Settings`, so that the two cannot drift: `python -m deploy.env_example`.

With `--check` it writes nothing and exits 1 where the file differs.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.settings import ROOT, Settings

TARGET = ROOT / ".env.example"
HEAD = """\
# Troupe's settings, each with its default. Copy this file to .env and uncomment what you change.
# Written by `make env-example` from core/settings.py; do not edit by hand.
"""


def render() -> str:
    """The text of `.env.example`: every setting with its description and default, commented out."""
    return HEAD + "".join(_entry(name, field) for name, field in Settings.model_fields.items())


def _entry(name: str, field: FieldInfo) -> str:
    about = "\n".join(f"# {line}" for line in textwrap.wrap(field.description or "", 110))
    alias = field.validation_alias
    variable = str(alias.choices[0]) if isinstance(alias, AliasChoices) else name.upper()
    return f"\n{about}\n#{variable}={_default(field.default)}\n"


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    root = f"{ROOT}/"
    return text.removeprefix(root) if text.startswith(root) else text


def main() -> int:
    """Writes or, with `--check`, compares the file. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write .env.example from the settings.")
    parser.add_argument("--check", action="store_true", help="only tell whether the file is up to date")
    check = parser.parse_args().check
    text = render()
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not Path(TARGET).exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write(".env.example does not match core/settings.py. Run: make env-example\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
