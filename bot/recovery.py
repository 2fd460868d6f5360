"""What was left undone while the bot was away: open turns are finished, missed messages answered.

It runs after every identify, that is at the start and after a session that Discord would not resume. `look_back` comes
before any live message reaches the actors, because those move the marks it reads; `catch_up` runs beside live traffic.
In between, `take_up` tries again what failed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import discord

from actors.virtual import Actors
from bot.access import Refused
from bot.config import BotConfig
from bot.convert import incoming, is_for_personas
from bot.ports import ChannelIndex
from bot.replies import Adopt
from bot.turns import Turns
from bot.webhooks import Place, Voices, place_of
from core import messages
from core.errors import Overloaded, TroupeError
from core.messages import IncomingMessage

log = logging.getLogger(__name__)

# A message may have been lost on its way to its actor while a later one arrived elsewhere, so in a channel in which
# nothing was heard yet, reading starts a little before the last one seen anywhere.
_OVERLAP_S = 30.0
_AT_ONCE = 8
_AT_ONCE_PER_CHANNEL = 4
_DM_AGE_S = 30 * 24 * 3600.0
_MOST_DMS = 100
_LONGEST_PAUSE_S = 3600.0  # between two attempts at a turn that fails each time

Admits = Callable[[discord.Message], Awaitable[Refused | None]]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn to be finished. `adopt` is None where its channel holds no post that could be its own; `source_ids` are
    the messages that it answers."""

    message: IncomingMessage
    source_ids: tuple[str, ...]
    place: Place
    adopt: Adopt | None


@dataclass(slots=True)
class Backlog:
    """What `look_back` found: turns to finish, and per channel the id after which messages may have been missed."""

    turns: list[OpenTurn] = field(default_factory=list)
    missed_after: dict[int, int] = field(default_factory=dict)


class Orphans:
    """Posts of an earlier process that no turn knows, per persona, oldest first. Each is given away once."""

    def __init__(
        self, voices: Voices, place: Place, found: dict[str, deque[int]], known: Callable[[], Awaitable[Iterable[str]]]
    ) -> None:
        """`known` tells which posts have been reported by now: another process may be alive, and a little late."""
        self._voices, self._place, self._found, self._known = voices, place, found, known

    async def adopt(self, persona_id: str) -> discord.Message | None:
        """The next orphan of that persona that still exists."""
        waiting = self._found.get(persona_id)
        known = set(await self._known()) if waiting else set()
        while waiting:
            message_id = waiting.popleft()
            message = None if str(message_id) in known else await self._voices.find(self._place, message_id)
            if message is not None:
                return message
        return None


