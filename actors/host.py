"""Virtual actors in plain Python: small stateful objects with an identity, many to a process, without Ray.

A virtual actor exists as long as its document does. The host creates the object on the first call to its identity
`(kind, key)` and forgets it when it has been idle; nobody ever creates or deletes one. Three rules hold:

- **One at a time.** State is read and changed only in an exclusive section, of which an identity has one at a time.
- **Durable before acknowledged.** A section that changed the document saves it before the caller hears the result.
  Where that fails, memory is thrown away and loaded again: it never runs ahead of the disk.
- **Nothing depends on a goodbye.** A process may be killed at any moment, so handlers are idempotent and there is no
  deactivation hook.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from core.documents import OwnedDocument
from core.errors import Overloaded, RequestError

log = logging.getLogger(__name__)

DocumentT = TypeVar("DocumentT", bound=OwnedDocument)
MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def exposed(method: MethodT) -> MethodT:
    """Makes a method callable from outside; every other one is not.

    A coroutine method runs wholly in the exclusive section. An async generator method streams, and takes
    `self.exclusive()` itself around the places that touch state, never around a `yield`.
    """
    method.__exposed__ = True  # type: ignore[attr-defined]
    return method


@dataclass(slots=True)
class Section:
    """What a running exclusive section may say about itself.

    With `durable = False` a change need not be on disk before the result goes out; it is saved with the next durable
    change, at the latest after `VirtualActor.lazy_save_s`. A crash in between loses it.
    """

    durable: bool = True


class VirtualActor(Generic[DocumentT]):
    """Base of every kind of virtual actor: a key, a document, and the exclusive section around it."""

    lazy_save_s: float = 1.0
    database_patience_s: float = 5.0

    def __init__(self, key: str, document: type[DocumentT]) -> None:
        self.key = key
        self._document_type = document
        self._document: DocumentT | None = None
        self._content = b""  # of the document after the last completed section
        self._unsaved = False
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def document(self) -> DocumentT:
        """The state. Only inside an exclusive section; elsewhere a RuntimeError."""
        if self._document is None or self._holder is not asyncio.current_task():
            raise RuntimeError(f"The document of {self} was touched outside its exclusive section.")
        return self._document

    @property
    def busy(self) -> bool:
        """Whether it has work of its own under way, so that the host must not forget it."""
        return bool(self._tasks) or self._lock.locked()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Section]:
        """The section in which the document may be read and changed.

        Loads the document where needed and saves it on leaving where it changed. An exception in the section undoes
        its changes. Raises RuntimeError when entered twice by one task, DatabaseUnavailable, StaleRevision.
        """
        task = asyncio.current_task()
        if self._holder is not None and self._holder is task:
            raise RuntimeError(f"{self} entered its exclusive section inside itself, which would wait for ever.")
        async with self._lock:
            self._holder = task
            try:
                if self._document is None:
                    self._document = await self._document_type.load(self.key, patience_s=self.database_patience_s)
                    self._content = self._document.encoded()
                section = Section()
                try:
                    yield section
                except BaseException:
                    self._document = self._document_type.decoded(self._content, self._document.rev)
                    raise
                await self._settle(self._document, section)
            finally:
                self._holder = None

    async def _settle(self, document: DocumentT, section: Section) -> None:
        content = document.encoded()
        if content == self._content:
            return
        self._content = content
        if section.durable:
            await self._save(document, content)
        elif not self._unsaved:
            self._unsaved = True
            self.background(self._save_later())

    async def _save(self, document: DocumentT, content: bytes) -> None:
        try:
            await document.replace_owned(content=content, patience_s=self.database_patience_s)
        except BaseException:  # a cancelled save leaves its outcome as unknown as a broken connection does
            self._document = None
            raise
        finally:
            self._unsaved = False

    async def _save_later(self) -> None:
        await asyncio.sleep(self.lazy_save_s)
        async with self.exclusive():
            if self._unsaved and self._document is not None:
                await self._save(self._document, self._content)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs `work` beside the calls; the host keeps the actor until it ends. A failure is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("[ACTOR] background work of %s failed: %r", self, error)

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.key}"


ActorFactory = Callable[[str], VirtualActor[Any]]
"""Makes the actor of a key; holds the handles that actors of this kind need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStats:
    """A host at one moment. `calls` and `activations` count since its start."""

    pid: int
    resident: int
    by_kind: Mapping[str, int]
    calls: int
    activations: int


