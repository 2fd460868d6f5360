"""The schedule actor: what one server's cast does by itself, and when; what is under way, and what came of it.

A slot is claimed by the write that makes a run of it, so it is claimed once, however many schedulers ask. A run is
handed out to one holder for a time; whoever lets that pass loses it to the next, who is given what was posted so far.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from actors.guild_book import ReadSettings
from actors.host import VirtualActor, exposed
from actors.schedule_plan import (
    aimed,
    end_runs,
    hand_out,
    is_last_attempt,
    is_on,
    let_pass,
    put_off,
    reaim_reminders,
    redirect,
    refitted,
    settle,
    speaks,
    stride,
    take_due,
)
from actors.schedule_state import (
    REMINDER,
    Entry,
    House,
    Record,
    Reminder,
    Run,
    ScheduleDocument,
    ScheduleState,
    mentioned_by,
)
from core import clock
from core.cron import checked, is_more_often_than
from core.errors import RequestError, TroupeError
from core.messages import Kept
from core.phrases import When
from core.wording import Wording
from schedules.catalog import Jobs, job_of
from schedules.job import Post, Posted, stable_hash

log = logging.getLogger(__name__)

KIND = "schedule"
MAX_CHANNELS = 10
MAX_REMINDERS_EACH, MAX_REMINDERS = 10, 500
MOST_FAILED_REMINDERS = 3
OFTENEST_MIN = 10


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a scheduler is to run now; of what is under way here the ids and attempts; and when to ask again (0 for
    never)."""

    runs: tuple[Run, ...]
    under_way: frozenset[tuple[str, int]]
    next_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How an attempt at a run ended. `final` is whether trying again is of no use, where it failed; `posted` the last
    post, where it is not known yet; a silent job is not run before `until_ms`."""

    outcome: Literal["posted", "silent", "failed"]
    detail: str = ""
    final: bool = False
    tokens: int = 0
    posted: Posted | None = None
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """When to ask again (0 for never)."""

    next_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job on a server. `due_ms` is 0 where it will not run; one of `stride` slots is run, since the last `ignored`
    posts were not answered."""

    name: str
    title: str
    cron: str
    on: bool
    paused: bool
    channel_ids: tuple[str, ...]
    due_ms: int
    ignored: int
    stride: int
    last: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """A server's schedule. `proactive` is whether the server lets the cast speak unasked at all."""

    jobs: tuple[JobView, ...]
    zone: str
    proactive: bool
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of a job; None leaves as it is. `cron` empty is the job's own time again."""

    on: bool | None = None
    paused: bool | None = None
    cron: str | None = None
    add_channel: str | None = None
    remove_channel: str | None = None
    only_channel: str | None = None


