"""A model under examination: asked through an engine as serving asks it, many questions at once.

The prompt, the token budget, the stop strings, the sampling, the guard and the second attempt at a text that cannot be
used are those of `serve_apps.reply`; only its fallback is left out. How often a text could not be used is counted.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import Overloaded
from core.messages import Author, GenerateRequest, IncomingMessage, Passage
from core.prompts import compose, one_line, system_text
from serve_apps.engines.base import Engine
from serve_apps.guard import Guard, Writing, stop_strings
from serve_apps.reply import MAX_ATTEMPTS_AT_TEXT, TEMPLATE_SLACK, another_attempt
from serve_apps.tokens import TokenCounter
from training.exam import Question
from training.judge import degenerate

AT_ONCE = 32
RETRY_S = (1.0, 2.0, 4.0, 8.0)  # pauses when an endpoint asks to slow down


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said. `ended` is false where it had to be stopped at the longest reply."""

    text: str
    ended: bool

    @property
    def degenerate(self) -> bool:
        """Empty, endless, or in a loop."""
        return degenerate(self.text, ended=self.ended)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn; None for `top_p` takes the model's own. The same seed and question draw the same."""

    max_tokens: int
    temperature: float | None
    top_p: float | None = None
    seed: int = 0


class Candidate:
    """An engine with its sampling. `cast` are the names that may not speak in a reply but the one asked. Of `asked`
    replies, `unusable` texts were thrown away."""

    def __init__(
        self,
        engine: Engine,
        count_tokens: TokenCounter,
        sampling: Sampling,
        *,
        cast: Sequence[str] = (),
        adapter: str | None = None,
        console: Console | None = None,
    ) -> None:
        self.engine, self.sampling, self.adapter = engine, sampling, adapter
        self._count_tokens = count_tokens
        self._cast = tuple(cast)
        self._console = console
        self.asked = self.unusable = 0
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def replies(self, questions: Sequence[Question], label: str = "") -> list[Reply]:
        """One reply per question. Raises what `Engine.generate` raises."""
        columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=self._console is None) as progress:
            task = progress.add_task(label, total=len(questions))

            async def one(number: int, question: Question) -> Reply:
                async with self._slots:
                    reply = await self.reply(question, number)
                progress.advance(task)
                return reply

            return list(await asyncio.gather(*(one(number, question) for number, question in enumerate(questions))))

    async def reply(self, question: Question, number: int = 0) -> Reply:
        """The reply to one question; `number` tells apart those that are worded alike. As in serving, a text that
        cannot be used is written anew."""
        persona = question.persona
        guard = Guard(
            persona=persona.name, others=(question.user, *self._cast), instructions=system_text(persona).split(". ")[0]
        )
        wanted = self._request(question, number)
        self.asked += 1
        for _ in range(MAX_ATTEMPTS_AT_TEXT):
            reply = await self._patiently(wanted, guard)
            if guard.problem(reply.text) is None:
                break
            self.unusable += 1
            wanted = another_attempt(wanted)
        return reply

    async def _patiently(self, wanted: GenerateRequest, guard: Guard) -> Reply:
        pauses = list(RETRY_S)
        while True:
            try:
                return await self._generate(wanted, guard)
            except Overloaded as error:
                if not pauses:
                    raise
                await asyncio.sleep(max(pauses.pop(0), error.retry_after_s))

    def _request(self, question: Question, number: int) -> GenerateRequest:
        window = self._count_tokens.window
        max_tokens = min(self.sampling.max_tokens, window // 2)
        message = IncomingMessage(
            id=str(number),
            channel_id="1",
            guild_id=None,
            author=Author(id="1", name=question.user),
            content=question.line,
            created_ms=0,
        )
        passages = [Passage(id=str(i), text=text, score=0.0, source="") for i, text in enumerate(question.passages)]
        budget = window - max_tokens - TEMPLATE_SLACK
        prompt = compose(question.persona, message, question.history, "", passages, budget, self._count_tokens)
        seed = hashlib.sha256(f"{self.sampling.seed} {number} {question.line}".encode()).digest()
        return GenerateRequest(
            messages=prompt.messages,
            max_tokens=max_tokens,
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            seed=int.from_bytes(seed[:4], "big") % 2**31,
            stop=stop_strings((one_line(question.user),)),
            adapter=self.adapter,
        )

    async def _generate(self, wanted: GenerateRequest, guard: Guard) -> Reply:
        writing = Writing(guard)
        async with aclosing(self.engine.generate(wanted)) as chunks:
            async for chunk in chunks:
                if not writing.add(chunk.text, chunk.finish_reason):
                    break
        return Reply(writing.whole(), writing.ended)
