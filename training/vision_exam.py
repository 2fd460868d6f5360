"""The exam of a vision model: held-out pictures, asked as people ask, through the class that serves.

Combinations of shape, colour and count, of shape, colour and place, and the words belong to the part of the pictures
that training never draws from, so nothing here can be known by heart.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from serve_apps.engines.vision_transformers import VisionTransformers
from training.figures import Figure
from training.picture_questions import DESCRIBES, NUMBERS, READS, a, at, groups, plural
from training.pictures import MOST, Facts, Kind, Painter, Picture, Thing
from training.sprites import COLOURS, FIGURES, SHAPES

SIDES = (112, 160, 224, 300)  # pictures come in sizes of their own
_PLACE_WORDS = ("top", "bottom", "left", "right", "middle")


@dataclass(frozen=True, slots=True)
class Task:
    """A picture, a question of a certain sort, what must be said (for the base rate), and whether an answer says it."""

    image: Image.Image
    sort: str
    question: str
    truth: str
    right: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Result:
    """A task and whether it was answered right."""

    task: Task
    right: bool


def vision_figures(model_dir: Path, *, seed: int, samples: int) -> list[Figure]:
    """`vision_shape_colour_count`, `vision_position` and `vision_word`, each a share of `samples` pictures.

    The baseline is what always giving the most frequent answer would get."""
    return [figure_of(name, results) for name, results in sit(VisionTransformers(model_dir), seed, samples).items()]


def sit(engine: VisionTransformers, seed: int, samples: int) -> dict[str, list[Result]]:
    """The exam: `samples` results for each figure."""
    taken = {}
    for name, make in (
        ("vision_shape_colour_count", count_task),
        ("vision_position", place_task),
        ("vision_word", word_task),
    ):
        tasks = [make(seed, number) for number in range(samples)]
        answers = engine.answer([(task.image, task.question) for task in tasks])
        taken[name] = [Result(task, task.right(answer)) for task, answer in zip(tasks, answers, strict=True)]
    return taken


def figure_of(name: str, results: Sequence[Result]) -> Figure:
    """The share of right answers beside the base rate."""
    return Figure(name, share(results), base_rate([result.task for result in results]))


def share(results: Sequence[Result]) -> float:
    """How much was answered right."""
    return sum(result.right for result in results) / len(results)


def base_rate(tasks: Sequence[Task]) -> float:
    """The share of the most frequent truth."""
    return Counter(task.truth for task in tasks).most_common(1)[0][1] / len(tasks)


def held_out(
    kind: Kind, seed: int, number: int, fits: Callable[[Facts], bool] = lambda facts: True
) -> tuple[Picture, random.Random]:
    """The `number`-th held-out picture of a kind that fits, and the chance for what is asked about it."""
    rng = random.Random(f"exam {kind} {seed}/{number}")
    painter = Painter(f"exam {seed}/{number}", "test", side=rng.choice(SIDES))
    while not fits((picture := painter.picture(kind)).facts):
        pass
    return picture, rng


def count_task(seed: int, number: int) -> Task:
    """What is in the picture: right when count, colour and shape of everything are said, and nothing else is."""
    picture, rng = held_out("shapes", seed, number)
    facts = picture.facts
    truth = " ".join(f"{count} {colour} {name}" for count, colour, name in groups(facts))
    sort = "one kind of thing" if len(groups(facts)) == 1 else "two kinds of things"
    return Task(picture.image, sort, rng.choice(DESCRIBES), truth, lambda answer: counts_right(answer, facts))


def counts_right(answer: str, facts: Facts) -> bool:
    """Whether an answer names each kind with its number and colour, and no other number, colour or shape."""
    text = answer.lower()
    kinds = groups(facts)
    for count, colour, name in kinds:
        number = rf"({NUMBERS[count]}|{count}{'|an?' if count == 1 else ''})"
        if not re.search(rf"\b{number}\b[^,.;:]*\b{colour}\b[^,.;:]*\b({name}|{plural(name, 2)})\b", text):
            return False
    numbers = {*NUMBERS[1 : MOST + 1]}
    said = _words(text)
    return (
        said & numbers <= {NUMBERS[count] for count, _, _ in kinds}
        and said & {*COLOURS} == {colour for _, colour, _ in kinds}
        and _things(said) == {name for _, _, name in kinds}
    )


def place_task(seed: int, number: int) -> Task:
    """Where something is (half of the tasks), what is at a place (a quarter), what is beside what (a quarter)."""
    sort = ("where it is", "what is there", "where it is", "what is beside what")[number % 4]
    picture, rng = held_out(
        "places", seed, number, lambda facts: len(facts.things) > 1 or sort != "what is beside what"
    )
    things = picture.facts.things
    thing = rng.choice(things)
    if sort == "where it is":
        question = rng.choice((f"Where is the {thing.name}?", f"Where is the {thing.colour} {thing.name}?"))
        return Task(picture.image, sort, question, thing.place, lambda answer: place_right(answer, thing))
    if sort == "what is there":
        return Task(picture.image, sort, f"What is {at(thing)}?", a(thing), lambda answer: thing_right(answer, thing))
    one, other = rng.sample(things, 2)
    sideways = abs(one.x - other.x) > abs(one.y - other.y)
    word = rng.choice(("left of", "right of") if sideways else ("above", "below"))
    holds = {
        "left of": one.x < other.x,
        "right of": one.x > other.x,
        "above": one.y < other.y,
        "below": one.y > other.y,
    }[word]
    truth = "yes" if holds else "no"
    question = f"Is the {one.name} {word} the {other.name}?"
    return Task(picture.image, sort, question, truth, lambda answer: answer.lower().startswith(truth))


def place_right(answer: str, thing: Thing) -> bool:
    """Whether an answer names the thing's place among the nine, and no other."""
    text = answer.lower().replace("center", "middle").replace("centre", "middle")
    said = _words(text) & {*_PLACE_WORDS}
    if len(said) > 1:
        said.discard("middle")  # "in the middle of the left side" is left
    return said == {*thing.place.split()}


def thing_right(answer: str, thing: Thing) -> bool:
    """Whether an answer names the thing and its colour, and no other."""
    said = _words(answer.lower())
    return said & {*COLOURS} == {thing.colour} and _things(said) == {thing.name}


def word_task(seed: int, number: int) -> Task:
    """A word of three to eight letters, which training never saw: right when it is read without a fault."""
    picture, rng = held_out("word", seed, number, lambda facts: len(facts.lines[0]) >= 3)
    (word,) = picture.facts.lines
    sort = f"{len(word)} letters"
    return Task(picture.image, sort, rng.choice(READS), word, lambda answer: word_right(answer, word))


def word_right(answer: str, word: str) -> bool:
    """Whether what stands between quotation marks, or some word of the answer where there are none, is the word."""
    quoted = re.findall(r'"([^"]*)"', answer)
    return word.lower() in ([text.lower().strip() for text in quoted] if quoted else _words(answer.lower()))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text))


def _things(said: set[str]) -> set[str]:
    return {name for name in SHAPES + FIGURES if said & {name, plural(name, 2)}}
