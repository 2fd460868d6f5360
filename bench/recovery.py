"""Kills a process of a running Troupe under a steady load and watches it recover: `python -m bench.recovery`.

A person mentions the bot five times a second, and each message is answered by itself (JOIN_BURSTS=false). One process
is killed with kill -9. Counted is how many messages got exactly one answer, and measured how long it took until the
first message written after the kill was answered. The baseline is the median time to an answer before the kill.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.report import percentile, report
from bench.system import System
from deploy.run_file import members
from local_discord.client import Human

PER_SECOND = 5
CHANNELS = 5
LOAD_S = 24.0
KILL_AFTER_S = 5.0
SETTLE_S = 90.0
HEAL_S = 120.0

Match = Callable[[psutil.Process], bool]


def _titled(text: str) -> Match:
    return lambda process: text in " ".join(process.cmdline())


VICTIMS: dict[str, Match] = {
    "llm_replica": _titled("ServeReplica:llm"),
    "engine_core": _titled("VLLM::EngineCore"),
    "actor_host": _titled("HostActor"),
    "gateway": _titled("GatewayActor"),
    "database": _titled("nx_27017"),
}


@dataclass(kw_only=True)
class Outcome:
    """What one kill did. `sent` are the ids of the messages; `posted` the bot's messages per channel, oldest first.

    `recovery_s` is the time from the kill to the first answer to a message written after it, `usual_s` the median time
    to an answer before it.
    """

    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    posted: dict[str, list[str]] = field(default_factory=dict)
    recovery_s: float = 0.0
    usual_s: float = 0.0

    @property
    def answered_once(self) -> float:
        """Share of the messages that have exactly one answer, judged per channel."""
        good = sum(min(len(ids), len(self.posted[channel])) for channel, ids in self.sent.items())
        doubled = sum(max(0, len(self.posted[channel]) - len(ids)) for channel, ids in self.sent.items())
        return (good - doubled) / sum(len(ids) for ids in self.sent.values())


class Asker(Human):
    """The server owner, who may make channels; asks steadily and notes when each channel answers."""

    def __init__(self, seed: dict[str, Any], username: str) -> None:
        super().__init__(seed, username)
        self.times: list[tuple[float, float]] = []  # of each answer: when it was asked for, when it came
        self._waiting: dict[str, deque[float]] = defaultdict(deque)

    async def _hear(self, payload: dict[str, Any]) -> None:
        data = payload["d"]
        if payload["t"] == "MESSAGE_CREATE":
            waiting = self._waiting[data["channel_id"]]
            if data["author"]["id"] == self.id:
                waiting.append(time.monotonic())
            elif data["author"].get("bot") and waiting:
                self.times.append((waiting.popleft(), time.monotonic()))
        await super()._hear(payload)

    async def new_channels(self, prefix: str) -> list[str]:
        """Ids of fresh channels, so that what is counted in them is this run's."""
        path = f"/guilds/{self.ready['guilds'][0]['id']}/channels"
        made = [await self.request("POST", path, {"name": f"{prefix}-{i}", "type": 0}) for i in range(CHANNELS)]
        return [channel["id"] for channel in made]

    async def ask_steadily(self, channels: list[str]) -> dict[str, list[str]]:
        """Mentions the bot PER_SECOND times a second for LOAD_S, round-robin. Returns message ids per channel."""
        begun = time.monotonic()
        sent: dict[str, list[str]] = defaultdict(list)
        for number in range(int(LOAD_S * PER_SECOND)):
            await asyncio.sleep(max(0.0, begun + number / PER_SECOND - time.monotonic()))
            channel = channels[number % len(channels)]
            message = await self.send(channel, f"<@{self.bot_id}> question {number}: how are you?")
            sent[channel].append(message["id"])
        return sent

    async def replies_in(self, channel: str) -> list[str]:
        """Ids of what the bot posted in a channel, under whatever name, oldest first."""
        found: list[str] = []
        before: dict[str, str] = {}
        while page := await self.history(channel, 100, **before):
            found += [message["id"] for message in page if message["author"].get("bot")]
            before = {"before": page[-1]["id"]}
        return found[::-1]


def find(data_dir: Path, match: Match) -> psutil.Process | None:
    """The first process of the system that matches."""
    for process in members(data_dir):
        try:
            if match(process):
                return process
        except psutil.NoSuchProcess:
            continue
    return None


async def whole(system: System, victim: str) -> None:
    """Waits until the system is ready and `victim` runs: answers may come before a model that was killed is back.

    Raises TimeoutError after HEAL_S.
    """
    deadline = time.monotonic() + HEAL_S

    def is_whole() -> bool:
        return system.ready() and find(system.data_dir, VICTIMS[victim]) is not None

    while not await asyncio.to_thread(is_whole):
        if time.monotonic() > deadline:
            raise TimeoutError(f"there was no ready system with its {victim} within {HEAL_S:.0f} s")
        await asyncio.sleep(0.5)


async def survive(system: System, victim: str) -> Outcome:
    """Kills `victim` (of VICTIMS) with kill -9 under load.

    Returns once all is answered, or SETTLE_S after the load. Raises TimeoutError where the system was not whole within
    HEAL_S, and LookupError where the victim is gone when its time comes.
    """
    await whole(system, victim)
    async with await Asker.connect(system.seed(), "ada") as human:
        channels = await human.new_channels(victim.replace("_", "-"))
        outcome = Outcome()
        load = asyncio.create_task(human.ask_steadily(channels))
        await asyncio.sleep(KILL_AFTER_S)
        killed_at = time.monotonic()
        process = await asyncio.to_thread(find, system.data_dir, VICTIMS[victim])
        if process is None:
            raise LookupError(f"no {victim} runs")
        process.kill()
        outcome.sent = await load

        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            outcome.posted = {channel: await human.replies_in(channel) for channel in channels}
            if all(len(outcome.posted[channel]) >= len(ids) for channel, ids in outcome.sent.items()):
                break
            await asyncio.sleep(1)
        await asyncio.sleep(3)  # a second answer to something would come about now
        outcome.posted = {channel: await human.replies_in(channel) for channel in channels}

        before = [came - asked for asked, came in human.times if came < killed_at]
        outcome.usual_s = percentile(before, 0.5) if before else 0.0
        after = [came for asked, came in human.times if asked > killed_at]
        outcome.recovery_s = min(after) - killed_at if after else SETTLE_S
        return outcome


def main() -> None:
    """Runs the bench."""
    with tempfile.TemporaryDirectory() as folder, System(Path(folder) / "data", JOIN_BURSTS="false") as system:
        for victim in VICTIMS:
            outcome = asyncio.run(survive(system, victim))
            report(f"recovery_of_{victim}", outcome.recovery_s, "s", baseline=outcome.usual_s)
            report(f"answered_once_with_{victim}_killed", outcome.answered_once, "share", baseline=1.0)


if __name__ == "__main__":
    main()
