"""What is stored of a server's schedule: which jobs run when and where, what is under way, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field, computed_field

from actors.guild_settings import QuietHours
from core.documents import OwnedDocument
from core.wording import Stored
from schedules.job import Post, Posted

REMINDER, NEWS = "reminder", "news"
"""The jobs of those runs that bring a member's own reminder, and tell the admins that a job fails."""
MAX_POSTED, MAX_SILENT = 32, 8  # records of a job that are kept: those with posts, and the others
Outcome = Literal["posted", "silent", "failed", "superseded", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What of a server's settings its schedule goes by."""

    zone: str = "UTC"
    quiet: QuietHours | None = None
    proactive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job on a server. `on` None is the job's own default, `cron` None its own time. `at_ms` is the slot that it
    waits for and `due_ms` when that fires, both 0 where none will. Of the posts that nobody answered, `ignored` came
    last in a row, for which `passed` slots were let pass. `told` is whether the admins are told that it fails."""

    on: bool | None = None
    paused: bool = False
    cron: str | None = None
    channel_ids: tuple[str, ...] = ()
    at_ms: int = 0
    due_ms: int = 0
    ignored: int = 0
    passed: int = 0
    told: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """That a job fails, and why."""

    job: str
    reason: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A slot that was claimed and is not done. While somebody works on it, `holder` has it until `lease_ms`; else it
    may be handed out from `retry_ms` on. `begun_ms` is when it first was. `posts` is what is to be sent, None until it
    was made at `made_ms`; `posted` what of it was. `judge` is the last post of the job, of which nobody knows yet
    whether it was answered. `news` is what the admins are to be told by it."""

    id: str
    job: str
    at_ms: int
    claimed_ms: int
    seed: int
    manual: bool = False
    reminder_id: str = ""
    news: News | None = None
    channel_ids: tuple[str, ...] = ()
    holder: str = ""
    lease_ms: int = 0
    retry_ms: int = 0
    begun_ms: int = 0
    attempt: int = 0
    posts: tuple[Post, ...] | None = None
    made_ms: int = 0
    posted: tuple[Posted, ...] = ()
    judge: Posted | None = None
    reason: Stored = ""
    tokens: int = 0

    @property
    def is_errand(self) -> bool:
        """Whether it is no job's: it waits for nothing, and is not in the history."""
        return self.job in (REMINDER, NEWS)

    @property
    def lane(self) -> str:
        """Of the runs of a lane one is under way at a time."""
        return self.id if self.is_errand else "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What came of a run. `detail` is why, where nothing was posted; `late_ms` how long after the slot it began."""

    id: str
    job: str
    at_ms: int
    began_ms: int
    took_ms: int
    outcome: Outcome
    detail: Stored = ""
    attempts: int = 1
    tokens: int = 0
    manual: bool = False
    posted: tuple[Posted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What a member wants to be told, where, and when next; `cron` where it comes again. So many times in a row, last,
    it has `failed` to reach them."""

    id: str
    user_id: str
    channel_id: str
    text: str
    due_ms: int
    created_ms: int
    cron: str | None = None
    failed: int = 0


class ScheduleState(BaseModel):
    """A server's schedule. `house` are the settings that the entries were aimed for; `older` is when a job posted what
    the history no longer has, and its fingerprint; `left` that the bot is not there."""

    entries: dict[str, Entry] = Field(default_factory=dict)
    runs: list[Run] = Field(default_factory=list)
    history: dict[str, list[Record]] = Field(default_factory=dict)
    older: dict[str, list[tuple[int, str]]] = Field(default_factory=dict)
    reminders: list[Reminder] = Field(default_factory=list)
    house: House = House()
    left: bool = False

    def next_ms(self) -> int:
        """When there is something to claim; 0 for never."""
        if self.left:
            return 0
        times = [one.due_ms for one in self.entries.values() if one.due_ms]
        times += [one.due_ms for one in self.reminders]
        leased = {one.lane: one.lease_ms for one in self.runs if one.holder}
        times += leased.values()
        times += [max(1, one.retry_ms) for one in self.runs if not one.holder and one.lane not in leased]
        return min(times, default=0)

    def run(self, run_id: str) -> Run | None:
        """The open run of an id."""
        return next((one for one in self.runs if one.id == run_id), None)

    def reminders_of(self, user_id: str) -> list[Reminder]:
        """A member's reminders."""
        return [one for one in self.reminders if one.user_id == user_id]

    def put(self, run: Run) -> None:
        """Has a run stand for the one of its id, or be the last."""
        if self.run(run.id) is None:
            self.runs = [*self.runs, run]
        else:
            self.runs = [run if one.id == run.id else one for one in self.runs]

    def close(self, run: Run, record: Record | None) -> None:
        """Has a run be done, with what came of it where that is worth keeping."""
        self.runs = [one for one in self.runs if one.id != run.id]
        if record is not None and not run.is_errand:
            records = [one for one in self.history.get(run.job, []) if one.id != record.id]
            records.append(record)
            kept = _bounded(records)
            self.history = {**self.history, run.job: kept}
            left = [(post.at_ms, post.fingerprint) for one in records if one not in kept for post in one.posted]
            if left:
                self.older = {**self.older, run.job: [*self.older.get(run.job, []), *left]}

    def posted(self, job: str) -> tuple[Posted, ...]:
        """What a job posted, oldest first. Of what is too old for the history, only when, and the fingerprint."""
        older = [
            Posted(at_ms=at_ms, channel_id="", message_id="", fingerprint=fingerprint)
            for at_ms, fingerprint in self.older.get(job, ())
        ]
        return (*older, *(one for record in self.history.get(job, ()) for one in record.posted))


class ScheduleDocument(OwnedDocument):
    """How a server's schedule is stored."""

    state: ScheduleState = Field(default_factory=ScheduleState)

    class Settings:
        """Beanie's own: the collection."""

        name = "schedules"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def next_ms(self) -> int:
        """When there is something to claim; 0 for never. The scheduler asks by it."""
        return self.state.next_ms()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        about = {one.user_id for one in self.state.reminders}
        return sorted(about.union(*(mentioned_by(run) for run in self.state.runs)))


def mentioned_by(run: Run) -> frozenset[str]:
    """Ids of the people whom a run is to tell something, or of whom."""
    return frozenset(one for post in run.posts or () for one in (*post.mentions, *post.about))


def _bounded(records: list[Record]) -> list[Record]:
    with_posts = [one.id for one in records if one.posted][-MAX_POSTED:]
    without = [one.id for one in records if not one.posted][-MAX_SILENT:]
    kept = {*with_posts, *without}
    return [one for one in records if one.id in kept]
