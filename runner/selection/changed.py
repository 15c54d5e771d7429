"""`--changed BASE`: asks git which files changed since a commit. Only this module runs git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..model.errors import RunflowError

_GIT_TIMEOUT = 60.0
"""Seconds that a git command may take."""


def changed_files(base: str, folder: Path) -> frozenset[Path]:
    """The resolved paths of files that changed since this branch left `base`, committed or not, new files included.

    Args:
        base: A branch, tag or commit.
        folder: A folder inside the repository.

    Raises:
        RunflowError: git is not installed, the folder is not in a repository, or the repository has no such commit.
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
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise RunflowError("--changed needs git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise RunflowError(f"git took longer than {_GIT_TIMEOUT:g} s") from None
    if done.returncode:
        output = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        if base:
            hint = "name a branch, a tag or a commit; in CI, fetch it first (a shallow clone has no history)"
            raise RunflowError(
                f"git finds no common history with {base!r}" + (f": {output}" if output else ""), hint=hint
            )
        raise RunflowError(f"git failed: {output}", hint="use --changed inside a git repository")
    return done.stdout.decode("utf-8", "surrogateescape")
