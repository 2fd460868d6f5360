"""Whose memory is whose: where a thing that was said is put, and what a message may bring back. Pure.

A scope is the key of one memory actor, and so of one document. Nothing is ever looked for in two documents at once, so
what these two functions do not name cannot be found:

    channel:<guild>:<channel>   all that was said in a channel, found in that channel only
    dm:<channel>                all that was said in a direct message, found in that conversation only
    user:<guild>:<person>       what a person told of themselves in a channel that everybody on the server can read;
                                found where the same person speaks on the same server
    guild:<guild>               what those who manage the server taught the cast; found on that server

So a private channel stays private: what is said in it is in its own scope and in no other, whatever kind it is of, and
a channel of which the bot does not know that everybody can read it counts as private.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import IncomingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One line that may be worth keeping: who said it, where and when. `author_id` is the person who said it, or whom a
    persona (`persona_id`) answered; `public` is whether everybody on the server can read the channel. Without a text
    it only tells that somebody replied to `reply_to`, or, where it is a `reaction` (an emoji), that its author reacted
    to the message so, or has `taken_back` that. Where it is `withdrawn`, the message was edited (to this text) or
    deleted (no text, and where it is long ago no author), and what was kept of it is to be forgotten first."""

    message_id: str
    text: str
    speaker: str
    author_id: str
    channel_id: str
    guild_id: str | None
    at_ms: int
    public: bool = False
    persona_id: str | None = None
    reply_to: str | None = None
    withdrawn: bool = False
    reaction: str = ""
    taken_back: bool = False


def home(guild_id: str | None, channel_id: str) -> str:
    """The scope of a channel, or of a direct message where there is no guild."""
    return f"channel:{guild_id}:{channel_id}" if guild_id else f"dm:{channel_id}"


def person_scope(guild_id: str, user_id: str) -> str:
    """The scope of a person on a server."""
    return f"user:{guild_id}:{user_id}"


def guild_scope(guild_id: str) -> str:
    """The scope of a server."""
    return f"guild:{guild_id}"


def guild_of(scope: str) -> str:
    """The id of the guild that a scope belongs to; empty for a direct message."""
    kind, _, rest = scope.partition(":")
    return "" if kind == "dm" else rest.partition(":")[0]


def written_to(saying: Saying, *, about_themselves: bool) -> tuple[str, ...]:
    """The scopes that a line is put into."""
    own = home(saying.guild_id, saying.channel_id)
    if saying.guild_id and saying.public and about_themselves and saying.persona_id is None:
        return own, person_scope(saying.guild_id, saying.author_id)
    return (own,)


def readable_from(message: IncomingMessage) -> tuple[str, ...]:
    """The scopes in which something may be found for the answer to a message."""
    own = home(message.guild_id, message.channel_id)
    if not message.guild_id:
        return (own,)
    return own, person_scope(message.guild_id, message.author.id), guild_scope(message.guild_id)
