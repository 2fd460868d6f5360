"""Pictures with known facts, rendered from a seed: shapes, scenes, faces, words, memes.

Nothing that a picture of the `test` part asks can be known by heart: combinations of shape, colour and count, of shape,
colour and place, and words belong to one part each, chosen by a hash, and training draws only from `train`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zlib import crc32

from PIL import Image, ImageDraw

from training.lettering import LONGEST_WORD, lettered, random_letters, random_word, real_word
from training.sprites import COLOURS, FIGURES, SHAPES, Rgb, contrast, luminance, stamp

Part = Literal["train", "validation", "test"]
Kind = Literal["shapes", "places", "scene", "face", "word", "page", "meme"]
KINDS: tuple[Kind, ...] = ("shapes", "places", "scene", "face", "word", "page", "meme")
SIDE = 112  # pixels of a side, as the model sees it
MOST = 6
MOODS = ("happy", "sad", "surprised", "angry", "sleepy", "winking")
SKIES: dict[str, tuple[Rgb, Rgb]] = {
    "day": ((120, 185, 250), (205, 230, 255)),
    "night": ((14, 18, 52), (50, 55, 110)),
    "sunset": ((245, 120, 90), (255, 205, 130)),
}
ROWS, COLUMNS = ("top", "", "bottom"), ("left", "", "right")
_MIN_CONTRAST = 75.0


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in a picture. `x` and `y` are its centre, `size` its side, as shares of the picture's side."""

    name: str
    colour: str
    x: float = 0.5
    y: float = 0.5
    size: float = 0.3

    @property
    def place(self) -> str:
        """`top left`, `middle`, `right`, ...: one of nine."""
        row, column = ROWS[min(2, int(self.y * 3))], COLUMNS[min(2, int(self.x * 3))]
        return f"{row} {column}".strip() or "middle"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a picture. What a kind does not use is empty; `lines` are words to be read, as capitals."""

    kind: Kind
    things: tuple[Thing, ...] = ()
    sky: str = ""
    mood: str = ""
    hat: str = ""
    glasses: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is: `label` is a letter or a thing's name, `box` left, top, right, bottom in pixels."""

    label: str
    colour: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """`image` is square; `marks` are for the training of the encoder, later ones on top of earlier ones."""

    image: Image.Image
    facts: Facts
    marks: tuple[Mark, ...]


def part_of(key: str) -> Part:
    """Which part a combination or a word belongs to: a twentieth each to validation and test."""
    return {0: "validation", 1: "test"}.get(crc32(key.encode()) % 20, "train")  # type: ignore[return-value]


@cache
def names_in(part: Part, more: str) -> frozenset[str]:
    """The things that, in some colour and together with `more` (a count, a place), belong to the part."""
    pairs = ((name, colour) for name in SHAPES + FIGURES for colour in COLOURS)
    return frozenset(name for name, colour in pairs if part_of(f"{colour} {name} {more}") == part)


