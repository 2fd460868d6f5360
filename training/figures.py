"""A measured figure, as every command that measures prints it."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a share from 0 to 1 unless `unit` says otherwise. `baseline` is what it has to be held against."""

    figure: str
    value: float
    baseline: float | None = None
    unit: str = "share"

    def line(self) -> str:
        """The figure as one line of JSON."""
        ratio = round(self.value / self.baseline, 3) if self.baseline else None
        base = None if self.baseline is None else round(self.baseline, 3)
        return json.dumps(
            {"figure": self.figure, "value": round(self.value, 3), "unit": self.unit, "baseline": base, "ratio": ratio}
        )