class ScheduleActor(VirtualActor[ScheduleDocument]):
    """One server's schedule, by its Discord id. `now_ms` is the clock; a claim brings its own."""

    def __init__(
        self, key: str, *, jobs: Jobs, settings: ReadSettings, now_ms: Callable[[], int] | None = None
    ) -> None:
        super().__init__(key, ScheduleDocument)
        self._jobs = jobs
        self._settings = settings
        self._now_ms = now_ms or clock.now_ms

    # The scheduler, and whoever runs what it claims

    @exposed
    async def claim(self, now_ms: int, holder: str, room: int = 100) -> Claimed:
        """Claims what is due, and gives `holder`, where it has `room`, what may be run now, for as long as its
        lease. Each claim has a holder of its own, so that one that is made again gives the same."""
        state = await self._current(now_ms)
        take_due(state, self._jobs, self.key, now_ms)
        runs = hand_out(state, self._jobs, holder, now_ms, room)
        under_way = frozenset((one.id, one.attempt) for one in state.runs if one.holder)
        return Claimed(tuple(runs), under_way, state.next_ms())

    @exposed
    async def judge(self, run_id: str, holder: str, answered: bool) -> bool:
        """Tells whether anybody answered the job's last post; returns whether the run is to go on. If not, it is over:
        nobody answers, so that the job speaks less often."""
        run = self._held(run_id, holder)
        if run is None or run.judge is None:
            return run is not None
        state = self.document.state
        self._mark(run, answered)
        entry = state.entries.get(run.job, Entry())
        if answered:
            entry = replace(entry, ignored=entry.ignored // 2, passed=0)
        elif run.judge.answered is None:
            entry = replace(entry, ignored=entry.ignored + 1)
        goes_on = answered or entry.passed + 1 >= stride(entry.ignored)
        self._enter(run.job, replace(entry, passed=0 if goes_on else entry.passed + 1))
        if goes_on:
            state.put(replace(run, judge=None))
        else:
            let_pass(state, self._jobs, run, self._now_ms())
        return goes_on

    @exposed
    async def made(self, run_id: str, holder: str, posts: tuple[Post, ...]) -> bool:
        """Keeps what a run is going to post, before it does: another attempt posts the same. Returns whether the run is
        still the holder's."""
        run = self._held(run_id, holder)
        if run is not None:
            self.document.state.put(replace(run, posts=posts, made_ms=self._now_ms()))
        return run is not None

    @exposed
    async def delivered(self, run_id: str, holder: str, posted: Posted) -> bool:
        """Keeps that a post stands in its channel. Returns whether the run is still the holder's."""
        run = self._held(run_id, holder)
        if run is not None and posted.message_id not in {one.message_id for one in run.posted}:
            self.document.state.put(replace(run, posted=(*run.posted, posted)))
        return run is not None

    @exposed
    async def done(self, run_id: str, holder: str, done: Done) -> Settled:
        """Ends an attempt. One that failed is tried again, as long as that is of use; then a further run tells the
        admins, once until it works again. Of a run that is not the holder's (any more) nothing is changed."""
        state, now_ms = self.document.state, self._now_ms()
        run = self._held(run_id, holder)
        if run is None:
            return Settled(state.next_ms())
        if done.posted is not None:
            run = replace(run, posted=(*run.posted, done.posted))
        if done.outcome == "failed" and not (done.final or is_last_attempt(run, self._jobs, now_ms)):
            state.put(put_off(run, done.detail, done.tokens, now_ms))
            return Settled(state.next_ms())
        settle(state, self._jobs, run, done.outcome, done.detail, now_ms, tokens=done.tokens)
        if run.job == REMINDER:
            if done.outcome != "posted":
                log.warning("[JOB] the reminder %s cannot be brought: %s", run.reminder_id, done.detail)
            self._reached(run.reminder_id, done.outcome == "posted")
            return Settled(state.next_ms())
        return Settled(self._after(run, done))

    # What people ask for

    @exposed
    async def view(self) -> ScheduleView:
        """The whole schedule."""
        state = await self._current(self._now_ms())
        jobs = tuple(self._view(name) for name in self._jobs)
        return ScheduleView(
            jobs=jobs, zone=state.house.zone, proactive=state.house.proactive, quiet=state.house.quiet is not None
        )

    @exposed
    async def edit(self, name: str, edit: Edit) -> JobView:
        """Changes when or where a job runs. What is open goes to the channels of then; it is ended where the job was
        switched off or paused. Raises RequestError."""
        now_ms = self._now_ms()
        state = await self._current(now_ms)
        job = job_of(self._jobs, name)
        entry = state.entries.get(job.name, Entry())
        cron = entry.cron
        if edit.cron is not None:
            cron = checked(edit.cron) if edit.cron else None
        if cron is not None and cron != job.cron and is_more_often_than(cron, OFTENEST_MIN):
            raise RequestError(
                Wording("refused-job-often", "A job may run every {least} minutes at most.", least=OFTENEST_MIN),
                field="when",
            )
        before, channel_ids = entry.channel_ids, _channels(entry.channel_ids, edit)
        if edit.remove_channel is not None and not channel_ids:
            edit = replace(edit, on=False)  # without a channel it would write wherever the cast answers unasked
        entry = replace(
            entry,
            on=entry.on if edit.on is None else edit.on,
            paused=entry.paused if edit.paused is None else edit.paused,
            cron=cron,
            channel_ids=channel_ids,
        )
        if edit.on or edit.paused is False:  # whoever switches it on wants to hear it
            entry = replace(entry, ignored=0, passed=0, told=False)
        self._enter(job.name, refitted(entry, job, self.key, state.house, now_ms))
        if edit.paused or edit.on is False:
            end_runs(state, job.name, now_ms)
        elif channel_ids != before:
            redirect(state, job.name, channel_ids, now_ms)
        return self._view(job.name)

    @exposed
    async def pause_all(self, paused: bool) -> ScheduleView:
        """Pauses all jobs but those that end what people began, and ends what is open of them; or has all that are
        paused go on."""
        now_ms = self._now_ms()
        state = await self._current(now_ms)
        for name, job in self._jobs.items():
            if paused and job.asked_for:
                continue
            entry = replace(state.entries.get(name, Entry()), paused=paused)
            self._enter(name, refitted(entry, job, self.key, state.house, now_ms))
            if paused:
                end_runs(state, name, now_ms)
        return await self.view()

    @exposed
    async def run_now(self, name: str, request_id: str) -> str:
        """Has a job run at once, whatever its time, quiet hours and back-off are; returns the id of the run, the same
        where it is asked again by the same request. Raises RequestError."""
        job, now_ms = job_of(self._jobs, name), self._now_ms()
        state = await self._current(now_ms)
        seed = stable_hash("manual", job.name, self.key, request_id)
        run_id = f"{seed:016x}"
        if state.run(run_id) is None and all(one.id != run_id for one in state.history.get(job.name, ())):
            channel_ids = state.entries.get(job.name, Entry()).channel_ids
            state.put(
                Run(
                    id=run_id,
                    job=job.name,
                    at_ms=now_ms,
                    claimed_ms=now_ms,
                    seed=seed,
                    manual=True,
                    channel_ids=channel_ids,
                )
            )
        return run_id

    @exposed
    async def history(self, name: str | None = None, limit: int = 20) -> tuple[Record, ...]:
        """The last runs, of a job or of all, the latest first. Raises RequestError."""
        names = self.document.state.history if name is None else [job_of(self._jobs, name).name]
        found = [one for job in names for one in self.document.state.history.get(job, ())]
        return tuple(sorted(found, key=lambda one: (one.began_ms, one.at_ms), reverse=True)[:limit])

    @exposed
    async def posted(self, name: str, since_ms: int) -> tuple[Posted, ...]:
        """What a job posted since then, oldest first; the last that are known."""
        return tuple(one for one in self.document.state.posted(name) if one.at_ms >= since_ms)

    @exposed
    async def stir(self, name: str, at_ms: int) -> int:
        """Has a job that waits, since it had nothing to say, look again at its first slot from then on. Returns when
        there is something to claim. Raises RequestError."""
        now_ms, job = self._now_ms(), job_of(self._jobs, name)
        state = await self._current(now_ms)
        entry = state.entries.get(job.name, Entry())
        sooner = aimed(entry, job, self.key, state.house, max(now_ms, at_ms) - 1)
        if sooner.due_ms and not 0 < entry.due_ms <= sooner.due_ms:
            self._enter(job.name, sooner)
        return state.next_ms()

    @exposed
    async def leave(self) -> None:
        """The bot is not on the server any more: nothing runs until somebody there asks for something."""
        state = self.document.state
        for run in state.runs:
            state.close(run, None)
        state.left = True

    @exposed
    async def resettle(self) -> int:
        """Goes by the server's settings as they are now. Returns when there is something to claim."""
        return (await self._current(self._now_ms())).next_ms()

    @exposed
    async def kept(self) -> tuple[dict[str, Entry], tuple[Record, ...], tuple[Run, ...], tuple[Reminder, ...]]:
        """Everything: the jobs as they are set, what came of them, what is under way, and members' reminders."""
        state = self.document.state
        return state.entries, await self.history(limit=10_000), tuple(state.runs), tuple(state.reminders)

    @exposed
    async def clear(self) -> None:
        """Forgets all of that; the jobs are as they were at first. What is under way posts nothing more."""
        self.document.state = ScheduleState()

    # Members' own reminders

    @exposed
    async def remind(self, reminder_id: str, user_id: str, channel_id: str, text: str, when: When) -> Reminder:
        """Reminds a member of something; once more for an id that is known. Raises RequestError for too many."""
        state = self.document.state
        known = next((one for one in state.reminders if one.id == reminder_id), None)
        if known is not None:
            return known
        if when.cron is not None and is_more_often_than(when.cron, 60):
            raise RequestError(
                Wording("refused-reminder-often", "A reminder may come once an hour at most."), field="when"
            )
        if sum(one.user_id == user_id for one in state.reminders) >= MAX_REMINDERS_EACH:
            full = Wording(
                "refused-reminders", "You have {most} reminders here already. Take one back.", most=MAX_REMINDERS_EACH
            )
            raise RequestError(full, field="text")
        if len(state.reminders) >= MAX_REMINDERS:
            raise RequestError(
                Wording("refused-reminders-full", "This server has too many reminders already."), field="text"
            )
        reminder = Reminder(
            id=reminder_id,
            user_id=user_id,
            channel_id=channel_id,
            text=text.strip()[:500],
            due_ms=when.at_ms,
            created_ms=self._now_ms(),
            cron=when.cron,
        )
        state.reminders = [*state.reminders, reminder]
        return reminder

    @exposed
    async def reminders(self, user_id: str) -> tuple[Reminder, ...]:
        """A member's reminders, the next one first."""
        return tuple(sorted(self.document.state.reminders_of(user_id), key=lambda one: one.due_ms))

    @exposed
    async def unremind(self, reminder_id: str, user_id: str) -> bool:
        """Takes a member's reminder back; whether there was one."""
        state = self.document.state
        rest = [one for one in state.reminders if (one.id, one.user_id) != (reminder_id, user_id)]
        found = len(rest) < len(state.reminders)
        state.reminders = rest
        return found

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """A person's reminders, those that are being brought included, and the posts about them that wait."""
        state = self.document.state
        kept = [_kept("reminder", one.channel_id, one.created_ms, one.text) for one in state.reminders_of(user_id)]
        for run in state.runs:
            for post in run.posts or ():
                if user_id in post.mentions:
                    kept.append(_kept("reminder", post.channel_id, run.claimed_ms, post.text))
                elif user_id in post.about:
                    text = f"{run.job}: a post that waits, in which you are quoted, named or counted"
                    kept.append(_kept("post", post.channel_id, run.made_ms, text))
        return tuple(kept)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets those: no reminder is brought any more, and posts about the person are made anew. Returns how many
        there were."""
        count, state = len(await self.kept_about(user_id)), self.document.state
        state.reminders = [one for one in state.reminders if one.user_id != user_id]
        kept = [one for one in state.runs if one.job != REMINDER or user_id not in mentioned_by(one)]
        state.runs = [_without(one, user_id) if user_id in mentioned_by(one) else one for one in kept]
        return count

    async def _current(self, now_ms: int) -> ScheduleState:
        """The state, going by the server's settings of now; by the last known ones where they cannot be read."""
        state = self.document.state
        state.left = False
        try:
            settings = await self._settings(self.key)
            house = House(
                zone=settings.time_zone or "UTC", quiet=settings.quiet, proactive=settings.proactive is not False
            )
        except (TroupeError, TimeoutError) as error:
            log.warning("[JOB] the settings of %s are not known just now: %r", self.key, error)
            house = state.house
        changed, old = house != state.house, state.house
        if changed:
            if house.proactive and old.proactive:
                take_due(state, self._jobs, self.key, now_ms)  # what was due before is still to be run
            state.house = house
            if house.zone != old.zone:
                reaim_reminders(state, now_ms)
        for name, job in self._jobs.items():
            entry = state.entries.get(name)
            if (entry is None and job.default_on) or (entry is not None and changed):
                self._enter(name, refitted(entry or Entry(), job, self.key, house, now_ms))
            if not speaks(state.entries.get(name, Entry()), job, house):
                end_runs(state, name, now_ms, by_hand=False)
        gone = [name for name in state.entries if name not in self._jobs]
        if any(state.entries[name].due_ms for name in gone):
            idle = {name: replace(state.entries[name], at_ms=0, due_ms=0) for name in gone}
            state.entries = {**state.entries, **idle}
        return state

    def _reached(self, reminder_id: str, reached: bool) -> None:
        """A reminder that comes again does not, once it has failed too often."""
        state = self.document.state
        counted = [
            replace(one, failed=0 if reached else one.failed + 1) if one.id == reminder_id else one
            for one in state.reminders
        ]
        state.reminders = [one for one in counted if one.failed < MOST_FAILED_REMINDERS]

    def _held(self, run_id: str, holder: str) -> Run | None:
        run = self.document.state.run(run_id)
        return run if run is not None and run.holder == holder else None

    def _enter(self, name: str, entry: Entry) -> None:
        self.document.state.entries = {**self.document.state.entries, name: entry}

    def _mark(self, run: Run, answered: bool) -> None:
        """Writes into the history whether the posts of the run before were answered."""
        state, judged = self.document.state, run.judge
        records = [
            replace(one, posted=tuple(replace(post, answered=answered) for post in one.posted))
            if judged is not None and any(post.message_id == judged.message_id for post in one.posted)
            else one
            for one in state.history.get(run.job, ())
        ]
        state.history = {**state.history, run.job: records}

    def _after(self, run: Run, done: Done) -> int:
        """Has a job that has nothing to say wait; returns when there is something to claim."""
        state, job = self.document.state, self._jobs.get(run.job)
        entry = state.entries.get(run.job)
        if entry is not None and job is not None and done.outcome == "silent" and done.until_ms > entry.at_ms > 0:
            self._enter(run.job, aimed(entry, job, self.key, state.house, done.until_ms - 1))
        return state.next_ms()

    def _view(self, name: str) -> JobView:
        job, state = self._jobs[name], self.document.state
        entry = state.entries.get(name, Entry())
        records = state.history.get(name, [])
        return JobView(
            name=name,
            title=job.title,
            cron=entry.cron or job.cron,
            on=is_on(replace(entry, paused=False), job),
            paused=entry.paused,
            channel_ids=entry.channel_ids,
            due_ms=entry.due_ms,
            ignored=entry.ignored,
            stride=stride(entry.ignored),
            last=records[-1] if records else None,
        )


def _kept(kind: Literal["reminder", "post"], channel_id: str, at_ms: int, text: str) -> Kept:
    return Kept(kind=kind, channel_id=channel_id, message_id="", at_ms=at_ms, text=text)


def _without(run: Run, user_id: str) -> Run:
    """The run without what it was going to post about somebody: it is made anew where nothing of it stands yet."""
    if not run.posted:
        return replace(run, posts=None)
    return replace(run, posts=tuple(one for one in run.posts or () if user_id not in one.about))


def _channels(now: tuple[str, ...], edit: Edit) -> tuple[str, ...]:
    if edit.only_channel is not None:
        return (edit.only_channel,)
    kept = [one for one in now if one != edit.remove_channel]
    if edit.add_channel is not None and edit.add_channel not in kept:
        kept.append(edit.add_channel)
    if len(kept) > MAX_CHANNELS:
        told = Wording("refused-job-channels", "A job may write in {most} channels at most.", most=MAX_CHANNELS)
        raise RequestError(told, field="channel")
    return tuple(kept)
