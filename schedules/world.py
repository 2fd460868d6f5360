"""The world of a run: one server as it really is, read from its actors, its channels and the models."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import uuid4

from actors import game, guild, member, proposals, usage
from actors.channel_stage import Stage
from actors.game_views import GameView
from actors.guild_book import GuildBook, Here
from actors.guild_settings import EVERYWHERE, GuildSettings
from actors.points_queries import Board, Page
from actors.proposals import Proposal
from actors.routing import ChannelRules
from actors.scenes import Scene
from actors.trivia import about, passages_of
from actors.virtual import Calls
from core import clock
from core.drawing import Letters
from core.errors import RequestError, TroupeError
from core.guests import cut
from core.messages import Author, Delta, FilterLevel, IncomingMessage, Passage, ReplyRequest, SearchQuery, Spoken, Usage
from core.personas import Guest, Pack
from core.prompts import one_line
from schedules.job import Channel, Line, Posted, Say, Slot, Standing, stable_hash
from schedules.talk import takes_up

log = logging.getLogger(__name__)

JOBS = "jobs"  # the subject whose use is counted for what jobs have written
WRITE_S = 25.0
SEARCH_S = 5.0
MOST_LINES = 400
MOST_STANDINGS = 10
MOST_DOCUMENTS = 400
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel of a server, as the bot sees it. `lacks` names the permissions that it would need to post there."""

    id: str
    name: str
    public: bool
    age_gated: bool
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, as the bot sees it: its language, as Discord names it, and the channels that the bot can read."""

    locale: str
    places: tuple[Place, ...]


class Window(Protocol):
    """Sees Discord. Both methods raise Unavailable where it is away, and RequestError for what the bot cannot see."""

    async def server(self, guild_id: str) -> Server:
        """A server."""
        ...

    async def lines(self, channel_id: str, since_ms: int, limit: int) -> tuple[Line, ...]:
        """What stands in a channel since then, at most the last `limit` lines, oldest first. `persona_id` of what was
        posted by a webhook is the name that it was posted under."""
        ...


class PersonaApp(Protocol):
    """What writes in a persona's voice."""

    def reply(self, request: ReplyRequest) -> Any:
        """Deltas, then exactly one Spoken, as an async generator."""
        ...


class RetrievalApp(Protocol):
    """Finds lore."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        """The best passages, best first. Raises TroupeError."""
        ...


class WorldIndex(Protocol):
    """What is asked of all actors of a kind at once. Raises TroupeError."""

    async def heard_in(self, guild_id: str, since_ms: int) -> list[str]:
        """Ids of a server's channels in which something was heard since then, the latest first."""
        ...

    async def scenes_due(self, guild_id: str, now_ms: int) -> list[str]:
        """Ids of a server's channels in which the answer of a scene is to be told by now."""
        ...

    async def leaderboard(self, board: Board, skip: int, limit: int) -> Page:
        """A page of a leaderboard."""
        ...


