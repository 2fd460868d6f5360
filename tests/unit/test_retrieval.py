"""Retrieval over a real Milvus Lite, with vectors that tests can foresee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.messages import SearchQuery
from core.personas import Lore, Pack
from serve_apps.lore_rows import Hit, Row, Scope
from serve_apps.lore_search import LEAST_BM25, LEAST_COSINE, LoreSearch, fuse
from serve_apps.lore_store import LoreStore
from tests.support.cast import make_pack

WORDS = ["comet", "lamp", "potato", "ship", "river", "bell", "blue", "nine"]


class WordVectors:
    """Embeds a text as the count of each known word; `texts` holds what was embedded."""

    def __init__(self, dimensions: int = len(WORDS)) -> None:
        self.texts: list[str] = []
        self.down = False
        self._dimensions = dimensions

    async def __call__(self, texts: list[str]) -> list[list[float]]:
        if self.down:
            raise ModelUnavailable("down", component="embeddings")
        self.texts += texts
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        counts = Counter(word.strip(".,?!") for word in text.lower().split())
        vector = [float(counts[word]) for word in WORDS[: self._dimensions]]
        length = sum(x * x for x in vector) ** 0.5
        return [*(x / length for x in vector), 0.0] if length else [0.0] * self._dimensions + [1.0]


def pack_of(**texts: str) -> Pack:
    lore = tuple(
        Lore(id=name, title=name.title(), text=text, tags=(), source="lore/a.md", line=1)
        for name, text in texts.items()
    )
    return make_pack().model_copy(update={"lore": lore})


FACTS = {
    "comet": "The comet comes back after nine years.",
    "lamp": "A lamp hums in the hall.",
    "potato": "The potato farm feeds the whole ship.",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LoreStore]:
    opened = LoreStore(str(tmp_path / "lore.db"), "words")
    yield opened
    opened.close()


def guild_row(vector: list[float]) -> Row:
    """Something that guild 1 added."""
    return Row(
        pack="testpack",
        lore_id="own",
        title="Own",
        text="Our comet.",
        source="guild",
        fingerprint="f",
        vector=vector,
        guild="1",
    )


def ids(found: object) -> list[str]:
    return [passage.id for passage in found]  # type: ignore[attr-defined]


async def test_what_was_ingested_is_found_by_meaning_and_by_words(store: LoreStore) -> None:
    search = LoreSearch(store, WordVectors(), "words")
    assert await search.ingest(pack_of(**FACTS)) == (3, 0)
    found = await search.search(SearchQuery(text="When is the comet back?", pack="testpack"))
    assert ids(found) == ["comet"]
    assert found[0].text == FACTS["comet"]
    assert (found[0].title, found[0].source) == ("Comet", "lore/a.md")
    assert ids(await search.search(SearchQuery(text="how are you today", pack="testpack"))) == []


async def test_only_what_changed_is_embedded_again(store: LoreStore) -> None:
    vectors = WordVectors()
    search = LoreSearch(store, vectors, "words")
    await search.ingest(pack_of(**FACTS))
    assert await search.ingest(pack_of(**FACTS)) == (0, 0)
    assert len(vectors.texts) == 3
    changed = {**FACTS, "lamp": "A lamp rings like a bell."}
    del changed["potato"]
    assert await search.ingest(pack_of(**changed)) == (1, 1)
    assert vectors.texts[3:] == ["Lamp. A lamp rings like a bell."]
    assert ids(await search.search(SearchQuery(text="potato", pack="testpack"))) == []
    assert ids(await search.search(SearchQuery(text="lamp bell", pack="testpack"))) == ["lamp"]


async def test_another_embedding_model_embeds_all_again_and_lore_is_found_meanwhile(tmp_path: Path) -> None:
    uri = str(tmp_path / "lore.db")
    many = {f"filler{i}": f"Thing {i} is a thing among things." for i in range(40)}
    pack = pack_of(**FACTS, **many)
    former = LoreStore(uri, "words")
    vectors = WordVectors()
    await LoreSearch(former, vectors, "words").ingest(pack)
    [vector] = await vectors(["comet"])
    former.put([guild_row(vector)])
    former.close()

    store = LoreStore(uri, "fewer words")
    fewer = WordVectors(dimensions=4)
    search = LoreSearch(store, fewer, "fewer words")
    assert store.moving
    farm = SearchQuery(text="which potato farm feeds the ship", pack="testpack")
    assert ids(await search.search(farm))[:1] == ["potato"]
    fewer.down = True  # the new model breaks off in the middle
    with pytest.raises(ModelUnavailable):
        await search.ingest(pack)
    assert store.moving
    fewer.down = False
    assert await search.ingest(pack) == (len(pack.lore), 0)
    assert not store.moving
    assert ids(await search.search(SearchQuery(text="comet", pack="testpack"))) == ["comet"]
    assert "own" in ids(await search.search(SearchQuery(text="comet", pack="testpack", guild_id="1")))
    store.close()

    again = LoreStore(uri, "fewer words")
    assert not again.moving
    assert await LoreSearch(again, fewer, "fewer words").ingest(pack) == (0, 0)
    again.close()


async def test_the_store_outlives_its_process(tmp_path: Path) -> None:
    uri = str(tmp_path / "lore.db")
    first = LoreStore(uri, "words")
    await LoreSearch(first, WordVectors(), "words").ingest(pack_of(**FACTS))
    first.close()
    vectors = WordVectors()
    second = LoreStore(uri, "words")
    search = LoreSearch(second, vectors, "words")
    assert await search.ingest(pack_of(**FACTS)) == (0, 0)
    assert vectors.texts == []
    assert ids(await search.search(SearchQuery(text="comet", pack="testpack"))) == ["comet"]
    second.close()


async def test_without_embeddings_rare_words_still_find(store: LoreStore) -> None:
    vectors = WordVectors()
    search = LoreSearch(store, vectors, "words")
    many = {f"filler{i}": f"Thing {i} is a thing among things." for i in range(40)}
    await search.ingest(pack_of(**FACTS, **many))
    vectors.down = True
    found = await search.search(SearchQuery(text="which potato farm feeds the ship", pack="testpack"))
    assert ids(found)[:1] == ["potato"]


async def test_packs_and_guilds_keep_to_themselves(store: LoreStore) -> None:
    vectors = WordVectors()
    search = LoreSearch(store, vectors, "words")
    await search.ingest(pack_of(**FACTS))
    [vector] = await vectors(["comet"])
    store.put([guild_row(vector)])
    assert sorted(ids(await search.search(SearchQuery(text="comet", pack="testpack", guild_id="1")))) == [
        "comet",
        "own",
    ]
    assert ids(await search.search(SearchQuery(text="comet", pack="testpack", guild_id="2"))) == ["comet"]
    assert ids(await search.search(SearchQuery(text="comet", pack="testpack"))) == ["comet"]
    assert ids(await search.search(SearchQuery(text="comet", pack="other"))) == []
    assert await search.ingest(pack_of(**FACTS)) == (0, 0)
    assert len(store.by_meaning(vector, Scope(pack="testpack", guild="1", limit=9))) == 4


async def test_a_line_is_related_to_the_lore_and_to_its_nearest_persona(store: LoreStore) -> None:
    embed = WordVectors()
    search = LoreSearch(store, embed, "words")
    await search.ingest(pack_of(**FACTS))
    sailor, baker = ("sailor", "Sails a ship on the river."), ("guest-baker", "Bakes bread; has a ship.")

    async def related(text: str, *personas: tuple[str, str], **more: Any) -> tuple[str, float, float]:
        found = await search.relate(SearchQuery(text=text, pack="testpack", personas=personas, **more))
        return found.persona_id, round(found.persona, 3), round(found.lore, 3)

    near = await related("a river, a ship", sailor, baker)
    assert near == ("sailor", 1.0, 0.316)  # "potato" twice, "ship" once
    embed.texts.clear()
    assert (await related("a river, a ship", baker))[0] == "guest-baker"  # of those who may speak, the nearest
    assert embed.texts == ["a river, a ship"]  # the cast is embedded once
    assert (await related("the comet"))[:2] == ("", 0.0)
    [vector] = await embed(["a river, a ship"])
    embed.texts.clear()
    assert await related("is not read", sailor, vector=tuple(vector)) == near
    assert embed.texts == []
    away = await search.relate(SearchQuery(text="the comet", pack="another", personas=(sailor,)))
    assert (away.lore, away.persona) == (0.0, 0.0)
    embed.down = True
    with pytest.raises(ModelUnavailable):
        await search.relate(SearchQuery(text="the comet"))


async def test_nothing_stored_is_nothing_found(store: LoreStore) -> None:
    search = LoreSearch(store, WordVectors(), "words")
    assert await search.search(SearchQuery(text="comet")) == ()
    assert await search.search(SearchQuery(text="  ")) == ()


@pytest.mark.parametrize("text", ['" or pack != "', "comet\\", "'; drop", "comet " * 500, "🚀", "%"])
async def test_odd_queries_are_only_words(store: LoreStore, text: str) -> None:
    search = LoreSearch(store, WordVectors(), "words")
    await search.ingest(pack_of(**FACTS))
    await search.search(SearchQuery(text=text, pack='testpack" or pack != "', guild_id='"]'))
    await search.search(SearchQuery(text=text, pack="testpack"))


def hit(name: str, score: float) -> Hit:
    return Hit(lore_id=name, title=name, text=name, source="s", score=score)


def test_fusion_prefers_what_both_rankings_find() -> None:
    near = [hit("a", 0.8), hit("b", 0.79), hit("c", 0.78)]
    terms = [hit("b", LEAST_BM25 + 2), hit("c", LEAST_BM25 + 1), hit("d", LEAST_BM25)]
    assert ids(fuse(near, terms)) == ["b", "c", "a", "d"]


async def test_the_least_scores_are_settings(store: LoreStore) -> None:
    await LoreSearch(store, WordVectors(), "words").ingest(pack_of(**FACTS))
    query = SearchQuery(text="the comet and the blue river", pack="testpack")  # a cosine of 0.58
    for least, found in ((0.5, ["comet"]), (0.6, [])):
        search = LoreSearch(store, WordVectors(), "words", least_cosine=least, least_bm25=99)
        assert ids(await search.search(query)) == found


def test_fusion_leaves_out_what_is_weak() -> None:
    assert fuse([hit("a", LEAST_COSINE - 0.01)], [hit("a", LEAST_BM25 - 0.1)]) == ()
    assert ids(fuse([hit("a", 0.9), hit("b", LEAST_COSINE + 0.01)], [])) == ["a"]
    assert ids(fuse([hit("a", 0.1)], [hit("a", LEAST_BM25)])) == ["a"]
