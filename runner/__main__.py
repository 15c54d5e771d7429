"""`python -m runflow`: the same as the command `runflow`."""

import sys

if __package__ != "runflow":  # the folder, which has another name: its modules would be imported twice
    sys.exit("run it as: python -m runflow")

from .cli import main

if __name__ == "__main__":
    main()