# What a job posted on a server since then, oldest first. Raises TroupeError.
ReadPosted = Callable[[str, str, int], Awaitable[tuple[Posted, ...]]]
# Has a picture drawn where fonts are.
Draw = Callable[[Callable[[Letters], bytes]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """What worlds are made of. `words` gives the bot's texts for a locale of Discord."""

    actors: Calls
    guilds: GuildBook
    index: WorldIndex
    window: Window
    persona: PersonaApp
    retrieval: RetrievalApp
    posted: ReadPosted
    words: Callable[[str], Say]
    draw: Draw


@dataclass
class ServerWorld:
    """The world of one run, whose job posts in `channel_ids` where those are set. See `schedules.job.World`; what is
    asked twice in one run is the same."""

    slot: Slot
    handles: Handles
    channel_ids: tuple[str, ...] = ()
    write_s: float = WRITE_S
    tokens: int = 0
    _server: Server | None = None
    _found: Here | None = None
    _asked: int = 0
    _opted_out: dict[str, bool] = field(default_factory=dict)

    @property
    def _guild(self) -> str:
        return self.slot.guild_id

    async def cast(self, channel_id: str = "") -> Pack:
        """See World."""
        pack = (await self._here()).pack
        if not channel_id:
            return pack
        stage: Stage = await self.handles.actors.call("channel", channel_id, "stage", self._guild)
        return pack.with_cast(stage.cast, stage.set_here) if stage.cast else pack

    async def filter_level(self) -> FilterLevel:
        """See World."""
        return (await self._here()).rules.filter_level or "medium"

    async def settings(self) -> GuildSettings:
        """See World."""
        found: GuildSettings = await self.handles.actors.call(guild.KIND, self._guild, "settings")
        return found

    async def channels(self) -> tuple[Channel, ...]:
        """See World."""
        rules, places = (await self._here()).rules, {one.id: one for one in (await self._seen()).places}
        if not self.channel_ids:
            unasked = rules.auto_channels if rules.only_channel is None else frozenset()
            found = [one for one in places.values() if EVERYWHERE in unasked or one.id in unasked]
            return tuple(_channel(one) for one in found if not _hindrance(one.id, one, rules))
        reasons = {one: _hindrance(one, places.get(one), rules) for one in self.channel_ids}
        if all(reasons.values()):
            raise RequestError(" ".join(reasons.values()), field="channel")
        return tuple(_channel(places[one]) for one, reason in reasons.items() if not reason)

    async def everywhere(self) -> tuple[Channel, ...]:
        """See World."""
        return tuple(_channel(one) for one in (await self._seen()).places)

    async def lines(self, channel_id: str, since_ms: int) -> tuple[Line, ...]:
        """See World."""
        pack = await self.cast()
        names = {persona.name: persona.id for persona in pack.personas}
        found = await self.handles.window.lines(channel_id, since_ms, MOST_LINES)
        ours = [line for line in found if line.persona_id is None or line.persona_id in names]
        await self._ask_wishes({line.author_id for line in ours if line.author_id and line.persona_id is None})
        told = [line for line in ours if line.persona_id or not self._opted_out.get(line.author_id or "", True)]
        return tuple(replace(line, persona_id=names.get(line.persona_id or "")) for line in told)

    async def heard_since(self, channel_id: str, since_ms: int) -> bool:
        """See World."""
        found = await self.handles.window.lines(channel_id, since_ms, MOST_LINES)
        return any(line.persona_id is None for line in found)

    async def active_since(self, since_ms: int) -> tuple[str, ...]:
        """See World."""
        ours = {one.id for one in (await self._seen()).places}
        return tuple(one for one in await self.handles.index.heard_in(self._guild, since_ms) if one in ours)

    async def standings(self) -> tuple[Standing, ...]:
        """See World."""
        page = await self.handles.index.leaderboard(Board(guild_id=self._guild), 0, MOST_STANDINGS)
        await self._ask_wishes({row.user_id for row in page.rows})
        rows = (row for row in page.rows if row.name and not self._opted_out[row.user_id])
        return tuple(Standing(name=row.name, points=row.points, user_id=row.user_id) for row in rows)

    async def search(self, text: str, limit: int) -> tuple[Passage, ...]:
        """See World."""
        pack = await self.cast()
        deadline_ms = clock.now_ms() + int(SEARCH_S * 1000)
        query = SearchQuery(text=text, limit=limit, pack=pack.id, guild_id=self._guild, deadline_ms=deadline_ms)
        try:
            return await self.handles.retrieval.search(query)
        except TroupeError:
            return about(pack, text)[:limit]  # by its words alone

    async def write(self, persona_id: str, instruction: str, facts: tuple[str, ...], max_words: int) -> str | None:
        """See World."""
        pack = await self.cast()
        persona = pack.persona(persona_id)
        self._asked += 1
        # The seed of the text is that of its message, so another attempt at the run asks for the same.
        message_id = str(stable_hash(self.slot.seed, self._asked, persona_id, instruction) >> 2)
        deadline_ms = clock.now_ms() + int(self.write_s * 1000)
        message = IncomingMessage(
            id=message_id,
            channel_id="0",
            guild_id=self._guild,
            author=Author(id="0", name="The director"),
            content=f"{instruction} Use at most {max_words} words.",
            created_ms=self.slot.at_ms,
            mentions_bot=True,
            deadline_ms=deadline_ms,
        )
        request = ReplyRequest(
            persona_id=persona.id,
            message=message,
            summary="\n".join(one_line(fact) for fact in facts),
            filter_level=await self.filter_level(),
            rag=False,
            deadline_ms=deadline_ms,
            guest=persona if isinstance(persona, Guest) else None,
        )
        try:
            async with asyncio.timeout(self.write_s + 2.0):
                spoken = await self._spoken(request)
        except (TroupeError, TimeoutError):
            return None
        if spoken is not None and spoken.making and spoken.making.usage:
            await self._count(spoken.making.usage)
        if spoken is None or spoken.fallback or spoken.filtered:
            return None
        text = shortened(spoken.text, max_words)
        return text if text and takes_up(text, instruction, facts) else None

    async def posted(self, job: str, since_ms: int) -> tuple[Posted, ...]:
        """See World."""
        return await self.handles.posted(self._guild, job, since_ms)

    async def documents(self) -> tuple[Passage, ...]:
        """See World."""
        return passages_of(await self.cast())[:MOST_DOCUMENTS]

    async def scene(self, channel_id: str) -> Scene | None:
        """See World."""
        found: Scene | None = await self.handles.actors.call("channel", channel_id, "scene")
        return found

    async def scenes_due(self, now_ms: int) -> tuple[tuple[str, Scene], ...]:
        """See World."""
        channel_ids = await self.handles.index.scenes_due(self._guild, now_ms)
        found = [(one, await self.scene(one)) for one in channel_ids]
        return tuple((one, scene) for one, scene in found if scene is not None and 0 < scene.due_ms <= now_ms)

    async def plays(self, channel_id: str) -> bool:
        """See World."""
        view: GameView | None = await self.handles.actors.call(game.KIND, channel_id, "view")
        return view is not None and not view.over

    async def propose(self, proposal: Proposal) -> str:
        """See World."""
        await self.handles.actors.call(proposals.KIND, proposal.id, "open", proposal)
        return proposal.id

    async def words(self) -> Say:
        """See World."""
        return self.handles.words((await self._seen()).locale)

    async def draw(self, work: Callable[[Letters], bytes]) -> bytes:
        """See World."""
        return await self.handles.draw(work)

    async def _here(self) -> Here:
        """What holds on the server. Raises where its settings cannot be read: the book would go by the operator's."""
        if self._found is None:
            await self.settings()
            self._found = await self.handles.guilds.of(self._guild)
        return self._found

    async def _count(self, spent: Usage) -> None:
        """Tokens count as the server's also where their text is not used."""
        tokens = spent.prompt_tokens + spent.completion_tokens
        self.tokens += tokens
        batch = (uuid4().hex, clock.now_ms(), {JOBS: (0, tokens)})
        try:
            await self.handles.actors.call(usage.KIND, self._guild, "add", *batch)
        except TroupeError as error:
            log.warning("[JOB] %d tokens of %s are not counted: %s", tokens, self._guild, error)

    async def _seen(self) -> Server:
        if self._server is None:
            self._server = await self.handles.window.server(self._guild)
        return self._server

    async def _spoken(self, request: ReplyRequest) -> Spoken | None:
        async with aclosing(self.handles.persona.reply(request)) as events:
            async for event in events:
                if not isinstance(event, Delta):
                    spoken: Spoken = event
                    return spoken
        return None

    async def _ask_wishes(self, user_ids: set[str]) -> None:
        """Who of them wants nothing of theirs told: whoever had the cast forget what they say here."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(user_id: str) -> None:
            async with slots:
                kept = await self.handles.actors.call(member.KIND, user_id, "is_remembered", self._guild)
                self._opted_out[user_id] = not kept

        await asyncio.gather(*(ask(one) for one in sorted(user_ids - self._opted_out.keys())))


def shortened(text: str, max_words: int) -> str:
    """A text of at most so many words: whole sentences, or else its first words."""
    words = text.split()
    if len(words) <= max_words:
        return text.strip()
    limit = len(" ".join(words[:max_words]))
    return cut(" ".join(words), max(limit, 1))


def _channel(place: Place) -> Channel:
    return Channel(id=place.id, name=place.name, public=place.public, age_gated=place.age_gated)


def _hindrance(channel_id: str, place: Place | None, rules: ChannelRules) -> str:
    """Why nothing can be posted in a channel; empty where it can."""
    if place is None:
        return f"The channel <#{channel_id}> is not there, or I may not see it and read its history."
    if not rules.allows_in(channel_id):
        return f"In #{place.name} the cast may not speak: allowed_channels leaves it out."
    return f"In #{place.name} I lack the permission {' and '.join(place.lacks)}." if place.lacks else ""
