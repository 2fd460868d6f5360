"""Server-sent events over generators whose first item may be long in coming, as from a model that loads first."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi.responses import StreamingResponse

from core.errors import TroupeError
from serve_apps import http_errors
from serve_apps.results import EVENTS

PROGRESS_S = 2.0  # who waits longer is told that something goes on, and again after as long
HEADERS = {"Cache-Control": "no-cache"}
T = TypeVar("T")


async def opened(items: AsyncGenerator[T, None]) -> asyncio.Task[T]:
    """The first item, to be had or still under way. Raises what raised within PROGRESS_S seconds, so that an early
    error gets its own HTTP status."""
    first = asyncio.ensure_future(anext(items))
    try:
        await asyncio.wait({first}, timeout=PROGRESS_S)
        if first.done():
            first.result()
    except BaseException:
        first.cancel()
        raise
    return first


async def notices(first: asyncio.Task[T], notice: Callable[[int], Awaitable[str]]) -> AsyncGenerator[str, None]:
    """`notice` of the seconds waited so far, every PROGRESS_S seconds until the first item is there. Closed before, it
    takes the item back."""
    begun = time.monotonic() - PROGRESS_S
    try:
        while not first.done():
            yield await notice(round(time.monotonic() - begun))
            await asyncio.wait({first}, timeout=PROGRESS_S)
    finally:
        if not first.done():
            first.cancel()
            await asyncio.wait({first})


async def events(
    items: AsyncGenerator[dict[str, Any], None], waiting_for: Callable[[], Awaitable[list[str]]]
) -> StreamingResponse:
    """Items as events, `[DONE]` at the end. While nothing comes there are events `progress` that tell the seconds and
    which components it waits for; an error after the beginning is an event `error`."""
    first = await opened(items)

    async def notice(seconds: int) -> str:
        return f"event: progress\n{_event({'waiting_s': seconds, 'waiting_for': await waiting_for()})}"

    async def lines() -> AsyncIterator[str]:
        async with aclosing(items):
            try:
                async with aclosing(notices(first, notice)) as waiting:
                    async for line in waiting:
                        yield line
                yield _event(await first)
                async for item in items:
                    yield _event(item)
            except TroupeError as error:
                body = json.loads(bytes(http_errors.troupe_error(error).body))
                yield f"event: error\n{_event(body)}"
                return
            yield "data: [DONE]\n\n"

    return StreamingResponse(lines(), media_type=EVENTS, headers=HEADERS)


def _event(item: dict[str, Any]) -> str:
    return f"data: {json.dumps(item, ensure_ascii=False)}\n\n"
