"""The messages that flow through Troupe, one way:

    bot/gateway → actors/channel → serve_apps/persona → serve_apps/retrieval → serve_apps/llm → bot/replies

All are frozen: a message that was sent is a fact. They are plain dataclasses because they cross process borders on
every turn, and pickling a dataclass costs a tenth of validating a model; what comes from outside (HTTP bodies, packs,
settings) is validated with Pydantic where it enters.

Ids are Discord snowflakes as decimal strings. Times are epoch milliseconds. `deadline_ms` is the moment after which
nobody waits for the result any more; `traceparent` is the W3C trace context, carried in the message because Ray's own
context propagation ends between an actor and Serve.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from core.personas import Guest

Trigger = Literal["mention", "reply", "dm", "keyword", "command", "image", "relevance", "random", "job"]

# How strict the content filter is; `core.content_filter` says what each level catches.
FilterLevel = Literal["off", "low", "medium", "high"]
MemoryMode = Literal["on", "opt_in", "off"]
"""Of whom long-term memory keeps something on a server: of who does not object, of who asked for it, or of nobody."""

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message. `bot` is true for bots and webhooks, which never trigger a persona (loop guard)."""

    id: str
    name: str
    bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message. `size` in bytes; `url` is where the bot can fetch it."""

    id: str
    filename: str
    url: str
    size: int
    content_type: str | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it says that it is one."""
        kind = (self.content_type or "").split(";")[0]
        return kind.startswith("image/") or (not kind and self.filename.lower().endswith(PICTURE_SUFFIXES))


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message as the gateway hands it to the channel actor.

    `content` is the text a person reads: user, role and channel mentions are already names, and the mention of the bot
    itself is removed. `mentions_bot` keeps that it was there. `reply_to` is the id of the message this one answers;
    `parent_id` the channel that a thread belongs to, where the message stands in a thread. `public` is whether
    everybody on the server can read the channel; false where that is not known. `age_gated` is true in a channel
    that is for adults only. `spoken_by` is the persona whose line it is, where personas talk among themselves.
    `refused` is why the cast shall hear it and not answer: its author has used up what they
    may use.
    """

    id: str
    channel_id: str
    guild_id: str | None
    author: Author
    content: str
    created_ms: int
    mentions_bot: bool = False
    reply_to: str | None = None
    parent_id: str | None = None
    attachments: tuple[Attachment, ...] = ()
    age_gated: bool = False
    deadline_ms: int | None = None
    traceparent: str | None = None
    public: bool = False
    spoken_by: str | None = None
    refused: str | None = None

    @property
    def has_picture(self) -> bool:
        """Whether one of its attachments is a picture."""
        return any(attachment.is_picture for attachment in self.attachments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One remembered line of a channel. `persona_id` is set where a persona spoke, None where a person did;
    `addressed_to` is the persona that answers a person's line, None where nobody does; `author_id` is
    the person who said it, or whom the persona answered. Of a `fleeting` line nothing is noted: that person does not
    want to be remembered for longer."""

    message_id: str
    speaker: str
    text: str
    at_ms: int
    persona_id: str | None = None
    addressed_to: str | None = None
    author_id: str | None = None
    fleeting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A thing that is kept about a person: what they said (`line`), what they were told (`reply`), what is remembered
    of either for longer (`note`) or for good (`memory`), what they are being answered (`turn`), what they changed of a
    server's settings (`setting`), what they did as an admin (`audit`), how much they used (`usage`), whether they are
    on a server's lists (`access`), a drop that they won or gave (`drop`), their points (`points`), how they did in a
    channel's games (`game`), what they want to be reminded of (`reminder`), that they were answered (`answer`), that
    they replied or reacted to what is remembered of somebody else (`echo`), what they want of long-term memory (`wish`,
    which outlives that they are forgotten, and `consent`), what is going to be posted about them (`post`). What stands
    in no channel has no `channel_id` and no `message_id`."""

    kind: Literal[
        "line",
        "reply",
        "note",
        "turn",
        "memory",
        "setting",
        "audit",
        "usage",
        "access",
        "drop",
        "points",
        "game",
        "reminder",
        "answer",
        "echo",
        "wish",
        "consent",
        "post",
    ]
    channel_id: str
    message_id: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Something that was said long before: by whom (empty where it was taught) and when. `id` names it in `Prompt`; it
    begins with that of the message, which stands in `channel_id` (empty where it was taught). `score` is how well it
    fits, 0 to 1."""

    id: str
    speaker: str
    text: str
    at_ms: int
    channel_id: str = field(default="", compare=False)
    score: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A retrieved piece of lore. `score` is the fused rank score, higher is better; `source` its file."""

    id: str
    text: str
    score: float
    source: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What retrieval is asked. `pack` and `guild_id` bound what may be found; `limit` is the number of passages.
    `vector` is the embedding of `text`, where the asker has it already; `personas` are those of whom the nearest is
    wanted, by id, with a text that tells who they are."""

    text: str
    limit: int = 3
    pack: str | None = None
    guild_id: str | None = None
    vector: tuple[float, ...] | None = None
    personas: tuple[tuple[str, str], ...] = ()
    deadline_ms: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How much a line has to do with the cast's world: the highest cosine with a passage, and of the personas that were
    asked for the one that is nearest to it (empty where none were), with that cosine. Both are -1 to 1."""

    lore: float
    persona_id: str
    persona: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message of a prompt, in the roles that every chat template knows."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """What the LLM is asked: either `messages` (the chat template applies) or a raw `prompt`, never both.

    `max_tokens` counts generated tokens; None for `temperature` and `top_p` takes the model's own defaults. `adapter`
    names a LoRA adapter; without one the adapter of `persona_id` is taken, where that persona has one. `stop` are
    strings that end the text and are not part of it.
    """

    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    max_tokens: int = 256
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    adapter: str | None = None
    persona_id: str | None = None
    deadline_ms: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one generation. Of the prompt `cached_tokens` were read before, by a request that began alike."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateChunk:
    """A piece of generated text. The last one of a stream has `finish_reason` and `usage`, and the LoRA adapter, where
    one was used."""

    text: str
    model: str
    finish_reason: str | None = None
    usage: Usage | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRequest:
    """A picture file as it was sent, with a question about it; without one it is described."""

    image: bytes
    question: str | None = None
    deadline_ms: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRequest:
    """What the channel actor asks of the persona app: answer `message` as `persona_id`, knowing `history`.

    `history` holds the turns before `message`, oldest first; `memories` are what was said long ago and has to do with
    it, best first. `filter_level` is the guild's content filter, None the operator's; without `rag` no lore is
    searched, without `vlm` no picture is looked at. `attempt` above 0 asks for other words than those before.
    `vector` is the embedding of the message in one line, where the asker has it already.
    `guest` is who `persona_id` is where a server made that persona itself; `scene` what the channel plays just now.
    """

    persona_id: str
    message: IncomingMessage
    history: tuple[Turn, ...] = ()
    summary: str = ""
    filter_level: FilterLevel | None = None
    rag: bool = True
    vlm: bool = True
    attempt: int = 0
    deadline_ms: int | None = None
    traceparent: str | None = None
    memories: tuple[Memory, ...] = ()
    vector: tuple[float, ...] | None = None
    guest: Guest | None = None
    scene: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a text was made: by which LoRA adapter (empty for none), from how many tokens, after waiting `queue_ms` for
    the model's first word (its queue and reading the prompt) and writing for `generation_ms`. The tokens are those of
    all attempts together, the rest is told of the last. `memories` are the ids
    of what was said long before and stood in the prompt; `kept` and `dropped` name its parts as `Prompt` does, but for
    what is always there, and with earlier lines as their number (`turns:8`)."""

    adapter: str = ""
    usage: Usage | None = None
    queue_ms: int = 0
    generation_ms: int = 0
    memories: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The cast says nothing to this message. `reason` explains it (`not_addressed`, `loop_guard`, `duplicate`…)."""

    source_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """A persona is about to answer: show typing. `reply_ids` are messages already posted by an earlier attempt at the
    same turn, which are to be edited, never posted again. Seen again within one stream, it means that the answer
    starts over: forget the text so far. `revision` counts how often what is answered has changed; `again` says that the
    posts hold an older answer, which this one replaces."""

    source_id: str
    persona_id: str
    trigger: Trigger
    reply_ids: tuple[str, ...] = ()
    revision: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """More text of the reply, to be appended to what came before."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The whole reply, which replaces what was streamed. `fallback` is true where no model wrote it. `pictures` are
    what the pictures of the message showed. `stopped` is true where somebody ended it: what is shown already stays as
    it is. `retried` tells why the last text before this one could not be used, `filtered` the category for which the
    content filter let no model answer. `making` tells how a model made it, or tried to; None where none was asked."""

    text: str
    model: str
    fallback: bool = False
    stopped: bool = False
    passages: tuple[Passage, ...] = field(default=())
    pictures: tuple[str, ...] = ()
    retried: str | None = None
    filtered: str | None = None
    making: Making | None = field(default=None, compare=False)


TurnStatus = Literal["claimed", "posted", "spoken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTurn:
    """A turn that was decided (at `opened_ms`) and is not delivered yet: `claimed`, then `posted` (an id is known) or
    `spoken` (the text is known). Streaming `message` again goes on with it. Where it is made of several messages,
    `source_ids` are theirs, oldest first."""

    message: IncomingMessage
    persona_id: str
    status: TurnStatus
    reply_ids: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = ()
    opened_ms: int = field(default=0, compare=False)


LeaseState = Literal["granted", "wait", "changed", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Whether a message may be posted for a turn now: `granted`; `wait`, since somebody else is about to; `changed`, so
    the text is to be read anew; or the turn is `over`. `reply_ids` stand in the channel already."""

    state: LeaseState
    reply_ids: tuple[str, ...] = ()


ReplyEvent = Silent | Speaking | Delta | Spoken
