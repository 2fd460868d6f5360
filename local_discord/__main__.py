"""`python -m local_discord`: run the server until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from local_discord.server import LocalDiscord


def _arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local_discord", description="A local server that speaks Discord's protocol.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8787, help="port to listen on (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the state is kept")
    parser.add_argument("--bot-name", default="Troupe", help="name of the bot of a new world (default: %(default)s)")
    parser.add_argument(
        "--rate-limits", choices=("realistic", "generous", "off"), default="generous", help="default: %(default)s"
    )
    parser.add_argument(
        "--allow-non-loopback", action="store_true", help="let other machines in; everybody can then be every user"
    )
    return parser.parse_args(argv)


async def _serve(options: argparse.Namespace) -> None:
    server = LocalDiscord(
        options.data,
        host=options.host,
        port=options.port,
        bot_name=options.bot_name,
        rate_limits=options.rate_limits,
        allow_non_loopback=options.allow_non_loopback,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        logging.getLogger("local_discord").info("Local Discord: chat page %s/  API %s", server.url, server.api_url)
        await stop.wait()


def main(argv: list[str] | None = None) -> int:
    options = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"local_discord: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
