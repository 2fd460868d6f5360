import random

import pytest

from core.personas import Lore, Pack, Question, load_pack
from core.settings import ROOT
from tests.support.gates import asked_of, gates_pack
from training import worlds
from training.topics import PackTopics, Pair, Topic, altered, extended, renamed, topic_of
from training.worlds import sentences

PACK = load_pack(ROOT / "packs" / "communiverse")


def topic(name: str, pronoun: str = "it") -> Topic:
    return Topic(name, pronoun, f"{name} is tall.", ())


def test_about_a_quarter_of_a_packs_questions_is_held_out_and_every_passage_keeps_one() -> None:
    topics = PackTopics(PACK).topics
    held = sum(len(t.held_out) for t in topics.values())
    assert 0.15 < held / len(PACK.questions) < 0.35
    assert all(topics[question.lore_id].asked for question in PACK.questions)


def test_what_is_held_out_is_held_out_by_sentence() -> None:
    for one in PackTopics(PACK).topics.values():
        sentences_held = {pair.sentence for pair in one.held_out}
        assert not sentences_held & {pair.sentence for pair in one.asked}
        assert one.whole == (not one.held_out)


def test_every_answer_stands_in_its_sentence_and_every_sentence_in_the_text() -> None:
    rng = random.Random(2)
    every = [*PackTopics(PACK).topics.values(), *(topic_of(p) for p in worlds.random_world(rng, 60))]
    for one in [*every, *(altered(rng, t) for t in every)]:
        for pair in (*one.asked, *one.held_out):
            assert pair.answer.lower() in pair.sentence.lower()
            assert pair.sentence in one.text


def test_an_altered_pack_gives_other_answers_to_the_same_questions() -> None:
    rng = random.Random(3)
    changed = 0
    for one in PackTopics(PACK).topics.values():
        other = altered(rng, one)
        answers = {pair.question: pair.answer for pair in one.asked}
        assert {pair.question for pair in other.asked} <= set(answers)
        for pair in other.asked:
            changed += pair.answer != answers[pair.question]
            if pair.answer != answers[pair.question]:
                assert f" {answers[pair.question]} " not in pair.sentence
    assert changed > 80


def test_without_a_pair_the_text_does_not_answer_it() -> None:
    tried = 0
    for one in PackTopics(PACK).topics.values():
        for pair in (*one.asked, *one.held_out):
            rest = one.without(pair)
            if rest is not None:
                tried += 1
                assert pair.answer.lower() not in rest.text.lower()
                assert pair not in (*rest.asked, *rest.held_out)
                assert all(kept.sentence in rest.text for kept in (*rest.asked, *rest.held_out))
    assert tried > 60


def test_a_topic_under_another_name_is_the_same_but_for_its_name() -> None:
    rng = random.Random(1)
    for one in PackTopics(PACK, stripped=True).topics.values():
        other = renamed(rng, one)
        assert other.name != one.name
        assert one.name.lower().removeprefix("the ") not in other.text.lower()
        assert len(other.asked) == len(one.asked)
        assert all(p.answer.lower() in p.sentence.lower() and p.sentence in other.text for p in other.asked)


def test_one_more_fact_is_told_and_asked() -> None:
    rng = random.Random(1)
    for one in PackTopics(PACK, stripped=True).topics.values():
        longer = extended(rng, one)
        new = [pair for pair in longer.asked if pair not in one.asked]
        assert longer.text.startswith(one.text) or longer.text.endswith(one.text)
        assert new
        assert all(pair.sentence in longer.text and pair.sentence not in one.text for pair in new)


def test_a_topic_of_one_sentence_has_nothing_left() -> None:
    pair = Pair("How tall is Odo?", "tall", "Odo is tall.")
    assert Topic("Odo", "he", "Odo is tall.", (pair,)).without(pair) is None


def test_what_was_untold_is_not_told() -> None:
    for seed in range(40):
        for passage in worlds.random_world(random.Random(seed), 4):
            one = topic_of(passage)
            assert one.untold
            assert not set(one.untold) & {pair.question for pair in (*one.asked, *one.held_out)}


@pytest.mark.parametrize(
    ("name", "pronoun", "question", "asked_on"),
    [
        ("The Harbor Disk", "it", "How many docks does the Harbor Disk have?", "How many docks does it have?"),
        ("Olga", "she", "Who is Olga?", "Who is she?"),
        ("Olga", "she", "Who may follow Olga?", "Who may follow her?"),
        ("Olga", "she", "What is the color of Olga's coat?", "What is the color of her coat?"),
        ("Olga", "she", "Olga lives where?", "She lives where?"),
        ("Glordon", "he", "Who sings with Glordon?", "Who sings with him?"),
        ("the Old Folk", "they", "What do the Old Folk eat?", "What do they eat?"),
        ("the Old Folk", "they", "Who leads the old folk?", "Who leads them?"),
        ("Year", "it", "How many days are in a Year?", None),
        ("Olga", "she", "Does Olga know Olga?", None),
        ("Olga", "she", "Who knows Elio?", None),
    ],
)
def test_one_asks_on_by_pronoun(name: str, pronoun: str, question: str, asked_on: str | None) -> None:
    assert topic(name, pronoun).by_pronoun(question) == asked_on


def test_the_nearest_topics_share_words_with_the_question() -> None:
    found = PackTopics(PACK).nearest(random.Random(1), "How many docks does the Harbor Disk have?", 3)
    assert "The Harbor Disk" in [one.name for one in found]


def test_any_pack_has_topics() -> None:
    pack, _ = gates_pack()
    topics = PackTopics(pack).topics
    assert len(topics) == len(pack.lore)
    assert {p.question for t in topics.values() for p in (*t.asked, *t.held_out)} == {
        q.question for number in range(2, 42) for q in asked_of(number)
    }


def test_a_question_whose_answer_is_nowhere_in_a_sentence_takes_the_whole_text() -> None:
    lore = Lore(id="a/b", title="B", text="One. Two.", tags=(), source="a.md", line=1)
    question = Question(lore_id="a/b", question="What?", answer="One. Two.")
    pack = PACK.model_copy(update={"lore": (lore,), "questions": (question,)})
    assert isinstance(pack, Pack)
    (one,) = PackTopics(pack).topics.values()
    assert one.asked[0].sentence == "One. Two."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("It opens at 3:14. He said 2.5 is enough!", ["It opens at 3:14.", "He said 2.5 is enough!"]),
        ("Only one", ["Only one"]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_stripped_passages_lack_what_is_held_out_and_still_answer_the_rest() -> None:
    whole, stripped = PackTopics(PACK).topics, PackTopics(PACK, stripped=True).topics
    lacking = 0
    for key, one in whole.items():
        for pair in one.held_out:
            lacking += 1
            assert pair.sentence not in stripped[key].text
        assert {pair.question for pair in stripped[key].asked} == {pair.question for pair in one.asked}
        assert all(pair.sentence in stripped[key].text for pair in stripped[key].asked)
    assert lacking > 40
