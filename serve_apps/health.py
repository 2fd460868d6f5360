"""What is up, what sleeps and what is missing: every component by name, and what that means for chatting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["ready", "idle", "starting", "failed"]
Overall = Literal["ok", "degraded", "starting"]

PROBE_TIMEOUT_S = 2.0
KEEP_S = 1.0

# A probe returns a state with a few words, and raises or takes too long where its component does not answer.
Probe = Callable[[], Awaitable[tuple[State, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHealth:
    """One component. `idle` is healthy: it loads with the first request. `latency_ms` is the time its probe took."""

    state: State
    detail: str
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All components. `starting` until everything was up once, then `degraded` while something is not."""

    status: Overall
    components: Mapping[str, ComponentHealth]

    @property
    def chat_ready(self) -> bool:
        """True where a message would be answered by a model."""
        return not self.waiting_for

    @property
    def waiting_for(self) -> list[str]:
        """What is not there: neither ready nor there with the first request."""
        return [name for name, component in self.components.items() if component.state not in ("ready", "idle")]


class HealthBoard:
    """Asks all probes at once, and answers from the last round for a second, so that polling costs nothing."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = dict(probes)
        self._lock = asyncio.Lock()
        self._last: Health | None = None
        self._asked_at = 0.0
        self._was_ready = False

    async def health(self) -> Health:
        """The state of everything, at most a second old. Never raises."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._asked_at > KEEP_S:
                self._last = await self._ask()
                self._asked_at = time.monotonic()
            return self._last

    async def _ask(self) -> Health:
        found = await asyncio.gather(*(_look(probe) for probe in self._probes.values()))
        health = Health(status="ok", components=dict(zip(self._probes, found, strict=True)))
        self._was_ready = self._was_ready or health.chat_ready
        if health.chat_ready:
            return health
        return Health(status="degraded" if self._was_ready else "starting", components=health.components)


async def _look(probe: Probe) -> ComponentHealth:
    started = time.monotonic()
    state: State
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            state, detail = await probe()
    except TimeoutError:
        state, detail = "failed", f"no answer within {PROBE_TIMEOUT_S:g} s"
    except Exception as error:  # a health page must not fall ill itself
        state, detail = (
            "failed",
            f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200] if str(error) else ''}",
        )
    return ComponentHealth(state=state, detail=detail, latency_ms=round((time.monotonic() - started) * 1000, 1))