@dataclass(slots=True)
class _Resident:
    actor: VirtualActor[Any]
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)

    @property
    def idle(self) -> bool:
        return self.users == 0 and not self.actor.busy


class VirtualHost:
    """Holds the actors of one process. `kinds` maps a kind to its factory.

    An actor idle for `idle_s` seconds is forgotten; so is the least recently used idle one when more than
    `max_resident` would be held. Where all of them are busy, a new identity is refused with Overloaded.
    """

    def __init__(self, kinds: Mapping[str, ActorFactory], *, idle_s: float = 300.0, max_resident: int = 10_000) -> None:
        self._kinds = dict(kinds)
        self._idle_s = idle_s
        self._max_resident = max_resident
        self._residents: OrderedDict[tuple[str, str], _Resident] = OrderedDict()  # least recently used first
        self._sweeper: asyncio.Task[None] | None = None
        self._calls = 0
        self._activations = 0

    async def call(self, kind: str, key: str, method: str, args: Sequence[Any] = ()) -> Any:
        """Runs a coroutine method of an actor in its exclusive section and returns its result.

        Raises RequestError for a kind or method that is not exposed, and what the method raises.
        """
        with self._use(kind, key) as actor:
            function = _exposed_method(actor, kind, method, streams=False)
            async with actor.exclusive():
                return await function(*args)

    async def stream(self, kind: str, key: str, method: str, args: Sequence[Any] = ()) -> AsyncGenerator[Any, None]:
        """Yields what a streaming method of an actor yields. Raises as `call` does."""
        with self._use(kind, key) as actor:
            function = _exposed_method(actor, kind, method, streams=True)
            stream = function(*args)
            try:
                async for item in stream:
                    yield item
            finally:
                await stream.aclose()

    def stats(self) -> HostStats:
        """What is resident now."""
        return HostStats(
            pid=os.getpid(),
            resident=len(self._residents),
            by_kind=Counter(kind for kind, _ in self._residents),
            calls=self._calls,
            activations=self._activations,
        )

    @contextmanager
    def _use(self, kind: str, key: str) -> Any:
        resident = self._resident(kind, key)
        resident.users += 1
        self._calls += 1
        try:
            yield resident.actor
        finally:
            resident.users -= 1
            resident.used_at = time.monotonic()

    def _resident(self, kind: str, key: str) -> _Resident:
        identity = (kind, key)
        if resident := self._residents.get(identity):
            self._residents.move_to_end(identity)
            return resident
        if (factory := self._kinds.get(kind)) is None:
            raise RequestError(f"There is no actor kind {kind!r}; known are {sorted(self._kinds)}.", field="kind")
        if len(self._residents) >= self._max_resident and not self._forget_one():
            raise Overloaded(f"All {self._max_resident} actors of this host are busy.", retry_after_s=1.0)
        resident = self._residents[identity] = _Resident(factory(key))
        self._activations += 1
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep())
        return resident

    def _forget_one(self) -> bool:
        oldest = next((identity for identity, resident in self._residents.items() if resident.idle), None)
        if oldest is None:
            return False
        del self._residents[oldest]
        return True

    async def _sweep(self) -> None:
        while self._residents:
            await asyncio.sleep(self._idle_s / 4)
            horizon = time.monotonic() - self._idle_s
            for identity, resident in list(self._residents.items()):
                if resident.used_at <= horizon and resident.idle:
                    del self._residents[identity]


def _exposed_method(actor: VirtualActor[Any], kind: str, name: str, *, streams: bool) -> Callable[..., Any]:
    function = getattr(type(actor), name, None)
    if not getattr(function, "__exposed__", False):
        raise RequestError(f"Actors of kind {kind!r} expose no method {name!r}.", field="method")
    if inspect.isasyncgenfunction(function) is not streams:
        wanted = "call" if streams else "stream"
        raise RequestError(f"{kind}.{name} is for `{wanted}`.", field="method")
    return getattr(actor, name)  # type: ignore[no-any-return]
