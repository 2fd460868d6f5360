"""A small canvas for round-headed characters: smooth shapes, soft gradients, eyes and smiles.

Coordinates are in a square of 256 units whatever the size of the picture. Everything is drawn at four times the size
and scaled down once, which is what makes the edges smooth. Nothing depends on fonts, time or unseeded chance, so the
same calls give the same pixels.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFilter

SIDE = 256
SCALE = 4
FULL = SIDE * SCALE

Point = tuple[float, float]
Pen = ImageDraw.ImageDraw


def at(points: str) -> list[Point]:
    """Points written as an SVG path writes them: `at("62,118 58,78")`."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _box(cx: float, cy: float, rx: float, ry: float) -> tuple[float, float, float, float]:
    return (cx - rx) * SCALE, (cy - ry) * SCALE, (cx + rx) * SCALE, (cy + ry) * SCALE


def _curve(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """A Catmull-Rom curve through the points, in pixels."""
    count, steps = len(points), 14
    path: list[Point] = []
    for i in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(i + k - 1) % count] for k in range(4))
        else:
            p0, p1, p2, p3 = (points[min(max(i + k - 1, 0), count - 1)] for k in range(4))
        for step in range(steps + 1):
            t = step / steps
            x, y = (
                0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
            )
            path.append((x * SCALE, y * SCALE))
    return path


