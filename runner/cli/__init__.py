"""The command line: one file for each command. Commands import what they use when they run, because start-up dominates a short run."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The command `runflow`. Exits with an `ExitCode`."""
    from ..version import __version__

    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"runflow {__version__}\n")  # before click, which takes longer to import than Python to start
        return
    gc.disable()  # imported modules stay: collecting meanwhile costs a tenth of the start-up and frees nothing
    from .root import cli, guarded

    sys.exit(guarded(cli))
