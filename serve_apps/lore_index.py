"""Lore in memory, searched exactly: by meaning with one product of matrix and vector, by words with BM25.

A Milvus server searches its rows with indexes of its own. Milvus Lite keeps rows as safely, but goes through all of
them in Python for every search, so a store that lives in a folder holds its rows here as well. A passage takes about 4
bytes per dimension and twice its text.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the k1 and b, the
tokens and the inverse document frequency of Milvus Lite, so that the scores are the same.
"""

from __future__ import annotations

import math
import re
import threading
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from serve_apps.lore_rows import Hit, Row, Scope

K1, B = 1.5, 0.75
LEAST_ROOM = 64
_TOKEN = re.compile(r"\w+")


@dataclass(slots=True)
class _Postings:
    """Where a term stands, and how often, replaced rows included; `live` is the number of rows that count."""

    places: array[int] = field(default_factory=lambda: array("i"))
    counts: array[float] = field(default_factory=lambda: array("f"))
    live: int = 0


class LoreIndex:
    """Rows by key. A row that is replaced or removed keeps its place, empty, until half of all places are. Threads may
    use it at the same time."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._lock = threading.Lock()
        self._clear()
        self.put(rows)

    def __len__(self) -> int:
        return len(self._place)

    def put(self, rows: Iterable[Row]) -> None:
        """Hold rows in place of those with the same key. Vectors are of length one."""
        with self._lock:
            for row in rows:
                self._drop(row.key)
                self._add(row, np.asarray(row.vector, np.float32))
            self._tidy()

    def remove(self, keys: Iterable[str]) -> None:
        """Forget rows; those that are not there are no error."""
        with self._lock:
            for key in keys:
                self._drop(key)
            self._tidy()

    def by_meaning(self, vector: Any, scope: Scope) -> list[Hit]:
        """The rows whose vectors are nearest, best first, with their cosines."""
        with self._lock:
            if not self._place:
                return []
            scores = self._vectors[: len(self._rows)] @ np.asarray(vector, np.float32)
            return self._best(scores, self._within(scope), scope.limit)

    def by_terms(self, text: str, scope: Scope) -> list[Hit]:
        """The rows that share the rarest words with the text, best first, with their BM25 scores."""
        with self._lock:
            if not self._place:
                return []
            scores = np.zeros(len(self._rows), np.float32)
            lengths = np.frombuffer(self._lengths, np.float32).copy()
            norms = K1 * (1 - B + B * lengths / (self._length / len(self._place)))
            for term, times in Counter(_tokens(text)).items():
                found = self._terms.get(term)
                if found is None or not found.live:
                    continue
                places = np.frombuffer(found.places, np.int32).copy()
                counts = np.frombuffer(found.counts, np.float32).copy()
                rarity = math.log((len(self._place) - found.live + 0.5) / (found.live + 0.5) + 1)
                scores[places] += times * rarity * counts * (K1 + 1) / (counts + norms[places])
            return self._best(scores, self._within(scope) & (scores > 0), scope.limit)

    def _clear(self) -> None:
        self._rows: list[Row | None] = []
        self._place: dict[str, int] = {}
        self._vectors: Any = np.zeros((0, 0), np.float32)
        self._scopes: dict[tuple[str, str], int] = {}
        self._scope_of = array("i")  # of each place: the number of its pack and guild, -1 where it is empty
        self._lengths = array("f")  # of each place, in tokens
        self._length = 0.0  # of all rows together
        self._terms: dict[str, _Postings] = {}

    def _add(self, row: Row, vector: Any) -> None:
        place = len(self._rows)
        if place >= len(self._vectors):
            room = np.zeros((max(LEAST_ROOM, 2 * place), len(vector)), np.float32)
            room[:place] = self._vectors[:place] if place else 0.0
            self._vectors = room
        self._vectors[place] = vector
        self._rows.append(replace(row, vector=()))
        self._place[row.key] = place
        self._scope_of.append(self._scopes.setdefault((row.pack, row.guild), len(self._scopes)))
        counts = Counter(_tokens(row.terms))
        self._lengths.append(counts.total())
        self._length += counts.total()
        for term, times in counts.items():
            found = self._terms.setdefault(term, _Postings())
            found.places.append(place)
            found.counts.append(times)
            found.live += 1

    def _drop(self, key: str) -> None:
        place = self._place.pop(key, None)
        row = self._rows[place] if place is not None else None
        if place is None or row is None:
            return
        self._rows[place], self._scope_of[place] = None, -1
        self._length -= self._lengths[place]
        for term in set(_tokens(row.terms)):
            self._terms[term].live -= 1

    def _tidy(self) -> None:
        """Begin anew with what counts, where half of the places are empty."""
        if len(self._rows) > max(LEAST_ROOM, 2 * len(self._place)):
            kept = [(row, self._vectors[place]) for place, row in enumerate(self._rows) if row is not None]
            self._clear()
            for row, vector in kept:
                self._add(row, vector)

    def _within(self, scope: Scope) -> Any:
        """[places], true where a row may be found."""
        allowed = [number for (pack, guild), number in self._scopes.items() if scope.holds(pack, guild)]
        numbers = np.frombuffer(self._scope_of, np.int32)
        within = np.isin(numbers, np.asarray(allowed, np.int32))
        del numbers  # an array that somebody looks into cannot grow
        return within

    def _best(self, scores: Any, within: Any, limit: int) -> list[Hit]:
        candidates = np.flatnonzero(within)
        if len(candidates) > limit:
            candidates = candidates[np.argpartition(-scores[candidates], limit - 1)[:limit]]
        best = candidates[np.argsort(-scores[candidates], kind="stable")]
        return [
            Hit(lore_id=row.lore_id, title=row.title, text=row.text, source=row.source, score=float(scores[place]))
            for place in best
            if (row := self._rows[place])
        ]


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())
