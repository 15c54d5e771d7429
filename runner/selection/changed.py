"""`--changed BASE`: what git says changed since a commit. The only one that asks git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..model.errors import RunflowError

_LONGEST = 60.0
"""Seconds that git may take."""


def changed_files(base: str, folder: Path) -> frozenset[Path]:
    """Real paths of the files that differ from where this branch left `base`, committed or not, new ones included.

    Args:
        base: A branch, tag or commit.
        folder: Somewhere inside the repository.

    Raises:
        RunflowError: git is not there, this is no repository, or it knows no such commit.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    commit = _git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}", base=base
    ).strip()
    start = _git(folder, "merge-base", commit, "HEAD", base=base).strip()
    names = _git(top, "diff", "--name-only", "-z", "--no-renames", start)
    names += _git(top, "ls-files", "--others", "--exclude-standard", "-z")
    return frozenset((top / name).resolve() for name in names.split("\0") if name)


def _git(folder: Path, *arguments: str, base: str = "") -> str:
    try:
        done = subprocess.run(  # noqa: S603  # git, with arguments of ours and a commit that git itself verified
            ["git", *arguments],  # noqa: S607  # whichever git the user has
            cwd=folder,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
    except FileNotFoundError:
        raise RunflowError("--changed asks git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise RunflowError(f"git took longer than {_LONGEST:g} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        if base:
            hint = "name a branch, a tag or a commit; in CI, fetch it first (a shallow clone has no history)"
            raise RunflowError(f"git knows no common history with {base!r}" + (f": {said}" if said else ""), hint=hint)
        raise RunflowError(f"git says: {said}", hint="--changed works inside a git repository")
    return done.stdout.decode("utf-8", "surrogateescape")
