"""The writers' room: several personas draft the next line at once, a director picks one of them, or that nobody speaks.

The director is a plain function of the drafts and of what was said, so a run that is done again decides the same. It
asks more of each line than of the one before, so talk ends by itself; and it ends as soon as a person says something.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.messages import Passage
from core.personas import Persona
from core.prompts import one_line
from schedules.job import World

_WORD = re.compile(r"[^\W\d_]{4,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
MOST_LINES = 6
DRAFT_WORDS = 45
_LEAST = 1.0  # what a draft must be worth to be said as the second line
_DEARER = 0.45  # by which each further line must be worth more
_PAUSE_S = (4.0, 14.0)


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the talk."""

    persona: Persona
    text: str

    @property
    def pause_s(self) -> float:
        """How long somebody takes to say that."""
        return min(max(_PAUSE_S[0], len(self.text) / 12), _PAUSE_S[1])


@dataclass(frozen=True, slots=True)
class Draft:
    """What a persona would say next."""

    persona: Persona
    text: str


@dataclass
class Room:
    """A talk about `subject` in the making. `passages` are the lore on it; `interrupted` tells whether a person has
    said something. Without a model everybody tells something of those, or else of the `spare` ones, in a way of their
    own."""

    world: World
    rng: random.Random
    cast: Sequence[Persona]
    subject: str
    passages: Sequence[Passage]
    interrupted: Callable[[], Awaitable[bool]]
    spare: Sequence[Passage] = ()
    told: set[str] = field(default_factory=set)

    async def talk(self, task: str, most: int = MOST_LINES) -> tuple[Said, ...] | None:
        """The lines, of which the first is the opener's; None where a person spoke meanwhile."""
        opener, *_ = self.cast
        said = [Said(opener, await self._opening(opener, task))]
        while len(said) < most:
            if await self.interrupted():
                return None
            drafts = await self._drafts(said, task)
            chosen = direct(drafts, said, self.subject, self.rng)
            if chosen is None:
                break
            said.append(Said(chosen.persona, chosen.text))
        return None if await self.interrupted() else tuple(said)

    async def _opening(self, opener: Persona, task: str) -> str:
        facts = tuple(one.text for one in self.passages[:2])
        written = await self.world.write(opener.id, f"{task} You begin, in one or two sentences.", facts, DRAFT_WORDS)
        return written or self._plain(opener) or opener.greeting

    async def _drafts(self, said: Sequence[Said], task: str) -> tuple[Draft, ...]:
        others = [persona for persona in self.cast if persona.id != said[-1].persona.id]
        facts = tuple(f"{one.persona.name} says: {one.text}" for one in said[-3:])
        ask = f"{task} Answer what {said[-1].persona.name} just said, in one or two sentences."
        written = await asyncio.gather(*(self.world.write(one.id, ask, facts, DRAFT_WORDS) for one in others))
        drafts = [Draft(who, text) for who, text in zip(others, written, strict=True) if text]
        if drafts:
            return tuple(drafts)
        # Without a model one of them tells something; when there is nothing more to tell, nobody does.
        quietest = min(others, key=lambda one: (sum(one.id == line.persona.id for line in said), self.rng.random()))
        text = self._plain(quietest)
        return (Draft(quietest, text),) if text else ()

    def _plain(self, persona: Persona) -> str:
        """A sentence of the lore that was not told yet, in the persona's own frame."""
        for passage in (*self.passages, *self.spare):
            for sentence in _SENTENCE.split(one_line(passage.text)):
                if sentence not in self.told and len(sentence.split()) >= 4:
                    self.told.add(sentence)
                    return self.rng.choice(persona.fallback_lore).format(lore=sentence)
        return ""


def direct(drafts: Sequence[Draft], said: Sequence[Said], subject: str, rng: random.Random) -> Draft | None:
    """Who speaks next; None where no draft is worth it any more."""
    if not drafts:
        return None
    worth = [(worth_of(draft, said, subject), rng.random(), number) for number, draft in enumerate(drafts)]
    most, _, best = max(worth)
    return drafts[best] if most >= _LEAST + _DEARER * (len(said) - 1) else None


def worth_of(draft: Draft, said: Sequence[Said], subject: str) -> float:
    """How much a draft adds: it takes up what was just said and the subject, brings something new, is no repetition,
    and is by somebody who has not said much."""
    words = _words(draft.text)
    if not words or draft.text.casefold() in {one.text.casefold() for one in said}:
        return 0.0
    before = set().union(*(_words(one.text) for one in said))
    new = len(words - before) / len(words)
    if new < 0.3:
        return 0.0
    takes_up = min(2, len(words & _words(said[-1].text))) * 0.6 + min(1, len(words & _words(subject))) * 0.6
    turns = sum(one.persona.id == draft.persona.id for one in said)
    asks = 0.3 if draft.text.rstrip().endswith("?") else 0.0
    return 1.6 * new + takes_up + asks - 0.5 * turns


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
