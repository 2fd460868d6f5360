"""Asking the Serve applications from tests, and waiting for them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil

from core.clock import now_ms
from core.messages import Author, ChatMessage, GenerateRequest, IncomingMessage, ReplyRequest, Spoken
from core.settings import ROOT
from serve_apps import apps, names
from serve_apps.calls import call, stream
from serve_apps.client import PersonaClient
from serve_apps.results import Adapter

ENGINE = "VLLM::EngineCore"  # the title of vLLM's own process
HELLO = (ChatMessage(role="system", content="You are Elio."), ChatMessage(role="user", content="Mara: hello"))


def wait_until(wanted: dict[str, set[str]], timeout_s: float = 150) -> float:
    """Seconds until every application is in one of its states."""
    started = time.monotonic()
    while True:
        found = apps.statuses()
        if all(found[name][0] in states for name, states in wanted.items()):
            return time.monotonic() - started
        assert time.monotonic() - started < timeout_s, found
        time.sleep(0.2)


def llm() -> Any:
    """The handle of the language model."""
    return apps.handle(names.LLM)


def generate(**wanted: Any) -> Any:
    """The stream of chunks for a greeting, or for what is `wanted` instead."""
    asked = GenerateRequest(**{"messages": HELLO, "max_tokens": 24, "temperature": 0.0, **wanted})
    return stream(llm().generate, asked, component=names.LLM, deadline_ms=now_ms() + 60_000)


async def text_of(**wanted: Any) -> str:
    """The same as one text."""
    return "".join([chunk.text async for chunk in generate(**wanted)])


async def add_adapter(name: str, folder: Path, *personas: str) -> None:
    """Load an adapter; `personas` speak with it unasked."""
    adapter = Adapter(name=name, path=str(folder), personas=personas)
    await call(llm().add_adapter, adapter, component=names.LLM)


def make_adapter(folder: Path, seed: int) -> None:
    """A strong random LoRA adapter of the bundled model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(ROOT / "models" / "troupe-small")
    config = LoraConfig(r=8, lora_alpha=64, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(base, config).save_pretrained(folder)


def asked(content: str, *, seconds: float = 30, number: int = 1) -> ReplyRequest:
    """A line to Elio, to be answered within so many seconds."""
    message = IncomingMessage(
        id=str(number),
        channel_id="5",
        guild_id="6",
        author=Author(id="7", name="Mara"),
        content=content,
        created_ms=now_ms(),
    )
    return ReplyRequest(persona_id="elio", message=message, deadline_ms=now_ms() + int(seconds * 1000))


async def reply(content: str, *, seconds: float = 30, number: int = 1) -> Spoken:
    """What Elio says to it."""
    events = [event async for event in PersonaClient().reply(asked(content, seconds=seconds, number=number))]
    assert isinstance(events[-1], Spoken)
    return events[-1]


def processes(title: str) -> list[psutil.Process]:
    """Processes of this test's cluster whose title begins so."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if " ".join(process.cmdline()).startswith(title):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
