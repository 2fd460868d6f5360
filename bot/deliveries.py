"""Puts what jobs made into channels: by a persona or by the bot itself, with picture, card and buttons.

A post is sent with a nonce, so that Discord takes it once within some minutes. Persona's posts go by webhook, which has
none: here a nonce is under way once, and whoever may have been interrupted has `look` find the post that stands there
already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import discord
from cachetools import TTLCache
from discord.utils import MISSING

from bot.job_actions import JobActions
from bot.webhooks import NOBODY, Picture, Place, Voices, signed
from bot.where import place_at
from bot.window import moment
from core.errors import RequestError, TroupeError, Unavailable
from schedules.job import Card, Post

_PICTURE = "picture.png"
_COLOUR = 0x7A6BF0
_WITHIN_S = 25.0  # after which nothing is sent any more: whoever asked has given up, and looks before it asks again
_KNOWN_S = 600.0


class Deliveries:
    """The deliveries of one connected client."""

    def __init__(
        self,
        client: discord.Client,
        voices: Voices,
        actions: JobActions,
        is_heard: Callable[[discord.Member], Awaitable[bool]],
    ) -> None:
        """`is_heard` is whether a member may use the bot: who is blocked is not pinged either."""
        self._client, self._voices, self._actions, self._is_heard = client, voices, actions, is_heard
        # Whoever gave up waiting may ask again while the first one is still on its way.
        self._under_way: TTLCache[str, asyncio.Task[str]] = TTLCache(10_000, _KNOWN_S)

    async def deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        """Posts, and returns the message's id; with `look`, of the one that stands there since then, if one does. Then
        sees to what follows from it. Empty where it is not wanted any more. Raises Unavailable where Discord is away,
        RequestError where it refuses."""
        task = self._under_way.get(nonce)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._deliver(guild_id, post, nonce, since_ms, look))
            self._under_way[nonce] = task
        return await asyncio.shield(task)

    async def standing(self, guild_id: str, post: Post, since_ms: int) -> str:
        """The id of the message that is this post, where it stands since then; else empty. Raises as above."""
        with _told_apart():
            async with asyncio.timeout(_WITHIN_S):
                place = await place_at(self._client, guild_id, post.channel_id)
                return await self._standing(place, post, since_ms) or ""

    async def _deliver(self, guild_id: str, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        with _told_apart():
            try:
                place = await place_at(self._client, guild_id, post.channel_id)
                async with asyncio.timeout(_WITHIN_S):
                    message_id = await self._put(place, post, nonce, since_ms, look)
            except (TroupeError, discord.HTTPException, OSError) as error:
                await self._actions.abandon(post, nonce, since_ms, refused=_is_refusal(error))
                raise
            if message_id:
                await self._actions.follow(post, message_id, place)
            return message_id

    async def _put(self, place: Place, post: Post, nonce: str, since_ms: int, look: bool) -> str:
        standing = await self._standing(place, post, since_ms) if look else None
        wanted = await self._actions.prepare(post, nonce, since_ms, place)
        if standing is not None:
            return standing
        if not (wanted and await self._is_for_members(place, post)):
            return ""
        return str((await self._send(place, post, nonce)).id)

    async def _is_for_members(self, place: Place, post: Post) -> bool:
        """Whether those whom it pings are on the server, and heard there."""
        for user_id in post.mentions:
            if place.guild is None:
                return False
            try:
                member = await place.guild.fetch_member(int(user_id))
            except discord.NotFound:
                return False
            if not await self._is_heard(member):
                return False
        return True

    async def _send(self, place: Place, post: Post, nonce: str) -> discord.Message:
        guild = None if isinstance(place, discord.DMChannel) else place.guild
        view = self._actions.view(post.action, guild and guild.preferred_locale)
        # Beside the card and not in it, where Discord would drop its description.
        picture = Picture(_PICTURE, post.picture, post.alt) if post.picture else None
        embed = _embed(post.card) if post.card else None
        if post.persona_id is not None:
            face = await self._voices.face_at(place, post.persona_id)
            return await self._voices.post(place, face, post.text, view=view, embed=embed, picture=picture)
        return await place.send(
            post.text or None,
            embed=embed or MISSING,
            view=view or MISSING,
            file=picture.file() if picture else MISSING,
            nonce=nonce[-25:],
            allowed_mentions=_only(post.mentions),
        )

    async def _standing(self, place: Place, post: Post, since_ms: int) -> str | None:
        """The id of the message that is this post, where it stands since then; mostly it is one of the last."""
        face = await self._voices.face_at(place, post.persona_id) if post.persona_id is not None else None
        me = self._client.user
        async for message in place.history(limit=None, after=moment(since_ms), oldest_first=False):
            by_bot = me is not None and message.author.id == me.id
            by_face = face is not None and message.webhook_id is not None and message.author.name == face.name
            text = signed(face, post.text).rstrip() if face is not None and by_bot else post.text
            title = message.embeds[0].title if message.embeds else None
            same = message.content == text and (title or "") == (post.card.title if post.card else "")
            if (by_bot or by_face) and same and bool(message.attachments) == bool(post.picture):
                return str(message.id)
        return None


@contextmanager
def _told_apart() -> Iterator[None]:
    """What Discord refuses is a RequestError, what may work later Unavailable."""
    try:
        yield
    except discord.HTTPException as error:
        if _is_refusal(error):
            raise RequestError(f"Discord refuses the post: {error.text or error}.", field="channel") from error
        raise Unavailable(f"Discord does not take the post: {error}.", component="bot") from error
    except OSError as error:
        raise Unavailable(f"Discord cannot be reached: {error!r}.", component="bot") from error


def _is_refusal(error: Exception) -> bool:
    """Whether asking again would be refused again."""
    if isinstance(error, discord.HTTPException):
        return 400 <= error.status < 500 and error.status != 429
    return isinstance(error, RequestError)


def _only(user_ids: tuple[str, ...]) -> discord.AllowedMentions:
    """Pings these people and nobody else."""
    if not user_ids:
        return NOBODY
    people = [discord.Object(int(one), type=discord.User) for one in user_ids]
    return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=people)


def _embed(card: Card) -> discord.Embed:
    embed = discord.Embed(title=card.title or None, description=card.description or None)
    embed.colour = discord.Colour(card.colour if card.colour is not None else _COLOUR)
    for name, value in card.fields:
        embed.add_field(name=name[:256], value=value[:1024], inline=False)
    if card.footer:
        embed.set_footer(text=card.footer)
    return embed
