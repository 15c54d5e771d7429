"""Processes that tests start. Each leads a session of its own, and all of that session ends with the test, whatever its outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from limits import limit


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a process that leads a session of its own; end it with `end`."""
    return subprocess.Popen(command, **({"start_new_session": True} | options))


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process and all that it started, and close its pipes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait(limit(2))
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process; nothing of it is left when the block ends."""
    process = start(command, **options)
    try:
        yield process
    finally:
        end(process)


@contextmanager
def starter(**usual: Any) -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """A function that starts processes; nothing of them is left when the block ends."""
    running: list[subprocess.Popen[Any]] = []

    def begin(*command: str, **options: Any) -> subprocess.Popen[Any]:
        running.append(start(command, **(usual | options)))
        return running[-1]

    try:
        yield begin
    finally:
        for each in reversed(running):
            end(each)


Start = Callable[..., subprocess.Popen[str]]


@contextmanager
def commands(*first: str, cwd: Path, env: dict[str, str]) -> Iterator[Start]:
    """A function that starts runflow with these words and those that it is given; nothing of it is left when the block ends."""
    pipe = subprocess.PIPE
    with starter(cwd=cwd, stdout=pipe, stderr=pipe, text=True) as begin:
        yield lambda *words, **more: begin(sys.executable, "-m", "runflow", *first, *words, env=env | more)


def on_terminal(command: Sequence[str], *, typed: str = "", **options: Any) -> tuple[int, str]:
    """Run a command on a terminal of its own, with something typed at once; its exit code and all that was shown."""
    import pty

    master, slave = pty.openpty()
    shown = b""
    with started(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True, **options) as process:
        os.close(slave)
        os.write(master, typed.encode())
        with suppress(OSError):  # the other end was closed
            while part := os.read(master, 65536):
                shown += part
        os.close(master)
        return process.wait(limit(2)), shown.decode()


def end_children() -> list[str]:
    """Kill every process that this one started and that still runs, on Linux; their numbers and command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
        with suppress(OSError):
            state, parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if int(parent) == os.getpid() and state != "Z" and "resource_tracker" not in words:
                found.append(f"{folder.name}: {words}")
                os.kill(int(folder.name), signal.SIGKILL)
    return found
