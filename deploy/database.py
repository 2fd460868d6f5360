"""The embedded database: `mongod` where one is installed, else nx-27017, which speaks MongoDB's protocol over SQLite.

Both are reached by the same URI, with acknowledged and journalled writes. The child dies with its parent; a database
that a crash left behind is recognised by its pid file and replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from core.errors import ConfigError, DatabaseUnavailable
from core.settings import Settings
from deploy.process import Process, spawn

_HOST = "127.0.0.1"


def embedded(settings: Settings) -> EmbeddedDatabase:
    """The embedded database of these settings; it may run already."""
    return EmbeddedDatabase(settings.data_dir / "database", settings.database_port)


def uri_of(settings: Settings) -> str:
    """Where a running system's database is: MONGODB_URI, or the embedded one."""
    if settings.mongodb_uri is not None:
        return settings.mongodb_uri.get_secret_value()
    return embedded(settings).uri


class EmbeddedDatabase:
    """One database process over `data_dir`, listening on the loopback `port`."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self._process: Process | None = None

    @property
    def uri(self) -> str:
        """The connection string: writes are acknowledged only once they are in the journal."""
        return f"mongodb://{_HOST}:{self.port}/?w=1&journal=true"

    @property
    def alive(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """Process id, None before `start`."""
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Starts the process and returns its URI; it answers a moment later (`wait_ready`).

        Raises ConfigError where the port belongs to somebody else or another Troupe uses the same data.
        """
        if self.alive:
            return self.uri
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._clear_leftover()
        if _listens(self.port):
            raise ConfigError(
                f"Port {self.port} is taken by another program.",
                field="DATABASE_PORT",
                fix="Choose a free port, or set MONGODB_URI to use the database that is there.",
            )
        self._process = spawn("database", self._argv(), self.data_dir / "database.log")
        self._owner_file.write_text(json.dumps({"pid": self._process.pid, "owner": os.getpid()}))
        return self.uri

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Returns once the database answers. Raises DatabaseUnavailable after `timeout_s` or when it has ended."""
        deadline = time.monotonic() + timeout_s
        client: MongoClient[dict[str, Any]] = MongoClient(self.uri, serverSelectionTimeoutMS=500, connectTimeoutMS=500)
        with client:
            while self.alive and time.monotonic() < deadline:
                with suppress(PyMongoError):
                    client.admin.command("ping")
                    return
                time.sleep(0.05)
        if self.alive:
            raise DatabaseUnavailable(
                f"The embedded database did not answer within {timeout_s:g} s.", component="database"
            )
        tail = self._process.log_tail() if self._process else "it was not started"
        raise DatabaseUnavailable(f"The embedded database ended: {tail}", component="database")

    def stop(self) -> None:
        """Ends the process; everything acknowledged stays on disk."""
        if self._process is not None:
            self._process.stop()
            self._process = None
            self._owner_file.unlink(missing_ok=True)

    @property
    def _owner_file(self) -> Path:
        return self.data_dir / "database.json"

    def _argv(self) -> list[str]:
        if mongod := shutil.which("mongod"):
            files = self.data_dir / "mongod"
            files.mkdir(exist_ok=True)
            return [mongod, "--dbpath", str(files), "--bind_ip", _HOST, "--port", str(self.port)]
        files = self.data_dir / "nx"
        files.mkdir(exist_ok=True)
        # It refuses to start where its pid file names a live process, and after a crash that number may be anyone's.
        pid_file = files / "nx.pid"
        pid_file.unlink(missing_ok=True)
        arguments = ["--data-dir", str(files), "--host", _HOST, "-p", str(self.port), "--pid-file", str(pid_file)]
        run = "from nx_27017.nx_27017 import main; raise SystemExit(main())"
        return [sys.executable, "-c", run, *arguments, "--log-file", str(files / "nx.log")]

    def _clear_leftover(self) -> None:
        """Ends a database over the same data whose owner is gone; refuses where the owner lives."""
        try:
            written = json.loads(self._owner_file.read_text())
            leftover = psutil.Process(int(written["pid"]))
            is_ours = str(self.data_dir) in " ".join(leftover.cmdline())
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            return
        if not is_ours:
            return
        owner = int(written["owner"])
        if owner != os.getpid() and leftover.ppid() == owner and psutil.pid_exists(owner):
            raise ConfigError(
                f"The data in {self.data_dir} is in use by another Troupe (process {owner}).",
                field="DATA_DIR",
                fix="Stop that one with `troupe down`, or choose another folder.",
            )
        leftover.terminate()
        try:
            leftover.wait(10)
        except psutil.TimeoutExpired:
            leftover.kill()
            leftover.wait(10)


def _listens(port: int) -> bool:
    """Whether anything accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0
