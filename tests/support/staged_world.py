"""A server for jobs to look at, in memory: what was said, posted and played there is what a test puts in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from actors.guild_settings import GuildSettings
from actors.proposals import Proposal
from actors.scenes import Scene
from actors.trivia import about, passages_of
from bot.language import words
from bot.pictures import fonts
from core.drawing import Letters
from core.messages import FilterLevel, Passage
from core.personas import Pack, load_pack
from schedules.job import Channel, Line, Post, Posted, Say, Slot, Standing, World
from tests.support.bot import PACK

GUILD = "600"
GENERAL, GAMES, STAFF, ADULTS = "701", "702", "703", "704"
NOW_MS = 1_767_261_600_000  # a Thursday, 10:00 UTC
HOUR_MS = 3_600_000
PLACES = (
    Channel(id=GENERAL, name="general"),
    Channel(id=GAMES, name="games"),
    Channel(id=STAFF, name="staff", public=False),
    Channel(id=ADULTS, name="after-dark", age_gated=True),
)

Model = Callable[[str, str, tuple[str, ...]], str | None]


@cache
def pack() -> Pack:
    """The default pack, read once."""
    return load_pack(PACK)


def slot(job: str, at_ms: int = NOW_MS, guild_id: str = GUILD) -> Slot:
    """A firing of a job."""
    return Slot.of(job, guild_id, at_ms)


def line(text: str, minutes_ago: float = 60, name: str = "Ada", **more: object) -> Line:
    """Something that a person said."""
    at_ms = NOW_MS - int(minutes_ago * 60_000)
    told: dict[str, object] = {"message_id": str(at_ms), "author_id": f"id-{name}", **more}
    return Line(speaker=name, text=text, at_ms=at_ms, **told)  # type: ignore[arg-type]


def chatter(topic: str = "sourdough", count: int = 12) -> list[Line]:
    """People who talk about something, within the last hours."""
    people = ("Ada", "Bruno", "Chiyo")
    said = (
        f"My {topic} came out of the oven today",
        f"I never had any luck with {topic} before",
        f"Feed the {topic} twice a day, that is all there is to it",
        f"Does anybody trade {topic} for pickles?",
    )
    return [line(said[at % 4], 30 + 20 * at, people[at % 3], reactions=at % 3) for at in range(count)][::-1]


@dataclass
class StagedWorld:
    """See schedules.job.World. `model` writes for a persona, an instruction and facts; None is one that is away."""

    pack: Pack = field(default_factory=pack)
    model: Model | None = None
    posts_in: tuple[str, ...] = (GENERAL,)
    places: tuple[Channel, ...] = PLACES
    said: dict[str, list[Line]] = field(default_factory=dict)
    before: list[tuple[str, Posted]] = field(default_factory=list)
    scenes: dict[str, Scene] = field(default_factory=dict)
    playing: set[str] = field(default_factory=set)
    leaders: tuple[Standing, ...] = ()
    own: GuildSettings = field(default_factory=GuildSettings)
    proposed: list[Proposal] = field(default_factory=list)
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    locale: str = "en-US"
    tokens: int = 0
    casts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # who alone speaks in a channel
    unread: list[Line] = field(default_factory=list)  # by people who opted out
    draws: bool = True  # or else what would be drawn is only described

    async def cast(self, channel_id: str = "") -> Pack:
        return self.pack.with_cast(self.casts[channel_id]) if channel_id in self.casts else self.pack

    async def filter_level(self) -> FilterLevel:
        return self.own.content_filter or "medium"

    async def heard_since(self, channel_id: str, since_ms: int) -> bool:
        return any(line.persona_id is None for line in (*self.unread, *await self.lines(channel_id, since_ms)))

    async def settings(self) -> GuildSettings:
        return self.own

    async def channels(self) -> tuple[Channel, ...]:
        return tuple(one for one in self.places if one.id in self.posts_in)

    async def everywhere(self) -> tuple[Channel, ...]:
        return self.places

    async def lines(self, channel_id: str, since_ms: int) -> tuple[Line, ...]:
        return tuple(one for one in self.said.get(channel_id, []) if one.at_ms >= since_ms)

    async def active_since(self, since_ms: int) -> tuple[str, ...]:
        newest = {one: max(line.at_ms for line in lines) for one, lines in self.said.items() if lines}
        return tuple(sorted((one for one in newest if newest[one] >= since_ms), key=lambda one: -newest[one]))

    async def standings(self) -> tuple[Standing, ...]:
        return self.leaders

    async def search(self, text: str, limit: int) -> tuple[Passage, ...]:
        return about(self.pack, text)[:limit]

    async def write(self, persona_id: str, instruction: str, facts: tuple[str, ...], max_words: int) -> str | None:
        self.asked.append((persona_id, instruction, facts))
        return self.model(persona_id, instruction, facts) if self.model else None

    async def posted(self, job: str, since_ms: int) -> tuple[Posted, ...]:
        return tuple(one for name, one in self.before if name == job and one.at_ms >= since_ms)

    async def documents(self) -> tuple[Passage, ...]:
        return passages_of(self.pack)

    async def scene(self, channel_id: str) -> Scene | None:
        return self.scenes.get(channel_id)

    async def scenes_due(self, now_ms: int) -> tuple[tuple[str, Scene], ...]:
        return tuple((one, scene) for one, scene in self.scenes.items() if 0 < scene.due_ms <= now_ms)

    async def plays(self, channel_id: str) -> bool:
        return channel_id in self.playing

    async def propose(self, proposal: Proposal) -> str:
        self.proposed.append(proposal)
        return proposal.id

    async def words(self) -> Say:
        return words(self.locale)

    async def draw(self, work: Callable[[Letters], bytes]) -> bytes:
        return work(fonts.found()) if self.draws else b"drawn"

    def remember(self, job: str, post: Post, at_ms: int) -> None:
        """A post was delivered."""
        posted = Posted(at_ms=at_ms, channel_id=post.channel_id, message_id="1", fingerprint=post.fingerprint)
        self.before.append((job, posted))


def as_world(world: StagedWorld) -> World:
    """Checked: it has all that jobs may ask for."""
    return world
