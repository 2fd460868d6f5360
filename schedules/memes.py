"""Memes: templates drawn here, captions written for them by a persona or put together from what the server and its
lore hold, and a sentence that says what is to be seen.

A meme is its template and its captions, so two that look the same have one fingerprint.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.drawing import Canvas, Colour, Letters, Point

WIDTH, HEIGHT = 640, 480
MOST_CHARACTERS = 60
_DARK: Colour = (38, 34, 66)
_SKY: Colour = (34, 30, 70)
_SAND: Colour = (236, 220, 190)
_MINT: Colour = (138, 214, 160)
_PEACH: Colour = (247, 178, 132)
_PAPER: Colour = (250, 246, 236)

Draw = Callable[[Canvas, Sequence[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A picture with places for captions. `asks` says of each what a persona is asked for; `seen` describes the picture
    with {0}, {1}… for its captions; `lines` are captions that belong together, with {topic}, {thing} and {who}."""

    id: str
    asks: tuple[str, ...]
    seen: str
    lines: tuple[tuple[str, ...], ...]
    draw: Draw


@dataclass(frozen=True, slots=True)
class Meme:
    """A template with its captions."""

    template: Template
    captions: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """The same for what looks the same."""
        said = "|".join(" ".join(re.findall(r"\w+", caption.casefold())) for caption in self.captions)
        return f"{self.template.id}:{hashlib.blake2b(said.encode(), digest_size=8).hexdigest()}"

    @property
    def alt(self) -> str:
        """What is to be seen, for those who cannot see it."""
        return self.template.seen.format(*(f"“{caption}”" for caption in self.captions))

    def picture(self, letters: Letters) -> bytes:
        """The picture as PNG."""
        canvas = Canvas(WIDTH, HEIGHT, letters, _SKY)
        self.template.draw(canvas, self.captions)
        return canvas.png()


def usable(caption: str | None) -> str | None:
    """A caption that was written, without what a model puts around it; None where it is none."""
    text = " ".join((caption or "").split()).strip(" \"“”'*_")
    text = re.split(r"(?<=[.!?])\s", text)[0].rstrip(".")
    return text if 2 <= len(text) <= MOST_CHARACTERS and len(text.split()) <= 12 else None


def composed(template: Template, rng: random.Random, words: dict[str, str]) -> Meme:
    """A meme of the template's own lines. `words` has topic, thing and who."""
    captions = rng.choice(template.lines)
    return Meme(template, tuple(_capital(one.format(**words))[:MOST_CHARACTERS] for one in captions))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _critter(canvas: Canvas, x: float, y: float, size: float, colour: Colour, *, glad: bool = True) -> None:
    """Somebody small with two feelers, standing on `y`."""
    for side in (-1, 1):
        tip: Point = (x + side * size * 0.3, y - size * 1.28)
        canvas.line([(x + side * size * 0.12, y - size * 0.9), tip], colour, size * 0.06)
        canvas.oval(*tip, size * 0.08, size * 0.08, colour)
        canvas.oval(x + side * size * 0.2, y - size * 0.04, size * 0.14, size * 0.08, colour)
    canvas.oval(x, y - size * 0.5, size * 0.42, size * 0.48, colour)
    for side in (-1, 1):
        canvas.oval(x + side * size * 0.15, y - size * 0.6, size * 0.1, size * 0.12, (255, 255, 255))
        canvas.oval(x + side * size * 0.13, y - size * 0.58, size * 0.05, size * 0.06, _DARK)
    bend = size * (0.07 if glad else -0.07)
    mouth = [(x - size * 0.13, y - size * 0.33), (x, y - size * 0.33 + bend), (x + size * 0.13, y - size * 0.33)]
    canvas.line(mouth, _DARK, size * 0.04)


