"""Asking the Serve applications from tests, and waiting for them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.messages import ChatMessage, GenerateRequest
from core.settings import ROOT
from serve_apps import apps, names
from serve_apps.calls import call, stream
from serve_apps.clock import now_ms
from serve_apps.results import Adapter

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
