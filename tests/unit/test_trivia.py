"""The makers of questions over all lore of the default pack: each has one right answer, and none gives it away."""

from __future__ import annotations

import random

from actors.answer_judge import same, stands_in
from actors.trivia import CHOICES, GAP, Quiz, TriviaQuestion, about, passages_of
from core.messages import Passage
from core.personas import load_pack
from core.settings import ROOT
from tests.support.cast import make_pack

PACK = load_pack(ROOT / "packs" / "communiverse")
BARE = PACK.model_copy(update={"questions": ()})  # a pack whose author wrote no questions


def check(question: TriviaQuestion) -> None:
    right, wrong = question.right, question.wrong
    told = (question.text, right.text, [one.text for one in wrong])
    known = {passage.title: passage for passage in passages_of(PACK)}
    assert stands_in(right.text, question.passage.text), told
    assert not stands_in(right.text, question.text.replace(GAP, " ; ")), told
    assert (right.title, right.source) == (question.passage.title, question.passage.source)
    assert len(wrong) in (2, CHOICES - 1), told
    choices = [right.text, *(one.text for one in wrong)]
    for index, one in enumerate(choices):
        assert not any(same(one, other) for other in choices[:index]), told
    for one in wrong:
        assert one.title != question.passage.title, told
        assert not stands_in(one.text, question.passage.text), told
        # It comes from the passage that is named as its source; of "9 meters" the number does.
        number = next((word for word in one.text.split() if word[0].isdigit()), one.text)
        assert stands_in(number, f"{known[one.title].text} {one.title}"), (told, one)
        assert known[one.title].source == one.source


def test_all_questions_of_the_pack_have_one_right_answer_from_their_passage() -> None:
    made = list(Quiz(PACK).every_question(random.Random(1)))
    assert len(made) >= 260
    assert len({question.id for question in made}) == len(made)
    for question in made:
        assert not question.gap
        check(question)


def test_without_questions_sentences_with_gaps_are_asked() -> None:
    made = list(Quiz(BARE).every_question(random.Random(2)))
    assert len(made) >= 200
    assert {question.passage.id for question in made} >= {"places/the-lantern-hall", "ships/the-paper-kite"}
    for question in made:
        assert question.gap
        assert question.text.count(GAP) == 1
        check(question)


def test_the_kinds_of_wrong_choices_are_that_of_the_answer() -> None:
    made = {question.text: question for question in Quiz(PACK).every_question(random.Random(4))}
    tall = made["How tall were the letters of Elio's sign?"]
    assert all(one.text.endswith(" meters") for one in tall.wrong)
    colours = made["What color does the mood lamp burn for joy?"]
    assert all(any(one.text in passage.text for passage in passages_of(PACK)) for one in colours.wrong)
    assert all(one.text.islower() and " " not in one.text for one in colours.wrong)
    assert all(one.text[0].isupper() for one in made["Who wrote the hug rule?"].wrong)
    assert all(len(one.text) < 40 for one in made["How many ovens does the Kitchen Disk have?"].wrong)


def test_what_was_used_comes_last_and_passages_take_turns() -> None:
    quiz = Quiz(PACK)
    first = quiz.questions(10, random.Random(1))
    assert len({question.passage.id for question in first}) == 10
    used = [question.id for question in first]
    for seed in range(5):
        assert not {question.id for question in quiz.questions(10, random.Random(seed), used=used)} & set(used)
    passage = passages_of(PACK)[1]
    small = quiz.questions(10, random.Random(1), passages=[passage])
    ids = [question.id for question in small]
    assert 1 < len(ids) < 10
    # The longest ago comes first where all were used.
    assert quiz.questions(1, random.Random(9), passages=[passage], used=ids)[0].id == ids[0]


def test_lore_of_a_server_that_the_pack_does_not_have_is_asked_about_with_gaps() -> None:
    text = "The Blue Kettle of our server is 57 years old and belongs to Wilma."
    own = Passage(id="guild/kettle", text=text, score=1.0, source="guild/kettle.md", title="Kettle")
    [*made] = Quiz(PACK).questions(5, random.Random(1), passages=[own])
    assert {question.right.text for question in made} >= {"57", "Wilma"}
    assert all(question.right.source == "guild/kettle.md" for question in made)


def test_a_theme_is_found_by_words_too() -> None:
    assert "hylurg/potatoes-on-hylurg" in [passage.id for passage in about(PACK, "potatoes")]
    assert about(PACK, "qqqqqq") == ()


def test_a_pack_with_next_to_no_lore_makes_no_questions() -> None:
    assert Quiz(make_pack()).questions(5, random.Random(1)) == ()
