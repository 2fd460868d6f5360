"""The pictures: every name can be shown, whatever letters it has, and nothing odd breaks one."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from actors.points_queries import Page, Row
from actors.progress import BADGES
from bot.language import words
from bot.leaderboards import View, buttons, not_drawn, picture_of
from bot.pictures import fonts
from bot.pictures.emblems import _EMBLEMS, emblem
from bot.pictures.faces import decoded
from bot.pictures.fonts import Fonts
from bot.pictures.leaderboard import LeaderboardPicture, Line
from bot.pictures.profile import ProfileCard
from bot.pictures.studio import Sheet, drawn

OWN = Fonts(())  # Pillow's only
SCRIPTS = (
    "Ada",
    "Зоя",
    "Ελένη",
    "山田太郎",
    "김민준",
    "محمد بن علي",
    "שלום",
    "สมชาย",
    "अनन्या",
    "তাহমিনা",
    "გიორგი",
    "Հայկ",
    "🦊✨",
)
ODD = (
    "",
    " ",
    "\u202eevil\u202c",
    "Z" + "\u0301" * 60,
    "\ud800",
    "\x00\x1b[31m",
    "﷽",
    "👩‍👩‍👧‍👦",
    "𒐫" * 40,
    "a" * 500,
    "_*`~|",
    "\U0010ffff",
)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def board(*names: str) -> LeaderboardPicture:
    lines = tuple(
        Line(user_id=str(index), place=index + 1, name=name, points=100 - index, says=f"{100 - index}")
        for index, name in enumerate(names)
    )
    return LeaderboardPicture(title="The Lobby", subtitle="page 1 of 1", lines=lines, best=100, empty="Nobody.")


def card(name: str, share: float = 0.5, badges: tuple[str, ...] = ()) -> ProfileCard:
    return ProfileCard(
        user_id="1", name=name, level="Level 3", progress="1 of 2 points", share=share, facts=(("place", "#1"),) * 4,
        badges_title="Badges", badges=badges, no_badges="None yet.", friends_title="Talks with", friends="Elio",
    )  # fmt: skip


def test_a_card_differs_by_what_is_on_it() -> None:
    plain = card("Ada").draw(OWN)
    assert opened(plain).size == (960, 420)
    assert card("Ada").draw(OWN) == plain
    others = [card("Bea"), card("Ada", 0.9), card("Ada", badges=("magpie",))]
    assert len({plain, *(other.draw(OWN) for other in others)}) == 4


def test_a_board_has_a_line_for_everybody_and_one_of_nobody_says_so() -> None:
    assert opened(board("Ada", "Bea", "Cleo").draw(OWN)).height < opened(board(*"abcdefghij").draw(OWN)).height
    assert board().draw(OWN) != board("").draw(OWN)


@pytest.mark.parametrize("name", [*SCRIPTS, *ODD])
def test_no_name_breaks_a_picture(name: str) -> None:
    for letters in (OWN, fonts.found()):
        sheet = Sheet(120, 40, "x", letters)
        for size in (16, 42):
            assert sheet.text(4, 30, name, size, most=80) <= 80
        sheet.face(90, 20, 18, "1")
        sheet.initials(90, 20, 18, name)
        opened(sheet.png()).verify()


def test_no_names_break_a_board() -> None:
    opened(board(*SCRIPTS, *ODD).draw(fonts.found())).verify()


def test_random_text_breaks_no_picture() -> None:
    chance = random.Random(6)
    names = [
        "".join(chr(chance.choice((0x7F, 0x3000, 0x20000)) + chance.randrange(4000)) for _ in range(9))
        for _ in range(20)
    ]
    opened(board(*names).draw(fonts.found())).verify()


def test_a_long_name_is_cut_off_and_stays_in_its_room() -> None:
    sheet = Sheet(400, 60, "x", OWN)
    assert sheet.text(10, 40, "a" * 300, 20, most=200) <= 200
    assert sheet.text(10, 40, "abc", 20, most=200) == sheet.measure("abc", 20)


def test_names_that_no_font_has_are_told_beside_the_picture() -> None:
    rows = tuple(Row(place=1, user_id="1", name=name, points=5) for name in ("Ada", "山田太郎"))
    assert not_drawn(rows, OWN) == (1,)
    assert [piece for _, piece in OWN.runs("Ad山a", 20)] == ["Ad.a"] or OWN.has("·")


def test_letters_are_drawn_from_left_to_right_in_pieces_of_one_font(tmp_path: Path) -> None:
    assert [piece for _, piece in OWN.runs("a b  c", 20)] == ["a b  c"]
    assert OWN.runs("", 20) == []


def test_every_badge_has_a_picture_and_its_texts() -> None:
    assert {badge.id for badge in BADGES} == set(_EMBLEMS)
    drawings = set()
    for badge in BADGES:
        sheet = Sheet(60, 60, "same", OWN)
        emblem(sheet, 30, 30, 24, badge.id)
        drawings.add(sheet.png())
        for language in ("en", "de"):
            assert words(language)(f"badge-{badge.id}")
            assert words(language)(f"badge-{badge.id}-for").endswith((".", "!"))
    assert len(drawings) == len(BADGES)


def test_a_picture_from_outside_is_taken_within_bounds_only() -> None:
    def encoded(side: int, kind: str = "PNG") -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (side, side)).save(out, kind)
        return out.getvalue()

    small = decoded(encoded(64))
    assert small is not None
    assert small.size == (64, 64)
    assert decoded(encoded(1025)) is None
    assert decoded(encoded(64, "BMP")) is None
    assert decoded(encoded(64)[:40]) is None
    assert decoded(b"") is None
    assert decoded(b"x" * 600_000) is None


async def test_what_is_drawn_is_drawn_beside_the_event_loop() -> None:
    png = await drawn(card("Ada").draw)
    assert opened(png).format == "PNG"


@pytest.mark.parametrize(
    ("page", "pages", "disabled"),
    [(1, 1, [True, True, False]), (1, 2, [True, False, False]), (2, 2, [False, True, False])],
)
def test_buttons_lead_where_there_is_something(page: int, pages: int, disabled: list[bool]) -> None:
    shown = buttons(View("server", "all", page), pages, words("en"))
    items = [item.item for item in shown.children if hasattr(item, "item")]
    assert [item.disabled for item in items] == disabled
    assert len({item.custom_id for item in items}) == 3


def test_what_is_written_on_a_board_is_in_the_language_of_the_place() -> None:
    rows = (Row(place=1, user_id="1", name="Ada", points=1240),)
    picture = picture_of(View("global", "week", 2), Page(rows=rows, total=11), 2, "Alle Server", rows, "1", words("de"))
    assert picture.subtitle == "Bestenliste dieser Woche · Seite 2 von 2"
    assert (picture.lines[0].says, picture.lines[0].mine, picture.best) == ("1.240", True, 1240)
