"""The thin layer between aiohttp and the routes: what a handler is given, and how its answer becomes HTTP.

A handler is `async def handler(call: Call) -> answer`, where the answer is a JSON value (200), `None` (204) or a
ready aiohttp response. It refuses by raising `ApiError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any

from aiohttp import web

from local_discord.codec import Doc, dumps, loads
from local_discord.errors import ApiError, invalid_field, unauthorized
from local_discord.validation import AnyBody, check, check_each, malformed
from local_discord.world import World

MAX_BODY = 25 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file of a multipart body; `index` is the n of its `files[n]`."""

    index: int
    filename: str
    content_type: str
    body: bytes


@dataclass
class Call:
    """One request: who asks (`user`, None on routes whose path holds a token) for what."""

    world: World
    request: web.Request
    user: Doc | None
    uploads: list[Upload] = field(default_factory=list)

    @property
    def me(self) -> Doc:
        if self.user is None:
            raise unauthorized()
        return self.user

    @property
    def my_id(self) -> str:
        return str(self.me["id"])

    def path(self, name: str) -> str:
        return self.request.match_info[name]

    def id(self, name: str) -> str:
        """A snowflake of the path; `@me` stands for the caller."""
        value = self.path(name)
        if value == "@me":
            return self.my_id
        return snowflake(name, value)

    def query_int(self, name: str, default: int, low: int, high: int) -> int:
        value = self.request.query.get(name)
        if value is None:
            return default
        if not value.isdecimal() or not low <= int(value) <= high:
            raise invalid_field(name, "NUMBER_TYPE_COERCE", f"Value must be an integer from {low} to {high}.")
        return int(value)

    def query_id(self, name: str) -> str | None:
        value = self.request.query.get(name)
        return None if value is None else snowflake(name, value)

    def query_flag(self, name: str) -> bool:
        return self.request.query.get(name, "").lower() in ("1", "true")

    async def json(self) -> Any:
        """The body's JSON: of the whole body, or of `payload_json` where it is multipart (files go to `uploads`)."""
        if self.request.content_type.startswith("multipart/"):
            return await self._multipart()
        raw = await self.request.read()
        return _parse(raw) if raw else {}

    async def body(self, model: type[AnyBody]) -> AnyBody:
        return check(model, await self.json())

    async def list_of(self, model: type[AnyBody]) -> list[AnyBody]:
        """A body that is a JSON array of `model`s."""
        return check_each(model, await self.json())

    async def _multipart(self) -> Any:
        try:
            form = await self.request.post()
        except ValueError:
            raise ApiError(400, 50035, "Invalid multipart body") from None
        payload: Any = {}
        for name, value in form.items():
            if isinstance(value, web.FileField) and name.startswith("file"):
                number = name.removeprefix("files[").removesuffix("]")
                index = int(number) if number.isdecimal() else len(self.uploads)
                content_type = value.content_type or "application/octet-stream"
                self.uploads.append(Upload(index, value.filename, content_type, value.file.read()))
            elif name == "payload_json" and not isinstance(value, web.FileField):
                payload = _parse(value)
        if len(self.uploads) > 10:
            raise invalid_field("files", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        return payload


def snowflake(name: str, value: str) -> str:
    if not value.isdecimal() or len(value) > 19 or int(value) >= 2**63:
        raise invalid_field(name, "NUMBER_TYPE_COERCE", f'Value "{value[:40]}" is not snowflake.')
    return value


def _parse(raw: bytes | bytearray | str) -> Any:
    try:
        return loads(raw if isinstance(raw, str) else bytes(raw))
    except (JSONDecodeError, UnicodeDecodeError):
        raise malformed() from None


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: Handler
    auth: bool


class Routes:
    """Collects the handlers of one resource."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, method: str, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler, auth))
            return handler

        return register

    def get(self, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        return self.add("GET", path, auth=auth)

    def post(self, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        return self.add("POST", path, auth=auth)

    def put(self, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        return self.add("PUT", path, auth=auth)

    def patch(self, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        return self.add("PATCH", path, auth=auth)

    def delete(self, path: str, *, auth: bool = True) -> Callable[[Handler], Handler]:
        return self.add("DELETE", path, auth=auth)


def respond(answer: Any, headers: dict[str, str] | None = None) -> web.StreamResponse:
    """The handler's answer as HTTP. The content type is exactly `application/json`: discord.py compares it whole."""
    if isinstance(answer, web.StreamResponse):
        answer.headers.update(headers or {})
        return answer
    if answer is None:
        return web.Response(status=204, headers=headers)
    return web.Response(body=dumps(answer), content_type="application/json", headers=headers)


def refuse(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=error.status,
        body=dumps(error.body),
        content_type="application/json",
        headers={**(headers or {}), **error.headers},
    )
