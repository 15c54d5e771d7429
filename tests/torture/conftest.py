"""What every torture test needs: servers with a fault, and the command in a process whose peak is measured."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from faults import Script, Server, serving

PROJECT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(Path(__file__).parent))


class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code.
        out: Standard output.
        err: Standard error.
        seconds: From start to end.
        megabytes: The most memory that it held at a time.
        folder: Where it ran.
    """

    def __init__(self, code: int, out: bytes, err: bytes, seconds: float, megabytes: float, folder: Path) -> None:
        self.code = code
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")
        self.seconds = seconds
        self.megabytes = megabytes
        self.folder = folder

    def steps(self, name: str = "run.jsonl") -> list[dict[str, Any]]:
        """The steps in a report of JSON lines, each line of which must be whole."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        return [each["step"] for each in map(json.loads, lines) if each["event"] == "step_finished"]


Runflow = Callable[..., Ended]


@pytest.fixture
def runflow(tmp_path: Path) -> Runflow:
    """The command in a process of its own, in the test's folder, with a bare environment; its peak is measured."""

    def call(
        *args: str,
        env: dict[str, str] | None = None,
        path: Sequence[Path] = (),
        files: int = 0,
        memory: int = 0,
        **more: Any,
    ) -> Ended:
        bare = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, (PROJECT, *path))),
            "PYTHONUTF8": "1",
        }
        bare |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}

        def limit() -> None:
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            if memory:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        begun = time.monotonic()
        with (tmp_path / ".out").open("w+b") as out, (tmp_path / ".err").open("w+b") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "runner", *args], cwd=tmp_path, env=bare | (env or {}), stdin=subprocess.DEVNULL,
                preexec_fn=limit,  # noqa: PLW1509  # it only sets limits
                **({"stdout": out, "stderr": err} | more),
            )  # fmt: skip
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - begun
            out.seek(0)
            err.seek(0)
            return Ended(process.returncode, out.read(), err.read(), seconds, used.ru_maxrss / 1024, tmp_path)

    return call


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server with a fault, by its name or as a function."""
    with ExitStack() as stack:
        yield lambda fault, context=None: stack.enter_context(serving(fault, context))


Serve = Callable[[str | Script], Server]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file into the test's folder."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()
