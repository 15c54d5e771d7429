"""Fuzzes one target with atheris, by hand: `pip install atheris`, then `python tests/fuzz/fuzz.py head -max_total_time=120`.

What it finds new goes into the corpus of the target. To keep that small: move it away, and `fuzz.py head -merge=1 MOVED`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["runflow", "urllib.parse", "http", "email"]):
    from targets import CORPUS, TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup([sys.argv[0], str(CORPUS / name), *sys.argv[1:]], TARGETS[name])
    atheris.Fuzz()
