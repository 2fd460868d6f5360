"""What the model apps count: Prometheus metrics by Ray, which each node's agent collects (`observability.scrape`).

Names begin with `troupe_`. Serve counts queues, requests and replicas itself (`ray_serve_…`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from ray.util.metrics import Counter, Gauge, Histogram

from core.errors import TroupeError
from core.messages import GenerateChunk, Spoken

SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]
TOKEN_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 1.0]
SIZES = [1, 2, 4, 8, 16, 32, 64, 128]


class LlmMetrics:
    """Of one LLM replica: requests and tokens, time to the first token and between tokens, loaded adapters."""

    def __init__(self, model: str) -> None:
        tags = {"model": model}

        def counter(name: str, description: str, *more: str) -> Counter:
            made = Counter(f"troupe_llm_{name}", description=description, tag_keys=("model", *more))
            made.set_default_tags(tags)
            return made

        def histogram(name: str, description: str, boundaries: list[float]) -> Histogram:
            made = Histogram(f"troupe_llm_{name}", description, boundaries, tag_keys=("model",))
            made.set_default_tags(tags)
            return made

        self._requests = counter("requests", "Generations that ended, by outcome.", "outcome")
        self._prompt_tokens = counter("prompt_tokens", "Tokens of prompts.")
        self._cached_tokens = counter("cached_tokens", "Of these, taken from the prefix cache.")
        self._completion_tokens = counter("completion_tokens", "Tokens written; its rate is tokens per second.")
        self._adapter_loads = counter("adapter_loads", "LoRA adapters loaded, by outcome.", "outcome")
        self._first_token = histogram("first_token_seconds", "Time to the first token.", SECONDS)
        self._per_token = histogram("token_seconds", "Time per token after the first.", TOKEN_SECONDS)
        self._running = Gauge("troupe_llm_running", "Generations that are being worked on.", tag_keys=("model",))
        self._running.set_default_tags(tags)
        self._now = 0

    async def observed(self, chunks: AsyncGenerator[GenerateChunk, None]) -> AsyncGenerator[GenerateChunk, None]:
        """The same stream, counted."""
        started, first, outcome = time.perf_counter(), 0.0, "cancelled"
        self._count(+1)
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    if not first:
                        first = time.perf_counter()
                        self._first_token.observe(first - started)
                    if chunk.usage is not None:
                        outcome = "ok"
                        _add(self._prompt_tokens, chunk.usage.prompt_tokens)
                        _add(self._completion_tokens, chunk.usage.completion_tokens)
                        _add(self._cached_tokens, chunk.usage.cached_tokens)
                        if chunk.usage.completion_tokens > 1:
                            spent = time.perf_counter() - first
                            self._per_token.observe(spent / (chunk.usage.completion_tokens - 1))
                    yield chunk
        except TroupeError as error:
            outcome = type(error).__name__
            raise
        finally:
            self._count(-1)
            self._requests.inc(tags={"outcome": outcome})

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Counts what is tried within as the load of an adapter."""
        outcome = "failed"
        try:
            yield
            outcome = "ok"
        finally:
            self._adapter_loads.inc(tags={"outcome": outcome})

    def _count(self, change: int) -> None:
        self._now += change
        self._running.set(self._now)


class BatchMetrics:
    """Of an app that works in batches: how large they are and how long they take. `app` is its name."""

    def __init__(self, app: str) -> None:
        tags = {"app": app}
        self._size = Histogram("troupe_batch_size", "Items that one batch held.", SIZES, tag_keys=("app",))
        self._seconds = Histogram("troupe_batch_seconds", "Time that a batch took.", SECONDS, tag_keys=("app",))
        for one in (self._size, self._seconds):
            one.set_default_tags(tags)

    @contextmanager
    def batch(self, size: int) -> Iterator[None]:
        """Times what is done within as a batch of `size` items."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._size.observe(size)
            self._seconds.observe(time.perf_counter() - started)


class CacheMetrics:
    """Of a cache: what was asked for, and what of that it held. `cache` is its name."""

    def __init__(self, cache: str) -> None:
        self._asked = Counter("troupe_cache_asked", "Items asked for.", tag_keys=("cache",))
        self._held = Counter("troupe_cache_held", "Of these, found in the cache.", tag_keys=("cache",))
        for one in (self._asked, self._held):
            one.set_default_tags({"cache": cache})

    def count(self, asked: int, held: int) -> None:
        """Add to both."""
        _add(self._asked, asked)
        _add(self._held, held)


class SearchMetrics:
    """How long searches for lore take, and whether they find any."""

    def __init__(self) -> None:
        self._seconds = Histogram("troupe_search_seconds", "Time of a search for lore.", SECONDS)
        self._searches = Counter("troupe_searches", "Searches for lore, by what they found.", tag_keys=("found",))

    def count(self, seconds: float, found: int) -> None:
        """A search that took so long and found so many passages."""
        self._seconds.observe(seconds)
        self._searches.inc(tags={"found": "some" if found else "none"})


class ReplyMetrics:
    """Of the persona app: what kind of lines it reads, how replies end, and why texts are not used."""

    def __init__(self) -> None:
        self._intents = Counter("troupe_lines_read", description="Lines answered, by intent.", tag_keys=("intent",))
        self._replies = Counter("troupe_replies", description="Replies, by how they came about.", tag_keys=("outcome",))
        self._rejected = Counter(
            "troupe_texts_rejected", description="Texts of a model that were not said, by reason.", tag_keys=("reason",)
        )
        self._filtered = Counter(
            "troupe_messages_filtered", description="Messages that no model answered.", tag_keys=("category",)
        )

    def read(self, intent: str) -> None:
        """A line was read as this."""
        self._intents.inc(tags={"intent": intent})

    def rejected(self, reason: str) -> None:
        """A text could not be used."""
        self._rejected.inc(tags={"reason": reason})

    def spoken(self, spoken: Spoken) -> None:
        """A reply was made: `ok`, `retried`, `fallback` or `filtered`."""
        if spoken.filtered is not None:
            self._filtered.inc(tags={"category": spoken.filtered})
        fallback = "filtered" if spoken.filtered else "fallback"
        outcome = fallback if spoken.fallback else "retried" if spoken.retried else "ok"
        self._replies.inc(tags={"outcome": outcome})


def _add(counter: Counter, value: int) -> None:
    if value:  # Ray refuses to add nothing
        counter.inc(value)