class Painter:
    """Makes the pictures of one part; the same seed makes the same pictures."""

    def __init__(self, seed: int | str, part: Part = "train", *, side: int = SIDE) -> None:
        self.rng = random.Random(f"pictures {part} {seed}")
        self.part: Part = part
        self.side = side

    def picture(self, kind: Kind) -> Picture:
        """A picture of this kind."""
        self.image = Image.new("RGB", (self.side, self.side))
        self.marks: list[Mark] = []
        facts = {
            "shapes": self._shapes,
            "places": self._places,
            "scene": self._scene,
            "face": self._face,
            "word": self._word,
            "page": self._page,
            "meme": self._meme,
        }[kind]()
        return Picture(self.image, facts, tuple(self.marks))

    # What goes into a picture

    def _pick_kind(self, *more: str) -> tuple[str, str]:
        """A thing and its colour which, together with `more` (a count, a place), belong to the part."""
        while True:
            name, colour = self.rng.choice(SHAPES + FIGURES), self.rng.choice(list(COLOURS))
            if part_of(" ".join((colour, name, *more))) == self.part:
                return name, colour

    def _text(self, low: int = 1, high: int = LONGEST_WORD) -> str:
        """A word of the part, in small letters: real, sayable, or just letters."""
        while True:
            length = self.rng.randint(low, high)
            make = self.rng.choice((real_word, random_word, random_letters, random_letters))
            word = make(self.rng, length)
            if length < 3 or part_of(word) == self.part:  # there are too few short ones to hold any back
                return word

    def _paper(self, inks: Sequence[Rgb] = ()) -> Rgb:
        """A background on which all inks can be seen."""
        while True:
            if self.rng.random() < 0.5:
                rgb = tuple(self.rng.randrange(205, 256) for _ in range(3))
            else:
                rgb = tuple(self.rng.randrange(256) for _ in range(3))
            paper: Rgb = (rgb[0], rgb[1], rgb[2])
            if all(contrast(ink, paper) >= _MIN_CONTRAST for ink in inks):
                return paper

    def _ink(self, paper: Rgb) -> Rgb:
        while True:
            ink = (self.rng.randrange(256), self.rng.randrange(256), self.rng.randrange(256))
            if abs(luminance(ink) - luminance(paper)) > 95:
                return ink

    def _shade(self, colour: str) -> Rgb:
        """The colour, never quite the same."""
        red, green, blue = (min(255, max(0, c + self.rng.randint(-14, 14))) for c in COLOURS[colour])
        return red, green, blue

    def _fill(self, top: Rgb, foot: Rgb | None = None, box: tuple[int, int, int, int] | None = None) -> None:
        left, upper, right, lower = box or (0, 0, self.side, self.side)
        size = (right - left, lower - upper)
        if foot is None:
            self.image.paste(top, (left, upper, right, lower))
            return
        shade = Image.linear_gradient("L").resize(size)
        self.image.paste(
            Image.composite(Image.new("RGB", size, foot), Image.new("RGB", size, top), shade), (left, upper)
        )

    def _put(self, thing: Thing, rgb: Rgb) -> None:
        x, y, size = thing.x * self.side, thing.y * self.side, thing.size * self.side
        turn = self.rng.uniform(-10, 10) if thing.name not in ("square", "diamond", "cross") else 0.0
        mirror = thing.name in FIGURES and self.rng.random() < 0.5
        stamp(self.image, thing.name, rgb, x, y, size, turn=turn, mirror=mirror)
        self.marks.append(Mark(thing.name, thing.colour, (x - size / 2, y - size / 2, x + size / 2, y + size / 2)))

    # Kinds of pictures

    def _shapes(self) -> Facts:
        """One kind of thing, or two, one to six of each, scattered."""
        rng = self.rng
        counts = [rng.randint(1, MOST)] if rng.random() < 0.7 else [rng.randint(1, 3), rng.randint(1, 3)]
        kinds: list[tuple[str, str, int]] = []
        for count in counts:
            while True:
                name, colour = self._pick_kind(str(count))
                if all(name != other for other, _, _ in kinds):
                    break
            kinds.append((name, colour, count))
        total = sum(counts)
        largest = min(0.5, 0.78 / total**0.5)
        size = rng.uniform(max(0.15, largest * 0.6), largest)
        spots, size = self._scatter(total, size)
        things = [
            Thing(name, colour, *spots.pop(), size * rng.uniform(0.85, 1.0))
            for name, colour, count in kinds
            for _ in range(count)
        ]
        shades = {colour: self._shade(colour) for _, colour, _ in kinds}
        paper = self._paper(list(shades.values()))
        self._fill(paper)
        for thing in things:
            self._put(thing, shades[thing.colour])
        return Facts("shapes", tuple(things))

    def _scatter(self, count: int, size: float) -> tuple[list[tuple[float, float]], float]:
        """Centres that keep their distance, and the size that they have room for."""
        while True:
            spots: list[tuple[float, float]] = []
            for _ in range(60):
                x, y = (self.rng.uniform(size / 2, 1 - size / 2) for _ in range(2))
                if all(abs(x - a) > size or abs(y - b) > size for a, b in spots):
                    spots.append((x, y))
                if len(spots) == count:
                    return spots, size
            size *= 0.96

    def _places(self) -> Facts:
        """One to four different things, each in one of nine places."""
        rng = self.rng
        cells = rng.sample(range(9), rng.randint(1, 4))
        things: list[Thing] = []
        for cell in cells:
            x, y = ((cell % 3) + rng.uniform(0.4, 0.6)) / 3, ((cell // 3) + rng.uniform(0.4, 0.6)) / 3
            place = Thing("", "", x, y).place
            if names_in(self.part, place) <= {thing.name for thing in things}:
                continue  # the small parts may have nothing else for this place
            while True:
                name, colour = self._pick_kind(place)
                if all(name != other.name for other in things):
                    break
            things.append(Thing(name, colour, x, y, rng.uniform(0.2, 0.28)))
        shades = [self._shade(thing.colour) for thing in things]
        self._fill(self._paper(shades))
        for thing, shade in zip(things, shades, strict=True):
            self._put(thing, shade)
        return Facts("places", tuple(things))

    def _scene(self) -> Facts:
        """Sky and ground or sea, with a few things that belong there."""
        rng, side = self.rng, self.side
        sky = rng.choice(list(SKIES))
        self._fill(*SKIES[sky])
        pen = ImageDraw.Draw(self.image)
        horizon = rng.uniform(0.6, 0.72)
        things: list[Thing] = []
        if sky == "night":
            for _ in range(rng.randint(8, 16)):
                x, y = rng.random() * side, rng.random() * horizon * side * 0.8
                pen.point((x, y), fill=(255, 255, 230))
        light = Thing("moon" if sky == "night" else "sun", "yellow", rng.choice((0.17, 0.83)), 0.17, 0.22)
        if light.name == "moon":
            self._put(light, (250, 235, 160))
        else:
            self._ellipse(pen, light, (255, 225, 70))
        things.append(light)
        if rng.random() < 0.5:
            cloud = Thing("cloud", "white", rng.uniform(0.4, 0.6), rng.uniform(0.12, 0.24), 0.3)
            for dx, r in ((-0.09, 0.07), (0, 0.1), (0.09, 0.07)):
                box = self._edges(cloud.x + dx, cloud.y, r * 2, r * 1.5)
                pen.ellipse(box, fill=(238, 240, 246))
            self._mark(cloud)
            things.append(cloud)
        sea = rng.random() < 0.4
        ground: Rgb = (40, 95, 165) if sea else rng.choice(((80, 150, 70), (120, 165, 80), (235, 240, 248)))
        pen.rectangle((0, horizon * side, side, side), fill=ground)
        places = rng.sample((0.2, 0.5, 0.8), rng.randint(1, 3))
        choices = ["boat", "fish"] if sea else ["house", "tree", "cat", "flower", "mushroom", "snowman"]
        names = rng.sample(choices, min(len(places), len(choices)))
        for x, name in zip(places, names, strict=False):
            things.append(self._landmark(pen, name, x, horizon))
        return Facts("scene", tuple(things), sky=f"{sky} {'sea' if sea else 'land'}")

    def _landmark(self, pen: ImageDraw.ImageDraw, name: str, x: float, horizon: float) -> Thing:
        """Something that stands on the ground or swims."""
        rng, side = self.rng, self.side
        colour = rng.choice(("red", "orange", "yellow", "blue", "purple", "pink", "white"))
        size = rng.uniform(0.24, 0.3)
        if name in FIGURES:
            thing = Thing(name, colour, x, horizon + (0.19 if name == "fish" else 0.12), size * 0.75)
            self._put(thing, self._shade(colour))
            return thing
        foot = horizon + 0.08
        thing = Thing(name, colour, x, foot - size / 2, size)
        shade = self._shade(colour)

        def box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
            left, top = (thing.x - size / 2) * side, (thing.y - size / 2) * side
            return left + x0 * size * side, top + y0 * size * side, left + x1 * size * side, top + y1 * size * side

        def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
            return [box(a, b, a, b)[:2] for a, b in pairs]

        if name == "house":
            pen.rectangle(box(0.08, 0.42, 0.92, 1), fill=shade)
            pen.polygon(points((0, 0.46), (0.5, 0), (1, 0.46)), fill=(95, 55, 45))
            pen.rectangle(box(0.4, 0.65, 0.6, 1), fill=(70, 45, 35))
            pen.rectangle(box(0.68, 0.55, 0.84, 0.72), fill=(255, 240, 160))
        elif name == "tree":
            thing = Thing(name, "green", thing.x, thing.y, size)
            pen.rectangle(box(0.43, 0.5, 0.57, 1), fill=(100, 65, 40))
            pen.ellipse(box(0.1, -0.1, 0.9, 0.7), fill=(35, 115, 55))
        elif name == "snowman":
            thing = Thing(name, "white", thing.x, thing.y, size)
            for edges in (box(0.2, 0.45, 0.8, 1), box(0.3, 0.1, 0.7, 0.5)):
                pen.ellipse(edges, fill=(250, 250, 252), outline=(150, 160, 180))
            pen.rectangle(box(0.36, -0.08, 0.64, 0.14), fill=(30, 30, 35))
            pen.polygon(points((0.5, 0.28), (0.5, 0.36), (0.68, 0.33)), fill=(240, 130, 40))
        else:  # a boat; its sail has the colour
            pen.polygon(points((0, 0.7), (1, 0.7), (0.8, 1), (0.2, 1)), fill=(110, 65, 40))
            pen.line(points((0.5, 0.7), (0.5, 0)), fill=(70, 45, 35), width=2)
            pen.polygon(points((0.54, 0.02), (0.54, 0.62), (0.96, 0.62)), fill=shade)
        self._mark(thing)
        return thing

    def _edges(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        """A box around (x, y), in pixels."""
        side = self.side
        return (x - width / 2) * side, (y - height / 2) * side, (x + width / 2) * side, (y + height / 2) * side

    def _mark(self, thing: Thing) -> None:
        self.marks.append(Mark(thing.name, thing.colour, self._edges(thing.x, thing.y, thing.size, thing.size)))

    def _ellipse(self, pen: ImageDraw.ImageDraw, thing: Thing, rgb: Rgb) -> None:
        pen.ellipse(self._edges(thing.x, thing.y, thing.size, thing.size), fill=rgb)
        self._mark(thing)

    def _face(self, *, y: float = 0.54, size: float | None = None) -> Facts:
        """A round head in a mood, with a hat or glasses at times."""
        rng = self.rng
        colour = rng.choice([c for c in COLOURS if c not in ("black", "grey", "brown", "white")])
        shade = self._shade(colour)
        self._fill(self._paper([shade]))
        thing = Thing("face", colour, rng.uniform(0.46, 0.54), y, size or rng.uniform(0.5, 0.72))
        mood = rng.choice(MOODS)
        hat = rng.choice([c for c in ("red", "blue", "green", "black", "purple") if c != colour])
        wears, glasses = rng.random() < 0.35, rng.random() < 0.25
        pen = ImageDraw.Draw(self.image)
        self._ellipse(pen, thing, shade)
        _draw_mood(pen, self._edges(thing.x, thing.y, thing.size, thing.size), mood, glasses=glasses)
        if wears:
            brim = thing.y - thing.size * 0.38
            ink = self._shade(hat)
            pen.rectangle(self._edges(thing.x, brim - 0.09, thing.size * 0.56, 0.18), fill=ink)
            pen.rectangle(self._edges(thing.x, brim, thing.size * 0.96, 0.05), fill=ink)
        return Facts("face", (thing,), mood=mood, hat=hat if wears else "", glasses=glasses)

    def _line(self, word: str, ink: Rgb, *, height: float, top: float | None = None, rim: Rgb | None = None) -> float:
        """Write a word of about that height (as a share) and return where its foot is; `top` None puts it anywhere."""
        rng, side = self.rng, self.side
        text = word.upper() if rim or rng.random() < 0.6 else word
        made = lettered(rng, text)
        tall = height * side
        wide = tall * made.rim.width / made.rim.height * rng.uniform(0.88, 1.2)
        if wide > 0.97 * side:
            tall, wide = max(tall * 0.97 * side / wide, 0.13 * side), 0.97 * side
        size = (max(4, round(wide)), max(8, round(tall)))
        x = rng.randint(0, max(0, side - size[0])) if rim is None else (side - size[0]) // 2
        y = rng.randint(0, side - size[1]) if top is None else round(top * side)
        for mask, paint in ((made.rim, rim), (made.letters, ink)):
            if paint is not None:
                self.image.paste(paint, (x, y), mask.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        ends = (*made.starts[1:], 1.0)
        for letter, start, end in zip(text, made.starts, ends, strict=True):
            if letter != " ":
                box = (x + start * size[0], y, x + end * size[0], y + size[1])
                self.marks.append(Mark(letter.upper(), "", box))
        return (y + size[1]) / side

    def _word(self) -> Facts:
        """One word of one to eight letters, anywhere, in any two colours that differ enough."""
        rng = self.rng
        paper = self._paper()
        self._fill(paper)
        word = self._text()
        self._line(word, self._ink(paper), height=rng.uniform(0.15, 0.32))
        return Facts("word", lines=(word.upper(),))

    def _page(self) -> Facts:
        """As many lines as fit: dense with letters, which is how the encoder learns them quickly."""
        rng = self.rng
        paper = self._paper()
        self._fill(paper)
        lines: list[str] = []
        top = rng.uniform(0, 0.05)
        while (height := rng.uniform(0.14, 0.26)) + top <= 1:
            word = self._text(3, 7)
            lines.append(word.upper())
            top = self._line(word, self._ink(paper), height=height, top=top) + rng.uniform(0.02, 0.07)
        return Facts("page", lines=tuple(lines))

    def _meme(self) -> Facts:
        """A face or a figure with a caption above, below or both."""
        rng = self.rng
        if rng.random() < 0.5:
            facts = self._face(y=0.5, size=0.5)
        else:
            name, colour = rng.choice(FIGURES), rng.choice(list(COLOURS))
            shade = self._shade(colour)
            self._fill(self._paper([shade]))
            facts = Facts("meme", (Thing(name, colour, 0.5, 0.5, 0.46),))
            self._put(facts.things[0], shade)
        lines: list[str] = []
        where = rng.choice(("both", "both", "above", "below"))
        for edge, top in (("above", 0.01), ("below", 0.8)):
            if where in ("both", edge):
                line = self._caption()
                lines.append(line.upper())
                self._line(line, (255, 255, 255), height=0.18, top=top, rim=(0, 0, 0))
        return Facts("meme", facts.things, mood=facts.mood, hat=facts.hat, glasses=facts.glasses, lines=tuple(lines))

    def _caption(self) -> str:
        """One word or two, at most nine letters and spaces."""
        while True:
            line = " ".join(self._text(1, 6) for _ in range(2)) if self.rng.random() < 0.5 else self._text(2, 8)
            if len(line) <= LONGEST_WORD + 1:
                return line


def _draw_mood(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], mood: str, *, glasses: bool) -> None:
    """Eyes, brows and mouth on a head that fills `box`."""
    left, top, right, lower = box
    unit = right - left
    dark = (35, 25, 30)
    stroke = max(2, round(unit / 22))

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * unit, top + y * (lower - top)

    def around(x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        (x0, y0), (x1, y1) = at(x - rx, y - ry), at(x + rx, y + ry)
        return x0, y0, x1, y1

    for x in (0.32, 0.68):
        if mood == "sleepy" or (mood == "winking" and x > 0.5):
            pen.arc(around(x, 0.4, 0.09, 0.06), 0, 180, fill=dark, width=stroke)
        else:
            size = 0.085 if mood == "surprised" else 0.06
            pen.ellipse(around(x, 0.41, size, size * 1.2), fill=dark)
        if glasses:
            pen.ellipse(around(x, 0.41, 0.15, 0.15), outline=dark, width=stroke)
    if glasses:
        pen.line((at(0.45, 0.41), at(0.55, 0.41)), fill=dark, width=stroke)
    if mood == "angry":
        pen.line((at(0.2, 0.24), at(0.43, 0.33)), fill=dark, width=stroke)
        pen.line((at(0.8, 0.24), at(0.57, 0.33)), fill=dark, width=stroke)
    if mood in ("happy", "winking"):
        pen.chord(around(0.5, 0.62, 0.25, 0.22), 0, 180, fill=dark)
    elif mood == "surprised":
        pen.ellipse(around(0.5, 0.74, 0.09, 0.13), fill=dark)
    elif mood == "sleepy":
        pen.line((at(0.42, 0.72), at(0.58, 0.72)), fill=dark, width=stroke)
    else:
        pen.arc(around(0.5, 0.84, 0.22, 0.17), 190, 350, fill=dark, width=stroke)
    if mood == "sad":
        pen.ellipse(around(0.3, 0.58, 0.035, 0.07), fill=(90, 160, 255))
