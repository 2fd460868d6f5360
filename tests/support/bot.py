"""The bot on the wire: the real client against a local Discord, over real channel actors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from actors.channel import KIND, ChannelActor, channels_with_open_turns, known_channels
from actors.channel_state import ChannelDocument
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.virtual import LocalVirtualActors
from bot.config import BotConfig
from bot.gateway import Gateway
from bot.ports import Apps
from core.documents import DatabaseHandle
from core.messages import Delta, Passage, ReplyRequest, SearchQuery, Spoken
from core.personas import Pack
from core.settings import ROOT
from local_discord import LocalDiscord
from tests.support.eventually import eventually

PACK = ROOT / "packs" / "communiverse"


@dataclass
class SpeakingApp:
    """Says `text` in `pieces` pieces, `pause_s` apart; where `text` is empty, `<persona id> hears <content>.`"""

    text: str = ""
    pieces: int = 1
    pause_s: float = 0.0
    requests: list[ReplyRequest] = field(default_factory=list)

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        self.requests.append(request)
        text = self.text or f"{request.persona_id} hears {request.message.content}."
        step = -(-len(text) // self.pieces)
        for start in range(0, len(text), step):
            yield Delta(text=text[start : start + step])
            await asyncio.sleep(self.pause_s)
        yield Spoken(text=text, model="scripted")


@dataclass
class Shelf:
    """Finds the passages it holds, whatever is asked; or fails."""

    passages: tuple[Passage, ...] = ()
    fails: Exception | None = None
    queries: list[SearchQuery] = field(default_factory=list)

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """See RetrievalApp."""
        self.queries.append(query)
        if self.fails:
            raise self.fails
        return self.passages[: query.limit]


@dataclass
class Index:
    """The channels of an open database."""

    database: DatabaseHandle

    async def with_open_turns(self) -> list[str]:
        """See ChannelIndex."""
        return await channels_with_open_turns(self.database)

    async def heard_since(self, since_ms: int) -> list[str]:
        """See ChannelIndex."""
        return await known_channels(self.database, since_ms)


@dataclass
class Stage:
    """Everything a gateway needs; `gateway()` starts one, as a process would."""

    server: LocalDiscord
    pack: Pack
    database: DatabaseHandle
    app: SpeakingApp = field(default_factory=SpeakingApp)
    shelf: Shelf = field(default_factory=Shelf)
    edit_interval_s: float = 0.2
    catch_up_age_s: float = 900.0

    def actors(self) -> LocalVirtualActors:
        """Actors of a fresh process: the same database, no memory."""
        channel = partial(ChannelActor, app=self.app, pack=self.pack, rules=ChannelRules(keyword_cooldown_s=0))
        return LocalVirtualActors(VirtualHost({KIND: channel}))

    def config(self, token: str | None = None) -> BotConfig:
        """How to reach the server."""
        return BotConfig(
            token=token or self.server.seed["bot_token"],
            api_url=self.server.api_url,
            gateway_url=self.server.gateway_url,
            cdn_url=self.server.cdn_url,
            edit_interval_s=self.edit_interval_s,
            first_post_s=0.1,
            catch_up_age_s=self.catch_up_age_s,
        )

    @asynccontextmanager
    async def gateway(self, actors: LocalVirtualActors | None = None, drain_s: float = 1.0) -> AsyncIterator[Gateway]:
        """A gateway that is ready; it disconnects at the end. `drain_s` 0 leaves open turns as a crash would."""
        apps = Apps(persona=self.app, retrieval=self.shelf)
        gateway = Gateway(self.config(), actors or self.actors(), Index(self.database), self.pack, apps)
        running = asyncio.create_task(gateway.run())

        async def ready() -> bool:
            return running.done() or gateway.health().state == "ready"

        try:
            await eventually(ready)
            yield gateway
        finally:
            await gateway.stop(drain_s)
            await asyncio.wait_for(running, 10)

    async def closed(self, question: dict[str, Any]) -> None:
        """Returns once the turn of a message was opened and closed."""

        async def is_closed() -> bool:
            state = (await ChannelDocument.load(question["channel_id"])).state
            return state.is_handled(question["id"]) and state.find(question["id"]) is None

        await eventually(is_closed)
