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
from typing import Literal

Trigger = Literal["mention", "reply", "dm", "keyword", "command"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message as the gateway hands it to the channel actor.

    `content` is the text a person reads: user, role and channel mentions are already names, and the mention of the bot
    itself is removed. `mentions_bot` keeps that it was there. `reply_to` is the id of the message this one answers.
    """

    id: str
    channel_id: str
    guild_id: str | None
    author: Author
    content: str
    created_ms: int
    mentions_bot: bool = False
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()
    deadline_ms: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One remembered line of a channel. `persona_id` is set where a persona spoke, None where a person did;
    `addressed_to` is the persona that answers a person's line, None where nobody does."""

    message_id: str
    speaker: str
    text: str
    at_ms: int
    persona_id: str | None = None
    addressed_to: str | None = None


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
    """What retrieval is asked. `pack` and `guild_id` bound what may be found; `limit` is the number of passages."""

    text: str
    limit: int = 3
    pack: str | None = None
    guild_id: str | None = None
    deadline_ms: int | None = None
    traceparent: str | None = None


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
    """A piece of generated text. The last one of a stream has `finish_reason` and `usage`."""

    text: str
    model: str
    finish_reason: str | None = None
    usage: Usage | None = None


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

    `history` holds the turns before `message`, oldest first. `nsfw` and other guild settings join it later.
    """

    persona_id: str
    message: IncomingMessage
    history: tuple[Turn, ...] = ()
    summary: str = ""
    deadline_ms: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The cast says nothing to this message. `reason` explains it (`not_addressed`, `loop_guard`, `duplicate`…)."""

    source_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """A persona is about to answer: show typing. `reply_ids` are messages already posted by an earlier attempt at the
    same turn, which are to be edited, never posted again. Seen again within one stream, it means that the answer
    starts over: forget the text so far."""

    source_id: str
    persona_id: str
    trigger: Trigger
    reply_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """More text of the reply, to be appended to what came before."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The whole reply, which replaces what was streamed. `fallback` is true where no model wrote it."""

    text: str
    model: str
    fallback: bool = False
    passages: tuple[Passage, ...] = field(default=())


TurnStatus = Literal["claimed", "posted", "spoken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTurn:
    """A turn that was decided and is not delivered yet: `claimed`, then `posted` (an id is known) or `spoken` (the text
    is known). Streaming `message` again goes on with it."""

    message: IncomingMessage
    persona_id: str
    status: TurnStatus
    reply_ids: tuple[str, ...] = ()


ReplyEvent = Silent | Speaking | Delta | Spoken
