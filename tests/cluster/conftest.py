"""One set of applications for all tests here that need them, since the engine takes its time to start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bench.system import free_port
from core.settings import Settings
from serve_apps import apps
from tests.support.serving import wait_until


@pytest.fixture(scope="package")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"), api_port=free_port(), llm_max_num_seqs=4)


@pytest.fixture(scope="package")
def running(ray_cluster: None, settings: Settings, database_uri: str) -> Iterator[Settings]:
    """All applications, ready, the models on slices of the cluster's logical GPU."""
    apps.deploy(settings, database_uri=database_uri)
    wait_until({name: {"ready", "idle"} for name in apps.NAMES})
    yield settings
    apps.shutdown()


@pytest.fixture
async def http(running: Settings) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://{running.api_host}:{running.api_port}"
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        yield client
