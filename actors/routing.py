"""Who answers a message, if anyone: one pure function, and the rules it goes by.

What is addressed to the cast is always answered. What is not, only in the channels of `auto_channels`: a picture, a
line that has to do with the cast's world, and now and then any line. For these `decide` wants to know how the line
relates to the lore; `wants_relation` says when that is worth finding out.

A guild's settings change the rules (`ChannelRules.for_guild`) and the cast (`GuildSettings.cast`), and nothing else:
so a decision is a function of the message, the channel's state, the rules, the cast, the time and the relation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from actors.continuing import continues
from actors.guild_settings import GuildSettings, QuietHours, listed
from core.messages import FilterLevel, IncomingMessage, MemoryMode, Relation, ReplyRequest, Trigger
from core.personas import Pack
from core.settings import Settings

Phase = Literal["idle", "running"]
Choice = Literal["called together", "reply target", "keyword", "conversation", "nearest", "set here", "default"]

MOST_TOGETHER = 2  # of whom a message calls in one breath
POSTING_S = 60.0  # an answer whose text is due may still take so long to stand


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """What the operator set for every channel, and what a guild made of it. Times in seconds; `memory_window` in
    messages; `relevance` and `relevance_running` are the cosines from which a line is answered unasked, the second
    while a conversation runs, which it does for `conversation_s` after a persona spoke; `near_persona` is the one from
    which it is one persona's business rather than anybody's; `random_chance` is 0 to 1.

    `only_channel` is the one channel of an operator who wants no other, in which only mentions and replies are
    answered; `allowed_channels` are a guild's, None all of them. Without `keywords` these alone call nobody. Nothing is
    answered unasked where `proactive` is false, nor in the `quiet` hours. `rag`, `vlm` and `filter_level` are for
    who writes the reply; `long_term` is whether there is long-term memory at all, and `memory` whose words a guild lets
    it keep."""

    memory_window: int = 10
    memory_ttl_s: float = 1800.0
    keyword_cooldown_s: float = 60.0
    mention_cooldown_s: float = 0.0
    reply_deadline_s: float = 30.0
    auto_channels: frozenset[str] = frozenset()
    relevance: float = 0.3
    relevance_running: float = 0.15
    conversation_s: float = 300.0
    image_cooldown_s: float = 30.0
    relevance_cooldown_s: float = 10.0
    random_chance: float = 0.02
    random_cooldown_s: float = 120.0
    near_persona: float = 0.3
    keywords: bool = True
    only_channel: str | None = None
    allowed_channels: tuple[str, ...] | None = None
    proactive: bool = True
    quiet: QuietHours | None = None
    rag: bool = True
    vlm: bool = True
    filter_level: FilterLevel = "medium"
    long_term: bool = False
    memory: MemoryMode = "on"

    @property
    def gathers(self) -> bool:
        """Whether lines are gathered for long-term memory."""
        return self.long_term and self.memory != "off"

    @classmethod
    def of(cls, settings: Settings) -> ChannelRules:
        """The rules in `settings`."""
        return cls(
            memory_window=settings.conversation_window,
            memory_ttl_s=settings.memory_ttl_s,
            keyword_cooldown_s=settings.keyword_cooldown_s,
            mention_cooldown_s=settings.mention_cooldown_s,
            reply_deadline_s=settings.reply_deadline_s,
            auto_channels=settings.auto_reply_channel_ids,
            relevance=settings.relevance_threshold,
            relevance_running=settings.relevance_threshold_running,
            random_chance=settings.random_reply_chance,
            only_channel=settings.discord_channel_id,
            long_term=settings.memory_recall_limit > 0,
            filter_level=settings.content_filter,
        )

    def for_guild(self, settings: GuildSettings) -> ChannelRules:
        """These rules with what a guild set for itself."""
        own = {name: getattr(settings, name) for name in _SAME_NAMES}
        auto = settings.auto_reply_channels
        return replace(
            self,
            **{name: value for name, value in own.items() if value is not None},
            auto_channels=self.auto_channels if auto is None else frozenset(auto),
            quiet=settings.quiet,
            filter_level=settings.content_filter or self.filter_level,
        )

    def allows(self, message: IncomingMessage) -> bool:
        """Whether the cast may answer where the message stands. A guild has no say in direct messages."""
        return self.allows_in(message.channel_id, message.parent_id, on_server=message.guild_id is not None)

    def allows_in(self, channel_id: str, parent_id: str | None = None, *, on_server: bool = True) -> bool:
        """The same, of a channel."""
        if self.only_channel is not None and not listed((self.only_channel,), channel_id, parent_id):
            return False
        return not on_server or listed(self.allowed_channels, channel_id, parent_id)

    def speaks_unasked(self, channel_id: str) -> bool:
        """Whether the cast may answer there what nobody addressed to it."""
        return self.proactive and self.only_channel is None and listed(self.auto_channels, channel_id)

    def converses(self, spoke_ms: int, now_ms: int) -> bool:
        """Whether a conversation still runs in which a persona spoke last at `spoke_ms`."""
        return _left_s(spoke_ms, self.conversation_s, now_ms) > 0

    def busy_since(self, now_ms: int) -> int:
        """Since when an answer that is still under way was begun; one that was begun earlier has failed."""
        return now_ms - int((self.reply_deadline_s + POSTING_S) * 1000)

    def applied(self, request: ReplyRequest) -> ReplyRequest:
        """`request` with what it shall know of these rules."""
        return replace(request, filter_level=self.filter_level, rag=self.rag, vlm=self.vlm)


_SAME_NAMES = tuple(
    name
    for name in GuildSettings.model_fields
    if name in ChannelRules.__dataclass_fields__  # those that need no translation
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
    def unasked_ms(self) -> Mapping[str, int]:
        """When each of the other triggers last had the cast speak unasked."""
        ...

    @property
    def mention_ms(self) -> Mapping[str, int]:
        """When each author's mention was last answered."""
        ...

    @property
    def spoke_ms(self) -> int:
        """When a persona last spoke."""
        ...

    @property
    def speaker(self) -> str | None:
        """Which persona that was."""
        ...

    @property
    def spoke_to(self) -> str | None:
        """Whom that persona answered, as long as that is remembered."""
        ...

    def busy(self, since_ms: int) -> bool:
        """Whether an answer is under way that was begun since then."""
        ...

    def replied_as(self, reply_id: str) -> str | None:
        """Which persona posted that message, None where it is none of ours."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`persona_id` answers because of `trigger`; or, where `trigger` is None, nobody does. `reason` explains both, with
    the `relevance` of the line and the `threshold` it was held against, and the number `drawn` where chance decided.

    What it was decided on is told beside it and is no part of its identity: `chosen` is why it is that persona, `phase`
    whether a conversation ran, `cooling` the seconds left of each cooldown that ran. `then` are the personas that
    answer after it, since the message called them together.
    """

    reason: str
    persona_id: str = ""
    trigger: Trigger | None = None
    relevance: float | None = None
    threshold: float | None = None
    drawn: float | None = None
    chosen: Choice | None = field(default=None, compare=False)
    then: tuple[str, ...] = field(default=(), compare=False)
    phase: Phase = field(default="idle", compare=False)
    cooling: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def speak(self) -> bool:
        """Whether somebody answers."""
        return self.trigger is not None


