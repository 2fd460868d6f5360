"""Jobs that run for real on a stage: their world is the stage's, and what they make is delivered by its gateway."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from actors.additions import reading_additions
from actors.guests import reading_guests
from actors.guild_book import GuildBook, reading
from actors.routing import ChannelRules
from actors.trivia import about
from actors.virtual import LocalVirtualActors
from bot.gateway import Gateway
from bot.language import words
from bot.pictures.studio import drawn
from core.messages import Delta, Passage, ReplyRequest, SearchQuery, Spoken
from schedules.catalog import load_jobs
from schedules.job import Made, Post, Posted, Silence, Slot
from schedules.world import Handles, ServerWorld
from tests.support.bot import Index, Shelf, SpeakingApp, Stage

JOBS = load_jobs()
MINUTE_MS = 60_000


class LoreShelf(Shelf):
    """Finds what the pack has on a subject by its words."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._pack = stage.pack

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """See RetrievalApp."""
        self.queries.append(query)
        return about(self._pack, query.text)[: query.limit]


class TakingUp(SpeakingApp):
    """Says the beginning of the facts that it is told, or else of what it is asked; or speaks as if there was no
    model."""

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        self.requests.append(request)
        told = " ".join((request.summary or request.message.content).split()[:8]).rstrip(".,;:")
        yield Spoken(text=f"{request.persona_id} hears {told}.", model="scripted", fallback=self.fallback)


@dataclass
class Backstage:
    """Runs jobs on one server. Slots are `ahead_ms` in the future, when what was just said is no longer news."""

    stage: Stage
    gateway: Gateway
    actors: LocalVirtualActors
    guild_id: str
    before: list[tuple[str, Posted]] = field(default_factory=list)
    ahead_ms: int = 30 * MINUTE_MS

    def world(self, slot: Slot, *channel_ids: str) -> ServerWorld:
        """The world of a run."""
        rules = ChannelRules()
        guilds = GuildBook(
            self.stage.pack,
            rules,
            reading(self.actors),
            reading_guests(self.actors),
            read_additions=reading_additions(self.actors),
        )
        handles = Handles(
            actors=self.actors,
            guilds=guilds,
            index=Index(self.stage.database),
            window=self.gateway,
            persona=self.stage.app,
            retrieval=self.stage.shelf,
            posted=self._posted,
            words=words,
            draw=drawn,
        )
        return ServerWorld(slot, handles, channel_ids)

    def slot(self, job: str) -> Slot:
        """A slot of a job."""
        return Slot.of(job, self.guild_id, time.time_ns() // 1_000_000 + self.ahead_ms)

    async def make(self, job: str, *channel_ids: str) -> Made:
        """What the job makes, to be posted in these channels."""
        slot = self.slot(job)
        return await JOBS[job].make(slot, self.world(slot, *channel_ids))

    async def run(self, job: str, *channel_ids: str) -> list[tuple[Post, str]]:
        """Runs the job; what it posted, with the ids of the messages."""
        made = await self.make(job, *channel_ids)
        assert not isinstance(made, Silence), made.reason
        return [await self.deliver(job, post) for post in ((made,) if isinstance(made, Post) else made)]

    async def deliver(self, job: str, post: Post, **more: Any) -> tuple[Post, str]:
        """Delivers one post."""
        at_ms = time.time_ns() // 1_000_000
        asked = {"nonce": f"{len(self.before)}-{job}", "since_ms": at_ms, "look": False, **more}
        message_id = await self.gateway.deliver(self.guild_id, post, **asked)
        posted = Posted(at_ms=at_ms, channel_id=post.channel_id, message_id=message_id, fingerprint=post.fingerprint)
        self.before.append((job, posted))
        return post, message_id

    async def _posted(self, guild_id: str, job: str, since_ms: int) -> tuple[Posted, ...]:
        return tuple(one for name, one in self.before if name == job and one.at_ms >= since_ms)
