"""What a store of lore takes, what a search may find, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A passage to store. `fingerprint` changes with its content; `guild` is empty for what every guild may read."""

    pack: str
    lore_id: str
    title: str
    text: str
    source: str
    fingerprint: str
    vector: Sequence[float]
    guild: str = ""

    @property
    def key(self) -> str:
        """What a row replaces has the same key."""
        return f"{self.pack}|{self.guild}|{self.lore_id}"

    @property
    def terms(self) -> str:
        """What is searched by words."""
        return f"{self.title}. {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that one of the two searches found. `score` is the cosine or BM25's sum of term weights."""

    lore_id: str
    title: str
    text: str
    source: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may be found: lore of one pack (None: of all), and besides what every guild may read that of one guild."""

    pack: str | None
    guild: str | None
    limit: int

    def holds(self, pack: str, guild: str) -> bool:
        """Whether a row of this pack and guild may be found."""
        return guild in ("", self.guild) and self.pack in (None, pack)
