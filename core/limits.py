"""How much of the cast somebody may use: answers and tokens, an hour and a day.

People write limits as `requests/hour=60 tokens/day=200000`. A window is an hour or a day of UTC, so that everybody
can be told when it ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["requests", "tokens"]
Per = Literal["hour", "day"]
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NONE = 0  # a limit of nothing is a block, for which there are lists; so nothing stands for no limit
_PART = re.compile(r"^(requests|tokens)/(hour|day)=(\d{1,12})$")


@dataclass(frozen=True, slots=True)
class Name:
    """Which limit: of what, in which window. `str` gives `tokens/day`."""

    unit: Unit
    per: Per

    def __str__(self) -> str:
        return f"{self.unit}/{self.per}"

    @property
    def window_ms(self) -> int:
        """How long its window is."""
        return HOUR_MS if self.per == "hour" else DAY_MS

    def resets_ms(self, now_ms: int) -> int:
        """When the window ends that is open now."""
        return (now_ms // self.window_ms + 1) * self.window_ms


NAMES = tuple(str(Name(unit, per)) for unit in ("requests", "tokens") for per in ("hour", "day"))
Limits = Mapping[str, int]
"""How much by name (`NAMES`). NONE is without a limit; a name that is missing says nothing."""


def name_of(text: str) -> Name:
    """The limit called `tokens/day` and the like. Raises ValueError."""
    match = _PART.match(f"{text}=0")
    if match is None:
        raise ValueError(f"there is no limit {text[:40]!r}; there are {', '.join(NAMES)}")
    return Name(match[1], match[2])  # type: ignore[arg-type]


def parsed(text: str | None) -> dict[str, int]:
    """Limits as people write them, separated by spaces or commas; none for no text. Raises ValueError."""
    found: dict[str, int] = {}
    for part in (text or "").replace(",", " ").split():
        match = _PART.match(part)
        if match is None:
            raise ValueError(f"{part[:40]!r} is no limit: write requests/hour=60 or tokens/day=200000")
        found[f"{match[1]}/{match[2]}"] = int(match[3])
    return found


def tighter(one: int, other: int) -> int:
    """The tighter of two limits."""
    return min(one, other) if one and other else one or other


def wider(one: int, other: int) -> int:
    """The wider of two limits."""
    return max(one, other) if one and other else NONE
