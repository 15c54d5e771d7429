"""What a worker does without a client."""

from __future__ import annotations

import pickle
import socket
import subprocess
from collections.abc import Callable

import pytest

from runflow.cluster.worker import perform
from runflow.version import __version__

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]


def test_a_worker_with_another_version_runs_nothing() -> None:
    answer = pickle.loads(perform("0.0.7", b"of another time", b"of another time"))
    assert (
        answer.failure.message
        == f"the worker on {socket.gethostname()} has runflow {__version__}, but the run was sent by 0.0.7"
    )
    assert answer.failure.hint == "on the worker: pip install runflow-http==0.0.7"


def test_what_a_worker_cannot_run_is_reported_and_not_raised() -> None:
    """An executor may log the arguments of what raises, and secrets are among them."""
    said = pickle.loads(perform(__version__, b"no pickle", b""))
    assert said.failure.message.startswith(f"it could not be run on {socket.gethostname()}: UnpicklingError: ")
