"""Long-term memory as the rest sees it: lines go in, what has to do with a message comes out.

It finds out what of a line is worth keeping, asks each author's wish, and knows which scopes to ask; the scopes keep
the items (`actors.memory`). Stateless but for the vectors of the judge's own sentences, so every process has one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from cachetools import TTLCache

from actors import member, memory
from actors.memory_scopes import Saying, guild_scope, home, person_scope, readable_from, written_to
from actors.memory_shelf import Echo, Found, Item, MemoryRules, Question, best, make_item
from actors.memory_worth import Embed, Judge, Worthy
from actors.virtual import Calls
from core.discretion import is_private
from core.errors import RequestError, TroupeError
from core.messages import IncomingMessage, Memory, MemoryMode
from core.prompts import one_line
from core.wording import Wording

log = logging.getLogger(__name__)

RECALL_S = 0.5  # a reply waits no longer for what is remembered
WRITE_S = 10.0
EMPTY_S, EMPTY_SCOPES = 5.0, 10_000  # a scope that was found empty is not asked again so soon; most are
MAX_CHARS = 1000  # of a message that is looked for; as retrieval does, so that both ask for the same vector


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is remembered that has to do with a message, best first, and the message's embedding where it was needed."""

    memories: tuple[Memory, ...] = ()
    vector: tuple[float, ...] | None = None


