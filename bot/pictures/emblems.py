"""The badges as little pictures: a sign in a medal, whose rim tells how hard it was to get."""

from __future__ import annotations

import math
from collections.abc import Callable

from bot.pictures.studio import BRONZE, GOLD, SILVER, VIOLET, Sheet
from core.drawing import Colour

_PAPER: Colour = (250, 246, 255)
_BODY: Colour = (46, 41, 82)
Point = tuple[float, float]
Draw = Callable[[Sheet, float, float, float, Colour], None]


def emblem(sheet: Sheet, x: float, y: float, radius: float, badge: str) -> None:
    """Draws a badge around a point; one that is not known here is a star."""
    sign, rim = _EMBLEMS.get(badge, (_star, BRONZE))
    sheet.dot(x, y, radius, (*rim, 255))
    sheet.dot(x, y, radius * 0.88, (*_BODY, 255))
    sign(sheet, x, y, radius * 0.56, rim)


def _around(x: float, y: float, radius: float, count: int, inner: float, turn: float = -90) -> list[Point]:
    """The corners of a star of `count` points."""
    corners = []
    for step in range(count * 2):
        reach = radius if step % 2 == 0 else radius * inner
        angle = math.radians(turn + step * 180 / count)
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return corners


def _star(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.shape(_around(x, y, r * 1.1, 5, 0.45), colour)


def _spark(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.shape(_around(x, y, r * 1.2, 4, 0.28), colour)
    sheet.shape(_around(x + r * 0.72, y - r * 0.68, r * 0.42, 4, 0.3), _PAPER)


def _coin(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for step in (2, 1, 0):
        top = y - r * 0.75 + step * r * 0.55
        sheet.panel(x - r, top + r * 0.12, r * 2, r * 0.5, r * 0.25, _dark(colour))
        sheet.panel(x - r, top, r * 2, r * 0.46, r * 0.23, colour)


def _stairs(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for step in range(4):
        height = r * 0.45 * (step + 1)
        sheet.panel(x - r + step * r * 0.52, y + r * 0.9 - height, r * 0.44, height, r * 0.1, colour)


def _flame(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for size, fill, low in ((1.0, colour, 0.0), (0.52, _PAPER, 0.42)):
        corners = []
        for step in range(33):
            angle = math.pi * 2 * step / 32
            wide = math.sin(angle) * (1 - math.cos(angle)) * 0.55
            corners.append((x + wide * r * size, y + low * r - math.cos(angle) * r * 1.05 * size))
        sheet.shape(corners, fill)


def _bubble(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.panel(x - r, y - r * 0.85, r * 2, r * 1.35, r * 0.5, colour)
    sheet.shape([(x - r * 0.55, y + r * 0.3), (x + r * 0.15, y + r * 0.4), (x - r * 0.65, y + r)], colour)
    for step in (-1, 0, 1):
        sheet.dot(x + step * r * 0.5, y - r * 0.18, r * 0.15, _BODY)


def _people(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for side, fill in ((-0.5, _dark(colour)), (0.42, colour)):
        sheet.panel(x + side * r - r * 0.58, y + r * 0.05, r * 1.16, r * 0.95, r * 0.5, fill)
        sheet.dot(x + side * r, y - r * 0.4, r * 0.42, fill)


def _gift(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.panel(x - r * 0.9, y - r * 0.35, r * 1.8, r * 1.3, r * 0.15, colour)
    sheet.panel(x - r, y - r * 0.55, r * 2, r * 0.42, r * 0.12, _dark(colour))
    sheet.panel(x - r * 0.16, y - r * 0.55, r * 0.32, r * 1.5, 0, _PAPER)
    for side in (-1, 1):
        sheet.dot(x + side * r * 0.34, y - r * 0.78, r * 0.26, _PAPER)


def _moon(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.dot(x, y, r, colour)
    sheet.dot(x + r * 0.42, y - r * 0.22, r * 0.82, _BODY)


def _sun(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.shape(_around(x, y + r * 0.3, r * 1.15, 10, 0.66), colour)
    sheet.dot(x, y + r * 0.3, r * 0.55, _PAPER)
    sheet.panel(x - r * 1.25, y + r * 0.45, r * 2.5, r * 0.95, 0, _BODY)
    sheet.panel(x - r * 1.1, y + r * 0.42, r * 2.2, r * 0.16, r * 0.08, colour)


def _path(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.shape([(x - r, y + r * 0.1), (x, y - r), (x + r, y + r * 0.1)], colour)
    sheet.panel(x - r * 0.68, y, r * 1.36, r * 0.95, r * 0.08, _dark(colour))
    sheet.panel(x - r * 0.2, y + r * 0.3, r * 0.4, r * 0.65, r * 0.1, _PAPER)


def _bulb(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    sheet.dot(x, y - r * 0.25, r * 0.75, colour)
    sheet.panel(x - r * 0.33, y + r * 0.2, r * 0.66, r * 0.45, r * 0.05, colour)
    for step in (0, 1):
        sheet.panel(x - r * 0.33, y + r * (0.7 + step * 0.22), r * 0.66, r * 0.15, r * 0.07, _PAPER)


def _knot(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for side, fill in ((-0.42, _dark(colour)), (0.42, colour)):
        sheet.arc(x + side * r, y, r * 0.68, 1.0, fill, r * 0.3)
    sheet.arc(x - r * 0.42, y, r * 0.68, 0.3, _dark(colour), r * 0.3)


def _book(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for side in (-1, 1):
        page = [
            (x, y - r * 0.6),
            (x + side * r * 1.1, y - r * 0.85),
            (x + side * r * 1.1, y + r * 0.6),
            (x, y + r * 0.85),
        ]
        sheet.shape(page, colour if side < 0 else _PAPER)


def _check(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    corners = [(-0.95, 0.05), (-0.65, -0.28), (-0.2, 0.18), (0.68, -0.75), (1.0, -0.45), (-0.2, 0.82)]
    sheet.shape([(x + dx * r, y + dy * r) for dx, dy in corners], colour)


def _podium(sheet: Sheet, x: float, y: float, r: float, colour: Colour) -> None:
    for left, height, fill in ((-1.0, 0.75, _dark(colour)), (-0.32, 1.2, colour), (0.36, 0.5, _dark(colour))):
        sheet.panel(x + left * r, y + r * 0.9 - height * r, r * 0.62, height * r, r * 0.08, fill)
    sheet.shape(_around(x, y - r * 0.68, r * 0.4, 5, 0.45), _PAPER)


def _dark(colour: Colour) -> Colour:
    red, green, blue = (int(part * 0.66) for part in colour)
    return red, green, blue


_EMBLEMS: dict[str, tuple[Draw, Colour]] = {
    "first-spark": (_spark, BRONZE),
    "pocketful": (_coin, BRONZE),
    "treasure-map": (_coin, SILVER),
    "dragon-hoard": (_coin, GOLD),
    "stair-climber": (_stairs, BRONZE),
    "tower-keeper": (_stairs, SILVER),
    "skywalker": (_stairs, GOLD),
    "kindling": (_flame, BRONZE),
    "campfire": (_flame, SILVER),
    "beacon": (_flame, GOLD),
    "everburning": (_flame, VIOLET),
    "good-company": (_bubble, BRONZE),
    "regular": (_bubble, SILVER),
    "part-of-the-furniture": (_bubble, GOLD),
    "well-met": (_people, BRONZE),
    "life-of-the-party": (_people, GOLD),
    "quick-hands": (_gift, BRONZE),
    "magpie": (_gift, GOLD),
    "night-lamp": (_moon, SILVER),
    "first-bird": (_sun, SILVER),
    "long-way-home": (_path, BRONZE),
    "know-it-some": (_bulb, BRONZE),
    "know-it-all": (_bulb, GOLD),
    "knot-cutter": (_knot, SILVER),
    "page-turner": (_book, SILVER),
    "spotless": (_check, GOLD),
    "podium": (_podium, GOLD),
}
