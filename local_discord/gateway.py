"""The gateway: one WebSocket connection, its compression, and the conversation from hello to resume."""

from __future__ import annotations

import asyncio
import time
import zlib
from json import JSONDecodeError
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from local_discord import objects
from local_discord.codec import Doc, dumps, loads
from local_discord.hub import Intent, Session
from local_discord.world import World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
)
_IGNORED = (4, 14, 37)  # voice state, and two by which Discord's own client says which channels it shows
_ALL_INTENTS = (1 << 26) - 1
_SENDS_PER_MINUTE = 120
_MAX_PENDING = 20_000
_PRIVILEGED = {  # intent: the application flags of which one allows it
    Intent.GUILD_PRESENCES: 1 << 12 | 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 14 | 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 18 | 1 << 19,
}


class Compressor(Protocol):
    def compress(self, frame: bytes) -> bytes: ...


class _Zlib:
    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def compress(self, frame: bytes) -> bytes:
        return self._context.compress(frame) + self._context.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    def __init__(self) -> None:
        import zstandard  # type: ignore[import-not-found,unused-ignore]  # an optional library; clients only ask for it where they have it too

        self._context = zstandard.ZstdCompressor().compressobj()
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def compress(self, frame: bytes) -> bytes:
        return bytes(self._context.compress(frame) + self._context.flush(self._flush))


def _compressor(name: str) -> Compressor | None:
    if name == "zlib-stream":
        return _Zlib()
    if name == "zstd-stream":
        try:
            return _Zstd()
        except ImportError:
            return None  # text frames, which clients accept whatever they asked for
    return None


