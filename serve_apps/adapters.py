"""The LoRA adapters that the language model is to have, kept as documents, so that a new replica has them again."""

from __future__ import annotations

import asyncio
import re

from core.documents import DatabaseHandle, OwnedDocument, connect, reachable
from core.errors import RequestError
from serve_apps.results import Adapter

PATIENCE_S = 5.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class AdapterDocument(OwnedDocument):
    """An adapter by its name."""

    path: str = ""
    personas: tuple[str, ...] = ()

    class Settings:
        """Beanie's own: the collection."""

        name = "adapters"


class AdapterRegistry:
    """Reads and writes the documents; connects on first use, so that it may be pickled before. Methods raise
    DatabaseUnavailable."""

    def __init__(self, uri: str, database: str) -> None:
        self._uri, self._name = uri, database
        self._database: DatabaseHandle | None = None
        self._connecting = asyncio.Lock()

    def __reduce__(self) -> tuple[type[AdapterRegistry], tuple[str, str]]:
        return (AdapterRegistry, (self._uri, self._name))

    async def all(self) -> tuple[Adapter, ...]:
        """Every adapter, by name."""
        collection = (await self._open()).collection(AdapterDocument)
        async with reachable():
            found = [one async for one in collection.find().sort("_id")]
        return tuple(_adapter(AdapterDocument.model_validate(one)) for one in found)

    async def put(self, adapter: Adapter) -> None:
        """Keep an adapter, in place of an older one of that name. A persona belongs to the last that claimed it."""
        for other in await self.all():
            if other.name != adapter.name and set(other.personas) & set(adapter.personas):
                rest = tuple(persona for persona in other.personas if persona not in adapter.personas)
                await self._write(other.name, other.path, rest)
        await self._write(adapter.name, adapter.path, adapter.personas)

    async def remove(self, name: str) -> None:
        """Forget an adapter; one that is not there is no error."""
        collection = (await self._open()).collection(AdapterDocument)
        async with reachable():
            await collection.delete_one({"_id": name})

    async def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _write(self, name: str, path: str, personas: tuple[str, ...]) -> None:
        await self._open()
        document = await AdapterDocument.load(name, patience_s=PATIENCE_S)
        document.path, document.personas = path, personas
        await document.replace_owned(patience_s=PATIENCE_S)

    async def _open(self) -> DatabaseHandle:
        async with self._connecting:
            if self._database is None:
                self._database = await connect(self._uri, self._name, [AdapterDocument], patience_s=PATIENCE_S)
            return self._database


def check_name(name: str, model: str) -> None:
    """Raises RequestError (`name`) for a name that no adapter may have."""
    if not _NAME.fullmatch(name):
        raise RequestError(
            "A name of an adapter has up to 64 small letters, digits, dots, dashes and underscores.", field="name"
        )
    if name == model.lower():
        raise RequestError(f"{name!r} is the name of the model itself.", field="name")


def _adapter(document: AdapterDocument) -> Adapter:
    return Adapter(name=document.id, path=document.path, personas=document.personas)
