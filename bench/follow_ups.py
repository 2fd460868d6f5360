"""Whether a follow-up question finds its passage: `python -m bench.follow_ups`.

Questions about the pack's lore whose subject is only a pronoun ("What color is it?") are looked for together with the
question before them, by the direction between the embeddings of both lines, which are there already. The baseline
embeds both lines anew as one text; `follow_up_alone` is what the question finds by itself.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.report import report
from core.personas import load_pack
from core.settings import ROOT
from serve_apps.preprocessing import Vectors
from training.recognise import minilm
from training.topics import PackTopics

CASES = 300
SHOWN = 3
Matrix = NDArray[Any]


def cases(seed: int = 3) -> list[tuple[int, str, str]]:
    """(number of the passage, question before, follow-up question)."""
    pack = load_pack(ROOT / "packs" / "communiverse")
    numbers = {lore.title: number for number, lore in enumerate(pack.lore)}
    found = []
    for topic in PackTopics(pack).topics.values():
        questions = [pair.question for pair in (*topic.asked, *topic.held_out)]
        for before in questions:
            for question in questions:
                if question != before and (shorter := topic.by_pronoun(question)):
                    found.append((numbers[topic.name], before, shorter))
    random.Random(seed).shuffle(found)
    return found[:CASES]


def found(vectors: Matrix, passages: Matrix, wanted: list[int], first: int) -> float:
    """The share of vectors whose passage is among the `first` nearest."""
    nearest = np.argsort(-(vectors @ passages.T), axis=1)[:, :first]
    return float((nearest == np.asarray(wanted)[:, None]).any(axis=1).mean())


def main() -> None:
    """Runs the bench."""
    embed = minilm()
    pack = load_pack(ROOT / "packs" / "communiverse")
    passages = np.asarray(embed([f"{lore.title}. {lore.text}" for lore in pack.lore]))
    asked = cases()
    wanted = [number for number, _, _ in asked]
    before = [tuple(map(float, one)) for one in embed([one for _, one, _ in asked])]
    lines = [tuple(map(float, one)) for one in embed([one for _, _, one in asked])]
    anew = np.asarray(embed([f"{first} {then}" for _, first, then in asked]))
    together = np.asarray([Vectors(one, other).together for one, other in zip(lines, before, strict=True)])
    for first in (1, SHOWN):
        alone = found(np.asarray(lines), passages, wanted, first)
        baseline = found(anew, passages, wanted, first)
        report(f"follow_up_alone_at_{first}", alone, "share", baseline=baseline)
        report(f"follow_up_at_{first}", found(together, passages, wanted, first), "share", baseline=baseline)


if __name__ == "__main__":
    main()
