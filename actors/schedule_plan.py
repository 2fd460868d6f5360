"""When what runs, decided on a server's stored schedule: the next slot, missed slots, quiet hours, back-off.

Nothing here waits or asks anybody: the actor (`actors.schedule`) gives the time and keeps what is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from actors.schedule_state import NEWS, REMINDER, Entry, House, News, Outcome, Record, Reminder, Run, ScheduleState
from core.cron import next_after
from core.limits import DAY_MS
from core.wording import Wording, bounded
from schedules.catalog import Jobs
from schedules.job import Job, Post, Slot, stable_hash

GRACE_MS = 300_000
"""A slot that could not fire within this time was missed, and the job's misfire policy says what becomes of it. So long
a run of a job that skips what it missed is also tried again, beyond the time that one attempt may take."""
LONGEST_WAIT_MS = 1_800_000
"""So long such a run waits behind others before it is begun."""
LONGEST_RETRY_MS = DAY_MS
LEASE_EXTRA_MS = 15_000  # behind a run's deadline, before somebody else may take it over
_MOST_SLOTS = 2_000
_ERRAND_S = 60.0
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 20_000, 600_000
_WORD = re.compile(r"\S+|\s+")
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()-])")
_BELL = "\N{ALARM CLOCK}"


def is_on(entry: Entry, job: Job) -> bool:
    """Whether a job is to run on a server."""
    return (job.default_on if entry.on is None else entry.on) and not entry.paused


def speaks(entry: Entry, job: Job, house: House) -> bool:
    """Whether a job is to run by itself, with what the server says of all jobs."""
    return is_on(entry, job) and (house.proactive or job.asked_for)


def aimed(entry: Entry, job: Job, guild_id: str, house: House, after_ms: int) -> Entry:
    """The entry with its next slot behind `after_ms`; without one where the job is off."""
    if not speaks(entry, job, house):
        return replace(entry, at_ms=0, due_ms=0)
    cron = entry.cron or job.cron
    at_ms = next_after(cron, house.zone, after_ms)
    if job.misfire == "skip":
        for _ in range(_MOST_SLOTS):
            due_ms = at_ms + jitter_ms(job, guild_id, at_ms)
            free_ms = out_of_quiet(house, due_ms)
            if free_ms == due_ms:
                return replace(entry, at_ms=at_ms, due_ms=due_ms)
            at_ms = max(next_after(cron, house.zone, at_ms), _not_before(cron, house, job, free_ms))
        return replace(entry, at_ms=0, due_ms=0)  # it is due in quiet hours only
    due_ms = out_of_quiet(house, at_ms + jitter_ms(job, guild_id, at_ms))
    return replace(entry, at_ms=at_ms, due_ms=due_ms)


def refitted(entry: Entry, job: Job, guild_id: str, house: House, now_ms: int) -> Entry:
    """The entry after something was changed. A slot whose time came, and that is only put off, stays."""
    if 0 < entry.at_ms <= now_ms and speaks(entry, job, house):
        fires_ms = entry.at_ms + jitter_ms(job, guild_id, entry.at_ms)
        due_ms = out_of_quiet(house, fires_ms)
        if due_ms == fires_ms or job.misfire != "skip":
            return replace(entry, due_ms=due_ms)
    return aimed(entry, job, guild_id, house, now_ms)


def jitter_ms(job: Job, guild_id: str, at_ms: int) -> int:
    """By how much a server's slot is put off."""
    return stable_hash("jitter", job.name, guild_id, at_ms) % int(job.jitter_s * 1000) if job.jitter_s else 0


def out_of_quiet(house: House, at_ms: int) -> int:
    """The moment, or the end of the quiet hours that it lies in."""
    quiet = house.quiet
    if quiet is None or not quiet.covers(at_ms):
        return at_ms
    end = f"{quiet.end % 60} {quiet.end // 60} * * *"
    found = next_after(end, quiet.zone, at_ms)
    while quiet.covers(found):  # an hour that is there twice is quiet twice
        found += 60_000
    return found


def stride(ignored: int) -> int:
    """Of how many slots one is run, after so many posts in a row that nobody answered."""
    return 1 << min(max(ignored - 1, 0), 3)


