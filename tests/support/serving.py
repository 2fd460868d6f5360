"""Waiting for the Serve applications."""

from __future__ import annotations

import time

from serve_apps import apps


def wait_until(wanted: dict[str, set[str]], timeout_s: float = 150) -> float:
    """Seconds until every application is in one of its states."""
    started = time.monotonic()
    while True:
        found = apps.statuses()
        if all(found[name][0] in states for name, states in wanted.items()):
            return time.monotonic() - started
        assert time.monotonic() - started < timeout_s, found
        time.sleep(0.2)
