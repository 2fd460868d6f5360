"""The remote engine against a real HTTP server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from core.clock import now_ms
from core.errors import ConfigError, DeadlineExceeded, ModelUnavailable, Overloaded, RequestError
from core.messages import ChatMessage, GenerateChunk, GenerateRequest, Usage
from core.settings import Settings
from serve_apps.engines.choose import start_engine
from serve_apps.engines.openai_engine import OpenAIConfig, OpenAIEngine
from serve_apps.results import EVENTS, JSON, Opening
from tests.support.eventually import eventually
from tests.support.openai_server import OpenAIServer, openai_server

HELLO = (ChatMessage(role="system", content="Be kind."), ChatMessage(role="user", content="Hello"))


Start = Callable[..., Awaitable[OpenAIEngine]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts engines on a server, without retries unless told otherwise, and closes them after the test."""
    engines: list[OpenAIEngine] = []

    async def start_one(server: OpenAIServer, **changes: Any) -> OpenAIEngine:
        engines.append(await OpenAIEngine.start(OpenAIConfig(base_url=server.url, **{"max_retries": 0, **changes})))
        return engines[-1]

    yield start_one
    for engine in engines:
        engine.close()
    await asyncio.sleep(0.05)


async def collect(engine: OpenAIEngine, **changes: Any) -> list[GenerateChunk]:
    asked = GenerateRequest(**{"messages": HELLO, **changes})
    return [chunk async for chunk in engine.generate(asked)]


async def test_a_chat_streams_with_usage(start: Start) -> None:
    async with openai_server() as server:
        engine = await start(server, api_key=SecretStr("k-1"))
        chunks = await collect(engine, temperature=0.5, seed=3, stop=("\nMara:",), max_tokens=9)
    assert [chunk.text for chunk in chunks] == ["Hel", "lo", ".", ""]
    assert chunks[-1].finish_reason == "stop"
    assert chunks[-1].usage == Usage(prompt_tokens=5, completion_tokens=3)
    assert {chunk.model for chunk in chunks} == {"moon-7b"}
    body = server.bodies[0]
    assert body["messages"][1] == {"role": "user", "content": "Hello"}
    assert (body["temperature"], body["seed"], body["stop"], body["max_tokens"]) == (0.5, 3, ["\nMara:"], 9)
    assert "top_p" not in body
    assert server.keys == ["Bearer k-1"]


async def test_a_raw_prompt_takes_the_completions_route(start: Start) -> None:
    async with openai_server() as server:
        chunks = await collect(await start(server, model="other"), messages=(), prompt="Once")
    assert "".join(chunk.text for chunk in chunks) == "Hello."
    assert server.bodies[0]["prompt"] == "Once"
    assert server.bodies[0]["model"] == "other"


async def test_usage_is_estimated_where_the_server_does_not_count(start: Start) -> None:
    async with openai_server(counts=False) as server:
        usage = (await collect(await start(server)))[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == 4
    assert usage.completion_tokens == 2


async def test_several_models_need_a_choice(start: Start) -> None:
    async with openai_server(models=("a", "b")) as server:
        with pytest.raises(ConfigError, match=r"LLM_MODEL: .* 2 models \(a, b\)"):
            await start(server)


async def test_the_settings_choose_this_engine() -> None:
    async with openai_server() as server:
        for named, model in (({}, "moon-7b"), ({"llm_model": "sun-1b"}, "sun-1b")):
            settings = Settings(openai_base_url=f"{server.url}/", openai_api_key=SecretStr("k-2"), **named)
            engine = await start_engine(settings)
            assert isinstance(engine, OpenAIEngine)
            assert engine.model == model
            await collect(engine)
            engine.close()
        assert server.keys == ["Bearer k-2"] * 2


CONTEXT = {"error": {"message": "This model's maximum context length is 10 tokens.", "code": "context_length_exceeded"}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, {"error": {"message": "bad key"}}, ConfigError, "OPENAI_API_KEY"),
        (403, {"error": {"message": "no"}}, ConfigError, "OPENAI_API_KEY"),
        (404, {"error": {"message": "no such model"}}, ConfigError, "LLM_MODEL"),
        (400, CONTEXT, RequestError, "maximum context length"),
        (422, {"error": {"message": "temperature is too high"}}, RequestError, "temperature"),
        (500, {"error": {"message": "oops"}}, ModelUnavailable, "500"),
        (503, {"error": {"message": "loading"}}, ModelUnavailable, "503"),
    ],
)
async def test_errors_are_told_in_the_projects_own(
    start: Start, status: int, body: Any, kind: type[Exception], said: str
) -> None:
    async with openai_server(error=(status, {}, body)) as server:
        engine = await start(server, model="m")
        with pytest.raises(kind, match=said) as caught:
            await collect(engine)
    if isinstance(caught.value, RequestError):
        assert caught.value.field == ("messages" if status == 400 else "temperature")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", 1.0), ("-3", 0.0), ("99999", 60.0)])
