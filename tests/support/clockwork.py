"""A year in a minute: an event loop whose time leaps to the next timer, and many servers' schedules without a database
on it, with a scheduler that can be killed and a Discord that can be away."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.schedule import KIND, Edit, ScheduleActor
from actors.schedule_state import ScheduleDocument
from actors.scheduler import Scheduler
from actors.virtual import LocalVirtualActors
from core.errors import DeadlineExceeded, RequestError, StaleRevision, Unavailable
from schedules.catalog import Jobs
from schedules.job import Post, Slot, World
from schedules.running import Runner

T = TypeVar("T")


class LeapingLoop(asyncio.SelectorEventLoop):
    """Where nothing is ready, its clock leaps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._leapt = 0.0
        super().__init__(_Leaping(self))
        # After some months a float knows no nanoseconds any more, which asyncio would wait for.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Seconds since it was made."""
        return self._leapt


class _Leaping(selectors.DefaultSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout:
            self._loop._leapt += timeout
        return super().select(0)


def leap_through(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs `work` on a leaping loop of its own."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work())


class Shelf:
    """Documents as the database holds them, with the guard of their revisions."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[bytes, int]] = {}
        self.next: dict[str, int] = {}

    async def load(self, key: str, **_: Any) -> ScheduleDocument:
        """Takes the place of what the database gives."""
        content, rev = self.rows.get(key, (b"", 0))
        return ScheduleDocument.decoded(content, rev) if rev else ScheduleDocument(id=key)

    async def write(self, document: ScheduleDocument, content: bytes, rev: int) -> None:
        """Takes the place of what a document does to be written."""
        if self.rows.get(document.id, (b"", 0))[1] != document.rev:
            raise StaleRevision(f"{document.id} is no longer at revision {document.rev}.")
        self.rows[document.id] = (content, rev)
        self.next[document.id] = document.next_ms

    async def due_times(self, after: str = "") -> list[tuple[str, int]]:
        """See DueIndex."""
        return [(key, at_ms) for key, at_ms in sorted(self.next.items()) if at_ms and key > after][:50]

    async def due_before(self, before_ms: int) -> list[tuple[str, int]]:
        """See DueIndex."""
        return sorted([one for one in self.next.items() if 0 < one[1] < before_ms], key=lambda one: one[1])


class Process(LocalVirtualActors):
    """The actors of a process. A write that came too late is asked again, as VirtualActors does it. Of the methods in
    `loses` the next answer is lost, each time one is named there; every call takes `takes_s`."""

    def __init__(self, host: VirtualHost, *, timeout_s: float) -> None:
        super().__init__(host, timeout_s=timeout_s)
        self.loses: list[str] = []
        self.takes_s = 0.0

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        while True:
            try:
                answer = await super().call(kind, key, method, *args, timeout_s=timeout_s)
            except StaleRevision:
                await asyncio.sleep(0.01)
                continue
            if self.takes_s:
                await asyncio.sleep(self.takes_s)
            if method in self.loses:
                self.loses.remove(method)
                raise DeadlineExceeded("The answer was lost.")
            return answer


@dataclass
class FakeDiscord:
    """Messages by their texts. While it is `away` it refuses; `loses` is how often, of all sends, the answer is lost
    although the message stands there."""

    now_ms: Callable[[], int]
    rng: random.Random
    away: bool = False
    loses: float = 0.0
    sending: asyncio.Event = field(default_factory=asyncio.Event)
    messages: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # by channel: text, when
    told: list[tuple[str, str, str]] = field(default_factory=list)
    deserted: set[str] = field(default_factory=set)  # channels in which nobody answers
    lively: set[str] = field(default_factory=set)  # channels in which people talk
    closed: set[str] = field(default_factory=set)  # people who take no direct messages
    gone: set[str] = field(default_factory=set)  # channels that were deleted
    left: set[str] = field(default_factory=set)  # servers that the bot is not on any more
    refusals: int = 0

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """See Outlet."""
        self.sending.set()
        await asyncio.sleep(0.2)
        if self.away:
            raise Unavailable("Discord does not answer.", component="discord")
        if guild_id in self.left or post.channel_id in self.gone:
            self.refusals += 1
            field = "guild" if guild_id in self.left else "channel"
            raise RequestError(f"{post.channel_id} is gone.", field=field)
        if look:
            for text, at_ms in reversed(self.messages.get(post.channel_id, [])):
                if at_ms < since_ms:
                    break
                if text == post.text:
                    return f"{post.channel_id}-{at_ms}"
        self.messages.setdefault(post.channel_id, []).append((post.text, self.now_ms()))
        number = f"{post.channel_id}-{self.now_ms()}"
        if self.rng.random() < self.loses:
            raise Unavailable("The answer was lost.", component="discord")
        await asyncio.sleep(0.1)
        return number

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """See Outlet."""
        if self.away:
            raise Unavailable("Discord does not answer.", component="discord")
        known = self.messages.get(post.channel_id, [])
        return next((f"{post.channel_id}-{at}" for text, at in known if text == post.text and at >= since_ms), "")

    async def answered(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Outlet."""
        return channel_id not in self.deserted

    async def heard(self, guild_id: str, channel_id: str, message_id: str) -> bool:
        """See Outlet."""
        return channel_id in self.lively

    async def tell(self, guild_id: str, job: str, reason: str) -> None:
        """See Outlet."""
        if self.away:
            raise Unavailable("Discord does not answer.", component="discord")
        self.told.append((guild_id, job, reason))

    async def whisper(self, guild_id: str, user_id: str, text: str, nonce: str) -> None:
        """See Outlet."""
        if user_id in self.closed:
            raise RequestError("They take no direct messages.", field="user")
        self.messages.setdefault(f"@{user_id}", []).append((text, self.now_ms()))

    def counted(self) -> Counter[str]:
        """How often each text was posted."""
        return Counter(text for channel in self.messages.values() for text, _ in channel)


@dataclass(frozen=True)
class NoWorld:
    """The jobs here make their posts of their slots alone, and of the channels of the run."""

    channel_ids: tuple[str, ...] = ()
    tokens: int = 7


async def said(slot: Slot, world: World) -> Post:
    """Posts which slot it is, in the server's own channel."""
    return Post(channel_id=slot.guild_id, text=f"{slot.job} {slot.guild_id} {slot.at_ms}")


@dataclass
class Town:
    """Servers with their schedules, from `start_ms` on."""

    jobs: Jobs
    settings: dict[str, GuildSettings]
    start_ms: int
    seed: int = 7
    shelf: Shelf = field(default_factory=Shelf)
    at_once: int = 64
    deaths: int = 0
    schedulers: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.discord = FakeDiscord(self.now_ms, self.rng)
        self.hosts = [self.process()]

    def rehost(self, host: int = 0) -> None:
        """A host process died: its actors forget everything, and load it again."""
        self.hosts[host] = self.process()

    def now_ms(self) -> int:
        """The time on the loop that leaps."""
        return self.start_ms + round(asyncio.get_running_loop().time() * 1000)

    def process(self) -> Process:
        """A host process with nothing in memory."""

        async def read(guild_id: str) -> GuildSettings:
            return self.settings[guild_id]

        return Process(
            VirtualHost(
                {KIND: lambda key: ScheduleActor(key, jobs=self.jobs, settings=read, now_ms=self.now_ms)}, idle_s=1e12
            ),
            timeout_s=3600,
        )

    def scheduler(self, host: int = 0) -> Scheduler:
        """A scheduler over the actors of a host."""
        actors = self.hosts[host]
        runner = Runner(actors, self.jobs, lambda guild_id, run: NoWorld(run.channel_ids), self.discord, self.now_ms)  # type: ignore[arg-type, return-value]
        return Scheduler(actors, self.shelf, runner.run, at_once=self.at_once, now_ms=self.now_ms, look_every_s=21_600)

    def start(self, host: int = 0) -> asyncio.Task[None]:
        """Has a scheduler run."""
        self.latest = self.scheduler(host)
        task = asyncio.create_task(self.latest.run())
        self.schedulers.append(task)
        return task

    async def kill(self, task: asyncio.Task[None]) -> None:
        """The process of a scheduler is gone, with all that it ran, and with it the actors' memory."""
        self.deaths += 1
        self.schedulers.remove(task)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def kill_busy(self, tasks: list[asyncio.Task[None]]) -> None:
        """Kills a scheduler of `tasks` just after the next posts were begun, and its actors' memory with it; another
        one is there within a minute."""
        index = self.rng.randrange(len(tasks))
        self.discord.sending.clear()
        await self.discord.sending.wait()
        await asyncio.sleep(self.rng.choice((0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35)))
        await self.kill(tasks[index])
        self.rehost(index)
        await asyncio.sleep(self.rng.uniform(0, 60))
        tasks[index] = self.start(index)

    async def close(self) -> None:
        """Everything ends."""
        for task in list(self.schedulers):
            await self.kill(task)

    async def switch_on(self, guild_id: str, job: str, cron: str | None = None) -> None:
        """Has a server wish for a job."""
        await self.hosts[0].call(KIND, guild_id, "edit", job, Edit(on=True, cron=cron))

    async def ask(self, guild_id: str, method: str, *args: Any) -> Any:
        """Asks a server's schedule."""
        return await self.hosts[0].call(KIND, guild_id, method, *args)

    async def change(self, guild_id: str, method: str, *args: Any) -> None:
        """Changes a server's schedule, and wakes the scheduler that was started last."""
        await self.ask(guild_id, method, *args)
        self.latest.wake(guild_id)

    def said(self, guild_id: str) -> list[tuple[str, str]]:
        """What was posted in a server's channel: the text's first word, and when, by the clock of UTC."""
        return [
            (text.split()[0], datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%d %H:%M"))
            for text, at_ms in self.discord.messages.get(guild_id, [])
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
