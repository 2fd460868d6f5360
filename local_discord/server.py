"""The server: state, hub and routes put together behind one port."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from local_discord import cdn, gateway, seed
from local_discord.errors import ApiError, unauthorized
from local_discord.faults import Faults
from local_discord.ratelimit import Profile, RateLimits
from local_discord.routes import (
    applications,
    channels,
    commands,
    guilds,
    interactions,
    local,
    messages,
    reactions,
    threads,
    users,
    webhooks,
)
from local_discord.routes import (
    gateway as gateway_routes,
)
from local_discord.store import Store
from local_discord.web import MAX_BODY, Call, Route, refuse, respond
from local_discord.world import Timing, World

log = logging.getLogger("local_discord")
_PAGE = Path(__file__).parent / "page"
_API = "/api/v10"
_ROUTES = tuple(
    module.routes
    for module in (
        users,
        applications,
        commands,
        guilds,
        channels,
        messages,
        reactions,
        threads,
        webhooks,
        interactions,
        gateway_routes,
    )
)
_LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}


def is_loopback(host: str) -> bool:
    """Whether an address, or the name localhost, stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class LocalDiscord:
    """A local Discord for one `async with` block, or between `start` and `stop`.

    `data_dir` holds `discord.db` and is made where missing. `port` 0 takes a free one. Raises ValueError for a host
    that others can reach, unless `allow_non_loopback`, and OSError where the port is taken.

        async with LocalDiscord(tmp_path) as server:
            discord.http.Route.BASE = server.api_url
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        bot_name: str = "Troupe",
        rate_limits: Profile = "generous",
        timing: Timing | None = None,
        allow_non_loopback: bool = False,
    ) -> None:
        if not is_loopback(host) and not allow_non_loopback:
            raise ValueError(
                f"host {host} can be reached from other machines, and everybody there could act as every user. "
                "Use 127.0.0.1, or allow it on purpose with --allow-non-loopback."
            )
        self._data_dir = Path(data_dir)
        self._host, self._port = host, port
        self._bot_name = bot_name
        self._limits = RateLimits(rate_limits)
        self._timing = timing or Timing()
        self.faults = Faults(lambda: list(self.world.connections))
        self.world: World
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The chat page, and the root of everything."""
        return self.world.base_url

    @property
    def api_url(self) -> str:
        return self.url + _API

    @property
    def gateway_url(self) -> str:
        return self.world.gateway_url

    @property
    def cdn_url(self) -> str:
        return self.url + "/cdn"

    @property
    def seed(self) -> dict[str, Any]:
        """What `GET /local/seed` answers."""
        return seed.describe(self.world)

    async def start(self) -> None:
        self.world = World(Store(self._data_dir / "discord.db"), self._timing)
        seed.plant(self.world, self._bot_name)
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self.stop()
            raise
        port = self._runner.addresses[0][1]
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.world.base_url = f"http://{shown}:{port}"

    async def stop(self) -> None:
        """Close every socket and the store. Clients see their connection end, as in a restart."""
        for connection in list(self.world.connections):
            connection.close(1012, "The server is restarting.")
        if self._runner is not None:
            await self._runner.cleanup()
        self.world.close()

    async def __aenter__(self) -> LocalDiscord:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        for routes in _ROUTES:
            # Literal paths first: aiohttp takes the first that matches, and `{user_id}` would match `@me`.
            for route in sorted(routes.all, key=lambda route: route.path.count("{")):
                app.router.add_route(route.method, _pattern(_API + route.path), self._handler(route))
        for route in local.routes_for(self.faults).all:
            app.router.add_route(route.method, route.path, self._handler(route, local=True))
        app.router.add_route("*", "/api/{rest:.*}", self._nothing)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_get("/cdn/{path:.+}", self._cdn)
        app.router.add_get("/", self._index)
        if _PAGE.is_dir():
            app.router.add_static("/", _PAGE)
            app.on_response_prepare.append(_revalidate)
        return app

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return refuse(ApiError(404, 0, "404: Not Found"))

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        return await gateway.serve(self.world, request)

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        return await cdn.serve(self.world, request)

    async def _index(self, request: web.Request) -> web.StreamResponse:
        page = _PAGE / "index.html"
        if not page.is_file():
            return web.Response(status=404, text="The chat page is not installed.")
        return web.FileResponse(page, headers={"Cache-Control": "no-cache"})

    def _handler(self, route: Route, *, local: bool = False) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            headers: dict[str, str] = {}
            try:
                if local and not is_loopback(request.remote or ""):
                    raise ApiError(403, 0, "Only this machine may ask that.")
                if not local:
                    await self.faults.meet(request.method, request.path.removeprefix(_API))
                user = self._authenticate(request) if route.auth else None
                resource = next(iter(request.match_info.values()), "")
                caller = user["id"] if user else "token"
                if not local:
                    headers = self._limits.take(caller, route.method, route.path, resource)
                return respond(await route.handler(Call(self.world, request, user)), headers)
            except ApiError as error:
                return refuse(error, headers)
            except web.HTTPRequestEntityTooLarge:
                return refuse(ApiError(413, 40005, "Request entity too large"), headers)

        return handle

    def _authenticate(self, request: web.Request) -> dict[str, Any]:
        given = request.headers.get("Authorization", "")
        is_bot = given.startswith("Bot ")
        user = self.world.user_by_token(given.removeprefix("Bot ").strip(), bot=is_bot)
        if user is None:
            raise unauthorized()
        return user

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Keep other web sites out, and turn aiohttp's own errors into Discord's JSON."""
        if not self._is_own_host(request) or not self._is_own_origin(request):
            return refuse(ApiError(403, 0, "Requests from other sites are refused."))
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return refuse(ApiError(404, 0, "404: Not Found"))
        except web.HTTPMethodNotAllowed:
            return refuse(ApiError(405, 0, "405: Method Not Allowed"))
        except web.HTTPException:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return refuse(ApiError(500, 0, "500: Internal Server Error"))

    def _is_own_host(self, request: web.Request) -> bool:
        """On loopback the Host header must be a loopback name, else a foreign name was made to point here."""
        if not is_loopback(self._host):
            return True
        return re.sub(r":\d+$", "", request.headers.get("Host", "")) in _LOCAL_NAMES

    def _is_own_origin(self, request: web.Request) -> bool:
        """A browser names the page that sends a request; programs send no Origin at all."""
        origin = request.headers.get("Origin")
        return origin is None or origin == f"{request.scheme}://{request.headers.get('Host', '')}"


async def _revalidate(request: web.Request, response: web.StreamResponse) -> None:
    """Without this a browser keeps the page's old scripts for a while after an update."""
    if isinstance(response, web.FileResponse):
        response.headers.setdefault("Cache-Control", "no-cache")


def _pattern(path: str) -> str:
    """A path template as aiohttp takes it: a parameter is anything but a slash, also an encoded emoji."""
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path)
