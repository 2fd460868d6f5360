"""A run, from its slot to the message in the channel: make, keep, send, tell.

Whatever is sent was kept before, so that another attempt sends the same; what was sent is known by its message id, and
an attempt that may have been interrupted first looks whether its post stands there already.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from actors.schedule import KIND, Done, Settled
from actors.schedule_state import REMINDER, Run
from actors.virtual import Calls
from core.errors import RequestError, TroupeError
from core.wording import Wording
from schedules.catalog import Jobs
from schedules.job import Post, Posted, Silence, Slot, World, stable_hash

log = logging.getLogger(__name__)

_REMINDER_S = 60.0
_DISCORD_EPOCH_MS = 1_420_070_400_000
_FRESH_MS = 300_000  # for so long a post that tells of people is sent as it was made
_MOST_DEFECTS = 3  # attempts that end in an error of ours, before a run is given up


class Outlet(Protocol):
    """Where posts go. Every method raises Unavailable where Discord or the bot is away, RequestError where it
    refuses."""

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """Sends a post; the id of its message, empty where it is not wanted any more. With `look` it first looks
        whether it stands there since then. The same `nonce` does not send twice. A RequestError of the field `guild`
        means that the bot is not on that server."""
        ...

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """The id of the message that is this post, where it stands since then; else empty."""
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

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """Tells a member alone what could not be posted; the same `nonce` once."""
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
            if error.field == "guild":
                await self.actors.call(KIND, guild_id, "leave")
                return Settled(0)
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
        posts = run.posts if await self._is_fresh(guild_id, run) else None
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
        return await self._send(guild_id, run, holder, posts)

    async def _is_fresh(self, guild_id: str, run: Run) -> bool:
        """Whether what was made is still to be sent as it is. What people said may be deleted by now, or they want
        nothing of theirs told any more; but nothing is made anew that may stand in its channel."""
        posts = run.posts or ()
        if run.posted or not any(post.about for post in posts) or self.now_ms() - run.made_ms <= _FRESH_MS:
            return True
        found = [await self.outlet.standing(guild_id, post, run.claimed_ms) for post in posts]
        return any(found)

    async def _send(self, guild_id: str, run: Run, holder: str, posts: tuple[Post, ...]) -> Done | None:
        """Sends what does not stand yet. A channel that refuses its posts keeps none from another."""
        ask, outlet = self.actors.call, self.outlet
        posted, last = list(run.posted), None
        stand = Counter(one.channel_id for one in posted)  # in each channel they are sent in turn
        refused: dict[str, str] = {}
        for number, post in enumerate(posts):
            if stand[post.channel_id]:
                stand[post.channel_id] -= 1
                continue
            if post.channel_id in refused:
                continue
            first = next((one for one in posted if one.channel_id == post.channel_id), None)
            try:
                if posted:
                    await asyncio.sleep(post.pause_s)
                since = first.message_id if first else _id_of(run.made_ms) if run.made_ms else ""
                if post.yields and since and await outlet.heard(guild_id, post.channel_id, since):
                    spoke = Wording("run-spoke", "People spoke, so it was left out.")
                    return Done(outcome="posted" if posted else "silent", detail=spoke)
                asked = (f"{run.id}-{number}", run.claimed_ms, run.attempt > 1)
                message_id = await outlet.deliver(guild_id, post, *asked)
            except RequestError as error:
                if error.field == "guild":
                    raise
                refused[post.channel_id] = error.message
                continue
            if not message_id:
                continue
            posted.append(_receipt(post, message_id, self.now_ms()))
            if number + 1 == len(posts):
                last = posted[-1]
            elif not await ask(KIND, guild_id, "delivered", run.id, holder, posted[-1]):
                return None
        if refused and run.job == REMINDER:
            return await self._whispered(guild_id, run, posts[0], refused[posts[0].channel_id])
        if refused:
            reasons = list(dict.fromkeys(refused.values()))
            detail = " ".join(reasons) if len(reasons) > 1 else reasons[0]  # one keeps its translation
            return Done(outcome="failed", detail=detail, final=True, posted=last)
        if not posted:
            return Done(outcome="silent", detail=Wording("run-unwanted", "It was not wanted any more."))
        return Done(outcome="posted", posted=last)

    async def _whispered(self, guild_id: str, run: Run, post: Post, reason: str) -> Done:
        """A reminder that cannot be brought where it was wanted reaches its member all the same, if they let it."""
        try:
            await self.outlet.whisper(guild_id, post.mentions[0], post.text, run.id)
        except RequestError as error:
            return Done(outcome="failed", detail=f"{reason} {error.message}", final=True)
        return Done(outcome="posted", detail=reason)


def _id_of(at_ms: int) -> str:
    """The id that Discord would give a message at that time."""
    return str(max(0, at_ms - _DISCORD_EPOCH_MS) << 22)


def _receipt(post: Post, message_id: str, at_ms: int) -> Posted:
    return Posted(
        at_ms=at_ms,
        channel_id=post.channel_id,
        message_id=message_id,
        fingerprint=post.fingerprint or f"{stable_hash(post.text):016x}",
    )
