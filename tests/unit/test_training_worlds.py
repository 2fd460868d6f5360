import random
import re

import pytest

from training.worlds import other_answer, random_name, random_world, readings, sentences, written


@pytest.mark.parametrize("seed", range(20))
def test_every_answer_stands_in_its_sentence_and_every_sentence_in_its_passage(seed: int) -> None:
    for passage in random_world(random.Random(seed), 5):
        for fact in passage.facts:
            assert fact.answer.lower() in fact.sentence.lower()
            assert fact.sentence in passage.text
            assert "{" not in passage.text
            assert "<" not in passage.text


def test_a_seed_decides_the_world() -> None:
    first, again = (random_world(random.Random(3), 4) for _ in range(2))
    assert first == again
    assert first != random_world(random.Random(4), 4)


def test_passages_are_about_different_things() -> None:
    for seed in range(50):
        world = random_world(random.Random(seed), 6)
        assert len({passage.subject for passage in world}) == 6


def test_the_held_out_wording_is_never_among_the_questions() -> None:
    for seed in range(50):
        for passage in random_world(random.Random(seed), 5):
            for fact in passage.facts:
                assert fact.held_out not in fact.questions
                assert fact.held_out.endswith("?")


def test_people_are_told_apart_from_things() -> None:
    world = [passage for seed in range(30) for passage in random_world(random.Random(seed), 5)]
    people = [passage for passage in world if passage.person]
    assert people
    assert all(not passage.subject.startswith("the ") for passage in people)


def test_names_are_many() -> None:
    rng = random.Random(1)
    assert len({random_name(rng) for _ in range(1000)}) > 700


def test_facts_that_changed_are_told_as_they_were_and_as_they_are() -> None:
    facts = [f for seed in range(80) for p in random_world(random.Random(seed), 5) for f in p.facts if f.outdated]
    assert len(facts) > 10
    for fact in facts:
        assert fact.outdated != fact.answer
        assert fact.outdated in fact.told
        assert fact.told.endswith(fact.sentence)
        assert fact.outdated not in fact.sentence


def test_kinds_of_facts_that_are_held_out_are_only_told_to_measure() -> None:
    def told(*, held_out: bool) -> str:
        worlds = (random_world(random.Random(seed), 5, held_out=held_out) for seed in range(120))
        return " ".join(passage.text for world in worlds for passage in world)

    assert "is filled with" not in told(held_out=False)
    assert "is filled with" in told(held_out=True)


def test_a_written_passage_holds_each_answer_once_and_no_question_gives_it_away() -> None:
    for template in readings(held_out=True):
        name = template["name"][0]
        for asked in template["ask"]:
            assert template["text"].count(asked["answer"]) == 1, name
            assert not any(asked["answer"] in question for question in asked["questions"]), name
        for seed in range(6):
            passage = written(random.Random(seed), template)
            assert "{" not in passage.text, name
            assert passage.facts, name
            assert 1 <= len(sentences(passage.text)) <= 4, name
            for fact in passage.facts:
                assert fact.sentence in passage.text, name
                assert fact.answer.lower() in fact.sentence.lower(), name
                lines = (*fact.questions, fact.held_out)
                assert len(set(lines)) == len(lines) >= 3, name
                assert all(line.endswith("?") and "{" not in line for line in lines), name
            untold = [question for fact in passage.untold for question in (*fact.questions, fact.held_out)]
            assert all(question.endswith("?") for question in untold), name


def test_written_passages_that_are_held_out_are_only_told_to_measure() -> None:
    kept_back = [one for one in readings(held_out=True) if one not in readings(held_out=False)]
    literal = [max(re.split(r"\{\w+\}", one["text"]), key=len) for one in kept_back]

    def told(*, held_out: bool) -> str:
        rng = random.Random(1)
        worlds = (random_world(rng, 5, held_out=held_out, written_share=1.0) for _ in range(200))
        return " ".join(passage.text for world in worlds for passage in world)

    assert len(literal) > 20
    assert not [part for part in literal if part in told(held_out=False)]
    assert [part for part in literal if part in told(held_out=True)]


def test_verbs_agree_with_what_is_told_about() -> None:
    seen = 0
    for seed in range(60):
        for passage in random_world(random.Random(seed), 5):
            if passage.pronoun == "they":
                seen += 1
                assert not re.search(r"\bThey (has|does|is|was)\b", passage.text)
    assert seen


@pytest.mark.parametrize(
    ("answer", "sort"), [("1,200", r"[\d,]+"), ("red", r"[a-z -]+"), ("Odo", r"[A-Z][a-z]+"), ("at dawn", r"[a-z -]+")]
)
def test_another_answer_is_of_the_same_sort(answer: str, sort: str) -> None:
    rng = random.Random(1)
    for _ in range(20):
        other = other_answer(rng, answer)
        assert other is not None
        assert re.fullmatch(sort, other)
        assert other != answer


def test_an_answer_of_no_clear_sort_has_no_other() -> None:
    assert other_answer(random.Random(1), "a friend nobody has met yet") is None
