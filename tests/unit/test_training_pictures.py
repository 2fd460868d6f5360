import random

import numpy as np
import pytest

from training.lettering import LONGEST_WORD, WORDS
from training.picture_questions import NUMBERS, Question, describe, groups, plural, questions
from training.pictures import KINDS, MOODS, MOST, Facts, Kind, Painter, Part, Picture, Thing, names_in, part_of
from training.sprites import COLOURS, contrast, sprite
from training.vision_batches import LABELS, POINT, point_labels

PARTS: tuple[Part, ...] = ("train", "validation", "test")


def made(kind: Kind, count: int, part: Part = "train", seed: int = 3) -> list[Picture]:
    painter = Painter(seed, part)
    return [painter.picture(kind) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_the_same_pictures_and_another_seed_others(kind: Kind) -> None:
    first, again, other = made(kind, 3), made(kind, 3), made(kind, 3, seed=4)
    for one, same in zip(first, again, strict=True):
        assert one.facts == same.facts
        assert one.image.tobytes() == same.image.tobytes()
    assert [p.image.tobytes() for p in first] != [p.image.tobytes() for p in other]


@pytest.mark.parametrize("part", PARTS)
def test_combinations_and_words_stay_in_their_part(part: Part) -> None:
    for picture in made("shapes", 40, part):
        assert all(part_of(f"{colour} {name} {count}") == part for count, colour, name in groups(picture.facts))
    for picture in made("places", 40, part):
        assert all(part_of(f"{t.colour} {t.name} {t.place}") == part for t in picture.facts.things)
    for picture in made("word", 40, part):
        (line,) = picture.facts.lines
        assert len(line) < 3 or part_of(line.lower()) == part


def test_every_part_has_words_and_combinations() -> None:
    parts = [part_of(word) for word in WORDS]
    assert 0.03 < parts.count("test") / len(parts) < 0.08
    assert 0.03 < parts.count("validation") / len(parts) < 0.08
    assert max(map(len, WORDS)) == LONGEST_WORD


def test_there_is_always_something_to_put_into_a_picture() -> None:
    # Painters draw until something fits; these pictures had nothing left that did.
    rows, columns = ("top", "bottom", ""), ("left", "right", "")
    for part in PARTS:
        assert all(len(names_in(part, str(count))) > 1 for count in range(1, MOST + 1))
        assert all(names_in(part, f"{row} {column}".strip() or "middle") for row in rows for column in columns)
    for picture in made("places", 150, "test", seed=2026):
        names = [thing.name for thing in picture.facts.things]
        assert 1 <= len(names) == len(set(names))


def test_things_are_where_and_what_the_facts_say() -> None:
    for picture in made("places", 30):
        pixels = np.asarray(picture.image).astype(int)
        paper = pixels[0, 0]
        for thing in picture.facts.things:
            if thing.name in ("circle", "square", "diamond", "cross"):
                x, y = round(thing.x * picture.image.width), round(thing.y * picture.image.height)
                assert np.abs(pixels[y, x] - np.array(COLOURS[thing.colour])).max() <= 16
                assert np.abs(pixels[y, x] - paper).max() > 20


def test_as_many_things_as_the_facts_say_are_apart() -> None:
    for picture in made("shapes", 30):
        spots = [(thing.x, thing.y) for thing in picture.facts.things]
        nearest = [max(abs(a[0] - b[0]), abs(a[1] - b[1])) for i, a in enumerate(spots) for b in spots[:i]]
        assert not nearest or min(nearest) > max(thing.size for thing in picture.facts.things) * 0.9
        assert sum(count for count, _, _ in groups(picture.facts)) == len(spots)


def test_letters_are_marked_from_left_to_right_where_there_is_ink() -> None:
    for picture in made("word", 30):
        assert "".join(mark.label for mark in picture.marks) == picture.facts.lines[0]
        lefts = [mark.box[0] for mark in picture.marks]
        assert lefts == sorted(lefts)
        for mark in picture.marks:
            box = picture.image.crop(tuple(round(edge) for edge in mark.box))  # type: ignore[arg-type]
            assert max(high - low for low, high in box.getextrema()) > 30  # type: ignore[operator]


def test_points_know_what_lies_on_them() -> None:
    for picture in made("places", 20):
        labels, colours = point_labels(picture.marks)
        for thing in picture.facts.things:
            at = (int(thing.y * picture.image.height / POINT), int(thing.x * picture.image.width / POINT))
            assert LABELS[labels[at]] == thing.name
            assert colours[at] > 0
        assert (labels == 0).sum() > labels.size / 3


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.1, 0.1, "top left"),
        (0.5, 0.5, "middle"),
        (0.9, 0.5, "right"),
        (0.5, 0.9, "bottom"),
        (0.9, 0.9, "bottom right"),
    ],
)
def test_places_are_nine(x: float, y: float, place: str) -> None:
    assert Thing("star", "red", x, y).place == place


def answer_to(facts: Facts, start: str) -> Question:
    for seed in range(200):
        for question in questions(facts, random.Random(seed)):
            if question.text.lower().startswith(start):
                return question
    raise AssertionError(f"nobody asks {start}")


def test_answers_follow_from_the_facts() -> None:
    facts = Facts("shapes", (Thing("star", "red", 0.2, 0.2), Thing("star", "red", 0.8, 0.2)))
    assert describe(facts).startswith("Two red stars")
    assert answer_to(facts, "how many").answer == "There are two red stars."
    assert answer_to(facts, "what colour").answer == "Red."
    places = Facts("places", (Thing("star", "red", 0.2, 0.2), Thing("fish", "orange", 0.8, 0.2)))
    assert describe(places) == "A red star at the top left and an orange fish at the top right."
    assert answer_to(places, "is the star left of").answer == "Yes, the star is left of the fish."
    assert answer_to(places, "is the star right of").answer == "No, the star is left of the fish."
    assert answer_to(Facts("word", lines=("LAMP",)), "read").answer == 'It says "LAMP".'


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_can_be_described_and_asked_about(kind: Kind) -> None:
    rng = random.Random(1)
    for picture in made(kind, 40):
        asked = questions(picture.facts, rng)
        assert len(asked) >= 2
        assert asked[0].answer == describe(picture.facts)
        for question in asked:
            assert question.answer[0].isupper()
            assert question.answer.endswith(".")
        for line in picture.facts.lines[:1]:
            assert line in describe(picture.facts)


def test_wordings_vary() -> None:
    rng = random.Random(2)
    texts = {q.text for kind in KINDS for picture in made(kind, 60) for q in questions(picture.facts, rng)}
    assert len(texts) > 300


def test_names_and_moods() -> None:
    assert plural("cross", 2) == "crosses"
    assert plural("fish", 3) == "fish"
    assert plural("star", 1) == "star"
    assert len(NUMBERS) >= 7
    assert {picture.facts.mood for picture in made("face", 60)} == set(MOODS)


def test_sprites_fill_their_box_and_colours_can_be_told_apart() -> None:
    for name in ("circle", "cat", "heart"):
        left, top, right, lower = sprite(name).body.getbbox() or (0, 0, 0, 0)
        assert right - left > 80
        assert lower - top > 70
    assert contrast(COLOURS["black"], COLOURS["white"]) > 200 > contrast(COLOURS["red"], COLOURS["orange"])
