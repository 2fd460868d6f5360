"""Which Troupe runs here: a lock that one `troupe up` holds per DATA_DIR, facts for the other commands, and the sweep.

Every process of a running system inherits the variable `TROUPE_RUN` with the DATA_DIR that it serves. So what a crash
left behind is found by that mark, whoever its parent was, and nothing else is ever touched.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from core.errors import ConfigError
from core.settings import Settings

MARK = "TROUPE_RUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What other commands need to know of the running system. `urls` maps a short name to an address."""

    pid: int
    ray_address: str
    urls: dict[str, str]


def _facts_path(data_dir: Path) -> Path:
    return data_dir / "run" / "troupe.json"


def _lock_path(data_dir: Path) -> Path:
    return data_dir / "run" / "lock"


@contextmanager
def hold_lock(data_dir: Path) -> Iterator[None]:
    """Holds the lock of `data_dir` and marks this process. Raises ConfigError when another `troupe up` holds it."""
    facts = _facts_path(data_dir)
    facts.parent.mkdir(parents=True, exist_ok=True)
    with _lock_path(data_dir).open("a") as lock:
        if not _acquire(lock, fcntl.LOCK_EX, patience_s=1.0):  # `read_facts` holds it for a moment
            running = read_facts(data_dir)
            raise ConfigError(
                f"Troupe already runs on {data_dir}" + (f" (process {running.pid})." if running else "."),
                field="DATA_DIR",
                fix="Stop it with `troupe down`, or set another DATA_DIR and other ports.",
            )
        os.environ[MARK] = str(data_dir.resolve())
        try:
            yield
        finally:
            facts.unlink(missing_ok=True)


def write_facts(data_dir: Path, facts: RunFacts) -> None:
    """Publishes the facts; only the owner may read them."""
    path = _facts_path(data_dir)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(facts)), encoding="utf-8")


def read_facts(data_dir: Path) -> RunFacts | None:
    """The facts of the running system, or None where none runs.

    What counts is that somebody holds the lock: a file left by a crash, or a pid that another program has by now, does
    not make a system.
    """
    try:
        with _lock_path(data_dir).open("a") as lock:
            if _acquire(lock, fcntl.LOCK_SH):
                return None
        return RunFacts(**json.loads(_facts_path(data_dir).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _acquire(lock: IO[str], mode: int, patience_s: float = 0.0) -> bool:
    """Takes the lock until the file is closed; False where another holds it for longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def ray_token(data_dir: Path) -> Path:
    """The file with the embedded Ray cluster's token, made on first use. Ray's dashboard asks for what is in it."""
    path = data_dir / "run" / "ray.token"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="utf-8")
    return path


def choose_ray_security(settings: Settings) -> None:
    """Ray's own ports listen on all addresses, so they ask for a token unless the operator chose otherwise."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if os.environ["RAY_AUTH_MODE"] == "token" and not settings.ray_address:
        os.environ.setdefault("RAY_AUTH_TOKEN_PATH", str(ray_token(settings.data_dir)))


def members(data_dir: Path) -> list[psutil.Process]:
    """Every live process of the system on `data_dir`, apart from this one and its parents."""
    me = psutil.Process()
    mine = {me.pid, *(parent.pid for parent in me.parents())}
    wanted = str(data_dir.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in mine and process.environ().get(MARK) == wanted:
                found.append(process)
        except psutil.Error:
            continue  # gone meanwhile, or another user's
    return found


def sweep(data_dir: Path, grace_s: float = 5.0) -> int:
    """Ends every process that the system on `data_dir` left: asks first, then kills. Returns how many there were."""
    found = [process for process in members(data_dir) if process.is_running()]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=grace_s)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=grace_s)
    return len(found)
