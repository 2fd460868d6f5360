"""The discord.py client: which event leads where. One per connection attempt; `bot.gateway` makes them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

import discord

from actors.virtual import Actors
from bot.avatars import Avatars
from bot.commands import build
from bot.commands.services import Services
from bot.commands.sync import sync
from bot.config import BotConfig
from bot.convert import incoming, is_for_personas
from bot.ports import Apps, ChannelIndex
from bot.recovery import Backlog, Recovery
from bot.replies import Pace
from bot.turns import Turns
from bot.webhooks import Voices, place_of
from core.errors import Overloaded, TroupeError
from core.personas import Pack

log = logging.getLogger(__name__)

_BUSY = "\N{HOURGLASS WITH FLOWING SAND}"
_RETRY_S = 2.0


class TroupeClient(discord.Client):
    """Carries messages to the channel actors and answers back, and holds the slash commands."""

    def __init__(self, config: BotConfig, actors: Actors, index: ChannelIndex, pack: Pack, apps: Apps) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions(everyone=False, users=False, roles=False, replied_user=True),
            max_messages=None,  # nothing reads old messages from memory
            chunk_guilds_at_startup=False,
            guild_ready_timeout=1.0,
        )
        self._config = config
        self._avatars = Avatars(pack.personas)
        self._voices = Voices(self, {persona.id: persona.name for persona in pack.personas}, self._avatars.url)
        pace = Pace(config.edit_interval_s, config.first_post_s)
        self.turns = Turns(actors, self._voices, pace, limit=config.max_turns)
        self._recovery = Recovery(self, config, actors, index, self._voices, self.turns)
        self._tree = build(self, Services(config, actors, pack, apps, self._voices))
        # Closed while the marks of the last session are read; live messages would move them.
        self._open = asyncio.Event()
        self._session = 0
        self._leaving = False
        self._waiting = 0
        self._chores: set[asyncio.Task[None]] = set()

    async def setup_hook(self) -> None:
        """After login, before the gateway connects: what needs REST only."""
        self._chore(self._avatars.sync(self))
        self._chore(sync(self._tree))

    async def on_connect(self) -> None:
        """A new session, which may have missed events."""
        self._open.clear()
        self._session += 1

    async def on_resumed(self) -> None:
        """The session goes on; Discord has sent all that was missed."""
        log.info("[DISCORD] resumed")

    async def on_ready(self) -> None:
        """All servers are known: see what was left undone, then let live messages through."""
        log.info("[DISCORD] ready as %s in %d servers", self.user, len(self.guilds))
        self._chore(self._recover(self._session))

    async def on_message(self, message: discord.Message) -> None:
        """Every message that the bot can see."""
        place = place_of(message.channel)
        if self._leaving or self.user is None or place is None or not is_for_personas(message):
            return
        try:
            await self._until_open()
            await self.turns.take(incoming(message, self.user, self._config.reply_deadline_s), place)
        except Overloaded as error:
            await self._refuse(message, error)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A question is gone, so nobody waits for the answer."""
        self.turns.stop(str(payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Many questions are gone."""
        for message_id in payload.message_ids:
            self.turns.stop(str(message_id))

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """A handler failed; the others go on."""
        log.exception("[DISCORD] %s failed", event_method)

    async def leave(self, drain_s: float) -> None:
        """Take no more messages, let the turns under way finish for up to `drain_s` seconds, and disconnect."""
        self._leaving = True
        await self.turns.drain(drain_s)
        await self.close()

    async def close(self) -> None:
        """Disconnect. Turns under way end here and stay open in their actors."""
        chores = list(self._chores)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await self.turns.cancel()
        await super().close()

    async def _recover(self, session: int) -> None:
        backlog = await self._look_back()
        if session == self._session:  # else another session began meanwhile and looks for itself
            self._open.set()
            await self._recovery.catch_up(backlog)

    async def _look_back(self) -> Backlog:
        while True:
            try:
                return await self._recovery.look_back()
            except (TroupeError, discord.HTTPException) as error:
                log.warning("[ACTOR] live messages wait until the channels can be asked: %s", error)
                await asyncio.sleep(_RETRY_S)

    async def _until_open(self) -> None:
        """Wait until live messages may pass. Raises Overloaded where too many wait already."""
        if self._open.is_set():
            return
        if self._waiting >= self._config.max_turns:
            raise Overloaded(f"{self._waiting} messages are waiting already.", retry_after_s=_RETRY_S)
        self._waiting += 1
        try:
            await self._open.wait()
        finally:
            self._waiting -= 1

    async def _refuse(self, message: discord.Message, error: Overloaded) -> None:
        """Whoever spoke to the bot sees that it heard; others notice nothing."""
        log.warning("[DISCORD] message %s is refused: %s", message.id, error)
        if self.user is not None and self.user.mentioned_in(message):
            try:
                await message.add_reaction(_BUSY)
            except discord.HTTPException as refused:
                log.debug("[DISCORD] cannot react to %s: %s", message.id, refused)

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chore_ended)

    def _chore_ended(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("[DISCORD] a chore failed", exc_info=error)
