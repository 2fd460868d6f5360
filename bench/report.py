"""One line of JSON per figure, the same for every bench."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence


def report(figure: str, value: float, unit: str, baseline: float | None = None) -> None:
    """Prints a figure. `baseline` is what a peer or the bare thing took in the same run; the ratio is value to it."""
    ratio = round(value / baseline, 4) if baseline else None
    line = {"figure": figure, "value": _short(value), "unit": unit, "baseline": _short(baseline), "ratio": ratio}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `values` lie; nearest rank. Raises ValueError on no values."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
