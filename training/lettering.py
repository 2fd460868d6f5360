"""Words in pictures: which words there are, the fonts they are set in, and how they are put on paper.

The fonts are those that come with the packages that training needs anyway: Pillow's own and matplotlib's DejaVu
family, so a seed gives the same pixels on every machine with the same versions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LONGEST_WORD = 8
_FONT_PIXELS = 40
_RIM = 3
_FONTS = (
    "",  # Pillow's own
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
)
WORDS = tuple((Path(__file__).parent / "words.txt").read_text("utf-8").split())
_WORDS_BY_LENGTH = {n: [w for w in WORDS if len(w) == n] for n in range(1, LONGEST_WORD + 1)}
_ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sh sk sl sp st t th tr v w y z".split()  # noqa: SIM905 (a list would be a screen long)
_NUCLEI = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "oo", "ou"]
_CODAS = ("", *"b ck d g k l m n nd ng p r rt s sh st t x z".split())  # noqa: SIM905
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def random_letters(rng: random.Random, length: int) -> str:
    """Letters drawn one by one: nothing but reading tells them."""
    return "".join(rng.choice(_LETTERS) for _ in range(length))


def random_word(rng: random.Random, length: int) -> str:
    """Something that can be said aloud and means nothing."""
    made = ""
    while len(made) < length:
        made += rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS)
    return made[:length]


def real_word(rng: random.Random, length: int) -> str:
    """A word of the list, at most `length` letters long."""
    return rng.choice(_WORDS_BY_LENGTH[length])


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    if not name:
        font = ImageFont.load_default(_FONT_PIXELS)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise RuntimeError("Pillow was built without FreeType, which training needs. Install Pillow's own wheel.")
        return font
    import matplotlib as mpl  # only who trains or measures needs it

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), _FONT_PIXELS)


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text as masks: `letters`, and `rim`, which has a border around them. `starts` says where each letter begins, as
    a share of the width."""

    letters: Image.Image
    rim: Image.Image
    starts: tuple[float, ...]


def lettered(rng: random.Random, text: str) -> Lettering:
    """The text in one of the fonts, cropped to its rim."""
    font = _font(rng.choice(_FONTS))
    left, top, right, bottom = font.getbbox(text, stroke_width=_RIM)
    size = (round(right - left) + 2, round(bottom - top) + 2)
    letters, rim = Image.new("L", size), Image.new("L", size)
    at = (1 - left, 1 - top)
    ImageDraw.Draw(letters).text(at, text, font=font, fill=255)
    ImageDraw.Draw(rim).text(at, text, font=font, fill=255, stroke_width=_RIM, stroke_fill=255)
    return Lettering(letters, rim, tuple((font.getlength(text[:i]) - left) / size[0] for i in range(len(text))))
