"""A whole Troupe of a bench's own: `troupe up` in a process, on free ports, with its data in a temporary folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class System:
    """Starts `troupe up` on entering and stops it on leaving. `data_dir` may be one of an earlier run.

    `env` is what its other commands need to find it, `started_s` the time from the command to readiness. Raises
    RuntimeError with the end of its output where it does not come up within `timeout_s`.
    """

    def __init__(self, data_dir: Path, timeout_s: float = 300.0, **settings: str) -> None:
        self.data_dir = data_dir
        self.timeout_s = timeout_s
        self.discord_port, self.api_port, self.database_port = free_port(), free_port(), free_port()
        self.env = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "LOCAL_DISCORD_PORT": str(self.discord_port),
            "API_PORT": str(self.api_port),
            "DATABASE_PORT": str(self.database_port),
            "DASHBOARD_PORT": str(free_port()),
            "RATE_MENTIONS_PER_MINUTE": "0",  # few people stand for many
            "RATE_COMMANDS_PER_MINUTE": "0",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0

    @property
    def api(self) -> str:
        """Base address of the HTTP API."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def page(self) -> str:
        """Address of the chat page."""
        return f"http://127.0.0.1:{self.discord_port}"

    @property
    def database_uri(self) -> str:
        """The embedded database's address."""
        return f"mongodb://127.0.0.1:{self.database_port}/?w=1&journal=true"

    @property
    def log(self) -> Path:
        """What `troupe up` printed."""
        return self.data_dir / "up.log"

    def seed(self) -> dict[str, Any]:
        """The local Discord's facts: users with tokens, channels, addresses."""
        seed: dict[str, Any] = httpx.get(f"{self.page}/local/seed", timeout=10).raise_for_status().json()
        return seed

    def health(self) -> dict[str, Any]:
        """The API's view of every component."""
        health: dict[str, Any] = httpx.get(f"{self.api}/health", timeout=10).json()
        return health

    def start(self) -> Self:
        """Starts it and waits until it is chat-ready."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "up"], cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        while time.monotonic() - started < self.timeout_s:
            if self._process.poll() is not None:
                break
            if self.ready():
                self.started_s = time.monotonic() - started
                return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"Troupe did not come up:\n{self.log.read_text()[-3000:]}")

    def ready(self) -> bool:
        """Whether it can be chatted with now: the API, the language model and all that a reply needs."""
        try:
            return httpx.get(f"{self.api}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def command(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Runs `troupe ARGUMENTS` beside it, with `typed` on its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments],
            cwd=ROOT,
            env=self.env,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def stop(self) -> int:
        """Stops it as Ctrl-C does. Returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def kill(self) -> None:
        """Kills `troupe up` itself, as a crash would, with kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
