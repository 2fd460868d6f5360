"""Child processes: what they print is kept, and none of their group stays behind."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from deploy.process import spawn

FAMILY = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.environ["GREETING"], child.pid, flush=True)
time.sleep(60)
"""


def wait_for(path: Path, words: int) -> list[str]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError):
            if len(found := path.read_text().split()) >= words:
                return found
        time.sleep(0.01)
    raise TimeoutError(f"nothing in {path}")


@pytest.mark.parametrize("temper", ["polite", "stubborn"])
def test_stopping_ends_the_whole_group(tmp_path: Path, temper: str) -> None:
    log = tmp_path / "logs" / "family.log"
    process = spawn("family", [sys.executable, "-c", FAMILY, temper], log, {"GREETING": "hello"})
    greeting, grandchild = wait_for(log, 2)
    assert greeting == "hello"
    assert process.alive
    assert process.log_tail(1).startswith("hello")
    assert process.stop(patience_s=0.3) != 0
    assert not process.alive
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(grandchild)).wait(5)
    assert process.stop() != 0, "stopping again does no harm"


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-program"):
        spawn("nothing", ["no-such-program"], tmp_path / "log")
