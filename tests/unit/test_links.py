"""Links that may be followed, and those that lead inside."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from core.errors import RequestError
from core.links import LONGEST_URL, checked, public_address

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "javascript:alert(1)",
        "http://",
        "http://a:b@example.org/",
        "https://x/" + "y" * LONGEST_URL,
        "http://[::1",
    ],
)
def test_what_is_no_link(url: str) -> None:
    with pytest.raises(RequestError) as refused:
        checked(url, "link")
    assert refused.value.field == "link"


async def test_all_addresses_of_a_name_must_be_public() -> None:
    found: list[str] = []

    async def addresses(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("example.org", 443)
        return found

    target = checked("https://example.org/page")
    with pytest.raises(RequestError, match="private"):
        await public_address(target, addresses)
    found.append(PUBLIC)
    assert await public_address(target, addresses) == PUBLIC
    for inside in ("10.0.0.7", "127.0.0.1", "169.254.169.254", "fe80::1%eth0", "::ffff:127.0.0.1", "0.0.0.0"):  # noqa: S104
        found[1:] = [inside]
        with pytest.raises(RequestError, match="private"):
            await public_address(target, addresses)


async def test_names_that_nobody_has() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(RequestError, match="no server of that name"):
        await public_address(httpx.URL("https://example.org/"), nowhere)
