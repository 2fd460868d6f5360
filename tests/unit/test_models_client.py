"""What the bot is told of the models."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from core.errors import RequestError, Unavailable
from serve_apps import models_client
from serve_apps.adapters import AdapterRegistry
from serve_apps.models_client import ModelsClient
from serve_apps.results import Adapter


async def test_states_come_without_waking_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_client, "app_states", lambda names: dict.fromkeys(names, ("idle", "loads")))
    states = await ModelsClient("base", AdapterRegistry("mongodb://127.0.0.1", "none")).states()
    assert states["llm"] == states["vlm"] == ("idle", "loads")


async def test_a_serve_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(names: object) -> None:
        raise ConnectionError("no head")

    monkeypatch.setattr(models_client, "app_states", away)
    with pytest.raises(Unavailable):
        await ModelsClient("base", AdapterRegistry("mongodb://127.0.0.1", "none")).states()


async def test_adapters_are_those_of_the_registry_also_after_a_journey(database_uri: str, database_name: str) -> None:
    registry = AdapterRegistry(database_uri, database_name)
    await registry.put(Adapter(name="lanterns", path="/a", personas=("elio",)))
    client = pickle.loads(pickle.dumps(ModelsClient("base", registry)))  # noqa: S301
    assert [(one.name, one.personas) for one in await client.adapters()] == [("lanterns", ("elio",))]
    await client.close()
    await registry.close()


class Handle:
    """The language model's, of which only one method is used."""

    def __init__(self) -> None:
        self.add_adapter = self
        self.added: list[Adapter] = []

    def remote(self, adapter: Adapter) -> asyncio.Future[None]:
        """See DeploymentHandle."""
        self.added.append(adapter)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


async def test_who_speaks_with_an_adapter_is_changed_where_it_is_loaded(database_uri: str, database_name: str) -> None:
    registry, handle = AdapterRegistry(database_uri, database_name), Handle()
    await registry.put(Adapter(name="lanterns", path="/a", personas=("elio",)))
    client = ModelsClient("base", registry, handle)
    await client.assign("lanterns", ["elio", "olga"])
    assert handle.added == [Adapter(name="lanterns", path="/a", personas=("elio", "olga"))]
    with pytest.raises(RequestError):
        await client.assign("percival", ["olga"])
    await registry.close()
