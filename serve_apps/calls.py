"""Calls over Serve handles, with Ray's failures told as Troupe's errors.

A replica's own error arrives wrapped, a dead replica as an actor error, a full queue as back pressure; callers of this
module see only the tree of `core.errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import grpc
from ray.exceptions import RayError, RayTaskError, TaskCancelledError
from ray.serve.exceptions import BackPressureError, RayServeException

from core.clock import remaining_s, until
from core.errors import DeadlineExceeded, ModelUnavailable, Overloaded, TroupeError, Unavailable
from serve_apps import names

RETRY_AFTER_S = 1.0
MODELS = frozenset({names.LLM, names.EMBEDDINGS, names.VLM, names.SUMMARIES})


def translate(error: BaseException, component: str) -> TroupeError | None:
    """The Troupe error that `error` from a call to `component` means, or None where it is none of Ray's."""
    if isinstance(error, RayTaskError):
        cause = error.cause
        if isinstance(cause, BaseException) and cause is not error:
            return translate(cause, component) or _unavailable(f"{component} failed: {cause}", component)
    if isinstance(error, TroupeError):
        return error
    if isinstance(error, BackPressureError):
        return Overloaded(f"Too many requests wait for {component}.", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, RayError | RayServeException | ConnectionError | grpc.RpcError):
        return _unavailable(f"{component} does not answer ({type(error).__name__}).", component)
    return None


async def call(method: Any, *args: Any, component: str, deadline_ms: int | None = None) -> Any:
    """The result of one call to a handle's method. Raises TroupeError; past the deadline the call is cancelled."""
    response = method.remote(*args)
    try:
        async with asyncio.timeout(remaining_s(deadline_ms)):
            return await response
    except TimeoutError:
        response.cancel()
        raise DeadlineExceeded(f"The deadline was over before {component} answered.") from None
    except asyncio.CancelledError:
        response.cancel()
        raise
    except Exception as error:
        _raise(error, component)


async def stream(method: Any, *args: Any, component: str, deadline_ms: int | None = None) -> AsyncGenerator[Any, None]:
    """The items of one streaming call. Raises TroupeError; closing the iterator cancels the call in the replica."""
    response = method.options(stream=True).remote(*args)
    ended = False
    try:
        async with aclosing(until(deadline_ms, aiter(response), component)) as items:
            async for item in items:
                yield item
        ended = True
    except TroupeError:
        raise
    except Exception as error:
        _raise(error, component)
    finally:
        if not ended:  # to cancel what is over costs a message, and the replica a traceback for each call it made
            with suppress(Exception):  # it may be lost already
                response.cancel()


def _raise(error: Exception, component: str) -> None:
    known = translate(error, component)
    if known is None:
        raise error
    if isinstance(error, TaskCancelledError):
        raise asyncio.CancelledError from error
    raise known from error


def _unavailable(message: str, component: str) -> Unavailable:
    kind = ModelUnavailable if component in MODELS else Unavailable
    return kind(message, component=component)
