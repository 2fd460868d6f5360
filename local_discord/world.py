"""The state of one local Discord and the questions everything asks of it: who is who, what is where, who may what."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_discord import objects, permissions
from local_discord.codec import Doc
from local_discord.errors import missing_access, missing_permissions, unknown
from local_discord.hub import Hub, Intent, Session
from local_discord.permissions import P
from local_discord.snowflake import Snowflakes, now_iso
from local_discord.store import Store

if TYPE_CHECKING:
    from local_discord.gateway import Connection


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Discord's clocks, in seconds (and `replay_events`, a count), so that tests need not wait for them.

    `interaction_s`: an interaction not answered by then has failed. `token_s`: how long its token works after that.
    `nonce_s`: how long a nonce makes a send idempotent. `resume_s`, `replay_events`: how long a session without a
    socket is kept, and how many of its events. `heartbeat_s`: between heartbeats; a client silent for 1.5 times that
    is cut off.
    """

    interaction_s: float = 3.0
    token_s: float = 900.0
    nonce_s: float = 300.0
    resume_s: float = 120.0
    replay_events: int = 2000
    heartbeat_s: float = 41.25


class World:
    """Documents, ids and the hub. Mutations that several routes share live in `messages`, `guilds`, `interactions`."""

    def __init__(self, store: Store, timing: Timing) -> None:
        self.store = store
        self.timing = timing
        self.ids = Snowflakes(store.largest_id())
        self.base_url = ""
        self.closed = False
        self.connections: set[Connection] = set()
        self.hub = Hub(
            can_view=self.can_view,
            is_member=lambda user_id, guild_id: f"{guild_id}:{user_id}" in store.members,
            resume_window_s=timing.resume_s,
            buffer=timing.replay_events,
        )
        self.last_sent: dict[tuple[str, str], float] = {}
        self._by_token = {user["token"]: user for user in store.users.all()}

    def close(self) -> None:
        """Close the store; timers that are still running see `closed` and do nothing."""
        self.closed = True
        self.store.close()

    @property
    def gateway_url(self) -> str:
        return self.base_url.replace("http", "ws", 1) + "/gateway"

    # Users

    def user(self, user_id: str) -> Doc:
        if (user := self.store.users.get(user_id)) is None:
            raise unknown("User")
        return user

    def user_by_token(self, token: str, *, bot: bool) -> Doc | None:
        user = self._by_token.get(token)
        return user if user is not None and bool(user.get("bot")) == bot else None

    def add_user(self, username: str, *, display: str | None = None, bot: bool = False, token: str = "") -> Doc:
        """A new account. The token is random unless given."""
        user_id = self.ids.next()
        doc = {
            "id": user_id,
            "username": username,
            "global_name": display,
            "avatar": None,
            "bot": bot,
            "token": token or f"{user_id}.{secrets.token_urlsafe(24)}",
        }
        self._by_token[doc["token"]] = doc
        return self.store.users.put(user_id, doc)

    def application_of(self, bot_id: str) -> Doc | None:
        return next((app for app in self.store.applications.all() if app["bot_id"] == bot_id), None)

    # Guilds and members

    def guild(self, guild_id: str) -> Doc:
        if (guild := self.store.guilds.get(guild_id)) is None:
            raise unknown("Guild")
        return guild

    def member(self, guild_id: str, user_id: str) -> Doc:
        if (member := self.store.members.get(f"{guild_id}:{user_id}")) is None:
            raise unknown("Member")
        return member

    def save_member(self, member: Doc) -> Doc:
        return self.store.members.put(f"{member['guild_id']}:{member['user_id']}", member)

    def add_member(self, guild_id: str, user_id: str, roles: Iterable[str] = ()) -> Doc:
        return self.save_member(
            {"guild_id": guild_id, "user_id": user_id, "nick": None, "roles": list(roles), "joined_at": now_iso()}
        )

    def guilds_of(self, user_id: str) -> list[Doc]:
        return [g for g in self.store.guilds.all() if f"{g['id']}:{user_id}" in self.store.members]

    def show_member(self, member: Doc) -> Doc:
        return objects.member(member, self.user(member["user_id"]))

    # Channels

    def channel(self, channel_id: str) -> Doc:
        if (channel := self.store.channels.get(channel_id)) is None:
            raise unknown("Channel")
        return channel

    def show_channel(self, channel: Doc, viewer_id: str) -> Doc:
        others = [self.user(u) for u in channel.get("recipient_ids", ()) if u != viewer_id]
        return objects.channel(channel, self.store.last_message.get(channel["id"]), others)

    def bits(self, user_id: str, channel: Doc) -> int:
        """Permission bits of a user in a channel, thread or DM; 0 where it cannot see it."""
        if channel["type"] == objects.DM:
            return permissions.DIRECT if user_id in channel["recipient_ids"] else 0
        guild = self.store.guilds[channel["guild_id"]]
        member = self.store.members.get(f"{guild['id']}:{user_id}")
        if member is None:
            return 0
        if channel["type"] not in objects.THREADS:
            return permissions.in_channel(guild, member, channel)
        bits = permissions.in_channel(guild, member, self.store.channels[channel["parent_id"]])
        private = channel["type"] == objects.PRIVATE_THREAD
        if private and user_id not in channel["thread_members"] and not bits & P.MANAGE_THREADS:
            return 0
        may_speak = bits & P.SEND_MESSAGES_IN_THREADS
        return bits | P.SEND_MESSAGES if may_speak else bits & ~P.SEND_MESSAGES

    def can_view(self, user_id: str, channel: Doc) -> bool:
        return bool(self.bits(user_id, channel) & P.VIEW_CHANNEL)

    def viewers(self, channel: Doc) -> set[str]:
        """Of the users with a session, those who see the channel."""
        users = {session.user_id for session in self.hub.sessions.values()}
        return {user_id for user_id in users if self.can_view(user_id, channel)}

    def require(self, user_id: str, channel_id: str, needed: int = 0) -> Doc:
        """The channel, if the user sees it (else 50001) and has all the `needed` bits there (else 50013)."""
        channel = self.channel(channel_id)
        bits = self.bits(user_id, channel)
        if not bits & P.VIEW_CHANNEL:
            raise missing_access()
        if bits & needed != needed:
            raise missing_permissions()
        return channel

    def require_guild(self, user_id: str, guild_id: str, needed: int = 0) -> tuple[Doc, Doc]:
        """The guild and the user's membership in it, if it has all the `needed` bits there."""
        guild = self.guild(guild_id)
        member = self.store.members.get(f"{guild_id}:{user_id}")
        if member is None:
            raise missing_access()
        if permissions.in_guild(guild, member) & needed != needed:
            raise missing_permissions()
        return guild, member

    def dm_between(self, user_id: str, other_id: str) -> Doc:
        """The DM channel of two users, made on first use."""
        pair = sorted((user_id, other_id))
        for channel in self.store.channels.by(None):
            if sorted(channel["recipient_ids"]) == pair:
                return channel
        channel_id = self.ids.next()
        return self.store.channels.put(channel_id, {"id": channel_id, "type": objects.DM, "recipient_ids": pair})

    def threads_of(self, guild_id: str) -> list[Doc]:
        """Threads that are not archived."""
        return [
            channel
            for channel in self.store.channels.by(guild_id)
            if channel["type"] in objects.THREADS and not channel["thread_metadata"]["archived"]
        ]

    def guild_create(self, guild: Doc, viewer_id: str) -> Doc:
        """The payload of GUILD_CREATE: the guild with what the viewer may see of it."""
        guild_id = guild["id"]
        channels = [c for c in self.store.channels.by(guild_id) if self.can_view(viewer_id, c)]
        members = self.store.members.by(guild_id)
        threads = [c for c in channels if c["type"] in objects.THREADS and not c["thread_metadata"]["archived"]]
        online = ((m["user_id"], self.hub.presence(m["user_id"])) for m in members)
        return {
            **objects.guild(guild),
            "joined_at": self.member(guild_id, viewer_id)["joined_at"],
            "large": False,
            "unavailable": False,
            "member_count": len(members),
            "members": [self.show_member(member) for member in members],
            "channels": [self.show_channel(c, viewer_id) for c in channels if c["type"] not in objects.THREADS],
            "threads": [self._show_thread(thread, viewer_id) for thread in threads],
            "presences": [objects.presence(user_id, guild_id, state) for user_id, state in online if state],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def guild_for(self, session: Session, guild: Doc, *, joined: bool = False) -> Doc:
        """GUILD_CREATE for a session: a bot without the members or presences intents gets only itself, no states.

        `unavailable` is there (and false) where a guild comes up, and missing where it was joined just now.
        """
        payload = self.guild_create(guild, session.user_id)
        if joined:
            del payload["unavailable"]
        if not session.wants(Intent.GUILD_MEMBERS):
            payload["members"] = [m for m in payload["members"] if m["user"]["id"] == session.user_id]
        if not session.wants(Intent.GUILD_PRESENCES):
            payload["presences"] = []
        return payload

    def _show_thread(self, thread: Doc, viewer_id: str) -> Doc:
        shown = self.show_channel(thread, viewer_id)
        if viewer_id in thread["thread_members"]:
            shown["member"] = objects.thread_member(thread, viewer_id)
        return shown
