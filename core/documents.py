"""Documents that have one owner: loaded by key, replaced whole, guarded by a revision.

A document is written as `replace where _id = key and rev = n` with rev n+1, and as an insert while it is new. So two
processes that both believe to own one can never both write: the second finds no such revision and gets
`StaleRevision`. Whatever is queried (`open_turns`, `seen_ms`, …) is a plain number or string at the top level; times
are integers of epoch milliseconds. No other feature of the server is used, which keeps the embedded database a true
stand-in for a MongoDB server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import bson
from beanie import Document, init_beanie
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WaitQueueTimeoutError,
)

from core.errors import ConfigError, DatabaseUnavailable, StaleRevision

_UNREACHABLE = (AutoReconnect, ConnectionFailure, NetworkTimeout, ExecutionTimeout, WaitQueueTimeoutError)
_RETRY_S = 0.1


class OwnedDocument(Document):  # type: ignore[misc]
    """Base of every document. `rev` counts the writes: 0 is one that was never saved.

    Subclasses give every field a default, so that a key nobody has written yet loads as an empty document.
    """

    id: str
    rev: int = 0

    @property
    def void(self) -> bool:
        """Whether nothing is in it: then saving it deletes what is stored, so that not even its key stays. Of kinds
        that hold more than what people may have forgotten, none ever is."""
        return False

    @classmethod
    async def load(cls, key: str, *, patience_s: float = 0.0) -> Self:
        """The document of `key`, or a fresh one (rev 0, not yet saved).

        Waits up to `patience_s` seconds for a database that is away, then raises DatabaseUnavailable.
        """
        deadline = time.monotonic() + patience_s
        while True:
            try:
                async with reachable():
                    found = await cls.get_pymongo_collection().find_one({"_id": key})
                return cls(id=key) if found is None else cls.model_validate(found)
            except DatabaseUnavailable as error:
                await _pause(deadline, error)

    def encoded(self) -> bytes:
        """The document as stored, without its revision; equal bytes mean equal content."""
        return bytes(bson.encode(self.model_dump(by_alias=True, exclude={"rev", "revision_id"})))

    @classmethod
    def decoded(cls, content: bytes, rev: int) -> Self:
        """The document that `encoded` gave, as of `rev`."""
        document: Self = cls.model_validate({**bson.decode(content), "rev": rev})
        return document

    async def replace_owned(self, *, content: bytes | None = None, patience_s: float = 0.0) -> None:
        """Writes the whole document durably and counts `rev` up. `content` is what `encoded` gives, where it is known.

        Raises StaleRevision where another owner wrote first (nothing is written then), DatabaseUnavailable where the
        database stays away for `patience_s` seconds. After DatabaseUnavailable the write may or may not have
        happened: load the document again before relying on it.
        """
        deadline = time.monotonic() + patience_s
        content = content or self.encoded()
        rev = self._next_rev()
        while True:
            try:
                async with reachable():
                    await self._write(content, rev)
                self.rev = rev
                return
            except DatabaseUnavailable as error:
                # The write may have reached the disk although its acknowledgement did not reach us.
                await _pause(deadline, error)
                stored = await self.load(self.id, patience_s=deadline - time.monotonic())
                if stored.rev == rev and (self.void or stored.encoded() == content):
                    self.rev = stored.rev
                    return

    def _next_rev(self) -> int:
        if self.void:
            return 0
        if self.rev == 0 and type(self).void is not OwnedDocument.void:
            # One that was deleted must not come back under a revision that a former owner may still hold.
            return time.time_ns() // 1_000_000
        return self.rev + 1

    async def _write(self, content: bytes, rev: int) -> None:
        collection = self.get_pymongo_collection()
        if rev == 0:
            if self.rev and (await collection.delete_one({"_id": self.id, "rev": self.rev})).deleted_count != 1:
                raise StaleRevision(f"{type(self).__name__} {self.id} is no longer at revision {self.rev}.")
            return
        body = RawBSONDocument(_with_rev(content, rev))
        if self.rev == 0:
            try:
                await collection.insert_one(body)
            except DuplicateKeyError:
                raise StaleRevision(f"{type(self).__name__} {self.id} was created by another owner.") from None
            return
        result = await collection.replace_one({"_id": self.id, "rev": self.rev}, body)
        if result.matched_count != 1:
            raise StaleRevision(f"{type(self).__name__} {self.id} is no longer at revision {self.rev}.")


@dataclass(frozen=True, slots=True)
class DatabaseHandle:
    """An open connection of this process; the document classes it was opened with are bound to it."""

    client: AsyncMongoClient[dict[str, Any]]
    database: AsyncDatabase[dict[str, Any]]

    def collection(self, document: type[OwnedDocument]) -> AsyncCollection[dict[str, Any]]:
        """The collection of a document class, for queries; documents are written by their owners only."""
        return self.database[document.get_collection_name()]

    async def ping(self) -> None:
        """Raises DatabaseUnavailable unless the database answers."""
        async with reachable():
            await self.client.admin.command("ping")

    async def close(self) -> None:
        """Closes the connection."""
        await self.client.close()


async def connect(
    uri: str, database: str, documents: Sequence[type[OwnedDocument]], *, patience_s: float = 0.0
) -> DatabaseHandle:
    """Connects this process and its running event loop, and binds `documents` to the database.

    Raises ConfigError where `uri` is not a MongoDB URI, DatabaseUnavailable where nothing answers for `patience_s`.
    """
    try:
        # A retried write would need the server's session support, which the stand-in lacks; `replace_owned` settles
        # an unknown outcome itself.
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri,
            serverSelectionTimeoutMS=1000,
            connectTimeoutMS=1000,
            socketTimeoutMS=5000,
            retryWrites=False,
            retryReads=False,
        )
    except PyMongoError as error:
        raise ConfigError(f"{error}.", field="MONGODB_URI", fix="Use mongodb://host:port/?w=1&journal=true.") from None
    deadline = time.monotonic() + patience_s
    while True:
        try:
            async with reachable():
                await init_beanie(database=client[database], document_models=list(documents), skip_indexes=True)
            return DatabaseHandle(client, client[database])
        except DatabaseUnavailable as error:
            try:
                await _pause(deadline, error)
            except DatabaseUnavailable:
                await client.close()
                raise


@asynccontextmanager
async def reachable() -> AsyncIterator[None]:
    """Turns the driver's connection errors into DatabaseUnavailable; every other error passes."""
    try:
        yield
    except _UNREACHABLE as error:
        raise DatabaseUnavailable(f"The database does not answer: {error}", component="database") from None


async def ids_where(
    database: DatabaseHandle, document: type[OwnedDocument], where: Mapping[str, Any], *, newest_by: str | None = None
) -> list[str]:
    """Keys of the documents of a kind that a query on plain fields finds; with `newest_by` the highest of that field
    first. Raises DatabaseUnavailable."""
    async with reachable():
        found = database.collection(document).find(where, projection={"_id": 1})
        return [one["_id"] async for one in (found.sort(newest_by, -1) if newest_by else found)]


def _with_rev(content: bytes, rev: int) -> bytes:
    """The encoded document with its revision behind its other fields. BSON is the length of the whole in four bytes,
    the fields, and a zero."""
    fields = content[4:-1] + bson.encode({"rev": rev})[4:]
    return (len(fields) + 4).to_bytes(4, "little") + fields


async def _pause(deadline: float, error: DatabaseUnavailable) -> None:
    """Waits before the next attempt, or raises `error` where the time is over."""
    if time.monotonic() + _RETRY_S >= deadline:
        raise error
    await asyncio.sleep(_RETRY_S)
