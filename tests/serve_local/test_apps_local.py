"""The deployments together in Serve's local testing mode: real handles, real wiring, no cluster, no model."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image
from ray import serve

from core.errors import RequestError
from core.messages import (
    Author,
    ChatMessage,
    Delta,
    DescribeRequest,
    GenerateRequest,
    IncomingMessage,
    Passage,
    ReplyRequest,
    SearchQuery,
    Spoken,
)
from core.settings import Settings
from serve_apps.calls import call
from serve_apps.client import PersonaClient
from serve_apps.clock import now_ms
from serve_apps.llm import Llm
from serve_apps.persona import PersonaApp
from serve_apps.vlm import Vlm
from tests.support.engines import ScriptedEngine

LORE = Passage(id="comet", text="The comet is blue.", score=0.03, source="lore/sky.md")


class OnePassage:
    """Stands for retrieval."""

    async def search(self, query: SearchQuery) -> tuple[Passage, ...]:
        return (LORE,)


async def script(settings: Settings) -> ScriptedEngine:
    return ScriptedEngine(["Hel", "lo."])


def run(name: str, target: Any) -> Any:
    return serve.run(target, name=name, _local_testing_mode=True)


def llm_target() -> Any:
    return serve.deployment(Llm, name="llm").bind(Settings(), script)


async def test_the_llm_deployment_streams_completes_and_tells() -> None:
    handle = run("llm", llm_target())
    asked = GenerateRequest(messages=(ChatMessage(role="user", content="Hi"),))
    chunks = [chunk async for chunk in handle.options(stream=True).generate.remote(asked)]
    assert [chunk.text for chunk in chunks] == ["Hel", "lo."]
    assert chunks[-1].finish_reason == "stop"
    assert (await handle.complete.remote(asked)).text == "Hello."
    assert (await handle.info.remote()).model == "script"
    assert await handle.about.remote() == "script on scripted, 0 requests"


async def test_errors_of_the_engine_arrive_as_they_are() -> None:
    handle = run("llm", llm_target())
    with pytest.raises(RequestError) as caught:
        await call(handle.complete, GenerateRequest(), component="llm")
    assert caught.value.field == "messages"


async def test_a_reply_goes_through_retrieval_and_model() -> None:
    retrieval = serve.deployment(OnePassage, name="retrieval").bind()
    target = serve.deployment(PersonaApp, name="persona").bind(Settings(), retrieval, llm_target())
    client = PersonaClient(run("persona", target))
    message = IncomingMessage(
        id="1", channel_id="5", guild_id=None, author=Author(id="7", name="Mara"), content="Comet?", created_ms=now_ms()
    )
    asked = ReplyRequest(persona_id="elio", message=message, deadline_ms=now_ms() + 10_000)
    events = [event async for event in client.reply(asked)]
    assert all(isinstance(event, Delta) for event in events[:-1])
    assert events[-1] == Spoken(text="Hello.", model="script", passages=(LORE,))


class Eyes:
    """Stands for a vision model: tells the size of each picture, and notes how many came at a time."""

    name = "eyes"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def check(self, question: str | None) -> None:
        if question == "?" * 99:
            raise RequestError("The question is too long.", field="question")

    def answer(self, asked: Sequence[tuple[Image.Image, str | None]]) -> list[str]:
        self.batches.append(len(asked))
        return [f"{image.width} by {image.height}: {question}" for image, question in asked]


async def test_pictures_that_come_together_are_looked_at_together_and_a_bad_one_harms_no_other() -> None:
    eyes = Eyes()
    handle = run("vlm", serve.deployment(Vlm, name="vlm").bind(Settings(), lambda: eyes))
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG")

    def ask(image: bytes, question: str | None = None) -> Any:
        return call(handle.describe, DescribeRequest(image=image, question=question), component="vlm")

    asked = (ask(out.getvalue(), "what?"), ask(b"no picture"), ask(out.getvalue()), ask(out.getvalue(), "?" * 99))
    good, bad, described, long = await asyncio.gather(*asked, return_exceptions=True)
    assert (good.text, good.model) == ("30 by 20: what?", "eyes")
    assert described.text == "30 by 20: None"
    assert (bad.field, long.field) == ("image", "question")
    assert sum(eyes.batches) == 2
    assert await handle.about.remote() == "eyes"
