"""The search of lore in memory: exact, within its scope, whatever was replaced and removed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from pymilvus import DataType, Function, FunctionType, MilvusClient

from serve_apps.lore_index import LEAST_ROOM, LoreIndex
from serve_apps.lore_rows import Row, Scope

WORDS = ["comet", "lamp", "potato", "ship", "river", "bell", "blue", "nine", "gate", "owl", "the", "a", "of"]
EVERYWHERE = Scope(pack=None, guild=None, limit=5)


def row(number: int, text: str, *, pack: str = "p", guild: str = "", dimensions: int = 8) -> Row:
    vector = np.random.default_rng(number).standard_normal(dimensions).astype(np.float32)
    return Row(
        pack=pack,
        lore_id=str(number),
        title=f"Thing {number}",
        text=text,
        source="s",
        fingerprint="f",
        vector=(vector / np.linalg.norm(vector)).tolist(),
        guild=guild,
    )


def some_rows(count: int, seed: int = 1) -> list[Row]:
    rng = random.Random(seed)
    return [row(number, " ".join(rng.choices(WORDS, k=rng.randint(3, 20)))) for number in range(count)]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusClient]:
    client = MilvusClient(str(tmp_path_factory.mktemp("milvus") / "bare.db"))
    yield client
    client.close()


def test_scores_of_words_are_those_of_milvus(milvus: MilvusClient) -> None:
    rows = some_rows(200)
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("lore_id", DataType.VARCHAR, max_length=16, is_primary=True)
    schema.add_field("terms", DataType.VARCHAR, max_length=1024, enable_analyzer=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(Function("bm25", FunctionType.BM25, ["terms"], ["sparse"]))
    indexes = milvus.prepare_index_params()
    indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    milvus.create_collection("bare", schema=schema, index_params=indexes)
    milvus.insert("bare", [{"lore_id": one.lore_id, "terms": one.terms} for one in rows])
    index = LoreIndex(rows)
    for text in ("which comet rings the bell", "owl owl blue", "thing 7", "nothing of that"):
        theirs = milvus.search("bare", data=[text], anns_field="sparse", limit=5)[0]
        ours = index.by_terms(text, EVERYWHERE)
        assert [hit.score for hit in ours] == pytest.approx([abs(hit["distance"]) for hit in theirs], rel=1e-4)


def test_the_nearest_vectors_are_found_with_their_cosines() -> None:
    rows = some_rows(300)
    index = LoreIndex(rows)
    vectors = np.asarray([one.vector for one in rows], np.float32)
    wanted = vectors @ vectors[17]
    hits = index.by_meaning(rows[17].vector, EVERYWHERE)
    assert [hit.lore_id for hit in hits] == [str(n) for n in np.argsort(-wanted)[:5]]
    assert [hit.score for hit in hits] == pytest.approx(sorted(wanted, reverse=True)[:5], abs=1e-6)
    assert (hits[0].title, hits[0].text, hits[0].source) == ("Thing 17", rows[17].text, "s")


def test_what_was_replaced_and_removed_leaves_no_trace_in_the_scores() -> None:
    rows = some_rows(500)
    index = LoreIndex(rows)
    index.put(row(number, "an old text with owl and gate in it") for number in range(250))
    index.put(rows[:250])
    index.remove([one.key for one in rows[400:]] + ["nobody"])
    fresh = LoreIndex(rows[:400])
    assert len(index) == len(fresh) == 400
    for text in ("owl gate", "old text", "thing 399 401", "blue"):
        found = {hit.lore_id: hit.score for hit in index.by_terms(text, Scope(pack=None, guild=None, limit=400))}
        wanted = {hit.lore_id: hit.score for hit in fresh.by_terms(text, Scope(pack=None, guild=None, limit=400))}
        assert found == pytest.approx(wanted, rel=1e-4)
    near = index.by_meaning(rows[450].vector, EVERYWHERE)
    assert near == fresh.by_meaning(rows[450].vector, EVERYWHERE)


def test_room_does_not_grow_with_replacing() -> None:
    index = LoreIndex()
    for _ in range(100):
        index.put(some_rows(LEAST_ROOM))
    assert len(index) == LEAST_ROOM
    assert len(index._vectors) <= 4 * LEAST_ROOM


def test_packs_and_guilds_keep_to_themselves() -> None:
    index = LoreIndex([row(1, "owl"), row(2, "owl", guild="g"), row(3, "owl", pack="q"), row(4, "owl", guild="h")])

    def found(pack: str | None, guild: str | None) -> list[str]:
        scope = Scope(pack=pack, guild=guild, limit=9)
        by_terms = sorted(hit.lore_id for hit in index.by_terms("owl", scope))
        assert sorted(hit.lore_id for hit in index.by_meaning([1.0] + 7 * [0.0], scope)) == by_terms
        return by_terms

    assert found("p", None) == ["1"]
    assert found("p", "g") == ["1", "2"]
    assert found(None, None) == ["1", "3"]
    assert found("none", "g") == []


def test_nothing_in_it_is_nothing_found() -> None:
    index = LoreIndex()
    assert index.by_terms("owl", EVERYWHERE) == index.by_meaning([1.0, 0.0], EVERYWHERE) == []
    index.put([row(1, "owl")])
    index.remove([row(1, "owl").key])
    assert index.by_terms("owl", EVERYWHERE) == index.by_meaning(8 * [0.1], EVERYWHERE) == []


def test_threads_search_while_others_write() -> None:
    rows, index = some_rows(300), LoreIndex(some_rows(50))
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for start in range(0, 300, 10):
                index.put(rows[start : start + 10])
                index.remove([one.key for one in rows[start : start + 5]])
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert len(index.by_terms("owl blue", EVERYWHERE)) <= 5
        assert index.by_meaning(rows[0].vector, EVERYWHERE)
    assert not failed
    assert len(index) == 150
