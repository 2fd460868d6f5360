"""Preloaded or on demand: the same deployment either way."""

from __future__ import annotations

from typing import Any


def replicas(*, preload: bool, idle_s: float, target_ongoing_requests: int) -> dict[str, Any]:
    """Serve's options for one replica that is always there, or for one that comes with the first request and goes
    after `idle_s` seconds without any."""
    if preload:
        return {"num_replicas": 1}
    return {
        "autoscaling_config": {
            "min_replicas": 0,
            "initial_replicas": 0,
            "max_replicas": 1,
            "target_ongoing_requests": target_ongoing_requests,
            "upscale_delay_s": 0.0,
            "downscale_delay_s": idle_s,
            "downscale_to_zero_delay_s": idle_s,
            # Serve decides on an average over this period. Replicas and handles report every 10 s, so a shorter one
            # would forget a request between two reports.
            "look_back_period_s": 12.0,
        }
    }
