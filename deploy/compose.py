"""The composition root: which real thing each Ray actor is given. Nothing else in Troupe chooses an implementation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from actors.channel import KIND as CHANNEL
from actors.channel import ChannelActor
from actors.channel_state import ChannelDocument
from actors.host import ActorFactory
from actors.routing import ChannelRules
from actors.virtual import NAMESPACE, Actors, HostSpec, host_name
from bot.actor import NAME as GATEWAY
from bot.actor import GatewaySpec
from bot.config import BotConfig
from bot.index import DatabaseIndex
from bot.ports import Apps
from core.personas import load_pack
from core.settings import Settings
from serve_apps.client import PersonaClient, RetrievalClient
from serve_apps.probes import ActorProbe


def host_spec(settings: Settings, database_uri: str) -> HostSpec:
    """What every host of virtual actors is made of."""
    return HostSpec(
        database_uri=database_uri,
        database=settings.mongodb_database,
        documents=(ChannelDocument,),
        build=partial(_kinds, ChannelRules.of(settings), settings.pack_dir),
    )


def _kinds(rules: ChannelRules, pack_dir: Path) -> Mapping[str, ActorFactory]:
    # Read here and not sent along: Ray keeps large arguments with the process that started the actor, so a host could
    # not be restarted once that process is gone.
    pack = load_pack(pack_dir)
    return {CHANNEL: partial(ChannelActor, app=PersonaClient(), pack=pack, rules=rules)}


def gateway_spec(settings: Settings, database_uri: str, actors: Actors, config: BotConfig) -> GatewaySpec:
    """What the bot's gateway is made of."""
    return GatewaySpec(
        config=config,
        actors=actors,
        index=DatabaseIndex(database_uri, settings.mongodb_database),
        pack_dir=settings.pack_dir,
        apps=Apps(persona=PersonaClient(), retrieval=RetrievalClient()),
        log_level=settings.log_level,
    )


def probes(settings: Settings) -> tuple[ActorProbe, ...]:
    """How `/health` asks the parts that are not Serve applications."""
    hosts = tuple(host_name(index) for index in range(settings.actor_hosts))
    return (
        ActorProbe(component="actors", names=hosts, namespace=NAMESPACE, method="stats"),
        ActorProbe(component="bot", names=(GATEWAY,), namespace=NAMESPACE, method="health"),
    )
