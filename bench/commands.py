"""From using a command to the bot's first response, for every command: `python -m bench.commands`.

One person uses all commands in turn, at 20 a second. Measured is the time from the moment this person's own connection
is told of the interaction to the moment it is told that the bot has answered or begun to; both travel the same way, so
the local Discord's own share cancels out. The whole of Troupe runs, with a model that answers at once. The baseline is
a bare discord.py bot with one trivial command on the same kind of server, at the same rate. It exits with 1 where a
command of Troupe was not acknowledged within a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.bare_bot import bare_bot
from bench.command_calls import CommandCall, calls
from bench.instant_model import InstantModel
from bench.report import percentile, report
from bench.system import System
from local_discord.client import Human
from local_discord.codec import Doc

RATE = 20.0
ROUNDS = 20
PROMISED_MS = 1000.0
_SETTLE_S = 5.0
_REGISTERED_S = 60.0


@dataclass(slots=True)
class Result:
    """What came of the uses of each command: the milliseconds to the first response, and how many had none."""

    delays_ms: dict[str, list[float]]
    unanswered: list[str]


class Watch(Human):
    """A person who notes when their interactions begin and are first answered."""

    def __init__(self, seed: Doc, username: str) -> None:
        super().__init__(seed, username)
        self._index: list[Doc] = []
        self._named: dict[str, str] = {}  # nonce to command
        self._begun: dict[str, float] = {}  # nonce to when
        self._answered: dict[str, float] = {}

    async def commands(self, channel: str) -> list[Doc]:
        """As a client does, asks once and not for every command."""
        self._index = self._index or await super().commands(channel)
        return self._index

    async def use(self, channel: str, call: CommandCall) -> None:
        """Use a command; what comes of it is noted."""
        nonce = await self.slash(channel, call.name, files=call.files, **call.options)
        self._named[nonce] = call.name

    async def _hear(self, payload: dict[str, Any]) -> None:
        now = time.perf_counter()
        times = {"INTERACTION_CREATE": self._begun, "INTERACTION_SUCCESS": self._answered}.get(payload["t"])
        if times is not None:
            times[payload["d"]["nonce"]] = now
        await super()._hear(payload)

    @property
    def waiting(self) -> bool:
        """Whether something was not answered yet."""
        return not self._named.keys() <= self._answered.keys()

    def result(self) -> Result:
        """All that was noted."""
        result = Result(defaultdict(list), [])
        for nonce, name in self._named.items():
            if nonce in self._answered:
                result.delays_ms[name].append((self._answered[nonce] - self._begun[nonce]) * 1000)
            else:
                result.unanswered.append(name)
        return result


async def drive(seed: Doc, *, rate: float = RATE, rounds: int = ROUNDS, at_least: int = 0) -> Result:
    """Uses every command `rounds` times, and so often that there are `at_least` uses, at `rate` a second, one after the
    other and so that no two of a command follow each other."""
    async with await Watch.connect(seed, seed["users"][0]["username"]) as human:
        every = calls(human, await _registered(human))
        count = max(rounds * len(every), at_least)
        begun = time.perf_counter()
        sending = []
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            sending.append(asyncio.create_task(human.use("bot-testing", every[number % len(every)])))
        await asyncio.gather(*sending)
        for _ in range(int(_SETTLE_S * 20)):
            if not human.waiting:
                break
            await asyncio.sleep(0.05)
        return human.result()


async def _registered(human: Human) -> list[Doc]:
    for _ in range(int(_REGISTERED_S * 5)):
        if known := await human.commands("bot-testing"):
            return known
        await asyncio.sleep(0.2)
    raise RuntimeError("the bot registered no commands")


async def measure_bare(uses: int, rate: float) -> Result:
    """The trivial command of a bare bot, used as often, on a server of its own process as Troupe's is."""
    async with bare_bot() as seed:
        return await drive(seed, rate=rate, rounds=1, at_least=uses)


async def measure_troupe(rounds: int, rate: float) -> Result:
    """All commands of the whole of Troupe with a model that answers at once."""
    with tempfile.TemporaryDirectory() as folder:
        async with InstantModel() as model:
            system = System(Path(folder) / "data", OPENAI_BASE_URL=model.base_url, LLM_MODEL="instant")
            await asyncio.to_thread(system.start)
            try:
                return await drive(system.seed(), rate=rate, rounds=rounds)
            finally:
                await asyncio.to_thread(system.stop)


def tell(troupe: Result, bare: Result, rate: float) -> bool:
    """Prints the figures; whether every use of Troupe was acknowledged in time."""
    trivial = [delay for delays in bare.delays_ms.values() for delay in delays]
    for name, delays in sorted(troupe.delays_ms.items()):
        for share in (0.5, 0.95):
            figure = f"{name.replace(' ', '_').replace('-', '_')}_p{share * 100:.0f}"
            report(figure, percentile(delays, share), "ms", baseline=percentile(trivial, share))
    every = [delay for delays in troupe.delays_ms.values() for delay in delays]
    for share in (0.5, 0.95, 1.0):
        figure = f"all_commands_p{share * 100:.0f}_at_{rate:g}_per_s"
        report(figure, percentile(every, share), "ms", baseline=percentile(trivial, share))
    prompt = _prompt(every, troupe)
    report("acknowledged_within_1_s", prompt, "share", baseline=_prompt(trivial, bare))
    return prompt == 1.0


def _prompt(delays: Sequence[float], result: Result) -> float:
    return sum(delay <= PROMISED_MS for delay in delays) / (len(delays) + len(result.unanswered))


async def run(rounds: int, rate: float) -> bool:
    """Measures both and prints the figures; returns as `tell`."""
    troupe = await measure_troupe(rounds, rate)
    uses = sum(map(len, troupe.delays_ms.values()))
    return tell(troupe, await measure_bare(uses, rate), rate)


def main() -> int:
    """Runs the bench. Returns the exit code: 1 where a command was not acknowledged within a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each command is used")
    parser.add_argument("--rate", type=float, default=RATE, help="commands a second")
    options = parser.parse_args()
    return 0 if asyncio.run(run(options.rounds, options.rate)) else 1


if __name__ == "__main__":
    sys.exit(main())
