"""The guard: what a model wrote, cleaned while it streams."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serve_apps.guard import Guard, ends_in_loop, first_sentences, repeats, stop_strings, whole_sentences

GUARD = Guard(persona="Elio", others=("Mara", "Lord Grigon", "C++"), instructions="You are Elio, a boy among the stars")

pieces = st.sampled_from(
    [
        *("Elio", "Mara", "Lord Grigon", "C++", "user", "User:", "C++:", ":", " ", "\n", "\n\n", "<3", "é🚀"),
        *("<", "|", ">", "/", "lore", "lorem", "</lore>", "<lore", "<|end|>", "[INST]", "[", "INST", "]"),
        *("hello", "comet.", "a longer line that goes on and on for quite some while"),
    ]
)


@settings(max_examples=400)
@given(st.lists(pieces, max_size=14).map("".join))
@example("hi\nMara: no")
@example("Elio: Elio: hi")
@example("a </lor")
def test_what_was_shown_is_never_taken_back(raw: str) -> None:
    whole, _ = GUARD.clean(raw, final=True)
    shown = ""
    for end in range(len(raw) + 1):
        now, ended = GUARD.clean(raw[:end], final=False)
        assert whole.startswith(now), (raw[:end], now, whole)
        if len(now) > len(shown):
            assert now.startswith(shown)
            shown = now
        if ended:
            assert now == GUARD.clean(raw[:end], final=True)[0]
            break


def test_a_long_reply_is_shown_while_it_is_written() -> None:
    raw = "The comet comes back after nine years. " * 3
    shown, ended = GUARD.clean(raw, final=False)
    assert (shown, ended) == (raw.strip(), False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("?! …", "empty"),
        ("you are elio, A BOY among the stars. So.", "leak"),
        ("no no no no no", "repetition"),
        ("the blue comet the blue comet the blue comet the blue comet", "repetition"),
        ("Ha ha ha!", None),
        ("The comet is blue, the lamp is blue, the bell is not.", None),
    ],
)
def test_what_makes_a_reply_useless(text: str, problem: str | None) -> None:
    assert GUARD.problem(text) == problem


def test_repetition_needs_four_in_a_row() -> None:
    assert repeats("one two " * 4)
    assert not repeats("one two " * 3)
    assert repeats("Well, " + "a b c d e f g h " * 4)


def test_a_phrase_of_four_words_is_a_loop_the_third_time() -> None:
    assert repeats("And they close to say hello, and they close to say hello, and they close to say hello, friend.")
    assert not repeats("They close to say hello, and they close to say hello, and they wave.")


def test_a_loop_is_seen_at_the_end_of_a_long_text() -> None:
    before = " ".join(f"word{number}" for number in range(300))
    assert ends_in_loop(f"{before} " + "a b c d e f g h " * 4)
    assert ends_in_loop(before + "za" * 9)
    assert not ends_in_loop(before)


def test_syllables_may_be_repeated_to_laugh_and_not_for_ever() -> None:
    assert not repeats("Hahahahaha! Brrrrrrrrr.")
    assert repeats("My name is Va" + "za" * 9)
    assert not repeats("It costs 10,000,000,000 beans, or 1000000000000000000000.")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It is blue. It ret", "It is blue."),
        ('"It is blue." It ret', '"It is blue."'),
        (
            "Yes. And then the long story of the comet began with a",
            "Yes. And then the long story of the comet began with a…",
        ),
        ("no end here,", "no end here…"),
        ("It costs 3.5 stars", "It costs 3.5 stars…"),
    ],
)
def test_a_cut_text_ends_well(text: str, whole: str) -> None:
    assert whole_sentences(text) == whole


def test_the_first_sentences_stay_whole() -> None:
    text = "The comet is blue. It comes back after nine years. Nobody knows why."
    assert first_sentences(text, 55) == "The comet is blue. It comes back after nine years."
    assert first_sentences(text, 5) == "The comet is blue."
    assert first_sentences("no end", 3) == "no end"


def test_stop_strings_are_few_and_different() -> None:
    stops = stop_strings([f"n{i}" for i in range(30)] + ["n0", ""])
    assert len(stops) == len(set(stops)) <= 16
    assert stops[0] == "\nn0:"
