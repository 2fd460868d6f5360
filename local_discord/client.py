"""A small client for one person: what a human does in a chat app, as calls. For tests, benches and load drivers.

async with await Human.connect(server.seed, "ada") as ada:
    await ada.send("general", "hello")
    answer = await ada.wait_for("MESSAGE_CREATE", lambda m: m["author"].get("bot"))
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from local_discord import components
from local_discord.codec import Doc, dumps, loads

_SEQUENCE = itertools.count(1)


class HumanError(Exception):
    """The server refused a request. `status` is HTTP's, `body` Discord's JSON (`code`, `message`)."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body
        self.code: int = body.get("code", 0) if isinstance(body, dict) else 0


class Human:
    """A connected person. Use `connect`; close with `async with` or `close()`.

    Channels are named (`"general"`) or given as ids. Everything the gateway tells is in `events` as (type, data),
    newest last, up to 10,000. A lost connection is resumed, or identified anew, without the caller's doing.
    """

    def __init__(self, seed: Doc, username: str) -> None:
        user = next((user for user in seed["users"] if user["username"] == username), None)
        if user is None:
            raise ValueError(f"No user {username!r}; there are {[user['username'] for user in seed['users']]}.")
        self.seed = seed
        self.id: str = user["id"]
        self.username = username
        self.session_id = ""
        self.ready: Doc = {}
        self.events: deque[tuple[str, Doc]] = deque(maxlen=10_000)
        self._token: str = user["token"]
        self._taken: set[int] = set()
        self._arrived = asyncio.Condition()
        self._connected = asyncio.Event()
        self._http = aiohttp.ClientSession(headers={"Authorization": self._token})
        self._seq: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._channels = {channel["name"]: channel["id"] for channel in seed["channels"]}

    @classmethod
    async def connect(
        cls,
        seed: Doc,
        username: str,
        *,
        timeout: float = 10,  # noqa: ASYNC109
        locale: str | None = None,
    ) -> Self:
        """Log in as one of the seed's users, with a client in the language `locale` (by default as it was last).
        Raises TimeoutError where the gateway does not answer."""
        human = cls(seed, username)
        human._task = asyncio.create_task(human._stay_connected())
        try:
            await asyncio.wait_for(human._connected.wait(), timeout)
        except BaseException:
            await human.close()
            raise
        if locale is not None:
            await human.request("PATCH", "/users/@me/settings", {"locale": locale})
        return human

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Doing things

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Any REST call: `request("GET", "/users/@me")`. Returns the JSON, None for 204. Raises HumanError."""
        if body is not None:
            options |= {"data": dumps(body), "headers": {"Content-Type": "application/json"}}
        async with self._http.request(method, self.seed["api"] + path, **options) as response:
            raw = await response.read()
            answer = loads(raw) if raw and response.content_type == "application/json" else None
            if response.status >= 400:
                raise HumanError(response.status, answer)
            return answer

    async def send(
        self,
        channel: str,
        text: str,
        *,
        reply_to: str | None = None,
        files: dict[str, bytes] | None = None,
        **more: Any,
    ) -> Doc:
        """Write a message; returns it. `more` are further fields of Discord's body, such as `nonce`."""
        channel_id = self.channel_id(channel)
        body: Doc = {"content": text, **more}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to, "channel_id": channel_id}
        sent: Doc = await self._post_message(f"/channels/{channel_id}/messages", body, files)
        return sent

    async def _post_message(self, path: str, body: Doc, files: dict[str, bytes] | None) -> Any:
        if not files:
            return await self.request("POST", path, body)
        form = aiohttp.FormData()
        form.add_field("payload_json", dumps(body).decode(), content_type="application/json")
        for index, (name, content) in enumerate(files.items()):
            form.add_field(f"files[{index}]", content, filename=name)
        return await self.request("POST", path, data=form)

    async def edit(self, channel: str, message_id: str, text: str) -> Doc:
        path = f"/channels/{self.channel_id(channel)}/messages/{message_id}"
        edited: Doc = await self.request("PATCH", path, {"content": text})
        return edited

    async def delete(self, channel: str, message_id: str) -> None:
        await self.request("DELETE", f"/channels/{self.channel_id(channel)}/messages/{message_id}")

    async def history(self, channel: str, limit: int = 50, **query: str) -> list[Doc]:
        """Messages, newest first. `query` may have `before`, `after` or `around`."""
        path = f"/channels/{self.channel_id(channel)}/messages"
        found: list[Doc] = await self.request("GET", path, params={"limit": str(limit), **query})
        return found

    async def type(self, channel: str) -> None:
        await self.request("POST", f"/channels/{self.channel_id(channel)}/typing")

    async def react(self, channel: str, message_id: str, emoji: str) -> None:
        path = f"/channels/{self.channel_id(channel)}/messages/{message_id}/reactions/{emoji}/@me"
        await self.request("PUT", path)

    async def unreact(self, channel: str, message_id: str, emoji: str) -> None:
        path = f"/channels/{self.channel_id(channel)}/messages/{message_id}/reactions/{emoji}/@me"
        await self.request("DELETE", path)

    async def dm(self, user_id: str, text: str, **more: Any) -> Doc:
        """Write to a user (the bot's id is `bot_id`); returns the message, whose `channel_id` is the DM's."""
        channel = await self.request("POST", "/users/@me/channels", {"recipient_id": user_id})
        return await self.send(str(channel["id"]), text, **more)

    # Commands and components

    async def commands(self, channel: str) -> list[Doc]:
        """The application commands that can be used in a channel."""
        index = await self.request("GET", f"/channels/{self.channel_id(channel)}/application-command-index")
        found: list[Doc] = index["application_commands"]
        return found

    async def slash(self, channel: str, name: str, /, *, files: dict[str, bytes] | None = None, **options: Any) -> str:
        """Run a command, subcommands by a space: `slash("general", "persona ask", question="hi")`.

        Returns the interaction's nonce. Options are given by name with plain values; an attachment option
        takes the index of its file. The answer comes as MESSAGE_CREATE, for which `wait_for`.
        """
        return await self._command(2, channel, name, options, None, files)

    async def menu(self, message: Doc, name: str) -> str:
        """Run a command of a message's context menu. Returns the nonce; the answer comes as for `slash`."""
        channel = message["channel_id"]
        command = next((c for c in await self.commands(channel) if c["name"] == name and c["type"] == 3), None)
        if command is None:
            raise ValueError(f"No message command {name!r} in {channel}.")
        data: Doc = {"version": command["version"], "id": command["id"], "name": name, "type": 3}
        data["target_id"] = message["id"]
        return await self._interact(2, channel, command["application_id"], data)

    async def autocomplete(
        self,
        channel: str,
        name: str,
        /,
        focused: str,
        text: str,
        timeout: float = 5,  # noqa: ASYNC109
        **options: Any,
    ) -> list[Doc]:
        """The choices ({name, value}) that the bot offers while `text` stands in the option `focused`."""
        nonce = await self._command(4, channel, name, {**options, focused: text}, focused)
        event = "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"
        response = await self.wait_for(event, lambda data: data["nonce"] == nonce, timeout)
        choices: list[Doc] = response["choices"]
        return choices

    async def click(self, message: Doc, custom_id: str, values: list[str] | None = None) -> str:
        """Press a button, or choose `values` in a select, of a message from an event or REST. Returns the nonce."""
        component = components.find(message["components"], custom_id)
        if component is None:
            raise ValueError(f"No component {custom_id!r} in message {message['id']}.")
        data: Doc = {"component_type": component["type"], "custom_id": custom_id}
        if values is not None:
            data["values"] = values
        application_id = message.get("application_id") or self.seed["application_id"]
        return await self._interact(3, message["channel_id"], application_id, data, message_id=message["id"])

    async def submit(self, modal: Doc, **values: str | list[str]) -> str:
        """Fill in a modal, as INTERACTION_MODAL_CREATE gave it; `values` are by custom id. Returns the nonce."""
        fields = [
            {"type": 1, "components": [{"type": 4, "custom_id": key, "value": value}]}
            if isinstance(value, str)
            else {"type": 18, "component": {"type": 3, "custom_id": key, "values": value}}
            for key, value in values.items()
        ]
        data = {"id": modal["id"], "custom_id": modal["custom_id"], "components": fields}
        return await self._interact(5, modal["channel_id"], modal["application"]["id"], data)

    async def _command(
        self,
        kind: int,
        channel: str,
        name: str,
        options: Doc,
        focused: str | None,
        files: dict[str, bytes] | None = None,
    ) -> str:
        root, *path = name.split()
        known = await self.commands(channel)
        command = next((c for c in known if c["name"] == root and c["type"] == 1), None)
        if command is None:
            raise ValueError(f"No command {root!r} in {channel}; there are {sorted(c['name'] for c in known)}.")
        level, nesting = command["options"], []
        for step in path:
            nesting.append(next(option for option in level if option["name"] == step))
            level = nesting[-1].get("options", [])
        types = {option["name"]: option["type"] for option in level}
        given: list[Doc] = [
            {"type": types.get(key, 3), "name": key, "value": value, **({"focused": True} if key == focused else {})}
            for key, value in options.items()
        ]
        for option in reversed(nesting):
            given = [{"type": option["type"], "name": option["name"], "options": given}]
        data: Doc = {"version": command["version"], "id": command["id"], "name": root, "type": 1, "options": given}
        return await self._interact(kind, channel, command["application_id"], data, files=files)

    async def _interact(
        self,
        kind: int,
        channel: str,
        application_id: str,
        data: Doc,
        *,
        message_id: str | None = None,
        files: dict[str, bytes] | None = None,
    ) -> str:
        channel_id = self.channel_id(channel)
        nonce = f"{self.id[-6:]}{next(_SEQUENCE)}"
        body: Doc = {
            "type": kind,
            "application_id": application_id,
            "channel_id": channel_id,
            "session_id": self.session_id,
            "nonce": nonce,
            "data": data,
        }
        if message_id is not None:
            body["message_id"] = message_id
        await self._post_message("/interactions", body, files)
        return nonce

    @property
    def bot_id(self) -> str:
        """The seed application's bot."""
        application_id = self.seed["application_id"]
        for guild in self.ready["guilds"]:
            for role in guild["roles"]:
                if role.get("managed") and role.get("tags", {}).get("bot_id"):
                    return str(role["tags"]["bot_id"])
        raise LookupError(f"No bot of application {application_id} in any guild of {self.username}.")

    def channel_id(self, channel: str) -> str:
        """An id from a seed channel's name; ids pass through."""
        return str(self._channels.get(channel, channel))

    # Hearing things

    async def wait_for(
        self,
        event: str,
        predicate: Callable[[Doc], bool] = lambda data: True,
        timeout: float = 5,  # noqa: ASYNC109
    ) -> Doc:
        """The first event of that type that matches and that no earlier call has returned, now or within `timeout`.

        Events that came before the call count, so there is no race between acting and waiting. Raises TimeoutError
        that lists the latest events.
        """

        def taken() -> Doc | None:
            for kind, data in self.events:
                if kind == event and id(data) not in self._taken and predicate(data):
                    self._taken.add(id(data))
                    return data
            return None

        async def arrival() -> Doc:
            async with self._arrived:
                while (found := taken()) is None:
                    await self._arrived.wait()
                return found

        try:
            return await asyncio.wait_for(arrival(), timeout)
        except TimeoutError:
            latest = [(kind, str(data)[:200]) for kind, data in list(self.events)[-8:]]
            raise TimeoutError(f"{self.username} saw no such {event} in {timeout} s. Latest: {latest}") from None

    def seen(self, event: str, predicate: Callable[[Doc], bool] = lambda data: True) -> list[Doc]:
        """All events of that type so far that match, whether taken or not."""
        return [data for kind, data in self.events if kind == event and predicate(data)]

    def forget(self) -> None:
        """Drop everything heard so far, so that `wait_for` only finds what comes from now on."""
        self.events.clear()
        self._taken.clear()

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                async with self._http.ws_connect(
                    f"{self.seed['gateway']}?v=10&encoding=json", max_msg_size=0
                ) as socket:
                    await self._converse(socket)
            await asyncio.sleep(0.2)

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        beat: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                payload = loads(message.data)
                if payload["op"] == 10:
                    beat = asyncio.create_task(self._beat(socket, payload["d"]["heartbeat_interval"] / 1000))
                    await self._enter(socket)
                elif payload["op"] == 9:
                    self._seq = None
                    await self._enter(socket)
                elif payload["op"] == 7:
                    return
                elif payload["op"] == 0:
                    await self._hear(payload)
        finally:
            if beat is not None:
                beat.cancel()

    async def _enter(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        if self._seq is not None:
            data: Doc = {"token": self._token, "session_id": self.session_id, "seq": self._seq}
            await socket.send_str(dumps({"op": 6, "d": data}).decode())
        else:
            data = {"token": self._token, "properties": {"os": "linux", "browser": "human", "device": ""}}
            await socket.send_str(dumps({"op": 2, "d": data}).decode())

    async def _hear(self, payload: Doc) -> None:
        self._seq = payload["s"]
        if payload["t"] == "READY":
            self.ready = payload["d"]
            self.session_id = self.ready["session_id"]
            for guild in self.ready["guilds"]:
                for channel in guild["channels"]:
                    self._channels.setdefault(channel["name"], channel["id"])
            self._connected.set()
        async with self._arrived:
            if len(self.events) == self.events.maxlen:
                self._taken.discard(id(self.events[0][1]))
            self.events.append((payload["t"], payload["d"]))
            self._arrived.notify_all()

    async def _beat(self, socket: aiohttp.ClientWebSocketResponse, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await socket.send_str(dumps({"op": 1, "d": self._seq}).decode())
