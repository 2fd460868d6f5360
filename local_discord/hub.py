"""Who hears what: gateway sessions, and the rules by which an event reaches them.

An event goes to a session when its user may see the place it happened in, the session's shard holds that guild, and,
for bots, the session asked for the event's intent. A session outlives its socket for a while and keeps the last
events, so that a client that comes back loses none.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import IntFlag
from typing import Protocol

from local_discord.codec import Doc, dumps


class Intent(IntFlag):
    """Gateway intents, as in Discord's documentation."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_WEBHOOKS = 1 << 5
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


_MESSAGES = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
_REACTIONS = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
_TYPING = (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING)
_NONE = (Intent(0), Intent(0))
_BY_PREFIX = {
    "MESSAGE_REACTION": _REACTIONS,
    "MESSAGE": _MESSAGES,
    "CHANNEL_PINS": (Intent.GUILDS, Intent.DIRECT_MESSAGES),
    "TYPING": _TYPING,
    "GUILD_MEMBER": (Intent.GUILD_MEMBERS, Intent(0)),
    "GUILD_BAN": (Intent.GUILD_MODERATION, Intent(0)),
    "PRESENCE": (Intent.GUILD_PRESENCES, Intent(0)),
    "WEBHOOKS": (Intent.GUILD_WEBHOOKS, Intent(0)),
    "GUILD": (Intent.GUILDS, Intent(0)),
    "CHANNEL": (Intent.GUILDS, Intent(0)),
    "THREAD": (Intent.GUILDS, Intent(0)),
}
"""(in a guild, in a DM) intent an event needs; the longest prefix wins, as they are listed longest first."""


def intents_of(event: str) -> tuple[Intent, Intent]:
    return next((needed for prefix, needed in _BY_PREFIX.items() if event.startswith(prefix)), _NONE)


class Socket(Protocol):
    """What a session writes to: one connection of a client."""

    def send(self, frame: bytes) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


class Session:
    """One identified client. `seq` numbers its events from 1; `missed_since` replays them after a resume."""

    def __init__(
        self, user: Doc, socket: Socket, *, intents: int, shard: tuple[int, int], sharded: bool, buffer: int
    ) -> None:
        self.id = secrets.token_hex(16)
        self.user_id: str = user["id"]
        self.bot = bool(user.get("bot"))
        self.intents = intents
        self.shard = shard
        self.sharded = sharded
        self.seq = 0
        self.socket: Socket | None = socket
        self.detached_at = 0.0
        self.resumable = True
        self.presence: Doc = {"status": "online", "activities": []}
        self._buffer: deque[tuple[int, bytes]] = deque(maxlen=buffer)

    def dispatch(self, event: str, body: bytes) -> None:
        """Send an event whose `d` is already encoded, and keep it for a resume."""
        self.seq += 1
        frame = b'{"op":0,"s":%d,"t":"%s","d":%s}' % (self.seq, event.encode(), body)
        self._buffer.append((self.seq, frame))
        if self.socket is not None:
            self.socket.send(frame)

    def missed_since(self, seq: int) -> list[bytes] | None:
        """Frames after `seq`, or None where they are no longer all there, or `seq` was never reached."""
        if seq > self.seq or self.seq - seq > len(self._buffer):
            return None
        return [frame for number, frame in self._buffer if number > seq]

    def wants(self, intent: int) -> bool:
        return not self.bot or not intent or bool(self.intents & intent)

    def holds_guild(self, guild_id: str) -> bool:
        return (int(guild_id) >> 22) % self.shard[1] == self.shard[0]


