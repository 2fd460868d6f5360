"""Whether what people type is an answer, and the right one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.answer_judge import judge, same, stands_in
from actors.trivia import Quiz
from core.personas import load_pack
from core.settings import ROOT

PACK = load_pack(ROOT / "packs" / "communiverse")
WELL = ("How deep is the Quiet Well?", ["80 meters"], ["40 meters", "6 meters", "5 meters"])
POOL = ("What is stirred into the Pink Pool?", ["rose salt"], ["blue salt", "tape", "lemons"])
POTATO = ("I have a dozen eyes and cannot see.", ["a potato", "spud"], [])

# What people say beside a game: none of it is an answer to anything.
TALK = [
    "hello everybody",
    "lol",
    "no idea, sorry",
    "I was there last year and it was great",
    "who wants to play after this?",
    "@Troupe what is a wormhole?",
    "brb in 5 minutes, dinner",
    "that one was hard!!!",
    "haha Bruno is so fast",
    "I like rose salt on my eggs",
    "it is surely not 80 meters",
    "80 people came to my birthday",
    "can we do riddles next? I love them",
    "https://example.org/80",
    "😀😀😀",
    "…",
    "",
    "potato potato potato is all Glordon ever says to me",
]


@pytest.mark.parametrize(
    "text", ["80", "80 meters", "80 Metres", "eighty", "is it 80?", "The well is 80 meters deep", "80 m"]
)
def test_numbers_are_right_with_and_without_their_unit(text: str) -> None:
    assert judge(text, *WELL) == "right"


@pytest.mark.parametrize(("text", "what"), [("40", "wrong"), ("81", "wrong"), ("8", "wrong"), ("80 feet", "none")])
def test_numbers_are_exact(text: str, what: str) -> None:
    assert judge(text, *WELL) == what


@pytest.mark.parametrize("text", ["2,400", "2400 years", "2.400", "2 400"])
def test_thousands_are_read_however_they_are_written(text: str) -> None:
    assert judge(text, "How old is the council?", ["2,400 years"], ["9,000 years"]) == "right"


@pytest.mark.parametrize(
    "text",
    ["rose salt", "ROSE SALT!", "Rose Salts", "rosesalt", "rsoe salt", "I think it's the rose salt", "röse salt"],
)
def test_words_are_right_with_typing_errors_plurals_and_fillers(text: str) -> None:
    assert judge(text, *POOL) == "right"


def test_small_words_may_be_left_out() -> None:
    assert judge("mistake", "How did Elio become ambassador?", ["by mistake"], ["on purpose"]) == "right"
    assert judge("your cheek", "Where do you hold a song stone?", ["to your cheek"]) == "right"
    assert judge("red", "When is it?", ["in the red month"]) == "none"


def test_the_words_of_another_choice_are_wrong_and_half_an_answer_is_none() -> None:
    assert judge("blue salt", *POOL) == judge("lemon", *POOL) == "wrong"
    assert judge("salt", *POOL) == "none"
    assert judge("cold", "What colour?", ["gold"], ["cold", "green"]) == "wrong"


def test_a_riddle_has_several_answers_and_near_misses_are_close() -> None:
    assert {judge(text, *POTATO) for text in ("Potatoes", "a spud", "potatoe", "maybe a potato?")} == {"right"}
    assert judge("a potted toe", "?", ["a potato peel"]) in ("close", "none")
    assert judge("wormwhole", "?", ["a wormhole"]) == "right"
    assert judge("worm house", "?", ["a wormhole"]) == "close"
    assert judge("tomato", *POTATO) in ("close", "none")


@pytest.mark.parametrize("text", TALK)
def test_talk_is_no_answer(text: str) -> None:
    for question in (WELL, POOL, POTATO):
        assert judge(text, *question) == "none"


def test_every_right_and_every_wrong_choice_of_the_lore_is_judged_so() -> None:
    for question in Quiz(PACK).every_question(random.Random(3)):
        wrong = [one.text for one in question.wrong]
        answers = [question.right.text]
        asked = (question.text, question.passage.title)
        assert judge(question.right.text, question.text, answers, wrong) == "right", asked
        assert judge(f"It's {question.right.text.upper()}!", question.text, answers, wrong) == "right", asked
        for choice in wrong:
            assert judge(choice, question.text, answers, wrong) == "wrong", (asked, choice)
        for text in TALK:
            assert judge(text, question.text, answers, wrong) != "right", (asked, text)


def test_a_letter_too_much_or_too_few_is_forgiven_in_all_lore() -> None:
    rng = random.Random(5)
    for question in Quiz(PACK).every_question(rng):
        answer = question.right.text
        if any(one.isdigit() for one in answer) or len(answer) < 6:
            continue
        at = rng.randrange(1, len(answer))
        wrong = [one.text for one in question.wrong]
        for typo in (answer[:at] + answer[at + 1 :], answer[:at] + "q" + answer[at:]):
            assert judge(typo, question.text, [answer], wrong) in ("right", "none"), (question.text, typo)
    for riddle in PACK.riddles:
        for answer in riddle.answers:
            assert judge(answer, riddle.riddle, riddle.answers) == "right"


@given(st.text(max_size=130), st.text(min_size=1, max_size=40), st.lists(st.text(min_size=1, max_size=20), max_size=3))
def test_nothing_that_is_typed_breaks_it(text: str, answer: str, wrong: list[str]) -> None:
    assert judge(text, "What is it?", [answer], wrong) in ("right", "wrong", "close", "none")


def test_same_and_stands_in() -> None:
    assert same("the stone people", "Stone People")
    assert not same("2", "3")
    assert stands_in("a cold potato", "They shared a cold potato, and both")
    assert not stands_in("4", "He has 40 of them")
