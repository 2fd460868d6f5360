"""The discord.py client: which event leads where. One per connection attempt; `bot.gateway` makes them."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial

import discord

from actors.additions import reading_additions
from actors.guests import reading_guests
from actors.guild_book import GuildBook, reading
from actors.people import People
from actors.pruning import Pruning
from actors.routing import ChannelRules
from actors.virtual import Actors
from bot.access import CHAT, COMMAND, ENTRY, Access, Metered, Refused, addresses
from bot.avatars import Avatars
from bot.budget import RequestBudget
from bot.buttons import Act, ReplyButton
from bot.commands import build
from bot.commands.services import Services
from bot.commands.sync import sync
from bot.config import BotConfig
from bot.convert import incoming, is_for_personas
from bot.deliveries import Deliveries
from bot.drops import DropButton, Drops
from bot.errors import answer_error
from bot.game_buttons import GameButton
from bot.games import Games
from bot.guest_avatars import GuestAvatars
from bot.interactions import answer_left_over
from bot.job_actions import JobActions
from bot.leaderboards import Leaderboards, PageButton
from bot.narration import Narrator
from bot.operations import Operations
from bot.permissions import Notices
from bot.ports import Apps, ChannelIndex
from bot.presence import Presence
from bot.presses import Presses
from bot.prewarm import Prewarm
from bot.proposals import ProposalButton, Proposals
from bot.reception import Reception
from bot.recovery import Backlog, Recovery
from bot.replies import Outcome, Pace
from bot.talk import Talk
from bot.text_commands import take
from bot.turns import Turns
from bot.webhooks import NOBODY, Voices, place_of
from bot.window import Window
from core.errors import Overloaded, TroupeError
from core.personas import Pack
from core.tasks import end
from schedules.catalog import load_jobs

log = logging.getLogger(__name__)

_BUSY = "\N{HOURGLASS WITH FLOWING SAND}"
_RETRY_S = 2.0


class TroupeClient(discord.Client):
    """Carries messages to the channel actors and answers back, and holds the slash commands."""

    def __init__(self, config: BotConfig, actors: Actors, index: ChannelIndex, pack: Pack, apps: Apps) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)
        intents.guild_reactions = intents.dm_reactions = config.reactions
        intents.guild_typing = intents.dm_typing = config.prewarm or config.join_bursts or config.speculation
        sharded = config.shard_count > 1
        self.budget = RequestBudget(config.shard_count)
        super().__init__(
            intents=intents,
            http_trace=self.budget.trace(),
            shard_id=config.shard if sharded else None,
            shard_count=config.shard_count if sharded else None,
            allowed_mentions=discord.AllowedMentions(everyone=False, users=False, roles=False, replied_user=True),
            max_messages=None,  # nothing reads old messages from memory
            chunk_guilds_at_startup=False,
            guild_ready_timeout=1.0,
        )
        self._config = config
        self._avatars = Avatars(pack.personas)
        names = {persona.id: persona.name for persona in pack.personas}
        guilds = GuildBook(
            pack,
            ChannelRules(only_channel=config.only_channel, filter_level=config.content_filter),
            reading(actors),
            reading_guests(actors),
            read_additions=reading_additions(actors),
        )
        self._guest_avatars = GuestAvatars(self, actors, guilds)
        self._voices = Voices(self, names, self._avatars.url, self._guest_avatars, self.budget.spare)
        self.access = Access(self, config, actors, guilds)
        self._notices = Notices(self, actors, self.budget.spare)
        pace = Pace(config.edit_interval_s, config.first_post_s, typing_wait_s=config.typing_wait_s)
        self.turns = Turns(
            actors,
            self._voices,
            pace,
            limit=config.max_turns,
            join_bursts=config.join_bursts,
            with_buttons=config.reply_buttons,
            spent=self.access.spent,
        )
        self._presses = Presses(actors, self.turns, config.reply_deadline_s, self.access)
        self._prewarm = Prewarm(apps.persona.warm)
        missed = partial(self.access.admits, live=False)
        self._recovery = Recovery(self, config, actors, index, self._voices, self.turns, missed)
        self._operations = Operations(self, config, apps, self.budget)
        self._presence = Presence(self, apps.health, config.presence_every_s) if apps.health else None
        people = People(actors, index)
        self._pruning = Pruning(actors, index, config.memory_ttl_s)
        apps = replace(apps, persona=Metered(apps.persona, self.access))
        self.drops = Drops(self, actors, index, answer_error, config.holds)
        self.leaderboards = Leaderboards(actors, index, answer_error)
        self._talk = Talk(actors)
        narrator = Narrator(apps.persona, guilds)
        self.games = Games(self, actors, index, self._voices, guilds, narrator, config.holds, self._notices.look)
        self.proposals = Proposals(actors, apps.retrieval, guilds, self.access)
        self.job_actions = JobActions(self, actors, self.games)
        self.window = Window(self)
        self.deliveries = Deliveries(self, self._voices, self.job_actions, self.access.is_heard)
        self.reception = Reception(self)
        self._services = Services(
            config=config,
            actors=actors,
            pack=pack,
            apps=apps,
            voices=self._voices,
            index=index,
            people=people,
            guilds=guilds,
            access=self.access,
            operations=self._operations,
            drops=self.drops,
            games=self.games,
            leaderboards=self.leaderboards,
            jobs=load_jobs(),
        )
        self.tree = build(self, self._services)
        self._operations.serve(self.tree)
        # Closed while the marks of the last session are read; live messages would move them.
        self._open = asyncio.Event()
        self._session = 0
        self._leaving = False
        self._waiting = 0
        self._chores: set[asyncio.Task[None]] = set()

    async def setup_hook(self) -> None:
        """After login, before the gateway connects: what needs REST only."""
        self.add_dynamic_items(ReplyButton, DropButton, GameButton, PageButton, ProposalButton)
        # What is the application's is looked after by the first gateway.
        first = self._config.shard == 0
        self._chore(self._avatars.sync(self) if first else self._avatars.follow(self))
        if first:
            self._chore(sync(self.tree))
            self._chore(self._pruning.run())
        self._chore(self.access.run())
        self._chore(self._take_up())
        if self._presence is not None:
            self._chore(self._presence.run())

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Sessions that were lost together do not begin anew together."""
        if not initial:
            await asyncio.sleep(self._config.identify_every_s * random.uniform(0.95, 1.2))

    async def on_connect(self) -> None:
        """A new session, which may have missed events."""
        self._open.clear()
        self._session += 1
        if self._presence is not None:
            self._presence.renew()

    async def on_resumed(self) -> None:
        """The session goes on; Discord has sent all that was missed."""
        log.info("[DISCORD] resumed")

    async def on_ready(self) -> None:
        """All servers are known: see what was left undone, then let live messages through."""
        log.info("[DISCORD] ready as %s in %d servers", self.user, len(self.guilds))
        self._chore(self._recover(self._session))
        self._chore(self.games.recover())

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A new server, or one that the bot had left: what was to run there is looked at again."""
        await self._services.reschedule(str(guild.id))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Every command, button and form, beside whatever answers it."""
        self._services.locales.note(interaction)
        await answer_left_over(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Every message that the bot can see."""
        place = place_of(message.channel)
        if self._leaving or self.user is None or place is None or not is_for_personas(message):
            return
        refused = await self.access.admits(message)
        if refused is not None and refused.why == "blocked":
            return
        may_command = refused is None or refused.why != "rate_limited"
        if may_command and (await take(message, self._services) or await self.games.hears(message)):
            await self.turns.pass_over(str(message.channel.id), str(message.id))
            return
        if refused is not None:
            await self._tell(message, refused)
        begun = time.monotonic()
        why = refused.why if refused else None
        try:
            await self._until_open()
            heard = incoming(message, self.user, self._config.reply_deadline_s, why)
            outcome = await self.turns.take(heard, place)
        except Overloaded as error:
            await self._refuse(message, error)
            return
        if outcome is Outcome.SPOKEN:
            self._prewarm.spoke(str(message.channel.id))
            if self._config.talk_points:
                self._chore(self._talk.answered(message))
            self._operations.answered(time.monotonic() - begun)
        if outcome is not Outcome.SILENT:
            await self._notices.look(place)

    async def on_raw_typing(self, payload: discord.RawTypingEvent) -> None:
        """Somebody types; Discord says so only where the settings have a use for it."""
        if self.user is not None and payload.user_id != self.user.id and not self._leaving:
            channel_id, user_id, dm = str(payload.channel_id), str(payload.user_id), payload.guild_id is None
            self.turns.typing(channel_id, user_id, payload.timestamp.timestamp())
            if self._config.prewarm:
                self._prewarm.typing(channel_id, dm=dm)
            if self._config.speculation and self._prewarm.is_likely(channel_id, dm=dm):
                await self.turns.expect(channel_id, user_id, None if dm else str(payload.guild_id))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A message says something else now. Discord also sends this when it has fetched the preview of a link."""
        message = payload.message
        if self.user is None or message.edited_at is None or not is_for_personas(message):
            return
        try:
            await self.access.check(message, ENTRY)
        except Refused:  # what somebody blocked writes now is not read, so what it said before counts no more either
            await self._retract(payload, message.id)
        else:
            await self.turns.revise(incoming(message, self.user))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A message is gone: nobody waits for its answer, and nobody shall remember it."""
        await self._retract(payload, payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages are gone."""
        await asyncio.gather(*(self._retract(payload, message_id) for message_id in payload.message_ids))

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody reacted to a message."""
        member = payload.member  # none in a direct message
        if member is not None and (member.bot or not await self.access.is_heard(member)):
            return
        await self._reacted(payload, taken_back=False)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        await self._reacted(payload, taken_back=True)

    async def _reacted(self, payload: discord.RawReactionActionEvent, *, taken_back: bool) -> None:
        if self._leaving or self.user is None or payload.user_id == self.user.id:
            return
        await self.turns.reacted(
            str(payload.channel_id),
            str(payload.message_id),
            str(payload.user_id),
            str(payload.emoji),
            str(payload.guild_id) if payload.guild_id else None,
            taken_back=taken_back,
        )

    async def _retract(
        self,
        payload: discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent | discord.RawMessageUpdateEvent,
        message_id: int,
    ) -> None:
        guild_id = str(payload.guild_id) if payload.guild_id else None
        await self.turns.retract(str(payload.channel_id), str(message_id), guild_id)

    async def press(self, act: Act, source_id: str, interaction: discord.Interaction) -> None:
        """Somebody pressed a button below a reply. Raises RequestError where they may not, or it is too late."""
        if act is Act.RENEW:
            await self.access.check(interaction, CHAT)
        await self._presses.act(act, source_id, interaction)

    async def admit(self, interaction: discord.Interaction, feature: str | None) -> bool:
        """Whether somebody may use a button or a form; else they are told why not."""
        try:
            await self.access.check(interaction, COMMAND)
            if feature is not None:
                await self.access.check(interaction, feature)
        except TroupeError as error:
            await answer_error(interaction, error)
            return False
        return True

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
        await self._prewarm.close()
        await self._guest_avatars.close()
        await self.access.close()
        await self.drops.close()
        await self.games.close()
        await end(self._chores)
        await self.turns.cancel()
        await super().close()

    async def _recover(self, session: int) -> None:
        backlog = await self._look_back()
        if session == self._session:  # else another session began meanwhile and looks for itself
            self._open.set()
            self._chore(self.drops.resume())
            await self._recovery.catch_up(backlog)

    async def _take_up(self) -> None:
        """What failed is tried again; the next connect, at which it would be, may be days away."""
        while True:
            await asyncio.sleep(self._config.take_up_every_s)
            await self._open.wait()
            if self._leaving:
                return
            try:
                await self._recovery.take_up()
            except (TroupeError, discord.HTTPException) as error:
                log.warning("[ACTOR] what failed waits until the channels can be asked: %s", error)

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
            await self._mark(message)

    async def _tell(self, message: discord.Message, refused: Refused) -> None:
        """Whoever spoke to the bot and will have no answer is told, once, and until when; others notice nothing."""
        log.info("[ACCESS] message %s is not answered: %s", message.id, refused.why)
        if not (refused.news and addresses(message, self.user)):
            return
        if refused.why == "rate_limited":
            await self._mark(message)
            return
        try:
            await message.reply(refused.message, mention_author=False, allowed_mentions=NOBODY)
        except discord.HTTPException as error:
            log.debug("[DISCORD] cannot tell the author of %s: %s", message.id, error)

    async def _mark(self, message: discord.Message) -> None:
        if self.budget.spare():
            try:
                await message.add_reaction(_BUSY)
            except discord.HTTPException as error:
                log.debug("[DISCORD] cannot react to %s: %s", message.id, error)

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chore_ended)

    def _chore_ended(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("[DISCORD] a chore failed", exc_info=error)
