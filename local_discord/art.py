"""Small pictures, drawn: a pattern from a seed for people, a letter on a colour for everyone without one."""

from __future__ import annotations

import random
from functools import lru_cache
from hashlib import sha1
from io import BytesIO

from PIL import Image, ImageDraw

_COLOURS = ["#5865f2", "#757e8a", "#3ba55c", "#faa61a", "#ed4245", "#eb459e"]
_SIZE = 256


@lru_cache(maxsize=16)
def portrait(seed: str) -> bytes:
    """A PNG of a simple face in colours of its own, always the same for the same seed."""
    rng = random.Random(seed)
    hue = rng.randrange(360)
    image = Image.new("RGB", (_SIZE, _SIZE), f"hsl({hue}, 45%, 78%)")
    draw = ImageDraw.Draw(image)
    skin = f"hsl({rng.randrange(18, 38)}, 50%, {rng.randrange(45, 82)}%)"
    hair = f"hsl({rng.randrange(360)}, 35%, {rng.randrange(18, 45)}%)"
    draw.rounded_rectangle((48, 205, 208, 330), 60, fill=f"hsl({(hue + 160) % 360}, 45%, 45%)")
    draw.ellipse((62, 36, 194, 180), fill=hair)
    draw.ellipse((72, 60, 184, 214), fill=skin)
    draw.pieslice((66, 38, 190, 150), 180, 360, fill=hair)
    for x in (102, 154):
        draw.ellipse((x - 9, 126, x + 9, 144), fill="#26262e")
        draw.ellipse((x - 4, 129, x + 1, 134), fill="white")
    draw.arc((104, 146, 152, 186), 20, 160, fill="#26262e", width=6)
    return _png(image)


@lru_cache(maxsize=16)
def mask(seed: str) -> bytes:
    """A PNG of a theatre mask, for the application's own account."""
    hue = random.Random(seed).randrange(360)
    image = Image.new("RGB", (_SIZE, _SIZE), f"hsl({hue}, 55%, 32%)")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((56, 48, 200, 150), 24, fill="#fff4dc")
    draw.pieslice((56, 60, 200, 222), 0, 180, fill="#fff4dc")
    for x in (96, 160):
        draw.pieslice((x - 22, 92, x + 22, 136), 180, 360, fill="#2b2d42")
    draw.pieslice((88, 118, 168, 196), 0, 180, fill="#2b2d42")
    return _png(image)


@lru_cache(maxsize=8)
def default_avatar(index: int) -> bytes:
    """The picture of an account that has none: a plain figure, in one of six colours."""
    image = Image.new("RGB", (_SIZE, _SIZE), _COLOURS[index % len(_COLOURS)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((88, 52, 168, 132), fill="white")
    draw.pieslice((52, 146, 204, 310), 180, 360, fill="white")
    return _png(image)


def image_hash(body: bytes) -> str:
    """The name under which the CDN keeps a picture."""
    return sha1(body, usedforsecurity=False).hexdigest()[:32]


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
