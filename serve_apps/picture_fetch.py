"""Pictures behind a link: fetched within limits, and never from the inside of this network (`core.links`)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import httpx

from core.errors import RequestError
from core.links import Resolve, checked, public_address, resolve
from core.settings import Settings
from serve_apps.picture_files import MAX_BYTES

TIMEOUT_S = 10.0
MAX_HOPS = 4


async def fetch_picture(
    url: str,
    client: httpx.AsyncClient,
    *,
    trusted: Collection[str] = (),
    addresses: Resolve = resolve,
    field: str = "url",
) -> bytes:
    """The bytes behind `url`, at most MAX_BYTES, within TIMEOUT_S seconds.

    `trusted` are origins (`http://127.0.0.1:8787`) that the operator named, which may be private. Raises RequestError
    (`field`) for a link that is malformed, leads inside, does not answer, or to something too large."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _fetch(url, client, trusted, addresses, field)
    except TimeoutError:
        raise RequestError(f"The link did not give a picture within {TIMEOUT_S:g} seconds.", field=field) from None
    except httpx.HTTPError as error:
        raise RequestError(f"The link does not answer ({type(error).__name__}).", field=field) from error


def trusted_origins(settings: Settings) -> frozenset[str]:
    """Where attachments lie though it may be a private place: with the Discord that the operator has set up, or that
    Troupe brings."""
    local = f"http://{settings.local_discord_host}:{settings.local_discord_port}" if settings.local_discord else None
    return frozenset(_origin(httpx.URL(url)) for url in (settings.discord_cdn_url, local) if url)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


async def _fetch(
    url: str, client: httpx.AsyncClient, trusted: Collection[str], addresses: Resolve, field: str
) -> bytes:
    for _ in range(MAX_HOPS):
        target = checked(url, field)
        async with client.stream(
            "GET", **await _request(target, trusted, addresses, field), follow_redirects=False
        ) as response:
            if response.is_redirect:
                url = str(target.join(response.headers.get("location", "")))
                continue
            if response.status_code != 200:
                raise RequestError(f"The link answers with status {response.status_code}.", field=field)
            return await _body(response, field)
    raise RequestError(f"The link leads on more than {MAX_HOPS - 1} times.", field=field)


async def _request(target: httpx.URL, trusted: Collection[str], addresses: Resolve, field: str) -> dict[str, Any]:
    """What to ask: the link itself at a trusted origin, else the address that its name stands for."""
    if _origin(target) in trusted:
        return {"url": target}
    return {
        "url": target.copy_with(host=await public_address(target, addresses, field)),
        "headers": {"Host": target.netloc.decode()},
        "extensions": {"sni_hostname": target.host},  # the certificate is that of the name
    }


async def _body(response: httpx.Response, field: str) -> bytes:
    too_large = RequestError(f"The link leads to more than {MAX_BYTES // 2**20} MiB.", field=field)
    announced = response.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > MAX_BYTES:
        raise too_large
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise too_large
    return bytes(data)
