"""Lore in Milvus: one row per passage with its vector.

Each embedding model has a collection of its own. Where the model has changed, the one of the former model answers by
its words until the new one holds everything (`moving`), so that lore is found all the time.

A Milvus server searches by itself, and makes the BM25 terms itself. Milvus Lite is a folder that one process at a time
may open, so exactly one replica owns it, and searches what it holds in memory (`serve_apps.lore_index`). The calls
block; async code runs them in a thread.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pymilvus import DataType, Function, FunctionType, MilvusClient
from pymilvus.exceptions import MilvusException

from core.errors import Unavailable
from serve_apps import names
from serve_apps.lore_index import LoreIndex
from serve_apps.lore_rows import Hit, Row, Scope

COLLECTIONS = "lore"  # what the names of all of them begin with
ROWS_AT_ONCE = 500
READ_AT_ONCE = 4_000  # Milvus Lite goes through all rows for every batch that is read
OPEN_TIMEOUT_S = 20.0
MAX_PASSAGES = 16_000  # as many rows as one query of Milvus may return
FIELDS = ["lore_id", "title", "text", "source"]
_ROW = ("pack", "guild", "fingerprint", *FIELDS)


class LoreStore:
    """The lore of one Milvus: a server's URI, or the path of a folder ending in `.db`; `model` names the embedding
    model whose vectors it is to hold."""

    def __init__(self, uri: str, model: str) -> None:
        """Raises Unavailable where the server does not answer or another process keeps the folder."""
        self._lite = "://" not in uri
        if self._lite:
            Path(uri).parent.mkdir(parents=True, exist_ok=True)
        self._client = _open(uri)
        kind = "rows_" if self._lite else ""
        self._name = f"{COLLECTIONS}_{kind}{hashlib.sha256(model.encode()).hexdigest()[:12]}"
        # Remembered, because asking Milvus before every search costs as much as the search.
        known = {name for name in self._client.list_collections() if name.startswith(COLLECTIONS)}
        self._exists = self._name in known
        for name in known:
            self._client.load_collection(name)
        # A move that was cut off by yet another model leaves two; the fuller one answers.
        self._former = sorted(known - {self._name}, key=self._rows, reverse=True)
        answering = self._former[0] if self._former else self._name if self._exists else None
        self._index = self._read(answering) if self._lite else None

    @property
    def moving(self) -> bool:
        """Whether a former model's collection still answers."""
        return bool(self._former)

    def settle(self) -> None:
        """Answer from this model's collection from now on, and drop those of former ones."""
        if self._lite:  # before anybody is told: the rows that answer now have vectors of another model
            self._index = self._read(self._name if self._exists else None)
        former, self._former = self._former, []
        for name in former:
            self._client.drop_collection(name)

    def guild_rows(self) -> Iterator[list[dict[str, str]]]:
        """What guilds added to former collections, some rows at a time: `pack`, `guild` and the fields of a hit."""
        wanted = ["pack", "guild", *FIELDS]
        for name in reversed(self._former):
            rows = self._client.query_iterator(
                name, batch_size=ROWS_AT_ONCE, filter='guild != ""', output_fields=wanted
            )
            while found := rows.next():
                yield [{field: row[field] for field in wanted} for row in found]  # Milvus adds the key
            rows.close()

    def fingerprints(self, pack: str) -> dict[str, str]:
        """Fingerprint by lore id of all that is stored of a pack."""
        if not self._exists:
            return {}
        rows = self._client.query(
            self._name,
            filter=f'pack == {json.dumps(pack)} and guild == ""',
            output_fields=["lore_id", "fingerprint"],
            limit=MAX_PASSAGES,
        )
        return {row["lore_id"]: row["fingerprint"] for row in rows}

    def put(self, rows: Sequence[Row]) -> None:
        """Store rows in place of those with the same pack, guild and lore id."""
        if not rows:
            return
        if not self._exists:
            self._create(len(rows[0].vector))
            self._exists = True
        self._client.upsert(
            self._name,
            [
                {
                    "key": row.key,
                    "pack": row.pack,
                    "guild": row.guild,
                    "lore_id": row.lore_id,
                    "title": row.title,
                    "text": row.text,
                    "source": row.source,
                    "fingerprint": row.fingerprint,
                    "dense": list(row.vector),
                }
                | ({} if self._lite else {"terms": row.terms})
                for row in rows
            ],
        )
        if self._index is not None and not self.moving:
            self._index.put(rows)

    def ids(self, pack: str, guild: str) -> list[str]:
        """The lore ids of all that a guild has added to a pack."""
        if not self._exists:
            return []
        bounds = f"pack == {json.dumps(pack)} and guild == {json.dumps(guild)}"
        rows = self._client.query(self._name, filter=bounds, output_fields=["lore_id"], limit=MAX_PASSAGES)
        return [row["lore_id"] for row in rows]

    def remove(self, pack: str, lore_ids: Sequence[str], guild: str = "") -> None:
        """Delete passages of a pack, or of what a guild has added to it; those that are not there are no error."""
        if not (lore_ids and self._exists):
            return
        keys = [f"{pack}|{guild}|{lore_id}" for lore_id in lore_ids]
        self._client.delete(self._name, ids=keys)
        if self._index is not None and not self.moving:
            self._index.remove(keys)

    def by_meaning(self, vector: Sequence[float], scope: Scope) -> list[Hit]:
        """The passages whose vectors are nearest, best first, with their cosines; none while the store is moving."""
        if self.moving:
            return []
        if self._index is not None:
            return self._index.by_meaning(vector, scope)
        return self._search(list(vector), "dense", scope)

    def by_terms(self, text: str, scope: Scope) -> list[Hit]:
        """The passages that share the rarest words with the text, best first, with their BM25 scores."""
        if self._index is not None:
            return self._index.by_terms(text, scope)
        return self._search(text, "sparse", scope)

    def close(self) -> None:
        """Give the folder free for its next owner."""
        self._client.close()

    def _search(self, data: Any, field: str, scope: Scope) -> list[Hit]:
        if not (self._exists or self.moving):
            return []
        bounds = [f"guild in {json.dumps(['', scope.guild] if scope.guild else [''])}"]
        if scope.pack is not None:
            bounds.append(f"pack == {json.dumps(scope.pack)}")
        found = self._client.search(
            self._former[0] if self.moving else self._name,
            data=[data],
            anns_field=field,
            limit=scope.limit,
            filter=" and ".join(bounds),
            output_fields=FIELDS,
        )[0]
        return [Hit(**hit["entity"], score=abs(hit["distance"])) for hit in found]

    def _read(self, name: str | None) -> LoreIndex:
        """All rows of a collection, in memory; none for None."""
        index = LoreIndex()
        if name is None:
            return index
        rows = self._client.query_iterator(name, batch_size=READ_AT_ONCE, output_fields=["dense", *_ROW])
        while found := rows.next():
            index.put(Row(vector=row.pop("dense"), **{name: row[name] for name in _ROW}) for row in found)
        rows.close()
        return index

    def _rows(self, name: str) -> int:
        return int(self._client.get_collection_stats(name)["row_count"])

    def _create(self, dimensions: int) -> None:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", DataType.VARCHAR, max_length=512, is_primary=True)
        for name, length in (("pack", 64), ("guild", 32), ("lore_id", 256), ("title", 1024), ("source", 1024)):
            schema.add_field(name, DataType.VARCHAR, max_length=length)
        schema.add_field("text", DataType.VARCHAR, max_length=8192)
        schema.add_field("fingerprint", DataType.VARCHAR, max_length=64)
        schema.add_field("dense", DataType.FLOAT_VECTOR, dim=dimensions)
        indexes = self._client.prepare_index_params()
        if self._lite:
            indexes.add_index("dense", index_type="FLAT", metric_type="COSINE")
            self._client.create_collection(self._name, schema=schema, index_params=indexes)
            return
        schema.add_field("terms", DataType.VARCHAR, max_length=16384, enable_analyzer=True)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25",
                function_type=FunctionType.BM25,
                input_field_names=["terms"],
                output_field_names=["sparse"],
            )
        )
        indexes.add_index("dense", index_type="HNSW", metric_type="COSINE", params={"M": 16, "efConstruction": 200})
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
        self._client.create_collection(self._name, schema=schema, index_params=indexes)


def _open(uri: str) -> MilvusClient:
    """Open Milvus; a folder may still be held for a moment by the replica that this one replaces."""
    deadline = time.monotonic() + OPEN_TIMEOUT_S
    while True:
        try:
            return MilvusClient(uri)
        except (MilvusException, OSError) as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"Milvus at {uri} cannot be opened: {error}", component=names.RETRIEVAL) from error
            time.sleep(0.5)
