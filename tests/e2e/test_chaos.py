"""Twenty processes are killed with kill -9, one after another, under twenty messages a second: nobody notices."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.channel_state import ChannelState
from actors.long_term import LongTermMemory
from actors.memory import MemoryDocument
from actors.memory_scopes import Saying
from actors.memory_shelf import Item, MemoryRules
from bench.instant_model import InstantModel
from bench.memory_actors import UnstoredActors
from bench.recovery import VICTIMS, Asker
from bench.system import System
from core.documents import connect
from deploy.run_file import members
from tests.e2e.test_unplugged import states_of
from tests.support.embedding import words_embedded

pytestmark = pytest.mark.cluster

SEED = 20
KILLS = 20
PER_SECOND = 20
CHANNELS = 20
VICTIMS_HERE = ("gateway", "actor_host", "actor_host", "database")
SETTLE_S = 400.0
FACT_EVERY = 7  # lines, so that each channel has some
_NUMBER = re.compile(r"number (\d+)")
_HEAD = re.compile(r"^\w+: ", re.MULTILINE)
_TOLD = re.compile(r"\n<(?:summary|lore)>")


class EchoModel(InstantModel):
    """Says which numbers stand in what it is asked, so that each reply shows which messages it answers."""

    def answer(self, body: Mapping[str, Any]) -> str:
        """One sentence with the numbers of what is to be answered: the end of the last message, where lines that
        nobody has answered yet may stand before it, but for what is remembered and told behind it."""
        asked = _HEAD.split(_TOLD.split(str(body["messages"][-1]["content"]))[0])[-1]
        return f"So you say: {', '.join(f'number {found}' for found in _NUMBER.findall(asked))}."


def line(number: int) -> str:
    """What is said: now and then something that is worth remembering for long."""
    return f"my pet number {number} is called Rex{number}" if number % FACT_EVERY == 0 else f"number {number}"


class Talk:
    """Several people mention the bot PER_SECOND times a second, all in all, until told to end."""

    def __init__(self, people: list[Asker], guild: str, channels: list[str], rng: random.Random) -> None:
        self._people, self._guild, self._channels, self._rng = people, guild, channels, rng
        self.sent: dict[str, dict[str, int]] = {channel: {} for channel in channels}  # message id → its number
        self.sayings: list[Saying] = []
        self.ended = asyncio.Event()

    async def run(self) -> None:
        begun, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as sending:
            while not self.ended.is_set():
                await asyncio.sleep(max(0.0, begun + number / PER_SECOND - time.monotonic()))
                channel = self._channels[number % CHANNELS]
                sending.create_task(self._say(self._rng.choice(self._people), channel, number))
                number += 1

    async def _say(self, who: Asker, channel: str, number: int) -> None:
        message = await who.send(channel, f"<@{who.bot_id}> {line(number)}")
        self.sent[channel][message["id"]] = number
        saying = Saying(
            message_id=message["id"],
            text=line(number),
            speaker=who.username,
            author_id=who.id,
            channel_id=channel,
            guild_id=self._guild,
            at_ms=number,
            public=True,
        )
        self.sayings.append(saying)


async def kill_some(data_dir: Path, victim: str, rng: random.Random) -> None:
    """Kills one of the processes of that kind, once there is one."""
    for _ in range(300):
        running = []
        for process in members(data_dir):
            try:
                if VICTIMS[victim](process):
                    running.append(process)
            except psutil.NoSuchProcess:
                continue
        if running:
            rng.choice(sorted(running, key=lambda process: process.pid)).kill()
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {victim} came back")


@pytest.mark.timeout(900)
async def test_twenty_kills_under_load_lose_double_and_forget_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(EchoModel())
        system = System(
            tmp_path / "data",
            OPENAI_BASE_URL=model.base_url,
            LLM_MODEL="instant",
            CATCH_UP_MESSAGES="100",
            MEMORY_WINDOW="60",  # three times as many lines are kept, which is more than a channel sees here
        )
        await asyncio.to_thread(system.start)
        stack.callback(system.stop)
        seed = system.seed()
        people = [
            await stack.enter_async_context(await Asker.connect(seed, name)) for name in ("ada", "bruno", "chiyo")
        ]
        ada = people[0]
        guild = ada.ready["guilds"][0]["id"]
        made = [
            await ada.request("POST", f"/guilds/{guild}/channels", {"name": f"chaos-{number}", "type": 0})
            for number in range(CHANNELS)
        ]
        channels = [channel["id"] for channel in made]
        talk = Talk(people, guild, channels, rng)
        talking = asyncio.create_task(talk.run())
        await asyncio.sleep(3)
        joined: Joined = {}  # a channel knows it of its last answers only
        for _ in range(KILLS):
            await asyncio.sleep(rng.uniform(1.0, 4.0))
            await kill_some(system.data_dir, rng.choice(VICTIMS_HERE), rng)
            note(joined, await states_of(system, channels))
        await asyncio.sleep(3)
        talk.ended.set()
        await talking

        posts: dict[str, dict[str, str]] = {}
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            posts = {channel: await replies(ada, channel) for channel in channels}
            states = await states_of(system, channels)
            note(joined, states)
            settled = not any(state.open or state.outbox for state in states.values())
            whole = (
                answered(states[c], posts[c], sent, joined) >= Counter(sent.values()) for c, sent in talk.sent.items()
            )
            if settled and all(whole):
                break
            await asyncio.sleep(2)
        await asyncio.sleep(5)  # a second answer to something would come about now
        states = await states_of(system, channels)

        assert sum(len(sent) for sent in talk.sent.values()) > KILLS * PER_SECOND
        for channel in channels:
            posts[channel] = await replies(ada, channel)
            state, sent = states[channel], talk.sent[channel]
            found = answered(state, posts[channel], sent, joined)
            assert found == Counter(sent.values()), "each message has one answer"
            assert state.open == []

            people_said = {turn.message_id: turn.text for turn in state.turns if turn.persona_id is None}
            cast_said = {turn.message_id: turn.text for turn in state.turns if turn.persona_id is not None}
            assert people_said == {message_id: line(number) for message_id, number in sent.items()}
            assert cast_said == posts[channel]
            assert len(state.turns) == len(people_said) + len(cast_said), "nothing is remembered twice"
            assert state.outbox == []
            noted = {note.message_id: note.text for note in state.notes if note.message_id in people_said}
            assert noted.items() <= {message_id: f"{text}." for message_id, text in people_said.items()}.items()
            assert len({note.message_id for note in state.notes}) == len(state.notes)
        expected = await remembered_without_kills(talk.sayings)
        assert len(expected) == CHANNELS + len(people)
        assert await remembered(system, expected) == expected, "what is remembered for long is what it would be"


Remembered = dict[str, set[tuple[str, bool, tuple[str, ...]]]]
"""Of each scope: what people said, whether it still holds, and in which messages."""


def told(items: Iterable[Item]) -> set[tuple[str, bool, tuple[str, ...]]]:
    """Each thing once: where one is kept twice, that fails here."""
    found = [(item.text, item.until_ms is None, item.sources) for item in items if item.persona_id is None]
    assert len(found) == len(set(found)), "nothing is remembered twice"
    return set(found)


async def remembered_without_kills(sayings: list[Saying]) -> Remembered:
    """What long-term memory makes of the same lines where nothing dies. Their form alone decides what is kept."""
    actors = UnstoredActors(MemoryRules(), words_embedded)
    memory = LongTermMemory(actors, words_embedded, MemoryRules())
    for saying in sorted(sayings, key=lambda one: one.at_ms):
        await memory.remember([saying])
    return {scope: told(await actors.items(scope)) for scope in actors.scopes}


async def remembered(system: System, scopes: Iterable[str]) -> Remembered:
    """What the system has on disk."""
    handle = await connect(system.database_uri, "troupe", [MemoryDocument], patience_s=30.0)
    try:
        return {scope: told((await MemoryDocument.load(scope, patience_s=10.0)).items) for scope in scopes}
    finally:
        await handle.close()


async def replies(human: Asker, channel: str) -> dict[str, str]:
    """What the bot has posted in a channel, by message id."""
    found: dict[str, str] = {}
    before: dict[str, str] = {}
    while page := await human.history(channel, 100, **before):
        found |= {message["id"]: message["content"] for message in page if message["author"].get("bot")}
        before = {"before": page[-1]["id"]}
    return found


Joined = dict[str, tuple[str, ...]]
"""By the id of an answer's first message: all that it answers."""


def note(joined: Joined, states: Mapping[str, ChannelState]) -> None:
    """Adds what the channels know now."""
    joined.update({answer.source_id: answer.source_ids for state in states.values() for answer in state.answers})


def answered(state: ChannelState, posts: Mapping[str, str], sent: Mapping[str, int], joined: Joined) -> Counter[int]:
    """How often each number is answered."""
    found = Counter(int(number) for content in posts.values() for number in _NUMBER.findall(content))
    for reply in state.replies:
        if reply.id in posts and not _NUMBER.search(posts[reply.id]):  # no model wrote it
            found.update(sent[source_id] for source_id in joined.get(reply.source_id, (reply.source_id,)))
    return found
