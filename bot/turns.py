"""The turns under way in this process: each message is taken once, and not more of them than fit."""

from __future__ import annotations

import asyncio
import logging

import discord

from actors.virtual import Actors
from bot.replies import Adopt, Outcome, Pace, Reply
from bot.webhooks import Place, Voices
from core.errors import Overloaded, RequestError, TroupeError
from core.messages import IncomingMessage

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


class Turns:
    """Carries messages to their channel actor and the replies back."""

    def __init__(self, actors: Actors, voices: Voices, pace: Pace, *, limit: int, patience_s: float = 300.0) -> None:
        """At most `limit` turns at once. A turn whose actor does not answer is tried again for `patience_s`."""
        self._actors, self._voices, self._pace = actors, voices, pace
        self._limit, self._patience_s = limit, patience_s
        self._replies: dict[str, Reply] = {}
        self._tasks: dict[str, asyncio.Task[object]] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._replies)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._replies

    async def take(self, message: IncomingMessage, place: Place, adopt: Adopt | None = None) -> Outcome | None:
        """Have `message` answered in `place`, if its channel's cast has an answer. Never raises for a failed turn.

        None where nothing came of it: the message is being answered already, or the turn failed and stays open, to be
        taken up again after the next connect. Raises Overloaded past the limit.
        """
        if message.id in self._replies:
            return None
        if len(self._replies) >= self._limit:
            raise Overloaded(f"{self._limit} messages are being answered already.", retry_after_s=5.0)
        channel = message.channel_id

        async def posted(reply_id: str) -> None:
            await self._actors.call("channel", channel, "posted", message.id, reply_id)

        reply = Reply(self._voices, place, message.id, posted, self._pace, adopt)
        self._replies[message.id] = reply
        if task := asyncio.current_task():
            self._tasks[message.id] = task
        self._idle.clear()
        try:
            return await self._see_through(message, reply)
        except discord.HTTPException as error:
            log.error("[DISCORD] the answer to %s in channel %s failed: %s", message.id, channel, error)
            if 400 <= error.status < 500 and error.status != 429:
                # No permission, no such channel: asking again would be refused again.
                await self.give_up(message, error.text)
        except TroupeError as error:
            log.error("[ACTOR] no answer to %s in channel %s: %s", message.id, channel, error)
        except Exception:
            log.exception("[ACTOR] the turn of message %s in channel %s failed", message.id, channel)
        finally:
            del self._replies[message.id]
            self._tasks.pop(message.id, None)
            if not self._replies:
                self._idle.set()
        return None

    def stop(self, message_id: str) -> None:
        """The message is gone: end its reply where it stands."""
        if reply := self._replies.get(message_id):
            reply.stop()

    async def drain(self, timeout_s: float) -> None:
        """Wait until no turn is under way, for at most `timeout_s`."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            log.warning("[DISCORD] %d turns are left open; they go on after the next start", len(self))

    async def cancel(self) -> None:
        """End all turns at once. They stay open in their actors."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def give_up(self, message: IncomingMessage, reason: str) -> None:
        """Close a turn that cannot be delivered. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", message.channel_id, "abandon", message.id, reason)
        except TroupeError as error:
            # At worst the turn is tried, and found to be without a place, once more after the next connect.
            log.warning("[ACTOR] the turn of message %s stays open: %s", message.id, error)

    async def _see_through(self, message: IncomingMessage, reply: Reply) -> Outcome:
        """Stream, record and, where the actors are away for a while, try again. The actor makes this idempotent."""
        end = asyncio.get_running_loop().time() + self._patience_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                outcome = await reply.render(self._actors.stream("channel", message.channel_id, "turn", message))
                if outcome is Outcome.SPOKEN:
                    await self._actors.call("channel", message.channel_id, "delivered", message.id, reply.reply_ids)
                elif outcome is Outcome.STOPPED:
                    await self.give_up(message, "the question or its answer was deleted")
                return outcome
            except RequestError:
                raise
            except TroupeError as error:
                wait_s = max(pause, getattr(error, "retry_after_s", 0.0))
                if asyncio.get_running_loop().time() + wait_s > end:
                    raise
                log.info("[ACTOR] the turn of message %s goes on in %.1f s: %s", message.id, wait_s, error)
                await asyncio.sleep(wait_s)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
