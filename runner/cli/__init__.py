"""The command line. One file a command; each imports what it uses when it runs, for start-up is most of a short run."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The command `runflow`. Exits with the code that the house defines."""
    from ..version import __version__

    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"runflow {__version__}\n")  # before click, which takes longer to import than Python to start
        return
    gc.disable()  # what is imported stays: collecting in between costs a tenth of the start-up and frees nothing
    from .root import cli, guarded

    sys.exit(guarded(cli))
