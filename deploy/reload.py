"""Bringing an edited pack's lore into the running system, for `troupe seed`."""

from __future__ import annotations

import asyncio

import ray

from core.settings import Settings
from deploy.run_file import RunFacts
from serve_apps.client import RetrievalClient


def reload_pack(facts: RunFacts, settings: Settings) -> str:
    """Has retrieval read the pack again. Returns one line on what changed. Raises PackError, Unavailable."""
    ray.init(address=facts.ray_address, logging_level="ERROR", log_to_driver=False)
    try:
        embedded, deleted = asyncio.run(RetrievalClient().reload())
    finally:
        ray.shutdown()
    return f"{embedded} passages read anew, {deleted} taken out." if embedded or deleted else "Nothing had changed."
