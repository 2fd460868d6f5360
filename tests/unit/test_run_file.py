"""Who runs on a data folder, and that nothing of it is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.errors import ConfigError
from deploy.run_file import MARK, RunFacts, hold_lock, members, ray_token, read_facts, sweep, write_facts

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def start_sleeper(data_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, MARK: str(data_dir.resolve())}
    process = subprocess.Popen(arguments or SLEEPER, env=env)
    while psutil.Process(process.pid).environ().get(MARK) is None:
        time.sleep(0.01)
    return process


@pytest.fixture(autouse=True)
def _unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "")


def test_a_second_troupe_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        write_facts(tmp_path, RunFacts(pid=os.getpid(), ray_address="", urls={"API": "http://x"}))
        with pytest.raises(ConfigError, match=rf"already runs.*{os.getpid()}.*troupe down"), hold_lock(tmp_path):
            pass
    assert read_facts(tmp_path) is None


def test_facts_left_by_a_crash_do_not_count(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from deploy.run_file import *;"
        " folder = pathlib.Path(sys.argv[1]); lock = hold_lock(folder); lock.__enter__();"
        " write_facts(folder, RunFacts(pid=os.getpid(), ray_address='', urls={}));"
        " print('held', flush=True); sys.stdin.read(); os._exit(9)"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        running = read_facts(tmp_path)
        assert running is not None
        assert running.pid == holder.pid
        holder.stdin.close()
        while read_facts(tmp_path):
            time.sleep(0.05)
        # It is a zombie now, whose pid still exists.
        assert psutil.pid_exists(holder.pid)
        assert (tmp_path / "run" / "troupe.json").exists()


def test_the_sweep_ends_the_run_and_nothing_else(tmp_path: Path) -> None:
    ours, other = start_sleeper(tmp_path / "ours"), start_sleeper(tmp_path / "other")
    stubborn = start_sleeper(
        tmp_path / "ours", sys.executable, "-c", "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    )
    try:
        time.sleep(0.3)
        assert {process.pid for process in members(tmp_path / "ours")} == {ours.pid, stubborn.pid}
        assert sweep(tmp_path / "ours", grace_s=0.5) == 2
        assert not psutil.pid_exists(ours.pid)
        assert not psutil.pid_exists(stubborn.pid)
        assert other.poll() is None
    finally:
        for process in (ours, stubborn, other):
            process.kill()
            process.wait()


def test_the_undertaker_ends_what_a_killed_parent_leaves(tmp_path: Path) -> None:
    left = start_sleeper(tmp_path)
    code = (
        "import pathlib, sys, time; from deploy.undertaker import hire; hire(pathlib.Path(sys.argv[1]));"
        " print('hired', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"hired\n"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert left.wait(15) != 0


def test_the_token_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    first = ray_token(tmp_path)
    assert first.stat().st_mode & 0o077 == 0
    token = first.read_text()
    assert len(token) == 64
    assert ray_token(tmp_path).read_text() == token
