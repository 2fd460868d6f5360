"""The composition root: which real thing each Ray actor is given. Nothing else in Troupe chooses an implementation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from actors import access, audit, usage
from actors.access import AccessActor
from actors.additions import KIND as ADDITIONS
from actors.additions import AdditionsActor, reading_additions
from actors.audit import AuditActor
from actors.channel import KIND as CHANNEL
from actors.channel import ChannelActor
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
from actors.host import ActorFactory
from actors.long_term import LongTermMemory
from actors.member import KIND as MEMBER
from actors.member import MemberActor
from actors.memory import KIND as MEMORY
from actors.memory import MemoryActor
from actors.memory_shelf import MemoryRules
from actors.points import KIND as POINTS
from actors.points import PointsActor
from actors.proposals import KIND as PROPOSAL
from actors.proposals import ProposalActor
from actors.routing import ChannelRules
from actors.schedule import KIND as SCHEDULE
from actors.schedule import ScheduleActor, Settled
from actors.schedule_state import Run
from actors.scheduler_actor import COMPONENT, RemoteScheduler, SchedulerSpec
from actors.scheduler_actor import NAME as SCHEDULER
from actors.standing import KIND as STANDING
from actors.standing import StandingActor
from actors.stored import DOCUMENTS
from actors.usage import UsageActor
from actors.virtual import NAMESPACE, Actors, HostSpec, VirtualActors, host_name
from bot.actor import GatewaySpec, gateway_name
from bot.config import BotConfig
from bot.index import DatabaseIndex
from bot.language import words
from bot.outlet import GatewayOutlet
from bot.pictures.studio import drawn
from bot.ports import Apps
from core.personas import Pack, load_pack
from core.settings import Settings
from schedules.catalog import load_jobs
from schedules.job import Posted, Slot
from schedules.running import Runner
from schedules.world import Handles, ServerWorld
from serve_apps.adapters import AdapterRegistry
from serve_apps.client import EmbeddingsClient, HealthClient, PersonaClient, RetrievalClient, SummariesClient
from serve_apps.embeddings import model_location
from serve_apps.models_client import ModelsClient
from serve_apps.probes import ActorProbe


def host_spec(settings: Settings, database_uri: str) -> HostSpec:
    """What every host of virtual actors is made of."""
    return HostSpec(
        database_uri=database_uri,
        database=settings.mongodb_database,
        documents=DOCUMENTS,
        build=partial(
            _kinds,
            ChannelRules.of(settings),
            settings.pack_dir,
            VirtualActors(settings.actor_hosts),
            MemoryRules.of(settings),
            model_location(settings)[0],
            settings.speculation,
            settings.summary_model is not None,
        ),
    )


def _kinds(
    rules: ChannelRules,
    pack_dir: Path,
    actors: Actors,
    memories: MemoryRules,
    embedding_model: str,
    speculation: bool,
    sums_up: bool,
) -> Mapping[str, ActorFactory]:
    # Read here and not sent along: Ray keeps large arguments with the process that started the actor, so a host could
    # not be restarted once that process is gone.
    pack = load_pack(pack_dir)
    embed = EmbeddingsClient()
    persona = PersonaClient()
    lore = RetrievalClient()
    channel = partial(
        ChannelActor,
        app=persona,
        pack=pack,
        rules=rules,
        lore=lore,
        guilds=GuildBook(
            pack, rules, reading(actors), reading_guests(actors), read_additions=reading_additions(actors)
        ),
        memory=LongTermMemory(actors, embed, memories) if memories.limit else None,
        prefill=persona.prefill if speculation else None,
        condense=SummariesClient() if sums_up else None,
    )
    return {
        CHANNEL: channel,
        GUILD: partial(GuildActor, pack=pack, rules=rules, guests=reading_guests(actors)),
        CAST: partial(CastActor, pack=pack),
        CARD: CardActor,
        ADDITIONS: AdditionsActor,
        PROPOSAL: ProposalActor,
        SCHEDULE: partial(ScheduleActor, jobs=load_jobs(), settings=reading(actors)),
        MEMORY: partial(MemoryActor, rules=memories, model=embedding_model, embed=embed),
        MEMBER: MemberActor,
        access.KIND: AccessActor,
        audit.KIND: AuditActor,
        usage.KIND: UsageActor,
        POINTS: partial(PointsActor, actors=actors, settings=reading(actors)),
        STANDING: StandingActor,
        DROP: DropActor,
        GAME: partial(GameActor, maker=GameMaker(pack, lore), actors=actors, rules=GameRules()),
    }


def gateway_spec(settings: Settings, database_uri: str, actors: Actors, config: BotConfig) -> GatewaySpec:
    """What the bot's gateway is made of."""
    memories = MemoryRules.of(settings)
    return GatewaySpec(
        config=config,
        actors=actors,
        index=DatabaseIndex(database_uri, settings.mongodb_database),
        pack_dir=settings.pack_dir,
        apps=Apps(
            persona=PersonaClient(),
            retrieval=RetrievalClient(),
            memory=LongTermMemory(actors, EmbeddingsClient(), memories) if memories.limit else None,
            models=ModelsClient(settings.llm_model, AdapterRegistry(database_uri, settings.mongodb_database)),
            health=HealthClient(),
            scheduler=RemoteScheduler(),
        ),
        log_level=settings.log_level,
    )


