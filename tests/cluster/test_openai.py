"""OpenAI's API in the running system: the official client, and odd requests to vLLM's own protocol classes."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from core.settings import Settings
from serve_apps import names
from serve_apps.calls import call
from tests.support.serving import HELLO, add_adapter, llm, make_adapter, text_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

REQUESTS, AT_ONCE = 240, 8
GOOD: dict[str, Any] = {"model": "troupe-small", "max_tokens": 2, "temperature": 0}
PROMPTS: dict[str, dict[str, Any]] = {
    "chat/completions": {"messages": [{"role": "user", "content": "Mara: hi"}]},
    "completions": {"prompt": "The star"},
}
FIELDS = (
    "model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "min_p", "n",
    "stop", "seed", "stream", "stream_options", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice",
    "logit_bias", "presence_penalty", "frequency_penalty", "repetition_penalty", "user", "echo", "suffix", "best_of",
    "stop_token_ids", "bad_words", "allowed_token_ids", "structured_outputs", "chat_template", "priority", "min_tokens",
    "truncate_prompt_tokens", "prompt_logprobs", "kv_transfer_params", "documents", "mm_processor_kwargs",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2.5, 10**9, -(10**30), 1e308, "", "x", "\0", "🚀" * 50, "nobody", [], [None], [0],
    ["a"], [[]], [{}], {}, {"a": {"b": []}}, {"type": "json_schema"}, {"type": "json_object"}, [{"role": "user"}],
    [{"role": "narrator", "content": "x"}], [{"role": "user", "content": None}], [{"type": "function"}], "a" * 9000,
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}], {"0": 200},
)  # fmt: skip


def odd_body(rng: random.Random, path: str) -> Any:
    """A good request with some of its fields made odd, or something that is none at all."""
    if rng.random() < 0.05:
        return rng.choice(VALUES)
    return GOOD | PROMPTS[path] | {rng.choice(FIELDS): rng.choice(VALUES) for _ in range(rng.randint(1, 3))}


async def test_odd_requests_are_refused_or_answered(http: httpx.AsyncClient) -> None:
    rng, slots = random.Random(4), asyncio.Semaphore(AT_ONCE)
    seen: Counter[int] = Counter()
    wrong: list[str] = []

    async def ask() -> None:
        path = rng.choice(list(PROMPTS))
        body = odd_body(rng, path)
        async with slots:
            answer = await http.post(f"/v1/{path}", json=body)
        seen[answer.status_code] += 1
        if answer.status_code >= 500:
            wrong.append(f"{path} {json.dumps(body)[:300]}: {answer.text[:300]}")

    await asyncio.gather(*(ask() for _ in range(REQUESTS)))
    assert not wrong, "\n".join(wrong)
    assert seen[200] > 10
    assert sum(times for status, times in seen.items() if status >= 400) > 50
    good = await http.post("/v1/chat/completions", json=GOOD | PROMPTS["chat/completions"])
    assert good.status_code == 200


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("completions", {"prompt_logprobs": 1}, "prompt_logprobs"),
        ("completions", {"echo": True, "logprobs": 1}, "echo"),
        ("chat/completions", {"prompt_logprobs": 0}, "prompt_logprobs"),
        ("chat/completions", {"echo": True, "logprobs": True, "top_logprobs": 1}, "echo"),
    ],
)
async def test_nobody_asks_about_the_prompts_tokens(
    http: httpx.AsyncClient, path: str, changes: dict[str, Any], field: str
) -> None:
    """vLLM's engine would die of it on a CPU."""
    asked = GOOD | PROMPTS[path] | changes
    refused = await http.post(f"/v1/{path}", json=asked | {"prompt": "The star is far away from here"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, field)


async def test_the_official_openai_client_chats_streams_and_asks_adapters(running: Settings, tmp_path: Path) -> None:
    make_adapter(tmp_path / "loud", seed=1)
    base = f"http://{running.api_host}:{running.api_port}/v1"
    hello: Any = [{"role": message.role, "content": message.content} for message in HELLO]
    async with AsyncOpenAI(base_url=base, api_key="none", max_retries=0) as client:
        plain = await client.chat.completions.create(
            model="troupe-small", messages=hello, temperature=0, max_tokens=24, logprobs=True, top_logprobs=2
        )
        said = plain.choices[0].message.content
        assert said == await text_of()
        assert plain.usage
        assert plain.choices[0].logprobs
        assert plain.choices[0].logprobs.content
        assert len(plain.choices[0].logprobs.content[0].top_logprobs) == 2
        events = await client.chat.completions.create(
            model="troupe-small", messages=hello, temperature=0, max_tokens=24, stream=True
        )
        assert "".join([event.choices[0].delta.content or "" async for event in events]) == said
        stopped = await client.completions.create(
            model="troupe-small", prompt="I am", seed=2, stop=["e"], max_tokens=40
        )
        assert "e" not in stopped.choices[0].text
        shape = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
        form: Any = {"type": "json_schema", "json_schema": {"name": "a", "schema": shape}}
        formed = await client.chat.completions.create(
            model="troupe-small", messages=hello, temperature=0, max_tokens=60, response_format=form
        )
        # White space is free between the parts, and a small model may never get to the end of it.
        assert re.fullmatch(r'\s*\{\s*("age"\s*(:\s*(-?\d*)\s*\}?)?)?\s*', formed.choices[0].message.content or "")
        await add_adapter("voice", tmp_path / "loud")
        assert {model.id async for model in client.models.list()} == {"troupe-small", "voice"}
        loud = await client.chat.completions.create(model="voice", messages=hello, temperature=0, max_tokens=24)
        assert (loud.model, loud.choices[0].message.content) == ("voice", await text_of(adapter="voice"))
        await call(llm().remove_adapter, "voice", component=names.LLM)
        with pytest.raises(openai.NotFoundError, match="voice"):
            await client.chat.completions.create(model="voice", messages=hello)
        with pytest.raises(openai.BadRequestError, match="temperature"):
            await client.chat.completions.create(model="troupe-small", messages=hello, temperature=9)
        with pytest.raises(openai.BadRequestError):
            await client.completions.create(model="troupe-small", prompt="a", max_tokens=8000)
        vectors = await client.embeddings.create(model="all-MiniLM-L6-v2", input=["a star"])
        assert sum(x * x for x in vectors.data[0].embedding) == pytest.approx(1.0, abs=1e-4)
