"""Ends whatever a killed `troupe up` leaves: `python -m deploy.undertaker DATA_DIR`, with a pipe as standard input.

The other end of the pipe is held by `troupe up` alone, so the pipe ends when that process does, however it died: even
kill -9 leaves nobody to clean up but the kernel closes the pipe. Ray's agents otherwise stay for about a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploy.run_file import MARK, sweep


def hire(data_dir: Path) -> subprocess.Popen[bytes]:
    """Starts the undertaker of this process. It is no member of the run itself: the sweep must not end it."""
    env = {name: value for name, value in os.environ.items() if name != MARK}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "deploy.undertaker", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,
    )


def main() -> int:
    """Waits for the end of standard input, then sweeps. Returns the exit code."""
    sys.stdin.buffer.read()
    sweep(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
