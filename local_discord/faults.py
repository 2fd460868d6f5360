"""Trouble on demand, so that a client's recovery can be tested: dropped sockets, reconnects, 429s, 5xx, delays.

Gateway faults happen at once. Route faults wait for the next `count` requests whose `METHOD /path` (below
`/api/v10`) matches the regular expression `route`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from local_discord.errors import ApiError, invalid_field
from local_discord.gateway import INVALID, RECONNECT, Connection
from local_discord.ratelimit import limited
from local_discord.validation import Body

Kind = Literal["drop_sockets", "invalid_session", "reconnect", "rate_limit", "error", "delay", "clear"]


class FaultBody(Body):
    """The body of `POST /local/faults`.

    `user_id` limits gateway faults to one account. `route`, `count`: which requests, how many. `retry_after` seconds
    and `is_global` shape a 429, `status` an error, `delay_ms` a delay. `resumable` is for `invalid_session`; where it
    is false the sessions are gone, so that a client can only identify again.
    """

    fault: Kind
    user_id: str | None = None
    route: Annotated[str, Field(max_length=300)] = ".*"
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    retry_after: Annotated[float, Field(ge=0, le=600)] = 1.0
    is_global: bool = False
    status: Annotated[int, Field(ge=500, le=599)] = 502
    delay_ms: Annotated[int, Field(ge=0, le=120_000)] = 1000
    resumable: bool = False


@dataclass
class _Pending:
    pattern: re.Pattern[str]
    left: int
    fault: FaultBody


class Faults:
    """The faults of one server. The methods are what `POST /local/faults` calls."""

    def __init__(self, connections: Callable[[], Iterable[Connection]]) -> None:
        self._connections = connections
        self._pending: list[_Pending] = []

    def drop_sockets(self, user_id: str | None = None) -> int:
        """Cut gateway sockets without a close frame; their sessions can be resumed. Returns how many."""
        chosen = self._chosen(user_id)
        for connection in chosen:
            connection.drop()
        return len(chosen)

    def reconnect(self, user_id: str | None = None) -> int:
        """Ask clients to reconnect and resume (op 7)."""
        chosen = self._chosen(user_id)
        for connection in chosen:
            connection.op(RECONNECT, None)
        return len(chosen)

    def invalid_session(self, user_id: str | None = None, *, resumable: bool = False) -> int:
        """Declare sessions invalid (op 9)."""
        chosen = self._chosen(user_id)
        for connection in chosen:
            if connection.session is not None:
                connection.session.resumable = resumable
            connection.op(INVALID, resumable)
        return len(chosen)

    def rate_limit(
        self, route: str = ".*", *, count: int = 1, retry_after: float = 1.0, is_global: bool = False
    ) -> None:
        """Answer the next `count` matching requests with 429."""
        self.apply(
            FaultBody(fault="rate_limit", route=route, count=count, retry_after=retry_after, is_global=is_global)
        )

    def error(self, route: str = ".*", *, count: int = 1, status: int = 502) -> None:
        """Answer the next `count` matching requests with a 5xx, without doing them."""
        self.apply(FaultBody(fault="error", route=route, count=count, status=status))

    def delay(self, route: str = ".*", *, count: int = 1, delay_ms: int = 1000) -> None:
        """Hold the next `count` matching requests back before doing them."""
        self.apply(FaultBody(fault="delay", route=route, count=count, delay_ms=delay_ms))

    def clear(self) -> None:
        """Forget the route faults that still wait."""
        self._pending.clear()

    def apply(self, fault: FaultBody) -> int:
        """Do what a request body says; returns how many sockets it met (0 for route faults)."""
        if fault.fault == "drop_sockets":
            return self.drop_sockets(fault.user_id)
        if fault.fault == "reconnect":
            return self.reconnect(fault.user_id)
        if fault.fault == "invalid_session":
            return self.invalid_session(fault.user_id, resumable=fault.resumable)
        if fault.fault == "clear":
            self.clear()
            return 0
        try:
            pattern = re.compile(fault.route)
        except re.error as error:
            raise invalid_field("route", "BASE_TYPE_BAD_VALUE", f"Not a regular expression: {error}.") from None
        self._pending.append(_Pending(pattern, fault.count, fault))
        return 0

    async def meet(self, method: str, path: str) -> None:
        """Called before each request: waits or raises ApiError as the pending faults say."""
        for pending in list(self._pending):
            if not pending.pattern.search(f"{method} {path}"):
                continue
            pending.left -= 1
            if pending.left <= 0:
                self._pending.remove(pending)
            fault = pending.fault
            if fault.fault == "delay":
                await asyncio.sleep(fault.delay_ms / 1000)
            elif fault.fault == "rate_limit":
                raise limited(fault.retry_after, is_global=fault.is_global)
            else:
                raise ApiError(fault.status, 0, f"{fault.status}: a fault that was asked for")

    def _chosen(self, user_id: str | None) -> list[Connection]:
        return [
            connection
            for connection in self._connections()
            if user_id is None or (connection.session is not None and connection.session.user_id == user_id)
        ]
