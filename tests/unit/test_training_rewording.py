import random
import re

from core.settings import ROOT
from training.rewording import reworded
from training.topics import PackTopics, Pair, Topic
from training.voices import load_cast

PACK, _ = load_cast(ROOT / "packs" / "communiverse")
GUARD = Topic(
    "the Salt Gate",
    "it",
    "The Salt Gate is guarded by 12 owls. They guard it because salt melts.",
    (
        Pair("Who guards the Salt Gate?", "12 owls", "The Salt Gate is guarded by 12 owls."),
        Pair("Why is the Salt Gate watched?", "salt melts", "They guard it because salt melts."),
        Pair("What melts?", "salt", "They guard it because salt melts."),
    ),
    untold=("How old is the Salt Gate?",),
)


def test_other_words_with_the_same_endings_everywhere() -> None:
    (other,) = reworded(random.Random(1), [GUARD])
    assert not re.search("guard|salt|gate|owl|melt", other.text.lower())
    found = re.fullmatch(r"The (\w+ \w+) is (\w+)ed by 12 \w+s\. They (\w+) it because \w+ \w+s\.", other.text)
    assert found
    assert found[2] == found[3]
    assert other.name == f"the {found[1]}"
    assert other.asked[0].question == f"Who {found[2]}s the {found[1]}?"
    assert other.untold == (f"How old is the {found[1]}?",)


def test_questions_that_share_only_the_name_are_left_out() -> None:
    (other,) = reworded(random.Random(1), [GUARD])
    assert len(other.asked) == 2
    assert not any(pair.question.startswith("Why") for pair in other.asked)


def test_every_answer_still_stands_in_its_sentence() -> None:
    topics = list(PackTopics(PACK, stripped=True).topics.values())
    for before, after in zip(topics, reworded(random.Random(2), topics), strict=True):
        assert after.text != before.text
        assert after.asked
        for pair in after.asked:
            assert pair.answer.lower() in pair.sentence.lower()
            assert pair.sentence in after.text


def test_a_share_of_the_words_is_exchanged() -> None:
    words = [GUARD.text.split(), reworded(random.Random(3), [GUARD], 0.5)[0].text.split()]
    same = [one == other for one, other in zip(*words, strict=True)]
    assert 0.2 < sum(same) / len(same) < 0.9
    assert reworded(random.Random(3), [GUARD], 0.0)[0].text == GUARD.text


def test_a_seed_decides_the_words() -> None:
    first, again, different = (reworded(random.Random(seed), [GUARD]) for seed in (1, 1, 2))
    assert first == again
    assert first != different
