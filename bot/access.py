"""Who may use the bot, and how much: asked before every command, button and turn, in the process that would do it.

In this order: the operator's block list, the server's lists, how fast somebody asks, whether the server has a
feature, and what was used of it. Those who manage a server are not bound by its lists, which they could change
anyway; owners are bound by switches alone. Where the lists cannot be read the last known ones hold, and where none are
known the operator's limits: a database that is away must not silence the bot.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import discord
from cachetools import TTLCache

from actors import access as lists
from actors import audit as audits
from actors.access_rules import GUILD, OPERATORS, AccessRules, Over, over
from actors.guild_book import GuildBook
from actors.usage import direct
from actors.virtual import Actors
from bot.config import BotConfig
from bot.copies import Copies
from bot.language import Words, words
from bot.meter import Meter, Rate, used
from bot.ports import PersonaApp
from core import clock
from core.errors import RequestError, TroupeError
from core.messages import Delta, IncomingMessage, ReplyRequest, Spoken

log = logging.getLogger(__name__)

Source = discord.Interaction[Any] | discord.Message
Why = Literal["blocked", "rate_limited", "over_quota", "feature_off"]

ENTRY = "entry"
COMMAND = "command"
RIGHT = "right"
CHAT = "chat"
# Commands that need more than that somebody may use commands. What is not listed and asks a model anyway is refused
# there (`Metered`).
FEATURES = {"persona ask": CHAT, "ai ask": CHAT, "rag query": "rag"}
# What is kept about people stays theirs, also where they may use nothing else.
_RIGHTS = frozenset({"memory view", "memory export", "memory forget", "memory off", "memory on"})
_SWITCHES = ("rag", "vlm", "proactive")
_ASK_A_MODEL = (CHAT, "vlm")
_AUDIT_WITHIN_S = 5.0
_MOST = 20_000
_TEAM_ROLES = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)


class Refused(RequestError):
    """Somebody may not do that, at least not now; the message says why and until when, in their language. `news` is
    false where they were told already."""

    why: Why
    news: bool

    def __init__(self, message: str, *, why: Why, news: bool = True) -> None:
        TroupeError.__init__(self, message, field="access", why=why, news=news)


@dataclass(frozen=True, slots=True)
class _Who:
    """Whoever wants something, where, and with which roles; `manages` is whether they manage the server."""

    user_id: str
    guild_id: str | None
    role_ids: tuple[str, ...]
    manages: bool
    words: Words

    @property
    def place(self) -> str:
        """The key under which it is counted."""
        return self.guild_id or direct(self.user_id)


class Access:
    """The gatekeeper of one gateway. `run` is to run beside it, and `close` to end it."""

    def __init__(self, client: discord.Client, config: BotConfig, actors: Actors, guilds: GuildBook) -> None:
        self._client, self._config, self._actors, self._guilds = client, config, actors, guilds
        self.meter = Meter(actors, config.access_patience_s)
        self.mentions, self.commands = Rate(config.rate_mentions), Rate(config.rate_commands)
        self.rules: Copies[AccessRules] = Copies(
            self._read,
            lambda key: AccessRules(key=key),
            fresh_s=config.access_fresh_s,
            patience_s=config.access_patience_s,
        )
        self.refusals: dict[str, int] = {}
        self._told: TTLCache[tuple[str, str, str], bool] = TTLCache(_MOST, 3600.0)
        self._roles: TTLCache[tuple[str, str], tuple[str, ...]] = TTLCache(_MOST, 3600.0)

    async def is_owner(self, user: discord.abc.User) -> bool:
        """Whether somebody owns the application, is an admin or developer of the team that does, or is named in
        OWNER_IDS."""
        return self._owns(user.id)

    async def check(self, source: Source, feature: str) -> None:
        """Raises Refused where whoever sent `source` may not use a feature: ENTRY is anything at all, COMMAND any
        command, RIGHT one that who is blocked keeps, CHAT an answer of a model, others are the switches of `/config`.
        COMMAND and RIGHT count, so one of them is asked once for each use."""
        who, owns = await self._who(source), self._owns(_user(source).id)
        if feature in _SWITCHES:
            await self._has_feature(who, feature)
        if owns:
            return
        if feature != RIGHT:
            await self._unblocked(who)
        if feature in (COMMAND, RIGHT):
            wait_s, _ = self.commands.take(who.user_id)
            if wait_s:
                raise self._refused("rate_limited", who.words("access-too-fast", seconds=max(1, round(wait_s))))
        if feature in _ASK_A_MODEL:
            await self._within_quota(who)

    async def admits(self, message: discord.Message, *, live: bool = True) -> Refused | None:
        """Why a message is not to be answered, None where it may be. How fast somebody writes counts only where it is
        `live`, and what was missed meanwhile does not."""
        if self._owns(message.author.id):
            return None
        who = await self._who(message)
        try:
            await self._unblocked(who)
            if live and addresses(message, self._client.user):
                wait_s, news = self.mentions.take(who.user_id)
                if wait_s:
                    raise self._refused("rate_limited", "", news=news)
            await self._within_quota(who)
        except Refused as refused:
            return refused
        return None

    async def is_heard(self, member: discord.Member) -> bool:
        """Whether a member may use anything at all: nobody has blocked them."""
        roles = tuple(str(one.id) for one in member.roles)
        manages = member.guild_permissions.manage_guild
        who = _Who(str(member.id), str(member.guild.id), roles, manages, words())
        try:
            await self._unblocked(who)
        except Refused:
            return self._owns(member.id)
        return True

    def spent(self, message: IncomingMessage, spoken: Spoken) -> None:
        """A model answered: that counts."""
        if spoken.fallback and spoken.making is None:
            return  # no model was asked
        usage = spoken.making.usage if spoken.making else None
        tokens = usage.prompt_tokens + usage.completion_tokens if usage else 0
        place = message.guild_id or direct(message.author.id)
        self.meter.spend(place, message.author.id, tokens, clock.now_ms())

    async def require(self, message: IncomingMessage) -> None:
        """Raises Refused where whoever wrote `message` has used up what they may use."""
        user_id, guild_id = message.author.id, message.guild_id
        if self._owns(int(user_id)):
            return
        roles = self._roles.get((guild_id or "", user_id), ())
        await self._within_quota(_Who(user_id, guild_id, roles, False, words()))

    async def limits(self, key: str, user_id: str, role_ids: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
        """What a person may use on a server, and what all of it may, by the names of limits."""
        rules = await self.rules.of(key)
        return (
            rules.limits_of(user_id, role_ids, self._config.quota_user),
            rules.limits_of_guild(self._config.quota_guild),
        )

    async def audit(
        self,
        guild_id: int | str | None,
        by: discord.abc.User | str,
        action: str,
        detail: str = "",
        *,
        about: int | str | None = None,
    ) -> None:
        """Writes down that somebody did something (`memory.purge`), to whom (`about`, an id) where it was to one.
        Without a guild it is the operator's business. Never raises: what was done is done."""
        entry = audits.Entry(
            id=uuid4().hex,
            at_ms=clock.now_ms(),
            by=by if isinstance(by, str) else str(by.id),
            action=action,
            detail=detail,
            about=str(about) if about is not None else None,
        )
        key = str(guild_id) if guild_id else OPERATORS
        log.info("[AUDIT] %s: %s", key, entry)
        try:
            await self._actors.call(audits.KIND, key, "note", entry, timeout_s=_AUDIT_WITHIN_S)
        except TroupeError as error:
            log.error("[AUDIT] only this log has it: %s (%s)", entry, error)

    async def run(self) -> None:
        """Brings what was counted to where it is kept, for ever."""
        await self.meter.run()

    async def close(self) -> None:
        """Brings what is left of it, and waits for nothing more."""
        await self.meter.flush()
        await self.rules.close()

    def _owns(self, user_id: int) -> bool:
        application = self._client.application
        if str(user_id) in self._config.owners or application is None:
            return str(user_id) in self._config.owners
        if (team := application.team) is None:
            return user_id == application.owner.id
        return user_id == team.owner_id or any(
            member.id == user_id and member.role in _TEAM_ROLES for member in team.members
        )

    async def _recall(self, guild_id: str | None, place: str) -> None:
        """Have at hand what is kept for a place. Only the first one after a start or a pause waits for it."""
        keys = [OPERATORS, *([guild_id] if guild_id else [])]
        if not (self.meter.knows(place) and all(self.rules.is_fresh(key) for key in keys)):
            await asyncio.gather(self.meter.counts(place), *(self.rules.of(key) for key in keys))

    async def _read(self, key: str) -> AccessRules:
        rules: AccessRules = await self._actors.call(lists.KIND, key, "rules", timeout_s=self._config.access_patience_s)
        return rules

    async def _who(self, source: Source) -> _Who:
        user, guild = _user(source), source.guild
        guild_id = str(source.guild.id) if source.guild else _guild_id(source)
        locale = source.locale if isinstance(source, discord.Interaction) else guild and guild.preferred_locale
        await self._recall(guild_id, guild_id or direct(user.id))
        roles: tuple[str, ...] = ()
        manages = False
        if isinstance(user, discord.Member):
            roles = tuple(str(one.id) for one in user.roles)
            permissions = source.permissions if isinstance(source, discord.Interaction) else user.guild_permissions
            manages = permissions.manage_guild
        elif guild is not None and (await self.rules.of(str(guild.id))).knows_roles:
            # A message that was read from history does not tell them.
            try:
                member = await guild.fetch_member(user.id)
            except discord.HTTPException as error:
                log.debug("[ACCESS] the roles of %s are not known: %s", user.id, error)
            else:
                roles = tuple(str(one.id) for one in member.roles)
                manages = member.guild_permissions.manage_guild
        if guild_id and roles:
            self._roles[guild_id, str(user.id)] = roles
        return _Who(str(user.id), guild_id, roles, manages, words(locale))

    async def _unblocked(self, who: _Who) -> None:
        operators = await self.rules.of(OPERATORS)
        if operators.is_blocked(who.user_id):
            raise self._refused("blocked", who.words("access-blocked-everywhere"))
        if who.guild_id is not None and not who.manages:
            rules = await self.rules.of(who.guild_id)
            if rules.is_blocked(who.user_id, who.role_ids):
                raise self._refused("blocked", who.words("access-blocked"))

    async def _has_feature(self, who: _Who, feature: str) -> None:
        rules = (await self._guilds.of(who.guild_id)).rules
        if not getattr(rules, feature):
            raise self._refused("feature_off", who.words("access-feature-off", feature=feature))

    async def _within_quota(self, who: _Who) -> None:
        mine, all_of_us = await self.limits(who.guild_id or OPERATORS, who.user_id, who.role_ids)
        if not mine and (not all_of_us or who.guild_id is None):
            return
        now_ms = clock.now_ms()
        counts = await self.meter.counts(who.place)
        full = over(mine, used(counts, who.user_id, now_ms), who.user_id, now_ms)
        if full is None and who.guild_id is not None:
            full = over(all_of_us, used(counts, None, now_ms), GUILD, now_ms)
        if full is not None:
            told = (who.place, full.subject, f"{full.name} {full.resets_ms}")
            news, self._told[told] = told not in self._told, True
            raise self._refused("over_quota", _explained(full, who.words), news=news)

    def _refused(self, why: Why, message: str, *, news: bool = True) -> Refused:
        self.refusals[why] = self.refusals.get(why, 0) + 1
        return Refused(message, why=why, news=news)


