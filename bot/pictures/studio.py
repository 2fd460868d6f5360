"""Where pictures are drawn: one after the other in a thread of their own, at twice their size, then made smaller."""

from __future__ import annotations

import asyncio
import colorsys
import hashlib
import random
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.pictures import fonts
from bot.pictures.fonts import Fonts
from core.drawing import BOLD, FAINT, SCALE, Canvas, Colour

T = TypeVar("T")
GOLD: Colour = (245, 196, 94)
SILVER: Colour = (198, 208, 226)
BRONZE: Colour = (221, 150, 104)
TEAL: Colour = (92, 214, 200)
VIOLET: Colour = (150, 118, 255)
ROSE: Colour = (255, 128, 156)
_NIGHT: tuple[Colour, Colour] = ((24, 20, 52), (12, 26, 46))


class Sheet(Canvas):
    """A picture about somebody, on a night sky of its own."""

    def __init__(self, width: int, height: int, seed: str, letters: Fonts) -> None:
        super().__init__(width, height, letters, _night(width * SCALE, height * SCALE, seed))

    def panel(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        radius: float,
        fill: tuple[int, ...],
        outline: tuple[int, ...] | None = None,
    ) -> None:
        """A rectangle with round corners; a fourth number of a colour is how much it covers."""
        box = (x * SCALE, y * SCALE, (x + width) * SCALE - 1, (y + height) * SCALE - 1)
        self._draw.rounded_rectangle(box, radius * SCALE, fill=fill, outline=outline, width=SCALE)

    def bar(self, x: float, y: float, width: float, height: float, share: float, ends: tuple[Colour, Colour]) -> None:
        """A bar that is full to a share, from one colour to another."""
        self.panel(x, y, width, height, height / 2, (*FAINT, 255))
        full = max(height, width * min(1.0, share)) if share > 0 else 0
        if not full:
            return
        size = (int(full * SCALE), int(height * SCALE))
        fill = Image.linear_gradient("L").rotate(90).resize(size)
        colours = Image.composite(Image.new("RGB", size, ends[1]), Image.new("RGB", size, ends[0]), fill)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), size[1] / 2, fill=255)
        self.image.paste(colours, (int(x * SCALE), int(y * SCALE)), mask)

    def dot(
        self, x: float, y: float, radius: float, fill: tuple[int, ...], outline: tuple[int, ...] | None = None
    ) -> None:
        """A circle around a point."""
        box = ((x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE)
        self._draw.ellipse(box, fill=fill, outline=outline, width=SCALE * 2)

    def arc(self, x: float, y: float, radius: float, share: float, colour: Colour, thick: float) -> None:
        """A share of a circle's line, from the top on."""
        box = ((x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE)
        self._draw.arc(box, -90, -90 + 360 * min(1.0, share), fill=colour, width=int(thick * SCALE))

    def face(self, x: float, y: float, radius: float, key: str, picture: Image.Image | None = None) -> None:
        """A round picture of somebody, or else a colour of their own."""
        side = int(radius * 2 * SCALE)
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
        if picture is None:
            picture = _own_colour(key, side)
        fitted = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        self.image.paste(fitted, (int((x - radius) * SCALE), int((y - radius) * SCALE)), mask)

    def initials(self, x: float, y: float, radius: float, name: str) -> None:
        """The first letters of a name around a point."""
        firsts = [first for word in name.split() if (first := next((one for one in word if one.isalnum()), ""))]
        both = len(firsts) > 1 and unicodedata.bidirectional(firsts[0]) == unicodedata.bidirectional(firsts[-1])
        letters = ((firsts[0] + firsts[-1]) if both else firsts[0] if firsts else name.strip()[:1] or "?").upper()
        size = int(radius * (0.95 if len(letters) == 1 else 0.8))
        self.text(x, y + size * 0.36, letters, size, (255, 255, 255), weight=BOLD, align="middle")


async def drawn(work: Callable[[Fonts], T]) -> T:
    """What `work` draws, beside everything else."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), lambda: work(fonts.found()))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="pictures")


def hue_of(key: str) -> float:
    """A colour of somebody's own, 0 to 1."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=2).digest()) / 65536


def shade(hue: float, saturation: float, value: float) -> Colour:
    """A colour by its hue."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _own_colour(key: str, side: int) -> Image.Image:
    hue = hue_of(key)
    light, dark = shade(hue, 0.55, 0.92), shade(hue + 0.09, 0.7, 0.55)
    slope = Image.linear_gradient("L").resize((side, side)).rotate(35, resample=Image.Resampling.BICUBIC, expand=False)
    return Image.composite(Image.new("RGB", (side, side), dark), Image.new("RGB", (side, side), light), slope)


def _night(width: int, height: int, seed: str) -> Image.Image:
    """A night sky that is everybody's own: two glows, and stars of which some are joined to a constellation."""
    chance = random.Random(seed)
    slope = Image.linear_gradient("L").resize((width, height))
    sky = Image.composite(Image.new("RGB", slope.size, _NIGHT[1]), Image.new("RGB", slope.size, _NIGHT[0]), slope)
    glow = Image.new("RGB", (width // 8, height // 8))
    brush = ImageDraw.Draw(glow)
    for hue, reach in ((0.72 + 0.1 * chance.random(), 0.62), (0.45 + 0.12 * chance.random(), 0.5)):
        x, y = chance.uniform(0.1, 0.95) * glow.width, chance.uniform(0, 1) * glow.height
        radius = reach * max(glow.height, glow.width / 3)
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade(hue, 0.75, 0.34))
    blurred = glow.filter(ImageFilter.GaussianBlur(max(glow.size) / 9)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    sky = ImageChops.screen(sky, blurred)
    brush = ImageDraw.Draw(sky, "RGBA")
    for _ in range(width * height // 14_000):
        x, y, bright = chance.uniform(0, width), chance.uniform(0, height), chance.random()
        radius = 0.6 + 1.6 * bright**3
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 250, 235, int(40 + 120 * bright**2)))
    joined = sorted((chance.uniform(0.62, 0.98) * width, chance.uniform(0.06, 0.4) * height) for _ in range(6))
    brush.line(joined, fill=(200, 200, 255, 36), width=2)
    for x, y in joined:
        brush.ellipse((x - 3, y - 3, x + 3, y + 3), fill=(235, 235, 255, 120))
    return sky
