"""Bringing the whole system up, keeping it up, and taking it down without leaving a process behind.

`Stack.start` begins with what depends on nothing (database, local Discord, Ray), then starts the Serve applications, the
actor hosts and the gateway at once; each reports its own state, so the slowest alone decides how long it takes.
`Stack.watch` restarts the two processes that Ray does not look after. Whatever happens, `Stack.stop` ends everything.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from core.errors import ConfigError, Unavailable
from core.personas import Pack, load_pack
from core.settings import ROOT, Settings
from deploy.database import EmbeddedDatabase
from deploy.doctor import port_is_free
from deploy.process import Process, spawn
from deploy.run_file import RunFacts, sweep, write_facts

logger = logging.getLogger(__name__)
NAMESPACE = "troupe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One component's state: `waiting`, `starting`, `ready`, `idle` or `failed`, and a few words on it."""

    state: str
    detail: str = ""

    @property
    def up(self) -> bool:
        """True where nothing more has to happen before people can chat."""
        return self.state in ("ready", "idle")
