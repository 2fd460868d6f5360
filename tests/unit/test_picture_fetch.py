"""Pictures behind links: what is fetched, and from where nothing is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import httpx
import pytest
from pydantic import SecretStr

from core.errors import RequestError
from core.settings import Settings
from serve_apps import picture_fetch
from serve_apps.picture_fetch import fetch_picture, trusted_origins

PUBLIC = "93.184.216.34"
NAMES = {
    "example.org": [PUBLIC],
    "inside.example.org": ["10.0.0.7"],
    "both.example.org": [PUBLIC, "127.0.0.1"],
    "cloud.example.org": ["169.254.169.254"],
    "six.example.org": ["fe80::1%eth0"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
}


async def addresses(host: str, port: int) -> Sequence[str]:
    if host in NAMES:
        return NAMES[host]
    if host.replace(".", "").isdecimal():
        return [host]
    raise OSError("no such name")


class Web:
    """A server of a few pages; remembers what it was asked, and by which name."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.host, request.headers["host"]))
        path = request.url.path
        if path == "/on":
            return httpx.Response(302, headers={"Location": "/kite.png"})
        if path == "/away":
            return httpx.Response(302, headers={"Location": "http://inside.example.org/kite.png"})
        if path == "/round":
            return httpx.Response(302, headers={"Location": "/round"})
        if path == "/large":
            return httpx.Response(200, content=b"x" * 200)
        if path == "/slow":
            raise httpx.ReadTimeout("slow")
        return httpx.Response(200, content=b"a kite") if path == "/kite.png" else httpx.Response(404)


async def fetch(web: Web, url: str, *, trusted: Collection[str] = ()) -> bytes:
    async with httpx.AsyncClient(transport=httpx.MockTransport(web)) as client:
        return await fetch_picture(url, client, trusted=trusted, addresses=addresses)


@pytest.mark.parametrize(
    "url", ["https://example.org/kite.png", "http://example.org:8080/on", f"http://{PUBLIC}/kite.png"]
)
async def test_a_picture_of_a_public_server_is_fetched_by_its_address(url: str) -> None:
    web = Web()
    assert await fetch(web, url) == b"a kite"
    assert {host for host, _ in web.asked} == {PUBLIC}
    assert {name for _, name in web.asked} == {httpx.URL(url).netloc.decode()}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://inside.example.org/kite.png", "private network"),
        ("http://both.example.org/kite.png", "private network"),
        ("http://cloud.example.org/latest/meta-data", "private network"),
        ("http://six.example.org/kite.png", "private network"),
        ("http://mapped.example.org/kite.png", "private network"),
        ("http://127.0.0.1:8000/kite.png", "private network"),
        ("http://nowhere.example.org/kite.png", "no server of that name"),
        ("ftp://example.org/kite.png", "begins with http"),
        ("file:///etc/passwd", "begins with http"),
        ("https://user:secret@example.org/kite.png", "password"),
        ("https://example.org/" + "a" * 2000, "at most"),
        ("http://[::", "no link"),
        ("", "begins with http"),
        ("https://example.org/missing.png", "status 404"),
        ("https://example.org/slow", "does not answer"),
        ("https://example.org/round", "leads on"),
    ],
)
async def test_a_link_that_leads_to_no_picture_says_why(url: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        await fetch(Web(), url)
    assert caught.value.field == "url"


async def test_a_redirect_into_the_network_is_not_followed() -> None:
    web = Web()
    with pytest.raises(RequestError, match="private network"):
        await fetch(web, "https://example.org/away")
    assert [name for _, name in web.asked] == ["example.org"]


async def test_an_origin_that_the_operator_named_may_be_private() -> None:
    web = Web()
    trusted = trusted_origins(Settings(discord_api_url="http://x/api", discord_cdn_url="http://127.0.0.1:8787/cdn"))
    assert trusted == {"http://127.0.0.1:8787"}
    assert await fetch(web, "http://127.0.0.1:8787/kite.png", trusted=trusted) == b"a kite"
    with pytest.raises(RequestError):
        await fetch(web, "http://127.0.0.1:8788/kite.png", trusted=trusted)


def test_attachments_lie_with_the_discord_that_troupe_brings_or_with_nobody_private() -> None:
    assert trusted_origins(Settings(local_discord_port=9999)) == {"http://127.0.0.1:9999"}
    assert trusted_origins(Settings(discord_token=SecretStr("t"))) == set()


async def test_what_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_fetch, "MAX_BYTES", 100)
    with pytest.raises(RequestError, match="more than"):
        await fetch(Web(), "https://example.org/large")
