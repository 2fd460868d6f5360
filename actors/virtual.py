"""Virtual actors on Ray: the host processes, and the client that finds the right one.

N host processes hold all actors. An identity `(kind, key)` belongs to the host that rendezvous hashing gives it, so
every process finds it without asking anyone, and one more host moves only its share. Ray restarts a host that died;
meanwhile calls to it wait and are made again until their deadline. A call may therefore run twice: exposed methods are
idempotent. Should two processes ever hold the same identity, the document's revision lets only one of them write.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import ray
from ray.exceptions import ObjectLostError, RayActorError, RayTaskError, WorkerCrashedError

from actors.host import ActorFactory, HostStats, VirtualHost
from core.documents import DatabaseHandle, OwnedDocument, connect
from core.errors import DatabaseUnavailable, DeadlineExceeded, StaleRevision, TroupeError, Unavailable

NAMESPACE = "troupe"
_HOST_LOST = (RayActorError, ObjectLostError, WorkerCrashedError)


class Calls(Protocol):
    """How a virtual actor is asked for one result, wherever it lives."""

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        """Result of a method. Raises what the method raises, DeadlineExceeded or Unavailable."""
        ...


class Actors(Calls, Protocol):
    """How every room reaches a virtual actor."""

    def stream(
        self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None
    ) -> AsyncGenerator[Any, None]:
        """What a streaming method yields. It starts over where its host died, so what came before may come again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """What a host process is made of. It is pickled to the host.

    `build` runs once in the host process and returns the kinds with their handles; `documents` are theirs.
    """

    database_uri: str = field(repr=False)  # may hold a password
    database: str
    documents: tuple[type[OwnedDocument], ...]
    build: Callable[[], Mapping[str, ActorFactory]]
    idle_s: float = 300.0
    max_resident: int = 10_000
    database_patience_s: float = 5.0


class HostActor:
    """The Ray shell around a VirtualHost: one process, all calls on one event loop."""

    def __init__(self, spec: HostSpec) -> None:
        self._spec = spec
        self._opening = asyncio.Lock()
        self._host: VirtualHost | None = None
        self._database: DatabaseHandle | None = None

    async def call(self, kind: str, key: str, method: str, args: Sequence[Any]) -> Any:
        """See VirtualHost.call."""
        host = self._host or await self._open()
        return await host.call(kind, key, method, args)

    async def stream(self, kind: str, key: str, method: str, args: Sequence[Any]) -> AsyncGenerator[Any, None]:
        """See VirtualHost.stream."""
        host = self._host or await self._open()
        async with aclosing(host.stream(kind, key, method, args)) as items:
            async for item in items:
                yield item

    async def stats(self) -> HostStats:
        """See VirtualHost.stats; opens the host, so that an answer means it is ready."""
        return (self._host or await self._open()).stats()

    async def _open(self) -> VirtualHost:
        # Not in the constructor: a database that is away must delay calls, not make Ray restart the process.
        async with self._opening:
            if self._host is None:
                spec = self._spec
                self._database = await connect(
                    spec.database_uri, spec.database, spec.documents, patience_s=spec.database_patience_s
                )
                self._host = VirtualHost(spec.build(), idle_s=spec.idle_s, max_resident=spec.max_resident)
            return self._host


