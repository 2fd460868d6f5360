"""Who answers a message, if anyone: one pure function, and the rules it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.messages import IncomingMessage, Trigger
from core.personas import Pack
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """What the operator set for every channel. Times in seconds; `memory_window` in messages."""

    memory_window: int = 10
    memory_ttl_s: float = 1800.0
    keyword_cooldown_s: float = 60.0
    mention_cooldown_s: float = 0.0
    reply_deadline_s: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> ChannelRules:
        """The rules in `settings`."""
        return cls(
            memory_window=settings.memory_window,
            memory_ttl_s=settings.memory_ttl_s,
            keyword_cooldown_s=settings.keyword_cooldown_s,
            mention_cooldown_s=settings.mention_cooldown_s,
            reply_deadline_s=settings.reply_deadline_s,
        )


class RoutingState(Protocol):
    """What routing needs to know of a channel. Times in epoch milliseconds."""

    @property
    def persona_id(self) -> str | None:
        """The persona that was set for the channel."""
        ...

    @property
    def keyword_ms(self) -> int:
        """When a keyword last brought a persona."""
        ...

    @property
    def mention_ms(self) -> Mapping[str, int]:
        """When each author's mention was last answered."""
        ...

    def replied_as(self, reply_id: str) -> str | None:
        """Which persona posted that message, None where it is none of ours."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`persona_id` answers because of `trigger`; or, where `trigger` is None, nobody does. `reason` explains both."""

    reason: str
    persona_id: str = ""
    trigger: Trigger | None = None

    @property
    def speak(self) -> bool:
        """Whether somebody answers."""
        return self.trigger is not None


def decide(message: IncomingMessage, state: RoutingState, rules: ChannelRules, pack: Pack, now_ms: int) -> Decision:
    """Whether and as whom to answer `message`.

    Bots and webhooks never. A direct message, a mention of the bot and a reply to one of its messages always (mentions
    within the author's cooldown); a persona's keyword within the channel's cooldown. A reply is answered by whom it
    replies to; otherwise the keyword's persona speaks, else the one set for the channel, else the pack's default.
    """
    if message.author.bot:
        return Decision(reason="loop_guard")

    called = pack.match_keyword(message.content)
    replied_to = state.replied_as(message.reply_to) if message.reply_to else None
    persona_id = _known(pack, replied_to) or (called.id if called else None) or _known(pack, state.persona_id)
    persona_id = persona_id or pack.default_persona

    if replied_to is not None:
        return Decision(reason="replied_to", persona_id=persona_id, trigger="reply")
    if message.guild_id is None:
        return Decision(reason="direct_message", persona_id=persona_id, trigger="dm")
    if message.mentions_bot:
        if _cooling(state.mention_ms.get(message.author.id, 0), rules.mention_cooldown_s, now_ms):
            return Decision(reason="mention_cooldown")
        return Decision(reason="mentioned", persona_id=persona_id, trigger="mention")
    if called is not None:
        if _cooling(state.keyword_ms, rules.keyword_cooldown_s, now_ms):
            return Decision(reason="keyword_cooldown")
        return Decision(reason="keyword", persona_id=persona_id, trigger="keyword")
    return Decision(reason="not_addressed")


def _known(pack: Pack, persona_id: str | None) -> str | None:
    """The id, or None where the pack has no such persona any more."""
    return persona_id if any(persona.id == persona_id for persona in pack.personas) else None


def _cooling(last_ms: int, cooldown_s: float, now_ms: int) -> bool:
    return now_ms - last_ms < cooldown_s * 1000