class LongTermMemory:
    """Asks the memory and member actors. `embed` gives vectors of length one."""

    def __init__(self, actors: Calls, embed: Embed, rules: MemoryRules) -> None:
        self._actors = actors
        self._embed = embed
        self._rules = rules
        self._judge = Judge(embed)
        self._empty: TTLCache[str, bool] = TTLCache(EMPTY_SCOPES, EMPTY_S)
        self._written = 0  # how often something was, from this process

    async def remember(self, sayings: Sequence[Saying], mode: MemoryMode = "on") -> frozenset[str]:
        """Keeps what of these lines, all of one server with this `mode`, is worth it, durably; returns whose lines were
        not, since they do not want that. To be repeated where it fails: it raises TroupeError, and what was kept until
        then is not kept twice."""
        for saying in sayings:
            if saying.withdrawn:
                await self._withdraw(saying)
            elif saying.taken_back:
                await self._actors.call(memory.KIND, home(saying.guild_id, saying.channel_id), "unecho", _echo(saying))
        reactions = [saying for saying in sayings if saying.reaction and not saying.taken_back]
        asked = [*(saying for saying in sayings if saying.text or saying.reply_to), *reactions]
        welcome = await self._welcome(asked, mode)
        told = [saying for saying in welcome if saying.text]
        found = await self._judge.worthy([saying.text for saying in told])
        items: dict[str, list[Item]] = defaultdict(list)
        for saying, worthy in zip(told, found, strict=True):
            for number, one in enumerate(worthy):
                for scope in written_to(saying, about_themselves=one.kind == "self"):
                    items[scope].append(make_item(saying, one, number))
        await asyncio.gather(*(self._write(scope, "remember", tuple(some)) for scope, some in items.items()))
        for saying in welcome:
            heard = saying.message_id if saying.reaction else saying.reply_to
            if heard is not None:
                await self._write(home(saying.guild_id, saying.channel_id), "echo", heard, _echo(saying))
        return frozenset(saying.author_id for saying in asked) - {saying.author_id for saying in welcome}

    async def teach(self, guild_id: str, saying: Saying) -> str:
        """Keeps a sentence for a whole server, as it is; returns it. Whoever asks for that has been found to manage the
        server. Raises RequestError where it says nothing or is private, and TroupeError."""
        text = one_line(saying.text)
        if len(text.split()) < 2:
            raise RequestError(Wording("refused-teach", "Say it in a sentence."), field="text")
        if is_private(text):
            raise RequestError(
                Wording("refused-teach-private", "That is private, or nothing for everybody here: it is not kept."),
                field="text",
            )
        vector = (await self._judge.vectors([text]))[0]
        item = make_item(saying, Worthy(text, "taught", vector), 0)
        await self._write(guild_scope(guild_id), "remember", (item,))
        return text

    async def recall(self, message: IncomingMessage, *, without: Collection[str] = ()) -> Recalled:
        """What is remembered that has to do with a message, for whoever answers it; nothing of the messages `without`.
        Never raises: where something fails or takes RECALL_S, nothing is remembered."""
        line = one_line(message.content)[:MAX_CHARS]
        scopes = [scope for scope in readable_from(message) if scope not in self._empty]
        if self._rules.limit < 1 or len(line.split()) < 2 or not scopes:
            return Recalled()
        vector: tuple[float, ...] | None = None
        try:
            async with asyncio.timeout(RECALL_S):
                vector = tuple((await self._embed([line]))[0])
                found = await self._found(message, line, vector, scopes, frozenset({message.id, *without}))
        except Exception as error:  # a reply without memories is one too
            log.warning("[MEMORY] message %s is answered without memories: %r", message.id, error)
            return Recalled(vector=vector)
        memories = tuple(
            Memory(
                id=one.item.id,
                speaker="" if one.item.kind == "taught" else one.item.speaker,
                text=one.item.text,
                at_ms=one.item.said_ms,
                channel_id="" if one.item.kind == "taught" else one.item.channel_id,
                score=one.score,
            )
            for one in found
        )
        return Recalled(memories, vector)

    async def read_ahead(self, message: IncomingMessage) -> None:
        """Has the scopes in memory that a message to come may be answered from. Never raises."""
        scopes = [scope for scope in readable_from(message) if scope not in self._empty]
        try:
            async with asyncio.timeout(RECALL_S):
                await asyncio.gather(*(self._actors.call(memory.KIND, scope, "read") for scope in scopes))
        except (TroupeError, TimeoutError) as error:
            log.debug("[MEMORY] nothing is read ahead: %r", error)

    async def _found(
        self,
        message: IncomingMessage,
        line: str,
        vector: Sequence[float],
        scopes: Sequence[str],
        without: frozenset[str],
    ) -> tuple[Found, ...]:
        question = Question(
            text=line,
            vector=np.asarray(vector, np.float32).tobytes(),
            asker_id=message.author.id,
            now_ms=message.created_ms,
            without=without,
        )
        found = await asyncio.gather(*(self._found_in(scope, question) for scope in scopes))
        return best((one for some in found for one in some), self._rules.limit)

    async def _found_in(self, scope: str, question: Question) -> tuple[Found, ...]:
        written = self._written
        found: tuple[Found, ...] | None = await self._actors.call(
            memory.KIND, scope, "recall", question, timeout_s=RECALL_S
        )
        if found is None and written == self._written:
            self._empty[scope] = True
        return found or ()

    async def _withdraw(self, saying: Saying) -> None:
        """Forgets what was kept of a message, its channel's scope last: that one knows where else to look, also where
        this is done again since it failed on the way."""
        own = home(saying.guild_id, saying.channel_id)
        scopes: tuple[str, ...] = ()
        if saying.guild_id is not None and saying.author_id:
            scopes = (person_scope(saying.guild_id, saying.author_id),)
        elif saying.guild_id is not None:
            scopes = await self._actors.call(memory.KIND, own, "copies", saying.guild_id, saying.message_id)
        for scope in (*scopes, own):
            await self._actors.call(memory.KIND, scope, "forget_message", saying.message_id)

    async def _welcome(self, sayings: Sequence[Saying], mode: MemoryMode) -> list[Saying]:
        """The lines of those who want to be remembered there, where anybody may be."""
        if mode == "off":
            return []
        asked = list({(saying.author_id, saying.guild_id) for saying in sayings})
        wishes = await asyncio.gather(
            *(
                self._actors.call(member.KIND, author, "is_remembered", guild, mode == "opt_in")
                for author, guild in asked
            )
        )
        wanted = {who for who, wish in zip(asked, wishes, strict=True) if wish}
        return [saying for saying in sayings if (saying.author_id, saying.guild_id) in wanted]

    async def _write(self, scope: str, method: str, *args: object) -> None:
        deadline_ms = time.time_ns() // 1_000_000 + int(WRITE_S * 1000)
        try:
            # Longer than the deadline: when this gives up, the actor has written or never will.
            await self._actors.call(memory.KIND, scope, method, *args, deadline_ms, timeout_s=WRITE_S + 8.0)
        finally:
            self._written += 1
            self._empty.pop(scope, None)


def _echo(saying: Saying) -> Echo:
    return Echo(message_id=saying.message_id, author_id=saying.author_id, reaction=saying.reaction)
