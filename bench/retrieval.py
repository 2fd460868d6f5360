"""How quick and how exact the search for lore is, at 10,000 and at 100,000 passages.

    python -m bench.retrieval
    python -m bench.retrieval --passages 10000

fills a store of its own (Milvus Lite) and asks it questions about its passages, one after another: by meaning and by
words, fused, as a reply does. The vector of a question is made before, so that the search alone is measured. The
baseline is the exact search, one product of matrix and vector in NumPy; `recall` is how many of its ten nearest
passages the store's search by meaning finds, too.

Passages are those of random worlds. Only some are embedded, which would take a quarter of an hour for all; the others
have the vector of one of them with noise on it, so that there are neighbours to mix up.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from bench.report import percentile, report
from core.messages import SearchQuery
from serve_apps.lore_rows import Row, Scope
from serve_apps.lore_search import LoreSearch
from serve_apps.lore_store import ROWS_AT_ONCE, LoreStore
from training.recognise import minilm
from training.topics import topic_of
from training.worlds import random_world

SIZES = (10_000, 100_000)
EMBEDDED = 2_000
NOISE = 0.5  # the length of what is added to a vector of length 1; leaves cosines of about 0.9
QUESTIONS = 200
NEAREST = 10
WARM_UP = 20
PACK = "bench"
console = Console(stderr=True)


def passages(rng: random.Random, count: int) -> list[tuple[str, str, str]]:
    """`count` passages of random worlds: title, text, and a question that the text answers."""
    made: list[tuple[str, str, str]] = []
    while len(made) < count:
        for passage in random_world(rng, 4):
            topic = topic_of(passage)
            if topic.asked:
                made.append((topic.name, topic.text, topic.asked[0].question))
    return made[:count]


def vectors_of(texts: Sequence[str], count: int, seed: int) -> Any:
    """[count, dimensions], float32, each of length 1: the texts' own, then those of some of them with noise."""
    own = np.asarray(minilm()(list(texts)), np.float32)
    rng = np.random.default_rng(seed)
    picked = own[rng.integers(0, len(own), max(0, count - len(own)))]
    noise = rng.standard_normal(picked.shape, np.float32)
    noisy = picked + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.concatenate([own, noisy / np.linalg.norm(noisy, axis=1, keepdims=True)])[:count]


def fill(store: LoreStore, texts: Sequence[tuple[str, str, str]], vectors: Any) -> None:
    """Store all passages, with a line of progress now and then."""
    for start in range(0, len(texts), ROWS_AT_ONCE):
        some = range(start, min(start + ROWS_AT_ONCE, len(texts)))
        store.put(
            [
                Row(
                    pack=PACK,
                    lore_id=str(n),
                    title=texts[n][0],
                    text=texts[n][1],
                    source="",
                    fingerprint="",
                    vector=vectors[n].tolist(),
                )
                for n in some
            ]
        )
        if start % (20 * ROWS_AT_ONCE) == 0:
            console.print(f"stored {some.stop:,} of {len(texts):,}")


async def measure(folder: Path, size: int, questions: int) -> None:
    """Fill a store with `size` passages and report its figures."""
    texts = passages(random.Random(f"retrieval {size}"), size)
    embedded = min(EMBEDDED, size)
    vectors = vectors_of([f"{title}. {text}" for title, text, _ in texts[:embedded]], size, seed=size)
    store = LoreStore(str(folder / f"{size}.db"), "bench")
    fill(store, texts, vectors)
    asked = [question for _, _, question in texts[:questions]]
    known = dict(zip(asked, np.asarray(minilm()(asked), np.float32), strict=True))

    async def embed(wanted: list[str]) -> list[list[float]]:
        return [known[text].tolist() for text in wanted]

    search = LoreSearch(store, embed, "bench")
    took: list[float] = []
    bare: list[float] = []
    found = exact = 0
    for number, (question, vector) in enumerate(known.items()):
        started = time.perf_counter()
        await search.search(SearchQuery(text=question, limit=3, pack=PACK))
        through = time.perf_counter()
        scores = vectors @ vector
        nearest = np.argpartition(-scores, NEAREST)[:NEAREST]
        done = time.perf_counter()
        if number >= WARM_UP:
            took.append((through - started) * 1000)
            bare.append((done - through) * 1000)
        hits = store.by_meaning(vector.tolist(), Scope(pack=PACK, guild=None, limit=NEAREST))
        # Passages that are as near as the tenth are as good as it.
        least = float(scores[nearest].min()) - 1e-5
        found += sum(float(scores[int(hit.lore_id)]) >= least for hit in hits)
        exact += NEAREST
    store.close()
    report(f"search_p50_{size}", percentile(took, 0.5), "ms", percentile(bare, 0.5))
    report(f"search_p95_{size}", percentile(took, 0.95), "ms", percentile(bare, 0.95))
    report(f"recall_at_{NEAREST}_{size}", found / exact, "share", 1.0)


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--passages", type=int, nargs="*", default=SIZES)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        for size in given.passages:
            asyncio.run(measure(Path(folder), size, given.questions))


if __name__ == "__main__":
    main()
