"""What a host and a scheduler in a real cluster are made of: one job, and a folder that stands for Discord."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from actors.guild_settings import GuildSettings
from actors.host import ActorFactory
from actors.schedule import KIND, ScheduleActor, Settled
from actors.schedule_state import Run
from actors.virtual import Actors
from schedules.job import Job, Made, Post, Slot, World
from schedules.running import Runner


async def said(slot: Slot, world: World) -> Made:
    """Posts which slot it is, after a while in which it can be killed."""
    await asyncio.sleep(1.0)
    return Post(channel_id=slot.guild_id, text=f"{slot.job}-{slot.at_ms}")


async def endless(slot: Slot, world: World) -> Made:
    """Never ends by itself."""
    await asyncio.sleep(3600)
    return ()


JOBS = MappingProxyType(
    {
        "said": Job(name="said", title="", cron="* * * * *", make=said, misfire="run_once", deadline_s=10.0),
        "endless": Job(name="endless", title="", cron="0 0 1 1 *", make=endless, deadline_s=600.0),
    }
)


def build() -> Mapping[str, ActorFactory]:
    """The kinds of a host."""

    async def settings(guild_id: str) -> GuildSettings:
        return GuildSettings()

    return {KIND: partial(ScheduleActor, jobs=JOBS, settings=settings)}


@dataclass(frozen=True, slots=True)
class FolderOutlet:
    """A message is a file, which can be there once."""

    folder: Path

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """See Outlet."""
        name = f"{post.text}--{os.getpid()}-{nonce}"
        known = [one.name for one in self.folder.iterdir() if one.name.startswith(f"{post.text}--")]
        if look and known:
            return known[0]
        (self.folder / name).touch()
        return name

    async def standing(self, *_: Any) -> str:
        """See Outlet."""
        return ""

    async def answered(self, *_: Any) -> bool:
        """See Outlet."""
        return True

    async def heard(self, *_: Any) -> bool:
        """See Outlet."""
        return False

    async def whisper(self, *_: Any) -> None:
        """See Outlet."""

    async def tell(self, *_: Any) -> None:
        """See Outlet."""


class NoWorld:
    """The jobs here ask it for nothing."""

    tokens = 0


async def run(actors: Actors, folder: Path, guild_id: str, run: Run, holder: str) -> Settled:
    """Runs what was claimed, in a process of its own."""
    world: Any = NoWorld()
    return await Runner(actors, JOBS, lambda *_: world, FolderOutlet(folder)).run(guild_id, run, holder)
