"""The HTTP API through ASGI, over backends of a few lines: what it accepts, what it refuses and how it says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.errors import ConfigError, DeadlineExceeded, ModelUnavailable, Overloaded, RequestError, TroupeError
from core.messages import GenerateRequest
from serve_apps import sse
from serve_apps.api import _generation_events, create_app
from serve_apps.health import HealthBoard
from serve_apps.http_errors import MAX_BODY_BYTES
from serve_apps.results import EVENTS, JSON, Opening
from tests.support.api_world import PACK, World, backends_of


def events(text: str) -> list[Any]:
    """The data of server-sent events; the closing marker as it is."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


async def test_generate_gives_text_model_and_usage(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/llm/generate", json={"prompt": "Once", "max_tokens": 5, "stop": "x", "seed": 1})
    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "text": "Hello.",
        "model": "script",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cached_tokens": 0},
    }
    asked = world.engine.requests[0]
    assert (asked.prompt, asked.max_tokens, asked.stop, asked.seed) == ("Once", 5, ("x",), 1)


async def test_generate_streams_events(client: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
    response = await client.post("/llm/generate", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert events(response.text) == [
        {"text": "Hel"},
        {"text": "lo."},
        {
            "ok": True,
            "model": "script",
            "finish_reason": "stop",
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cached_tokens": 0},
        },
        "[DONE]",
    ]


async def test_who_waits_for_a_model_to_load_is_told(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PROGRESS_S", 0.02)
    world.engine.scripts = [[0.1, "Hello."], [0.1, ModelUnavailable("Gone.", component="llm")]]
    world.states["llm"] = "starting"
    response = await client.post("/llm/generate", json={"prompt": "Hi", "stream": True})
    *waited, hello, last, done = events(response.text)
    assert len(waited) > 1
    assert waited[0] == {"waiting_s": 0, "waiting_for": ["llm"]}
    assert response.text.count("event: progress\n") == len(waited)
    assert (hello, last["ok"], done) == ({"text": "Hello."}, True, "[DONE]")
    response = await client.post("/llm/generate", json={"prompt": "Hi", "stream": True})
    assert response.status_code == 200  # it had begun
    assert events(response.text)[-1] == {"ok": False, "error": {"type": "model_unavailable", "message": "Gone."}}


async def test_who_goes_while_a_model_loads_is_not_served(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "PROGRESS_S", 0.01)
    world.engine.scripts = [[60.0, "Hello."]]
    items = _generation_events(world.engine.generate(GenerateRequest(prompt="Hi")))
    body: Any = (await sse.events(items, backends_of(world).waiting_for)).body_iterator
    assert str(await anext(body)).startswith("event: progress\n")
    assert world.engine.now_running == 1
    await body.aclose()
    assert world.engine.now_running == 0


async def test_clients_of_openai_wait_with_comments(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PROGRESS_S", 0.02)
    opening, error = Opening(status=200, media_type=EVENTS), Opening(status=400, media_type=JSON)
    scripts: list[list[Opening | str | TroupeError]] = [
        [opening, "data: {}\n\n", "data: [DONE]\n\n"],
        [error, '{"error": {"message": "No."}}'],
        [ModelUnavailable("Gone.", component="llm")],
    ]

    async def openai(path: str, body: bytes) -> AsyncIterator[Opening | str]:
        await asyncio.sleep(0.1)
        for step in scripts[json.loads(body)["seed"]]:
            if isinstance(step, TroupeError):
                raise step
            yield step

    world.openai = openai

    async def ask(seed: int, *, stream: bool) -> httpx.Response:
        return await client.post("/v1/completions", json={"seed": seed, "stream": stream})

    streamed = await ask(0, stream=True)
    assert streamed.headers["content-type"].startswith(EVENTS)
    comments, _, rest = streamed.text.partition("data: ")
    assert comments.startswith(": waiting for the model, 0 s\n\n")
    assert "data: " + rest == "data: {}\n\ndata: [DONE]\n\n"
    assert events((await ask(1, stream=True)).text) == [{"error": {"message": "No."}}]
    assert events((await ask(2, stream=True)).text)[0]["error"]["message"] == "Gone."
    assert (await ask(1, stream=False)).status_code == 400  # who does not stream waits for the status
    assert (await ask(2, stream=False)).status_code == 503


async def test_an_early_error_of_a_stream_has_its_status(client: httpx.AsyncClient, world: World) -> None:
    world.engine.scripts = [[Overloaded("Full.", retry_after_s=2.2)]]
    response = await client.post("/llm/generate", json={"prompt": "Hi", "stream": True})
    assert response.status_code == 429
    assert response.headers["retry-after"] == "3"


async def test_a_late_error_of_a_stream_is_an_event(client: httpx.AsyncClient, world: World) -> None:
    world.engine.scripts = [["Hel", ModelUnavailable("Gone.", component="llm")]]
    response = await client.post("/llm/generate", json={"prompt": "Hi", "stream": True})
    assert response.status_code == 200
    assert "event: error\n" in response.text
    assert events(response.text)[-1] == {"ok": False, "error": {"type": "model_unavailable", "message": "Gone."}}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/llm/generate", {}, "body"),
        ("/llm/generate", {"prompt": "a", "messages": [{"role": "user", "content": "b"}]}, "body"),
        ("/llm/generate", {"prompt": ""}, "prompt"),
        ("/llm/generate", {"prompt": 5}, "prompt"),
        ("/llm/generate", {"prompt": "a", "max_tokens": 0}, "max_tokens"),
        ("/llm/generate", {"prompt": "a", "max_tokens": "7"}, "max_tokens"),
        ("/llm/generate", {"prompt": "a", "temperature": 2.1}, "temperature"),
        ("/llm/generate", {"prompt": "a", "top_p": 0}, "top_p"),
        ("/llm/generate", {"prompt": "a", "seed": -1}, "seed"),
        ("/llm/generate", {"prompt": "a", "max_token": 5}, "max_token"),
        ("/llm/generate", {"messages": []}, "messages"),
        ("/llm/generate", {"messages": [{"role": "tool", "content": "b"}]}, "messages.0.role"),
        ("/embed", {"texts": []}, "texts"),
        ("/embed", {"texts": [""]}, "texts.0"),
        ("/embed", {"texts": ["a"] * 257}, "texts"),
        ("/rag/search", {"query": ""}, "query"),
        ("/rag/search", {"query": "a", "limit": 21}, "limit"),
        ("/persona/reply", {"message": ""}, "message"),
        ("/persona/reply", {"message": "a" * 8001}, "message"),
        ("/persona/reply", {"message": "a", "history": [{"text": ""}]}, "history.0.text"),
    ],
)
async def test_bad_bodies_name_the_field(client: httpx.AsyncClient, path: str, body: Any, field: str) -> None:
    response = await client.post(path, json=body)
    assert response.status_code == 422
    error = response.json()["error"]
    assert response.json()["ok"] is False
    assert error["field"] == field
    assert error["message"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "kind"),
    [
        (b'{"prompt": ', {"Content-Type": "application/json"}, 400, "malformed_json"),
        (b"\xff\xfe", {"Content-Type": "application/json"}, 400, None),
        (b"[]", {"Content-Type": "application/json"}, 422, "invalid"),
        (b'{"prompt": "a"}', {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b'{"prompt": "a"}', {}, 415, "unsupported_media_type"),
        (b"a" * (MAX_BODY_BYTES + 1), {"Content-Type": "application/json"}, 413, "too_large"),
    ],
)
async def test_bodies_that_are_none(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, kind: str | None
) -> None:
    response = await client.post("/llm/generate", content=content, headers=headers)
    assert response.status_code == status
    assert response.json()["ok"] is False
    assert kind is None or response.json()["error"]["type"] == kind


async def test_a_big_body_in_pieces_is_refused_too(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"a" * (MAX_BODY_BYTES // 10)

    response = await client.post("/embed", content=pieces(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("error", "status", "kind", "retry_after"),
    [
        (RequestError("No.", field="texts"), 400, "request_error", None),
        (Overloaded("Full.", retry_after_s=2.2), 429, "overloaded", "3"),
        (DeadlineExceeded("Late."), 504, "deadline_exceeded", None),
        (ModelUnavailable("Gone.", component="embeddings"), 503, "model_unavailable", "1"),
        (ConfigError("Wrong.", field="X", fix="Correct it."), 500, "config_error", None),
    ],
)
async def test_errors_have_one_shape(
    client: httpx.AsyncClient, world: World, error: TroupeError, status: int, kind: str, retry_after: str | None
) -> None:
    world.error = error
    response = await client.post("/embed", json={"texts": ["a"]})
    assert response.status_code == status
    assert response.json()["error"]["type"] == kind
    assert response.json()["error"]["message"] == error.message
    assert response.headers.get("retry-after") == retry_after


async def test_embed_and_model_info(client: httpx.AsyncClient) -> None:
    response = await client.post("/embed", json={"texts": ["abc", "d"]})
    assert response.json() == {"ok": True, "embeddings": [[3.0, 0.0], [1.0, 0.0]], "model": "mini", "dimensions": 2}
    info = (await client.get("/embed/model-info")).json()
    assert info == {"ok": True, "model": "mini", "dimensions": 2, "max_tokens": 256, "device": "cpu"}


async def test_search_stays_in_the_pack(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/rag/search", json={"query": "comet", "limit": 5})
    assert response.json()["passages"][0]["text"] == "It is blue."
    assert (world.searches[0].pack, world.searches[0].limit) == (PACK.id, 5)


async def test_a_reply_by_default_by_name_and_streamed(client: httpx.AsyncClient, world: World) -> None:
    spoken = (await client.post("/persona/reply", json={"message": "Hi"})).json()
    assert spoken["persona"] == PACK.default_persona
    assert (spoken["ok"], spoken["text"], spoken["fallback"], spoken["model"]) == (True, "Hello.", False, "script")
    assert spoken["passages"][0]["id"] == "comet"
    history = [{"speaker": "Ben", "text": "Look!"}, {"text": "I see.", "persona": "Glordon"}]
    body = {"persona": "GLORDON", "message": "Hi", "speaker": "Mara", "history": history, "stream": True}
    told = events((await client.post("/persona/reply", json=body)).text)
    assert told[0] == {"delta": "Hel"}
    assert told[1]["persona"] == "glordon"
    assert told[2] == "[DONE]"
    asked = world.replies[1]
    assert (asked.message.author.name, asked.history[0].speaker, asked.history[1].persona_id) == (
        "Mara",
        "Ben",
        "glordon",
    )


async def test_an_unknown_persona_is_not_found(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/persona/reply", json={"message": "Hi", "persona": "glordn"})
    assert response.status_code == 404
    assert "glordon" in response.json()["error"]["message"]
    assert world.replies == []


async def test_personas_and_their_avatars(client: httpx.AsyncClient) -> None:
    listing = (await client.get("/personas")).json()
    assert [persona["id"] for persona in listing["personas"]] == [persona.id for persona in PACK.personas]
    picture = await client.get(listing["personas"][0]["avatar"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert (await client.get("/personas/nobody/avatar.png")).status_code == 404


async def test_unknown_routes_and_methods(client: httpx.AsyncClient) -> None:
    missing = await client.get("/nope")
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")
    wrong = await client.get("/embed")
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (405, "method_not_allowed")


async def test_ready_once_everything_is_up(client: httpx.AsyncClient, world: World) -> None:
    world.states["llm"] = "starting"
    assert (await client.get("/livez")).status_code == 200
    waiting = await client.get("/readyz")
    assert (waiting.status_code, waiting.json()) == (503, {"ok": False, "waiting_for": ["llm"]})
    assert (await client.get("/health")).json()["status"] == "starting"


async def test_asleep_is_healthy(client: httpx.AsyncClient, world: World) -> None:
    world.states["llm"] = "idle"
    assert (await client.get("/readyz")).status_code == 200
    health = (await client.get("/health")).json()
    assert (health["ok"], health["status"], health["components"]["llm"]["state"]) == (True, "ok", "idle")


async def test_what_breaks_later_is_degraded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve_apps.health.KEEP_S", 0.0)
    assert (await world.board.health()).status == "ok"
    world.states["retrieval"] = "raises"
    broken = await world.board.health()
    assert broken.status == "degraded"
    assert broken.components["retrieval"].detail == "RuntimeError: broken"


async def test_a_silent_component_does_not_hold_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> tuple[Any, str]:
        await asyncio.sleep(60)
        return "ready", ""

    monkeypatch.setattr("serve_apps.health.PROBE_TIMEOUT_S", 0.05)
    health = await HealthBoard({"llm": silent}).health()
    assert health.components["llm"].state == "failed"
    assert "no answer" in health.components["llm"].detail


async def test_adapters_are_added_listed_and_removed(client: httpx.AsyncClient, world: World) -> None:
    body = {"name": "loud", "path": "adapters/loud", "personas": ["olga", "olga"]}
    added = (await client.post("/llm/adapters", json=body)).json()
    assert added == {"ok": True, "adapter": {"name": "loud", "path": "adapters/loud", "personas": ["olga"]}}
    assert (await client.get("/llm/adapters")).json()["adapters"] == [added["adapter"]]
    assert (await client.delete("/llm/adapters/loud")).json() == {"ok": True}
    assert (await client.delete("/llm/adapters/loud")).status_code == 400
    assert world.loaded == {}


async def test_an_adapter_for_an_unknown_persona_is_not_added(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/llm/adapters", json={"name": "a", "path": "b", "personas": ["nobody"]})
    assert response.status_code == 404
    assert world.loaded == {}


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        ("/personas", {}, 401),
        ("/personas", {"Authorization": "Bearer wrong"}, 401),
        ("/personas", {"Authorization": "Bearer "}, 401),
        ("/personas", {"Authorization": "Basic two"}, 401),
        ("/personas", {"Authorization": "two"}, 401),
        ("/personas", {"Authorization": "Bearer two"}, 200),
        ("/personas", {"authorization": "bearer  one"}, 200),
        ("/v1/models", {}, 401),
        ("/docs", {}, 401),
        ("/health", {}, 401),
        ("/livez", {}, 200),
        ("/readyz", {}, 200),
        ("/personas/elio/avatar.png", {}, 200),
    ],
)
async def test_with_keys_only_who_has_one_gets_in(world: World, path: str, header: dict[str, str], status: int) -> None:
    app = create_app(backends_of(world), ("one", "two"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://troupe") as client:
        response = await client.get(path, headers=header)
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
        assert "API_KEYS" in response.json()["error"]["message"]
