"""Pictures behind a link: fetched within limits, and never from the inside of this network.

Whoever may send a link could otherwise have this server ask its own neighbours. So a name is resolved here, every
address of it must be public, and the request goes to the address that was looked at, at each hop of a redirect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import httpx

from core.errors import RequestError
from serve_apps.picture_files import MAX_BYTES

TIMEOUT_S = 10.0
MAX_HOPS = 4
LONGEST_URL = 2_000
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError where it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


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


def origin(url: str | None) -> str | None:
    """Scheme, host and port of a link."""
    return _origin(httpx.URL(url)) if url else None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


async def _fetch(
    url: str, client: httpx.AsyncClient, trusted: Collection[str], addresses: Resolve, field: str
) -> bytes:
    for _ in range(MAX_HOPS):
        target = _checked(url, field)
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


def _checked(url: str, field: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise RequestError("This is no link. Send one that begins with https://.", field=field) from None
    if len(url) > LONGEST_URL or target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise RequestError(
            f"Send a link that begins with http:// or https://, has no password, and at most {LONGEST_URL} characters.",
            field=field,
        )
    return target


async def _request(target: httpx.URL, trusted: Collection[str], addresses: Resolve, field: str) -> dict[str, Any]:
    """What to ask: the link itself at a trusted origin, else the address that its name stands for."""
    if _origin(target) in trusted:
        return {"url": target}
    try:
        found = await addresses(target.host, target.port or (443 if target.scheme == "https" else 80))
    except (OSError, UnicodeError):
        raise RequestError("There is no server of that name.", field=field) from None
    if not found or not all(ipaddress.ip_address(address.split("%")[0]).is_global for address in found):
        raise RequestError("The link leads into a private network, where no pictures are fetched.", field=field)
    return {
        "url": target.copy_with(host=found[0]),
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