@dataclass(frozen=True, slots=True)
class _Case:
    """What one decision goes by; `running` says that a conversation with the cast is under way."""

    message: IncomingMessage
    state: RoutingState
    rules: ChannelRules
    pack: Pack
    now_ms: int
    relation: Relation | None
    running: bool


def decide(
    message: IncomingMessage,
    state: RoutingState,
    rules: ChannelRules,
    pack: Pack,
    now_ms: int,
    relation: Relation | None = None,
) -> Decision:
    """Whether and as whom to answer `message`.

    Bots and webhooks never, nor who was refused already, nor anybody where the rules do not allow it. A direct message,
    a mention of the bot and a reply to one of its messages always (mentions within the author's cooldown); a persona's
    keyword within the channel's cooldown, during which it is a line like any other. Who is called together answers one
    after the other. A reply is answered by whom it replies to; otherwise the keyword's persona speaks, else, where the
    line goes on with what a persona just told its author (`continuing.continues`), that persona, else the one set for
    the channel, else the default of the pack.

    Where the cast may speak unasked, a picture, a line near enough to the lore, and a few lines by chance are answered,
    each within its cooldown, never in quiet hours and never while an answer is under way. Such a line is for the
    persona that is in conversation, else for the one that it is nearest to.
    """
    if message.author.bot:
        return Decision(reason="loop_guard")
    if message.refused is not None:
        return Decision(reason=message.refused)
    running = rules.converses(state.spoke_ms, now_ms)
    case = _Case(message, state, rules, pack, now_ms, relation, running)
    decision, cooling = _decide(case), _cooldowns(case)
    return replace(decision, phase="running" if running else "idle", cooling=cooling)


def _decide(case: _Case) -> Decision:
    message, state, rules, pack, now_ms = case.message, case.state, case.rules, case.pack, case.now_ms
    if not rules.allows(message):
        return Decision(reason="channel_not_allowed")

    together = pack.called_together(message.content)[:MOST_TOGETHER]
    called = together[0] if together else pack.match_keyword(message.content)
    replied_to = state.replied_as(message.reply_to) if message.reply_to else None
    persona_id, chosen = _first(
        pack,
        ("called together", together[0].id if together else None),
        ("reply target", replied_to),
        ("keyword", called.id if called else None),
        ("conversation", state.speaker if case.running and _goes_on(message, state) else None),
        ("set here", state.persona_id),
    )
    answer = Decision(reason="", persona_id=persona_id, chosen=chosen, then=tuple(one.id for one in together[1:]))

    if replied_to is not None:
        return replace(answer, reason="replied_to", trigger="reply")
    if message.guild_id is None:
        return replace(answer, reason="direct_message", trigger="dm")
    if message.mentions_bot:
        if _left_s(state.mention_ms.get(message.author.id, 0), rules.mention_cooldown_s, now_ms):
            return Decision(reason="mention_cooldown")
        return replace(answer, reason="mentioned", trigger="mention")
    by_keyword = called is not None and rules.keywords and rules.only_channel is None
    if by_keyword and not _left_s(state.keyword_ms, rules.keyword_cooldown_s, now_ms):
        return replace(answer, reason="keyword", trigger="keyword")
    unasked = _unasked(case)
    return replace(unasked, reason="keyword_cooldown") if by_keyword and not unasked.speak else unasked


