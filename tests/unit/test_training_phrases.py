import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.phrases import as_typed, forms, keywords, load_phrases, say_otherwise


def test_every_intent_has_lines_to_train_on_lines_to_measure_with_and_a_reply() -> None:
    for name, intent in load_phrases().intents.items():
        assert len(intent.say) >= 5, name
        assert intent.held_out, name
        assert intent.reply, name
        assert not set(intent.say) & set(intent.held_out), name


def test_options_give_every_form() -> None:
    assert forms("more") == ["more"]
    assert forms("<|please >go <on|ahead>") == ["go on", "go ahead", "please go on", "please go ahead"]


def test_wordings_to_measure_with_are_not_trained_on() -> None:
    lists = load_phrases().lists
    held_out = [key for key in lists if key.endswith("_held_out")]
    assert held_out
    for key in held_out:
        assert not set(lists[key]) & set(lists[key.removesuffix("_held_out")])


@pytest.mark.parametrize(
    ("line", "intent"), [("Hello!", "greet"), ("hello", "greet"), ("Tell me a joke.", "joke"), ("I am SAD", "lonely")]
)
def test_a_line_is_known_by_its_words_not_its_punctuation(line: str, intent: str) -> None:
    assert load_phrases().intent_of(line) == intent


def test_an_unknown_line_has_no_intent() -> None:
    assert load_phrases().intent_of("The moon is made of old tape.") is None


def test_a_question_in_other_words_keeps_what_it_is_about() -> None:
    said = {say_otherwise(random.Random(seed), "How many docks does the Harbor Disk have?") for seed in range(20)}
    assert said == {
        "What number of docks does the Harbor Disk have?",
        "The number of docks that the Harbor Disk does have?",
        "Count for me: how many docks does the Harbor Disk have?",
    }
    held_out = say_otherwise(random.Random(1), "What color is the star Amaru?", held_out=True)
    assert held_out == "The star Amaru is what color?"


def test_no_rule_leaves_the_question_as_it_is() -> None:
    assert say_otherwise(random.Random(1), "Whose son is Glordon?") == "Whose son is Glordon?"


def test_keywords_are_what_one_types_into_a_search() -> None:
    assert keywords("How many docks does the Harbor Disk have?") == "many docks Harbor Disk have"


@given(st.integers(), st.text(alphabet="abcdefgh ?", min_size=1).filter(str.strip))
def test_typing_never_loses_the_line(seed: int, line: str) -> None:
    assert as_typed(random.Random(seed), line, "Elio").strip()


def test_typing_is_decided_by_the_seed_and_varies() -> None:
    lines = [as_typed(random.Random(seed), "Where does the Old Lamp stand?", "Elio") for seed in range(60)]
    assert lines == [as_typed(random.Random(seed), "Where does the Old Lamp stand?", "Elio") for seed in range(60)]
    assert len(set(lines)) > 15
    assert any("elio" in line.lower() for line in lines)


def test_lines_that_are_said_as_they_are_hold_no_options() -> None:
    intents = load_phrases().intents
    assert not any("<" in line for line in (*intents["more"].say, *(intent.say[0] for intent in intents.values())))
    assert not any("<" in line for intent in intents.values() for line in (*intent.held_out, *intent.reply))
