"""`snapshot`: compares with a stored value. This class checks only the argument: the plan finds the stored value."""

from __future__ import annotations

from typing import Any

from ..model.wording import shown
from .base import ValueMatcher


class SnapshotMatcher(ValueMatcher):
    """Equal to the stored value. The plan replaces it by a comparison, so it never judges a value."""

    name = "snapshot"
    summary = "equal to the stored snapshot: `true`, or `{ignore: [paths]}` without what varies; `--update-snapshots` stores it"

    def check(self, argument: Any, /) -> str:
        """True, or a map with paths to ignore."""
        if argument is True:
            return ""
        if not isinstance(argument, dict) or set(argument) != {"ignore"}:
            return f"`snapshot` takes true or {{ignore: [paths]}}, not {shown(argument, 60)}"
        paths = argument["ignore"]
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            return f"`ignore` takes a list of paths into the value, not {shown(paths, 60)}; write `ignore: [$.id]`"
        return ""