def _unasked(case: _Case) -> Decision:
    rules, now_ms = case.rules, case.now_ms
    if not rules.speaks_unasked(case.message.channel_id):
        return Decision(reason="not_addressed")
    if rules.quiet is not None and rules.quiet.covers(now_ms):
        return Decision(reason="quiet_hours")
    if case.state.busy(rules.busy_since(now_ms)):
        return Decision(reason="busy")
    return _drawn_in(case)


def wants_relation(message: IncomingMessage, state: RoutingState, rules: ChannelRules, pack: Pack, now_ms: int) -> bool:
    """Whether `decide` would go by how the message relates to the lore."""
    if not rules.speaks_unasked(message.channel_id) or not message.content.strip():
        return False
    reason = decide(message, state, rules, pack, now_ms, Relation(lore=2.0, persona_id="", persona=0.0)).reason
    return reason in ("relevant", "image")


def drawn(message_id: str) -> float:
    """A number from 0 to 1 that is the same for the same message, so that a decision can be made again."""
    return int.from_bytes(hashlib.sha256(f"draw {message_id}".encode()).digest()[:8], "big") / 2**64


def _drawn_in(case: _Case) -> Decision:
    message, state, rules, pack, relation = case.message, case.state, case.rules, case.pack, case.relation
    # Who may not speak here makes no line relevant.
    nearest = relation if relation is not None and _known(pack, relation.persona_id) else None
    persona_id, chosen = _first(
        pack,
        ("conversation", state.speaker if case.running else None),
        ("nearest", nearest.persona_id if nearest is not None and nearest.persona >= rules.near_persona else None),
        ("set here", state.persona_id),
    )
    answer = Decision(reason="", persona_id=persona_id, chosen=chosen)

    def cooling(trigger: Trigger, cooldown_s: float) -> bool:
        return _left_s(state.unasked_ms.get(trigger, 0), cooldown_s, case.now_ms) > 0

    if message.has_picture and rules.vlm and not cooling("image", rules.image_cooldown_s):
        return replace(answer, reason="image", trigger="image")
    threshold = rules.relevance_running if case.running else rules.relevance
    relevance = None
    if relation is not None:
        relevance = relation.lore if nearest is None else max(relation.lore, nearest.persona)
    if relevance is not None and relevance >= threshold and not cooling("relevance", rules.relevance_cooldown_s):
        return replace(answer, reason="relevant", trigger="relevance", relevance=relevance, threshold=threshold)
    number = drawn(message.id)
    numbers = Decision(reason="not_relevant", relevance=relevance, threshold=threshold, drawn=number)
    if number < rules.random_chance and not cooling("random", rules.random_cooldown_s):
        return replace(numbers, reason="by_chance", persona_id=persona_id, trigger="random", chosen=chosen)
    return numbers


def _goes_on(message: IncomingMessage, state: RoutingState) -> bool:
    return state.spoke_to == message.author.id and continues(message.content)


def _first(pack: Pack, *candidates: tuple[Choice, str | None]) -> tuple[str, Choice]:
    """The first of the personas that is in the pack, else its default; and why it is that one."""
    for why, persona_id in candidates:
        if _known(pack, persona_id) is not None:
            return str(persona_id), why
    return pack.default_persona, "default"


def _cooldowns(case: _Case) -> dict[str, float]:
    """The seconds left of each cooldown that runs for the message, by trigger."""
    state, rules = case.state, case.rules
    lasts: dict[str, tuple[int, float]] = {
        "mention": (state.mention_ms.get(case.message.author.id, 0), rules.mention_cooldown_s),
        "keyword": (state.keyword_ms, rules.keyword_cooldown_s),
        "image": (state.unasked_ms.get("image", 0), rules.image_cooldown_s),
        "relevance": (state.unasked_ms.get("relevance", 0), rules.relevance_cooldown_s),
        "random": (state.unasked_ms.get("random", 0), rules.random_cooldown_s),
    }
    left = {trigger: _left_s(last_ms, cooldown_s, case.now_ms) for trigger, (last_ms, cooldown_s) in lasts.items()}
    return {trigger: seconds for trigger, seconds in left.items() if seconds}


def _known(pack: Pack, persona_id: str | None) -> str | None:
    """The id, or None where the pack has no such persona any more."""
    return persona_id if any(persona.id == persona_id for persona in pack.personas) else None


def _left_s(last_ms: int, cooldown_s: float, now_ms: int) -> float:
    """Seconds until a cooldown is over; 0 where it is."""
    return max(0.0, (last_ms + cooldown_s * 1000 - now_ms) / 1000)