def _stars(canvas: Canvas, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        radius = chance.uniform(0.6, 1.8)
        canvas.oval(chance.uniform(0, WIDTH), chance.uniform(0, HEIGHT), radius, radius, (255, 250, 235, 150))


def _doors(canvas: Canvas, captions: Sequence[str]) -> None:
    canvas.box(0, 0, WIDTH, HEIGHT, (92, 84, 128))
    canvas.shape([(0, HEIGHT), (WIDTH, HEIGHT), (WIDTH, 372), (0, 372)], (64, 58, 96))
    for number, (x, colour) in enumerate(((60, (74, 140, 150)), (390, (176, 92, 96)))):
        canvas.box(x - 10, 92, 210, 284, (44, 40, 70), 8)
        canvas.box(x, 102, 190, 274, colour, 6)
        canvas.oval(x + 168, 250, 8, 8, (245, 214, 120))
        canvas.box(x - 20, 24, 230, 60, _PAPER, 8)
        canvas.paragraph(x - 12, 26, 214, 56, captions[number], _DARK, largest=24)
    for x, y, size, colour in ((470, 420, 74, _MINT), (520, 444, 78, _PEACH), (578, 462, 84, (160, 150, 240))):
        _critter(canvas, x, y, size, colour)
    _critter(canvas, 150, 440, 58, (200, 200, 214), glad=False)


def _scales(canvas: Canvas, captions: Sequence[str]) -> None:
    _stars(canvas, 3)
    canvas.box(304, 90, 32, 330, (176, 150, 90), 6)
    canvas.box(220, 412, 200, 34, (140, 116, 66), 10)
    canvas.line([(110, 190), (320, 118), (530, 60)], (206, 178, 108), 14)
    canvas.oval(320, 116, 18, 18, (245, 214, 120))
    for x, y, top in ((110, 300, 190), (530, 176, 60)):
        canvas.line([(x, top), (x - 92, y)], (206, 178, 108), 3)
        canvas.line([(x, top), (x + 92, y)], (206, 178, 108), 3)
        canvas.slice(x, y, 100, 0.25, 0.75, (206, 178, 108))
    canvas.oval(110, 262, 56, 36, (196, 150, 96))
    for spot_x, spot_y in ((86, 254), (120, 246), (136, 270), (100, 276)):
        canvas.oval(spot_x, spot_y, 4, 3, (150, 108, 66))
    for number in range(5):
        canvas.box(484 + number * 19, 150 - (number % 2) * 12, 17, 24 + (number % 2) * 12, (245, 196, 94), 3)
    canvas.box(16, 404, 196, 66, _PAPER, 10)
    canvas.paragraph(22, 406, 184, 62, captions[0], _DARK, largest=24)
    canvas.box(430, 284, 196, 66, _PAPER, 10)
    canvas.paragraph(436, 286, 184, 62, captions[1], _DARK, largest=24)


def _wormhole(canvas: Canvas, captions: Sequence[str]) -> None:
    _stars(canvas, 7)
    blue, rose = ((60, 90, 160), (90, 140, 220), (30, 40, 90)), ((150, 70, 130), (220, 110, 170), (80, 30, 70))
    for x, colours in ((200, blue), (440, rose)):
        for step, colour in enumerate(colours):
            canvas.oval(x, 250, 112 - step * 26, 128 - step * 30, colour)
        canvas.oval(x, 250, 34, 40, (8, 6, 20))
    for x, y in ((64, 250), (548, 250)):
        canvas.shape([(x - 44, y - 16), (x + 40, y), (x - 44, y + 16), (x - 28, y)], (230, 230, 244))
    _critter(canvas, 586, 440, 84, _MINT, glad=False)
    canvas.box(24, 24, 270, 80, _PAPER, 10)
    canvas.paragraph(32, 28, 254, 72, captions[0], _DARK, largest=27)
    canvas.box(346, 24, 270, 80, _PAPER, 10)
    canvas.paragraph(354, 28, 254, 72, captions[1], _DARK, largest=27)


def _planets(canvas: Canvas, captions: Sequence[str]) -> None:
    for number, caption in enumerate(captions):
        y = number * HEIGHT / 4
        canvas.box(0, y, WIDTH, HEIGHT / 4 - 3, (28 + number * 14, 24 + number * 8, 60 + number * 22))
        glow = 16 + number * 11
        for ring in range(number * 2, 0, -1):
            canvas.oval(545, y + 59, glow + ring * 7, min(58, glow + ring * 7), (255, 224, 150, 34))
        canvas.oval(545, y + 59, glow, glow, (190 + number * 20, 150 + number * 28, 110 + number * 20))
        canvas.box(0, y, 452, HEIGHT / 4 - 3, _PAPER)
        canvas.paragraph(16, y + 8, 420, HEIGHT / 4 - 20, caption, _DARK, largest=30)


def _pie(canvas: Canvas, captions: Sequence[str]) -> None:
    canvas.box(0, 0, WIDTH, HEIGHT, _PAPER)
    canvas.paragraph(30, 16, 580, 66, captions[0], _DARK, largest=32)
    for start, end, colour in (
        (0.0, 0.83, (120, 104, 210)),
        (0.83, 0.96, (245, 178, 94)),
        (0.96, 1.0, (120, 200, 160)),
    ):
        canvas.slice(190, 280, 158, start, end, colour)
    rows = (((120, 104, 210), captions[1]), ((245, 178, 94), captions[2]), ((120, 200, 160), captions[3]))
    for number, (colour, caption) in enumerate(rows):
        y = 132 + number * 104
        canvas.box(380, y + 24, 28, 28, colour, 6)
        canvas.paragraph(418, y, 206, 80, caption, _DARK, largest=22)


def _podium(canvas: Canvas, captions: Sequence[str]) -> None:
    _stars(canvas, 11)
    canvas.shape([(0, HEIGHT), (WIDTH, HEIGHT), (WIDTH, 400), (0, 400)], (70, 60, 104))
    _critter(canvas, 160, 360, 190, _PEACH)
    canvas.box(92, 318, 138, 112, (132, 92, 64), 8)
    canvas.box(82, 306, 158, 20, (160, 116, 82), 6)
    canvas.line([(250, 420), (286, 150)], (190, 160, 120), 10)
    canvas.box(258, 60, 356, 180, _SAND, 12)
    canvas.paragraph(274, 68, 324, 164, captions[0], _DARK, largest=38)
    for x, colour in ((330, _MINT), (420, (160, 150, 240)), (510, (240, 150, 170)), (596, (150, 200, 240))):
        _critter(canvas, x, 462, 78, colour, glad=x != 510)


TEMPLATES = (
    Template(
        id="doors",
        asks=(
            "Name in at most five words a sensible thing about {topic} that nobody queues for.",
            "Name in at most five words a silly thing about {topic} that everybody queues for.",
        ),
        seen="A corridor with two doors. One lonely alien stands at the door {0}, a long queue at the door {1}.",
        lines=(
            ("sleeping before midnight", "one more line about {topic}"),
            ("reading the manual", "asking {who} about {topic}"),
            ("a plan for {topic}", "{topic}, but with potatoes"),
            ("quiet evening", "arguing about {thing}"),
            ("asking politely", "pressing every button near {thing}"),
        ),
        draw=_doors,
    ),
    Template(
        id="scales",
        asks=(
            "Name in at most four words a small thing that weighs more than gold to you.",
            "Name in at most five words something important about {topic}.",
        ),
        seen="Scales: a single potato, {0}, weighs more than a heap of gold, {1}.",
        lines=(
            ("one warm potato", "all of {thing}"),
            ("somebody said hello", "a whole day of {topic}"),
            ("it works now", "knowing why"),
            ("snacks", "every plan about {topic}"),
            ("one good pun", "an hour on {topic}"),
        ),
        draw=_scales,
    ),
    Template(
        id="wormhole",
        asks=(
            "Say in at most seven words what somebody means to do about {topic}.",
            "Say in at most seven words what comes of it instead.",
        ),
        seen="A small ship flies into a wormhole labelled {0} and comes out of another one labelled {1}.",
        lines=(
            ("a short question about {topic}", "two hundred messages"),
            ("just a look at {thing}", "it is 3 in the morning"),
            ("I will only say one thing", "chapter 14: {topic}"),
            ("let us be quiet", "{who} has a story"),
            ("tidy the cargo bay", "collect more cargo"),
        ),
        draw=_wormhole,
    ),
    Template(
        id="planets",
        asks=(),
        seen="Four rows with an ever brighter planet: {0}, {1}, {2}, {3}.",
        lines=(
            ("{topic}", "{topic} with friends", "{topic} with friends and snacks", "snacks"),
            ("knowing {thing}", "visiting {thing}", "getting lost at {thing}", "living there now"),
            ("asking a question", "asking it twice", "asking {who}", "becoming the question"),
            ("good morning", "good morning, everybody", "good morning, {thing}", "it is 11 at night"),
        ),
        draw=_planets,
    ),
    Template(
        id="pie",
        asks=(),
        seen="A pie chart titled {0}: nearly all of it is {1}, a little is {2}, a crumb is {3}.",
        lines=(
            ("what this channel is about", "{topic}", "still {topic}", "what it was made for"),
            ("how {who} spends the day", "talking to strangers", "snacks", "actual work"),
            ("why I came online", "to see who is here", "{topic}", "the thing I had to do"),
            ("a visit to {thing}", "looking for it", "queueing", "{thing}"),
        ),
        draw=_pie,
    ),
    Template(
        id="podium",
        asks=("Say in at most ten words a bold and harmless opinion about {topic}.",),
        seen="An alien at a lectern holds up a sign before a small crowd. It says: {0}.",
        lines=(
            ("{topic} is better with potatoes",),
            ("{who} was right about {topic} all along",),
            ("nobody has ever found {thing} on the first try",),
            ("every meeting should end with soup",),
            ("{topic} should have its own holiday",),
            ("there is no such thing as too many snacks at {thing}",),
        ),
        draw=_podium,
    ),
)
