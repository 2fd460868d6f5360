"""riddles.yaml and stories.yaml: what the loader reads, and what it says where something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import PackError
from core.personas import Pack, load_pack
from core.settings import ROOT
from tests.unit.test_personas import edit, pack, refuse

assert pack  # the fixture of the loader's own tests

RIDDLES, STORIES = "riddles.yaml", "stories.yaml"
RIDDLE = """\
- id: fog
  riddle: I swallow ships and I have no mouth.
  answers: [the mist, fog]
  hints:
    - I am grey.
    - I am a cloud that fell down.
  themes: [coast]
"""
STORY = """\
- id: the-dark-light
  title: The Dark Light
  themes: [light, coast]
  narrator: nell
  start: stairs
  scenes:
    stairs:
      text: The lamp is out.
      choices:
        - {label: Go up, to: up}
        - {label: Go home, to: home}
    up:
      text: You light the lamp.
      ending: The Shy Fog
    home:
      text: There is one rock more.
      ending: One Rock More
      mood: bad
"""


@pytest.fixture
def games(pack: Path) -> Path:
    (pack / RIDDLES).write_text(RIDDLE)
    (pack / STORIES).write_text(STORY)
    return pack


def test_both_files_are_read_and_neither_is_needed(games: Path) -> None:
    loaded = load_pack(games)
    [riddle], [story] = loaded.riddles, loaded.stories
    assert (riddle.answers, riddle.themes) == (("the mist", "fog"), ("coast",))
    assert (story.narrator, story.start, len(story.scenes)) == ("nell", "stairs", 3)
    assert [way.to for way in story.scenes["stairs"].ways] == ["up", "home"]
    assert (story.scenes["home"].ending, story.scenes["home"].mood) == ("One Rock More", "bad")
    (games / RIDDLES).unlink()
    (games / STORIES).unlink()
    assert (load_pack(games).riddles, load_pack(games).stories) == ((), ())


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "says"),
    [
        (RIDDLES, "answers:", "answer:", 3, "The key 'answer' is not known. Did you mean 'answers'?"),
        (RIDDLES, "[the mist, fog]", "[]", 3, "answers has too few items. Give at least 1."),
        (RIDDLES, "[the mist, fog]", "mist", 3, "answers must be a list."),
        (RIDDLES, "id: fog", "id: The Fog", 1, "Use lower case letters, digits and dashes."),
        (RIDDLES, "and I have", "like Fog and have", 2, "The answer 'fog' stands in the riddle itself."),
        (RIDDLES, "I am grey.", "I am fog.", 4, "The answer 'fog' stands in the hint itself."),
        (RIDDLES, "- id: fog", "- nothing\n- id: fog", 1, "These must be 'key: value' lines."),
        (
            STORIES,
            "narrator: nell",
            "narrator: nemo",
            4,
            "The narrator 'nemo' is not in personas/. Name one of: nell, sam.",
        ),
        (STORIES, "start: stairs", "start: stair", 5, "The start 'stair' is no scene."),
        (STORIES, "to: up}", "to: down}", 10, "The choice 'Go up' leads to 'down', which is no scene."),
        (STORIES, "to: up}", "to: home}", 12, "Nothing leads to the scene 'up'."),
        (STORIES, "        - {label: Go home, to: home}\n", "", 7, "The scene 'stairs' has 1 choices and no ending."),
        (STORIES, "ending: The Shy Fog", "mood: odd", 12, "The scene 'up' has 0 choices and no ending."),
        (STORIES, "{label: Go up, to: up}", "{label: Go up}", 10, "to is missing. Add 'to:'."),
        (STORIES, "Go up", "G" * 71, 10, "label is too long. Use at most 70 characters."),
        (STORIES, "mood: bad", "mood: sad", 18, "mood is not one of the words that are known."),
        (STORIES, "ending: The Shy Fog", "choices: [{label: a, to: up}, {label: b, to: up}]", 6, "1 endings"),
        (STORIES, "text: You light the lamp.", "txt: You", 13, "The key 'txt' is not known. Did you mean 'text'?"),
        (STORIES, "themes: [light, coast]", "themes: []", 3, "themes has too few items."),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_fix(
    games: Path, file: str, old: str, new: str, line: int, says: str
) -> None:
    edit(games / file, old, new)
    error = refuse(games)
    assert f"coast/{file}:{line}: " in str(error)
    assert says in str(error)


def test_a_scene_from_which_nothing_ends_is_found(games: Path) -> None:
    edit(games / STORIES, "to: up}", "to: maze}")
    loop = "    maze:\n      text: Round.\n      choices: [{label: a, to: maze}, {label: b, to: maze}]\n"
    (games / STORIES).write_text((games / STORIES).read_text().replace("    up:\n", loop + "    up:\n"))
    text = str(refuse(games))
    assert "From the scene 'maze' no ending can be reached." in text
    assert "Nothing leads to the scene 'up'." in text


def test_ids_are_used_once(games: Path) -> None:
    (games / RIDDLES).write_text(RIDDLE + RIDDLE)
    (games / STORIES).write_text(STORY + STORY)
    text = str(refuse(games))
    assert f"{RIDDLES}:8: The id 'fog' is used twice." in text
    assert f"{STORIES}:19: The id 'the-dark-light' is used twice." in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(file=st.sampled_from([RIDDLES, STORIES]), content=st.text(max_size=200))
@example(file=STORIES, content="- {id: a, title: b, themes: [c], start: d, scenes: {1: {text: a}, d: [x]}}")
@example(
    file=STORIES, content="- {id: a, title: b, themes: [c], start: d, scenes: {d: {text: a, choices: [1, {to: []}]}}}"
)
@example(file=STORIES, content="- {id: a, title: b, themes: [c], start: d, scenes: []}")
@example(file=RIDDLES, content="- {id: a, riddle: b, answers: [''], hints: [{}]}")
def test_whatever_the_files_hold_the_answer_is_a_pack_or_a_pack_error(games: Path, file: str, content: str) -> None:
    (games / file).write_text(content)
    try:
        load_pack(games)
    except PackError as error:
        assert str(error).startswith("coast/")  # noqa: PT017


def test_communiverse_has_riddles_and_stories_for_its_cast() -> None:
    communiverse: Pack = load_pack(ROOT / "packs" / "communiverse")
    assert len(communiverse.riddles) >= 40
    assert all(len(riddle.hints) == 2 and riddle.themes for riddle in communiverse.riddles)
    assert len({riddle.answers[0] for riddle in communiverse.riddles}) == len(communiverse.riddles)
    assert len(communiverse.stories) >= 4
    for story in communiverse.stories:
        assert story.narrator
        moods = {scene.mood for scene in story.scenes.values() if scene.ending}
        assert moods == {"good", "odd", "bad"}, story.id
