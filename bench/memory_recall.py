"""What is remembered of a month, and what is found of it: `python -m bench.memory_recall`

A generated month of conversation (`bench.memory_month`) in 20 channels of three servers and eight direct messages goes
through the real path: the channels' outboxes, the judge of what is worth keeping, deduplication, contradiction, the
scopes, with the packaged MiniLM and a simulated clock, without Ray and without a database. Then 300 questions are
asked, in other words than anything was said; a third of them must find nothing: what was never told, what was told
where the asker may not know it, and what has nothing to do with anybody.

The baseline is plain similarity: every line of the same scopes that is not junk, the nearest first, with the same least
cosine and the same number of items. A cross-scope leak is an item that the asker may not know, by a rule of the bench's
own. `--tuning` takes the wordings on which rules and bounds were chosen.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console

from actors.channel_state import ChannelState
from actors.long_term import LongTermMemory
from actors.memory_scopes import readable_from, written_to
from actors.memory_shelf import Item, MemoryRules
from actors.memory_worth import sentences
from actors.routing import ChannelRules, Decision
from actors.turn_record import saying_of
from bench.memory_actors import UnstoredActors
from bench.memory_month import Asked, Fact, Month, may_know
from bench.report import percentile, report
from training.recognise import minilm

QUESTIONS = 300
SEED = 2
FIRST = 5
TOGETHER = 10  # lines that a channel hands over at once
console = Console(stderr=True)


class CachedEmbedding:
    """The packaged model; what it was asked before it knows, as the embeddings app does."""

    def __init__(self) -> None:
        self._embed = minilm()
        self._known: dict[str, list[float]] = {}

    async def __call__(self, texts: list[str]) -> list[list[float]]:
        """See Embed."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, np.asarray(self._embed(missing)).tolist(), strict=True))
        return [self._known[text] for text in texts]


@dataclass(slots=True)
class Tally:
    """How the questions went. `given` counts items, the rest questions."""

    positive: int = 0
    found: int = 0
    first: int = 0
    negative: int = 0
    silent: int = 0
    updated: int = 0
    stale: int = 0
    misled: int = 0
    given: int = 0
    right: int = 0
    leaks: int = 0

    def count(self, asked: Asked, given: Sequence[frozenset[str]], leaks: int) -> None:
        """One question, and the messages of each item that was found for it."""
        self.leaks += leaks
        self.given += len(given)
        self.right += sum(bool(ids & asked.right) for ids in given)
        if not asked.right:
            self.negative += 1
            self.silent += not given
            return
        self.positive += 1
        self.found += any(ids & asked.right for ids in given)
        self.first += any(ids & asked.right for ids in given[:1])
        if asked.stale:
            self.updated += 1
            old = [bool(ids & asked.stale and not ids & asked.right) for ids in given]
            current = [bool(ids & asked.right) for ids in given]
            self.stale += any(old)
            self.misled += any(old) and not any(current)


async def remembered(month: Month, memory: LongTermMemory) -> None:
    """Has the month heard by its channels and handed over, some lines at a time."""
    rules = ChannelRules(long_term=True)
    silent = Decision(reason="not_addressed")
    states: dict[str, ChannelState] = defaultdict(ChannelState)
    for number, line in enumerate(month.lines):
        state = states[line.channel_id]
        state.hear(line, silent, rules, line.created_ms)
        if len(state.outbox) >= TOGETHER:
            await hand_over(state, memory)
        if number % 2000 == 0:
            console.print(f"heard {number:,} of {len(month.lines):,} lines")
    for state in states.values():
        await hand_over(state, memory)


async def hand_over(state: ChannelState, memory: LongTermMemory) -> None:
    """As `actors.hand_over`, at once."""
    lines = tuple(state.outbox)
    await memory.remember(lines)
    state.handed_over(lines)


class Plain:
    """Similarity alone, over all lines by scope."""

    def __init__(self, rules: MemoryRules) -> None:
        self._rules = rules
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._rows: dict[str, list[Any]] = defaultdict(list)

    async def hear(self, month: Month, embed: CachedEmbedding) -> None:
        """Embeds every line that is not junk."""
        for line in month.lines:
            if parts := sentences(line.content):
                vectors = np.asarray(await embed(list(parts)), np.float32)
                for scope in written_to(saying_of(line), about_themselves=True):
                    self._ids[scope].extend([line.id] * len(parts))
                    self._rows[scope].extend(vectors)

    def nearest(self, asked: Asked, vector: Any) -> list[frozenset[str]]:
        """The messages that are nearest to the question, each once, best first."""
        best: dict[str, float] = {}
        for scope in readable_from(asked.message):
            if rows := self._rows.get(scope):
                for own, cosine in zip(self._ids[scope], (np.stack(rows) @ vector).tolist(), strict=True):
                    if cosine >= self._rules.least_cosine:
                        best[own] = max(cosine, best.get(own, 0.0))
        ordered = sorted(best, key=lambda own: (-best[own], own))
        return [frozenset({own}) for own in ordered[: self._rules.limit]]


