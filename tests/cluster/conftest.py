"""Fixtures: a Dask cluster for all tests, one that a test may break, a server that counts requests, and a command that uses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Start, commands
from workers import BARE, Cluster, Server


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers for all tests."""
    with Cluster(tmp_path_factory.mktemp("logs")) as made:
        made.start("ann", "bob")
        yield made


@pytest.fixture
def doomed(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Cluster]:
    """Two workers of which a test may kill any; they know where the server is."""
    with Cluster(tmp_path_factory.mktemp("logs")) as made:
        made.start("ann", "bob", API_URL=server.url)
        yield made


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.serve_later()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `runflow run` in the test's folder with a bare environment."""
    with commands("run", "--no-color", cwd=tmp_path, env=BARE) as start:
        yield start
