"""Engines that answer by a rule, to see whether the evaluation tells them apart."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence

import numpy as np

from core.messages import ChatMessage, GenerateChunk, GenerateRequest, Usage
from tests.support.engines import ScriptedEngine
from training.judge import normal
from training.recognise import Vectors
from training.topics import sentences

Rule = Callable[[Sequence[ChatMessage]], str]


class RuleEngine(ScriptedEngine):
    """Says what `rule` makes of the messages."""

    def __init__(self, rule: Rule, *, finish_reason: str = "stop") -> None:
        super().__init__([], finish_reason=finish_reason)
        self.rule, self.reason = rule, finish_reason

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        self.requests.append(request)
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        yield GenerateChunk(text=self.rule(request.messages), model="rule", finish_reason=self.reason, usage=usage)


def parrot(replies: Sequence[str], seed: int = 1) -> Rule:
    """Recites training replies, whatever is asked."""
    rng = random.Random(seed)
    return lambda messages: rng.choice(replies)


def reader(messages: Sequence[ChatMessage]) -> str:
    """Reads: the sentence of the passages that shares the rarest words with the question, and with the first line of
    the talk; with nothing to read it repeats that line. It never admits anything."""
    passages = _passages(messages)
    asked = [set(normal(_line(m))) for m in messages if m.role == "user"]
    told = [(passage, sentence) for passage in passages for sentence in sentences(passage)]
    if not told:
        first = next(_line(m) for m in messages if m.role == "user")
        return f"I still think of what you said: {first}"
    often = Counter(word for passage in passages for word in set(normal(passage)))

    def weight(words: set[str], text: str) -> float:
        return sum(1 / often[word] ** 2 for word in words & set(normal(text)))

    said = " ".join(m.content for m in messages if m.role == "assistant")
    best = max(
        told,
        key=lambda pair: (
            weight(asked[-1], pair[1])
            + 0.8 * weight(asked[-1], pair[0])
            + (3 * weight(asked[0], pair[0]) if len(asked) > 1 else 0)
            - (0.3 if pair[1] in said else 0)
        ),
    )
    return best[1]


def doubter(messages: Sequence[ChatMessage]) -> str:
    """Reads, and says every time that it does not know."""
    return f"I do not know that. I only know this: {reader(messages)}"


def reciter(messages: Sequence[ChatMessage]) -> str:
    """Says everything it is given."""
    return " ".join(_passages(messages)) or "I say nothing."


def _passages(messages: Sequence[ChatMessage]) -> list[str]:
    return re.findall(r"^- (.*)$", messages[-1].content, re.MULTILINE)


def _line(message: ChatMessage) -> str:
    """What a person says, without their name and what is to be read."""
    return message.content.split("\n<lore>")[0].split(": ", 1)[-1]


def denier(messages: Sequence[ChatMessage]) -> str:
    """Never knows anything."""
    return "I do not know that, friend."


def by_words(texts: Sequence[str]) -> Vectors:
    """Vectors of hashed words, [texts, 512], of length one: tells manners apart without a model."""
    vectors = np.zeros((len(texts), 512), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            vectors[row, sum(ord(c) * 31**i for i, c in enumerate(word)) % 512] += 1
    return vectors / np.maximum(1e-9, np.linalg.norm(vectors, axis=1, keepdims=True))
