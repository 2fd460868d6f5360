"""`troupe adapter` over the API's own routes."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from core.errors import ConfigError
from core.settings import Settings
from deploy.adapters import Adapters, running


def over(handler: httpx.MockTransport) -> Adapters:
    return Adapters(httpx.Client(transport=handler, base_url="http://troupe"))


def test_it_asks_what_the_routes_take(tmp_path: Path) -> None:
    seen: list[tuple[str, str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path, json.loads(request.content or b"null")))
        return httpx.Response(200, json={"ok": True, "adapters": [{"name": "a", "path": "/a", "personas": []}]})

    adapters = over(httpx.MockTransport(answer))
    adapters.add("loud", tmp_path, ["olga"])
    adapters.remove("loud")
    assert [one["name"] for one in adapters.all()] == ["a"]
    assert seen == [
        ("POST", "/llm/adapters", {"name": "loud", "path": str(tmp_path), "personas": ["olga"]}),
        ("DELETE", "/llm/adapters/loud", None),
        ("GET", "/llm/adapters", None),
    ]


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (httpx.Response(400, json={"ok": False, "error": {"message": "rank 64.", "field": "path"}}), "path: rank 64"),
        (httpx.Response(502, text="<html>"), "does not answer"),
    ],
)
def test_a_refusal_is_told_in_the_apis_words(response: httpx.Response, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        over(httpx.MockTransport(lambda request: response)).add("loud", tmp_path, [])


def test_without_a_running_troupe_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="troupe up"):
        running(Settings(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]
