"""Retrieval as a Serve deployment: it owns the store of this installation and fills it from the pack."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from pymilvus.exceptions import MilvusException

from core.errors import TroupeError
from core.messages import Passage, Relation, SearchQuery
from core.personas import load_pack
from core.settings import Settings
from observability.metrics import SearchMetrics
from serve_apps import names
from serve_apps.calls import call
from serve_apps.deployments import deployment, start_logging
from serve_apps.embeddings import model_location
from serve_apps.lore_search import LoreSearch
from serve_apps.lore_store import LoreStore

logger = logging.getLogger(__name__)

MOVE_AGAIN_S = 5.0


class Retrieval:
    """Owns the store of this installation. Ready once it holds the pack's lore, if with a former model's vectors."""

    async def __init__(self, settings: Settings, embeddings: Any) -> None:  # type: ignore[misc]  # Serve awaits it
        start_logging(settings)

        async def embed(texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = await call(embeddings.embed, texts, component=names.EMBEDDINGS)
            return vectors

        self._metrics = SearchMetrics()
        self._pack_dir = settings.pack_dir
        uri = settings.milvus_uri or str(settings.data_dir.resolve() / "lore.db")
        model = model_location(settings)[0]
        self._store = await asyncio.to_thread(LoreStore, uri, model)
        self._search = LoreSearch(
            self._store,
            embed,
            model,
            least_cosine=settings.retrieval_least_cosine,
            least_bm25=settings.retrieval_least_bm25,
        )
        self._pack_id = load_pack(self._pack_dir).id
        if self._store.moving:
            logger.info("[RAG] the embedding model is now %s; words alone find lore until all is embedded", model)
            self._about = "embedding all lore anew"
            self._moving = asyncio.create_task(self._move())
        else:
            await self.reload()

    async def reload(self) -> tuple[int, int]:
        """Read the pack (again) and see `LoreSearch.ingest`. Raises PackError; then the lore stays as it was."""
        pack = load_pack(self._pack_dir)
        self._pack_id = pack.id
        embedded, deleted = await self._search.ingest(pack)
        logger.info("[RAG] %s: %d passages, %d embedded, %d deleted", pack.id, len(pack.lore), embedded, deleted)
        self._about = f"{len(pack.lore)} passages of {pack.name}"
        return embedded, deleted

    async def _move(self) -> None:
        while self._store.moving:
            try:
                await self.reload()
            except (TroupeError, MilvusException) as error:
                logger.warning("[RAG] the lore is not embedded anew yet: %s", error)
                await asyncio.sleep(MOVE_AGAIN_S)

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """See `LoreSearch.search`."""
        started = time.perf_counter()
        passages = await self._search.search(query)
        self._metrics.count(time.perf_counter() - started, len(passages))
        return passages

    async def relate(self, query: SearchQuery) -> Relation:
        """See `LoreSearch.relate`."""
        return await self._search.relate(query)

    async def keep(self, guild_id: str, owner: str, passages: tuple[tuple[str, str], ...]) -> int:
        """See `LoreSearch.keep`."""
        return await self._search.keep(self._pack_id, guild_id, owner, passages)

    async def about(self) -> str:
        """A few words for the health page."""
        return self._about

    def __del__(self) -> None:
        if store := getattr(self, "_store", None):  # there is none where the start failed
            store.close()


def retrieval_app(settings: Settings, embeddings: Any) -> Any:
    """The application: exactly one replica, since it owns the store."""
    app = deployment(Retrieval, names.RETRIEVAL, num_cpus=0.2, ongoing=64, queued=256)
    return app.bind(settings, embeddings)
