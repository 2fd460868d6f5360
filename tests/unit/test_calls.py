"""What the failures of Serve's transport are told as."""

from __future__ import annotations

import grpc
import pytest

from core.errors import ModelUnavailable, Unavailable
from serve_apps import names
from serve_apps.calls import translate


@pytest.mark.parametrize(
    ("component", "kind"), [(names.LLM, ModelUnavailable), (names.PERSONA, Unavailable), (names.VLM, ModelUnavailable)]
)
def test_a_connection_that_broke_means_that_nobody_answers(component: str, kind: type[Unavailable]) -> None:
    broken = grpc.aio.AioRpcError(
        grpc.StatusCode.INTERNAL, grpc.aio.Metadata(), grpc.aio.Metadata(), details="Received RST_STREAM"
    )
    told = translate(broken, component)
    assert type(told) is kind
    assert told.component == component


def test_an_error_that_is_not_the_transports_is_left_to_who_made_it() -> None:
    assert translate(ValueError("no"), names.LLM) is None
