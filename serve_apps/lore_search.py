"""Finding lore by meaning and by words, and keeping the store at what the pack says.

Both searches rank on their own and reciprocal rank fusion joins them; what neither finds convincing is left out, so
that small talk brings no lore into the prompt.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import operator
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from cachetools import LRUCache
from pymilvus.exceptions import MilvusException

from core.errors import TroupeError, Unavailable
from core.messages import Passage, Relation, SearchQuery
from core.personas import Pack
from serve_apps import names
from serve_apps.lore_rows import Hit, Row, Scope
from serve_apps.lore_store import LoreStore

logger = logging.getLogger(__name__)

EMBED_AT_ONCE = 64
CANDIDATES = 20
RRF_K = 60
# Measured with all-MiniLM-L6-v2 and the questions of packs/communiverse: the asked passage has a cosine of at least
# 0.39 in 99 of 100 cases and a BM25 score of at least 8.5 in 90; small talk brings at most 0.37 and 7.3, but for
# greetings that name somebody. Together the two find the asked passage among the first three in 99 of 100 cases.
LEAST_COSINE = 0.37
LEAST_BM25 = 8.0
# Beside a passage that fits well, others that fit much less are noise.
LEAST_OF_BEST = 0.6
MOST_TOLD = 2000

Embed = Callable[[list[str]], Awaitable[list[list[float]]]]


class LoreSearch:
    """Searches and fills one store. A passage is found that has `least_cosine` or `least_bm25`."""

    def __init__(
        self,
        store: LoreStore,
        embed: Embed,
        embedding_model: str,
        *,
        least_cosine: float = LEAST_COSINE,
        least_bm25: float = LEAST_BM25,
    ) -> None:
        self._store = store
        self._least_cosine, self._least_bm25 = least_cosine, least_bm25
        self._embed = embed
        self._embedding_model = embedding_model
        self._told: LRUCache[str, list[float]] = LRUCache(MOST_TOLD)  # vectors by what tells of a persona

    async def ingest(self, pack: Pack) -> tuple[int, int]:
        """Make the store hold exactly the pack's lore; returns how many passages were embedded and deleted.

        What has not changed is not embedded again. Every row tells by itself whether it is current, so a run that was
        cut off is simply finished by the next.
        """
        stored = await asyncio.to_thread(self._store.fingerprints, pack.id)
        wanted = {lore.id: self._row(pack.id, lore.id, lore.title, lore.text, lore.source) for lore in pack.lore}
        changed = [row for row in wanted.values() if stored.get(row.lore_id) != row.fingerprint]
        gone = [lore_id for lore_id in stored if lore_id not in wanted]
        await self._put(changed)
        await asyncio.to_thread(self._store.remove, pack.id, gone)
        if self._store.moving:
            await self._move_guild_rows()
            await asyncio.to_thread(self._store.settle)
        return len(changed), len(gone)

    async def keep(self, pack: str, guild: str, owner: str, passages: Sequence[tuple[str, str]]) -> int:
        """Have a guild, and no other, find passages (titles and texts) of `owner`, in place of any it had; returns
        how many. Raises what embedding raises, Unavailable where the store fails."""
        wanted = [
            self._row(pack, f"{owner}/{number}", title, text, owner, guild)
            for number, (title, text) in enumerate(passages)
        ]
        try:
            stored = await asyncio.to_thread(self._store.ids, pack, guild)
            await self._put(wanted)
            known = {row.lore_id for row in wanted}
            gone = [one for one in stored if one.startswith(f"{owner}/") and one not in known]
            await asyncio.to_thread(self._store.remove, pack, gone, guild)
        except MilvusException as error:
            raise Unavailable(f"The lore cannot be changed: {error.message}", component=names.RETRIEVAL) from error
        return len(wanted)

    async def _move_guild_rows(self) -> None:
        """Embed with the present model what guilds have added."""
        batches = self._store.guild_rows()
        while found := await asyncio.to_thread(next, batches, None):
            await self._put([self._row(**row) for row in found])

    async def _put(self, rows: Sequence[Row]) -> None:
        """Embed rows and store them, some at a time."""
        for start in range(0, len(rows), EMBED_AT_ONCE):
            some = rows[start : start + EMBED_AT_ONCE]
            vectors = await self._embed([f"{row.title}. {row.text}" for row in some])
            made = [replace(row, vector=vector) for row, vector in zip(some, vectors, strict=True)]
            await asyncio.to_thread(self._store.put, made)

    def _row(self, pack: str, lore_id: str, title: str, text: str, source: str, guild: str = "") -> Row:
        """A passage that is not embedded yet. Its fingerprint tells the model, too."""
        parts = (self._embedding_model, title, text, source)
        fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return Row(
            pack=pack,
            lore_id=lore_id,
            title=title,
            text=text,
            source=source,
            fingerprint=fingerprint,
            vector=(),
            guild=guild,
        )

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The passages worth reading for `query.text`, best first, at most `query.limit`, often none.

        Without embeddings the words alone decide. Raises Unavailable where the store fails.
        """
        if not query.text.strip() or query.limit < 1:
            return ()
        scope = Scope(pack=query.pack, guild=query.guild_id, limit=max(CANDIDATES, query.limit))
        try:
            by_terms = asyncio.to_thread(self._store.by_terms, query.text, scope)
            terms, vector = await asyncio.gather(by_terms, self._vector(query))
            near = await asyncio.to_thread(self._store.by_meaning, vector, scope) if vector else []
        except MilvusException as error:
            raise Unavailable(f"The lore cannot be searched: {error.message}", component=names.RETRIEVAL) from error
        found = fuse(near, terms, least_cosine=self._least_cosine, least_bm25=self._least_bm25)
        return found[: query.limit]

    async def relate(self, query: SearchQuery) -> Relation:
        """How near `query.text` is to the lore, and which of `query.personas` it is nearest to. Raises what embedding
        raises, Unavailable where the store fails."""
        told = dict(query.personas)
        vectors = {text: self._told[text] for text in told.values() if text in self._told}
        new = [text for text in dict.fromkeys(told.values()) if text not in vectors]
        asked = new if query.vector else [*new, query.text]
        found = await self._embed(asked) if asked else []
        vectors |= dict(zip(new, found, strict=False))
        self._told.update(vectors)
        vector = list(query.vector) if query.vector else found[-1]
        scope = Scope(pack=query.pack, guild=query.guild_id, limit=1)
        try:
            near = await asyncio.to_thread(self._store.by_meaning, vector, scope)
        except MilvusException as error:
            raise Unavailable(f"The lore cannot be searched: {error.message}", component=names.RETRIEVAL) from error
        cosines = {who: sum(map(operator.mul, vector, vectors[text])) for who, text in told.items()}
        nearest = max(cosines, key=cosines.__getitem__, default="")
        return Relation(
            lore=near[0].score if near else 0.0, persona_id=nearest, persona=cosines[nearest] if nearest else 0.0
        )

    async def _vector(self, query: SearchQuery) -> list[float] | None:
        if query.vector is not None:
            return list(query.vector)
        try:
            return (await self._embed([query.text]))[0]
        except TroupeError as error:
            logger.warning("[RAG] searching by words alone: %s", error)
            return None


def fuse(
    near: Sequence[Hit], terms: Sequence[Hit], *, least_cosine: float = LEAST_COSINE, least_bm25: float = LEAST_BM25
) -> tuple[Passage, ...]:
    """Reciprocal rank fusion of the two rankings, without what is not relevant."""
    cosines = {hit.lore_id: hit.score for hit in near}
    least = max(least_cosine, LEAST_OF_BEST * max(cosines.values(), default=0.0))
    relevant = {lore_id for lore_id, cosine in cosines.items() if cosine >= least}
    relevant |= {hit.lore_id for hit in terms if hit.score >= least_bm25}
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for ranking in (near, terms):
        for rank, hit in enumerate(ranking, start=1):
            hits.setdefault(hit.lore_id, hit)
            scores[hit.lore_id] = scores.get(hit.lore_id, 0.0) + 1 / (RRF_K + rank)
    best = sorted(relevant, key=lambda lore_id: (-scores[lore_id], lore_id))
    return tuple(
        Passage(id=i, text=hits[i].text, score=scores[i], source=hits[i].source, title=hits[i].title) for i in best
    )