class Refused(Exception):
    """Close the connection with a gateway close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Connection:
    """One WebSocket. `send` never waits: frames queue for the writer, and a client that reads too slowly is cut off."""

    def __init__(
        self, world: World, socket: web.WebSocketResponse, transport: asyncio.Transport | None, compress: str
    ) -> None:
        self._world = world
        self._socket = socket
        self._transport = transport
        self._compressor = _compressor(compress)
        self._pending: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self.session: Session | None = None
        self._heard = time.monotonic()
        self._received: list[float] = []
        self._abrupt = False

    def send(self, frame: bytes) -> None:
        if self._pending.qsize() > _MAX_PENDING:
            self.drop()  # it reads too slowly; what it misses now, it gets by resuming
        else:
            self._pending.put_nowait(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close once everything queued is out."""
        self._pending.put_nowait((code, reason))

    def drop(self) -> None:
        """Cut the connection at once, without a word, as a broken network does."""
        self._abrupt = True
        if self._transport is not None:
            self._transport.abort()

    def op(self, code: int, data: Any) -> None:
        self.send(dumps({"op": code, "d": data, "s": None, "t": None}))

    async def run(self) -> None:
        writer = asyncio.create_task(self._write())
        watch = asyncio.create_task(self._watch())
        self.op(HELLO, {"heartbeat_interval": int(self._world.timing.heartbeat_s * 1000), "_trace": ["local"]})
        closed_by_client = None
        try:
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._receive(message.data)
            closed_by_client = None if self._abrupt else self._socket.close_code
        except Refused as refused:
            self.close(refused.code, refused.reason)
            await asyncio.wait([writer], timeout=5)
        finally:
            watch.cancel()
            writer.cancel()
            if self.session is not None and self.session.socket is self:
                # 1000 and 1001 are a client that leaves for good; anything else may resume.
                self._leave(self.session, keep=closed_by_client not in (1000, 1001))

    async def _write(self) -> None:
        while True:
            item = await self._pending.get()
            if isinstance(item, tuple):
                await self._socket.close(code=item[0], message=item[1].encode())
                return
            try:
                if self._compressor is None:
                    await self._socket.send_str(item.decode())
                else:
                    await self._socket.send_bytes(self._compressor.compress(item))
            except (ConnectionError, RuntimeError):
                return  # the reader sees the end too and cleans up

    async def _watch(self) -> None:
        """Cut off a client that stopped sending heartbeats."""
        limit = self._world.timing.heartbeat_s * 1.5
        while (left := self._heard + limit - time.monotonic()) > 0:  # noqa: ASYNC110 - a timer, not a poll
            await asyncio.sleep(left)
        self.close(4009 if self.session is None else 4000, "Session timed out.")

    def _receive(self, raw: str | bytes) -> None:
        now = time.monotonic()
        self._received = [at for at in self._received if at > now - 60] + [now]
        if len(self._received) > _SENDS_PER_MINUTE:
            raise Refused(4008, "Rate limited.")
        if len(raw) > 15_360:
            raise Refused(4002, "Payload too large.")
        try:
            payload = loads(raw)
            code, data = payload["op"], payload.get("d")
        except (JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
            raise Refused(4002, "Error while decoding payload.") from None
        if code == HEARTBEAT:
            self._heard = now
            self.op(ACK, None)
        elif code == IDENTIFY:
            self._identify(data)
        elif code == RESUME:
            self._resume(data)
        elif code not in (PRESENCE, MEMBERS, *_IGNORED):
            raise Refused(4001, "Unknown opcode.")
        elif self.session is None:
            raise Refused(4003, "Not authenticated.")
        elif code == PRESENCE:
            self._set_presence(self.session, data)
        elif code == MEMBERS:
            self._send_members(self.session, data)

    def _user(self, data: Any) -> Doc:
        token = data.get("token") if isinstance(data, dict) else None
        if not isinstance(token, str):
            raise Refused(4004, "Authentication failed.")
        plain = token.removeprefix("Bot ")
        user = self._world.user_by_token(plain, bot=True) or self._world.user_by_token(plain, bot=False)
        if user is None:
            raise Refused(4004, "Authentication failed.")
        return user

    def _identify(self, data: Any) -> None:
        if self.session is not None:
            raise Refused(4005, "Already authenticated.")
        user = self._user(data)
        intents = data.get("intents", 0)
        if not isinstance(intents, int) or intents & ~_ALL_INTENTS or (user.get("bot") and "intents" not in data):
            raise Refused(4013, "Invalid intent(s).")
        shard = _shard(data.get("shard"))
        application = self._world.application_of(user["id"])
        if application is not None:
            for intent, allowing in _PRIVILEGED.items():
                if intents & intent and not application["flags"] & allowing:
                    raise Refused(4014, "Disallowed intent(s).")
        was_online = self._world.hub.presence(user["id"]) is not None
        session = self._world.hub.open(user, self, intents=intents, shard=shard)
        self.session = session
        guilds = [g for g in self._world.guilds_of(user["id"]) if session.holds_guild(g["id"])]
        session.dispatch("READY", dumps(self._ready(user, session, guilds)))
        if session.bot:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", dumps(self._world.guild_for(session, guild)))
        if isinstance(data.get("presence"), dict):
            self._set_presence(session, data["presence"])
        elif not was_online:
            announce_presence(self._world, user["id"])

    def _ready(self, user: Doc, session: Session, guilds: list[Doc]) -> Doc:
        ready: Doc = {
            "v": 10,
            "user": objects.own_user(user),
            "session_id": session.id,
            "resume_gateway_url": self._world.gateway_url,
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "_trace": ["local"],
        }
        if session.bot:
            application = self._world.application_of(user["id"])
            ready["guilds"] = [{"id": guild["id"], "unavailable": True} for guild in guilds]
            if application is not None:
                ready["application"] = {"id": application["id"], "flags": application["flags"]}
            if session.sharded:
                ready["shard"] = list(session.shard)
            return ready
        direct = [c for c in self._world.store.channels.by(None) if user["id"] in c["recipient_ids"]]
        known = {m["user_id"] for g in guilds for m in self._world.store.members.by(g["id"])}
        known.update(u for c in direct for u in c["recipient_ids"])
        ready["guilds"] = [self._world.guild_create(guild, user["id"]) for guild in guilds]
        ready["private_channels"] = [self._world.show_channel(channel, user["id"]) for channel in direct]
        ready["users"] = [objects.user(self._world.user(user_id)) for user_id in sorted(known)]
        return ready

    def _resume(self, data: Any) -> None:
        if self.session is not None:
            raise Refused(4005, "Already authenticated.")
        user = self._user(data)
        self._world.hub.expire()
        session = self._world.hub.sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        missed = session.missed_since(seq) if session and isinstance(seq, int) else None
        if session is None or missed is None or session.user_id != user["id"] or not session.resumable:
            self.op(INVALID, False)
            return
        if isinstance(session.socket, Connection):
            session.socket.close(4000, "Resumed elsewhere.")
        self.session, session.socket = session, self
        for frame in missed:
            self.send(frame)
        session.dispatch("RESUMED", b"{}")
        announce_presence(self._world, user["id"])

    def _set_presence(self, session: Session, data: Any) -> None:
        status = data.get("status", "online") if isinstance(data, dict) else None
        activities = data.get("activities") or [] if isinstance(data, dict) else None
        if status not in ("online", "idle", "dnd", "invisible", "offline") or not isinstance(activities, list):
            raise Refused(4002, "Error while decoding payload.")
        session.presence = {"status": status, "activities": [a for a in activities if isinstance(a, dict)]}
        announce_presence(self._world, session.user_id)

    def _send_members(self, session: Session, data: Any) -> None:
        """Answer a request for guild members in chunks of 1,000."""
        guild_id = str(data.get("guild_id")) if isinstance(data, dict) else ""
        if f"{guild_id}:{session.user_id}" not in self._world.store.members:
            return
        wanted = data.get("user_ids")
        members = self._world.store.members.by(guild_id)
        missing: list[str] = []
        if wanted:
            ids = {str(user_id) for user_id in (wanted if isinstance(wanted, list) else [wanted])}
            members = [m for m in members if m["user_id"] in ids]
            missing = sorted(ids - {m["user_id"] for m in members})
        else:
            query, limit = str(data.get("query") or "").lower(), data.get("limit") or 0
            members = [m for m in members if _matches(self._world.user(m["user_id"]), m, query)]
            members = members[: limit if isinstance(limit, int) and limit > 0 else None]
        chunks = [members[i : i + 1000] for i in range(0, len(members), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            answer: Doc = {
                "guild_id": guild_id,
                "members": [self._world.show_member(member) for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if data.get("presences"):
                states = ((m["user_id"], self._world.hub.presence(m["user_id"])) for m in chunk)
                answer["presences"] = [objects.presence(user, guild_id, state) for user, state in states if state]
            if data.get("nonce") is not None:
                answer["nonce"] = data["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", dumps(answer))

    def _leave(self, session: Session, *, keep: bool) -> None:
        self._world.hub.detach(session, keep=keep)
        if self._world.hub.presence(session.user_id) is None:
            announce_presence(self._world, session.user_id)


def announce_presence(world: World, user_id: str) -> None:
    """Tell everyone who shares a guild with the user."""
    state = world.hub.presence(user_id)
    for guild in world.guilds_of(user_id):
        world.hub.to_guild("PRESENCE_UPDATE", guild["id"], objects.presence(user_id, guild["id"], state))


def _matches(user: Doc, member: Doc, query: str) -> bool:
    names = (user["username"], user.get("global_name"), member.get("nick"))
    return any(name.lower().startswith(query) for name in names if name)


def _shard(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not all(isinstance(part, int) for part in value)
        or not 0 <= value[0] < value[1]
    ):
        raise Refused(4010, "Invalid shard.")
    return value[0], value[1]


async def serve(world: World, request: web.Request) -> web.WebSocketResponse:
    """The handler of `/gateway`."""
    socket = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
    await socket.prepare(request)
    if request.query.get("encoding", "json") != "json":
        await socket.close(code=4012, message=b"Only JSON encoding is spoken here.")
        return socket
    connection = Connection(world, socket, request.transport, request.query.get("compress", ""))
    world.connections.add(connection)
    try:
        await connection.run()
    finally:
        world.connections.discard(connection)
    return socket
