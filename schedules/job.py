"""What a job is: a header that says when and how it runs, and a function that makes what it posts.

Each file in `schedules/jobs/` holds one `JOB`. Whatever is random in a run comes from the slot's seed, so that a run
that is done again makes the same; what it knows it asks its `World`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import BeforeValidator, PlainSerializer

from core.messages import FilterLevel, Turn

if TYPE_CHECKING:
    from actors.guild_settings import GuildSettings
    from actors.proposals import Proposal
    from actors.scenes import Scene
    from core.drawing import Letters
    from core.messages import Passage
    from core.personas import Pack

Misfire = Literal["skip", "run_once", "catch_up"]
"""What becomes of slots that could not fire in time: none of them runs, one run stands for all of them, or each of the
last `Job.catch_up_at_most` is run."""

REVEAL_JOB = "scenario_reveal"
"""The job that tells the answers of scenes: whoever begins one has it look in time."""
GameKind = Literal["trivia", "riddle", "story"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One firing of a job on a server. `at_ms` is when it is due by the schedule, before jitter; `seed` is a stable
    hash of the three others, from which everything random in the run comes."""

    job: str
    guild_id: str
    at_ms: int
    seed: int

    @classmethod
    def of(cls, job: str, guild_id: str, at_ms: int) -> Slot:
        """The slot with its seed."""
        return cls(job, guild_id, at_ms, stable_hash(job, guild_id, at_ms))

    @property
    def id(self) -> str:
        """Names the slot for good, at most 25 characters: so long a nonce Discord takes."""
        return f"{self.seed:016x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGame:
    """Have a game begin in the post's channel. `theme` is for stories, `topic` for trivia."""

    kind: GameKind
    rounds: int = 3
    topic: str = ""
    theme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartScene:
    """The post opens a scenario: its answer is told, in the same channel, once `reveal_at_ms` is over."""

    scenario_id: str
    reveal_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealScene:
    """The post tells the answer of the scene of that id, and of no other."""

    scene_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """The post proposes things, which go live when an admin approves. `proposal_id` is where they are kept."""

    proposal_id: str


Picture = Annotated[
    bytes,
    PlainSerializer(lambda png: base64.b64encode(png).decode(), return_type=str),
    BeforeValidator(lambda stored: base64.b64decode(stored) if isinstance(stored, str) else stored),
]
"""A PNG. It is stored as text, since the embedded database holds no bytes."""

Action = StartGame | StartScene | RevealScene | Propose


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The embed of a post: `fields` are names and values in Discord's markdown, which the job has escaped."""

    title: str = ""
    description: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    footer: str = ""
    colour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message to be sent. `persona_id` None is the bot itself. `picture` is a PNG, `alt` what is to be seen on it.

    Of several posts each waits `pause_s` seconds after the one before. Where `yields` is true it is left out, with
    those behind it, once a person has said something in the channel since the run's first post, or, where nothing of
    it stands yet, since it was made at an earlier attempt. `mentions` are those
    whom it pings, `about` those of whom something stands in it.
    """

    channel_id: str
    persona_id: str | None = None
    text: str = ""
    picture: Picture | None = None
    alt: str = ""
    card: Card | None = None
    action: Action | None = None
    pause_s: float = 0.0
    yields: bool = False
    fingerprint: str = ""
    mentions: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """The job has nothing to say, and why; the history shows it. It is not run again before `until_ms`."""

    reason: str
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of a server. `public` is whether everybody there can read it, so that what was said in it may be told
    elsewhere; `age_gated` whether it is for adults only."""

    id: str
    name: str
    public: bool = True
    age_gated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Turn):
    """A line of a channel as it stands there now, with how it was received, the links in it, and how many pictures came
    with it."""

    reactions: int = 0
    replies: int = 0
    links: tuple[str, ...] = ()
    pictures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a job posted before; its text is not kept, since it may say something about people. `answered` is whether
    somebody answered or reacted, None while nobody has looked."""

    at_ms: int
    channel_id: str
    message_id: str
    fingerprint: str = ""
    answered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member's place on the server's leaderboard."""

    name: str
    points: int
    user_id: str


