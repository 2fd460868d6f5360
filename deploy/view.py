"""What the `troupe` command shows: tables of states and where to go. No logic in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.doctor import Finding
from serve_apps.slices import Card, Placed

MARKS = {
    "ready": ("●", "green"),
    "ok": ("●", "green"),
    "idle": ("◐", "green"),
    "note": ("●", "yellow"),
    "degraded": ("●", "yellow"),
    "starting": ("◌", "yellow"),
    "waiting": ("○", "dim"),
    "failed": ("●", "red"),
    "bad": ("●", "red"),
}


def state_table(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Rows of (component, state, detail) with a coloured mark each."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(min_width=1)
    table.add_column(min_width=13, style="bold")
    table.add_column(min_width=9)
    table.add_column(style="dim", overflow="fold")
    for name, state, detail in rows:
        mark, style = MARKS.get(state, ("●", "yellow"))
        table.add_row(Text(mark, style=style), name, Text(state, style=style), Text(detail))
    return table


def findings_table(findings: Iterable[Finding]) -> Table:
    """The doctor's findings, each with its fix below the detail."""
    return state_table((f.name, f.level, f"{f.detail}\n→ {f.fix}" if f.fix else f.detail) for f in findings)


def gpu_table(plan: Iterable[Placed], cards: Iterable[Card]) -> Table:
    """Which model has which part of which card."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("card", "model", "slice", "memory", "held"):
        table.add_column(name)
    placed = list(plan)
    for card in cards:
        known = f"{card.used_gib:.1f} of {card.total_gib:.1f} GiB in use" if card.total_gib else "memory not known"
        table.add_row(str(card.index), Text(card.name, style="bold"), "", known, "")
        here = [place for place in placed if place.card is card]
        for place in here:
            memory = f"{place.gib:.1f} GiB" if card.total_gib else ""
            table.add_row("", place.slice.name, f"{place.slice.share:.2f}", memory, place.slice.when)
        table.add_row("", Text("free", style="dim"), f"{max(0.0, 1 - sum(p.slice.share for p in here)):.2f}", "", "")
    return table


def destinations(urls: Mapping[str, str], notes: Iterable[str], seconds: float) -> Panel:
    """Where to go once everything is up, and what is missing for more."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, url in urls.items():
        table.add_row(name, Text(url, style="cyan"))
    for note in notes:
        table.add_row("", Text(note, style="dim"))
    return Panel(table, title=f"Troupe is ready ({seconds:.0f} s)", title_align="left", border_style="green")