def take_due(state: ScheduleState, jobs: Jobs, guild_id: str, now_ms: int) -> None:
    """Claims every slot that is due: makes runs of those that are to be run, and aims the entries at their next."""
    for name, entry in state.entries.items():
        job = jobs.get(name)
        if job is None or not entry.due_ms or entry.due_ms > now_ms:
            continue
        slots, last_ms, count = _slots_due(entry, job, guild_id, state.house, now_ms)
        fired = [at_ms for at_ms in slots if not _is_missed(job, guild_id, at_ms, now_ms, state.house)]
        entry = aimed(entry, job, guild_id, state.house, last_ms)
        if len(fired) < count:
            _note_missed(state, job, guild_id, slots, count - len(fired), now_ms)
        for at_ms in fired:
            entry = _claim(state, jobs, entry, job, Slot.of(name, guild_id, at_ms), now_ms)
        # Whether the admins are told may have changed meanwhile, by runs that a slot took the place of.
        state.entries = {**state.entries, name: replace(entry, told=state.entries[name].told)}
    for reminder in state.reminders:
        if reminder.due_ms <= now_ms:
            _claim_reminder(state, reminder, now_ms)


def reaim_reminders(state: ScheduleState, now_ms: int) -> None:
    """What comes again and is not due yet goes by the clock of another time zone."""
    state.reminders = [
        replace(one, due_ms=next_after(one.cron, state.house.zone, now_ms)) if one.cron and one.due_ms > now_ms else one
        for one in state.reminders
    ]


def hand_out(state: ScheduleState, jobs: Jobs, holder: str, now_ms: int, most: int) -> list[Run]:
    """Gives `holder` what may be run now, at most so many: of each lane the first, where none is under way. What it was
    given already, since it did not hear the answer, it is given again."""
    for run in state.runs:
        if run.holder and run.lease_ms <= now_ms:
            state.put(replace(run, holder="", lease_ms=0, reason=Wording("run-died", "The process that ran it died.")))
    handed = [run for run in state.runs if run.holder == holder]
    busy = {run.lane for run in state.runs if run.holder}
    for run in sorted(state.runs, key=lambda one: one.at_ms):
        if run.holder or run.lane in busy:
            continue
        free_ms = run.retry_ms if run.manual or run.is_errand else out_of_quiet(state.house, now_ms)
        if _is_given_up(run, jobs, max(now_ms, free_ms)):
            reason = run.reason or Wording("run-missed", "It was not run in time.")
            settle(state, jobs, run, "failed", reason, now_ms)
        elif max(free_ms, run.retry_ms) > now_ms:
            state.put(replace(run, retry_ms=max(free_ms, run.retry_ms)))
        elif len(handed) < most:
            lease_ms = now_ms + _deadline_ms(run, jobs) + LEASE_EXTRA_MS
            begun_ms = run.begun_ms or now_ms
            run = replace(run, holder=holder, lease_ms=lease_ms, begun_ms=begun_ms, attempt=run.attempt + 1)
            state.put(run)
            busy.add(run.lane)
            handed.append(run)
    return handed


def settle(
    state: ScheduleState, jobs: Jobs, run: Run, outcome: Outcome, detail: str, now_ms: int, *, tokens: int = 0
) -> None:
    """Closes a run, with what came of it. The admins are told what failed, once until the job works again."""
    job = jobs.get(run.job)
    quiet = outcome == "silent" and job is not None and job.frequent and not run.manual
    state.close(run, None if quiet else ended(run, outcome, detail, now_ms, tokens=tokens))
    if run.job == REMINDER:
        return
    if run.news is not None:  # who could not be told is told of the next failure
        if outcome == "failed":
            _tell(state, run.news.job, False)
        return
    if outcome in ("posted", "silent"):
        state.runs = [one for one in state.runs if one.news is None or one.news.job != run.job]
        _tell(state, run.job, False)
    elif (outcome == "failed" or run.reason) and not state.entries.get(run.job, Entry()).told:
        seed = stable_hash(NEWS, run.id)
        news = News(run.job, bounded(detail, 300))
        state.put(Run(id=f"{seed:016x}", job=NEWS, at_ms=now_ms, claimed_ms=now_ms, seed=seed, news=news))
        _tell(state, run.job, True)


def let_pass(state: ScheduleState, jobs: Jobs, run: Run, now_ms: int) -> None:
    """Closes the run of a slot that is not used, since nobody answers."""
    frequent = run.job in jobs and jobs[run.job].frequent
    state.close(
        run,
        None
        if frequent
        else ended(run, "silent", Wording("run-unanswered", "Nobody answered its last posts."), now_ms),
    )


