"""Speaking as a persona: one webhook per channel, with the persona's name and avatar on each message.

Where there can be no webhook (direct messages, or a server that withholds the Manage Webhooks permission) a persona
speaks through the bot's own account with its name in front.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import discord
from discord.utils import MISSING

log = logging.getLogger(__name__)

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel
"""Where the bot holds conversations. Group messages and partial channels hold none."""

WEBHOOK_NAME = "Troupe"
NOBODY = discord.AllowedMentions.none()
_UNKNOWN_WEBHOOK = 10015
_HostChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel


@dataclass(frozen=True, slots=True)
class Face:
    """How a persona looks on Discord. `avatar_url` is None while its picture is not uploaded."""

    persona_id: str
    name: str
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that comes with a message, with what is to be seen on it."""

    name: str
    content: bytes
    alt: str

    def file(self) -> discord.File:
        """The file, for one attempt to send it."""
        return discord.File(io.BytesIO(self.content), self.name, description=self.alt[:1024])


class GuestFaces(Protocol):
    """Knows how the personas look that servers made themselves."""

    async def face(self, guild_id: str, persona_id: str) -> Face | None:
        """The face, None where the server has no such persona. Never raises."""
        ...

    async def show(self, picture: str, content: bytes) -> None:
        """Takes a picture up. Never raises."""
        ...

    async def drop(self, picture: str) -> None:
        """Takes it away. Never raises."""
        ...


