"""Making a turn visible: typing, the first post, edits while the text grows, and the final text.

One `Reply` lives as long as its turn does in this process. Its stream may break and be opened again (`render` is then
called again); what is posted already is edited, never posted twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import discord
from discord.utils import MISSING

from bot.buttons import Act, buttons
from bot.splitting import MESSAGE_LIMIT, sentence_ready, split
from bot.webhooks import Face, Place, Voices, signed
from core.errors import Unavailable
from core.messages import Delta, Lease, ReplyEvent, Silent, Speaking, Spoken

log = logging.getLogger(__name__)

_TYPING_EVERY_S = 8.0  # Discord shows typing for ten seconds
_TYPING_S = 10.0
_LEASE_PAUSE_S = 0.2
_MASS_MENTION = re.compile(r"@(?=everyone|here)")

Adopt = Callable[[str], Awaitable[discord.Message | None]]
"""Gives, for a persona id, a post of an earlier process that no turn knows; each at most once."""


class Outcome(enum.Enum):
    """How a turn ended."""

    SILENT = "nobody speaks"
    SPOKEN = "the whole text is posted"
    STOPPED = "the question or the reply was deleted"


@dataclass(frozen=True, slots=True)
class Pace:
    """Least seconds between two updates of a reply, and most seconds that streamed text waits for the first post.

    A first sentence waits `settle_s` for the rest: a reply that is whole by then is posted once and never edited. While
    the author types, the first post waits up to `typing_wait_s`.
    """

    edit_interval_s: float = 1.0
    first_post_s: float = 1.0
    settle_s: float = 0.25
    typing_wait_s: float = 1.5


@dataclass(slots=True)
class _Post:
    message: discord.Message
    shown: str
    act: Act | None = None  # of its button; of a post of an earlier process that is not known
    act_known: bool = True


class Report(Protocol):
    """What the reply asks and tells its channel actor about its posts."""

    async def lease(self, holder: str, revision: int) -> Lease:
        """Whether a message may be posted now."""
        ...

    async def posted(self, reply_id: str) -> object:
        """A message was posted. Awaited before anything else is written."""
        ...


class Reply:
    """The reply to one message, in one place."""

    def __init__(
        self,
        voices: Voices,
        place: Place,
        source_id: str,
        report: Report,
        pace: Pace,
        adopt: Adopt | None = None,
        *,
        with_buttons: bool = False,
    ) -> None:
        self._voices, self._place, self._source_id, self._pace = voices, place, source_id, pace
        self._report, self._adopt, self._with_buttons = report, adopt, with_buttons
        self._holder = uuid.uuid4().hex
        self._typed_at = -_TYPING_S
        self._revision = 0
        self._over = False
        self.sending = adopt is not None  # then an earlier process may have posted already
        self._halted = False  # somebody stopped it: what stands there is the answer
        self.retracted = False  # the question was deleted
        self.spoken: Spoken | None = None
        self._posts: list[_Post] = []
        self._recorded: set[str] = set()
        self._standing_ids: tuple[str, ...] = ()
        self._face: Face | None = None
        self._text = ""
        self._shown_length = 0
        self._complete = False
        self._stopped = False
        self._stirred = asyncio.Event()

    @property
    def reply_ids(self) -> tuple[str, ...]:
        """Ids of the messages that hold the reply, in order."""
        return tuple(str(post.message.id) for post in self._posts)

    @property
    def kept(self) -> str | None:
        """What the posts say, where somebody stopped the reply before it was whole."""
        return "\n".join(post.shown for post in self._posts) if self._halted else None

    def author_types(self) -> None:
        """Whoever asked is typing more."""
        self._typed_at = asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Write nothing more, once the request under way has ended."""
        self._stopped = True
        self._stirred.set()

    async def render(self, events: AsyncIterator[ReplyEvent]) -> Outcome:
        """Show the events of one stream. Raises what the stream raises, and discord.HTTPException.

        Raises Unavailable where the stream ends before the reply is whole.
        """
        self._text, self._complete = "", False
        reader = asyncio.create_task(self._read(events))
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if not reader.done():
                return await writer  # stopped, or Discord refused
            if reader.exception() is None and reader.result():
                return await writer
            # A post under way must be known before the stream is opened again, or it would be posted twice.
            stopped_before, self._stopped = self._stopped, True
            self._stirred.set()
            await writer
            self._stopped = stopped_before
            await reader
            return Outcome.SILENT
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)

    async def _read(self, events: AsyncIterator[ReplyEvent]) -> bool:
        """Take in the stream. True once the reply is whole, False where there is none."""
        async for event in events:
            match event:
                case Silent():
                    return False
                case Speaking():
                    await self._begin(event)
                case Delta():
                    self._text += event.text
                case Spoken():
                    self._text, self._complete, self._halted = event.text, True, event.stopped
                    self.spoken = event
            self._stirred.set()
        # Read to the end even after the last word: leaving early would cancel what the actor does after it.
        if self._complete:
            return True
        raise Unavailable("The reply broke off before it was whole.", component="actors")

    async def _begin(self, event: Speaking) -> None:
        # A stream that began again inside the actors' client says so by a second Speaking.
        self._text, self._complete, self._revision = "", False, event.revision
        face = await self._voices.face_at(self._place, event.persona_id)
        if not await self._take_over_all(face, event.reply_ids):
            self.stop()
            return
        if event.again:
            self._shown_length = 0  # what stands there is the answer that this one replaces
        # Only now may the writer begin: it must know every message there is.
        self._face = face

    async def _write(self) -> Outcome:
        while self._face is None:
            if self._stopped:
                return Outcome.STOPPED
            await self._stir()
        typing = asyncio.create_task(self._type())
        try:
            await self._wait_for_first_text()
            await self._let_author_finish()
            while True:
                while not (self._stopped or self._has_news()):
                    await self._stir()
                if self._stopped:
                    return Outcome.STOPPED
                text, complete = self._text, self._complete
                if not await self._show(text, complete):
                    return Outcome.SILENT if self._over else Outcome.STOPPED
                typing.cancel()
                if complete:
                    return Outcome.SPOKEN
                self._shown_length = len(text)
                await self._pause(self._pace.edit_interval_s)
        finally:
            typing.cancel()

    async def _show(self, text: str, complete: bool) -> bool:
        """Make the posts say `text`. False where one of them was deleted, or the turn is over."""
        assert self._face is not None  # noqa: S101
        parts = [post.shown for post in self._posts] if self._halted and self._posts else self._parts(text)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            act = (Act.RENEW if complete else Act.STOP) if last and self._with_buttons else None
            if index == len(self._posts) and not await self._post(self._face, part, act):
                return False
            post = self._posts[index]
            reply_id = str(post.message.id)
            if reply_id not in self._recorded:
                await self._report.posted(reply_id)
                self._recorded.add(reply_id)
            pressed = self._with_buttons and (post.act != act or not post.act_known)
            if post.shown != part or pressed:
                view = buttons(act, self._source_id, self._place) if pressed else MISSING
                if not await self._voices.edit(post.message, self._face, part, view):
                    return False
                post.shown, post.act, post.act_known = part, act, True
        if complete:
            for surplus in self._posts[len(parts) :]:
                with contextlib.suppress(discord.NotFound):
                    await surplus.message.delete()
            del self._posts[len(parts) :]
        return True

    async def _post(self, face: Face, part: str, act: Act | None) -> bool:
        """Have one more message than before. False where the turn is over, or a message of it was deleted."""
        if not await self._may_post():
            return False
        self.sending = True
        before = len(self._posts)
        if not await self._take_over_all(face, self._standing_ids):
            return False
        if len(self._posts) > before:
            return True
        adopted = await self._adopt(face.persona_id) if self._adopt else None
        if adopted is not None:
            self._take_over(face, adopted)
            return True
        source_id = None if self._posts else int(self._source_id)
        view = buttons(act, self._source_id, self._place)
        message = await self._voices.post(self._place, face, part, source_id, view)
        self._posts.append(_Post(message, part, act))
        return True

    async def _may_post(self) -> bool:
        """Ask the channel actor, and wait while somebody else posts for this turn. Raises Unavailable where the text is
        to be read anew, since the question has changed."""
        while True:
            lease = await self._report.lease(self._holder, self._revision)
            self._standing_ids = lease.reply_ids
            match lease.state:
                case "granted":
                    return True
                case "changed":
                    raise Unavailable("The question was changed while it was being answered.", component="actors")
                case "over":
                    self._over = True
                    return False
            if self._stopped:
                return False
            await asyncio.sleep(_LEASE_PAUSE_S)

    async def _take_over_all(self, face: Face, reply_ids: tuple[str, ...]) -> bool:
        """Go on with these messages, too. False where one of them was deleted."""
        self._recorded.update(reply_ids)
        for reply_id in reply_ids:
            if reply_id in self.reply_ids:
                continue
            message = await self._voices.find(self._place, int(reply_id))
            if message is None:
                return False
            self._take_over(face, message)
        return True

    def _take_over(self, face: Face, message: discord.Message) -> None:
        """Go on with a message that an earlier process posted."""
        shown = message.content.removeprefix("" if message.webhook_id else signed(face, ""))
        self._posts.append(_Post(message, shown, act_known=False))
        self._shown_length += len(shown)

    def _parts(self, text: str) -> list[str]:
        assert self._face is not None  # noqa: S101
        # Pinging is ruled out by allowed_mentions; this also keeps the words harmless where somebody quotes them.
        harmless = _MASS_MENTION.sub("@\u200b", text)
        return split(harmless, MESSAGE_LIMIT - len(signed(self._face, "")))

    def _has_news(self) -> bool:
        # A stream that was opened again repeats what is shown already; going back to less text would flicker.
        return self._complete or len(self._text) > self._shown_length

    async def _wait_for_first_text(self) -> None:
        loop = asyncio.get_running_loop()
        due: float | None = None
        while not (self._stopped or self._complete or sentence_ready(self._text)):
            if due is None and self._text.strip():
                due = loop.time() + self._pace.first_post_s
            try:
                async with asyncio.timeout_at(due):
                    await self._stir()
            except TimeoutError:
                return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.settle_s):
                while not (self._stopped or self._complete):
                    await self._stir()

    async def _let_author_finish(self) -> None:
        """Wait a little for the rest of what is being typed; the message that it becomes ends this turn."""
        loop = asyncio.get_running_loop()
        if self._posts or loop.time() - self._typed_at > _TYPING_S:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.typing_wait_s):
                while not self._stopped:
                    await self._stir()
        self._stirred.set()

    async def _stir(self) -> None:
        await self._stirred.wait()
        self._stirred.clear()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not once stopped. News that come meanwhile are still there afterwards."""
        end = asyncio.get_running_loop().time() + seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                while not self._stopped:
                    await self._stir()
        self._stirred.set()

    async def _type(self) -> None:
        while not self._posts:
            try:
                await self._voices.type(self._place)
            except discord.HTTPException as error:
                log.debug("[DISCORD] cannot show typing in %s: %s", self._place.id, error)
                return
            await asyncio.sleep(_TYPING_EVERY_S)
