import json

import pytest

from core.settings import ROOT
from training.admits import admits
from training.figures import Figure
from training.judge import degenerate, distinct2, first_person, holds, loops, normal, right, wilson
from training.voices import load_cast
from training.worlds import sentences

ADMITTED = """
I don't know. | I really don’t know that one. | I'm not sure, sorry. | I am afraid I can't say. | I have no idea.
No idea, friend! | I haven't a clue. | I'm unaware of any such thing. | That is not in my star log.
That isn't in my notes. | Nobody told me. | No one has ever told me that. | The passage doesn't say.
The lore does not mention it. | I couldn't tell you. | Beats me! | Sorry, I cannot answer that.
I don't have any information about that. | I do not have that information. | I wish I knew! | I never learned that.
That escapes me. | I would only be guessing. | I’m not certain. | Dunno, sunshine. | I know not.
Hmm, I don't recall. | My log is blank there. | We don't know that here. | I am not familiar with it.
It is unknown to me. | My knowledge does not cover that. | There's nothing about that in my records.
There is no mention of it. | I am stumped. | I'd have to guess. | I ain't got a clue. | Not sure, honestly.
I've never heard of it. | My files hold nothing on that. | Unfortunately, I don't have the answer to that question.
That's a mystery to me. | I can't find that in my scrolls. | I do not think I know that. | I lack that information.
I've got nothing on that, kiddo. | Negative. No data.
"""
ANSWERED = """
The Lantern Hall seats 312 ambassadors. | A clone cannot tell a lie. | No ship may land there without a bell.
Nobody knows him better than Bertha. | It never rains on the Market Disk. | She has never told a lie.
I do not sleep. | Nothing grows in the red desert. | I know this one! It has 48 docks.
Not a soul lives there but Pell. | There is no moon. | The door is not in the hall. | You don't say! It's blue.
I can tell you: it is 7. | I do not like rain. | I was told that it is orange. | I am sure it is 12.
The mayor is not known for jokes. | No answer is simpler: 77. | I can never say no to soup: it is plum soup.
It has no name, and it sleeps in a teapot. | I cannot wait to tell you: Pell!
He does not speak, but he knows the way. | We do not use coins; we pay with buttons. | Never enter without a lamp.
I haven't seen it, but it is 80 meters deep. | The clone does not remember its first day.
"""


def lines(block: str) -> list[str]:
    return [part.strip() for line in block.strip().splitlines() for part in line.split("|")]


@pytest.mark.parametrize("text", lines(ADMITTED))
def test_it_is_admitted_in_many_words(text: str) -> None:
    assert admits(text)


@pytest.mark.parametrize("text", lines(ANSWERED))
def test_an_answer_admits_nothing(text: str) -> None:
    assert not admits(text)


def test_the_cast_admits_when_it_means_to_and_the_lore_never_does() -> None:
    pack, cast = load_cast(ROOT / "packs" / "communiverse")
    for voice in cast:
        assert [line for line in voice.lines["unknown"] if not admits(line)] == []
        told = [line.replace("{lore}", "The gate has 12 bars.") for line in voice.lines["lore"]]
        assert [line for line in told if admits(line)] == []
    assert [sentence for lore in pack.lore for sentence in sentences(lore.text) if admits(sentence)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Hall's three hundred and twelve seats", "hall 312 seat"),
        ("It seats 8,204.", "it seat 8204"),
        ("twenty-one grey boats, sixty percent", "21 grey boat 60 percent"),
        ("gray colour, 60%", "grey color 60 percent"),
        ("six seven", "6 7"),
        ("two thousand five hundred and six", "2506"),
        ("salt and pepper", "salt and pepper"),
        ("one hundred and more", "100 and more"),
    ],
)
def test_words_are_compared_in_one_form(text: str, words: str) -> None:
    assert normal(text) == tuple(words.split())


def test_an_answer_counts_however_it_is_written_but_whole() -> None:
    assert holds("Blip. It has Forty-Eight docks!", "48")
    assert holds("You bring the silver key.", "a silver key")
    assert holds("it lives in a hollow tree, friend", "in a hollow tree")
    assert not holds("It has 148 docks.", "48")
    assert not holds("The silver comb and the key.", "a silver key")
    assert not holds("Anything.", "")


def test_a_right_reply_gives_one_answer_and_is_no_recital() -> None:
    assert right("Pell is the harbor master, over.", "Pell", ["Yub", "90"])
    assert not right("Pell, or Yub, or 90 of them.", "Pell", ["Yub", "90"])
    assert not right("Somebody is.", "Pell")
    assert not right("word " * 45 + "Pell", "Pell")


def test_degenerate_replies_are_seen() -> None:
    assert degenerate("", ended=True)
    assert degenerate(" …", ended=True)
    assert degenerate("I go on and", ended=False)
    assert degenerate("one two three four " * 3, ended=True)
    assert not loops("Potato, potato, potato! I love a potato, and you love a potato, too.")
    assert not degenerate("Whoa, hello Mara, the stars are out!", ended=True)


def test_first_person_is_a_word_of_its_own() -> None:
    assert all(map(first_person, ("I'm here.", "Give it to me.", "We are many.", "That is my pot.")))
    assert not any(map(first_person, ("It is Iron.", "He is some hero.", "Mew, weather, ours.")))


def test_distinct_pairs_fall_where_a_model_repeats_itself() -> None:
    assert distinct2(["a b c d", "e f g h"]) == 1
    assert distinct2(["a b c d"] * 10) == 0.1
    assert distinct2([]) == 0


def test_intervals_hold_the_share_and_shrink_with_more_cases() -> None:
    low, high = wilson(85, 100)
    assert (round(low, 3), round(high, 3)) == (0.767, 0.907)  # as tables give it
    assert wilson(0, 20)[0] == 0
    assert 0 < wilson(0, 20)[1] < 0.2
    assert wilson(850, 1000)[0] > low
    assert wilson(0, 0) == (0, 1)


def test_a_figure_is_one_line_of_json_with_its_ratio() -> None:
    assert json.loads(Figure("a", 0.9, 0.3).line()) == {
        "figure": "a",
        "value": 0.9,
        "unit": "share",
        "baseline": 0.3,
        "ratio": 3.0,
    }
    assert json.loads(Figure("a", 0.9, 0.0).line())["ratio"] is None
