"""Pictures sent as data URIs: avatars, icons, emojis. What counts is the content, not what the URI says it is."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from local_discord import cdn
from local_discord.errors import invalid_field
from local_discord.world import World

EMOJI_LIMIT = 256 * 1024
AVATAR_LIMIT = 10 * 1024 * 1024
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


def decode(uri: str, field: str, limit: int = AVATAR_LIMIT) -> tuple[str, bytes]:
    """(content type, bytes) of `data:image/…;base64,…`. ApiError 50035 on `field` for anything else."""
    head, comma, encoded = uri.partition(",")
    if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
        raise invalid_field(field, "IMAGE_INVALID", "Must be a data URI with a base64 encoded image.")
    try:
        body = base64.b64decode(encoded, validate=True)
        with Image.open(BytesIO(body)) as image:
            kind = _TYPES.get(image.format or "")
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        kind = None
    if kind is None:
        raise invalid_field(field, "IMAGE_INVALID", "The image is not a PNG, JPEG, GIF or WebP.")
    if len(body) > limit:
        kib = limit // 1024
        raise invalid_field(field, "BINARY_TYPE_MAX_SIZE", f"File cannot be larger than {kib} kb.")
    return kind, body


def save(world: World, folder: str, uri: str | None, field: str) -> str | None:
    """Keep the picture below `folder` on the CDN; returns its hash, or None where `uri` is None (no picture)."""
    if uri is None:
        return None
    content_type, body = decode(uri, field)
    return cdn.save_image(world, folder, body, content_type)
