"""The Ray shell around the scheduler: one named process that Ray starts again, and a Ray task for each run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from actors.schedule import Settled
from actors.schedule_state import Run
from actors.scheduler import DueIndex, Scheduler, SchedulerHealth
from actors.virtual import NAMESPACE, Actors
from core.errors import DeadlineExceeded, TroupeError, Unavailable

NAME = "troupe-scheduler"
COMPONENT = "scheduler"
_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSpec:
    """All that the scheduler is given; it is pickled, and small for that. `run` makes and delivers what was claimed, in
    a process of its own; `at_once` of those there are at most."""

    actors: Actors
    index: DueIndex
    run: Callable[[str, Run, str], Awaitable[Settled]]
    at_once: int = 4
    log_level: str = "INFO"


class SchedulerActor:
    """Its constructor begins, so a restart by Ray needs nobody to bring the scheduler back."""

    def __init__(self, spec: SchedulerSpec) -> None:
        logging.basicConfig(level=spec.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        self._spec = spec
        self._scheduler = Scheduler(spec.actors, spec.index, self._launch, at_once=spec.at_once)
        self._running = asyncio.get_running_loop().create_task(self._scheduler.run())

    async def health(self) -> SchedulerHealth:
        """See Scheduler.health."""
        return self._scheduler.health()

    async def wake(self, guild_id: str) -> None:
        """See Scheduler.wake."""
        self._scheduler.wake(guild_id)

    async def servers(self) -> list[tuple[str, int]]:
        """See Scheduler.servers."""
        return self._scheduler.servers()

    async def _launch(self, guild_id: str, run: Run, holder: str) -> Settled:
        left_s = max(1.0, run.lease_ms / 1000 - time.time())
        task = _run.remote(self._spec.run, guild_id, run, holder, self._spec.log_level)
        try:
            async with asyncio.timeout(left_s):
                settled: Settled = await task
                return settled
        except TimeoutError:
            ray.cancel(task, force=True)
            raise DeadlineExceeded(f"The run did not end within {left_s:.0f} s.") from None
        except asyncio.CancelledError:
            ray.cancel(task, force=True)
            raise
        except RayTaskError as error:
            raise error.cause if isinstance(error.cause, TroupeError) else error from None
        except RayError as error:
            raise Unavailable(f"The process of the run died: {type(error).__name__}.", component=COMPONENT) from None


@dataclass(frozen=True, slots=True)
class RemoteScheduler:
    """The scheduler as other processes reach it. Cheap to pickle. Raises Unavailable where it does not answer."""

    namespace: str = NAMESPACE

    async def wake(self, guild_id: str) -> None:
        """See Scheduler.wake."""
        await self._ask("wake", guild_id)

    async def servers(self) -> list[tuple[str, int]]:
        """See Scheduler.servers."""
        found: list[tuple[str, int]] = await self._ask("servers")
        return found

    async def _ask(self, method: str, *args: Any) -> Any:
        try:
            async with asyncio.timeout(_WITHIN_S):
                handle = await asyncio.to_thread(ray.get_actor, NAME, self.namespace)
                return await getattr(handle, method).remote(*args)
        except (RayError, ValueError, TimeoutError) as error:
            raise Unavailable(f"The scheduler does not answer: {error}", component=COMPONENT) from None


def start_scheduler(spec: SchedulerSpec, *, namespace: str = NAMESPACE) -> Any:
    """Starts the scheduler's process, detached, and returns its Ray handle; one that is there already is kept."""
    actor = ray.remote(SchedulerActor).options(
        name=NAME,
        namespace=namespace,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=-1,
        max_concurrency=1_000,
        num_cpus=0,
    )
    return actor.remote(spec)


def stop_scheduler(*, namespace: str = NAMESPACE) -> None:
    """Ends it for good. What it ran is handed out again by the next one. Fine if there is none."""
    try:
        ray.kill(ray.get_actor(NAME, namespace), no_restart=True)
    except ValueError:
        return


@ray.remote(num_cpus=0, max_retries=0)  # type: ignore[untyped-decorator]
def _run(
    run_claimed: Callable[[str, Run, str], Awaitable[Settled]], guild_id: str, run: Run, holder: str, log_level: str
) -> Settled:
    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def ran() -> Settled:
        return await run_claimed(guild_id, run, holder)

    return asyncio.run(ran())
