"""Runs the command line, in this process or in one of its own, and says how it ended."""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import IO, Any

from limits import limit

from runflow.cli import main
from runflow.reporters.log import LOGGER

PROJECT = Path(__file__).parent.parent
BARE = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
"""The environment of a command: nothing that a machine happens to have. Coverage is measured in this process, which costs less."""


class Ended:
    """How a command ended: its exit code, and what it wrote to standard output and standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


Runflow = Callable[..., Ended]


def run_process(*words: str, cwd: Path, env: dict[str, str] | None = None, **options: Any) -> Ended:
    """Run the command in a process of its own, with a bare environment and what `env` adds."""
    done = subprocess.run(
        [sys.executable, "-m", "runflow", *words], cwd=cwd, env=BARE | (env or {}), capture_output=True, encoding="utf-8",
        timeout=limit(10), check=False, **options,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def run_here(*words: str, cwd: Path, env: dict[str, str] | None = None, stdin: bytes = b"") -> Ended:
    """Run the command in this process as if it were one of its own; a tenth of the time that a process takes.

    What the command sees is that of a new process: standard input, output and error down to the file descriptors, the working
    folder, the environment, the arguments. What it changes is restored: signal handlers, the log, the garbage collector, limits,
    modules that it imported from the working folder.

    It is not for commands that wait (`demo`, `lsp`), that need `sitecustomize` or `PYTHONPATH`, or that install plugins.
    """
    assert threading.current_thread() is threading.main_thread(), "signals and the environment are those of the process"
    environment = BARE | (env or {})
    assert "PYTHONPATH" not in environment, "use `runflow_process`: the path of this process is given"
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        with ExitStack() as stack:
            stack.enter_context(_environment(environment))
            stack.enter_context(_state())
            stack.enter_context(_folder(cwd))
            stack.enter_context(_streams(given, out, err, environment["PYTHONIOENCODING"]))
            sys.argv = ["runflow", *words]
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8"))
        return Ended(code, *texts)


@contextmanager
def _environment(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    known = set(sys.modules)
    try:
        yield
    finally:
        os.chdir(before)
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(f"{folder}{os.sep}"):
                del sys.modules[name]


@contextmanager
def _state() -> Iterator[None]:
    """Arguments, log, garbage collector and limits, which a process may change as it likes."""
    argv, level, handlers, threshold = sys.argv, LOGGER.level, list(LOGGER.handlers), gc.get_threshold()
    limits = _limits()
    started_as = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")  # else a usage line would name pytest
    try:
        yield
    finally:
        sys.argv = argv
        sys.modules["__main__"] = started_as
        LOGGER.setLevel(level)
        for handler in set(LOGGER.handlers) - set(handlers):
            LOGGER.removeHandler(handler)
            with suppress(OSError):
                handler.close()
        gc.unfreeze()
        gc.set_threshold(*threshold)
        gc.enable()
        if limits is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def _limits() -> tuple[int, int] | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrlimit(resource.RLIMIT_NOFILE)


@contextmanager
def _streams(given: IO[bytes], out: IO[bytes], err: IO[bytes], encoding: str) -> Iterator[None]:
    """Standard input, output and error: the descriptors, which also children inherit, and Python's objects over them."""
    before = sys.stdin, sys.stdout, sys.stderr
    for stream in before[1:]:
        stream.flush()
    kept = [os.dup(number) for number in range(3)]
    for number, file in enumerate((given, out, err)):
        os.dup2(file.fileno(), number)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r", closefd=False)), encoding)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding, errors="backslashreplace", line_buffering=True
    )
    try:
        yield
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.close()
        sys.stdin, sys.stdout, sys.stderr = before
        for number, copy in enumerate(kept):
            os.dup2(copy, number)
            os.close(copy)
