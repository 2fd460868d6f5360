"""One whole Troupe for all end-to-end tests of the run: `troupe up` as a person starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running Troupe on the embedded defaults. A test that stops it starts it again.

    One person sends what many would, so each message is answered by itself; `test_chaos` has bursts joined.
    """
    with System(tmp_path_factory.mktemp("troupe") / "data", JOIN_BURSTS="false") as running:
        yield running
