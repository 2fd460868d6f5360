"""The routes of pictures and of OpenAI's protocol through ASGI, over backends of a few lines."""

from __future__ import annotations

import base64
from array import array
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from core.errors import ModelUnavailable, Overloaded
from serve_apps.api import PICTURE_LIMIT
from serve_apps.results import JSON, Opening
from tests.support.api_world import World

PNG = b"\x89PNG and so on"


@pytest.mark.parametrize(
    ("sent", "image", "question"),
    [
        ({"json": {"image": base64.b64encode(PNG).decode()}}, PNG, None),
        (
            {"json": {"url": "https://example.org/a.png", "question": "How many?"}},
            b"https://example.org/a.png",
            "How many?",
        ),
        ({"files": {"image": ("a.png", PNG)}, "data": {"question": "How many?"}}, PNG, "How many?"),
        ({"files": {"image": ("a.png", PNG)}, "data": {"question": " "}}, PNG, None),
    ],
)
async def test_a_picture_comes_as_a_file_a_link_or_in_json(
    client: httpx.AsyncClient, world: World, sent: dict[str, Any], image: bytes, question: str | None
) -> None:
    response = await client.post("/vlm/describe", **sent)
    assert response.json() == {"ok": True, "text": "A red kite.", "model": "eyes", "ocr": "UP"}
    (asked,) = world.pictures
    assert (asked.image, asked.question) == (image, question)


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"json": {}}, 422, "body"),
        ({"json": {"url": "https://a.b/c", "image": "aGk="}}, 422, "body"),
        ({"json": {"image": "*"}}, 422, "image"),
        ({"json": {"url": "https://a.b/c", "question": ""}}, 422, "question"),
        ({"json": {"link": "https://a.b/c"}}, 422, "link"),
        ({"data": {"image": "no file"}, "files": {"other": b"x"}}, 400, "image"),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, 400, None),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, None),
        ({"content": b"a" * (PICTURE_LIMIT.size + 1), "headers": {"Content-Type": "application/json"}}, 413, None),
    ],
)
async def test_what_brings_no_picture_is_told_what_to_send(
    client: httpx.AsyncClient, world: World, sent: dict[str, Any], status: int, field: str | None
) -> None:
    response = await client.post("/vlm/describe", **sent)
    assert response.status_code == status
    assert response.json()["error"].get("field") == field
    assert response.json()["error"]["message"]
    assert world.pictures == []


@pytest.fixture
async def official(client: httpx.AsyncClient) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's own client on the API."""
    async with AsyncOpenAI(base_url="http://troupe/v1", api_key="none", http_client=client, max_retries=0) as asking:
        yield asking


async def test_the_official_client_streams_lists_and_embeds(official: AsyncOpenAI, world: World) -> None:
    assert [model.id async for model in official.models.list()] == ["script"]
    asked: Any = {"model": "script", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    events = await official.chat.completions.create(**asked, seed=4)
    assert [event.choices[0].delta.content async for event in events] == ["Hel", "lo.", ""]
    assert world.engine.bodies[0]["seed"] == 4
    for encoding in ("float", "base64"):
        made = await official.embeddings.create(model="any", input=["abc", "d"], encoding_format=encoding)  # type: ignore[arg-type]
        vectors = [one.embedding for one in made.data]
        vectors = [list(array("f", base64.b64decode(v))) if isinstance(v, str) else v for v in vectors]
        assert (vectors, made.model) == ([[3.0, 0.0], [1.0, 0.0]], "mini")
    one = await official.embeddings.create(model="any", input="abcd")  # which the client asks for in base64
    assert one.data[0].embedding == [4.0, 0.0]


async def test_an_answer_of_the_engine_keeps_its_status(client: httpx.AsyncClient, world: World) -> None:
    async def full(path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        yield Opening(status=429, media_type=JSON, retry_after_s=2.5)
        yield '{"error": {"message": '
        yield '"Slow down."}}'

    world.openai = full
    response = await client.post("/v1/completions", json={"prompt": "Hi"})
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert response.json() == {"error": {"message": "Slow down."}}


async def test_the_official_client_raises_what_fails_early_and_late(official: AsyncOpenAI, world: World) -> None:
    asked: Any = {"model": "script", "prompt": "Hi", "stream": True}

    async def early(path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        raise Overloaded("Too many.", retry_after_s=1)
        yield ""

    world.openai = early
    with pytest.raises(openai.RateLimitError, match="Too many"):
        await official.completions.create(**asked)
    world.openai = None
    world.engine.scripts = [["Hel", ModelUnavailable("Gone.", component="llm")]]
    with pytest.raises(openai.APIError, match="Gone"):
        async for _ in await official.completions.create(**asked):
            pass


@pytest.mark.parametrize(
    "body", [{}, {"input": []}, {"input": ""}, {"input": [[1, 2]]}, {"input": "a", "encoding_format": "x"}]
)
async def test_bad_embeddings_are_refused(client: httpx.AsyncClient, body: Any) -> None:
    response = await client.post("/v1/embeddings", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["message"]
