"""What pictures are put together from: shapes and little figures as masks, and colours by name.

A sprite is drawn once, large, and scaled for every use; that is what makes thousands of pictures a minute possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (245, 130, 30),
    "yellow": (250, 210, 40),
    "green": (50, 160, 70),
    "blue": (45, 95, 215),
    "purple": (130, 60, 180),
    "pink": (245, 140, 185),
    "brown": (125, 80, 45),
    "black": (25, 25, 30),
    "white": (248, 248, 248),
    "grey": (140, 142, 148),
}
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross", "moon")
FIGURES = ("fish", "cat", "flower", "mushroom", "balloon")
SPRITE = 96  # pixels of a sprite's side
_DRAWN = SPRITE * 4

Rgb = tuple[int, int, int]
Pen = ImageDraw.ImageDraw


@dataclass(frozen=True, slots=True)
class Sprite:
    """`body` takes the colour of the thing; `marks` (eyes, stalks) lie on it, dark or light to stand out."""

    body: Image.Image
    marks: Image.Image | None = None


def luminance(rgb: Rgb) -> float:
    """How light a colour looks, 0 to 255."""
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """How well two colours can be told apart: their distance, where lightness counts most."""
    far = math.dist(one, other)
    return abs(luminance(one) - luminance(other)) + far / 3


def _mask(draw: Callable[[Pen], None]) -> Image.Image:
    image = Image.new("L", (_DRAWN, _DRAWN))
    draw(ImageDraw.Draw(image))
    return image.resize((SPRITE, SPRITE), Image.Resampling.BOX)


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return x0 * _DRAWN, y0 * _DRAWN, x1 * _DRAWN, y1 * _DRAWN


def _points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x * _DRAWN, y * _DRAWN) for x, y in pairs]


def _star_points() -> list[tuple[float, float]]:
    rim = [(math.tau * k / 10, 0.5 if k % 2 == 0 else 0.2) for k in range(10)]
    return _points(*((0.5 + r * math.sin(a), 0.52 - r * math.cos(a)) for a, r in rim))


def _heart_points() -> list[tuple[float, float]]:
    angles = [math.tau * k / 60 for k in range(60)]
    return _points(
        *(
            (
                0.5 + math.sin(a) ** 3 * 0.48,
                0.46 - (13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 34,
            )
            for a in angles
        )
    )


def _ring(pen: Pen) -> None:
    pen.ellipse(_box(0, 0, 1, 1), fill=255)
    pen.ellipse(_box(0.24, 0.24, 0.76, 0.76), fill=0)


def _cross(pen: Pen) -> None:
    pen.rectangle(_box(0.34, 0, 0.66, 1), fill=255)
    pen.rectangle(_box(0, 0.34, 1, 0.66), fill=255)


def _moon(pen: Pen) -> None:
    pen.ellipse(_box(0.05, 0, 1.05, 1), fill=255)
    pen.ellipse(_box(0.38, -0.08, 1.3, 0.84), fill=0)


def _fish(pen: Pen) -> None:
    pen.ellipse(_box(0, 0.2, 0.76, 0.8), fill=255)
    pen.polygon(_points((0.62, 0.5), (1, 0.18), (1, 0.82)), fill=255)
    pen.polygon(_points((0.28, 0.28), (0.42, 0.06), (0.56, 0.3)), fill=255)


def _fish_marks(pen: Pen) -> None:
    pen.ellipse(_box(0.14, 0.36, 0.26, 0.48), fill=255)
    pen.arc(_box(0.3, 0.32, 0.5, 0.68), 300, 60, fill=255, width=_DRAWN // 40)


def _cat(pen: Pen) -> None:
    pen.ellipse(_box(0.04, 0.2, 0.96, 0.98), fill=255)
    pen.polygon(_points((0.06, 0.5), (0.08, 0), (0.48, 0.26)), fill=255)
    pen.polygon(_points((0.94, 0.5), (0.92, 0), (0.52, 0.26)), fill=255)


def _cat_marks(pen: Pen) -> None:
    for x in (0.3, 0.7):
        pen.ellipse(_box(x - 0.06, 0.42, x + 0.06, 0.58), fill=255)
    pen.polygon(_points((0.44, 0.64), (0.56, 0.64), (0.5, 0.72)), fill=255)
    for end in (0.66, 0.78):
        pen.line(_points((0.06, end), (0.32, 0.72)), fill=255, width=_DRAWN // 45)
        pen.line(_points((0.94, end), (0.68, 0.72)), fill=255, width=_DRAWN // 45)


def _flower(pen: Pen) -> None:
    for k in range(6):
        x, y = 0.5 + 0.3 * math.sin(math.tau * k / 6), 0.5 - 0.3 * math.cos(math.tau * k / 6)
        pen.ellipse(_box(x - 0.19, y - 0.19, x + 0.19, y + 0.19), fill=255)


def _flower_marks(pen: Pen) -> None:
    pen.ellipse(_box(0.35, 0.35, 0.65, 0.65), fill=255)


def _mushroom(pen: Pen) -> None:
    pen.pieslice(_box(0, 0.02, 1, 1.06), 180, 360, fill=255)


def _mushroom_marks(pen: Pen) -> None:
    pen.rounded_rectangle(_box(0.37, 0.54, 0.63, 1), _DRAWN // 12, fill=255)
    for x, y, r in ((0.3, 0.3, 0.07), (0.55, 0.2, 0.08), (0.74, 0.38, 0.07)):
        pen.ellipse(_box(x - r, y - r, x + r, y + r), fill=255)


def _balloon(pen: Pen) -> None:
    pen.ellipse(_box(0.18, 0, 0.82, 0.7), fill=255)
    pen.polygon(_points((0.5, 0.66), (0.42, 0.77), (0.58, 0.77)), fill=255)


def _balloon_marks(pen: Pen) -> None:
    pen.line(_points((0.5, 0.76), (0.46, 0.84), (0.54, 0.92), (0.5, 1)), fill=255, width=_DRAWN // 36)


_BODIES: dict[str, Callable[[Pen], None]] = {
    "circle": lambda pen: pen.ellipse(_box(0, 0, 1, 1), fill=255),
    "square": lambda pen: pen.rectangle(_box(0.05, 0.05, 0.95, 0.95), fill=255),
    "triangle": lambda pen: pen.polygon(_points((0.5, 0.02), (1, 0.96), (0, 0.96)), fill=255),
    "star": lambda pen: pen.polygon(_star_points(), fill=255),
    "heart": lambda pen: pen.polygon(_heart_points(), fill=255),
    "diamond": lambda pen: pen.polygon(_points((0.5, 0), (0.86, 0.5), (0.5, 1), (0.14, 0.5)), fill=255),
    "ring": _ring,
    "cross": _cross,
    "moon": _moon,
    "fish": _fish,
    "cat": _cat,
    "flower": _flower,
    "mushroom": _mushroom,
    "balloon": _balloon,
}
_MARKS: dict[str, Callable[[Pen], None]] = {
    "fish": _fish_marks,
    "cat": _cat_marks,
    "flower": _flower_marks,
    "mushroom": _mushroom_marks,
    "balloon": _balloon_marks,
}


@cache
def sprite(name: str) -> Sprite:
    """The sprite of a shape or figure."""
    return Sprite(_mask(_BODIES[name]), _mask(_MARKS[name]) if name in _MARKS else None)


def stamp(
    image: Image.Image, name: str, rgb: Rgb, x: float, y: float, size: float, *, turn: float = 0, mirror: bool = False
) -> None:
    """Put a sprite of `size` pixels with its centre at (x, y), turned by `turn` degrees."""
    drawn = sprite(name)
    side = max(3, round(size))
    corner = (round(x - size / 2), round(y - size / 2))
    light = (252, 246, 235) if luminance(rgb) < 150 else (40, 32, 30)
    # What lies beside the body must stand out from the paper as well: a stalk is beige, a string is grey.
    beside = {"mushroom": (236, 222, 196), "balloon": (110, 110, 112)}.get(name, light)
    for mask, paint in ((drawn.body, rgb), (drawn.marks, beside)):
        if mask is None:
            continue
        cut = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirror else mask
        if turn:
            cut = cut.rotate(turn, Image.Resampling.BILINEAR)
        image.paste(paint, corner, cut.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0))
