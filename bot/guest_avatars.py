"""The faces of personas that servers made themselves.

Like those of the pack (`bot.avatars`) they are emojis of the application, called after the picture: uploaded when the
persona is made, found again by name after a restart, and uploaded anew where somebody removed one. An application has
2,000 emojis; past that personas speak without a picture.
"""

from __future__ import annotations

import asyncio
import logging

import discord

from actors.guests import CARD, card_key
from actors.guild_book import GuildBook
from actors.virtual import Actors
from bot.webhooks import Face
from core.errors import TroupeError
from core.personas import Guest
from core.tasks import end

log = logging.getLogger(__name__)

PREFIX = "guest_"
_PATIENCE_S = 1.0


class GuestAvatars:
    """One per connected client."""

    def __init__(self, client: discord.Client, actors: Actors, guilds: GuildBook) -> None:
        self._client, self._actors, self._guilds = client, actors, guilds
        self._urls: dict[str, str] | None = None  # by picture; None until Discord was asked
        self._lock = asyncio.Lock()
        self._uploads: dict[str, asyncio.Task[None]] = {}

    async def face(self, guild_id: str, persona_id: str) -> Face | None:
        """See GuestFaces. A picture that is not there yet is brought beside; until then there is none."""
        guest = next((one for one in await self._guilds.guests(guild_id) if one.id == persona_id), None)
        if guest is None:
            return None
        if self._urls is None and guest.picture:
            await self._ask()
        url = (self._urls or {}).get(guest.picture)
        if guest.picture and url is None and guest.picture not in self._uploads:
            self._uploads[guest.picture] = asyncio.create_task(self._bring(guild_id, guest))
        return Face(guest.id, guest.name, url)

    async def show(self, picture: str, content: bytes) -> None:
        """See GuestFaces."""
        try:
            async with self._lock:  # or two turns would upload it twice
                urls = await self._known()
                if picture not in urls:
                    emoji = await self._client.create_application_emoji(name=f"{PREFIX}{picture}", image=content)
                    urls[picture] = emoji.url
        except (discord.HTTPException, ValueError) as error:
            log.warning("[DISCORD] a persona of a server speaks without a picture: %s", error)

    async def drop(self, picture: str) -> None:
        """See GuestFaces."""
        if not picture:
            return
        try:
            for emoji in await self._client.fetch_application_emojis():
                if emoji.name == f"{PREFIX}{picture}":
                    await emoji.delete()
        except discord.HTTPException as error:
            log.warning("[DISCORD] the picture %s stays: %s", picture, error.text)
        (self._urls or {}).pop(picture, None)

    async def close(self) -> None:
        """End what is under way."""
        await end(self._uploads.values())

    async def _ask(self) -> None:
        """Once, what is there; a Discord that is slow costs the picture, not the reply."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._lock:
                await self._known()
        except (discord.HTTPException, TimeoutError) as error:
            log.warning("[DISCORD] the pictures of servers' personas are not known yet: %s", error)

    async def _bring(self, guild_id: str, guest: Guest) -> None:
        try:
            _, picture = await self._actors.call(CARD, card_key(guild_id, guest.id), "get")
            if picture:
                await self.show(guest.picture, picture)
        except TroupeError as error:
            log.warning("[ACTOR] the picture of %s is not there just now: %s", guest.id, error)
        finally:
            self._uploads.pop(guest.picture, None)

    async def _known(self) -> dict[str, str]:
        if self._urls is None:
            emojis = await self._client.fetch_application_emojis()
            named = ((emoji.name.removeprefix(PREFIX), emoji.url) for emoji in emojis if emoji.name.startswith(PREFIX))
            self._urls = dict(named)
        return self._urls
