"""Keys of the HTTP API: with API_KEYS set, who has none of them learns only that the process lives."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serve_apps.http_errors import error_body

# What watches over processes asks without a key, and Discord fetches the faces of webhooks.
_OPEN = ("/livez", "/readyz")


class ApiKeys:
    """Refuses requests without `Authorization: Bearer` and one of the keys, with status 401."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app, self._keys = app, [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]) or self._knows(scope):
            await self._app(scope, receive, send)
            return
        body = error_body("unauthorized", "Send the header `Authorization: Bearer …` with one of API_KEYS.")
        await JSONResponse(body, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        headers = {name.lower(): value for name, value in scope["headers"]}
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        # All keys are compared, each in constant time, so that the time taken tells nothing.
        matches = [hmac.compare_digest(given.strip(), key) for key in self._keys]
        return kind.lower() == b"bearer" and any(matches)


def _is_open(path: str) -> bool:
    return path in _OPEN or (path.startswith("/personas/") and path.endswith("/avatar.png"))
