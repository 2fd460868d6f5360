"""A member's card."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from bot.pictures.emblems import emblem
from bot.pictures.fonts import BOLD, Fonts
from bot.pictures.studio import GOLD, ROSE, TEAL, VIOLET, Sheet
from core.drawing import DIM, FAINT

WIDTH, HEIGHT = 960, 420
_EDGE = 28
_FACE = 74
_MOST_BADGES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileCard:
    """What stands on a card, each text as it is to be read. `share` is how far the level is done, 0 to 1; `facts` are
    pairs of a caption and what it says, at most four; `badges` are ids."""

    user_id: str
    name: str
    level: str
    progress: str
    share: float
    facts: tuple[tuple[str, str], ...]
    badges_title: str
    badges: tuple[str, ...]
    no_badges: str
    friends_title: str
    friends: str
    picture: Image.Image | None = None

    def draw(self, fonts: Fonts) -> bytes:
        """The card as PNG."""
        sheet = Sheet(WIDTH, HEIGHT, self.user_id, fonts)
        sheet.panel(14, 14, WIDTH - 28, HEIGHT - 28, 24, (10, 10, 28, 120), (255, 255, 255, 26))
        self._head(sheet)
        self._facts(sheet)
        self._badges(sheet)
        return sheet.png()

    def _head(self, sheet: Sheet) -> None:
        x, y = _EDGE + 20 + _FACE, _EDGE + 16 + _FACE
        sheet.dot(x, y, _FACE + 9, (*FAINT, 255))
        sheet.arc(x, y, _FACE + 9, self.share, TEAL, 7)
        sheet.face(x, y, _FACE, self.user_id, self.picture)
        if self.picture is None:
            sheet.initials(x, y, _FACE, self.name)
        left, right = x + _FACE + 36, WIDTH - _EDGE - 20
        chip = sheet.measure(self.level, 24, BOLD) + 40
        sheet.panel(right - chip, 46, chip, 44, 22, (*VIOLET, 70), (*VIOLET, 255))
        sheet.text(right - chip / 2, 76, self.level, 24, weight=BOLD, align="middle")
        room = right - chip - 20 - left
        size = 42 if sheet.measure(self.name, 42, BOLD) <= room else 30
        sheet.text(left, 84 if size == 42 else 80, self.name, size, weight=BOLD, most=room)
        sheet.text(left, 132, self.progress, 22, DIM, most=right - left)
        sheet.bar(left, 152, right - left, 26, self.share, (TEAL, VIOLET))

    def _facts(self, sheet: Sheet) -> None:
        if not self.facts:
            return
        gap, left = 16, _EDGE + 20
        width = (WIDTH - 2 * left - gap * (len(self.facts) - 1)) / len(self.facts)
        for index, ((caption, says), colour) in enumerate(zip(self.facts, (GOLD, ROSE, TEAL, VIOLET), strict=False)):
            x = left + index * (width + gap)
            sheet.panel(x, 220, width, 78, 16, (255, 255, 255, 15))
            sheet.panel(x, 236, 4, 46, 2, (*colour, 255))
            sheet.text(x + 20, 252, says, 28, weight=BOLD, most=width - 32)
            sheet.text(x + 20, 282, caption, 17, DIM, most=width - 32)

    def _badges(self, sheet: Sheet) -> None:
        left, half = _EDGE + 20, 600
        sheet.text(left, 330, self.badges_title, 17, DIM, most=half - left)
        if not self.badges:
            sheet.text(left, 366, self.no_badges, 20, most=half - left - 20)
        shown = self.badges[-_MOST_BADGES:]  # the later ones are the harder ones of their kind
        for index, badge in enumerate(shown):
            emblem(sheet, left + 21 + index * 46, 364, 20, badge)
        sheet.text(half + 28, 330, self.friends_title, 17, DIM, most=WIDTH - half - 28 - left)
        sheet.text(half + 28, 366, self.friends, 20, most=WIDTH - half - 28 - left)
