"""The backends' side of the HTTP API in a few lines, for tests of its routes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx

from core.errors import RequestError, TroupeError
from core.messages import Delta, DescribeRequest, Passage, ReplyRequest, SearchQuery, Spoken
from core.personas import load_pack
from core.settings import ROOT
from serve_apps.api import Backends, create_app
from serve_apps.health import HealthBoard
from serve_apps.results import Adapter, Description, EmbeddingInfo, whole
from tests.support.engines import ScriptedEngine

PACK = load_pack(ROOT / "packs" / "communiverse")
LORE = Passage(id="comet", text="It is blue.", score=0.03, source="lore/sky.md", title="Comet")


class World:
    """The backends' side: an engine, and what it was asked. `error` is raised by all but the engine."""

    def __init__(self) -> None:
        self.engine = ScriptedEngine(["Hel", "lo."])
        self.error: TroupeError | None = None
        self.replies: list[ReplyRequest] = []
        self.searches: list[SearchQuery] = []
        self.pictures: list[DescribeRequest] = []
        self.loaded: dict[str, Adapter] = {}
        self.openai: Any = None  # instead of the engine's
        self.states = {"llm": "ready", "retrieval": "ready"}
        self.board = HealthBoard({name: self._probe(name) for name in self.states})

    def _probe(self, name: str) -> Any:
        async def probe() -> tuple[Any, str]:
            if self.states[name] == "raises":
                raise RuntimeError("broken")
            return self.states[name], "detail"

        return probe

    def _maybe_fail(self) -> None:
        if self.error is not None:
            raise self.error

    async def adapters(self) -> tuple[Adapter, ...]:
        self._maybe_fail()
        return tuple(self.loaded.values())

    async def add_adapter(self, adapter: Adapter) -> None:
        self._maybe_fail()
        self.loaded[adapter.name] = adapter

    async def remove_adapter(self, name: str) -> None:
        if self.loaded.pop(name, None) is None:
            raise RequestError(f"There is no adapter {name!r}.", field="adapter")

    async def embed(self, texts: list[str]) -> list[list[float]]:
        self._maybe_fail()
        return [[float(len(text)), 0.0] for text in texts]

    async def info(self) -> EmbeddingInfo:
        return EmbeddingInfo(model="mini", dimensions=2, max_tokens=256, device="cpu")

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        self._maybe_fail()
        self.searches.append(query)
        return (LORE,)

    async def describe(self, request: DescribeRequest) -> Description:
        self._maybe_fail()
        self.pictures.append(request)
        return Description(text="A red kite.", model="eyes", ocr="UP")

    async def fetch(self, url: str) -> bytes:
        return url.encode()

    async def metrics(self) -> str:
        self._maybe_fail()
        return "# TYPE troupe_llm_running gauge\ntroupe_llm_running 0.0\n"

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        self.replies.append(request)
        self._maybe_fail()
        yield Delta(text="Hel")
        yield Spoken(text="Hello.", model="script", passages=(LORE,))


def backends_of(world: World) -> Backends:
    return Backends(
        pack=PACK,
        reply_deadline_s=5,
        generate=world.engine.generate,
        complete=lambda request: whole(world.engine.generate(request)),
        adapters=world.adapters,
        add_adapter=world.add_adapter,
        remove_adapter=world.remove_adapter,
        embed=world.embed,
        embedding_info=world.info,
        search=world.search,
        openai=lambda path, body: (world.openai or world.engine.openai)(path, body),
        describe=world.describe,
        fetch=world.fetch,
        reply=world.reply,
        health=world.board.health,
        metrics=world.metrics,
    )


def client_of(world: World) -> httpx.AsyncClient:
    """A client of the API over these backends."""
    transport = httpx.ASGITransport(app=create_app(backends_of(world)), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://troupe")
