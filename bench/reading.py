"""How often does a model that has learned nothing yet name the sentence that answers?

    python -m bench.reading

The circuit of `training.structured_init` against a search by keywords, which is what it imitates: the words of question
and sentence without their endings, each weighed by how rare it is. Both are given the same questions with the same
passages, in the wordings of training and in those that are kept back, and name one sentence; none has to say that it
does not know. The second figure of a kind is the circuit without knowing which words are rare.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import snowballstemmer
import torch
from tokenizers import Tokenizer

from bench.report import report
from core.settings import ROOT
from training.citations import AGAIN, NUMBERS
from training.dialogues import DialogueMaker
from training.small_model import VOCABULARY, new_model
from training.tokenizer import encode_chats, train_tokenizer
from training.voices import load_cast
from training.word_families import rarity

SAMPLE = 1500  # dialogues for the tokenizer and for how rare words are
_STEMMER = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt as ids, the number of the sentence that answers, and the prompt's end as text."""

    ids: list[int]
    wanted: int
    text: str


def cases(tokenizer: Tokenizer, maker: DialogueMaker, count: int) -> list[Case]:
    """`count` questions that a sentence of their prompt answers."""
    numbers = [tokenizer.token_to_id(number) for number in NUMBERS[1:]]
    found: list[Case] = []
    while len(found) < count:
        dialogues = [one for one in maker.dialogues(50) if one.turns[-1].kind == "fact"]
        for one in encode_chats(tokenizer, [dialogue.messages for dialogue in dialogues]):
            at = one.learn.index(True)
            if one.ids[at] in numbers:
                text = tokenizer.decode(one.ids[:at], skip_special_tokens=False).rpartition("<|user|>")[2]
                found.append(Case(one.ids[:at], one.ids[at], text))
    return found[:count]


@torch.no_grad()
def named(tokenizer: Tokenizer, asked: Sequence[Case], rare: Sequence[float]) -> float:
    """The share of cases in which a fresh model gives the right number more than any other of the prompt's."""
    model = new_model(tokenizer, seed=1, rarity=rare)
    numbers = [tokenizer.token_to_id(number) for number in NUMBERS[1:]]
    hits = 0
    for case in asked:
        logits = model(input_ids=torch.tensor([case.ids])).logits[0, -1]
        hits += max((n for n in numbers if n in case.ids), key=lambda n: float(logits[n])) == case.wanted
    return hits / len(asked)


def stems(text: str) -> set[str]:
    """The words of a text without their endings."""
    return {_STEMMER.stemWord(word) for word in re.findall(r"\w+", text.lower())}


def searched(tokenizer: Tokenizer, asked: Sequence[Case]) -> float:
    """The share of cases in which the right sentence shares the rarest words with the question."""
    seen = Counter(word for case in asked for word in stems(case.text))
    hits = 0
    for case in asked:
        told, _, question = case.text.partition(AGAIN)
        words = stems(question)
        parts = re.split(r"<\|(\d+)\|>", told)

        def weight(sentence: str, words: set[str] = words) -> float:
            return sum(math.log((len(asked) + 1) / (seen[word] + 1) + 1) for word in words & stems(sentence))

        best = max(zip(parts[1::2], parts[2::2], strict=True), key=lambda numbered: weight(numbered[1]))
        hits += tokenizer.token_to_id(NUMBERS[int(best[0])]) == case.wanted
    return hits / len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    pack, cast = load_cast(ROOT / "packs" / "communiverse")
    sample = list(DialogueMaker(pack, cast, seed="reading", lesson="home").dialogues(SAMPLE))
    tokenizer = train_tokenizer((m.content for d in sample for m in d.messages), VOCABULARY)
    rare = rarity(tokenizer, (m.content for d in sample for m in d.messages if m.role == "user"))
    for kind, held_out in (("trained_wordings", False), ("held_out_wordings", True)):
        asked = cases(tokenizer, DialogueMaker(pack, cast, seed="asked", held_out=held_out), given.cases)
        search = searched(tokenizer, asked)
        report(f"fresh_model_{kind}", named(tokenizer, asked, rare), "share", search)
        report(f"fresh_model_{kind}_any_word_alike", named(tokenizer, asked, [0.0] * len(rare)), "share", search)


if __name__ == "__main__":
    main()