def scheduler_spec(settings: Settings, database_uri: str, actors: Actors) -> SchedulerSpec:
    """What the scheduler is made of."""
    index = DatabaseIndex(database_uri, settings.mongodb_database)
    return SchedulerSpec(
        actors=actors,
        index=index,
        run=partial(_run_claimed, actors, index, settings.pack_dir, ChannelRules.of(settings), settings.shard_count),
        at_once=settings.jobs_at_once,
        log_level=settings.log_level,
    )


async def _run_claimed(
    actors: Actors,
    index: DatabaseIndex,
    pack_dir: Path,
    rules: ChannelRules,
    shard_count: int,
    guild_id: str,
    run: Run,
    holder: str,
) -> Settled:
    # A run has a loop of its own, and with it its connections.
    outlet = GatewayOutlet(shard_count, guild_id=guild_id)

    async def posted(guild_id: str, job: str, since_ms: int) -> tuple[Posted, ...]:
        found: tuple[Posted, ...] = await actors.call(SCHEDULE, guild_id, "posted", job, since_ms)
        return found

    def world(guild_id: str, run: Run) -> ServerWorld:
        handles = Handles(
            actors=actors,
            guilds=GuildBook(
                _pack(pack_dir),
                rules,
                reading(actors),
                reading_guests(actors),
                read_additions=reading_additions(actors),
            ),
            index=index,
            window=outlet,
            persona=PersonaClient(),
            retrieval=RetrievalClient(),
            posted=posted,
            words=words,
            draw=drawn,
        )
        return ServerWorld(Slot(run.job, guild_id, run.at_ms, run.seed), handles, run.channel_ids)

    try:
        return await Runner(actors, load_jobs(), world, outlet).run(guild_id, run, holder)
    finally:
        await index.close()


@cache
def _pack(pack_dir: Path) -> Pack:
    """The pack, read once in each process that runs jobs."""
    return load_pack(pack_dir)


def probes(settings: Settings) -> tuple[ActorProbe, ...]:
    """How `/health` asks the parts that are not Serve applications."""
    hosts = tuple(host_name(index) for index in range(settings.actor_hosts))
    return (
        ActorProbe(component="actors", names=hosts, namespace=NAMESPACE, method="stats"),
        ActorProbe(component=COMPONENT, names=(SCHEDULER,), namespace=NAMESPACE, method="health"),
        *(
            ActorProbe(component=name, names=(gateway_name(shard),), namespace=NAMESPACE, method="health")
            for shard, name in enumerate(bot_components(settings))
        ),
    )


def bot_components(settings: Settings) -> tuple[str, ...]:
    """The gateways by shard, as `/health` lists them."""
    count = settings.shard_count
    return ("bot",) if count == 1 else tuple(f"bot-{shard}" for shard in range(count))