class Hub:
    """All sessions. `can_view(user_id, channel)` and `is_member(user_id, guild_id)` come from the world's state."""

    def __init__(
        self,
        *,
        can_view: Callable[[str, Doc], bool],
        is_member: Callable[[str, str], bool],
        resume_window_s: float,
        buffer: int,
    ) -> None:
        self._can_view = can_view
        self._is_member = is_member
        self._resume_window_s = resume_window_s
        self._buffer = buffer
        self.sessions: dict[str, Session] = {}

    def open(self, user: Doc, socket: Socket, *, intents: int, shard: tuple[int, int] | None) -> Session:
        self.expire()
        session = Session(
            user, socket, intents=intents, shard=shard or (0, 1), sharded=shard is not None, buffer=self._buffer
        )
        self.sessions[session.id] = session
        return session

    def detach(self, session: Session, *, keep: bool) -> None:
        """The session's socket is gone. With `keep` a client may come back and resume."""
        session.socket = None
        session.detached_at = time.monotonic()
        if not keep:
            self.sessions.pop(session.id, None)

    def expire(self) -> None:
        """Forget sessions that nobody came back for."""
        horizon = time.monotonic() - self._resume_window_s
        for session in [s for s in self.sessions.values() if s.socket is None and s.detached_at < horizon]:
            del self.sessions[session.id]

    def of_user(self, user_id: str) -> list[Session]:
        return [session for session in self.sessions.values() if session.user_id == user_id]

    def presence(self, user_id: str) -> Doc | None:
        """What the user's newest connected session announced; None where it is offline or invisible."""
        online = [s.presence for s in self.of_user(user_id) if s.socket is not None]
        return online[-1] if online and online[-1]["status"] not in ("invisible", "offline") else None

    # Audiences

    def to_session(self, session: Session, event: str, data: Doc) -> None:
        session.dispatch(event, dumps(data))

    def to_users(self, event: str, user_ids: Iterable[str], data: Doc, *, session_id: str | None = None) -> None:
        """To all sessions of these users (or one of them), whatever their intents; of a sharded bot, to shard 0."""
        wanted, body = set(user_ids), dumps(data)
        for session in list(self.sessions.values()):
            if session.user_id in wanted and session.shard[0] == 0 and session_id in (None, session.id):
                session.dispatch(event, body)

    def to_bot(self, event: str, bot_id: str, guild_id: str | None, data: Doc) -> None:
        """To the bot's sessions on the shard of that guild; of a DM, on shard 0."""
        body = dumps(data)
        for session in self.of_user(bot_id):
            if session.holds_guild(guild_id) if guild_id else session.shard[0] == 0:
                session.dispatch(event, body)

    def to_guild(self, event: str, guild_id: str, data: Doc, *, about: str | None = None) -> None:
        """To every member. `about` names a user who hears it even without the intent, since it is about them."""
        intent, body = intents_of(event)[0], None
        for session in list(self.sessions.values()):
            if not session.wants(intent) and session.user_id != about:
                continue
            if session.holds_guild(guild_id) and self._is_member(session.user_id, guild_id):
                body = body or dumps(data)
                session.dispatch(event, body)

    def to_channel(
        self, event: str, channel: Doc, data: Doc, *, only: Iterable[str] | None = None, redacted: Doc | None = None
    ) -> None:
        """To everyone who can see the channel, or those of them in `only`.

        `redacted` is the form for bots without the message content intent that neither wrote the message nor are
        mentioned in it.
        """
        guild_id = channel.get("guild_id")
        in_guild, in_dm = intents_of(event)
        chosen = None if only is None else set(only)
        full = plain = None
        for session in list(self.sessions.values()):
            if chosen is not None and session.user_id not in chosen:
                continue
            if not session.wants(in_guild if guild_id else in_dm):
                continue
            if not (session.holds_guild(guild_id) if guild_id else session.shard[0] == 0):
                continue
            if not self._can_view(session.user_id, channel):
                continue
            if redacted is not None and not self._reads_content(session, data, guild_id):
                plain = plain or dumps(redacted)
                session.dispatch(event, plain)
            else:
                full = full or dumps(data)
                session.dispatch(event, full)

    @staticmethod
    def _reads_content(session: Session, message: Doc, guild_id: str | None) -> bool:
        if not session.bot or guild_id is None or session.intents & Intent.MESSAGE_CONTENT:
            return True
        return message["author"]["id"] == session.user_id or any(
            user["id"] == session.user_id for user in message["mentions"]
        )