def end_runs(state: ScheduleState, name: str, now_ms: int, *, by_hand: bool = True) -> None:
    """Ends what is open of a job that was switched off; with `by_hand` also what somebody had run."""
    for run in state.runs:
        if run.job == name and (by_hand or not run.manual):
            _end(state, run, Wording("run-off", "It was switched off."), now_ms)


def redirect(state: ScheduleState, name: str, channel_ids: tuple[str, ...], now_ms: int) -> None:
    """Has what is open of a job go to its channels of now. What was made for others is made anew, or is ended where
    something of it may be there already."""
    for run in state.runs:
        if run.job != name:
            continue
        astray = {one.channel_id for one in (run.posts or ())[len(run.posted) :]} - {*channel_ids}
        if run.posts is None or (astray and not (run.posted or run.holder)):
            state.put(replace(run, channel_ids=channel_ids, posts=None, holder="", lease_ms=0))
        elif astray:
            _end(state, run, Wording("run-moved", "Its channels were changed."), now_ms)


def put_off(run: Run, reason: str, tokens: int, now_ms: int) -> Run:
    """The run, to be tried again: the pauses grow."""
    pause_ms = min(_FIRST_PAUSE_MS * 2 ** (run.attempt - 1), _LONGEST_PAUSE_MS)
    return replace(
        run, holder="", lease_ms=0, retry_ms=now_ms + pause_ms, reason=bounded(reason, 300), tokens=run.tokens + tokens
    )


def is_last_attempt(run: Run, jobs: Jobs, now_ms: int) -> bool:
    """Whether a run that failed now would not be tried again."""
    return _is_given_up(put_off(run, "", 0, now_ms), jobs, put_off(run, "", 0, now_ms).retry_ms)


def ended(run: Run, outcome: Outcome, detail: str, now_ms: int, *, tokens: int = 0) -> Record:
    """What is kept of a run that is over."""
    return Record(
        id=run.id,
        job=run.job,
        at_ms=run.at_ms,
        began_ms=run.claimed_ms,
        took_ms=max(0, now_ms - run.claimed_ms),
        outcome=outcome,
        detail=bounded(detail, 300),
        attempts=max(1, run.attempt),
        tokens=run.tokens + tokens,
        manual=run.manual,
        posted=run.posted,
    )


def _not_before(cron: str, house: House, job: Job, free_ms: int) -> int:
    """The first slot whose jitter, at its longest, may lead out of quiet hours that end then."""
    return next_after(cron, house.zone, free_ms - int(job.jitter_s * 1000) - 1)


def _slots_due(entry: Entry, job: Job, guild_id: str, house: House, now_ms: int) -> tuple[list[int], int, int]:
    """The last slots that are due, as many as may be run; the very last one; and how many there are."""
    keep = job.catch_up_at_most if job.misfire == "catch_up" else 1
    slots: list[int] = []
    count = 0
    for at_ms in _slots_from(entry.cron or job.cron, house.zone, entry.at_ms, now_ms):
        if count and at_ms + jitter_ms(job, guild_id, at_ms) > now_ms:
            break
        slots, count = [*slots, at_ms][-keep:], count + 1
    return slots, slots[-1], count


def _slots_from(cron: str, zone: str, first_ms: int, now_ms: int) -> Iterator[int]:
    at_ms, seen = first_ms, 0
    while at_ms <= now_ms or not seen:
        yield at_ms
        seen += 1
        # After a long time away only the last day of a frequent job is gone through.
        start_ms = max(at_ms, now_ms - DAY_MS) if seen == _MOST_SLOTS else at_ms
        at_ms = next_after(cron, zone, start_ms)


def _is_missed(job: Job, guild_id: str, at_ms: int, now_ms: int, house: House) -> bool:
    if job.misfire != "skip":
        return False
    due_ms = at_ms + jitter_ms(job, guild_id, at_ms)
    return now_ms - due_ms > GRACE_MS or out_of_quiet(house, now_ms) != now_ms


def _deadline_ms(run: Run, jobs: Jobs) -> int:
    return int((jobs[run.job].deadline_s if run.job in jobs else _ERRAND_S) * 1000)


def _end(state: ScheduleState, run: Run, why: str, now_ms: int) -> None:
    state.close(run, ended(run, "posted" if run.posted else "superseded", why, now_ms))


