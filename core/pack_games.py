"""What a pack brings to play with: riddles.yaml and stories.yaml, both optional."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from core.pack_checks import Frozen, validate
from core.pack_files import Location, PackReader, YamlFile

LEAST_SCENES, LEAST_ENDINGS = 3, 2

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=800)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=160)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=70)]
Mood = Literal["good", "odd", "bad"]


class Riddle(Frozen):
    """A riddle with every answer that counts, the one that is shown first, and hints, the vaguest first."""

    id: Id
    riddle: Text
    answers: tuple[Short, ...] = Field(min_length=1, max_length=12)
    hints: tuple[Short, ...] = Field(min_length=1, max_length=3)
    themes: tuple[Short, ...] = Field(default=(), max_length=12)


class Way(Frozen):
    """A choice: what its button says, and the scene that it leads to."""

    label: Label
    to: Id


class Scene(Frozen):
    """A scene of a story: either with two to four ways on, or an ending with its title."""

    text: Text
    ways: tuple[Way, ...] = ()
    ending: Label | None = None
    mood: Mood = "good"


class _Head(Frozen):
    """A story without its scenes, which are checked one by one so that each problem has its line."""

    id: Id
    title: Short
    themes: tuple[Short, ...] = Field(min_length=1, max_length=20)
    narrator: Id | None = None
    start: Id
    scenes: dict[str, Any]


class Story(_Head):
    """A story that branches. From each of its scenes an ending can be reached."""

    scenes: dict[str, Scene]


class _BareScene(Frozen):
    """A scene as the file has it."""

    text: Text
    choices: list[Any] = Field(default_factory=list, max_length=4)
    ending: Label | None = None
    mood: Mood = "good"


def read_riddles(reader: PackReader) -> list[Riddle]:
    """The riddles of riddles.yaml; problems are noted with the reader."""
    found: dict[str, Riddle] = {}
    for source, index, entry in reader.entries("riddles.yaml", "id"):
        riddle = validate(reader, source, (index,), entry, Riddle)
        if riddle is None:
            continue
        if riddle.id in found:
            _note(reader, source, (index, "id"), f"The id {riddle.id!r} is used twice.", "Change one of the two.")
        for place, texts in (("riddle", (riddle.riddle,)), ("hints", riddle.hints)):
            if given := _given_away(riddle, texts):
                message = f"The answer {given!r} stands in the {place.rstrip('s')} itself."
                _note(reader, source, (index, place), message, "Say it in other words.")
        found[riddle.id] = riddle
    return list(found.values())


def read_stories(reader: PackReader, cast: Collection[str]) -> list[Story]:
    """The stories of stories.yaml, told by somebody of `cast`; problems are noted with the reader."""
    found: dict[str, Story] = {}
    for source, index, entry in reader.entries("stories.yaml", "id"):
        head = validate(reader, source, (index,), entry, _Head)
        if head is None:
            continue
        if head.id in found:
            _note(reader, source, (index, "id"), f"The id {head.id!r} is used twice.", "Change one of the two.")
        if head.narrator is not None and head.narrator not in cast:
            message = f"The narrator {head.narrator!r} is not in personas/."
            _note(reader, source, (index, "narrator"), message, f"Name one of: {', '.join(sorted(cast))}.")
        scenes = _scenes(reader, source, index, head)
        if scenes is not None:
            found[head.id] = Story(**{**dict(head), "scenes": scenes})
    return list(found.values())


def _scenes(reader: PackReader, source: YamlFile, index: int, head: _Head) -> dict[str, Scene] | None:
    before, scenes = len(reader.problems), {}
    for name, data in head.scenes.items():
        at = (index, "scenes", name)
        bare = validate(reader, source, at, data, _BareScene)
        if bare is None:
            continue
        ways = [
            way
            for number, choice in enumerate(bare.choices)
            if (way := validate(reader, source, (*at, "choices", number), choice, Way))
        ]
        if (bare.ending is None) != (len(bare.choices) >= 2):
            message = f"The scene {name!r} has {len(bare.choices)} choices and {'an' if bare.ending else 'no'} ending."
            _note(reader, source, at, message, "Give it two to four choices, or none and an 'ending:'.")
        for number, way in enumerate(ways):
            if way.to not in head.scenes:
                message = f"The choice {way.label!r} leads to {way.to!r}, which is no scene."
                _note(reader, source, (*at, "choices", number), message, "Name a scene of this story.")
        scenes[name] = Scene(text=bare.text, ways=tuple(ways), ending=bare.ending, mood=bare.mood)
    if len(reader.problems) > before:
        return None
    for location, message, fix in _wrong_ways(index, head.start, scenes):
        _note(reader, source, location, message, fix)
    return scenes if len(reader.problems) == before else None


def _wrong_ways(index: int, start: str, scenes: dict[str, Scene]) -> Iterator[tuple[Location, str, str]]:
    """What is wrong with the way through a story whose scenes are right one by one."""
    if start not in scenes:
        yield (index, "start"), f"The start {start!r} is no scene.", f"Name one of: {', '.join(scenes)}."
        return
    endings = [name for name, scene in scenes.items() if scene.ending]
    if len(scenes) < LEAST_SCENES or len(endings) < LEAST_ENDINGS:
        message = f"The story has {len(scenes)} scenes and {len(endings)} endings."
        yield (index, "scenes"), message, f"Write at least {LEAST_SCENES} scenes and {LEAST_ENDINGS} endings."
    reached = _grown({start}, lambda name: {way.to for way in scenes[name].ways})
    back = {
        name: {one for one, scene in scenes.items() if any(way.to == name for way in scene.ways)} for name in scenes
    }
    ends = _grown(set(endings), lambda name: back[name])
    for name in scenes:
        at = (index, "scenes", name)
        if name not in reached:
            yield at, f"Nothing leads to the scene {name!r}.", "Have a choice lead there, or take it out."
        elif name not in ends:
            yield at, f"From the scene {name!r} no ending can be reached.", "Have one of its choices lead to one."


def _grown(names: set[str], neighbours: Any) -> set[str]:
    """`names` with all that can be reached from them."""
    reached, edge = set(names), set(names)
    while edge:
        edge = {near for name in edge for near in neighbours(name)} - reached
        reached |= edge
    return reached


def _given_away(riddle: Riddle, texts: tuple[str, ...]) -> str | None:
    for answer in riddle.answers:
        words = re.compile(rf"(?<!\w){re.escape(answer)}(?!\w)", re.IGNORECASE)
        if any(words.search(text) for text in texts):
            return answer
    return None


def _note(reader: PackReader, source: YamlFile, location: Location, message: str, fix: str) -> None:
    reader.note(source.name, source.line(location), message, fix)
