"""What is kept of a channel's last decisions, so that `/why` can tell about them: figures, names and ids, no text that
anybody wrote and no author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from actors.routing import Decision
from core.messages import Making, Memory, Spoken

MAX_ANSWERED = 12
MAX_SILENT = 6
_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that a reply was written from. `score` as in `Passage`."""

    id: str
    title: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Something that was said long before and stood in the prompt. Fields as in `Memory`."""

    id: str
    channel_id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What was decided on a message, at `at_ms`; and of its answer, once there is one, the model, whether it was a
    fallback, what it was written from (`sources`, `memories`), how many pictures were looked at, and `retried`,
    `filtered` and `making` as in `Spoken`. `trace_id` finds the turn in traces and logs. What was said without a
    message to decide on (to a command, or by a job) has a record under its own id.
    """

    message_id: str
    at_ms: int
    decision: Decision
    model: str = ""
    fallback: bool = False
    sources: tuple[Source, ...] = ()
    pictures: int = 0
    retried: str | None = None
    filtered: str | None = None
    making: Making | None = None
    trace_id: str = ""
    memories: tuple[Remembered, ...] = ()

    def answered(self, spoken: Spoken, memories: Iterable[Memory] = ()) -> DecisionRecord:
        """The same with its answer, for which `memories` were at hand."""
        used = spoken.making.memories if spoken.making else ()
        sources = tuple(Source(id=one.id, title=one.title[:_TITLE], score=one.score) for one in spoken.passages)
        return replace(
            self,
            model=spoken.model,
            fallback=spoken.fallback,
            sources=sources,
            pictures=len(spoken.pictures),
            retried=spoken.retried,
            filtered=spoken.filtered,
            making=spoken.making,
            memories=tuple(
                Remembered(id=one.id, channel_id=one.channel_id, score=one.score) for one in memories if one.id in used
            ),
        )


def noted(records: Sequence[DecisionRecord], record: DecisionRecord) -> list[DecisionRecord]:
    """`records` with one more, of which the last MAX_ANSWERED that somebody answered and the last MAX_SILENT others
    are kept: chatter must not push out what people ask about."""
    kept = [*records, record]
    most = MAX_ANSWERED if record.decision.speak else MAX_SILENT
    alike = [one for one in kept if one.decision.speak is record.decision.speak]
    for old in alike[:-most]:
        kept.remove(old)
    return kept
