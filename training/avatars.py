"""Draw the avatars of the communiverse pack: `python -m training.avatars` writes packs/communiverse/avatars/*.png.

Each function below paints one character; `--sheet FILE` also puts all of them on one picture to look at.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from core.settings import ROOT
from training.drawing import SIDE, Canvas, Point, at

OUT = ROOT / "packs" / "communiverse" / "avatars"


def _ring(cx: float, cy: float, rx: float, ry: float, count: int, wobble: float = 0) -> list[Point]:
    """Points around an ellipse; every second one pulled in by `wobble` units."""
    points = []
    for k in range(count):
        angle, inward = 2 * math.pi * k / count, wobble * (k % 2)
        points.append((cx + (rx - inward) * math.cos(angle), cy + (ry - inward) * math.sin(angle)))
    return points


def _flower(canvas: Canvas, cx: float, cy: float, radius: float, petal: str, heart: str = "#ffd65c") -> None:
    for k in range(5):
        angle = 2 * math.pi * k / 5 - math.pi / 2
        canvas.ellipse(
            cx + radius * math.cos(angle), cy + radius * math.sin(angle), radius * 0.72, radius * 0.72, petal
        )
    canvas.ellipse(cx, cy, radius * 0.55, radius * 0.55, heart)


def elio() -> Canvas:
    """A boy with messy hair, headphones with an aerial, and a red cape with bottle caps."""
    c = Canvas("#4b4fb0", "#171a45")
    c.stars(3, 40, "#fff3c4")
    c.blob(at("20,262 52,206 96,186 160,186 204,206 236,262"), "#e2483d", "#a82735")
    c.blob(at("104,172 152,172 156,204 128,216 100,204"), "#c98a62", "#b87750")
    c.blob(at("66,206 98,184 128,214 158,184 190,206 128,240"), "#f25b4b", "#cf3a3c")
    for x, y in ((82, 212), (104, 222), (128, 227), (152, 222), (174, 212)):
        c.ellipse(x, y, 7.5, 7.5, "#f6d78b", "#c99a3f")
        c.ellipse(x, y, 4, 4, "#fff4cf")
    c.ellipse(67, 132, 12, 16, "#c98a62")
    c.ellipse(189, 132, 12, 16, "#c98a62")
    c.blob(_ring(128, 128, 62, 64, 12), "#e0a67c", "#cc8c64")
    c.blob(
        at(
            "62,118 58,78 84,50 104,58 118,38 138,52 164,42 174,62 198,80 194,120 180,104 168,92 "
            "150,98 132,84 112,98 92,90 76,102"
        ),
        "#4a2f2a",
        "#2c1b1e",
    )
    c.stroke(at("58,116 66,62 128,30 190,62 198,116"), 8, "#d7dcec", "#9aa3c4")
    c.stroke(at("190,62 204,40 208,22"), 4, "#cfd5ea")
    c.glow(208, 20, 20, "#ffe680", 0.8)
    c.ellipse(208, 20, 7, 7, "#fff0a8", "#ffc53d")
    c.box(44, 104, 66, 150, 10, "#54d0d6", "#2c93a8")
    c.box(190, 104, 212, 150, 10, "#54d0d6", "#2c93a8")
    c.eye(104, 130, 15, "#6b4326", look=(1.5, -2.5))
    c.eye(152, 130, 15, "#6b4326", look=(1.5, -2.5))
    c.stroke(at("90,108 102,103 114,107"), 4.5, "#3a2422")
    c.stroke(at("142,107 154,102 166,107"), 4.5, "#3a2422")
    c.glow(86, 154, 20, "#f0705e", 0.45)
    c.glow(170, 154, 20, "#f0705e", 0.45)
    c.smile(128, 147, 12, 4, "#a5674a", 3.5)
    c.grin(128, 161, 38, 18)
    return c


def glordon() -> Canvas:
    """A soft pale larva in folds with wide dark eyes, hugging a potato."""
    c = Canvas("#7fdccb", "#1f6f78")
    c.stars(11, 18, "#d9fff5")
    for side in (-1, 1):
        for k in range(3):
            x, y = 128 + side * (82 - k * 2), 172 + k * 24
            c.stroke([(128 + side * 60, y), (x, y + 2), (x + side * 8, y + 14)], 15, "#f3c3cf", "#dc9db2")
    c.blob(_ring(128, 246, 84, 60, 14), "#f9dfe2", "#e3b0c0")
    c.blob(_ring(128, 206, 80, 48, 14), "#fde8e8", "#ecbfcb")
    c.stroke(at("60,222 94,244 128,249 162,244 196,222"), 3.5, "#d99aaf")
    c.blob(_ring(128, 112, 78, 72, 14), "#fff3ee", "#f6cfd6")
    for x, tip in ((96, 70), (160, 186)):
        c.stroke([(x, 50), ((x + tip) / 2, 28), (tip, 24)], 7, "#f6cfd6")
        c.ellipse(tip, 24, 9, 9, "#ff9fb2", "#e8718f")
    c.glow(72, 138, 26, "#ff8fa6", 0.55)
    c.glow(184, 138, 26, "#ff8fa6", 0.55)
    for x in (96, 160):
        c.ellipse(x, 108, 19, 22, "#2a1d33", "#4a2d57")
        c.ellipse(x - 6, 99, 7, 7.5, "#ffffff")
        c.ellipse(x + 6, 117, 3.6, 3.6, "#d8b8e8")
    c.grin(128, 136, 46, 22, tongue="#ff8c9c")
    c.blob(at("88,206 104,184 138,180 168,196 170,218 146,236 110,234"), "#d9a760", "#a8743a")
    for x, y in ((112, 204), (140, 198), (152, 218), (124, 222)):
        c.ellipse(x, y, 3, 2.2, "#8a5a2b")
    c.stroke(at("58,196 74,218 100,216"), 17, "#fbdfe3", "#eebecb")
    c.stroke(at("198,196 184,220 158,220"), 17, "#fbdfe3", "#eebecb")
    return c


def olga() -> Canvas:
    """A major with a flight cap, a headset and one raised brow."""
    c = Canvas("#b9dcf2", "#4a7fae")
    for x, y, r in ((222, 150, 16), (240, 156, 20), (14, 170, 16), (34, 164, 12)):
        c.ellipse(x, y, r, r * 0.8, "#d9edfa", "#a9cde8")
    c.stroke(at("-6,84 60,30 150,6 262,34"), 1.8, "#e9f6ff")
    c.stroke(at("12,48 56,36"), 3, "#6d7c99")
    for x, y, tint in ((12, 49, "#3e63a8"), (34, 42, "#f2f5fa"), (56, 35, "#3e63a8")):
        c.polygon([(x - 8, y - 6), (x + 7, y - 10), (x + 9, y + 5), (x - 6, y + 9)], tint)
    c.blob(at("22,262 44,212 98,188 158,188 212,212 234,262"), "#2f4a74", "#1d3050")
    c.polygon(at("98,192 128,240 158,192 142,182 114,182"), "#dbe7f5", "#b9cce4")
    c.polygon(at("122,206 134,206 140,262 116,262"), "#22324f")
    for side in (-1, 1):
        c.ellipse(128 + side * 72, 222, 6, 6, "#f4cf6a", "#c8952f")
        c.polygon(
            [(128 + side * 82, 206), (128 + side * 98, 214), (128 + side * 94, 222), (128 + side * 78, 214)], "#f4cf6a"
        )
    c.ellipse(128, 76, 74, 52, "#2a1a1e")
    c.ellipse(196, 128, 22, 26, "#2a1a1e", "#3a2426")
    c.blob(at("108,172 148,172 150,198 128,208 106,198"), "#bd8159", "#aa7049")
    c.blob(_ring(128, 130, 58, 62, 12), "#d69e76", "#c18660")
    c.blob(at("70,128 68,92 96,72 134,84 170,72 188,98 186,128 174,102 128,98 82,104"), "#35211f", "#2a1a1e")
    c.blob(at("58,84 84,36 140,22 194,50 200,84 130,72"), "#38598c", "#233c66")
    c.stroke(at("60,84 128,70 198,84"), 7, "#f4cf6a", "#d7a53c")
    c.polygon(at("128,36 133,48 146,49 136,57 139,70 128,62 117,70 120,57 110,49 123,48"), "#ffe9a6")
    c.box(58, 112, 76, 150, 8, "#2b2f3f", "#454c63")
    c.stroke(at("66,146 76,176 104,182"), 4.5, "#2b2f3f")
    c.ellipse(106, 181, 8, 5.5, "#3d4358")
    c.eye(106, 132, 12, "#4b3523", look=(1, 0), tall=0.86)
    c.eye(152, 132, 12, "#4b3523", look=(1, 0), tall=0.86)
    c.stroke(at("92,122 106,118 120,121"), 5, "#2a1a1e")
    c.stroke(at("140,113 154,105 168,111"), 5, "#2a1a1e")
    c.smile(130, 148, 12, 4, "#9c6441", 3.5)
    c.smile(132, 166, 34, 6, "#8c3f3f", 4.5)
    return c


def lord_grigon() -> Canvas:
    """A horned iron helmet with burning eyes, and a small knitted scarf below it."""
    c = Canvas("#c4513a", "#3a0f1c")
    for x, y in ((34, 60), (222, 70), (46, 150), (214, 160), (128, 20), (20, 110), (238, 118)):
        c.glow(x, y, 14, "#ffb347", 0.6)
    c.blob(at("6,262 14,206 66,182 190,182 242,206 250,262"), "#565c72", "#23263a")
    for x in (38, 218):
        c.blob(_ring(x, 214, 40, 36, 12), "#7c839c", "#343a52")
        c.polygon([(x - 10, 186), (x, 150), (x + 10, 186)], "#aab1c6", "#585f78")
    c.blob(at("52,92 30,66 28,26 12,52 14,96 48,124"), "#e9dcc2", "#a8906a")
    c.blob(at("204,92 226,66 228,26 244,52 242,96 208,124"), "#e9dcc2", "#a8906a")
    c.blob(at("50,120 60,62 100,32 156,32 196,62 206,120 196,176 160,206 96,206 60,176"), "#8d94ab", "#3a3f57")
    c.polygon(at("120,22 136,22 142,118 128,132 114,118"), "#b6bdd0", "#6d748d")
    c.blob(at("62,112 92,108 128,128 164,108 194,112 186,150 150,158 128,150 106,158 70,150"), "#171523")
    for x in (96, 160):
        c.glow(x, 130, 30, "#ff9a3c", 0.75)
        c.ellipse(x, 130, 14, 11, "#ffd27a", "#ff8a2b")
        c.ellipse(x, 131, 6, 7, "#6a1d12")
        c.ellipse(x - 4, 126, 3, 3, "#fff8e0")
    for x in (92, 110, 128, 146, 164):
        c.box(x - 4, 168, x + 4, 194, 4, "#20202f")
    for x, y in ((64, 96), (192, 96), (70, 176), (186, 176), (96, 48), (160, 48)):
        c.ellipse(x, y, 4.5, 4.5, "#d3d8e6", "#7b8299")
    c.blob(at("58,200 92,214 128,218 164,214 198,200 206,226 164,246 92,246 50,226"), "#f7c0cf", "#dd86a5")
    c.polygon(at("148,232 186,226 194,262 152,262"), "#f3b0c4", "#d87c9e")
    for left in range(62, 194, 12):
        sag = 18 * math.sin(math.pi * (left - 50) / 150)
        c.stroke([(left - 3, 204 + sag), (left + 1, 213 + sag), (left - 3, 222 + sag)], 2.2, "#c96a8e")
    return c


def veyla() -> Canvas:
    """A tall pale veil with closed eyes, and thought rippling out from a light on the brow."""
    c = Canvas("#a583e0", "#2b1a5c")
    for radius, color in ((118, "#8262c4"), (96, "#9373d2"), (74, "#a686e0")):
        c.stroke(
            [
                (128 + radius * math.cos(a), 88 + radius * math.sin(a))
                for a in (math.pi * (1 + k / 10) for k in range(11))
            ],
            3,
            color,
        )
    c.stars(21, 16, "#efe4ff")
    c.blob(at("44,264 60,190 40,150 72,92 104,44 128,30 152,44 184,92 216,150 196,190 212,264"), "#cfc4f2", "#7f6cc4")
    c.blob(at("70,264 82,180 70,130 98,74 128,52 158,74 186,130 174,180 186,264"), "#f3effd", "#b9a8ea")
    c.blob(at("84,132 92,96 128,74 164,96 172,132 154,176 128,192 102,176"), "#fffdfd", "#e3d8f6")
    c.stroke(at("56,264 66,210 58,166"), 4, "#a795dc")
    c.stroke(at("200,264 190,210 198,166"), 4, "#a795dc")
    c.stroke(at("104,264 110,226 104,200"), 3, "#cbbcf0")
    c.stroke(at("152,264 146,226 152,200"), 3, "#cbbcf0")
    c.glow(128, 100, 38, "#8ff0ff", 0.8)
    c.blob(at("128,84 137,100 128,116 119,100"), "#e3fdff", "#4fc8e8")
    for x in (105, 151):
        c.stroke([(x - 13, 134), (x - 6, 141), (x + 6, 141), (x + 13, 134)], 4, "#5b479c")
        c.stroke([(x - 9, 140), (x - 12, 146)], 2.4, "#5b479c")
        c.stroke([(x, 143), (x, 149)], 2.4, "#5b479c")
        c.stroke([(x + 9, 140), (x + 12, 146)], 2.4, "#5b479c")
    c.glow(96, 156, 16, "#e79be0", 0.5)
    c.glow(160, 156, 16, "#e79be0", 0.5)
    c.smile(128, 166, 24, 6, "#8a62b0", 4)
    return c


def plip() -> Canvas:
    """Blue living water with a face in a glass jar under a brass lid."""
    c = Canvas("#fff0d8", "#e8a97a")
    c.ellipse(128, 240, 92, 12, "#c98a62", "#d99b70")
    c.box(50, 58, 206, 240, 40, "#eafaff", "#c6e8f2")
    wave = at("61,118 82,108 106,116 128,106 152,116 176,108 195,118")
    c.box(58, 130, 198, 232, 34, "#3fb6ea", "#2158b8")
    c.blob([*wave, (193, 168), (128, 176), (63, 168)], "#6fd3f6", "#3ca9e4")
    c.box(58, 150, 198, 180, 4, "#3ca9e4", "#3698dc")
    for x, y, r in (
        (78, 204, 6),
        (92, 218, 4),
        (178, 196, 7),
        (168, 216, 4),
        (184, 174, 4),
        (76, 176, 4),
        (128, 222, 5),
    ):
        c.ellipse(x, y, r, r, "#a5e6ff")
        c.ellipse(x - r * 0.2, y - r * 0.2, r * 0.6, r * 0.6, "#4fb8ee")
    c.blob(at("150,98 158,84 166,98 158,106"), "#6fd3f6", "#3ca9e4")
    c.eye(102, 152, 17, "#16407e", look=(1, -2))
    c.eye(154, 152, 17, "#16407e", look=(1, -2))
    c.glow(82, 180, 16, "#f58fd0", 0.55)
    c.glow(174, 180, 16, "#f58fd0", 0.55)
    c.grin(128, 182, 32, 17, tongue="#7fe0ff")
    c.stroke(at("66,96 62,130 64,196"), 7, "#ffffff")
    c.stroke(at("66,212 68,216"), 7, "#ffffff")
    c.box(62, 32, 194, 70, 10, "#f2cb6c", "#b07a26")
    c.box(72, 22, 184, 42, 10, "#ffe4a0", "#d3a044")
    for k in range(9):
        c.box(72 + k * 13.4, 48, 76 + k * 13.4, 66, 2, "#a06c20")
    c.ellipse(128, 18, 12, 9, "#ffe9b0", "#c08a30")
    return c


def old_tumm() -> Canvas:
    """A grey rock of a face with moss for hair and two small birds."""
    c = Canvas("#f7c98b", "#b9623f")
    c.ellipse(46, 56, 30, 30, "#ffe7b5", "#ffd083")
    c.blob(at("-6,262 8,206 50,178 206,178 248,206 262,262"), "#8b8f96", "#54585f")
    c.blob(at("58,206 52,140 58,84 88,52 134,46 176,58 200,94 204,150 196,208 160,228 96,228"), "#b0b4ba", "#6d7178")
    c.blob(
        at("60,92 76,56 110,36 150,36 184,56 200,96 186,92 176,106 160,86 140,98 122,82 100,100 84,84 72,102"),
        "#8fbf4f",
        "#54853a",
    )
    for x, y in ((88, 66), (112, 54), (146, 52), (170, 70), (130, 68)):
        c.ellipse(x, y, 4, 4, "#b5db74")
    c.stroke(at("178,112 186,132 178,148 188,166"), 3, "#5f636a")
    c.stroke(at("72,176 82,190 78,206"), 3, "#5f636a")
    c.stroke(at("74,124 90,116 114,122"), 11, "#80848b", "#70747b")
    c.stroke(at("142,122 166,116 182,124"), 11, "#80848b", "#70747b")
    for x in (98, 160):
        c.ellipse(x, 138, 12, 9, "#4a4d53")
        c.ellipse(x, 139, 8, 7, "#ffcf70", "#e8963a")
        c.ellipse(x, 139, 3.6, 4.4, "#3a2410")
        c.ellipse(x - 2.5, 136, 1.8, 1.8, "#ffffff")
    c.blob(at("114,146 128,138 142,146 146,170 128,176 110,170"), "#a1a5ab", "#797d84")
    c.smile(128, 192, 58, 8, "#4a4d53", 5.5)
    for x, y, tint, shade in ((214, 166, "#5aa9e6", "#2f6fb5"), (236, 184, "#f2785c", "#c24a3a")):
        body = at("20,10 12,-10 -6,-18 -16,-6 -10,12 6,16")
        c.blob([(x + dx, y + dy) for dx, dy in body], tint, shade)
        c.ellipse(x - 7, y - 8, 3.4, 3.4, "#1c1a22")
        c.ellipse(x - 8, y - 9, 1.2, 1.2, "#ffffff")
        c.polygon([(x - 14, y - 10), (x - 25, y - 5), (x - 14, y - 2)], "#ffcf4d", "#e09a2a")
        c.stroke([(x + 10, y + 2), (x + 2, y + 8), (x - 6, y + 3)], 3, shade)
    return c


def marmalo() -> Canvas:
    """A round coral cook under a tall hat, with spoons and ladles in many hands."""
    c = Canvas("#ffe38a", "#ef9a2e")
    for side in (-1, 1):
        for top, reach in ((96, 104), (150, 112), (206, 106)):
            x = 128 + side * reach
            c.stroke([(128 + side * 50, 200), (128 + side * 84, (top + 214) / 2), (x, top)], 15, "#f28a74", "#d9604f")
            c.ellipse(x, top, 12, 12, "#f59a84", "#e0705c")
            c.ellipse(x, top - 5, 3, 3, "#d13f57")
    c.stroke(at("24,96 20,60 18,40"), 6, "#b98048", "#8a5a2c")
    c.ellipse(17, 32, 11, 15, "#d29a5c", "#a8713a")
    c.stroke(at("232,96 236,66 238,48"), 5, "#c9d0de")
    c.ellipse(238, 42, 14, 10, "#e3e8f2", "#9aa4ba")
    c.blob(at("50,264 62,214 100,196 156,196 194,214 206,264"), "#ffffff", "#dfe3ee")
    c.ellipse(112, 236, 4, 4, "#e0604f")
    c.ellipse(144, 236, 4, 4, "#e0604f")
    c.blob(_ring(128, 142, 68, 62, 14), "#ff9f86", "#e86a58")
    c.blob(at("80,96 58,66 66,30 96,22 128,10 160,22 190,30 198,66 176,96"), "#ffffff", "#e4e8f4")
    c.box(76, 78, 180, 106, 8, "#f4f6fc", "#cfd5e6")
    c.stroke(at("102,40 104,58 100,72"), 3, "#cfd5e6")
    c.stroke(at("154,40 152,58 156,72"), 3, "#cfd5e6")
    c.eye(102, 134, 14, "#7a3b1e", look=(0, 1))
    c.eye(154, 134, 14, "#7a3b1e", look=(0, 1))
    c.stroke(at("86,116 100,110 114,115"), 4.5, "#b3423a")
    c.stroke(at("142,115 156,110 170,116"), 4.5, "#b3423a")
    c.ellipse(128, 152, 12, 9, "#f47a68", "#d9523f")
    c.glow(82, 160, 24, "#f0384c", 0.45)
    c.glow(174, 160, 24, "#f0384c", 0.45)
    c.grin(128, 170, 52, 24)
    c.blob(at("96,168 108,160 128,165 148,160 160,168 146,172 128,169 110,172"), "#8a3f2a", "#6d2f20")
    return c


def tavi_loop() -> Canvas:
    """A slim orange map maker with fin ears and goggles before a wormhole, a purple pencil behind one ear."""
    c = Canvas("#24265e", "#0c0d2b")
    for turn, color in ((0.0, "#37d2c8"), (2.1, "#5b7cf0"), (4.2, "#a653e0")):
        spiral = []
        for k in range(40):
            angle, radius = turn + k * 0.2, 8 + k * 3.6
            spiral.append((128 + radius * math.cos(angle), 116 + radius * math.sin(angle)))
        c.stroke(spiral, 7, color)
    c.stars(8, 22)
    c.blob(at("62,264 76,218 106,200 150,200 180,218 194,264"), "#3fae9f", "#1f6f74")
    c.polygon(at("108,202 148,202 128,236"), "#ffe9c9", "#f3cf9f")
    c.box(112, 176, 144, 210, 10, "#e57f30", "#c9641f")
    for side in (-1, 1):
        c.blob(
            [
                (128 + side * 46, 136),
                (128 + side * 74, 84),
                (128 + side * 108, 64),
                (128 + side * 98, 112),
                (128 + side * 102, 140),
                (128 + side * 82, 150),
                (128 + side * 52, 158),
            ],
            "#ff9a45",
            "#d8641d",
        )
        c.blob(
            [
                (128 + side * 56, 134),
                (128 + side * 76, 104),
                (128 + side * 92, 90),
                (128 + side * 86, 122),
                (128 + side * 70, 140),
            ],
            "#ffd0a0",
            "#f2a86a",
        )
    c.blob(at("80,112 88,78 128,62 168,78 176,112 172,158 148,192 128,200 108,192 84,158"), "#ffad5c", "#ee7f2e")
    c.blob(at("104,72 112,40 128,56 138,30 150,72 128,80"), "#d8541d", "#f0873a")
    for y in (84, 94):
        c.stroke([(110, y), (128, y - 4), (146, y)], 3.4, "#c9541a")
    c.stroke(at("78,116 128,110 178,116"), 8, "#5a3a2a")
    for x in (104, 152):
        c.ellipse(x, 124, 25, 25, "#e8c37a", "#a87c34")
        c.ellipse(x, 124, 20, 20, "#bff2ff", "#7fcfe8")
        c.eye(x, 125, 14.5, "#2f7d4a", look=(2, -1))
        c.stroke([(x - 13, 113), (x - 8, 109)], 3, "#ffffff")
    c.ellipse(123, 158, 2.2, 2.2, "#b84f14")
    c.ellipse(133, 158, 2.2, 2.2, "#b84f14")
    c.grin(130, 168, 34, 15)
    c.stroke(at("170,92 222,54"), 9, "#8f4fd0", "#7436b8")
    c.polygon(at("167,86 156,101 174,97"), "#f4d8b0")
    c.polygon(at("160,97 156,101 162,100"), "#3a2458")
    c.ellipse(224, 52, 6, 6, "#f58fb0")
    return c


def ditto() -> Canvas:
    """A green copy of a boy, melting a little at one ear, in an inside-out shirt."""
    c = Canvas("#f4efe2", "#b8b9a2")
    c.blob(at("34,262 56,212 100,190 156,190 200,212 222,262"), "#e0935f", "#b96a45")
    c.stroke(at("92,194 128,222 164,194"), 6, "#f7d7bb")
    c.stroke(at("60,262 66,236"), 2.5, "#8f4f33")
    c.stroke(at("196,262 190,236"), 2.5, "#8f4f33")
    c.box(116, 226, 140, 242, 2, "#fffdf5")
    c.box(120, 231, 136, 233, 1, "#a9a9a0")
    c.box(120, 236, 132, 238, 1, "#a9a9a0")
    c.blob(at("106,172 150,172 152,200 128,210 104,200"), "#6fbf62", "#57a850")
    c.ellipse(66, 134, 13, 16, "#84cf72", "#64b45a")
    c.blob(at("180,120 198,118 204,136 200,156 202,178 194,188 188,176 190,156 180,150"), "#84cf72", "#64b45a")
    c.blob(at("194,196 199,206 194,212 189,206"), "#84cf72", "#64b45a")
    c.blob(_ring(128, 130, 62, 64, 12), "#a5e48c", "#71bf64")
    c.blob(
        at(
            "64,112 62,78 88,50 112,56 128,40 150,52 172,50 192,78 192,112 186,124 180,100 160,92 "
            "142,98 122,86 104,100 86,92 78,106 72,122"
        ),
        "#3f8f52",
        "#2a6b43",
    )
    c.blob(at("84,94 92,92 94,110 90,118 85,110"), "#2f7748")
    c.eye(104, 134, 16, "#2f7a5a", tall=1)
    c.eye(152, 134, 16, "#2f7a5a", tall=1)
    c.stroke(at("90,110 118,110"), 4.5, "#2a6b43")
    c.stroke(at("138,110 166,110"), 4.5, "#2a6b43")
    c.glow(84, 160, 18, "#e6e070", 0.6)
    c.glow(172, 160, 18, "#e6e070", 0.6)
    c.smile(128, 152, 10, 3, "#4a9a4e", 3.5)
    c.stroke(at("108,172 128,172 148,171"), 4.5, "#2f6b45")
    c.ellipse(112, 76, 9, 4, "#6fb97a")
    return c


def junie() -> Canvas:
    """A freckled girl with two puffs of hair and big yellow headphones."""
    c = Canvas("#ffb7b0", "#e0577d")
    for x, y, k in ((36, 44, 1.0), (220, 44, 1.0)):
        for ring in (14, 24, 34):
            side = -1 if x < 128 else 1
            arc = [(x + side * ring * k * math.cos(a), y - ring * k * math.sin(a)) for a in (0.1, 0.4, 0.7, 1.0, 1.3)]
            c.stroke(arc, 3.4, "#ffe1dc")
    c.blob(at("34,262 56,212 100,190 156,190 200,212 222,262"), "#3fb0a8", "#23807f")
    for k in range(5):
        c.stroke([(40, 216 + k * 13), (128, 224 + k * 13), (216, 216 + k * 13)], 4, "#8fe0d2")
    c.blob(at("106,172 150,172 152,198 128,210 104,198"), "#8a5535", "#7a4629")
    for x in (66, 190):
        c.blob(_ring(x, 66, 37, 37, 18, 4), "#3d2a30", "#241820")
        c.ellipse(x + (14 if x < 128 else -14), 84, 9, 9, "#ffd65c", "#f0aa2e")
    c.blob(_ring(128, 104, 66, 58, 14), "#3d2a30", "#2a1c24")
    c.blob(_ring(128, 134, 58, 60, 12), "#b0714a", "#975a38")
    c.blob(at("72,118 80,88 128,78 176,88 184,118 164,104 128,106 96,102"), "#35242b", "#2a1c24")
    c.stroke(at("62,128 70,68 128,44 186,68 194,128"), 9, "#ffd65c", "#f0a92e")
    for x in (60, 196):
        c.ellipse(x, 138, 19, 25, "#ffe08a", "#ef9f28")
        c.ellipse(x, 138, 11, 16, "#fff3cd", "#f7cf6a")
    c.stroke(at("64,160 78,184 98,184"), 4.5, "#4a3b2a")
    c.ellipse(100, 184, 8, 6, "#34303a")
    c.eye(106, 134, 14, "#3c2417", look=(-1, -1))
    c.eye(150, 134, 14, "#3c2417", look=(-1, -1))
    c.stroke(at("92,114 105,110 116,115"), 4, "#241820")
    c.stroke(at("140,112 152,107 165,112"), 4, "#241820")
    for x, y in ((88, 156), (95, 160), (90, 164), (166, 156), (160, 160), (167, 164)):
        c.ellipse(x, y, 1.9, 1.9, "#7a4326")
    c.smile(128, 150, 10, 3.5, "#7a4326", 3.5)
    c.grin(130, 164, 40, 19)
    c.box(128, 164, 131, 169, 0.5, "#d9d9e4")
    return c


def fernwick() -> Canvas:
    """A mossy green face crowned with flowers, and Button the snail on top."""
    c = Canvas("#3f6f8f", "#15304a")
    c.stars(14, 16, "#e9f7ff")
    for x, y, r in ((34, 54, 18), (222, 86, 14), (218, 30, 8), (26, 128, 9)):
        c.glow(x, y, r * 1.8, "#fff3c0", 0.4)
        c.ellipse(x, y, r, r, "#fff6d4", "#e0cf96")
        c.ellipse(x + r * 0.3, y + r * 0.2, r * 0.24, r * 0.24, "#d6c284")
    c.blob(at("26,262 46,212 96,190 160,190 210,212 230,262"), "#7a5a3c", "#553c28")
    for x, y in ((70, 216), (100, 204), (128, 214), (156, 204), (186, 216)):
        c.blob([(x, y - 16), (x + 14, y + 6), (x, y + 26), (x - 14, y + 6)], "#a9d46a", "#5f9a3e")
    for side in (-1, 1):
        c.blob(
            [
                (128 + side * 56, 128),
                (128 + side * 88, 106),
                (128 + side * 112, 112),
                (128 + side * 96, 140),
                (128 + side * 62, 154),
            ],
            "#9fce6a",
            "#6aa348",
        )
        c.stroke([(128 + side * 62, 138), (128 + side * 98, 118)], 2.6, "#5a8f3c")
    c.blob(_ring(128, 140, 68, 64, 22, 4), "#b5dc7c", "#79b04f")
    c.blob(_ring(128, 86, 60, 32, 18, 7), "#5c9440", "#79b04f")
    for x, y, r, petal in (
        (78, 88, 9, "#ff9ec0"),
        (104, 76, 10, "#ffffff"),
        (178, 88, 9, "#b79bff"),
        (156, 76, 10, "#ff9ec0"),
    ):
        _flower(c, x, y, r, petal)
    c.stroke(at("104,66 128,64 158,60 166,46"), 12, "#f2d3a2", "#d8aa6e")
    c.stroke(at("166,46 164,30"), 2.8, "#d8aa6e")
    c.stroke(at("168,46 178,34"), 2.8, "#d8aa6e")
    c.ellipse(164, 28, 4, 4, "#2a1d1a")
    c.ellipse(179, 32, 4, 4, "#2a1d1a")
    c.ellipse(128, 44, 27, 25, "#e8795a", "#b0452f")
    spiral = [(128 + (3 + k * 0.85) * math.cos(k * 0.5), 44 + (3 + k * 0.8) * math.sin(k * 0.5)) for k in range(23)]
    c.stroke(spiral, 3.4, "#ffd3a8")
    for x in (104, 152):
        c.ellipse(x, 138, 15, 16, "#22301c", "#3c5530")
        c.ellipse(x - 5, 132, 5.4, 5.4, "#ffffff")
        c.ellipse(x + 5, 144, 2.6, 2.6, "#c8e6a0")
    c.glow(84, 160, 22, "#f58f6a", 0.55)
    c.glow(172, 160, 22, "#f58f6a", 0.55)
    c.smile(128, 152, 12, 4, "#5a8f3c", 3.5)
    c.smile(128, 170, 36, 11, "#3f6b2e", 5)
    return c


def trillo() -> Canvas:
    """A thin blue singer with five hollow horns, eyes shut, with notes in the air."""
    c = Canvas("#d94f8c", "#541448")
    for x, y, size in ((36, 96, 1.0), (216, 80, 1.2), (28, 178, 0.8), (226, 168, 0.9)):
        c.stroke([(x + 8 * size, y), (x + 8 * size, y - 30 * size)], 3.6, "#ffd9ec")
        c.stroke(
            [(x + 8 * size, y - 30 * size), (x + 18 * size, y - 24 * size), (x + 18 * size, y - 14 * size)],
            3.6,
            "#ffd9ec",
        )
        c.ellipse(x, y, 9 * size, 7 * size, "#ffd9ec")
    c.blob(at("52,264 70,214 104,198 152,198 186,214 204,264"), "#f6c552", "#c98522")
    for k in range(7):
        x = 74 + k * 18
        c.ellipse(x, 210 + 14 * math.sin(math.pi * k / 6), 15, 13, "#fffaf0", "#e6d9c4")
    c.box(114, 178, 142, 212, 10, "#5a93dc", "#4379c4")
    for x, tip_x, tip_y in ((84, 44, 50), (104, 84, 22), (128, 128, 10), (152, 172, 22), (172, 212, 50)):
        c.stroke(
            [(x, 104), ((x + tip_x) / 2 + (tip_x - 128) * 0.05, (104 + tip_y) / 2), (tip_x, tip_y)],
            19,
            "#a8d4ff",
            "#5a9ae6",
        )
        c.ellipse(tip_x, tip_y, 12.5, 8.5, "#cfe9ff", "#8fc4f8")
        c.ellipse(tip_x, tip_y, 8, 5, "#1d2c66")
    c.blob(at("74,122 86,88 128,76 170,88 182,122 172,166 148,194 128,200 108,194 84,166"), "#8cc6ff", "#5590e0")
    for x in (102, 154):
        c.stroke([(x - 14, 134), (x - 7, 125), (x, 122), (x + 7, 125), (x + 14, 134)], 5, "#1d2c66")
    c.stroke(at("88,112 100,106 112,110"), 3.6, "#3a66b8")
    c.stroke(at("144,110 156,106 168,112"), 3.6, "#3a66b8")
    c.glow(86, 150, 20, "#ff6fb0", 0.6)
    c.glow(170, 150, 20, "#ff6fb0", 0.6)
    c.ellipse(128, 168, 15, 18, "#3a1550", "#5c2468")
    c.ellipse(128, 178, 9, 7, "#ff8cb0")
    return c


def rook() -> Canvas:
    """A grinning pilot in a leather cap with goggles, a scarf, and a plaster on the cheek."""
    c = Canvas("#8fa6b8", "#34434f")
    for x, y, r in ((32, 60, 14), (224, 58, 18), (30, 150, 8), (232, 140, 9)):
        c.polygon(
            [
                (x - r, y - r * 0.3),
                (x - r * 0.2, y - r),
                (x + r, y - r * 0.5),
                (x + r * 0.6, y + r * 0.8),
                (x - r * 0.7, y + r * 0.6),
            ],
            "#c7d2da",
            "#7c8d9a",
        )
    c.blob(at("26,262 46,212 98,190 158,190 210,212 230,262"), "#7d4a2a", "#50301d")
    c.polygon(at("44,216 92,194 104,262 70,262"), "#f0e2c4", "#cdb78c")
    c.polygon(at("212,216 164,194 152,262 186,262"), "#f0e2c4", "#cdb78c")
    c.blob(
        at("58,132 60,76 96,42 160,42 196,76 198,132 200,176 180,184 170,150 86,150 76,184 56,176"),
        "#96562c",
        "#693a1e",
    )
    c.blob(_ring(128, 140, 56, 56, 12), "#f2bf94", "#dc9c70")
    c.blob(at("70,120 82,92 128,82 174,92 186,120 164,108 128,104 92,108"), "#874c26", "#7a4422")
    c.stroke(at("128,44 128,82"), 3, "#5c3219")
    c.blob(at("138,106 172,106 180,124 166,116 156,124 148,114"), "#d9512c", "#b83c20")
    c.stroke(at("60,92 128,78 196,92"), 10, "#3a2a24")
    for x in (102, 154):
        c.ellipse(x, 80, 25, 21, "#e0b860", "#96702c")
        c.ellipse(x, 80, 19, 15.5, "#7fe0d8", "#2c8f9c")
        c.stroke([(x - 10, 80), (x - 2, 70)], 4.5, "#d8fffa")
    c.eye(106, 138, 12.5, "#3d7fa8", look=(2, 0), tall=0.95)
    c.stroke(at("140,138 150,133 164,139"), 5, "#5c3219")
    c.stroke(at("92,121 106,117 118,122"), 5, "#a83c20")
    c.stroke(at("142,124 154,120 166,124"), 5, "#a83c20")
    c.smile(128, 150, 13, 5, "#b8764a", 4)
    c.grin(130, 165, 46, 20)
    c.box(136, 165, 141, 171, 0.5, "#5a1f2e")
    c.stroke(at("76,158 94,166"), 9, "#fff1d8", "#ecd3a8")
    c.glow(172, 160, 18, "#e8604a", 0.4)
    c.blob(at("70,196 100,186 128,200 156,186 188,196 160,222 128,226 96,222"), "#e8503c", "#b8302c")
    c.blob(at("140,216 168,220 182,250 160,246 148,262"), "#d8402f", "#a82826")
    for x, y in ((92, 204), (112, 212), (134, 212), (156, 206), (160, 232)):
        c.ellipse(x, y, 3, 3, "#ffe1d2")
    return c


def oon() -> Canvas:
    """A small owl-like archivist with three eyes and spectacles, before the shelves."""
    c = Canvas("#4d7a5a", "#1c3a30")
    books = ("#c8553d", "#e0a93f", "#3f7fa8", "#8f5fb0", "#d8cfae", "#5fae7a")
    for row, y in enumerate((52, 116, 180, 244)):
        c.box(-4, y, 260, y + 6, 1, "#6b4a2c")
        x, k = -2 + row * 3, row
        while x < 256:
            width, height = 11 + (k * 7) % 8, 34 + (k * 11) % 15
            c.box(x, y - height, x + width - 2, y, 2, books[k % len(books)])
            x, k = x + width, k + 1
    c.glow(128, 150, 150, "#16302a", 0.55)
    c.blob(at("36,264 44,204 84,178 172,178 212,204 220,264"), "#8a6442", "#5c4029")
    c.blob(at("88,264 92,214 128,198 164,214 168,264"), "#f0dcb8", "#d2b486")
    for row in range(3):
        for k in range(4 - row % 2):
            x, y = 104 + k * 16 + (row % 2) * 8, 222 + row * 15
            c.stroke([(x - 5, y), (x, y + 5), (x + 5, y)], 3, "#b08e5e")
    c.polygon(at("62,92 54,28 108,66"), "#8a6442", "#6b4a2e")
    c.polygon(at("194,92 202,28 148,66"), "#8a6442", "#6b4a2e")
    c.blob(_ring(128, 130, 80, 70, 16), "#a87c52", "#77543a")
    c.blob(at("60,140 72,100 104,98 128,118 152,98 184,100 196,140 180,178 128,192 76,178"), "#f3e2c2", "#dcc096")
    c.ellipse(128, 84, 21, 20, "#f3e2c2", "#dcc096")
    c.eye(128, 84, 15, "#c98a1e", look=(3, -4), tall=1)
    for x in (96, 160):
        c.ellipse(x, 138, 31, 31, "#e6be5c", "#a87c28")
        c.ellipse(x, 138, 26, 26, "#fdfbf2", "#eef3f4")
        c.eye(x, 138, 21, "#d08f1c", look=(0, 2), tall=1)
    c.stroke(at("122,134 128,130 134,134"), 5, "#c99a3c")
    c.polygon(at("116,158 140,158 128,180"), "#f5a83c", "#d07a1e")
    c.stroke(at("70,106 92,98 112,106"), 6, "#6b4a2e")
    c.stroke(at("144,106 164,98 186,106"), 6, "#6b4a2e")
    return c


PAINTERS: dict[str, Callable[[], Canvas]] = {
    "elio": elio,
    "glordon": glordon,
    "olga": olga,
    "lord-grigon": lord_grigon,
    "veyla": veyla,
    "plip": plip,
    "old-tumm": old_tumm,
    "marmalo": marmalo,
    "tavi-loop": tavi_loop,
    "ditto": ditto,
    "junie": junie,
    "fernwick": fernwick,
    "trillo": trillo,
    "rook": rook,
    "oon": oon,
}


def main() -> None:
    """Write every avatar, and the contact sheet where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the PNG files")
    parser.add_argument("--sheet", type=Path, help="also write all of them on one picture")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    columns, rows = 5, math.ceil(len(PAINTERS) / 5)
    sheet = Image.new("RGB", (columns * SIDE, rows * SIDE))
    for index, (name, paint) in enumerate(PAINTERS.items()):
        picture = paint().finish()
        path = options.out / f"{name}.png"
        picture.save(path, optimize=True)
        sheet.paste(picture.convert("RGB"), (index % columns * SIDE, index // columns * SIDE))
        sys.stdout.write(f"[{index + 1}/{len(PAINTERS)}] {path.name} {path.stat().st_size / 1024:.0f} KB\n")
    if options.sheet:
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
