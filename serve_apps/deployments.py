"""What all deployments have in common."""

from __future__ import annotations

import logging
from typing import Any

from ray import serve
from ray.serve.schema import LoggingConfig

from core.settings import Settings


def deployment(
    target: type,
    name: str,
    *,
    num_cpus: float,
    ongoing: int,
    queued: int,
    num_gpus: float = 0.0,
    health_check_period_s: float = 2.0,
    **more: Any,
) -> Any:
    """A Serve deployment of the class `target`.

    One replica works on `ongoing` requests, `queued` further ones may wait for it, and the next is refused at once.
    `num_cpus` and `num_gpus` only place the process; they do not slow it.
    """
    return serve.deployment(
        target,
        name=name,
        max_ongoing_requests=ongoing,
        max_queued_requests=queued,
        health_check_period_s=health_check_period_s,
        health_check_timeout_s=15.0,
        graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=5.0,
        ray_actor_options={"num_cpus": num_cpus, "num_gpus": num_gpus},
        logging_config=LoggingConfig(enable_access_log=False),  # a line per call would cost more than many calls
        **more,
    )


def replicas(*, preload: bool, idle_s: float, target_ongoing_requests: int) -> dict[str, Any]:
    """Options for one replica that is always there, or for one that comes with the first request and goes after
    `idle_s` seconds without any."""
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


def start_logging(settings: Settings) -> None:
    """Have this replica log to its process' standard error, which Ray keeps in a file per process."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
