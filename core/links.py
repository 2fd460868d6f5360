"""Links that people send: which may be followed at all, and to which address.

Whoever may send a link could otherwise have this server ask its own neighbours. So a name is resolved here, every
address of it must be public, and whoever fetches goes to the address that was looked at, at each hop of a redirect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx

from core.errors import RequestError
from core.wording import Wording

LONGEST_URL = 2_000
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError where it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def checked(url: str, field: str = "url") -> httpx.URL:
    """A link as it was typed. Raises RequestError (`field`) for one that is none, or holds a password."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise RequestError(
            Wording("refused-no-link", "This is no link. Send one that begins with https://."), field=field
        ) from None
    if len(url) > LONGEST_URL or target.scheme not in ("http", "https") or not target.host or target.userinfo:
        told = Wording(
            "refused-link",
            "Send a link that begins with http:// or https://, has no password, and at most {most:,} characters.",
            most=LONGEST_URL,
        )
        raise RequestError(told, field=field)
    return target


async def public_address(target: httpx.URL, addresses: Resolve = resolve, field: str = "url") -> str:
    """An address of the link's server, all of which must be public. Raises RequestError (`field`)."""
    try:
        found = await addresses(target.host, target.port or (443 if target.scheme == "https" else 80))
    except (OSError, UnicodeError):
        raise RequestError(Wording("refused-no-server", "There is no server of that name."), field=field) from None
    if not found or not all(ipaddress.ip_address(address.split("%")[0]).is_global for address in found):
        raise RequestError(
            Wording("refused-private-link", "The link leads into a private network, where nothing is fetched."),
            field=field,
        )
    return found[0]
