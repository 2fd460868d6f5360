"""A canvas for pictures: drawn at twice its size and made smaller, so that edges are smooth."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Runs = list[tuple[ImageFont.FreeTypeFont, str]]
SCALE = 2
REGULAR, BOLD = 400, 700
NIGHT: Colour = (24, 22, 46)
INK: Colour = (241, 240, 250)
DIM: Colour = (164, 162, 196)
FAINT: Colour = (58, 56, 92)
PALETTE: tuple[Colour, ...] = (
    (92, 214, 200),
    (150, 118, 255),
    (245, 196, 94),
    (255, 128, 156),
    (120, 180, 255),
    (164, 162, 196),
)


class Letters(Protocol):
    """Fonts: finds for each piece of a text one that has its letters."""

    def runs(self, text: str, size: int, weight: int = REGULAR) -> Runs:
        """The text in pieces with their fonts, from left to right."""
        ...


class Canvas:
    """A picture being drawn. Measures are pixels of the finished one, from the upper left corner."""

    def __init__(self, width: int, height: int, letters: Letters, ground: Colour | Image.Image = NIGHT) -> None:
        """`ground` is a colour, or a picture SCALE times as large."""
        self.width, self.height, self._letters = width, height, letters
        size = (width * SCALE, height * SCALE)
        self.image = ground if isinstance(ground, Image.Image) else Image.new("RGB", size, ground)
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def box(self, x: float, y: float, width: float, height: float, fill: tuple[int, ...], radius: float = 0) -> None:
        """A rectangle, with round corners where `radius` says so; a fourth number of a colour is how much it covers."""
        if width <= 0 or height <= 0:
            return
        area = (x * SCALE, y * SCALE, (x + width) * SCALE - 1, (y + height) * SCALE - 1)
        self._draw.rounded_rectangle(area, min(radius, width / 2, height / 2) * SCALE, fill=fill)

    def oval(self, x: float, y: float, across: float, down: float, fill: tuple[int, ...]) -> None:
        """An ellipse around a point, so far to each side."""
        area = ((x - across) * SCALE, (y - down) * SCALE, (x + across) * SCALE, (y + down) * SCALE)
        self._draw.ellipse(area, fill=fill)

    def slice(self, x: float, y: float, radius: float, start: float, end: float, fill: tuple[int, ...]) -> None:
        """A piece of a pie, from one share of the circle to another, clockwise from the top."""
        area = ((x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE)
        self._draw.pieslice(area, start * 360 - 90, end * 360 - 90, fill=fill)

    def shape(self, points: Sequence[Point], fill: tuple[int, ...]) -> None:
        """A polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], colour: tuple[int, ...], thick: float) -> None:
        """A line through points."""
        joined = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(joined, fill=colour, width=int(thick * SCALE), joint="curve")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        colour: Colour = INK,
        *,
        weight: int = REGULAR,
        align: str = "left",
        most: float | None = None,
    ) -> float:
        """Draws a line whose letters stand on `y`, cut off with an ellipsis where it is wider than `most`; returns its
        width. `align` is what of the line is at `x`: left, middle or right."""
        runs = self._cut_to(text, size, weight, most)
        width = _length(runs)
        left = x * SCALE - {"left": 0.0, "middle": width / 2, "right": width}[align]
        for font, piece in runs:
            # Some letters are whole sentences, larger than FreeType draws.
            with suppress(OSError):
                self._draw.text((left, y * SCALE), piece, font=font, fill=colour, anchor="ls")
            left += font.getlength(piece)
        return width / SCALE

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        text: str,
        colour: Colour = INK,
        *,
        largest: int = 34,
        smallest: int = 13,
    ) -> None:
        """A text in the middle of a box, bold and as large as it fits."""
        size, lines = self.fitting(text, width, height, largest=largest, smallest=smallest)
        step = size * 1.2
        top = y + (height - step * len(lines)) / 2 + size * 0.95
        for number, line in enumerate(lines):
            middle, at = x + width / 2, top + number * step
            self.text(middle, at, line, size, colour, weight=BOLD, align="middle", most=width)

    def fitting(
        self, text: str, width: float, height: float, *, largest: int = 34, smallest: int = 13
    ) -> tuple[int, list[str]]:
        """The largest size at which a text fits into a box, and its lines there."""
        for size in range(largest, smallest, -1):
            lines = self._wrapped(text, size, width)
            if len(lines) * size * 1.2 <= height and all(self.measure(one, size, BOLD) <= width for one in lines):
                return size, lines
        return smallest, self._wrapped(text, smallest, width)[: max(1, int(height // (smallest * 1.2)))]

    def measure(self, text: str, size: int, weight: int = REGULAR) -> float:
        """The width of a line."""
        return _length(self._letters.runs(text, size * SCALE, weight)) / SCALE

    def png(self) -> bytes:
        """The finished picture."""
        small = self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        small.save(out, "PNG")
        return out.getvalue()

    def _cut_to(self, text: str, size: int, weight: int, most: float | None) -> Runs:
        runs = self._letters.runs(text, size * SCALE, weight)
        if most is None or _length(runs) <= most * SCALE:
            return runs
        low, high = 0, len(text)
        while low < high:  # the longest beginning that fits
            middle = (low + high + 1) // 2
            runs = self._letters.runs(text[:middle].rstrip() + "…", size * SCALE, weight)
            if _length(runs) <= most * SCALE:
                low = middle
            else:
                high = middle - 1
        return self._letters.runs(text[:low].rstrip() + "…", size * SCALE, weight)

    def _wrapped(self, text: str, size: int, width: float) -> list[str]:
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, size, BOLD) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


def _length(runs: Runs) -> float:
    return sum(font.getlength(piece) for font, piece in runs)