def _tell(state: ScheduleState, name: str, told: bool) -> None:
    entry = state.entries.get(name, Entry())
    if entry.told != told:
        state.entries = {**state.entries, name: replace(entry, told=told)}


def _note_missed(state: ScheduleState, job: Job, guild_id: str, slots: list[int], count: int, now_ms: int) -> None:
    if job.frequent:
        return
    slot = Slot(job.name, guild_id, slots[-1], stable_hash("missed", job.name, guild_id, slots[-1]))
    run = Run(id=slot.id, job=job.name, at_ms=slot.at_ms, claimed_ms=now_ms, seed=slot.seed)
    missed = Wording("run-slots-missed", "Slots that could not be run in time: {count}.", count=count)
    state.close(run, ended(run, "missed", missed, now_ms))


def _claim(state: ScheduleState, jobs: Jobs, entry: Entry, job: Job, slot: Slot, now_ms: int) -> Entry:
    """Makes a run of a slot, unless the back-off lets it pass; returns the entry as it is then."""
    if job.name in state.older:
        since_ms = now_ms - job.remembers_days * DAY_MS
        state.older = {**state.older, job.name: [one for one in state.older[job.name] if one[0] >= since_ms]}
    last = next((one.posted[0] for one in reversed(state.history.get(job.name, [])) if one.posted), None)
    judge = None if last is None or last.answered else last
    run = Run(
        id=slot.id,
        job=job.name,
        at_ms=slot.at_ms,
        claimed_ms=now_ms,
        seed=slot.seed,
        channel_ids=entry.channel_ids,
        judge=judge,
    )
    if judge is None:
        if entry.passed + 1 < stride(entry.ignored):
            let_pass(state, jobs, run, now_ms)
            return replace(entry, passed=entry.passed + 1)
        entry = replace(entry, passed=0)
    _supersede(state, jobs, job, now_ms)
    if all(run.id != one.id for one in (*state.runs, *state.history.get(job.name, ()))):
        state.put(run)
    return entry


def _supersede(state: ScheduleState, jobs: Jobs, job: Job, now_ms: int) -> None:
    """Of the runs that wait, a new one takes the place of those that the job does not keep beside it."""
    keep = job.catch_up_at_most - 1 if job.misfire == "catch_up" else 0
    waiting = [one for one in state.runs if one.job == job.name and not (one.holder or one.posted or one.manual)]
    waiting.sort(key=lambda one: one.at_ms)
    for run in waiting[: max(0, len(waiting) - keep)]:
        reason = Wording("run-later", "A later slot came first. {reason}", reason=run.reason)
        settle(state, jobs, run, "superseded", reason, now_ms)


def _claim_reminder(state: ScheduleState, reminder: Reminder, now_ms: int) -> None:
    seed = stable_hash(REMINDER, reminder.id, reminder.due_ms)
    text = f"{_BELL} <@{reminder.user_id}> {_plain(reminder.text)}"
    post = Post(channel_id=reminder.channel_id, text=text, mentions=(reminder.user_id,))
    state.put(
        Run(
            id=f"{seed:016x}",
            job=REMINDER,
            at_ms=reminder.due_ms,
            claimed_ms=now_ms,
            seed=seed,
            reminder_id=reminder.id,
            posts=(post,),
        )
    )
    rest = [one for one in state.reminders if one.id != reminder.id]
    if reminder.cron is not None:
        rest.append(replace(reminder, due_ms=next_after(reminder.cron, state.house.zone, now_ms)))
    state.reminders = rest


def _plain(text: str) -> str:
    """A member's text as the bot says it: without markdown, but for links as they stand."""
    words = _WORD.findall(text)
    return "".join(one if one.startswith(("https://", "http://")) else _MARKDOWN.sub(r"\\\1", one) for one in words)


def _is_given_up(run: Run, jobs: Jobs, at_ms: int) -> bool:
    job = jobs.get(run.job)
    if job is None and not run.is_errand:
        return True
    if not (run.manual or (job is not None and job.misfire == "skip")):
        return at_ms - run.claimed_ms > LONGEST_RETRY_MS
    if not run.begun_ms:
        return at_ms - run.claimed_ms > LONGEST_WAIT_MS
    return at_ms - run.begun_ms > GRACE_MS + _deadline_ms(run, jobs)
