"""One page of metrics for the whole cluster: what the agent of each Ray node has collected, put together."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable

import httpx
import ray

logger = logging.getLogger(__name__)

TIMEOUT_S = 3.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Ray's agents tell hundreds of figures of Ray itself; who wants those scrapes the agents.
SHOWN = ("troupe_", "ray_serve_", "ray_node_gpus_", "ray_node_gram_")
_RAYS_PREFIX = re.compile(r"\bray_(?=troupe_)")
_FAMILY = re.compile(r"# (?:HELP|TYPE) (\S+)")


async def scrape(client: httpx.AsyncClient) -> str:
    """The metrics of all nodes in Prometheus' text format. A node that does not answer is left out, and told."""
    nodes = [node for node in await asyncio.to_thread(ray.nodes) if node["Alive"] and node.get("MetricsExportPort")]
    pages = await asyncio.gather(
        *(_page(client, f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics") for node in nodes)
    )
    return merged(page for page in pages if page)


async def _page(client: httpx.AsyncClient, url: str) -> str:
    try:
        answer = await client.get(url, timeout=TIMEOUT_S)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        logger.warning("[METRICS] %s does not answer: %r", url, error)
        return ""
    return answer.text


def merged(pages: Iterable[str]) -> str:
    """Pages as one: each metric's help and type once, before the samples of all pages, and Troupe's under their own
    names."""
    heads: dict[str, dict[str, None]] = {}
    samples: dict[str, list[str]] = {}
    for page in pages:
        family = ""
        for line in _RAYS_PREFIX.sub("", page).splitlines():
            if named := _FAMILY.match(line):
                family = named[1]
                heads.setdefault(family, {})[line] = None
            elif line and family:
                samples.setdefault(family, []).append(line)
    shown = [family for family in samples if family.startswith(SHOWN)]
    return "".join(f"{line}\n" for family in sorted(shown) for line in (*heads[family], *samples[family]))
