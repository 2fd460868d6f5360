"""`troupe adapter`: LoRA adapters of the running language model, over the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from core.errors import ConfigError
from core.settings import Settings, load_settings
from deploy.run_file import read_facts

LOAD_TIMEOUT_S = 120.0  # as long as the API gives it
app = typer.Typer(no_args_is_help=True, help="LoRA adapters of the running language model.")
console = Console()


class Adapters:
    """The adapters of one running Troupe. Every method raises ConfigError with what the API says."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def all(self) -> list[dict[str, Any]]:
        """Every loaded adapter: `name`, `path`, `personas`."""
        return list(self._asked("GET", "/llm/adapters")["adapters"])

    def add(self, name: str, folder: Path, personas: Sequence[str]) -> None:
        """Load the adapter in a folder, in place of an older one of that name."""
        body = {"name": name, "path": str(folder.resolve()), "personas": list(personas)}
        self._asked("POST", "/llm/adapters", json=body)

    def remove(self, name: str) -> None:
        """Unload an adapter and forget it."""
        self._asked("DELETE", f"/llm/adapters/{name}")

    def _asked(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **body)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ConfigError(f"The API does not answer ({error}).", field="API", fix="Look into var/logs.") from None
        if not answer.get("ok"):
            error_body = answer.get("error", {})
            raise ConfigError(
                str(error_body.get("message", "the API refuses it")),
                field=str(error_body.get("field") or "adapter"),
                fix="Nothing was changed.",
            )
        return answer


def running(settings: Settings) -> httpx.Client:
    """A client of the running Troupe's API. Raises ConfigError where none runs."""
    facts = read_facts(settings.data_dir)
    if facts is None:
        raise ConfigError("Troupe does not run.", field="troupe adapter", fix="Start it with `troupe up`.")
    return httpx.Client(base_url=facts.urls["API"], headers=settings.api_headers, timeout=LOAD_TIMEOUT_S)


@app.command("list")
def list_them() -> None:
    """Show the loaded adapters and who speaks with them."""
    with running(load_settings()) as client:
        found = Adapters(client).all()
    if not found:
        console.print("No adapters are loaded.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("adapter", "personas", "folder"):
        table.add_column(column)
    for one in found:
        table.add_row(one["name"], ", ".join(one["personas"]) or "when asked for", one["path"])
    console.print(table)


@app.command("add")
def add_one(
    name: Annotated[str, typer.Argument(help="What it is called, also as a model of the API.")],
    folder: Annotated[Path, typer.Argument(help="Its folder, as `training.lora` writes it.")],
    persona: Annotated[list[str] | None, typer.Option(help="Who speaks with it from now on; may be repeated.")] = None,
) -> None:
    """Load an adapter while the model serves; it is loaded again at every start."""
    with running(load_settings()) as client, console.status(f"Loading {name} …"):
        Adapters(client).add(name, folder, persona or ())
    console.print(f"{name} is loaded.")


@app.command("remove")
def remove_one(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Unload an adapter and forget it; its folder stays."""
    with running(load_settings()) as client:
        Adapters(client).remove(name)
    console.print(f"{name} is unloaded.")
