"""Which tokens are forms of one word, and how rare they are."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from training.tokenizer import SPECIAL, train_tokenizer
from training.word_families import rarity, roots

TEXTS = [
    "The ships burn. A ship burned. Ships wear hats. Who wore a hat? The color of the hat is red.",
    "Whose colours are these? The ship of 7 hats is red.",
    "The kettle sings in Morlis.",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS * 9, 500)


def token(tokenizer: Tokenizer, word: str) -> int:
    (found,) = tokenizer.encode(word, add_special_tokens=False).ids
    return found


@pytest.mark.parametrize(
    ("one", "other"), [(" ship", " ships"), (" ships", " Ships"), (" wear", " wore"), (" color", " colours")]
)
def test_forms_of_a_word_have_one_root(tokenizer: Tokenizer, one: str, other: str) -> None:
    of = roots(tokenizer)
    words = {piece.replace("Ġ", " "): number for piece, number in tokenizer.get_vocab().items()}
    assert of[words[one]] == of[words[other]]


def test_other_words_numbers_and_special_tokens_have_their_own(tokenizer: Tokenizer) -> None:
    of = roots(tokenizer)
    assert len(of) == tokenizer.get_vocab_size()
    assert of[token(tokenizer, " ship")] != of[token(tokenizer, " hat")]
    assert len({of[number] for number in range(len(SPECIAL))}) == len(SPECIAL)


def test_a_word_is_rare_that_stands_in_few_texts(tokenizer: Tokenizer) -> None:
    rare = rarity(tokenizer, TEXTS)
    assert all(0 <= one <= 1 for one in rare)
    assert rare[token(tokenizer, " red")] < rare[token(tokenizer, " kettle")]


def test_only_the_beginning_of_a_word_is_rare(tokenizer: Tokenizer) -> None:
    rare = rarity(tokenizer, ["never seen"])
    assert rare[token(tokenizer, " kettle")] == 1
    assert rare[token(tokenizer, "r")] == 0
    assert not any(rare[: len(SPECIAL)])
