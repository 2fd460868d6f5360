"""Fonts for names in any script: of all that are found, each letter is drawn in the first that has it.

Looked for are Noto and DejaVu among the system's (Debian's `fonts-noto-core` and `fonts-noto-cjk`); last comes Pillow's
own, which is always there and knows little more than Latin letters. What none has is drawn as a dot; whoever shows a
picture says the names beside it, too.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageFont

SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/System/Library/Fonts"))
REGULAR, BOLD = 400, 700
_MOST = 80
_PROBE = 32
_MISSING = "\U0010ffff"  # in no font by definition
_DOT = "·"
_MARKS = ("Mn", "Mc", "Me")
_MOST_MARKS = 4
_ZWJ, _JOINERS = "\u200d", ("\u200c", "\u200d")

Font = ImageFont.FreeTypeFont


@dataclass
class Fonts:
    """Font files by preference. Not for several threads at once: FreeType's faces are not."""

    files: Sequence[Path]
    _faces: dict[tuple[int, int, int], Font] = field(default_factory=dict)
    _knows: dict[tuple[int, str], bool] = field(default_factory=dict)
    _blank: dict[int, bytes] = field(default_factory=dict)

    def runs(self, text: str, size: int, weight: int = REGULAR) -> list[tuple[Font, str]]:
        """The text in pieces, each with the font that has its letters, from left to right as they are drawn."""
        pieces: list[tuple[int, str]] = []
        gap = ""  # joins two pieces of one font, and is otherwise one of its own
        for cluster in _clusters(text):
            if cluster.isspace():
                gap += " "
                continue
            index, shown = self._font_for(cluster)
            if pieces and pieces[-1][0] == index:
                pieces[-1] = (index, pieces[-1][1] + gap + shown)
            else:
                pieces += [(0, gap), (index, shown)] if gap else [(index, shown)]
            gap = ""
        if _right_to_left(text):
            pieces.reverse()
        return [(self._face(index, size, weight), piece) for index, piece in pieces]

    def has(self, text: str) -> bool:
        """Whether every letter of a text is in one of the fonts."""
        return all(self._font_for(cluster)[1] == cluster for cluster in _clusters(text))

    def _font_for(self, cluster: str) -> tuple[int, str]:
        for index in range(len(self.files) + 1):
            if all(self._has(index, letter) for letter in cluster):
                return index, cluster
        return (0, _DOT) if self._has(0, _DOT) else (len(self.files), ".")

    def _has(self, index: int, letter: str) -> bool:
        if letter.isspace() or letter in _JOINERS or "\ufe00" <= letter <= "\ufe0f":
            return True
        known = self._knows.get((index, letter))
        if known is None:
            face = self._face(index, _PROBE, REGULAR)
            if index not in self._blank:
                self._blank[index] = _shape(face, _MISSING)
            known = self._knows[index, letter] = _shape(face, letter) != self._blank[index]
        return known

    def _face(self, index: int, size: int, weight: int) -> Font:
        face = self._faces.get((index, size, weight))
        if face is None:
            face = self._faces[index, size, weight] = self._open(index, size, weight)
        return face

    def _open(self, index: int, size: int, weight: int) -> Font:
        if index == len(self.files):
            own = ImageFont.load_default(size)
            if not isinstance(own, Font):
                raise RuntimeError("Pillow was built without FreeType.")
            return own
        path = self.files[index]
        bold = path.with_name(
            path.name.replace("-Regular", "-Bold") if "-Regular" in path.name else f"{path.stem}-Bold{path.suffix}"
        )
        if weight >= BOLD and bold.exists():
            return ImageFont.truetype(bold, size)
        face = ImageFont.truetype(path, size)
        try:
            axes = face.get_variation_axes()
        except OSError:  # a font of one weight
            return face
        names = [bytes(axis["name"] or b"") for axis in axes]
        face.set_variation_by_axes(
            [weight if name == b"Weight" else axis["default"] or 0 for name, axis in zip(names, axes, strict=True)]
        )
        return face


@cache
def found() -> Fonts:
    """The fonts of this machine. They are shared, so whoever draws does so in `bot.pictures.studio`."""
    return Fonts(tuple(_files())[:_MOST])


def _files() -> Iterator[Path]:
    for place in SYSTEM if sys.platform != "win32" else ():
        yield from sorted(_usable(place.rglob("*") if place.is_dir() else []), key=_rank)


def _usable(files: Iterator[Path] | list[Path]) -> Iterator[Path]:
    """Upright fonts without serifs and of ordinary weight; of the system's those only that are known to be good."""
    for path in files:
        name = path.stem
        good = name.startswith(("NotoSans", "NotoEmoji", "DejaVuSans"))
        weighty = any(
            word in name
            for word in ("Italic", "Oblique", "Mono", "Condensed", "Light", "Bold", "Black", "Thin", "Medium", "UI")
        )
        if path.suffix.lower() in (".ttf", ".otf", ".ttc") and good and not weighty:
            yield path


def _rank(path: Path) -> tuple[int, str]:
    """Letters before symbols before emoji: a digit is in all of them."""
    name = path.stem.split("[")[0].removesuffix("-Regular")
    first = ("NotoSans", "DejaVuSans").index(name) if name in ("NotoSans", "DejaVuSans") else 2
    return (4 if "Emoji" in name else 3 if "Symbols" in name else first, name)


def _shape(face: Font, letter: str) -> bytes:
    mask = face.getmask(letter)
    return bytes(mask) + repr(mask.size).encode()


def _clusters(text: str) -> Iterator[str]:
    """Letters with the marks that belong to them, as far as they stay in their line. What only steers how others are
    drawn is left out, but for what joins letters and parts of emoji."""
    cluster, marks = "", 0
    for letter in text:
        category = unicodedata.category(letter)
        if category in ("Cc", "Cs", "Co", "Cn") or (category == "Cf" and letter not in _JOINERS):
            continue
        if cluster and (category in _MARKS or letter in _JOINERS or cluster.endswith(_ZWJ)):
            marks += 1
            cluster += letter if marks <= _MOST_MARKS or cluster.endswith(_ZWJ) else ""
            continue
        if cluster:
            yield cluster
        cluster, marks = letter, 0
    if cluster:
        yield cluster


def _right_to_left(text: str) -> bool:
    """By the first letter that has a direction."""
    for letter in text:
        if (direction := unicodedata.bidirectional(letter)) in ("L", "R", "AL"):
            return direction != "L"
    return False
