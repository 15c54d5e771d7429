"""The command in a process of its own, whose peak is measured."""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from faults import Script, Server
from limits import Stopwatch
from processes import started

PROJECT = Path(__file__).parent.parent.parent


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

    def everything(self) -> str:
        """All that left the program: both outputs and every file in the folder, what is packed in it unpacked."""
        texts = [self.out, self.err]
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and not path.is_symlink())
        texts.extend(map(unpacked, files))
        return "\n".join(texts)

    def steps(self, name: str = "run.jsonl") -> list[dict[str, Any]]:
        """The steps in a report of JSON lines, each line of which must be whole."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        return [each["step"] for each in map(json.loads, lines) if each["event"] == "step_finished"]


def unpacked(path: Path) -> str:
    """A file as text, with what it holds in Base64, packed or not (our page, the bodies of a HAR)."""
    text = path.read_bytes().decode("utf-8", "replace")
    texts = [text]
    for found in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text):
        with suppress(ValueError):
            data = base64.b64decode(found)
            texts.append(data.decode("utf-8", "replace"))
            with suppress(zlib.error):
                texts.append(zlib.decompress(data).decode("utf-8", "replace"))
    return "\n".join(texts)


Runflow = Callable[..., Ended]
Serve = Callable[[str | Script], Server]


def run(
    folder: Path, *args: str, env: dict[str, str] | None = None, path: Sequence[Path] = (), by: Sequence[str] = (),
    files: int = 0, **more: Any,
) -> Ended:  # fmt: skip
    """Run it to its end.

    Args:
        folder: Where.
        *args: Its words.
        env: More than the bare environment.
        path: Folders of modules that it finds before others.
        by: A command that runs it.
        files: How many it may have open.
        **more: For the process.
    """
    bare = {  # nor does coverage look on: limits of time and memory are those of a run as people have it
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (PROJECT, *path))),
        "PYTHONUTF8": "1",
    }

    def fewer_files() -> None:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    command = [*by, sys.executable, "-m", "runflow", *args]
    options: dict[str, Any] = {
        "cwd": folder,
        "env": bare | (env or {}),
        "stdin": subprocess.DEVNULL,
        "preexec_fn": fewer_files,
    }
    with TemporaryFile() as out, TemporaryFile() as err:
        with Stopwatch() as running, started(command, **(options | {"stdout": out, "stderr": err} | more)) as process:
            peak = 0.0
            while process.poll() is None:
                peak = max(peak, _peak(process.pid))
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
        out.seek(0)
        err.seek(0)
        return Ended(process.returncode, out.read(), err.read(), running.seconds, peak, folder)


def _peak(number: int) -> float:
    """The most megabytes that a process has held, its own only: what `wait4` tells has its parent's in it."""
    with suppress(OSError):
        for line in Path(f"/proc/{number}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