class Voices:
    """Posts messages in a persona's name and finds them again. One per connected client."""

    def __init__(
        self,
        client: discord.Client,
        names: Mapping[str, str],
        avatar_url: Callable[[str], str | None],
        guests: GuestFaces | None = None,
        spare: Callable[[], bool] = lambda: True,
    ) -> None:
        """`names` maps persona ids to shown names; `avatar_url` gives a persona's picture, where there is one; `guests`
        knows those that servers made themselves; `spare` is whether there is room for requests that nobody would miss.
        """
        self._spare = spare
        self._client = client
        self._guests = guests
        self._names = names
        self._avatar_url = avatar_url
        self._webhooks: dict[int, discord.Webhook] = {}
        # Two turns that start together in a fresh channel must not create two webhooks.
        self._locks: dict[int, asyncio.Lock] = {}

    def face(self, persona_id: str) -> Face:
        """The persona's name and avatar; a persona that left the pack keeps its id as its name."""
        return Face(persona_id, self._names.get(persona_id, persona_id), self._avatar_url(persona_id))

    async def face_in(self, guild_id: str | None, persona_id: str) -> Face:
        """The same, also of a persona that the server made itself."""
        if persona_id in self._names or guild_id is None or self._guests is None:
            return self.face(persona_id)
        return await self._guests.face(guild_id, persona_id) or self.face(persona_id)

    async def face_at(self, place: Place, persona_id: str) -> Face:
        """The same, where the server is that of a place."""
        return await self.face_in(None if isinstance(place, discord.DMChannel) else str(place.guild.id), persona_id)

    async def show_picture(self, picture: str, content: bytes) -> None:
        """Have a picture (a square PNG) of a server's persona shown from now on; a failure is logged."""
        if self._guests is not None:
            await self._guests.show(picture, content)

    async def drop_picture(self, picture: str) -> None:
        """Have nobody see that picture any more; a failure is logged."""
        if self._guests is not None:
            await self._guests.drop(picture)

    async def post(
        self,
        place: Place,
        face: Face,
        text: str,
        source_id: int | None = None,
        view: discord.ui.View | None = None,
        embed: discord.Embed | None = None,
        picture: Picture | None = None,
    ) -> discord.Message:
        """Post `text` as the persona; without webhooks, as the bot's signed answer to `source_id`. Pings nobody.

        `text` must leave room for the signature (`signed`) within Discord's limit.
        Raises discord.HTTPException where Discord refuses both ways.
        """
        for fresh in (False, True):
            webhook = await self._webhook(place, fresh=fresh)
            if webhook is None:
                break
            try:
                return await self._execute(webhook, place, face, text, view, embed, picture)
            except discord.NotFound as error:
                # Someone deleted our webhook since we last used it: make another, once.
                if error.code != _UNKNOWN_WEBHOOK or fresh:
                    raise
                self._webhooks.pop(webhook.channel_id or 0, None)
            except (discord.Forbidden, discord.HTTPException) as error:
                if error.status not in (400, 403):
                    raise
                log.warning("[DISCORD] webhook refused in channel %s (%s); answering as the bot", place.id, error.text)
                break
        shown, card, file = view or MISSING, embed or MISSING, picture.file() if picture else MISSING
        if source_id is None:
            said = signed(face, text).rstrip()
            return await place.send(said, allowed_mentions=NOBODY, view=shown, embed=card, file=file)
        # The question may be deleted by now, which is no reason to lose the answer.
        question = discord.MessageReference(message_id=source_id, channel_id=place.id, fail_if_not_exists=False)
        return await place.send(
            signed(face, text),
            reference=question,
            mention_author=False,
            allowed_mentions=NOBODY,
            view=shown,
            embed=card,
            file=file,
        )

    async def type(self, place: Place) -> None:
        """Show that somebody is about to speak. Raises discord.HTTPException."""
        if self._spare():
            await place.typing()

    async def edit(
        self,
        post: discord.Message,
        face: Face,
        text: str,
        view: discord.ui.View | None = MISSING,
        embed: discord.Embed | None = MISSING,
    ) -> bool:
        """Change what `post` says, its buttons where `view` is given (None: no buttons) and its card where `embed` is.
        False where somebody deleted it."""
        content = signed(face, text) if post.webhook_id is None else text
        try:
            await post.edit(content=content, allowed_mentions=NOBODY, view=view, embed=embed)
        except discord.NotFound:
            return False
        return True

    async def find(self, place: Place, message_id: int) -> discord.Message | None:
        """A message that this bot posted earlier, such that it can be edited; None where it or its webhook is gone."""
        try:
            message = await place.fetch_message(message_id)
            if message.webhook_id is None:
                return message
            webhook = await self._webhook(place, create=False)
            if webhook is None or webhook.id != message.webhook_id:
                return None
            return await webhook.fetch_message(message_id, thread=_thread(place) or MISSING)
        except discord.NotFound:
            return None

    async def spoken_since(self, place: Place, persona_id: str, after: int) -> AsyncIterator[int]:
        """Ids of this persona's messages in `place` after the id `after`, oldest first."""
        face = await self.face_at(place, persona_id)
        webhook = await self._webhook(place, create=False)
        me = self._client.user
        async for message in place.history(limit=100, after=discord.Object(after), oldest_first=True):
            by_webhook = webhook is not None and message.webhook_id == webhook.id and message.author.name == face.name
            by_bot = me is not None and message.author.id == me.id and message.content.startswith(signed(face, ""))
            if by_webhook or by_bot:
                yield message.id

    async def _execute(
        self,
        webhook: discord.Webhook,
        place: Place,
        face: Face,
        text: str,
        view: discord.ui.View | None,
        embed: discord.Embed | None,
        picture: Picture | None,
    ) -> discord.Message:
        return await webhook.send(
            text or MISSING,
            username=face.name,
            avatar_url=face.avatar_url or MISSING,
            allowed_mentions=NOBODY,
            wait=True,
            view=view or MISSING,
            embed=embed or MISSING,
            file=picture.file() if picture else MISSING,
            thread=_thread(place) or MISSING,
        )

    async def _webhook(self, place: Place, *, fresh: bool = False, create: bool = True) -> discord.Webhook | None:
        """Our webhook for `place` (a thread uses its parent's), or None where there can be none."""
        channel = _webhook_channel(place)
        if channel is None or not self._may_use_webhooks(place):
            return None
        async with self._locks.setdefault(channel.id, asyncio.Lock()):
            known = self._webhooks.get(channel.id)
            if known is not None and not fresh:
                return known
            try:
                webhook = await self._find_own(channel)
                if webhook is None and create:
                    webhook = await channel.create_webhook(name=WEBHOOK_NAME, reason="Personas speak through it.")
            except discord.HTTPException as error:
                # Forbidden despite the cached permissions, or the channel's 15 webhooks are all taken.
                log.warning("[DISCORD] no webhook in channel %s: %s", channel.id, error.text)
                return None
            if webhook is not None:
                self._webhooks[channel.id] = webhook
            return webhook

    async def _find_own(self, channel: _HostChannel) -> discord.Webhook | None:
        # Discord shows a webhook's token only to the application that owns it, so a token means that it is ours.
        for webhook in await channel.webhooks():
            ours = (
                self._client.user is not None and webhook.user is not None and webhook.user.id == self._client.user.id
            )
            if ours and webhook.token and webhook.name == WEBHOOK_NAME:
                return webhook
        return None

    def _may_use_webhooks(self, place: Place) -> bool:
        channel = _webhook_channel(place)
        return channel is not None and channel.permissions_for(channel.guild.me).manage_webhooks


def place_of(channel: object) -> Place | None:
    """`channel` where it is one that conversations are held in, else None."""
    return channel if isinstance(channel, Place) else None


def signed(face: Face, text: str) -> str:
    """`text` as the bot itself says it in a persona's name."""
    return f"**{face.name}:** {text}"


def _thread(place: Place) -> discord.Thread | None:
    return place if isinstance(place, discord.Thread) else None


def _webhook_channel(place: Place) -> _HostChannel | None:
    if isinstance(place, discord.DMChannel):
        return None
    return place.parent if isinstance(place, discord.Thread) else place
