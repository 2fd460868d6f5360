"""Bad requests made from the OpenAPI document: each is refused, by a status below 500, and the API lives on.

What vLLM's own protocol classes read is sent to the real engine in `tests/cluster/test_openai.py`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from serve_apps.api import create_app
from tests.support.api_world import World, backends_of

EXAMPLES = 150  # per route
SEEN: Counter[int] = Counter()
WHOLE = schemathesis.openapi.from_asgi("/openapi.json", create_app(backends_of(World())))
SCHEMA = WHOLE.include(method="POST").exclude(path=["/v1/chat/completions", "/v1/completions"])
ROUTES = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.label)
def test_a_bad_request_is_refused(route: Any) -> None:
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=route.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def refused(case: schemathesis.Case[Any]) -> None:
        answer = case.call()
        SEEN[answer.status_code] += 1
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)

    refused()


def test_these_were_a_thousand() -> None:
    assert sum(SEEN.values()) > 1000
    assert sum(times for status, times in SEEN.items() if status >= 400) > 900
