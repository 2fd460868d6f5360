"""Pictures in the chat of a large model: what it is asked, and what becomes of its answers and refusals."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncGenerator

import pytest
from PIL import Image

from core.errors import ModelUnavailable, Overloaded, RequestError, TroupeError
from core.settings import Settings
from serve_apps.engines.choose import start_vision
from serve_apps.engines.vision_chat import DESCRIBE, MOST_QUESTION_CHARS, VisionChat
from serve_apps.results import JSON, Opening
from tests.support.engines import ScriptedEngine
from tests.support.openai_server import openai_server

RED, BLUE = Image.new("RGB", (8, 6), "red"), Image.new("RGB", (8, 6), "blue")


class Eyes(ScriptedEngine):
    """Answers each picture with its colour, or with what `answer` says."""

    def __init__(self) -> None:
        super().__init__([])
        self.answer: tuple[int, str] | None = None

    async def openai(self, path: str, body: bytes) -> AsyncGenerator[Opening | str, None]:
        asked = json.loads(body)
        self.bodies.append(asked)
        status, text = self.answer or (200, json.dumps({"choices": [{"message": {"content": f" {colour(asked)}. "}}]}))
        yield Opening(status=status, media_type=JSON, retry_after_s=3.0 if status == 429 else None)
        yield text[:5]
        yield text[5:]


def colour(asked: dict) -> str:  # type: ignore[type-arg]
    head, _, data = asked["messages"][0]["content"][0]["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return "red" if image.getpixel((0, 0)) == (255, 0, 0) else "blue"


async def test_every_picture_has_the_answer_to_its_own_question() -> None:
    engine = Eyes()
    assert await VisionChat(engine).describe([(RED, None), (BLUE, "Which one?"), (RED, "  ")]) == [
        "red.",
        "blue.",
        "red.",
    ]
    asked = sorted(body["messages"][0]["content"][1]["text"] for body in engine.bodies)
    assert asked == [DESCRIBE, DESCRIBE, "Which one?"]
    assert {body["model"] for body in engine.bodies} == {"script"}


@pytest.mark.parametrize(
    ("status", "text", "kind", "says"),
    [
        (400, '{"error": {"message": "no images here"}}', RequestError, "no images here"),
        (422, "nonsense", RequestError, "422"),
        (429, "{}", Overloaded, "slow down"),
        (503, '{"error": "x"}', ModelUnavailable, "503"),
        (200, "<html>", ModelUnavailable, "502"),
        (200, '{"choices": []}', ModelUnavailable, "502"),
    ],
)
async def test_what_goes_wrong_is_said_in_our_own_terms(
    status: int, text: str, kind: type[TroupeError], says: str
) -> None:
    engine = Eyes()
    engine.answer = (status, text)
    with pytest.raises(kind, match=says):
        await VisionChat(engine).describe([(RED, None)])


def test_an_endless_question_is_refused() -> None:
    VisionChat(Eyes()).check("Who?")
    with pytest.raises(RequestError) as refused:
        VisionChat(Eyes()).check("x" * (MOST_QUESTION_CHARS + 1))
    assert refused.value.field == "question"


async def test_a_remote_vision_model_is_asked_at_the_endpoint() -> None:
    async with openai_server() as server:
        settings = Settings(_env_file=None, openai_base_url=server.url, vlm_model="eyes")  # type: ignore[call-arg]
        engine = await start_vision(settings)
        try:
            assert engine.name == "eyes"
            (said,) = await engine.describe([(RED, "What is it?")])
        finally:
            engine.close()
    assert said == "Hello."
    assert server.bodies[0]["model"] == "eyes"
