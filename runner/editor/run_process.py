"""Runs a workflow for an editor, with `runflow run` in a process. Independent of the protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .last_run import runs_folder


class RunOutcome(NamedTuple):
    """How a run ended.

    Attributes:
        output: The output of the process.
    """

    passed: bool
    output: str

    @property
    def summary(self) -> str:
        """The last line of the output."""
        return self.output.splitlines()[-1] if self.output else "the run wrote no output"


def is_saved(path: Path, text: str) -> bool:
    """Whether the file on the disk has the same text."""
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace").splitlines() == text.splitlines()


async def run(path: Path, line: int, options: Sequence[str]) -> RunOutcome:
    """Run a workflow as it is on the disk, up to the step at a line (from 1), or the whole workflow (0)."""
    target = f"{path}:{line}" if line else str(path)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runflow", "run", *options, "--no-color", target),
        cwd=runs_folder(path), stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return RunOutcome(process.returncode == 0, output.decode(errors="replace").strip())
