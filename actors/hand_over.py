"""How a channel's lines come into long-term memory: in the background, some at a time, never before a reply.

The channel's outbox is in its document, so a line that was heard is handed over whoever dies in between; a line that is
handed over twice is known by its message id. Whoever forgets a person first has nothing of theirs under way
(`nothing_under_way`), and then has long-term memory forget them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from actors.channel_document import ChannelDocument
from actors.host import VirtualActor
from actors.long_term import LongTermMemory
from core.errors import TroupeError, Unavailable
from core.messages import MemoryMode

log = logging.getLogger(__name__)

AT_ONCE = 20
PAUSES_S = (2.0, 10.0, 60.0)  # after failures in a row; then the channel's next line begins anew
ARRIVAL_S = 20.0


class HandOver:
    """Empties the outbox of one channel."""

    gather_s = 10.0  # so that the lines of a conversation go together

    def __init__(
        self,
        channel: VirtualActor[ChannelDocument],
        memory: LongTermMemory,
        mode: Callable[[str | None], Awaitable[MemoryMode]],
    ) -> None:
        """`mode` tells whose words may be kept on a server now."""
        self._channel, self._memory, self._mode = channel, memory, mode
        self._task: asyncio.Task[None] | None = None
        self._under_way: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """There is something in the outbox."""
        if self._task is None or self._task.done():
            self._task = self._channel.background(self._run())

    async def nothing_under_way(self) -> None:
        """Returns once no line is between the outbox and long-term memory. To be called in the channel's exclusive
        section, in which none can set out. Raises Unavailable where that takes too long."""
        if self._under_way is not None and not self._under_way.done():
            await asyncio.wait([self._under_way], timeout=ARRIVAL_S)
            if not self._under_way.done():
                raise Unavailable(
                    "Something is still on its way into memory. Try again in a minute.", component="memory"
                )

    async def _run(self) -> None:
        await asyncio.sleep(self.gather_s)
        failures = 0
        while failures <= len(PAUSES_S):
            async with self._channel.exclusive():
                state = self._channel.document.state
                lines, guild_id = tuple(state.outbox[:AT_ONCE]), state.guild_id or None
                if not lines:
                    return
                self._under_way = asyncio.get_running_loop().create_future()
            unwelcome: frozenset[str] = frozenset()
            try:
                unwelcome = await self._memory.remember(lines, await self._mode(guild_id))
            except TroupeError as error:
                log.warning("[MEMORY] lines of channel %s wait: %s", self._channel.key, error)
                failures += 1
            else:
                failures = 0
            finally:
                self._under_way.set_result(None)
            if failures:
                await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])
                continue
            async with self._channel.exclusive() as section:
                section.durable = False  # a line that is handed over again does no harm
                state = self._channel.document.state
                state.handed_over(lines)
                state.unwelcome(unwelcome)
