"""Running a workflow out of an editor: as `runflow run` would, in a process of its own. Knows no protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .last_run import home_of


class Ran(NamedTuple):
    """A run and how it ended.

    Attributes:
        output: What it wrote.
    """

    passed: bool
    output: str

    @property
    def summary(self) -> str:
        """The last line of it."""
        return self.output.splitlines()[-1] if self.output else "it wrote nothing"


def is_saved(path: Path, text: str) -> bool:
    """The disk has the same text."""
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace").splitlines() == text.splitlines()


async def run(path: Path, line: int, options: Sequence[str]) -> Ran:
    """Run a workflow as it is on the disk, up to the step at a line (from 1), or all of it (0)."""
    target = f"{path}:{line}" if line else str(path)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runflow", "run", *options, "--no-color", target),
        cwd=home_of(path), stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return Ran(process.returncode == 0, output.decode(errors="replace").strip())