async def test_slowing_down_says_for_how_long(start: Start, header: str, seconds: float) -> None:
    async with openai_server(error=(429, {"Retry-After": header}, {"error": {"message": "slow"}})) as server:
        engine = await start(server, model="m")
        with pytest.raises(Overloaded) as caught:
            await collect(engine)
    assert caught.value.retry_after_s == seconds


async def test_a_passing_error_is_tried_again_within_bounds(start: Start) -> None:
    async with openai_server(error=(500, {"Retry-After-Ms": "1"}, {"error": {}}), error_times=2) as server:
        chunks = await collect(await start(server, model="m", max_retries=2))
        assert "".join(chunk.text for chunk in chunks) == "Hello."
        assert len(server.bodies) == 3


async def test_nobody_there_is_unavailable(start: Start) -> None:
    async with openai_server() as server:
        engine = await start(server)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await collect(engine)


async def test_an_answer_broken_off_is_unavailable(start: Start) -> None:
    async with openai_server(break_after=2) as server:
        engine = await start(server)
        with pytest.raises(ModelUnavailable):
            await collect(engine)


async def test_the_deadline_ends_a_hanging_answer(start: Start) -> None:
    async with openai_server(hang_after=1) as server:
        engine = await start(server)
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await collect(engine, deadline_ms=now_ms() + 300)
        assert time.monotonic() - started < 2


async def test_leaving_closes_the_connection(start: Start) -> None:
    async with openai_server(hang_after=1) as server:
        stream = (await start(server)).generate(GenerateRequest(messages=HELLO))
        assert (await anext(stream)).text == "Hel"
        await stream.aclose()

        async def left() -> bool:
            return server.cancelled == 1

        await eventually(left)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": "x"}, "prompt"),
        ({"messages": ()}, "messages"),
        ({"messages": (), "prompt": ""}, "prompt"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 3.0}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"stop": ("",)}, "stop"),
        ({"adapter": "x"}, "adapter"),
    ],
)
async def test_bad_requests_name_the_field_and_never_leave_the_house(
    start: Start, changes: dict[str, Any], field: str
) -> None:
    async with openai_server() as server:
        engine = await start(server)
        with pytest.raises(RequestError) as caught:
            await collect(engine, **changes)
        assert caught.value.field == field
        assert server.bodies == []


async def test_openai_requests_are_passed_on_as_they_are(start: Start) -> None:
    async with openai_server() as server:
        engine = await start(server, api_key=SecretStr("k"))
        opening, *texts = [
            piece async for piece in engine.openai("chat/completions", b'{"model": "moon-7b", "stream": true}')
        ]
        assert opening == Opening(status=200, media_type=EVENTS)
        assert "".join(str(text) for text in texts).endswith("data: [DONE]\n\n")
        assert server.bodies == [{"model": "moon-7b", "stream": True}]
        assert server.keys == ["Bearer k"]
        models = [piece async for piece in engine.openai("models", b"")]
        assert '"moon-7b"' in str(models[1])
        server.error = (429, {"Retry-After": "7"}, {"error": {"message": "slow"}})
        refused = [piece async for piece in engine.openai("completions", b"{}")]
        assert refused[0] == Opening(status=429, media_type=JSON, retry_after_s=7)
    with pytest.raises(ModelUnavailable):
        [piece async for piece in engine.openai("completions", b"{}")]


async def test_who_leaves_an_openai_answer_stops_it(start: Start) -> None:
    async with openai_server(hang_after=1) as server:
        engine = await start(server)
        pieces = engine.openai("completions", b'{"stream": true}')
        await anext(pieces)
        await anext(pieces)
        assert engine.running() == 1
        await pieces.aclose()
        assert engine.running() == 0
        await eventually(lambda: _is(server.cancelled == 1), 5)


async def _is(value: bool) -> bool:
    return value
