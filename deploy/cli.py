"""The `troupe` command. Each sub-command is a few lines over a module of this room."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import httpx
import psutil
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from core.errors import ConfigError, TroupeError
from core.personas import load_pack
from core.settings import load_settings
from deploy import adapters, jobs, profiles
from deploy.run_file import choose_ray_security, hold_lock, members, read_facts, sweep
from deploy.view import destinations, findings_table, gpu_table, state_table

if TYPE_CHECKING:
    from deploy.stack import Stack

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show local variables, secrets among them
    help="A cast of AI personas for Discord servers, on Ray.",
)
gpu = typer.Typer(no_args_is_help=True, help="The GPU: what has which part of it.")
app.add_typer(gpu, name="gpu")
app.add_typer(adapters.app, name="adapter")
app.add_typer(profiles.app, name="profile")
app.add_typer(jobs.app, name="jobs")
console = Console()


def main() -> None:
    """Entry point: turns this project's errors into one clear line and exit code 1."""
    try:
        app()
    except TroupeError as error:
        console.print(Text(f"✗ {error}", style="red"))
        sys.exit(1)


@app.command()
def up() -> None:
    """Start everything and keep it running; Ctrl-C stops it."""
    settings = load_settings()
    with hold_lock(settings.data_dir):
        choose_ray_security(settings)
        # Only here: Ray reads those variables on import, and the other commands are quicker without it.
        from deploy.stack import Stack

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        stack = Stack(settings)
        try:
            _show_start(stack)
            stack.watch()
        except KeyboardInterrupt:
            console.print("\nStopping …")
        finally:
            # A second Ctrl-C must not cut the clean-up short; it takes a few seconds at most.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stack.stop()
            console.print("Stopped. Everything said is kept in", Text(str(settings.data_dir)))


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _show_start(stack: Stack) -> None:
    """A live table while the components come up (a line per change without a terminal), then where to go."""
    started = time.monotonic()
    if console.is_terminal:
        spinner = Spinner("dots", "Starting Troupe; the first start of a model takes the longest …")
        with Live(console=console, refresh_per_second=8) as live:
            for statuses in stack.start():
                rows = [(name, status.state, status.detail) for name, status in statuses.items()]
                done = all(status.up for status in statuses.values())
                live.update(state_table(rows) if done else Group(state_table(rows), spinner))
    else:
        said: dict[str, str] = {}
        for statuses in stack.start():
            for name, status in statuses.items():
                if said.get(name) != status.state:
                    said[name] = status.state
                    console.print(f"{name}: {status.state} {status.detail}".rstrip(), markup=False, highlight=False)
    if stack.cards:
        console.print(gpu_table(stack.gpu_plan, stack.cards))
    console.print(destinations(stack.urls, stack.notes, time.monotonic() - started))


@app.command()
def down() -> None:
    """Stop a running Troupe, and whatever a crash left of one."""
    settings = load_settings()
    facts = read_facts(settings.data_dir)
    with suppress(psutil.NoSuchProcess):
        if facts is not None:
            process = psutil.Process(facts.pid)
            with console.status("Stopping …"):
                process.terminate()
                try:
                    process.wait(30)
                except psutil.TimeoutExpired:
                    process.kill()
    left = sweep(settings.data_dir)
    if facts is None and not left:
        console.print("Troupe does not run.")
    else:
        console.print("Stopped." + (f" Ended {left} processes that were left." if left else ""))


@app.command()
def status() -> None:
    """Show the running system: each component's state, and where to go. Exit code 1 when it does not run."""
    settings = load_settings()
    facts = read_facts(settings.data_dir)
    if facts is None:
        left = len(members(settings.data_dir))
        console.print("Troupe does not run." + (f" A crash left {left} processes: run `troupe down`." if left else ""))
        raise typer.Exit(1)
    health = _get_health(facts.urls["API"], settings.api_headers)
    rows = [(name, part["state"], part.get("detail", "")) for name, part in health["components"].items()]
    console.print(state_table(rows))
    for name, url in facts.urls.items():
        console.print(Text(f"{name}: {url}", style="dim"))
    raise typer.Exit(0 if health["status"] == "ok" else 1)


def _get_health(api: str, headers: dict[str, str]) -> dict[str, Any]:
    try:
        response = httpx.get(f"{api}/health", headers=headers, timeout=10)
        return dict(response.json())
    except (httpx.HTTPError, ValueError) as error:
        raise ConfigError(f"The API does not answer ({error}).", field=api, fix="Look into var/logs.") from None


@app.command()
def doctor() -> None:
    """Check this machine and its settings; says how to mend what is wrong. Exit code 1 when something is."""
    from deploy.doctor import examine

    findings = []
    with console.status("Examining …"):
        findings = list(examine(load_settings()))
    console.print(findings_table(findings))
    raise typer.Exit(1 if any(finding.level == "bad" for finding in findings) else 0)


@gpu.command("status")
def gpu_status() -> None:
    """Show which model has which slice of which card, and what of the cards is in use. Fails where they do not fit."""
    from serve_apps.slices import cards_for, fits

    settings = load_settings()
    cards = cards_for(settings)
    if not cards:
        console.print("No NVIDIA GPU found: the models run on the CPU.")
        return
    console.print(gpu_table(fits(settings, cards), cards))


@app.command()
def seed() -> None:
    """Check the pack and bring its lore into the running system, after its files were edited."""
    settings = load_settings()
    pack = load_pack(settings.pack_dir)
    console.print(f"{pack.name}: {len(pack.personas)} personas, {len(pack.lore)} passages, all valid.")
    facts = read_facts(settings.data_dir)
    if facts is None:
        console.print("Troupe does not run; the next `troupe up` takes them.")
        return
    choose_ray_security(settings)
    from deploy.reload import reload_pack

    with console.status("Bringing in the lore …"):
        console.print(reload_pack(facts, settings))


@app.command()
def chat(
    persona: Annotated[str, typer.Argument(help="Who to talk to; default: the pack's first.")] = "",
    name: Annotated[str, typer.Option(help="Your name, as the persona reads it.")] = "You",
) -> None:
    """Talk to a persona in the terminal."""
    from deploy.chat import ChatSession, chat_loop

    settings = load_settings()
    facts = read_facts(settings.data_dir)
    if facts is None:
        raise ConfigError("Troupe does not run.", field="troupe chat", fix="Start it with `troupe up`.")
    pack = load_pack(settings.pack_dir)
    chosen = pack.persona(persona.lower() or pack.default_persona)
    session = ChatSession(base_url=facts.urls["API"], persona=chosen.id, speaker=name, headers=settings.api_headers)
    chat_loop(session, chosen.name, console)


if __name__ == "__main__":
    main()
