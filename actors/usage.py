"""The usage actor: how many answers and tokens each person of a server, and all together, had this hour and this day.

The gateway counts by itself, so that no turn waits for this, and brings what it counted every few seconds. So a crash
forgets a few seconds of it, in the people's favour.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field, computed_field

from actors.access_rules import GUILD, people_in, user
from actors.host import VirtualActor, exposed
from core.documents import OwnedDocument
from core.limits import DAY_MS, HOUR_MS, Name
from core.messages import Kept
from core.wording import Wording

KIND = "usage"
MAX_PEOPLE = 2000
_MAX_BATCHES = 32

Spent = tuple[int, int]
"""Answers and tokens."""


def direct(user_id: int | str) -> str:
    """The key for a person's direct messages."""
    return f"dm-{user_id}"


class Window(BaseModel):
    """What each subject spent in the window of that number since 1970."""

    number: int = 0
    spent: dict[str, Spent] = Field(default_factory=dict)

    def add(self, number: int, subject: str, spent: Spent) -> None:
        """Counts on. What belongs to a window that is over is not counted any more."""
        if number > self.number:
            self.number, self.spent = number, {}
        if number == self.number:
            before = self.spent.get(subject, (0, 0))
            self.spent[subject] = (before[0] + spent[0], before[1] + spent[1])
            if len(self.spent) > MAX_PEOPLE + 1:  # whoever had least has lost least by not being counted
                del self.spent[min((one for one in self.spent if one != GUILD), key=lambda one: self.spent[one])]

    def of(self, number: int, subject: str) -> Spent:
        """What a subject spent in a window."""
        return self.spent.get(subject, (0, 0)) if number == self.number else (0, 0)


class Counts(BaseModel):
    """What was spent in the current hour and day."""

    hour: Window = Field(default_factory=Window)
    day: Window = Field(default_factory=Window)

    def add(self, at_ms: int, spent: Mapping[str, Spent]) -> None:
        """Counts what people spent at that time; the whole server's is counted with it."""
        for subject, one in spent.items():
            for window, length in ((self.hour, HOUR_MS), (self.day, DAY_MS)):
                window.add(at_ms // length, subject, one)
                window.add(at_ms // length, GUILD, one)

    def used(self, subject: str, now_ms: int) -> dict[str, int]:
        """What a subject has spent by now, by the names of limits."""
        hour, day = self.hour.of(now_ms // HOUR_MS, subject), self.day.of(now_ms // DAY_MS, subject)
        return {
            str(Name("requests", "hour")): hour[0],
            str(Name("requests", "day")): day[0],
            str(Name("tokens", "hour")): hour[1],
            str(Name("tokens", "day")): day[1],
        }

    def forget(self, subject: str) -> bool:
        """Forgets what a subject spent; GUILD is everybody. Returns whether there was something."""
        found = subject in self.hour.spent or subject in self.day.spent
        for window in (self.hour, self.day):
            if subject == GUILD:
                window.spent = {}
            else:
                window.spent.pop(subject, None)
        return found


class UsageDocument(OwnedDocument):
    """How the counts of one server are stored. `batches` are the last that were counted."""

    counts: Counts = Field(default_factory=Counts)
    batches: list[str] = Field(default_factory=list)

    class Settings:
        """Beanie's own: the collection."""

        name = "usage_counts"

    @property
    def void(self) -> bool:
        """See OwnedDocument: the key of direct messages names a person."""
        return not (self.counts.hour.spent or self.counts.day.spent)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return sorted(people_in([*self.counts.hour.spent, *self.counts.day.spent]))


class UsageActor(VirtualActor[UsageDocument]):
    """The counts of one server, by its Discord id, or of one person's direct messages, by `dm-` and theirs."""

    def __init__(self, key: str) -> None:
        super().__init__(key, UsageDocument)

    @exposed
    async def counts(self) -> Counts:
        """What was spent."""
        return self.document.counts.model_copy(deep=True)

    @exposed
    async def add(self, batch_id: str, at_ms: int, spent: dict[str, Spent]) -> None:
        """Counts what was spent; the same batch once."""
        document = self.document
        if batch_id not in document.batches:
            document.counts.add(at_ms, spent)
            document.batches = [*document.batches, batch_id][-_MAX_BATCHES:]

    @exposed
    async def reset(self, subject: str) -> bool:
        """Has a subject begin at nothing again; GUILD is everybody. Returns whether there was something."""
        return self.document.counts.forget(subject)

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here about a person."""
        counts, me = self.document.counts, user(user_id)
        if me in counts.day.spent:
            answers, tokens = counts.day.spent[me]
            at_ms = counts.day.number * DAY_MS
            text = Wording(
                "kept-usage", "answers on that day: {answers:,}, tokens: {tokens:,}", answers=answers, tokens=tokens
            )
        elif me in counts.hour.spent:
            answers, tokens = counts.hour.spent[me]
            at_ms = counts.hour.number * HOUR_MS
            text = Wording(
                "kept-usage-hour",
                "answers in that hour: {answers:,}, tokens: {tokens:,}",
                answers=answers,
                tokens=tokens,
            )
        else:
            return ()
        return (Kept(kind="usage", channel_id="", message_id="", at_ms=at_ms, text=text),)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets that. Returns how many things that were."""
        count = len(await self.kept_about(user_id))
        # Direct messages are theirs alone, and the document with them.
        self.document.counts.forget(GUILD if self.key == direct(user_id) else user(user_id))
        return count
