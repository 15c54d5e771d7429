"""Fixtures: a Dask cluster that lasts, one that may be broken, a server that counts, and a command that they serve."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workers import BARE, Cluster, Server

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that live as long as these tests."""
    made = Cluster(tmp_path_factory.mktemp("logs"))
    made.start("ann", "bob")
    yield made
    made.close()


@pytest.fixture
def doomed(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Cluster]:
    """Two workers of which a test may kill any; they know where the server is."""
    made = Cluster(tmp_path_factory.mktemp("logs"))
    made.start("ann", "bob", API_URL=server.url)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.serve_later()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `runflow run` in the test's folder with a bare environment."""
    started: list[subprocess.Popen[str]] = []

    def call(*words: str, **environment: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "runner", "run", "--no-color", *words]
        started.append(
            subprocess.Popen(command, cwd=tmp_path, env=BARE | environment, stdout=pipe, stderr=pipe, text=True)
        )
        return started[-1]

    yield call
    for each in started:
        if each.poll() is None:
            each.kill()
        each.communicate()
