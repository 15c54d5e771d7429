"""What every torture test needs: the command in a process of its own, and servers with a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from faults import Server, serving
from running import Runflow, run


@pytest.fixture
def runflow(tmp_path: Path) -> Runflow:
    """The command in a process of its own, in the test's folder, with a bare environment; its peak is measured."""
    return partial(run, tmp_path)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server with a fault, by its name or as a function."""
    with ExitStack() as stack:
        yield lambda fault, context=None: stack.enter_context(serving(fault, context))
