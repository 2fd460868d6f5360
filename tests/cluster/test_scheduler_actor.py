"""The scheduler in a real Ray cluster: runs are tasks, and neither kill -9 nor a second start makes one run twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.schedule import KIND, Edit
from actors.schedule_state import ScheduleDocument
from actors.scheduler_actor import RemoteScheduler, SchedulerSpec, start_scheduler, stop_scheduler
from actors.virtual import HostSpec, start_hosts
from bot.index import DatabaseIndex
from tests.support.eventually import eventually
from tests.support.scheduled import build, run

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("ray_cluster")]
G = "600"


async def test_runs_are_tasks_and_fire_once_whoever_is_killed(
    database_uri: str, database_name: str, tmp_path: Path
) -> None:
    space = f"test-{database_name}"
    spec = HostSpec(database_uri=database_uri, database=database_name, documents=(ScheduleDocument,), build=build)
    actors = start_hosts(1, spec, namespace=space)
    index = DatabaseIndex(database_uri, database_name)
    scheduler = SchedulerSpec(actors=actors, index=index, run=partial(run, actors, tmp_path))
    handle: Any = start_scheduler(scheduler, namespace=space)
    remote = RemoteScheduler(space)

    def posts() -> Counter[str]:
        return Counter(one.name.split("--")[0] for one in tmp_path.iterdir())

    def pids() -> set[str]:
        return {one.name.split("--")[1].split("-")[0] for one in tmp_path.iterdir()}

    async def posted(count: int) -> bool:
        return sum(posts().values()) >= count

    async def under_way(count: int) -> bool:
        return bool((await handle.health.remote()).running == count)

    async def ready() -> bool:
        return bool((await handle.health.remote()).state == "ready")

    try:
        await eventually(ready, 60)
        assert ray.get_actor("troupe-scheduler", space)
        # By hand, and woken at once.
        await actors.call(KIND, G, "run_now", "said", "1")
        await remote.wake(G)
        await eventually(lambda: posted(1), 60)
        assert not pids() & {str(os.getpid()), str((await handle.health.remote()).pid)}
        # A run that is under way is ended by a pause.
        await eventually(lambda: under_way(0), 60)
        await actors.call(KIND, G, "run_now", "endless", "2")
        await remote.wake(G)
        await eventually(lambda: under_way(1), 60)
        await actors.call(KIND, G, "edit", "endless", Edit(paused=True))
        await remote.wake(G)
        await eventually(lambda: under_way(0), 60)
        # Every minute, with the scheduler killed within the first run.
        await actors.call(KIND, G, "edit", "said", Edit(on=True))
        await remote.wake(G)
        pid = (await handle.health.remote()).pid
        await asyncio.sleep(60 - time.time() % 60 + 0.5)
        os.kill(pid, signal.SIGKILL)
        await eventually(ready, 60)
        assert (await handle.health.remote()).pid != pid
        await eventually(lambda: posted(3), 150)
        assert set(posts().values()) == {1}
    finally:
        stop_scheduler(namespace=space)
        actors.stop()
        await index.close()
