"""Rate limits: a bucket per caller, route and its main resource, told in `X-RateLimit-*` headers.

`realistic` has limits of the size that Discord's are measured to have; `generous` lets load tests through and still
exercises a client's bucket handling; `off` says and enforces nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha1
from typing import Literal

from local_discord.errors import ApiError

Profile = Literal["realistic", "generous", "off"]

# (method, end of the route's path): (requests, seconds)
_REALISTIC: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("PUT", "/reactions/{emoji}/@me"): (1, 0.25),
    ("POST", "/channels/{channel_id}/typing"): (5, 5.0),
    ("POST", "/webhooks/{webhook_id}/{token}"): (5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}"): (5, 2.0),
    ("POST", "/users/@me/channels"): (10, 60.0),
}
_REALISTIC_DEFAULT = (30, 10.0)
_GENEROUS = (200, 1.0)
_GLOBAL_PER_SECOND = 50
CHANNEL_WRITES, SLOW_MODE = 20028, 20016
_MAX_BUCKETS = 50_000


@dataclass
class _Bucket:
    resets_at: float
    remaining: int


class RateLimits:
    """Counts requests in fixed windows."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._buckets: dict[str, _Bucket] = {}
        self._seconds: dict[str, tuple[int, int]] = {}

    def take(self, caller: str, method: str, route: str, resource: str) -> dict[str, str]:
        """Count one request; returns the headers of its answer. Raises ApiError 429 where the bucket is empty."""
        if self._profile == "off":
            return {}
        now = time.time()
        if self._profile == "realistic":
            self._take_global(caller, now)
        limit, window = self._limit(method, route)
        key = f"{caller} {method} {route} {resource}"
        bucket = self._buckets.get(key)
        if bucket is None or bucket.resets_at <= now:
            if len(self._buckets) >= _MAX_BUCKETS:
                self._buckets = {k: b for k, b in self._buckets.items() if b.resets_at > now}
            bucket = self._buckets[key] = _Bucket(now + window, limit)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(bucket.remaining - 1, 0)),
            "X-RateLimit-Reset": f"{bucket.resets_at:.3f}",
            "X-RateLimit-Reset-After": f"{bucket.resets_at - now:.3f}",
            "X-RateLimit-Bucket": sha1(f"{method} {route}".encode(), usedforsecurity=False).hexdigest()[:32],
        }
        if bucket.remaining <= 0:
            writes = method != "GET" and route.startswith("/channels/{channel_id}/messages")
            raise limited(bucket.resets_at - now, headers=headers, code=CHANNEL_WRITES if writes else 0)
        bucket.remaining -= 1
        return headers

    def _limit(self, method: str, route: str) -> tuple[int, float]:
        if self._profile == "generous":
            return _GENEROUS
        found = (limit for (m, end), limit in _REALISTIC.items() if m == method and route.endswith(end))
        return next(found, _REALISTIC_DEFAULT)

    def _take_global(self, caller: str, now: float) -> None:
        second, count = self._seconds.get(caller, (0, 0))
        count = count + 1 if second == int(now) else 1
        self._seconds[caller] = (int(now), count)
        if count > _GLOBAL_PER_SECOND:
            raise limited(int(now) + 1 - now, is_global=True)


def limited(
    retry_after: float, *, is_global: bool = False, headers: dict[str, str] | None = None, code: int = 0
) -> ApiError:
    """A 429 as Discord's edge sends it: clients only believe it with a `Via` header."""
    after = max(round(retry_after, 3), 0.001)
    scope = (
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if is_global else {"X-RateLimit-Scope": "user"}
    )
    return ApiError(
        429,
        code,
        "You are being rate limited.",
        headers={**(headers or {}), **scope, "Via": "1.1 local-discord", "Retry-After": str(after)},
        extra={"retry_after": after, "global": is_global},
    )
