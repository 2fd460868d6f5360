"""What several kinds of tests share: a real database server, and one Ray cluster for the whole run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from actors.stored import DOCUMENTS
from bench.system import free_port
from core.documents import DatabaseHandle, connect
from deploy.database import EmbeddedDatabase

ROOT = Path(__file__).resolve().parent.parent
# A Serve handle's own thread goes on after the cluster is gone, and would start another one by asking for it. Ray reads
# this when it is imported, which nothing above does.
os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
# How long an example takes says more of the machine than of the code.
settings.register_profile("troupe", deadline=None)
settings.load_profile("troupe")


@pytest.fixture(scope="session")
def database_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database server of this run's own."""
    server = EmbeddedDatabase(tmp_path_factory.mktemp("database"), free_port())
    uri = server.start()
    try:
        server.wait_ready()
        yield uri
    finally:
        server.stop()


@pytest.fixture
def database_name() -> str:
    """A database that no other test has used."""
    return f"test_{uuid4().hex[:12]}"


@pytest.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[DatabaseHandle]:
    """A connection to an empty database, with the document classes bound to it."""
    handle = await connect(database_uri, database_name, DOCUMENTS)
    yield handle
    await handle.close()


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A Ray cluster of this run's own, with logical resources that do not depend on the machine: 8 CPUs and 1 GPU."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    import ray

    folder = tempfile.mkdtemp(prefix="tr_")  # short: Ray's socket paths are limited to 107 characters
    ray.init(
        address="local",
        num_cpus=8,
        num_gpus=1,
        include_dashboard=False,
        _temp_dir=folder,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
    )
    try:
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
