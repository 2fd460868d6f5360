"""`troupe profile`: which set of settings this installation runs with, and changing it while it runs."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.errors import Unavailable
from core.profiles import Profile, load_profile, profile_names
from core.settings import ROOT, Settings, load_settings
from deploy.run_file import RunFacts, choose_ray_security, read_facts
from deploy.view import gpu_table
from serve_apps.slices import cards_for, fits, plan

READY_TIMEOUT_S = 600.0
_LINE = re.compile(r"^\s*PROFILE\s*=.*$", re.MULTILINE)
app = typer.Typer(no_args_is_help=True, help="Sets of settings for kinds of machines.")
console = Console()


@app.command("list")
def list_them() -> None:
    """Show all profiles, how much of a GPU their models want, and which one is in use."""
    current = load_settings().profile
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "profile", "GPU", "for"):
        table.add_column(column)
    for name in profile_names():
        profile = load_profile(name)
        wanted = 0.0 if profile.settings.get("NUM_GPUS") == 0 else sum(one.share for one in plan(_with(profile)))
        mark = Text("●" if name == current else "", style="green")
        table.add_row(mark, name, f"{wanted:g}", profile.about)
    console.print(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Show what a profile sets, what wins over it here, and how its models fit this machine's GPU."""
    profile = load_profile(name)
    settings = _with(profile)
    console.print(profile.about)
    table = Table(box=None, pad_edge=False, show_header=False)
    for setting, value in profile.settings.items():
        own = getattr(settings, setting.lower())
        table.add_row(setting, str(value), "" if own == value else Text(f"here: {own}", style="yellow"))
    console.print(table)
    _fit(settings)


@app.command("use")
def use(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Take a profile: it is kept in .env, and a running Troupe replaces what is concerned while the rest goes on."""
    old = load_settings()
    new = _with(load_profile(name)).model_copy(update={"profile": name})
    _fit(new)
    keep(name, ROOT / ".env")
    console.print(f"PROFILE={name} is in .env.")
    if "PROFILE" in os.environ and os.environ["PROFILE"] != name:
        console.print(Text(f"But PROFILE={os.environ['PROFILE']} in the environment wins over it.", style="yellow"))
    facts = read_facts(old.data_dir)
    if facts is None:
        console.print("Troupe does not run; the next `troupe up` takes it.")
        return
    concerned, later = concerns(old, new)
    if concerned:
        _replace(facts, new, concerned)
    console.print("Nothing that runs is concerned." if not concerned else f"Replaced: {', '.join(concerned)}.")
    if later:
        console.print(f"At the next `troupe up`: {', '.join(later)}.")


def concerns(old: Settings, new: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The applications that a change of settings concerns, and the settings that take effect at the next start only."""
    from serve_apps import apps  # late: it loads Ray

    read = {field for fields in apps.READS.values() for field in fields}
    differing = [field for field in Settings.model_fields if getattr(old, field) != getattr(new, field)]
    later = [
        field.upper() for field in differing if field not in read and field not in ("profile", "training_gpu_slice")
    ]
    return apps.changed(old, new), tuple(later)


def keep(name: str, path: Path) -> None:
    """Write PROFILE into an .env file and leave its other lines as they are. Keeps its permissions."""
    text = path.read_text("utf-8") if path.is_file() else ""
    line = f"PROFILE={name}"
    if _LINE.search(text):
        text = _LINE.sub(line, text)
    else:
        text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
    if not path.exists():
        path.touch(mode=0o600)  # people will put their token there
    path.write_text(text, "utf-8")


def _with(profile: Profile) -> Settings:
    return load_settings(profile.settings)


def _fit(settings: Settings) -> None:
    """Shows the plan on this machine's cards. Raises ConfigError where it does not fit."""
    cards = cards_for(settings)
    if cards:
        console.print(gpu_table(fits(settings, cards), cards))
    else:
        console.print(Text("No GPU here: the models run on the CPU.", style="dim"))


def _replace(facts: RunFacts, settings: Settings, concerned: Sequence[str]) -> None:
    """Raises Unavailable where an application does not come up."""
    choose_ray_security(settings)
    import ray

    from deploy.compose import probes
    from deploy.database import uri_of
    from serve_apps import apps

    ray.init(address=facts.ray_address, logging_level="ERROR", log_to_driver=False)
    try:
        apps.deploy(settings, probes(settings), uri_of(settings), only=concerned)
        deadline = time.monotonic() + READY_TIMEOUT_S
        with console.status("") as status:
            while True:
                states = apps.statuses(concerned)
                failed = [f"{name}: {detail}" for name, (state, detail) in states.items() if state == "failed"]
                if failed:
                    raise Unavailable("; ".join(failed), component=failed[0].partition(":")[0])
                waiting = [name for name, (state, _) in states.items() if state not in ("ready", "idle")]
                if not waiting and states:
                    return
                if time.monotonic() > deadline:
                    raise Unavailable(f"Not ready after {READY_TIMEOUT_S:.0f} s.", component=", ".join(waiting))
                status.update(f"Replacing {', '.join(waiting or concerned)} …")
                time.sleep(0.5)
    finally:
        ray.shutdown()
