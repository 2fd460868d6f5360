"""The trace of a message."""

from __future__ import annotations

import re

import pytest

from core.tracing import trace_id, traceparent_of


def test_a_message_has_one_trace_however_often_it_is_taken_up() -> None:
    context = traceparent_of("123")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", context)
    assert traceparent_of("123") == context != traceparent_of("124")
    assert trace_id(context) == context[3:35]


@pytest.mark.parametrize("context", [None, "", "00-12-34-01", "00-" + "g" * 32 + "-" + "0" * 16 + "-01"])
def test_what_is_no_context_has_no_trace(context: str | None) -> None:
    assert trace_id(context) == ""
