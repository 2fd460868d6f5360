"""One child process that never outlives its parent.

The child runs in a session of its own, so that a Ctrl-C at the terminal reaches only the parent, which then stops its
children in order. Should the parent die without stopping it, the kernel kills the child (`PR_SET_PDEATHSIG`; Linux
only, elsewhere the parent has to stop it itself).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Process:
    """A running child. `log_path` receives its output, appended."""

    name: str
    popen: subprocess.Popen[bytes]
    log_path: Path

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self.popen.poll() is None

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of its output, for an error message."""
        with suppress(OSError):
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def stop(self, patience_s: float = 10.0) -> int:
        """Asks the whole group to end, kills it after `patience_s` seconds, and returns the exit code."""
        if self.alive:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience_s)
        # Also after a clean exit: a grandchild may have stayed behind in the group.
        self._signal(signal.SIGKILL)
        return self.popen.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)


def spawn(name: str, argv: Sequence[str], log_path: Path, env: Mapping[str, str] | None = None) -> Process:
    """Starts `argv` with `env` added to the environment. Raises OSError where the program cannot be started.

    Call it from the main thread: the kernel ends the child when the *thread* that started it ends.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()

    def die_with_parent() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died between the fork and the prctl
                os._exit(1)

    with log_path.open("ab") as log:
        popen = subprocess.Popen(  # noqa: S603
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Process(name, popen, log_path)
