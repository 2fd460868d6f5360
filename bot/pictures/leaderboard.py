"""A page of a leaderboard."""

from __future__ import annotations

from dataclasses import dataclass

from bot.pictures.fonts import BOLD, Fonts
from bot.pictures.studio import BRONZE, GOLD, SILVER, TEAL, VIOLET, Sheet, hue_of, shade
from core.drawing import DIM, INK, Colour

WIDTH = 960
_TOP, _ROW, _END = 128, 66, 30
_MEDALS: dict[int, Colour] = {1: GOLD, 2: SILVER, 3: BRONZE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One member: their place, and their points both as a number and as it is to be read. `mine` is who asked."""

    user_id: str
    place: int
    name: str
    points: int
    says: str
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardPicture:
    """What stands on the page, each text as it is to be read. `best` is the most points on the whole board; `empty` is
    said where there are no lines."""

    title: str
    subtitle: str
    lines: tuple[Line, ...]
    best: int
    empty: str

    def draw(self, fonts: Fonts) -> bytes:
        """The page as PNG."""
        height = _TOP + _ROW * max(2, len(self.lines)) + _END
        sheet = Sheet(WIDTH, height, self.title, fonts)
        sheet.panel(14, 14, WIDTH - 28, height - 28, 24, (10, 10, 28, 120), (255, 255, 255, 26))
        sheet.panel(46, 44, 6, 56, 3, (*GOLD, 255))
        sheet.text(70, 74, self.title, 34, weight=BOLD, most=WIDTH - 120)
        sheet.text(70, 102, self.subtitle, 20, DIM, most=WIDTH - 120)
        if not self.lines:
            sheet.text(WIDTH / 2, _TOP + _ROW + 8, self.empty, 22, DIM, align="middle", most=WIDTH - 120)
        for index, line in enumerate(self.lines):
            self._line(sheet, _TOP + index * _ROW, line)
        return sheet.png()

    def _line(self, sheet: Sheet, y: float, line: Line) -> None:
        middle = y + _ROW / 2 - 3
        medal = _MEDALS.get(line.place)
        if line.mine:
            sheet.panel(36, y, WIDTH - 72, _ROW - 6, 16, (*TEAL, 34), (*TEAL, 190))
        else:
            sheet.panel(36, y, WIDTH - 72, _ROW - 6, 16, (255, 255, 255, 20 if medal else 11))
        if medal:
            sheet.dot(76, middle, 21, (*medal, 255))
            sheet.text(76, middle + 8, str(line.place), 22, (40, 30, 60), weight=BOLD, align="middle")
        else:
            sheet.text(76, middle + 7, str(line.place), 20, DIM, weight=BOLD, align="middle")
        sheet.face(138, middle, 22, line.user_id)
        sheet.initials(138, middle, 22, line.name)
        width = sheet.measure(line.says, 22, BOLD)
        sheet.text(WIDTH - 62, middle + 8, line.says, 22, INK, weight=BOLD, align="right")
        room = WIDTH - 62 - 178 - max(width, 120) - 24
        sheet.text(178, middle + 1, line.name, 22, weight=BOLD if medal or line.mine else 400, most=room)
        ends = (medal, shade(hue_of(line.user_id), 0.5, 0.9)) if medal else (TEAL, VIOLET)
        sheet.bar(178, middle + 13, room, 6, line.points / max(1, self.best), ends)
