"""The turns under way in this process: each message is taken once, and not more of them than fit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import discord

from actors.virtual import Actors
from bot.replies import Adopt, Outcome, Pace, Reply
from bot.webhooks import Place, Voices
from core.errors import Overloaded, RequestError, TroupeError
from core.messages import IncomingMessage, Lease, Spoken
from core.tasks import end

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


@dataclass(frozen=True, slots=True)
class _Posts:
    """The posts of one turn, as its channel actor keeps book of them."""

    actors: Actors
    message: IncomingMessage

    async def lease(self, holder: str, revision: int) -> Lease:
        """See ChannelActor.lease."""
        lease: Lease = await self.actors.call(
            "channel", self.message.channel_id, "lease", self.message.id, holder, revision
        )
        return lease

    async def posted(self, reply_id: str) -> None:
        """See ChannelActor.posted."""
        await self.actors.call("channel", self.message.channel_id, "posted", self.message.id, reply_id)


class Turns:
    """Carries messages to their channel actor and the replies back."""

    def __init__(
        self,
        actors: Actors,
        voices: Voices,
        pace: Pace,
        *,
        limit: int,
        patience_s: float = 300.0,
        join_bursts: bool = True,
        with_buttons: bool = False,
        spent: Callable[[IncomingMessage, Spoken], None] | None = None,
    ) -> None:
        """At most `limit` turns at once. A turn whose actor does not answer is tried again for `patience_s`.

        With `join_bursts`, a message may join the answer to what its author wrote before, while nothing of that was
        posted. `with_buttons` puts Stop and Regenerate below the replies. `spent` is told each answer that was given.
        """
        self._actors, self._voices, self._pace = actors, voices, pace
        self._limit, self._patience_s = limit, patience_s
        self._join_bursts, self._with_buttons = join_bursts, with_buttons
        self._spent = spent
        self._messages: dict[str, IncomingMessage] = {}
        self._replies: dict[str, Reply] = {}
        self._tasks: dict[str, asyncio.Task[object]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        # Per channel the id after which messages did not reach their actor; `bot.recovery` reads on from there.
        self.lost_after: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._replies)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._replies

    async def take(self, message: IncomingMessage, place: Place, adopt: Adopt | None = None) -> Outcome | None:
        """Have `message` answered in `place`, if its channel's cast has an answer. Never raises for a failed turn.

        None where nothing came of it: the message is being answered already, or the turn failed and stays open, to be
        taken up again later (`bot.recovery`). Raises Overloaded past the limit.
        """
        if message.id in self._replies:
            return None
        if len(self._replies) >= self._limit:
            raise Overloaded(f"{self._limit} messages are being answered already.", retry_after_s=5.0)
        channel = message.channel_id
        outcome: Outcome | None = None
        unsent = self._unsent(message)
        posts = _Posts(self._actors, message)
        reply = Reply(self._voices, place, message.id, posts, self._pace, adopt, with_buttons=self._with_buttons)
        self._replies[message.id], self._messages[message.id] = reply, message
        if task := asyncio.current_task():
            self._tasks[message.id] = task
        self._idle.clear()
        following: IncomingMessage | None = None
        try:
            outcome, following = await self._see_through(message, reply, unsent)
            if self._spent is not None and outcome is Outcome.SPOKEN and reply.spoken is not None:
                self._spent(message, reply.spoken)
        except discord.HTTPException as error:
            log.error("[DISCORD] the answer to %s in channel %s failed: %s", message.id, channel, error)
            if 400 <= error.status < 500 and error.status != 429:
                # No permission, no such channel: asking again would be refused again.
                await self.give_up(message, error.text)
        except TroupeError as error:
            log.error("[ACTOR] no answer to %s in channel %s: %s", message.id, channel, error)
            if not isinstance(error, RequestError):
                self.lose(channel, int(message.id) - 1)
        except Exception:
            log.exception("[ACTOR] the turn of message %s in channel %s failed", message.id, channel)
        finally:
            del self._replies[message.id], self._messages[message.id]
            self._tasks.pop(message.id, None)
            if not self._replies:
                self._idle.set()
        if following is not None:  # somebody goes on; there is room, since this turn has just ended
            await self.take(following, place)
        return outcome

    def lose(self, channel_id: str, after: int) -> None:
        """Messages of a channel after that id may not have reached its actor."""
        self.lost_after[channel_id] = min(after, self.lost_after.get(channel_id, after))

    def typing(self, channel_id: str, user_id: str, at_s: float) -> None:
        """Somebody types there: an answer to them that has not begun waits a little for what else they say. `at_s` is
        when they did (epoch), in whole seconds as Discord gives it."""
        if not self._join_bursts:
            return
        for message_id, message in self._messages.items():
            typed_after = message.created_ms // 1000 <= at_s
            if message.author.id == user_id and message.channel_id == channel_id and typed_after:
                self._replies[message_id].author_types()

    async def expect(self, channel_id: str, user_id: str, guild_id: str | None) -> None:
        """Somebody may be about to say something to the cast. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", channel_id, "expect", user_id, guild_id)
        except TroupeError as error:
            log.debug("[ACTOR] nothing is read ahead in channel %s: %s", channel_id, error)

    async def pass_over(self, channel_id: str, message_id: str) -> None:
        """A message was for somebody else than the cast. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", channel_id, "not_for_us", message_id)
        except TroupeError as error:
            log.warning("[ACTOR] message %s may be answered after the next start: %s", message_id, error)

    async def revise(self, message: IncomingMessage) -> None:
        """A message was edited. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", message.channel_id, "revise", message)
        except TroupeError as error:
            log.warning("[ACTOR] the edit of message %s is lost: %s", message.id, error)

    async def reacted(
        self, channel_id: str, message_id: str, user_id: str, emoji: str, guild_id: str | None, *, taken_back: bool
    ) -> None:
        """Somebody reacted to a message, or took that back. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", channel_id, "reacted", message_id, user_id, emoji, guild_id, taken_back)
        except TroupeError as error:
            log.debug("[ACTOR] a reaction to message %s does not count: %s", message_id, error)

    async def retract(self, channel_id: str, message_id: str, guild_id: str | None) -> None:
        """A message was deleted: end its reply where it stands, unless that is to other messages, too, and have it
        forgotten. Never raises for an actor that does not answer."""
        try:
            over = await self._actors.call("channel", channel_id, "retract", message_id, guild_id)
        except TroupeError as error:
            log.warning("[ACTOR] the deletion of message %s is lost: %s", message_id, error)
            over = True
        if over and (reply := self._replies.get(message_id)):
            # The message may still be on its way to the actor, which is told once more when this has ended.
            reply.retracted = True
            reply.stop()

    async def drain(self, timeout_s: float) -> None:
        """Wait until no turn is under way, for at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("[DISCORD] %d turns are left open; they go on after the next start", len(self))

    async def cancel(self) -> None:
        """End all turns at once. They stay open in their actors."""
        await end(self._tasks.values())

    async def give_up(self, message: IncomingMessage, reason: str) -> None:
        """Close a turn that cannot be delivered. Never raises for an actor that does not answer."""
        try:
            await self._actors.call("channel", message.channel_id, "abandon", message.id, reason)
        except TroupeError as error:
            # At worst the turn is tried, and found to be without a place, once more after the next connect.
            log.warning("[ACTOR] the turn of message %s stays open: %s", message.id, error)

    def _unsent(self, message: IncomingMessage) -> tuple[str, ...]:
        """The turns of the same author in the same channel for which nothing was posted."""
        if not self._join_bursts or message.refused is not None:
            return ()
        return tuple(
            other.id
            for other in self._messages.values()
            if other.author.id == message.author.id
            and other.channel_id == message.channel_id
            and not self._replies[other.id].sending
        )

    async def _see_through(
        self, message: IncomingMessage, reply: Reply, unsent: tuple[str, ...]
    ) -> tuple[Outcome, IncomingMessage | None]:
        """Stream, record and, where the actors are away for a while, try again. The actor makes this idempotent. Gives
        the message of the turn that comes after it, too, if one does."""
        outcome: Outcome | None = None
        following: IncomingMessage | None = None
        end = asyncio.get_running_loop().time() + self._patience_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                # What stands in the channel is reported until that is acknowledged: the turn that comes after this one
                # is told with it, and streaming a closed turn again would only say that it is closed.
                if outcome is not Outcome.SPOKEN:
                    events = self._actors.stream("channel", message.channel_id, "turn", message, unsent)
                    outcome = await reply.render(events)
                if outcome is Outcome.SPOKEN:
                    following = await self._actors.call(
                        "channel", message.channel_id, "delivered", message.id, reply.reply_ids, reply.kept
                    )
                elif outcome is Outcome.STOPPED:
                    await self.give_up(message, "the question or its answer was deleted")
                if reply.retracted:
                    await self._actors.call("channel", message.channel_id, "retract", message.id, message.guild_id)
                return outcome, following
            except RequestError:
                raise
            except (TroupeError, discord.DiscordServerError) as error:
                # discord.py has asked several times then, or does not for a 503.
                wait_s = max(pause, getattr(error, "retry_after_s", 0.0))
                if asyncio.get_running_loop().time() + wait_s > end:
                    raise
                log.info("[ACTOR] the turn of message %s goes on in %.1f s: %s", message.id, wait_s, error)
                await asyncio.sleep(wait_s)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
