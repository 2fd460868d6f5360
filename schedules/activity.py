"""A small picture of when people talked, hour by hour, and in which channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from core.drawing import BOLD, DIM, FAINT, INK, PALETTE, Canvas, Letters

HOURS = 24
HOUR_MS = 3_600_000
WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 18, 78, 34
_MOST_CHANNELS = len(PALETTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Lines per hour of the day that ends at `end_ms`, oldest hour first, by the name of their channel."""

    end_ms: int
    zone: tzinfo
    counts: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def totals(self) -> tuple[int, ...]:
        """Lines per hour in all channels."""
        return tuple(sum(hours[at] for _, hours in self.counts) for at in range(HOURS))

    def hour(self, at: int) -> int:
        """The hour of the day, on the clock there, of the hour number `at`."""
        return self._begins(at).hour

    def _begins(self, at: int) -> datetime:
        begin_ms = self.end_ms - (HOURS - at) * HOUR_MS
        return datetime.fromtimestamp(begin_ms / 1000, UTC).astimezone(self.zone)

    @property
    def busiest(self) -> int:
        """The number of the hour with most lines."""
        return max(range(HOURS), key=lambda at: self.totals[at])

    def draw(self, letters: Letters, title: str, subtitle: str) -> bytes:
        """The picture as PNG."""
        canvas = Canvas(WIDTH, HEIGHT, letters)
        canvas.box(8, 8, WIDTH - 16, HEIGHT - 16, (255, 255, 255, 10), 14)
        canvas.text(24, 38, title, 19, INK, weight=BOLD, most=WIDTH * 0.55)
        canvas.text(24, 60, subtitle, 13, DIM, most=WIDTH * 0.55)
        self._legend(canvas)
        most, floor = max(1, *self.totals), HEIGHT - _BOTTOM
        for share in (0.5, 1.0):
            y = floor - share * (floor - _TOP)
            canvas.line([(_LEFT, y), (WIDTH - _RIGHT, y)], (*FAINT, 255), 1)
            canvas.text(_LEFT - 8, y + 4, f"{most * share:.0f}", 12, DIM, align="right")
        canvas.line([(_LEFT, floor), (WIDTH - _RIGHT, floor)], (*DIM, 255), 1)
        step = (WIDTH - _RIGHT - _LEFT) / HOURS
        for at in range(HOURS):
            top = float(floor)
            for number, (_, hours) in enumerate(self.counts):
                tall = hours[at] / most * (floor - _TOP)
                top -= tall
                canvas.box(_LEFT + at * step + 3, top, step - 6, tall, (*PALETTE[number], 255), 2)
            if self.hour(at) % 3 == 0:
                canvas.text(_LEFT + (at + 0.5) * step, floor + 18, f"{self.hour(at):02d}", 12, DIM, align="middle")
        return canvas.png()

    def _legend(self, canvas: Canvas) -> None:
        for number, (name, hours) in enumerate(self.counts):
            column, row = divmod(number, 3)
            x, y = WIDTH * 0.6 + column * 125, 30 + row * 16
            canvas.oval(x, y - 4, 5, 5, (*PALETTE[number], 255))
            canvas.text(x + 11, y, f"#{name} {sum(hours)}", 12, INK, most=108)


def activity(times: Sequence[tuple[str, Sequence[int]]], end_ms: int, zone: tzinfo, others: str = "…") -> Activity:
    """The activity of the day before `end_ms`: `times` holds channels by name with the times of their lines. The
    channels in which least was said share the name `others`."""
    counted = []
    for name, moments in times:
        hours = [0] * HOURS
        for at_ms in moments:
            back = (end_ms - 1 - at_ms) // HOUR_MS
            if 0 <= back < HOURS:
                hours[HOURS - 1 - back] += 1
        if any(hours):
            counted.append((name, tuple(hours)))
    counted.sort(key=lambda one: -sum(one[1]))
    if len(counted) > _MOST_CHANNELS:
        rest = [hours for _, hours in counted[_MOST_CHANNELS - 1 :]]
        together = tuple(sum(hours[at] for hours in rest) for at in range(HOURS))
        counted = [*counted[: _MOST_CHANNELS - 1], (others, together)]
    return Activity(end_ms=end_ms, zone=zone, counts=tuple(counted))
