"""Which tokens are forms of one word, and how rare they are: what a fresh model is given to find sentences by.

`ships`, ` Ships` and ` ship` are three tokens that have nothing in common for a model until it has seen them often. A
model of this size never sees most words often enough, so it is told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import snowballstemmer
import yaml
from tokenizers import Tokenizer


@cache
def _families() -> dict[str, str]:
    """The first word of the family by word."""
    lines: list[str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    found: dict[str, str] = {}
    for line in lines:
        first, *others = line.split()
        for word in (first, *others):
            found.setdefault(word, found.get(first, first))
    return found


def roots(tokenizer: Tokenizer) -> list[int]:
    """For each token the number of its root. Tokens of one root are forms of one word, or of one family; a token that
    is no word has a root of its own."""
    stemmer = snowballstemmer.stemmer("english")
    numbers: dict[str, int] = {}
    result = []
    for token in range(tokenizer.get_vocab_size()):
        word = tokenizer.decode([token], skip_special_tokens=False).strip().lower()
        if len(word) < 2 or not word.isalpha():
            root = f"#{token}" if not word.isalpha() else word
        else:
            root = _families().get(word) or stemmer.stemWord(word)
        result.append(numbers.setdefault(root, len(numbers)))
    return result


def rarity(tokenizer: Tokenizer, texts: Iterable[str]) -> list[float]:
    """For each token how rare it is among `texts`, 0 for one that is in all of them and 1 for one that is in none: the
    inverse document frequency of Sparck Jones (1972), scaled. It is 0 for a token that does not begin a word, so that a
    word of many pieces counts once, and for special ones."""
    seen: Counter[int] = Counter()
    count = 0
    for encoded in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
        seen.update(set(encoded.ids))
        count += 1
    most = math.log(count + 1)

    def of(token: int) -> float:
        begins = tokenizer.decode([token]).startswith(" ")
        return math.log((count + 1) / (seen[token] + 1)) / most if begins else 0.0

    return [of(token) for token in range(tokenizer.get_vocab_size())]