class VirtualActors:
    """The client. Cheap to make and to pickle; give it by constructor to whoever calls actors.

    `hosts` is the number of host processes and must be the same everywhere; `timeout_s` is how long a call, or a pause
    in a stream, may take when the caller names no other time.
    """

    def __init__(self, hosts: int, *, namespace: str = NAMESPACE, timeout_s: float = 60.0) -> None:
        self.hosts = hosts
        self.namespace = namespace
        self.timeout_s = timeout_s
        self._handles: dict[int, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.hosts, self.namespace, self.timeout_s))

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        """Result of a method of the actor `(kind, key)`.

        Waits for a host that is being restarted. Raises what the method raises, DeadlineExceeded where the actor does
        not answer within `timeout_s` seconds, Unavailable where its host does not come back within them.
        """
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        index = place(kind, key, self.hosts)
        for pause in _pauses():
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    host = await self._handle(index)
                    return await host.call.remote(kind, key, method, args)
            except TimeoutError:
                raise DeadlineExceeded(f"{kind} {key} did not answer {method} in time.") from None
            except Exception as error:
                await self._recover(error, index, deadline, pause)
        raise AssertionError("unreachable: pauses never end")

    async def stream(
        self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None
    ) -> AsyncGenerator[Any, None]:
        """What a streaming method of the actor `(kind, key)` yields.

        Where the host dies on the way the method is called again, and its items come from the beginning. `timeout_s`
        bounds each pause between items, restarts included. Raises as `call` does.
        """
        limit = timeout_s or self.timeout_s
        deadline = time.monotonic() + limit
        index = place(kind, key, self.hosts)
        for pause in _pauses():
            items: Any = None
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    host = await self._handle(index)
                items = host.stream.options(num_returns="streaming").remote(kind, key, method, args)
                while True:
                    async with asyncio.timeout(deadline - time.monotonic()):
                        item = await (await anext(items))
                    yield item
                    deadline = time.monotonic() + limit
            except StopAsyncIteration:
                items = None
                return
            except TimeoutError:
                raise DeadlineExceeded(f"{kind} {key} did not go on with {method} in time.") from None
            except Exception as error:
                items = None
                await self._recover(error, index, deadline, pause)
            finally:
                if items is not None:  # the caller stopped listening
                    ray.cancel(items)

    async def stats(self, timeout_s: float = 30.0) -> list[HostStats]:
        """One entry per host, by index. Raises as `call` does; returning means that all hosts are ready."""
        return list(await asyncio.gather(*(self._host_stats(index, timeout_s) for index in range(self.hosts))))

    async def _host_stats(self, index: int, timeout_s: float) -> HostStats:
        deadline = time.monotonic() + timeout_s
        for pause in _pauses():
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    host = await self._handle(index)
                    stats: HostStats = await host.stats.remote()
                    return stats
            except TimeoutError:
                raise DeadlineExceeded(f"Actor host {index} did not answer in time.") from None
            except Exception as error:
                await self._recover(error, index, deadline, pause)
        raise AssertionError("unreachable: pauses never end")

    def stop(self) -> None:
        """Ends all host processes for good. Everything acknowledged is in the database."""
        for index in range(self.hosts):
            with suppress(ValueError):
                ray.kill(ray.get_actor(host_name(index), self.namespace), no_restart=True)

    async def _handle(self, index: int) -> Any:
        if index not in self._handles:
            # Asks the cluster's control store, which blocks.
            self._handles[index] = await asyncio.to_thread(ray.get_actor, host_name(index), self.namespace)
        return self._handles[index]

    async def _recover(self, error: Exception, index: int, deadline: float, pause: float) -> None:
        """Waits `pause` where another attempt may help, else raises what the caller should see."""
        if isinstance(error, RayTaskError) and isinstance(error.cause, TroupeError):
            error = error.cause
        if isinstance(error, RayActorError) and error.actor_init_failed:
            raise Unavailable(f"Actor host {index} cannot start: {error}", component="actors") from None
        no_such_host = isinstance(error, ValueError) and index not in self._handles
        lost = no_such_host or isinstance(error, _HOST_LOST)
        if not (lost or isinstance(error, (StaleRevision, DatabaseUnavailable))):
            raise error from None
        if time.monotonic() + pause >= deadline:
            if not lost:
                raise error from None
            raise Unavailable(
                f"Actor host {index} is not running and did not come back in time.", component="actors"
            ) from error
        if lost:
            self._handles.pop(index, None)
        await asyncio.sleep(pause)


class LocalVirtualActors:
    """The same, over a host in this process: for tools and tests that need no cluster."""

    def __init__(self, host: VirtualHost, *, timeout_s: float = 60.0) -> None:
        self._host = host
        self._timeout_s = timeout_s

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        """See VirtualActors.call."""
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await self._host.call(kind, key, method, args)
        except TimeoutError:
            raise DeadlineExceeded(f"{kind} {key} did not answer {method} in time.") from None

    async def stream(
        self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None
    ) -> AsyncGenerator[Any, None]:
        """See VirtualActors.stream."""
        items = self._host.stream(kind, key, method, args)
        try:
            while True:
                async with asyncio.timeout(timeout_s or self._timeout_s):
                    item = await anext(items)
                yield item
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise DeadlineExceeded(f"{kind} {key} did not go on with {method} in time.") from None
        finally:
            await items.aclose()


def start_hosts(count: int, spec: HostSpec, *, namespace: str = NAMESPACE) -> VirtualActors:
    """Starts `count` host processes, spread over the nodes, and returns their client. Hosts already there are kept.

    They are detached: they live until `VirtualActors.stop` or the end of the cluster. Does not wait for them.
    """
    host = ray.remote(
        max_restarts=-1,
        max_task_retries=0,  # VirtualActors calls again itself, within the caller's deadline
        num_cpus=0,
    )(HostActor)
    client = VirtualActors(count, namespace=namespace)
    for index in range(count):
        client._handles[index] = host.options(
            name=host_name(index),
            namespace=namespace,
            lifetime="detached",
            get_if_exists=True,
            max_concurrency=10_000,
            scheduling_strategy="SPREAD",
        ).remote(spec)
    return client


def host_name(index: int) -> str:
    """The name under which Ray knows a host process."""
    return f"troupe-host-{index}"


@lru_cache(maxsize=65_536)
def place(kind: str, key: str, hosts: int) -> int:
    """The index of the host that an identity belongs to: the highest of one stable hash per host."""
    identity = f"{kind}/{key}".encode()
    return max(range(hosts), key=lambda index: hashlib.blake2b(identity, digest_size=8, salt=b"%d" % index).digest())


def _pauses() -> Iterator[float]:
    """Seconds between attempts: growing to one second, jittered so that callers of a lost host do not come as one."""
    pause = 0.05
    while True:
        yield pause * random.uniform(0.5, 1.5)
        pause = min(pause * 2, 1.0)


def _rebuild(hosts: int, namespace: str, timeout_s: float) -> VirtualActors:
    return VirtualActors(hosts, namespace=namespace, timeout_s=timeout_s)