class Recovery:
    """Finds and works off the backlog of one connection."""

    def __init__(
        self,
        client: discord.Client,
        config: BotConfig,
        actors: Actors,
        index: ChannelIndex,
        voices: Voices,
        turns: Turns,
        admits: Admits,
    ) -> None:
        """`admits` tells why a missed message is not to be answered."""
        self._admits = admits
        self._client, self._config, self._actors, self._index = client, config, actors, index
        self._voices, self._turns = voices, turns
        # Of open turns that failed: when each is to be tried again, and how long after the time before.
        self._again: dict[str, tuple[float, float]] = {}

    async def look_back(self) -> Backlog:
        """What is undone in all channels. Raises TroupeError where the actors or their database do not answer."""
        open_turns = await _each(self._open_turns, await self._index.with_open_turns())
        backlog = Backlog(turns=[turn for turns in open_turns for turn in turns])
        if self._config.catch_up_messages:
            backlog.missed_after = await self._marks()
        log.info("[DISCORD] %d open turns, %d channels to read", len(backlog.turns), len(backlog.missed_after))
        return backlog

    async def catch_up(self, backlog: Backlog) -> None:
        """Finish the open turns and answer what was missed, the newest first. Failures are logged per channel."""
        await asyncio.gather(_each(self._finish, backlog.turns), _each(self._read, list(backlog.missed_after.items())))

    async def take_up(self) -> None:
        """Go on with the turns that failed, each time after a longer pause, and with messages that did not reach their
        actors. Raises TroupeError, discord.HTTPException where these or Discord still do not answer."""
        lost, self._turns.lost_after = self._turns.lost_after, {}
        now, every_s = time.time(), self._config.take_up_every_s
        failed: dict[str, tuple[float, float]] = {}

        def is_due(turn: messages.OpenTurn) -> bool:
            first = turn.opened_ms / 1000 + self._config.reply_deadline_s + every_s, every_s
            due, pause_s = failed[turn.message.id] = self._again.get(turn.message.id, first)
            if now < due:
                return False
            log.info("[DISCORD] the turn of message %s is taken up again", turn.message.id)
            failed[turn.message.id] = now + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S)
            return True

        try:
            channels = await self._index.with_open_turns()
            found = await _each(lambda channel_id: self._open_turns(channel_id, is_due), channels)
            self._again = failed
            turns = [turn for some in found for turn in some]
            oldest = _snowflake(now - self._config.catch_up_age_s)
            marks = [(int(channel_id), max(after, oldest)) for channel_id, after in lost.items()]
            missed = marks if self._config.catch_up_messages else []
            await asyncio.gather(_each(self._finish, turns), _each(self._read, missed))
        except (TroupeError, discord.HTTPException):
            for channel_id, after in lost.items():
                self._turns.lose(channel_id, after)
            raise

    async def _open_turns(
        self, channel_id: str, wanted: Callable[[messages.OpenTurn], bool] = lambda turn: True
    ) -> list[OpenTurn]:
        """The open turns of a channel that nobody in this process works on, those that are `wanted`."""
        known: tuple[messages.OpenTurn, ...] = await self._actors.call("channel", channel_id, "open_turns")
        idle = [
            turn
            for turn in known
            if turn.message.id not in self._turns and self._config.holds(turn.message.guild_id) and wanted(turn)
        ]
        if not idle:
            return []
        place = await self._place(int(channel_id))
        if place is None:
            for turn in idle:
                await self._turns.give_up(turn.message, "the channel is gone")
            return []
        orphans = await self._orphans(place, channel_id, idle)
        adopt = orphans.adopt if orphans else None
        return [OpenTurn(turn.message, turn.source_ids or (turn.message.id,), place, adopt) for turn in idle]

    async def _orphans(self, place: Place, channel_id: str, turns: list[messages.OpenTurn]) -> Orphans | None:
        """Posts in the names of those who have open turns, after the first of them, that no turn knows."""

        async def known_replies() -> tuple[str, ...]:
            known: tuple[str, ...] = await self._actors.call("channel", channel_id, "known_replies")
            return known

        known = set(await known_replies())
        after = min(int(turn.message.id) for turn in turns)
        found: dict[str, deque[int]] = {}
        try:
            for persona_id in {turn.persona_id for turn in turns}:
                async for message_id in self._voices.spoken_since(place, persona_id, after):
                    if str(message_id) not in known:
                        found.setdefault(persona_id, deque()).append(message_id)
        except discord.HTTPException as error:
            log.warning("[DISCORD] cannot read channel %s back: %s", channel_id, error.text)
            return None
        return Orphans(self._voices, place, found, known_replies) if found else None

    async def _marks(self) -> dict[int, int]:
        """Per channel the id after which to read. Only channels that can hold something young enough to be answered."""
        now = time.time()
        oldest = _snowflake(now - self._config.catch_up_age_s)
        heard = await self._index.heard_since(int((now - _DM_AGE_S) * 1000))
        if not heard:
            return {}  # a first start: nobody has been waiting for us
        # Where nobody has spoken to us before, being away began with the last message heard anywhere.
        away_since = int(await self._actors.call("channel", heard[0], "last_seen") or 0)
        cached: dict[int, int] = {}
        for guild in self._client.guilds:
            channels: list[discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread]
            channels = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
            cached |= {channel.id: channel.last_message_id or 0 for channel in channels}
        stirred = [channel_id for channel_id, last in cached.items() if last > oldest]
        # Nothing tells whether a direct message came, so those are read where there was talk lately.
        others = [int(channel_id) for channel_id in heard if int(channel_id) not in cached][:_MOST_DMS]
        if self._config.shard:
            others = []  # direct messages come to the first

        async def mark(channel_id: int) -> tuple[int, int]:
            # Not the last one seen: what was missed before it may not have been caught up on either.
            since = await self._actors.call("channel", str(channel_id), "known_since")
            return channel_id, max(oldest, int(since) if since else away_since - (int(_OVERLAP_S * 1000) << 22))

        return dict(await _each(mark, [*stirred, *others]))

    async def _finish(self, turn: OpenTurn) -> None:
        channel_id, me = turn.message.channel_id, self._client.user
        gone = 0
        for source_id in turn.source_ids:
            try:
                message = await turn.place.fetch_message(int(source_id))
            except discord.NotFound:
                await self._turns.retract(channel_id, source_id, turn.message.guild_id)
                gone += 1
            except discord.HTTPException as error:
                log.warning("[DISCORD] cannot see message %s: %s", source_id, error.text)
            else:
                if me is not None and message.edited_at is not None and is_for_personas(message):
                    await self._turns.revise(incoming(message, me))
        if gone < len(turn.source_ids):
            await self._take(turn.message, turn.place, turn.adopt)

    async def _read(self, mark: tuple[int, int]) -> None:
        channel_id, after = mark
        place = await self._place(channel_id)
        me = self._client.user
        if place is None or me is None:
            return
        limit = self._config.catch_up_messages
        try:
            missed = [
                message
                async for message in place.history(limit=limit, after=discord.Object(after), oldest_first=False)
                if is_for_personas(message)
            ]
        except discord.HTTPException as error:
            log.info("[DISCORD] cannot read channel %s: %s", channel_id, error.text)
            return
        ids = tuple(str(message.id) for message in missed)
        try:
            unheard = set(await self._actors.call("channel", str(channel_id), "unheard", ids)) if ids else set()
        except TroupeError as error:
            log.warning("[ACTOR] channel %s is caught up on message by message: %s", channel_id, error)
            unheard = set(ids)
        missed = [message for message in missed if str(message.id) in unheard]
        await _each(lambda message: self._take_missed(message, me, place), missed, at_once=_AT_ONCE_PER_CHANNEL)

    async def _take_missed(self, message: discord.Message, me: discord.ClientUser, place: Place) -> None:
        refused = await self._admits(message)
        if refused is None or refused.why != "blocked":
            why = refused.why if refused else None
            await self._take(incoming(message, me, self._config.reply_deadline_s, why), place)

    async def _take(self, message: IncomingMessage, place: Place, adopt: Adopt | None = None) -> None:
        while True:
            try:
                await self._turns.take(message, place, adopt)
            except Overloaded as error:
                await asyncio.sleep(error.retry_after_s)
            else:
                return

    async def _place(self, channel_id: int) -> Place | None:
        """The place, None where it is gone or another gateway's."""
        try:
            place = place_of(self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id))
        except (discord.NotFound, discord.Forbidden, discord.InvalidData):
            return None
        guild = getattr(place, "guild", None)
        return place if self._config.holds(str(guild.id) if guild else None) else None


async def _each(
    work: Callable[[ItemT], Awaitable[ResultT]], items: Iterable[ItemT], at_once: int = _AT_ONCE
) -> list[ResultT]:
    """`work` on all items, begun in their order, some of them at once."""
    slots = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> ResultT:
        async with slots:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))


def _snowflake(epoch_s: float) -> int:
    """The lowest id that Discord could give out at that time."""
    return max(0, int(epoch_s * 1000) - discord.utils.DISCORD_EPOCH) << 22
