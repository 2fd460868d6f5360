"""`troupe jobs`: what the cast does by itself on the servers of the running system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from core.errors import ConfigError
from core.settings import load_settings
from deploy.run_file import choose_ray_security, read_facts

if TYPE_CHECKING:
    from actors.schedule import ScheduleView
    from actors.schedule_state import Record
    from actors.scheduler_actor import RemoteScheduler
    from actors.virtual import Calls

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Jobs that the cast does by itself, of the running system.")
console = Console()

_RUN_WITHIN_S = 180.0
_LOOK_AGAIN_S = 0.5
_Guild = Annotated[str, typer.Argument(help="The server's Discord id.")]


@app.command("list")
def list_(
    guild: Annotated[str, typer.Argument(help="The server's Discord id; default: all that have one due.")] = "",
) -> None:
    """Show when which jobs are due."""
    if guild:
        view = _asked(lambda actors, _: actors.call("schedule", guild, "view"))
        console.print(schedule_table(view))
        return
    servers = _asked(lambda _, scheduler: scheduler.servers())
    console.print(servers_table(servers))


@app.command("run")
def run(guild: _Guild, job: Annotated[str, typer.Argument(help="The job's name, as `list` shows it.")]) -> None:
    """Run a job on a server now, and wait for what comes of it. Exit code 1 where it fails."""
    with console.status(f"Running {job} …"):
        record = _asked(lambda actors, scheduler: ran(actors, scheduler, guild, job))
    if record is None:
        console.print(f"{job} is not through after {_RUN_WITHIN_S:.0f} s; `troupe jobs history` shows it later.")
        raise typer.Exit(1)
    console.print(history_table([record]))
    raise typer.Exit(1 if record.outcome == "failed" else 0)


@app.command("history")
def history(
    guild: _Guild,
    job: Annotated[str, typer.Option(help="Only this one.")] = "",
    limit: Annotated[int, typer.Option(help="How many runs.")] = 20,
) -> None:
    """Show what ran on a server and what came of it, the latest first."""
    records = _asked(lambda actors, _: actors.call("schedule", guild, "history", job or None, limit))
    console.print(history_table(records))


async def ran(actors: Calls, scheduler: RemoteScheduler, guild_id: str, job: str) -> Record | None:
    """Runs a job by hand; what came of it, None where that takes too long. Raises TroupeError."""
    run_id = await actors.call("schedule", guild_id, "run_now", job, uuid4().hex)
    await scheduler.wake(guild_id)
    for _ in range(int(_RUN_WITHIN_S / _LOOK_AGAIN_S)):
        await asyncio.sleep(_LOOK_AGAIN_S)
        records: Sequence[Record] = await actors.call("schedule", guild_id, "history", job)
        if (found := next((one for one in records if one.id == run_id), None)) is not None:
            return found
    return None


def servers_table(servers: Sequence[tuple[str, int]]) -> Table:
    """Which servers have something due, and when."""
    table = Table("Server", "Next")
    for guild_id, at_ms in servers:
        table.add_row(guild_id, _moment(at_ms))
    return table


def schedule_table(view: ScheduleView) -> Table:
    """A server's jobs."""
    table = Table("Job", "When", "State", "Next", "Channels", "Last", title=f"Times by the clock of {view.zone}")
    for one in view.jobs:
        state = "off" if not one.on else "paused" if one.paused else "on"
        if one.stride > 1:
            state += f", 1 of {one.stride} (nobody answers)"
        last = f"{one.last.outcome} {_moment(one.last.began_ms)}" if one.last else ""
        table.add_row(one.name, one.cron, state, _moment(one.due_ms), " ".join(one.channel_ids), last)
    return table


def history_table(records: Sequence[Record]) -> Table:
    """What ran."""
    table = Table("Began", "Job", "Outcome", "Seconds", "Tokens", "Attempts", "Messages", "Why")
    for one in records:
        messages = " ".join(post.message_id for post in one.posted)
        figures = (f"{one.took_ms / 1000:.1f}", str(one.tokens), str(one.attempts))
        table.add_row(_moment(one.began_ms), one.job, one.outcome, *figures, messages, one.detail)
    return table


def _asked(ask: Callable[[Calls, RemoteScheduler], Awaitable[T]]) -> T:
    """What the running system answers. Raises ConfigError where none runs, TroupeError."""
    settings = load_settings()
    facts = read_facts(settings.data_dir)
    if facts is None:
        raise ConfigError("Troupe does not run.", field="troupe jobs", fix="Start it with `troupe up`.")
    choose_ray_security(settings)
    # Only here: Ray reads its settings when it is imported.
    import ray

    from actors.scheduler_actor import RemoteScheduler
    from actors.virtual import VirtualActors

    async def asking() -> T:
        return await ask(VirtualActors(settings.actor_hosts), RemoteScheduler())

    ray.init(address=facts.ray_address, logging_level="ERROR", log_to_driver=False)
    try:
        return asyncio.run(asking())
    finally:
        ray.shutdown()


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000).astimezone():%Y-%m-%d %H:%M}" if at_ms else ""
