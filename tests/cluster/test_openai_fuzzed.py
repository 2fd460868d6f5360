"""What vLLM's own protocol classes make of odd requests, in the running system: no status of 500, and it lives on."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import httpx
import pytest

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

    async def ask() -> None:
        path = rng.choice(list(PROMPTS))
        body = odd_body(rng, path)
        async with slots:
            answer = await http.post(f"/v1/{path}", json=body)
        seen[answer.status_code] += 1
        assert answer.status_code < 500, (path, body, answer.text)

    await asyncio.gather(*(ask() for _ in range(REQUESTS)))
    assert seen[200] > 10
    assert sum(times for status, times in seen.items() if status >= 400) > 50
    good = await http.post("/v1/chat/completions", json=GOOD | PROMPTS["chat/completions"])
    assert good.status_code == 200
