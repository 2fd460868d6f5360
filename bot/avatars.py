"""Where Discord finds a persona's picture.

A webhook message names its avatar by URL, and Discord must be able to fetch it. So each picture is uploaded once as an
emoji of the bot's application: those have a public address for as long as they exist, and cost no hosting. The name of
the emoji holds a hash of the picture, so a changed picture is uploaded again and the old one removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import logging
import re
from collections.abc import Iterable

import discord
from PIL import Image

from core.personas import Persona

log = logging.getLogger(__name__)

EMOJI_BYTES = 256 * 1024
"""Largest picture Discord takes as an emoji."""
_SIDE = 192  # even noise stays below EMOJI_BYTES at this size
_PREFIX = "persona_"
_FOLLOW_EVERY_S = 5.0
_FOLLOW_TIMES = 60


class Avatars:
    """The public addresses of the cast's pictures. Personas whose upload failed have none, and still speak."""

    def __init__(self, personas: Iterable[Persona]) -> None:
        self._personas = tuple(personas)
        self._urls: dict[str, str] = {}

    def url(self, persona_id: str) -> str | None:
        """The persona's picture, or None while or where there is none."""
        return self._urls.get(persona_id)

    async def follow(self, client: discord.Client) -> None:
        """Learn the addresses of what another gateway brings in line, once it has. Nothing is raised."""
        for _ in range(_FOLLOW_TIMES):
            try:
                present = {emoji.name: emoji.url for emoji in await client.fetch_application_emojis()}
            except discord.HTTPException as error:
                log.warning("[DISCORD] the pictures are not known yet: %s", error.text or error)
                present = {}
            for persona in self._personas:
                with contextlib.suppress(OSError):
                    image = await asyncio.to_thread(picture, persona)
                    if url := present.get(emoji_name(persona.id, image)):
                        self._urls[persona.id] = url
            if len(self._urls) == len(self._personas):
                return
            await asyncio.sleep(_FOLLOW_EVERY_S)

    async def sync(self, client: discord.Client) -> None:
        """Bring the application's emojis in line with the cast. Failures are logged; none of them is raised."""
        try:
            present = {emoji.name: emoji for emoji in await client.fetch_application_emojis()}
        except discord.HTTPException as error:
            log.warning("[DISCORD] personas speak without pictures: %s", error.text or error)
            return
        # Known pictures first: those personas need not wait for the uploads of others.
        missing: list[tuple[Persona, str, bytes]] = []
        wanted: set[str] = set()
        for persona in self._personas:
            try:
                image = await asyncio.to_thread(picture, persona)
            except OSError as error:
                log.warning("[DISCORD] no picture for %s: %s", persona.id, error)
                continue
            name = emoji_name(persona.id, image)
            wanted.add(name)
            if name in present:
                self._urls[persona.id] = present[name].url
            else:
                missing.append((persona, name, image))
        for persona, name, image in missing:
            try:
                self._urls[persona.id] = (await client.create_application_emoji(name=name, image=image)).url
            except (discord.HTTPException, ValueError) as error:
                log.warning("[DISCORD] %s speaks without a picture: %s", persona.id, error)
        for name, emoji in present.items():
            if name.startswith(_PREFIX) and name not in wanted:
                await self._delete(emoji)

    @staticmethod
    async def _delete(emoji: discord.Emoji) -> None:
        try:
            await emoji.delete()
        except discord.HTTPException as error:
            log.warning("[DISCORD] the old picture %s stays: %s", emoji.name, error.text)


def emoji_name(persona_id: str, image: bytes) -> str:
    """`persona_<id>_<8 hex digits>`: at most 32 letters, digits and underscores, as Discord wants it."""
    digest = hashlib.sha256(persona_id.encode() + image).hexdigest()[:8]
    slug = re.sub(r"\W", "_", persona_id, flags=re.ASCII)[: 32 - len(_PREFIX) - 9]
    return f"{_PREFIX}{slug}_{digest}"


def picture(persona: Persona) -> bytes:
    """The persona's picture as Discord takes it. Raises OSError where the file cannot be read as a picture."""
    if persona.avatar is None:
        raise FileNotFoundError(f"{persona.id} has no picture")
    image = persona.avatar.read_bytes()
    if len(image) <= EMOJI_BYTES:
        return image
    with Image.open(io.BytesIO(image)) as large:
        small = large.convert("RGBA")
        small.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
