"""The CDN below `/cdn`: avatars, icons, application emojis and attachments.

Uploaded files share an origin with the chat page, so only pictures, sound and film are shown in place; everything else
is a download, and nothing may run.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from aiohttp import web

from local_discord import art
from local_discord.codec import Doc
from local_discord.world import World

_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_INLINE = re.compile(r"^(audio|video)/[\w.+-]+$|^text/plain$")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400",
}


def save_image(world: World, folder: str, body: bytes, content_type: str) -> str:
    """Keep a picture below `folder` (`avatars/123`); returns the hash that clients address it by."""
    name = art.image_hash(body)
    world.store.put_file(f"{folder}/{name}", content_type, body)
    return name


async def serve(world: World, request: web.Request) -> web.StreamResponse:
    """The handler of `/cdn/{path}`."""
    path = PurePosixPath(request.match_info["path"])
    if path.parts[:2] == ("embed", "avatars") and path.stem.isdecimal():
        return web.Response(body=art.default_avatar(int(path.stem) % 6), content_type="image/png", headers=_SAFE)
    if path.parts[0] == "avatars" and path.stem.startswith("w"):
        return _redirect(world.store.meta.get(f"avatar_url:{path.stem}"))
    exact = path.parts[0] == "attachments"
    found = world.store.file(str(path if exact else path.with_suffix("")))
    if found is None:
        return web.Response(status=404, text="Not found")
    content_type, body = found
    if content_type in _IMAGES or _INLINE.match(content_type):
        return web.Response(body=body, content_type=content_type, headers=_SAFE)
    download = {**_SAFE, "Content-Disposition": "attachment"}
    return web.Response(body=body, content_type="application/octet-stream", headers=download)


def _redirect(known: Doc | None) -> web.StreamResponse:
    """To the avatar a webhook's message was sent with: an address given by its sender, never fetched by the server."""
    url = known["url"] if known else ""
    if urlsplit(url).scheme not in ("http", "https"):
        return web.Response(body=art.default_avatar(0), content_type="image/png", headers=_SAFE)
    return web.Response(status=302, headers={**_SAFE, "Location": url})