class World(Protocol):
    """One server as it really is, and the models. Every method raises TroupeError. One is made for each run."""

    @property
    def tokens(self) -> int:
        """What the models have read and written for this run so far."""
        ...

    async def cast(self, channel_id: str = "") -> Pack:
        """Who may speak on the server, or in one of its channels, its own personas included, with scenarios, greetings
        and lore."""
        ...

    async def channels(self) -> tuple[Channel, ...]:
        """Where the running job may post: its own channels, or those in which the cast answers unasked. Raises
        RequestError where it has channels of its own and can post in none of them."""
        ...

    async def everywhere(self) -> tuple[Channel, ...]:
        """Every channel of the server that the cast can read."""
        ...

    async def lines(self, channel_id: str, since_ms: int) -> tuple[Line, ...]:
        """What was said in a channel since then, oldest first; nothing of people who opted out."""
        ...

    async def heard_since(self, channel_id: str, since_ms: int) -> bool:
        """Whether any person has said something in a channel since then, whatever they want told of it."""
        ...

    async def active_since(self, since_ms: int) -> tuple[str, ...]:
        """Ids of the server's channels in which something was said since then, the latest first."""
        ...

    async def standings(self) -> tuple[Standing, ...]:
        """The leaderboard, best first."""
        ...

    async def search(self, text: str, limit: int) -> tuple[Passage, ...]:
        """The passages of the lore that fit best."""
        ...

    async def write(self, persona_id: str, instruction: str, facts: tuple[str, ...], max_words: int) -> str | None:
        """A persona's text, filtered and validated; `facts` are data that it is to be about. None where the model is
        down or wrote something else."""
        ...

    async def settings(self) -> GuildSettings:
        """What the server set for itself."""
        ...

    async def filter_level(self) -> FilterLevel:
        """How strict the content filter is on the server."""
        ...

    async def posted(self, job: str, since_ms: int) -> tuple[Posted, ...]:
        """What a job posted on the server since then, oldest first."""
        ...

    async def documents(self) -> tuple[Passage, ...]:
        """The documents of the lore, as much of them as one run can read."""
        ...

    async def scene(self, channel_id: str) -> Scene | None:
        """The scene that a channel plays or played last."""
        ...

    async def scenes_due(self, now_ms: int) -> tuple[tuple[str, Scene], ...]:
        """The scenes of the server that are over and whose answer was not told, with their channels."""
        ...

    async def plays(self, channel_id: str) -> bool:
        """Whether a game runs in a channel."""
        ...

    async def propose(self, proposal: Proposal) -> str:
        """Keeps what is proposed until an admin decides; returns its id, the same for the same proposal."""
        ...

    async def words(self) -> Say:
        """What the bot itself says, in the language of the server."""
        ...

    async def draw(self, work: Callable[[Letters], bytes]) -> bytes:
        """A picture, drawn beside everything else."""
        ...


class Say(Protocol):
    """Texts of the bot in one language."""

    def __call__(self, key: str, **values: str | int | float) -> str:
        """The text of a key, with its placeholders filled in."""
        ...


Made = Post | tuple[Post, ...] | Silence
Make = Callable[[Slot, World], Awaitable[Made]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The header of a job. `cron` is minute, hour, day of the month, month and day of the week on the server's clock.

    `deadline_s` is how long one run may take; `jitter_s` by how much, at most, a server's runs are put off, so that not
    all servers fire at once. `frequent` is for a job that mostly has nothing to do: its silence is not written into the
    history. For `remembers_days` it can be asked what it posted. `asked_for` is for one that ends what people
    began: it also runs where the cast does not speak unasked.
    """

    name: str
    title: str
    cron: str
    make: Make
    misfire: Misfire = "skip"
    catch_up_at_most: int = 1
    default_on: bool = False
    deadline_s: float = 120.0
    jitter_s: float = 0.0
    frequent: bool = False
    remembers_days: int = 7
    asked_for: bool = False


def stable_hash(*parts: object) -> int:
    """63 bits, which a database can hold, that are the same in every process for the same parts."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
