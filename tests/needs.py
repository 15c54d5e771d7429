"""What only some machines have: a test that needs it is skipped with the command that installs it (`.ci/run` refuses to skip)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

VENV = Path(sys.executable).parent
PACKAGES = {
    "nginx": "nginx-light", "etcd": "etcd-server", "chromium": "chromium", "chromedriver": "chromium-driver", "curl": "curl",
    "git": "git", "setpriv": "util-linux", "bash": "bash",
}  # fmt: skip
"""Programs, and the Debian packages that bring them."""


def need(*programs: str) -> None:
    """Skip the test where one of these programs is not on PATH.

    Raises:
        pytest.skip.Exception: It is missing; the reason is the command that installs it.
    """
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: apt-get install {' '.join(PACKAGES[name] for name in missing)}")


def node(program: Path) -> str:
    """The Node that runs a program of npm; skip where either is missing.

    Raises:
        pytest.skip.Exception: It is missing; the reason is the command that installs it.
    """
    found = shutil.which("node", path=str(VENV)) or shutil.which("node")
    if found is None or not program.exists():
        folder = str(program).partition("/node_modules/")[0]
        pytest.skip(f"{program.name} missing: PATH={VENV}:$PATH npm ci --prefix {folder}", allow_module_level=True)
    return found


def without_root() -> list[str]:
    """What a command line begins with so that file permissions count, also for root."""
    if os.name != "posix":
        pytest.skip("this system has no users as POSIX has")
    if os.geteuid() != 0:
        return []
    need("setpriv")
    return ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