@dataclass(frozen=True, slots=True)
class Metered:
    """The persona app for commands: whoever used up what they may use is refused, and what it says is counted."""

    app: PersonaApp
    access: Access

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp. Raises Refused."""
        await self.access.require(request.message)
        events: Any = self.app.reply(request)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Spoken):
                    self.access.spent(request.message, event)
                yield event

    async def warm(self) -> None:
        """See PersonaApp."""
        await self.app.warm()


def is_right(command: str) -> bool:
    """Whether a command is one that people keep also where they may use nothing else."""
    return command in _RIGHTS


def addresses(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """Whether a message is for the bot: a direct one, a mention, or a reply to one of its own or a webhook's."""
    if message.guild is None or me is None or me.mentioned_in(message):
        return True
    before = message.reference.resolved if message.reference else None
    return isinstance(before, discord.Message) and (before.author.id == me.id or before.webhook_id is not None)


def _explained(full: Over, say: Words) -> str:
    unit, per = full.name.split("/")
    key = "access-quota-guild" if full.subject == GUILD else "access-quota-user"
    until = f"<t:{full.resets_ms // 1000}:R>"
    return say(key, limit=full.limit, unit=unit, per=per, until=until)


def _user(source: Source) -> discord.abc.User:
    return source.user if isinstance(source, discord.Interaction) else source.author


def _guild_id(source: Source) -> str | None:
    guild_id = source.guild_id if isinstance(source, discord.Interaction) else None
    return str(guild_id) if guild_id else None