async def measure(seed: int, *, held_out: bool, questions: int, verbose: bool) -> None:
    """Hears the month, asks the questions and reports."""
    rules = replace(MemoryRules(), limit=FIRST)
    embed = CachedEmbedding()
    month = Month(seed, held_out=held_out)
    actors = UnstoredActors(rules, embed)
    memory = LongTermMemory(actors, embed, rules)
    await remembered(month, memory)
    plain = Plain(rules)
    await plain.hear(month, embed)
    facts = {own: fact for fact in month.facts for version in fact.versions for own in version}
    held = {item.id: item for scope in actors.scopes for item in await actors.items(scope)}

    ours, theirs, alike = Tally(), Tally(), Tally()
    likeness = replace(rules, meaning=1.0, recency=0.0, engagement=0.0)
    cases: dict[str, list[bool]] = defaultdict(list)
    took: list[float] = []
    for asked in month.questions(questions):
        vector = np.asarray((await embed([asked.message.content]))[0], np.float32)
        started = time.perf_counter()
        found = (await memory.recall(asked.message)).memories
        took.append((time.perf_counter() - started) * 1000)
        items = [held[one.id] for one in found]
        leaks = sum(not _may_tell(month, item, asked, facts) for item in items)
        ours.count(asked, [item.message_ids for item in items], leaks)
        theirs.count(asked, plain.nearest(asked, vector), 0)
        actors.weigh(likeness)
        likest = (await memory.recall(asked.message)).memories
        alike.count(asked, [held[one.id].message_ids for one in likest], 0)
        actors.weigh(rules)
        fits = any(item.message_ids & asked.right for item in items) if asked.right else not items
        cases[asked.case].append(fits)
        if verbose and not fits:
            console.print(f"{asked.case}: {asked.message.author.name}: {asked.message.content}")
            for one in found:
                console.print(f"     {one.speaker}: {one.text}")
            for line in month.lines:
                if line.id in asked.right:
                    console.print(f"   ! {line.author.name}: {line.content}")

    kept = {own for item in held.values() for own in item.message_ids}
    told = set(facts)
    chatter = {line.id for line in month.lines} - told
    if verbose:
        texts = {line.id: line.content for line in month.lines}
        console.print("not kept:", Counter(texts[own] for own in told - kept).most_common(40))
        console.print("kept of small talk:", Counter(texts[own] for own in kept & chatter).most_common(40))
        console.print({case: f"{sum(hits)}/{len(hits)}" for case, hits in cases.items()})
    report("lines_heard", len(month.lines), "lines")
    report("facts_kept", len(kept & told) / len(told), "share")
    report("small_talk_kept", len(kept & chatter) / len(chatter), "share")
    report(f"recall_at_{FIRST}", ours.found / ours.positive, "share", theirs.found / theirs.positive)
    report("first_is_right", ours.first / ours.positive, "share", theirs.first / theirs.positive)
    # What the weights are worth by themselves: the same items, ranked by likeness alone.
    report("weighted_recall", ours.found / ours.positive, "share", alike.found / alike.positive)
    report("weighted_first_is_right", ours.first / ours.positive, "share", alike.first / alike.positive)
    report("precision", ours.right / max(1, ours.given), "share", theirs.right / max(1, theirs.given))
    report("silent_where_nothing_is_known", ours.silent / ours.negative, "share", theirs.silent / theirs.negative)
    report("stale_facts", ours.stale / ours.updated, "share", theirs.stale / theirs.updated)
    report("stale_without_current", ours.misled / ours.updated, "share", theirs.misled / theirs.updated)
    report("cross_scope_leaks", ours.leaks, "items")
    report("recall_p50", percentile(took, 0.5), "ms")
    report("recall_p99", percentile(took, 0.99), "ms")


def _may_tell(month: Month, item: Item, asked: Asked, facts: Mapping[str, Fact]) -> bool:
    """Whether the asker may know all that the item says: what was said there, and what they told of themselves in
    public on the same server."""
    if any(own in facts and not may_know(facts[own], asked.message) for own in item.message_ids):
        return False
    if item.channel_id == asked.message.channel_id:
        return True
    [origin] = [one for one in month.channels if one.id == item.channel_id]
    on_server = origin.guild is not None and origin.guild == asked.message.guild_id
    return on_server and origin.public and item.author_id == asked.message.author.id


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--tuning", action="store_true", help="the wordings that rules and bounds were chosen on")
    parser.add_argument("--verbose", action="store_true", help="show what went wrong")
    given = parser.parse_args()
    asyncio.run(measure(given.seed, held_out=not given.tuning, questions=given.questions, verbose=given.verbose))


if __name__ == "__main__":
    main()