class Canvas:
    """A picture in the making. Colors are `#rrggbb`; with a second one a shape shades from top to foot."""

    def __init__(self, inner: str, outer: str) -> None:
        glow = Image.radial_gradient("L").resize((FULL, FULL))
        self.image = Image.composite(
            Image.new("RGB", (FULL, FULL), _rgb(outer)), Image.new("RGB", (FULL, FULL), _rgb(inner)), glow
        )

    def finish(self, side: int = SIDE) -> Image.Image:
        """The picture at `side` pixels."""
        return self.image.resize((side, side), Image.Resampling.LANCZOS)

    def fill(self, draw: Callable[[Pen], None], top: str, foot: str | None = None, *, alpha: float = 1) -> None:
        """Paint whatever `draw` marks white on a mask."""
        mask = Image.new("L", (FULL, FULL))
        draw(ImageDraw.Draw(mask))
        box = mask.getbbox()
        if box is None:
            return
        size = (box[2] - box[0], box[3] - box[1])
        paint = Image.new("RGB", size, _rgb(top))
        if foot is not None:
            shade = Image.linear_gradient("L").resize(size)
            paint = Image.composite(Image.new("RGB", size, _rgb(foot)), paint, shade)
        cut = mask.crop(box)
        if alpha < 1:
            cut = cut.point([round(value * alpha) for value in range(256)])
        self.image.paste(paint, box[:2], cut)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, top: str, foot: str | None = None) -> None:
        """A filled ellipse around (cx, cy)."""
        self.fill(lambda pen: pen.ellipse(_box(cx, cy, rx, ry), fill=255), top, foot)

    def blob(self, points: Sequence[Point], top: str, foot: str | None = None) -> None:
        """A soft closed shape through the points."""
        self.fill(lambda pen: pen.polygon(_curve(points, closed=True), fill=255), top, foot)

    def polygon(self, points: Sequence[Point], top: str, foot: str | None = None) -> None:
        """A closed shape with corners."""
        path = [(x * SCALE, y * SCALE) for x, y in points]
        self.fill(lambda pen: pen.polygon(path, fill=255), top, foot)

    def box(
        self, left: float, upper: float, right: float, lower: float, radius: float, top: str, foot: str | None = None
    ) -> None:
        """A rectangle with round corners."""
        edges = (left * SCALE, upper * SCALE, right * SCALE, lower * SCALE)
        self.fill(lambda pen: pen.rounded_rectangle(edges, radius * SCALE, fill=255), top, foot)

    def stroke(self, points: Sequence[Point], width: float, top: str, foot: str | None = None) -> None:
        """A smooth line through the points with round ends."""
        radius = width * SCALE / 2

        def draw(pen: Pen) -> None:
            path = _curve(points, closed=False)
            for x, y in _dense(path, radius / 3):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

        self.fill(draw, top, foot)

    def glow(self, cx: float, cy: float, radius: float, color: str, alpha: float = 0.6) -> None:
        """A soft light (or shadow, or blush)."""
        mask = Image.new("L", (FULL // 4, FULL // 4))
        edges = tuple(value / 4 for value in _box(cx, cy, radius * 0.6, radius * 0.6))
        ImageDraw.Draw(mask).ellipse(edges, fill=round(255 * alpha))
        soft = mask.filter(ImageFilter.GaussianBlur(radius * SCALE / 16)).resize((FULL, FULL))
        self.image.paste(Image.new("RGB", (FULL, FULL), _rgb(color)), (0, 0), soft)

    def stars(self, seed: int, count: int = 26, color: str = "#ffffff") -> None:
        """Small stars; the seed decides where."""
        chance = random.Random(seed)
        for _ in range(count):
            x, y, radius = chance.uniform(4, 252), chance.uniform(4, 252), chance.choice((0.8, 1.1, 1.6))
            self.ellipse(x, y, radius, radius, color)

    def eye(self, cx: float, cy: float, radius: float, iris: str, *, look: Point = (0, 0), tall: float = 1.1) -> None:
        """A lively eye; `look` shifts the gaze in units."""
        x, y = cx + look[0], cy + look[1]
        self.ellipse(cx, cy, radius, radius * tall, "#ffffff", "#e6ebf5")
        self.ellipse(x, y, radius * 0.66, radius * 0.7, iris)
        self.ellipse(x, y, radius * 0.38, radius * 0.42, "#15131f")
        self.ellipse(x - radius * 0.24, y - radius * 0.3, radius * 0.22, radius * 0.22, "#ffffff")
        self.ellipse(x + radius * 0.24, y + radius * 0.26, radius * 0.1, radius * 0.1, "#ffffff")

    def smile(self, cx: float, cy: float, width: float, depth: float, color: str, line: float = 4) -> None:
        """A curved mouth; a negative depth frowns."""
        half, sag = width / 2, cy + depth * 0.75
        points = [(cx - half, cy), (cx - half / 2, sag), (cx, cy + depth), (cx + half / 2, sag), (cx + half, cy)]
        self.stroke(points, line, color)

    def grin(self, cx: float, cy: float, width: float, depth: float, *, tongue: str = "#ef7f86") -> None:
        """An open laughing mouth."""
        half = width / 2
        arc = [(half * math.cos(a), depth * math.sin(a)) for a in (math.pi * k / 12 for k in range(13))]
        mouth = [(cx + x, cy + y) for x, y in arc]
        self.polygon(mouth, "#5a1f2e", "#7a2b3c")

        def draw(pen: Pen) -> None:
            pen.ellipse(_box(cx, cy + depth * 0.95, half * 0.6, depth * 0.45), fill=255)

        inside = Image.new("L", (FULL, FULL))
        ImageDraw.Draw(inside).polygon([(x * SCALE, y * SCALE) for x, y in mouth], fill=255)
        licked = Image.new("L", (FULL, FULL))
        draw(ImageDraw.Draw(licked))
        both = Image.composite(licked, Image.new("L", (FULL, FULL)), inside)
        self.image.paste(Image.new("RGB", (FULL, FULL), _rgb(tongue)), (0, 0), both)
        self.box(cx - half * 0.72, cy, cx + half * 0.72, cy + depth * 0.26, 2, "#ffffff")


def _dense(path: Sequence[Point], step: float) -> list[Point]:
    """The path with no gap longer than `step`, so that round dabs along it make a smooth line."""
    points = [path[0]]
    for x, y in path[1:]:
        px, py = points[-1]
        pieces = max(1, math.ceil(math.hypot(x - px, y - py) / max(step, 0.5)))
        points.extend((px + (x - px) * k / pieces, py + (y - py) * k / pieces) for k in range(1, pieces + 1))
    return points
