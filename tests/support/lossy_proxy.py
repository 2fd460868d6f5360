"""A TCP proxy that can lose an answer after the request went through: the case in which a writer cannot know."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class LossyProxy:
    """Forwards to `target_port` of the loopback. `lose(marker)` cuts the connection instead of answering the next
    request that holds `marker`, once the server has answered it; `go_away` cuts all connections and takes no new one
    until `come_back`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._marker: bytes | None = None
        self._away = False
        self._connections: set[asyncio.StreamWriter] = set()
        self.lost = 0
        self.port = 0

    async def __aenter__(self) -> LossyProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()

    def lose(self, marker: bytes) -> None:
        """Arms the loss."""
        self._marker = marker

    def go_away(self) -> None:
        """Nothing answers any more."""
        self._away = True
        for connection in self._connections:
            connection.close()

    def come_back(self) -> None:
        """Connections are taken again."""
        self._away = False

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        if self._away:
            client_out.close()
            return
        self._connections.add(client_out)
        server_in, server_out = await asyncio.open_connection("127.0.0.1", self._target_port)
        losing = asyncio.Event()

        async def requests() -> None:
            while data := await client_in.read(1 << 16):
                if self._marker is not None and self._marker in data:
                    self._marker = None
                    losing.set()
                server_out.write(data)

        async def replies() -> None:
            while data := await server_in.read(1 << 16):
                if losing.is_set():
                    self.lost += 1
                    return
                client_out.write(data)

        tasks = [asyncio.create_task(requests()), asyncio.create_task(replies())]
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connections.discard(client_out)
        server_out.close()
        client_out.close()
