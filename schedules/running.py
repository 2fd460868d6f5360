"""A run, from its slot to the message in the channel: make, keep, send, tell.

Whatever is sent was kept before, so that another attempt sends the same; what was sent is known by its message id, and
an attempt that may have been interrupted first looks whether its post stands there already.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from actors.schedule import KIND, Done, Settled
from actors.schedule_state import Run
from actors.virtual import Calls
from core.errors import RequestError, TroupeError
from core.wording import Wording
from schedules.catalog import Jobs
from schedules.job import Post, Posted, Silence, Slot, World, stable_hash

log = logging.getLogger(__name__)

_REMINDER_S = 60.0
_MOST_DEFECTS = 3  # attempts that end in an error of ours, before a run is given up


class Outlet(Protocol):
    """Where posts go. Every method raises Unavailable where Discord or the bot is away, RequestError where it
    refuses."""

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """Sends a post; the id of its message. With `look` it first looks whether it stands there since then. The
        same `nonce` does not send twice."""
        ...

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether anybody answered a post, or reacted to it."""
        ...

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """Whether a person has said something in the channel since a post."""
        ...

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """Tells those who run a server that a job fails there."""
        ...


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs what was claimed. `world` makes the world of a run on a server; `now_ms` is the clock."""

    actors: Calls
    jobs: Jobs
    world: Callable[[str, Run], World]
    outlet: Outlet
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    async def run(self, guild_id: str, run: Run, holder: str) -> Settled:
        """Makes and delivers what `holder` was given to run, and tells the schedule actor how that ended. Raises
        TroupeError where that one cannot be told; another attempt will be made then."""
        job = self.jobs.get(run.job)
        deadline_s = job.deadline_s if job else _REMINDER_S
        world = self.world(guild_id, run) if job else None
        try:
            async with asyncio.timeout(deadline_s):
                done = await self._attempt(guild_id, run, holder, world)
        except TimeoutError:
            late = Wording("run-late", "It took longer than the {seconds} s it may take.", seconds=f"{deadline_s:.0f}")
            done = Done(outcome="failed", detail=late)
        except RequestError as error:
            done = Done(outcome="failed", detail=error.message, final=True)
        except TroupeError as error:
            done = Done(outcome="failed", detail=error.message)
        except Exception as error:
            log.exception("[JOB] %s on %s failed", run.job, guild_id)
            detail = f"A defect of this program: {type(error).__name__}: {error}"
            done = Done(outcome="failed", detail=detail, final=run.attempt >= _MOST_DEFECTS)
        if done is None:  # nobody answers, or the run is somebody else's by now
            return Settled(await self.actors.call(KIND, guild_id, "resettle"))
        tokens = world.tokens if world is not None else 0
        settled: Settled = await self.actors.call(KIND, guild_id, "done", run.id, holder, replace(done, tokens=tokens))
        log.info("[JOB] %s on %s: %s %s", run.job, guild_id, done.outcome, done.detail)
        return settled

    async def _attempt(self, guild_id: str, run: Run, holder: str, world: World | None) -> Done | None:
        ask, outlet = self.actors.call, self.outlet
        if run.news is not None:
            await outlet.tell(guild_id, run.news.job, run.news.reason)
            return Done(outcome="posted")
        if run.judge is not None:
            answered = await outlet.answered(guild_id, run.judge.channel_id, run.judge.message_id)
            if not await ask(KIND, guild_id, "judge", run.id, holder, answered):
                return None
        posts = run.posts
        if posts is None:
            if world is None:
                raise RequestError(f"There is no job {run.job!r} any more.", field="job")
            made = await self.jobs[run.job].make(Slot(run.job, guild_id, run.at_ms, run.seed), world)
            if isinstance(made, Silence):
                return Done(outcome="silent", detail=made.reason, until_ms=made.until_ms)
            posts = (made,) if isinstance(made, Post) else made
            if not posts:
                return Done(outcome="silent", detail=Wording("run-nothing", "There was nothing to say."))
            if not await ask(KIND, guild_id, "made", run.id, holder, posts):
                return None
        posted = list(run.posted)
        for number in range(len(posted), len(posts)):
            post = posts[number]
            if posted:
                await asyncio.sleep(post.pause_s)
                if post.yields and await outlet.heard(guild_id, post.channel_id, posted[0].message_id):
                    return Done(outcome="posted", detail="People spoke, so the rest was left out.")
            message_id = await outlet.deliver(guild_id, post, f"{run.id}-{number}", run.claimed_ms, run.attempt > 1)
            posted.append(_receipt(post, message_id, self.now_ms()))
            if number + 1 < len(posts) and not await ask(KIND, guild_id, "delivered", run.id, holder, posted[-1]):
                return None
        return Done(outcome="posted", posted=posted[-1] if len(posted) > len(run.posted) else None)


def _receipt(post: Post, message_id: str, at_ms: int) -> Posted:
    return Posted(
        at_ms=at_ms,
        channel_id=post.channel_id,
        message_id=message_id,
        fingerprint=post.fingerprint or f"{stable_hash(post.text):016x}",
    )
