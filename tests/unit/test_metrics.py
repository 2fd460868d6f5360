"""Metrics: one page of many, and streams that are counted and stay what they are."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx
import pytest
import ray

from core.errors import ModelUnavailable
from core.messages import GenerateRequest
from observability import metrics, scrape
from observability.metrics import BatchMetrics, CacheMetrics, LlmMetrics, SearchMetrics
from tests.support.engines import ScriptedEngine

ONE = """# HELP ray_troupe_llm_requests_total Generations that ended, by outcome.
# TYPE ray_troupe_llm_requests_total counter
ray_troupe_llm_requests_total{model="small",outcome="ok",NodeAddress="1"} 3.0
# HELP ray_gcs_things Of no interest here.
# TYPE ray_gcs_things gauge
ray_gcs_things 9.0
# HELP ray_serve_num_http_requests_total Requests.
# TYPE ray_serve_num_http_requests_total counter
ray_serve_num_http_requests_total{route="/"} 5.0
"""
OTHER = ONE.replace('NodeAddress="1"} 3.0', 'NodeAddress="2"} 4.0')


class Recorded:
    """Stands for Ray's metrics: keeps what is recorded."""

    told: ClassVar[list[tuple[str, str, float, dict[str, str]]]] = []

    def __init__(self, name: str, *_: Any, **__: Any) -> None:
        self.name = name
        self.tags: dict[str, str] = {}

    def set_default_tags(self, tags: dict[str, str]) -> None:
        self.tags = tags

    def inc(self, value: float = 1.0, tags: dict[str, str] | None = None) -> None:
        if value <= 0:
            raise ValueError("as Ray's counter does")
        self.told.append(("inc", self.name, value, tags or {}))

    def set(self, value: float) -> None:
        self.told.append(("set", self.name, value, {}))

    def observe(self, value: float) -> None:
        self.told.append(("observe", self.name, value, {}))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, float, dict[str, str]]]:
    monkeypatch.setattr(Recorded, "told", [])
    for kind in ("Counter", "Gauge", "Histogram"):
        monkeypatch.setattr(metrics, kind, Recorded)
    return Recorded.told


def test_pages_of_nodes_become_one_that_names_each_metric_once() -> None:
    page = scrape.merged([ONE, OTHER, ""])
    assert page.splitlines() == [
        "# HELP ray_serve_num_http_requests_total Requests.",
        "# TYPE ray_serve_num_http_requests_total counter",
        'ray_serve_num_http_requests_total{route="/"} 5.0',
        'ray_serve_num_http_requests_total{route="/"} 5.0',
        "# HELP troupe_llm_requests_total Generations that ended, by outcome.",
        "# TYPE troupe_llm_requests_total counter",
        'troupe_llm_requests_total{model="small",outcome="ok",NodeAddress="1"} 3.0',
        'troupe_llm_requests_total{model="small",outcome="ok",NodeAddress="2"} 4.0',
    ]
    assert scrape.merged([]) == ""


async def test_a_node_that_does_not_answer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [{"Alive": alive, "NodeManagerAddress": f"10.0.0.{n}", "MetricsExportPort": 80} for n, alive in
             ((1, True), (2, True), (3, False))]  # fmt: skip
    monkeypatch.setattr(ray, "nodes", lambda: nodes)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "10.0.0.1":
            return httpx.Response(200, text=ONE)
        raise httpx.ConnectError("away")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        page = await scrape.scrape(client)
    assert page == scrape.merged([ONE])


async def test_a_stream_is_counted_and_passed_on(told: list[tuple[str, str, float, dict[str, str]]]) -> None:
    engine = ScriptedEngine(["Hel", "lo", "!"])
    seen = LlmMetrics("small").observed(engine.generate(GenerateRequest(prompt="a", max_tokens=9)))
    assert "".join([chunk.text async for chunk in seen]) == "Hello!"
    counted = {name: value for kind, name, value, _ in told if kind == "inc"}
    assert counted == {
        "troupe_llm_prompt_tokens": 1,
        "troupe_llm_completion_tokens": 3,
        "troupe_llm_requests": 1,
    }
    assert [value for kind, name, value, _ in told if kind == "set"] == [1, 0]
    assert {name for kind, name, _, _ in told if kind == "observe"} == {
        "troupe_llm_first_token_seconds",
        "troupe_llm_token_seconds",
    }
    assert told[-1] == ("inc", "troupe_llm_requests", 1.0, {"outcome": "ok"})


async def test_who_leaves_and_what_fails_is_counted_as_that(told: list[tuple[str, str, float, dict[str, str]]]) -> None:
    engine = ScriptedEngine(["Hel", "lo"], [ModelUnavailable("gone", component="llm")])
    counting = LlmMetrics("small")
    leaving = counting.observed(engine.generate(GenerateRequest(prompt="a", max_tokens=9)))
    await anext(leaving)
    await leaving.aclose()
    assert told[-1][3] == {"outcome": "cancelled"}
    assert engine.now_running == 0
    with pytest.raises(ModelUnavailable):
        await anext(counting.observed(engine.generate(GenerateRequest(prompt="a", max_tokens=9))))
    assert told[-1][3] == {"outcome": "ModelUnavailable"}


def test_loads_batches_caches_and_searches_are_counted(told: list[tuple[str, str, float, dict[str, str]]]) -> None:
    with pytest.raises(ValueError, match="bad"), LlmMetrics("small").loading():
        raise ValueError("bad")
    assert told.pop() == ("inc", "troupe_llm_adapter_loads", 1.0, {"outcome": "failed"})
    with BatchMetrics("vlm").batch(3):
        pass
    assert told[0] == ("observe", "troupe_batch_size", 3, {})
    CacheMetrics("embeddings").count(5, 2)
    CacheMetrics("embeddings").count(1, 0)
    assert [value for _, _, value, _ in told[-3:]] == [5, 2, 1]
    SearchMetrics().count(0.02, 3)
    assert told[-2:] == [
        ("observe", "troupe_search_seconds", 0.02, {}),
        ("inc", "troupe_searches", 1.0, {"found": "some"}),
    ]


def test_rays_own_metrics_can_be_recorded_without_a_cluster() -> None:
    LlmMetrics("small")
    with BatchMetrics("vlm").batch(3):
        CacheMetrics("embeddings").count(1, 1)
    SearchMetrics().count(0.02, 0)
