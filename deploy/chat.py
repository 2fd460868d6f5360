"""`troupe chat`: talk to a persona in the terminal, over the HTTP API, streaming."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console

from core.errors import RequestError, Unavailable

REMEMBERED_TURNS = 10


@dataclass
class ChatSession:
    """One conversation. `say` streams the reply and remembers both sides; `base_url` is the API's, `headers` are sent
    along."""

    base_url: str
    persona: str
    speaker: str = "You"
    headers: dict[str, str] = field(default_factory=dict)
    history: list[dict[str, str]] = field(default_factory=list)

    def say(self, text: str) -> Iterator[str]:
        """Yields pieces of the persona's reply to `text`. Raises RequestError or Unavailable with what to do."""
        body = {
            "persona": self.persona,
            "message": text,
            "speaker": self.speaker,
            "history": self.history[-REMEMBERED_TURNS:],
            "stream": True,
        }
        final = ""
        try:
            url = f"{self.base_url}/persona/reply"
            with httpx.stream("POST", url, json=body, headers=self.headers, timeout=90) as response:
                if response.status_code != 200:
                    response.read()
                    error = response.json().get("error", {})
                    raise RequestError(error.get("message", response.text), field=error.get("field", "message"))
                for event in _events(response.iter_lines()):
                    if "delta" in event:
                        yield event["delta"]
                    elif "text" in event:
                        final = event["text"]
        except httpx.TransportError as error:
            raise Unavailable(
                f"Troupe does not answer at {self.base_url} ({error}). Start it with `troupe up`.", component="api"
            ) from None
        self.history += [{"speaker": self.speaker, "text": text}, {"persona": self.persona, "text": final}]


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a server-sent-event stream."""
    for line in lines:
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line[6:])


def chat_loop(session: ChatSession, name: str, console: Console) -> None:
    """Reads lines until end of file or `/quit`, and prints each reply as it comes."""
    console.print(f"You are talking to [bold]{name}[/]. Ctrl-D or /quit ends the talk.")
    while True:
        try:
            text = console.input("[bold cyan]you ›[/] ").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if text in {"/quit", "/exit"}:
            return
        if not text:
            continue
        console.print(f"[bold magenta]{name} ›[/] ", end="")
        try:
            for piece in session.say(text):
                console.print(piece, end="", markup=False, highlight=False)
            console.print()
        except (RequestError, Unavailable) as error:
            console.print(f"[red]{error}[/]")
