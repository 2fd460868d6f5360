"""Streams of generated text: all at once, and in fewer pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack

import pytest

from core.messages import GenerateChunk, Usage
from serve_apps.results import EVENTS, Opening, Pace, joined, together, whole

USAGE = Usage(prompt_tokens=3, completion_tokens=4)


async def stream(*texts: str, pause_s: float = 0.0, ends: bool = True) -> AsyncGenerator[GenerateChunk, None]:
    for text in texts:
        await asyncio.sleep(pause_s)
        yield GenerateChunk(text=text, model="m")
    if ends:
        yield GenerateChunk(text="!", model="m", finish_reason="stop", usage=USAGE)


async def texts(chunks: AsyncGenerator[GenerateChunk, None]) -> list[str]:
    return [chunk.text async for chunk in chunks]


async def test_a_fast_stream_comes_in_fewer_chunks() -> None:
    assert await texts(together(stream("a", "b", "c"), lambda: 60)) == ["a", "bc!"]


async def test_a_slow_stream_stays_as_it_is() -> None:
    assert await texts(together(stream("a", "b", "c", pause_s=0.02), lambda: 0.01)) == ["a", "b", "c", "!"]


OPENING = Opening(status=200, media_type=EVENTS)
ROLE = 'data: {"delta":{"role":"assistant","content":""}}'

ROLE_AND_TEXT = 'data: {"delta":{"role":"assistant","content":"Hi"}}'


async def answer(*pieces: str) -> AsyncGenerator[Opening | str, None]:
    yield OPENING
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(
    ("pieces", "sent"),
    [
        ((ROLE, "a", "b", "c"), (ROLE + "a", "bc")),
        (("a", "b", "c"), ("a", "bc")),
        ((r'{"content":"\"role\":\"assistant\""}', "b"), (r'{"content":"\"role\":\"assistant\""}', "b")),
        ((ROLE,), (ROLE,)),
        ((ROLE, ROLE, ROLE), (ROLE + ROLE, ROLE)),  # it thinks before it says a word
        ((ROLE_AND_TEXT, ROLE_AND_TEXT), (ROLE_AND_TEXT, ROLE_AND_TEXT)),
    ],
)
async def test_the_first_text_of_an_answer_over_http_does_not_wait(
    pieces: tuple[str, ...], sent: tuple[str, ...]
) -> None:
    assert [piece async for piece in joined(answer(*pieces), lambda: 60)] == [OPENING, *sent]


def test_many_streams_send_less_often() -> None:
    pace = Pace(0.03, 100)
    with pace.stream() as every_s:
        assert every_s() == 0.03
        with ExitStack() as others:
            for _ in range(63):
                others.enter_context(pace.stream())
            assert every_s() == 0.64
        assert every_s() == 0.03


async def test_the_last_chunk_keeps_its_facts() -> None:
    last = [chunk async for chunk in together(stream("a", "b"), lambda: 60)][-1]
    assert last == GenerateChunk(text="b!", model="m", finish_reason="stop", usage=USAGE)


async def test_leaving_closes_the_source() -> None:
    source = stream("a", "b")
    chunks = together(source, lambda: 0.0)
    await anext(chunks)
    await chunks.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_the_whole_text_and_its_usage() -> None:
    done = await whole(stream("a", "b"))
    assert (done.text, done.model, done.finish_reason, done.usage) == ("ab!", "m", "stop", USAGE)


async def test_a_stream_without_an_end_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="without a last chunk"):
        await whole(stream("a", ends=False))
