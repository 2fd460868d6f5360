"""From the gateway event to the bot's first outgoing request: `python -m bench.turn_overhead`.

A person writes mentions into 50 channels at 1, 20 and 100 messages a second. Measured is the time from the moment this
person's own connection is told of the message to the moment it is told of the bot's first reaction in that channel
(typing or a post): both travel the same way, so the local Discord's own share cancels out. The model answers at once;
memory, routing and retrieval are the real ones. The baseline is a bare discord.py echo bot on the same server.
`cpu_per_turn` is the processor time of every process beside this one, the local Discord and what runs idle included.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

from bench.bare_bot import bare_bot
from bench.instant_model import InstantModel
from bench.processor_time import ProcessorTime
from bench.report import percentile, report
from bench.system import System
from local_discord.client import Human

CHANNELS = 50
RATES = (1, 20, 100)
SETTLE_S = 10.0


class Stopwatch(Human):
    """A person who notes when it hears of its own messages and of the bot's first reaction to each.

    Within a channel, reactions are taken to be in the order of the messages.
    """

    def __init__(self, seed: dict[str, Any], username: str) -> None:
        super().__init__(seed, username)
        self.asked = 0
        self.delays_ms: list[float] = []
        self.answered = 0
        self.cpu_ms = 0.0  # of all processes, for each message
        self._waiting: dict[str, deque[list[float]]] = defaultdict(deque)  # per channel: [asked at, reacted]

    async def _hear(self, payload: dict[str, Any]) -> None:
        now = time.perf_counter()
        kind, data = payload["t"], payload["d"]
        if kind == "MESSAGE_CREATE" and data["author"]["id"] == self.id:
            self.asked += 1
            self._waiting[data["channel_id"]].append([now, 0])
        elif kind in ("TYPING_START", "MESSAGE_CREATE"):
            self._react(data["channel_id"], now, is_answer=kind == "MESSAGE_CREATE")
        await super()._hear(payload)

    def _react(self, channel_id: str, now: float, *, is_answer: bool) -> None:
        waiting = self._waiting[channel_id]
        first = next((entry for entry in waiting if not entry[1]), None)
        if first is not None and (not is_answer or first is waiting[0]):
            first[1] = 1
            self.delays_ms.append((now - first[0]) * 1000)
        if is_answer and waiting:
            waiting.popleft()
            self.answered += 1

    def reset(self) -> None:
        """Forgets the measurements, for the next rate."""
        self.asked = self.answered = 0
        self.delays_ms = []
        self._waiting.clear()
        self.forget()


async def make_channels(human: Human) -> list[str]:
    """Ids of the bench's channels, made where they are missing."""
    guild = human.ready["guilds"][0]
    have = {channel["name"]: channel["id"] for channel in guild["channels"]}
    ids = []
    for index in range(CHANNELS):
        name = f"bench-{index}"
        if name not in have:
            made = await human.request("POST", f"/guilds/{guild['id']}/channels", {"name": name, "type": 0})
            have[name] = made["id"]
        ids.append(have[name])
    return ids


async def drive(
    seed: dict[str, Any], rates: tuple[int, ...], seconds: float, processors: ProcessorTime
) -> dict[int, Stopwatch]:
    """Writes mentions at each rate, round-robin over the channels. Returns what was heard, per rate."""
    results = {}
    for rate in rates:
        async with await Stopwatch.connect(seed, seed["users"][0]["username"]) as human:
            channels = await make_channels(human)
            mention = f"<@{human.bot_id}>"
            for warm in channels[:5]:
                await human.send(warm, f"{mention} warm up")
            await asyncio.sleep(3)
            human.reset()
            begun, used = time.perf_counter(), processors.seconds()
            sending = []
            for number in range(max(10, int(rate * seconds))):
                await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
                channel = channels[number % len(channels)]
                sending.append(asyncio.create_task(human.send(channel, f"{mention} tell me about number {number}")))
            await asyncio.gather(*sending)
            for _ in range(int(SETTLE_S * 10)):
                if human.answered >= human.asked:
                    break
                await asyncio.sleep(0.1)
            human.cpu_ms = 1000 * (processors.seconds() - used) / max(1, human.asked)
        results[rate] = human
    return results


async def measure_echo(rates: tuple[int, ...], seconds: float) -> dict[int, Stopwatch]:
    """The same on the bare echo bot, on a server of its own process as Troupe's is."""
    processors = ProcessorTime()
    async with bare_bot() as seed:
        return await drive(seed, rates, seconds, processors)


async def measure_troupe(rates: tuple[int, ...], seconds: float) -> dict[int, Stopwatch]:
    """The same on the whole of Troupe with a model that answers at once."""
    processors = ProcessorTime()
    with tempfile.TemporaryDirectory() as folder:
        async with InstantModel() as model:
            # One person stands for many, whose messages have nothing to do with each other.
            system = System(
                Path(folder) / "data", OPENAI_BASE_URL=model.base_url, LLM_MODEL="instant", JOIN_BURSTS="false"
            )
            await asyncio.to_thread(system.start)
            try:
                return await drive(system.seed(), rates, seconds, processors)
            finally:
                await asyncio.to_thread(system.stop)


async def run(rates: tuple[int, ...], seconds: float) -> None:
    """Measures both and prints the figures."""
    echo = await measure_echo(rates, seconds)
    troupe = await measure_troupe(rates, seconds)
    for rate in rates:
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            bare = percentile(echo[rate].delays_ms, share)
            report(f"turn_{name}_at_{rate}_per_s", percentile(troupe[rate].delays_ms, share), "ms", baseline=bare)
        answered = troupe[rate].answered / troupe[rate].asked
        report(f"cpu_per_turn_at_{rate}_per_s", troupe[rate].cpu_ms, "ms", baseline=echo[rate].cpu_ms)
        report(f"answered_at_{rate}_per_s", answered, "share", baseline=echo[rate].answered / echo[rate].asked)


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each rate is kept up")
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES), help="messages a second")
    options = parser.parse_args()
    asyncio.run(run(tuple(options.rates), options.seconds))


if __name__ == "__main__":
    main()
