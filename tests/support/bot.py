"""The bot on the wire: the real client against a local Discord, over real channel actors."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from actors import access, audit, usage
from actors.access import AccessActor
from actors.additions import KIND as ADDITIONS
from actors.additions import Additions, AdditionsActor, reading_additions
from actors.audit import AuditActor
from actors.channel import KIND, ChannelActor
from actors.channel_document import ChannelDocument
from actors.drop import KIND as DROP
from actors.drop import DropActor
from actors.game import KIND as GAME
from actors.game import GameActor
from actors.game_making import GameMaker
from actors.game_play import GameRules
from actors.guests import CARD, CAST, CardActor, CastActor, reading_guests
from actors.guild import KIND as GUILD
from actors.guild import GuildActor
from actors.guild_book import GuildBook, reading
from actors.guild_settings import GuildSettings
from actors.host import VirtualHost
from actors.long_term import LongTermMemory
from actors.member import KIND as MEMBER
from actors.member import MemberActor
from actors.memory import KIND as MEMORY
from actors.memory import MemoryActor
from actors.memory_shelf import MemoryRules
from actors.points import KIND as POINTS
from actors.points import PointsActor, PointsDocument
from actors.proposals import KIND as PROPOSAL
from actors.proposals import ProposalActor
from actors.routing import ChannelRules
from actors.schedule import KIND as SCHEDULE
from actors.schedule import ScheduleActor
from actors.standing import KIND as STANDING
from actors.standing import StandingActor
from actors.usage import UsageActor
from actors.virtual import LocalVirtualActors
from bot.config import BotConfig
from bot.gateway import Gateway
from bot.index import DatabaseIndex
from bot.ports import Apps, HealthApp, SchedulerApp
from core.documents import DatabaseHandle
from core.limits import Limits
from core.messages import (
    Delta,
    FilterLevel,
    GenerateChunk,
    GenerateRequest,
    Making,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
    Usage,
)
from core.personas import Guest, Pack
from core.settings import ROOT
from local_discord import LocalDiscord
from schedules.catalog import Jobs, load_jobs
from tests.support.embedding import words_embedded
from tests.support.eventually import eventually

PACK = ROOT / "packs" / "communiverse"


@dataclass
class SpeakingApp:
    """Says `text` in `pieces` pieces, `pause_s` apart, after having thought for `thinks_s`; where `text` is empty,
    `<persona id> hears <content>.`"""

    text: str = ""
    pieces: int = 1
    pause_s: float = 0.0
    thinks_s: float = 0.0
    requests: list[ReplyRequest] = field(default_factory=list)
    warmed: int = 0
    read_ahead: list[ReplyRequest] = field(default_factory=list)
    usage: Usage | None = None
    fails: Exception | None = None
    fallback: bool = False  # it answers as if no model did

    async def prefill(self, request: ReplyRequest) -> None:
        """See PersonaClient."""
        self.read_ahead.append(request)

    async def warm(self) -> None:
        """See PersonaApp."""
        self.warmed += 1

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        self.requests.append(request)
        if self.fails:
            raise self.fails
        text = self.text or f"{request.persona_id} hears {request.message.content}."
        await asyncio.sleep(self.thinks_s)
        step = -(-len(text) // self.pieces)
        for start in range(0, len(text), step):
            yield Delta(text=text[start : start + step])
            await asyncio.sleep(self.pause_s)
        making = Making(usage=self.usage) if self.usage else None
        yield Spoken(text=text, model="scripted", making=making, fallback=self.fallback)


@dataclass
class Shelf:
    """Finds the passages it holds, whatever is asked; or fails."""

    passages: tuple[Passage, ...] = ()
    fails: Exception | None = None
    thinks_s: float = 0.0
    queries: list[SearchQuery] = field(default_factory=list)
    kept: dict[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    reloaded: int = 0

    async def reload(self) -> tuple[int, int]:
        """See RetrievalApp."""
        if self.fails:
            raise self.fails
        self.reloaded += 1
        return 3, 1

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """See RetrievalApp."""
        self.queries.append(query)
        await asyncio.sleep(self.thinks_s)
        if self.fails:
            raise self.fails
        return self.passages[: query.limit]

    async def keep(self, guild_id: str, owner: str, passages: tuple[tuple[str, str], ...]) -> int:
        """See RetrievalApp."""
        if self.fails:
            raise self.fails
        self.kept[(guild_id, owner)] = passages
        return len(passages)


@dataclass
class Adapter:
    """See AdapterInfo."""

    name: str
    path: str
    personas: tuple[str, ...] = ()


@dataclass
class Models:
    """Writes `text` to whatever it is asked, and says how it is, after having thought for `thinks_s`; or fails."""

    base: str = "tiny"
    text: str = "Forty-two, I should think."
    fails: Exception | None = None
    thinks_s: float = 0.0
    requests: list[GenerateRequest] = field(default_factory=list)
    found: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"llm": ("ready", "tiny on vllm"), "vlm": ("idle", "")}
    )
    known: list[Adapter] = field(default_factory=list)

    async def generate(self, request: GenerateRequest) -> AsyncIterator[GenerateChunk]:
        """See ModelsApp."""
        self.requests.append(request)
        await self._think()
        half = len(self.text) // 2
        yield GenerateChunk(text=self.text[:half], model="small")
        usage = Usage(prompt_tokens=9, completion_tokens=4)
        yield GenerateChunk(text=self.text[half:], model="small", finish_reason="stop", usage=usage)

    async def states(self) -> dict[str, tuple[str, str]]:
        """See ModelsApp."""
        await self._think()
        return self.found

    async def adapters(self) -> list[Adapter]:
        """See ModelsApp."""
        await self._think()
        return self.known

    async def assign(self, adapter: str, personas: Sequence[str]) -> None:
        """See ModelsApp."""
        await self._think()
        for one in self.known:
            left = tuple(persona for persona in one.personas if persona not in personas)
            one.personas = tuple(personas) if one.name == adapter else left

    async def _think(self) -> None:
        await asyncio.sleep(self.thinks_s)
        if self.fails:
            raise self.fails


class Index(DatabaseIndex):
    """The same over an open connection."""

    def __init__(self, database: DatabaseHandle) -> None:
        super().__init__("", "")
        self._database = database


@dataclass
class Stage:
    """Everything a gateway needs; `gateway()` starts one, as a process would."""

    server: LocalDiscord
    pack: Pack
    database: DatabaseHandle
    app: SpeakingApp = field(default_factory=SpeakingApp)
    shelf: Shelf = field(default_factory=Shelf)
    models: Models = field(default_factory=Models)
    edit_interval_s: float = 0.2
    catch_up_age_s: float = 900.0
    take_up_every_s: float = 60.0
    reply_deadline_s: float = 30.0
    prewarm: bool = False
    speculation: bool = False
    reactions: bool = True
    settings_fresh_s: float = 0.2
    reply_buttons: bool = True
    window: int = 10
    quota_user: Limits = field(default_factory=dict)
    quota_guild: Limits = field(default_factory=dict)
    rate_mentions: float = 0.0
    rate_commands: float = 0.0
    shard_count: int = 1
    health: HealthApp | None = None
    talk_points: bool = False
    content_filter: FilterLevel = "medium"
    scheduler: SchedulerApp | None = None
    jobs: Jobs = field(default_factory=load_jobs)
    ahead_ms: int = 0  # how far the clock of points and drops is put forward

    def now_ms(self) -> int:
        """The clock of points and drops."""
        return time.time_ns() // 1_000_000 + self.ahead_ms

    game_rules: GameRules = field(default_factory=lambda: GameRules(pause_s=0.3, vote_s=1.0, beat_s=0.5))
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def actors(self) -> LocalVirtualActors:
        """Actors of a fresh process: the same database, no memory."""
        rules = ChannelRules(keyword_cooldown_s=0, memory_window=self.window, long_term=True)

        async def read(guild_id: str) -> GuildSettings:
            return await reading(actors)(guild_id)

        async def guests(guild_id: str, version: int) -> tuple[int, tuple[Guest, ...]] | None:
            return await reading_guests(actors)(guild_id, version)

        async def additions(guild_id: str, version: int) -> Additions | None:
            return await reading_additions(actors)(guild_id, version)

        book = GuildBook(self.pack, rules, read, guests, read_additions=additions, fresh_s=self.settings_fresh_s)

        def channel(key: str) -> ChannelActor:
            memory = self.memory(actors)
            prefill = self.app.prefill if self.speculation else None
            return ChannelActor(
                key, app=self.app, pack=self.pack, rules=rules, guilds=book, memory=memory, prefill=prefill
            )

        maker = GameMaker(self.pack, self.shelf, self.rng)
        kinds = {
            KIND: channel,
            GUILD: partial(GuildActor, pack=self.pack, rules=rules, guests=guests),
            CAST: partial(CastActor, pack=self.pack),
            CARD: CardActor,
            ADDITIONS: AdditionsActor,
            PROPOSAL: ProposalActor,
            SCHEDULE: lambda key: ScheduleActor(key, jobs=self.jobs, settings=read),
            MEMORY: partial(MemoryActor, rules=MemoryRules(), model="words", embed=words_embedded),
            MEMBER: MemberActor,
            access.KIND: AccessActor,
            audit.KIND: AuditActor,
            usage.KIND: UsageActor,
            POINTS: lambda key: PointsActor(key, actors=actors, settings=read, now_ms=self.now_ms),
            STANDING: StandingActor,
            DROP: partial(DropActor, now_ms=self.now_ms),
            GAME: lambda key: GameActor(key, maker=maker, actors=actors, rules=self.game_rules),
        }
        actors = LocalVirtualActors(VirtualHost(kinds))
        return actors

    def memory(self, actors: LocalVirtualActors) -> LongTermMemory:
        """Long-term memory over these actors."""
        return LongTermMemory(actors, words_embedded, MemoryRules())

    def config(self, token: str | None = None, shard: int = 0) -> BotConfig:
        """How to reach the server."""
        return BotConfig(
            token=token or self.server.seed["bot_token"],
            api_url=self.server.api_url,
            gateway_url=self.server.gateway_url,
            cdn_url=self.server.cdn_url,
            edit_interval_s=self.edit_interval_s,
            first_post_s=0.1,
            catch_up_age_s=self.catch_up_age_s,
            take_up_every_s=self.take_up_every_s,
            reply_deadline_s=self.reply_deadline_s,
            prewarm=self.prewarm,
            speculation=self.speculation,
            reactions=self.reactions,
            reply_buttons=self.reply_buttons,
            access_fresh_s=self.settings_fresh_s,
            access_patience_s=5.0,  # on a busy machine
            quota_user=self.quota_user,
            quota_guild=self.quota_guild,
            rate_mentions=self.rate_mentions,
            rate_commands=self.rate_commands,
            shard=shard,
            shard_count=self.shard_count,
            identify_every_s=0.0,
            presence_every_s=0.05,
            talk_points=self.talk_points,
            content_filter=self.content_filter,
        )

    @asynccontextmanager
    async def gateway(
        self, actors: LocalVirtualActors | None = None, drain_s: float = 1.0, shard: int = 0
    ) -> AsyncIterator[Gateway]:
        """A gateway that is ready; it disconnects at the end. `drain_s` 0 leaves open turns as a crash would."""
        actors = actors or self.actors()
        apps = Apps(
            persona=self.app,
            retrieval=self.shelf,
            memory=self.memory(actors),
            models=self.models,
            health=self.health,
            scheduler=self.scheduler,
        )
        gateway = Gateway(self.config(shard=shard), actors, Index(self.database), self.pack, apps)
        running = asyncio.create_task(gateway.run())

        async def ready() -> bool:
            return running.done() or gateway.health().state == "ready"

        try:
            await eventually(ready)
            yield gateway
        finally:
            await gateway.stop(drain_s)
            await asyncio.wait_for(running, 10)

    async def booked(self) -> list[tuple[str, int]]:
        """What games have entered into the ledgers: key and amount, in their order."""
        found = await self.database.collection(PointsDocument).find({}).to_list()
        ledgers = [PointsDocument.model_validate(one) for one in found]
        entries = [(one.at_ms, ledger.id, one.amount) for ledger in ledgers for one in ledger.entries]
        return [(key, amount) for _, key, amount in sorted(entries)]

    async def closed(self, question: dict[str, Any]) -> None:
        """Returns once the turn of a message was opened and closed."""

        async def is_closed() -> bool:
            state = (await ChannelDocument.load(question["channel_id"])).state
            return state.is_handled(question["id"]) and state.find(question["id"]) is None

        await eventually(is_closed)
