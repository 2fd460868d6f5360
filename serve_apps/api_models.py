"""The bodies of the HTTP API. Unknown keys and wrong types are refused, so that a typo is an error, not a default."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from serve_apps.engines.base import MAX_STOP_STRINGS

MAX_TEXT = 100_000

Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Speech = Annotated[str, StringConstraints(min_length=1, max_length=8_000)]


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except binascii.Error:
        raise ValueError("this is no base64") from None


Base64 = Annotated[bytes, BeforeValidator(_decoded), Field(min_length=1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MessageBody(_Body):
    """One message of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, StringConstraints(max_length=MAX_TEXT)]


class GenerateBody(_Body):
    """POST /llm/generate: a raw `prompt`, or `messages` for the model's chat template."""

    prompt: Text | None = None
    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=256)] | None = None
    max_tokens: int = Field(default=256, ge=1, le=8192)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    stop: Short | Annotated[list[Short], Field(max_length=MAX_STOP_STRINGS)] = Field(default_factory=list)
    stream: bool = False
    adapter: Short | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> GenerateBody:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either `prompt` or `messages`")
        return self


class AdapterBody(_Body):
    """POST /llm/adapters: a folder on the machine of the language model, and the personas that speak with it."""

    name: Short
    path: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    personas: Annotated[list[Short], Field(max_length=200)] = Field(default_factory=list)


class EmbedBody(_Body):
    """POST /embed."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=256)]


class SearchBody(_Body):
    """POST /rag/search."""

    query: Speech
    limit: int = Field(default=3, ge=1, le=20)


class DescribeBody(_Body):
    """POST /vlm/describe: a link to a picture, or the picture itself in base64."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] | None = None
    image: Base64 | None = None
    question: Short | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> DescribeBody:
        if (self.url is None) == (self.image is None):
            raise ValueError("give either `url` or `image`")
        return self


class TurnBody(_Body):
    """An earlier line of the conversation. `persona` is set where a persona said it."""

    speaker: Short = "someone"
    text: Speech
    persona: Short | None = None


class ReplyBody(_Body):
    """POST /persona/reply. Without a `persona` the pack's default one answers."""

    message: Speech
    persona: Short | None = None
    speaker: Short = "someone"
    history: Annotated[list[TurnBody], Field(max_length=200)] = Field(default_factory=list)
    stream: bool = False
