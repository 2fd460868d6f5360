"""The deployments together in Serve's local testing mode: real handles, real wiring, no cluster, no model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray import serve

from core.clock import now_ms
from core.errors import RequestError
from core.messages import (
    Author,
    ChatMessage,
    Delta,
    GenerateChunk,
    GenerateRequest,
    IncomingMessage,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
)
from core.settings import Settings
from serve_apps.adapters import AdapterRegistry
from serve_apps.calls import call
from serve_apps.client import PersonaClient
from serve_apps.llm import Llm
from serve_apps.models_client import ModelsClient
from serve_apps.persona import PersonaApp, reply_options
from tests.support.engines import ScriptedEngine

LORE = Passage(id="comet", text="The comet is blue.", score=0.03, source="lore/sky.md")


class OnePassage:
    """Stands for retrieval."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        return (LORE,)


async def script(settings: Settings) -> ScriptedEngine:
    return ScriptedEngine(["Hel", "lo."])


def run(name: str, target: Any) -> Any:
    return serve.run(target, name=name, _local_testing_mode=True)


def llm_target() -> Any:
    return serve.deployment(Llm, name="llm").bind(Settings(), None, script)


async def test_the_llm_deployment_streams_completes_and_tells() -> None:
    handle = run("llm", llm_target())
    asked = GenerateRequest(messages=(ChatMessage(role="user", content="Hi"),))
    chunks = [chunk async for chunk in handle.options(stream=True).generate.remote(asked)]
    assert [chunk.text for chunk in chunks] == ["Hel", "lo."]
    assert chunks[-1].finish_reason == "stop"
    assert (await handle.complete.remote(asked)).text == "Hello."
    assert (await handle.info.remote()).model == "script"
    assert await handle.about.remote() == "script on scripted, 0 requests"


async def test_errors_of_the_engine_arrive_as_they_are() -> None:
    handle = run("llm", llm_target())
    with pytest.raises(RequestError) as caught:
        await call(handle.complete, GenerateRequest(), component="llm")
    assert caught.value.field == "messages"


async def test_a_reply_goes_through_retrieval_and_model() -> None:
    retrieval = serve.deployment(OnePassage, name="retrieval").bind()
    target = serve.deployment(PersonaApp, name="persona").bind(Settings(), retrieval, llm_target(), None)
    client = PersonaClient(run("persona", target))
    message = IncomingMessage(
        id="1", channel_id="5", guild_id=None, author=Author(id="7", name="Mara"), content="Comet?", created_ms=now_ms()
    )
    asked = ReplyRequest(persona_id="elio", message=message, deadline_ms=now_ms() + 10_000)
    events = [event async for event in client.reply(asked)]
    assert all(isinstance(event, Delta) for event in events[:-1])
    assert events[-1] == Spoken(text="Hello.", model="script", passages=(LORE,))
    await client.warm()


class Remembering:
    """Stands for retrieval: remembers what it is asked."""

    def __init__(self) -> None:
        self.queries: list[SearchQuery] = []

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        self.queries.append(query)
        return (LORE,)

    async def asked(self) -> list[SearchQuery]:
        return self.queries


class Embedder:
    """Stands for the embeddings: one vector for all, and remembers the lines that came alone."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def embed(self, texts: list[str]) -> list[list[float]]:
        self.lines += texts if len(texts) == 1 else []
        return [[0.6, 0.8] for _ in texts]

    async def asked(self) -> list[str]:
        return self.lines


async def test_the_line_is_embedded_once_for_reading_and_search() -> None:
    retrieval = run("retrieval", serve.deployment(Remembering, name="retrieval").bind())
    embeddings = run("embeddings", serve.deployment(Embedder, name="embeddings").bind())
    llm = run("llm", llm_target())
    app = PersonaApp(Settings(), retrieval, llm, None, embeddings)
    message = IncomingMessage(
        id="1", channel_id="5", guild_id=None, author=Author(id="7", name="Mara"), content="Comet?", created_ms=now_ms()
    )
    asked = ReplyRequest(persona_id="elio", message=message, deadline_ms=now_ms() + 10_000)
    events = [event async for event in app.reply(asked)]
    assert events[-1] == Spoken(text="Hello.", model="script", passages=(LORE,))
    assert await embeddings.asked.remote() == ["Comet?"]
    [query] = await retrieval.asked.remote()
    assert (query.text, query.vector) == ("Comet?", (0.6, 0.8))


@pytest.mark.parametrize(
    ("given", "hints", "lore_passages", "level"),
    [
        ({}, False, 3, "medium"),
        ({"openai_base_url": "http://x/v1"}, True, 5, "medium"),
        ({"llm_model": "someone/large"}, True, 5, "medium"),
        ({"style_hints": True, "retrieval_limit_lore": 4, "content_filter": "high"}, True, 4, "high"),
        ({"llm_model": "someone/large", "style_hints": False, "retrieval_limit": 0}, False, 0, "medium"),
    ],
)
def test_only_the_bundled_model_gets_its_bare_prompts(
    given: dict[str, Any], hints: bool, lore_passages: int, level: str
) -> None:
    options = reply_options(Settings(**given))
    assert (options.hints, options.lore_passages, options.filter_level) == (hints, lore_passages, level)


class Dressed(ScriptedEngine):
    """Takes adapters, but for broken ones, and tells which one it was asked for."""

    def __init__(self) -> None:
        super().__init__(["Hello."])
        self.folders: dict[str, str] = {}

    async def add_adapter(self, name: str, path: str) -> None:
        if "broken" in path:
            raise RequestError("It is broken.", field="path")
        self.folders[name] = path

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        self.model = request.adapter or "base"
        async for chunk in super().generate(replace(request, adapter=None)):
            yield chunk


async def dressed(settings: Settings) -> Dressed:
    return Dressed()


@pytest.mark.parametrize(
    ("given", "persona", "speaks"),
    [
        ({}, "elio", "finetuned"),
        ({}, None, "base"),
        ({"finetuned_use_for_personas": False}, "elio", "base"),
        ({"finetuned_adapter_path": Path("/broken")}, "elio", "base"),
        ({"finetuned_model_enabled": False}, "elio", "base"),
    ],
)
async def test_the_finetuned_adapter_speaks_for_personas(
    given: dict[str, Any], persona: str | None, speaks: str
) -> None:
    knobs = {"finetuned_model_enabled": True, "finetuned_adapter_path": Path("/adapters/mine"), **given}
    handle = run("llm", serve.deployment(Llm, name="llm").bind(Settings(**knobs), None, dressed))
    hello = GenerateRequest(messages=(ChatMessage(role="user", content="Hi"),), persona_id=persona)
    assert (await handle.complete.remote(hello)).model == speaks


async def test_the_model_itself_writes_without_a_character() -> None:
    client = ModelsClient("base", AdapterRegistry("mongodb://127.0.0.1", "none"), run("llm", llm_target()))
    asked = GenerateRequest(messages=(ChatMessage(role="user", content="Hi"),))
    assert "".join([chunk.text async for chunk in client.generate(asked)]) == "Hello."
