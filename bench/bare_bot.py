"""The bare discord.py bot that benches hold Troupe against, on a local Discord of its own process as Troupe's is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bench.system import ROOT, free_port


@asynccontextmanager
async def bare_bot() -> AsyncIterator[dict[str, Any]]:
    """The seed of a local Discord to which `bench.echo_bot` is connected."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        argv = [sys.executable, "-m", "local_discord", "--port", str(port), "--data", folder]
        server = subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        bot: subprocess.Popen[str] | None = None
        try:
            seed = await _seed(port)
            argv = [sys.executable, "-m", "bench.echo_bot", seed["api"], seed["gateway"], seed["bot_token"]]
            bot = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
            assert bot.stdout is not None
            await asyncio.to_thread(bot.stdout.readline)
            yield seed
        finally:
            for process in (bot, server):
                if process is not None:
                    process.terminate()
                    process.wait(10)


async def _seed(port: int) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            try:
                response = await client.get(f"http://127.0.0.1:{port}/local/seed")
                return dict(response.raise_for_status().json())
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
    raise RuntimeError("the local Discord did not start")
