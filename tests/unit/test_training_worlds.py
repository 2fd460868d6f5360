import random

import pytest

from training.worlds import random_name, random_world


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
