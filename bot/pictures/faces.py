"""Somebody's own picture, from Discord, where it can be had quickly."""

from __future__ import annotations

import asyncio
import io
import logging

import discord
from PIL import Image

log = logging.getLogger(__name__)

_SIDE = 256
_WITHIN_S = 1.5
_MOST_BYTES = 512 * 1024
_MOST_SIDE = 1024


async def face_of(somebody: discord.Member | discord.User) -> Image.Image | None:
    """The picture that somebody has chosen for themselves; None where there is none, or none within a moment."""
    own = somebody.guild_avatar if isinstance(somebody, discord.Member) else None
    asset = own or somebody.avatar
    if asset is None:
        return None
    try:
        async with asyncio.timeout(_WITHIN_S):
            data = await asset.replace(size=_SIDE, static_format="png").read()
    except (TimeoutError, discord.DiscordException, OSError) as error:
        log.info("[DISCORD] the picture of %s cannot be had: %s", somebody.id, error)
        return None
    return decoded(data)


def decoded(data: bytes) -> Image.Image | None:
    """A picture of reasonable size; None for anything else."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
            if max(opened.size) > _MOST_SIDE:
                return None
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
