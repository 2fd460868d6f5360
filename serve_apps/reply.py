"""A persona answers: retrieve, compose, generate, guard; and when no model answers, speak from the lore alone."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.errors import ConfigError, DeadlineExceeded, Overloaded, RequestError, TroupeError, Unavailable
from core.messages import Delta, GenerateChunk, GenerateRequest, Passage, ReplyRequest, SearchQuery, Spoken
from core.personas import Pack, Persona
from core.prompts import compose, one_line, system_text
from serve_apps.breaker import Breaker
from serve_apps.clock import now_ms, remaining_s
from serve_apps.guard import Guard, Writing, first_sentences, stop_strings
from serve_apps.tokens import TokenCounter

logger = logging.getLogger(__name__)

FALLBACK_MODEL = "fallback"
WARMER = 0.8  # the least temperature of a further attempt
TEMPLATE_SLACK = 8  # tokens kept free between prompt and reply
MAX_QUERY_CHARS = 1000  # of a line that lore is searched for
MAX_ATTEMPTS_AT_TEXT = 3  # a text that cannot be used is written anew twice

# Both raise TroupeError.
Search = Callable[[SearchQuery], Awaitable[tuple[Passage, ...]]]
Generate = Callable[[GenerateRequest], AsyncGenerator[GenerateChunk, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOptions:
    """How replies are made. Times in seconds, lengths in tokens."""

    max_tokens: int
    temperature: float | None
    passages: int
    deadline_s: float
    search_timeout_s: float = 1.5
    delta_every_s: float = 0.1
    fallback_margin_s: float = 0.4
    retry_pause_s: tuple[float, float] = (0.1, 1.0)


class PersonaService:
    """Replies as any persona of one pack. Holds no state between replies."""

    def __init__(
        self, pack: Pack, options: ReplyOptions, count_tokens: TokenCounter, search: Search, generate: Generate
    ) -> None:
        self._pack = pack
        self._options = options
        self._count_tokens = count_tokens
        self._search = search
        self._generate = generate
        self.breaker = Breaker()

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Delta | Spoken, None]:
        """Deltas while the model writes, then one Spoken with the whole reply, before the request's deadline.

        A model that dies in the middle is asked again, and the deltas go on where the new text agrees with the old; the
        Spoken counts in every case. One that stays away is not waited for any more (`breaker`). Raises UnknownPersona,
        and nothing else that a model or retrieval may do.
        """
        persona = self._pack.persona(request.persona_id)
        deadline_ms = request.deadline_ms or now_ms() + int(self._options.deadline_s * 1000)
        deadline_ms -= int(self._options.fallback_margin_s * 1000)
        passages = await self._passages(request, deadline_ms)
        try:
            wanted = self._compose(persona, request, passages, deadline_ms)
        except RequestError as error:
            logger.warning("[PERSONA] message %s: %s", request.message.id, error)
            yield self._fallback(persona, request, passages)
            return
        if not self.breaker.allows():
            yield self._fallback(persona, request, passages)
            return
        draft = _Draft(self._guard(persona, request))
        pause, longest = self._options.retry_pause_s
        while draft.unusable < MAX_ATTEMPTS_AT_TEXT:
            try:
                async with aclosing(self._attempt(wanted, draft)) as deltas:
                    async for delta in deltas:
                        yield delta
            except (Unavailable, Overloaded) as error:
                if isinstance(error, Unavailable):
                    self.breaker.failed()
                logger.info("[PERSONA] message %s waits for the model: %s", request.message.id, error)
                left = remaining_s(deadline_ms) or 0.0
                if left <= pause:
                    break
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
                continue
            except DeadlineExceeded:
                if not draft.model:  # not a word of it came
                    self.breaker.failed()
                break
            except (RequestError, ConfigError) as error:  # asking again would not help
                logger.error("[PERSONA] message %s: %s", request.message.id, error)
                break
            if draft.spoken is not None:
                yield Spoken(text=draft.spoken, model=draft.model, passages=passages)
                return
            wanted = another_attempt(wanted)
        yield self._fallback(persona, request, passages)

    async def _passages(self, request: ReplyRequest, deadline_ms: int) -> tuple[Passage, ...]:
        """The lore for the message, and where it brings none ("and what color is it?") for the line before it, too.
        Nothing where retrieval fails or is slow, since a reply without lore is one too."""
        line = one_line(request.message.content)[:MAX_QUERY_CHARS]
        if self._options.passages == 0 or not line:
            return ()
        before = next((one_line(turn.text) for turn in reversed(request.history) if not turn.persona_id), "")
        soon = min(deadline_ms, now_ms() + int(self._options.search_timeout_s * 1000))
        query = SearchQuery(
            text=line,
            limit=self._options.passages,
            pack=self._pack.id,
            guild_id=request.message.guild_id,
            deadline_ms=soon,
            traceparent=request.traceparent,
        )
        try:
            async with asyncio.timeout(remaining_s(soon)):
                found = await self._search(query)
                if found or not before:
                    return found
                return await self._search(replace(query, text=f"{before[:MAX_QUERY_CHARS]} {line}"))
        except (TroupeError, TimeoutError) as error:
            logger.warning("[RAG] message %s is answered without lore: %r", request.message.id, error)
            return ()

    def _compose(
        self, persona: Persona, request: ReplyRequest, passages: tuple[Passage, ...], deadline_ms: int
    ) -> GenerateRequest:
        window = self._count_tokens.window
        max_tokens = min(self._options.max_tokens, window // 2)
        budget = window - max_tokens - TEMPLATE_SLACK
        prompt = compose(
            persona, request.message, request.history, request.summary, passages, budget, self._count_tokens
        )
        if prompt.dropped:
            logger.debug("[PERSONA] message %s: dropped %s", request.message.id, ", ".join(prompt.dropped))
        return GenerateRequest(
            messages=prompt.messages,
            max_tokens=max_tokens,
            temperature=self._options.temperature,
            seed=_number(request.message.id) % 2**31,
            stop=stop_strings(_names(request)),
            persona_id=persona.id,
            deadline_ms=deadline_ms,
            traceparent=request.traceparent,
        )

    async def _attempt(self, wanted: GenerateRequest, draft: _Draft) -> AsyncGenerator[Delta, None]:
        """One generation. Leaves the text in `draft.spoken` where it can be used, else counts it as unusable."""
        writing = Writing(draft.guard)
        shown_at = time.monotonic()
        async with aclosing(self._generate(wanted)) as chunks:
            async for chunk in chunks:
                draft.model = chunk.model
                self.breaker.succeeded()
                wants_more = writing.add(chunk.text, chunk.finish_reason)
                if time.monotonic() - shown_at >= self._options.delta_every_s and (more := draft.show(writing.text)):
                    shown_at = time.monotonic()
                    yield Delta(text=more)
                if not wants_more:
                    break
        text = writing.whole()
        problem = draft.guard.problem(text)
        if problem is None:
            draft.spoken = text
        else:
            draft.unusable += 1
            logger.info("[PERSONA] a reply of %s cannot be used: %s", draft.model, problem)

    def _guard(self, persona: Persona, request: ReplyRequest) -> Guard:
        opening = system_text(persona).split(". ")[0]
        others = tuple(dict.fromkeys([*_names(request), *(other.name for other in self._pack.personas)]))
        return Guard(persona=persona.name, others=others, instructions=opening)

    def _fallback(self, persona: Persona, request: ReplyRequest, passages: tuple[Passage, ...]) -> Spoken:
        """A line in the persona's voice without a model: the same one for the same message."""
        choice = _number(request.message.id)
        if passages:
            template = persona.fallback_lore[choice % len(persona.fallback_lore)]
            text = template.replace("{lore}", first_sentences(passages[0].text))
        else:
            text = persona.fallback_plain[choice % len(persona.fallback_plain)]
        return Spoken(text=text, model=FALLBACK_MODEL, fallback=True, passages=passages)


def another_attempt(wanted: GenerateRequest) -> GenerateRequest:
    """The request for a text after one that could not be used: with more chance in it, since a model that is sure of
    its words falls into the same loop again."""
    warmer = max(wanted.temperature or 0.0, WARMER)
    return replace(wanted, seed=((wanted.seed or 0) + 1) % 2**31, temperature=warmer)


class _Draft:
    """What is known of the reply so far, over all attempts."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.model = ""
        self.shown = ""
        self.unusable = 0
        self.spoken: str | None = None

    def show(self, text: str) -> str:
        """What to append to the text shown so far; nothing while this attempt is not longer or says something else."""
        if len(text) <= len(self.shown) or not text.startswith(self.shown):
            return ""
        more = text[len(self.shown) :]
        self.shown = text
        return more


def _names(request: ReplyRequest) -> tuple[str, ...]:
    people = [request.message.author.name, *(turn.speaker for turn in reversed(request.history) if not turn.persona_id)]
    return tuple(dict.fromkeys(one_line(name) for name in people if one_line(name)))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
