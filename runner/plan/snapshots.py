"""Compiles `snapshot`: reads the stored values of a selector, and the paths that are not compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..language.files import FileMissing, FileRefused
from ..matchers.snapshot import SnapshotMatcher
from ..model.answer import read_json
from ..model.errors import DocumentPath, InvalidArgument
from ..model.json_types import JSON
from ..selectors.json_path import Definite, compile_path
from .conditions import Stored
from .context import Context

SNAPSHOT_FOLDER = "__snapshots__"
_ITERATION = re.compile(r" \[[0-9]+\]")
Contents = dict[str, dict[str, dict[str, JSON]]]
"""The content of a file of snapshots: values by step, selector and case; the case of a workflow without cases is ""."""


class SnapshotCompiler:
    """Compiles the snapshots of one workflow; their values are in one file."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.name = f"{SNAPSHOT_FOLDER}/{context.path.name}.json"
        self._contents: Contents | None = None
        self._known: set[tuple[str, str]] = set()

    def compile(self, step: str, selector: str, argument: Any, path: DocumentPath) -> Stored:
        """Compile one snapshot, and report its mistakes.

        Args:
            step: The step as it is written.
            selector: The selector as it is written.
            argument: The value of `snapshot`.
            path: Its place.
        """
        message, _, hint = SnapshotMatcher().check(argument).partition("; ")
        if message:
            self.context.problem(path, message, hint)
        elif (step, selector) in self._known:
            message = f"another step with the name {step!r} also has a snapshot of `{selector}`"
            self.context.problem(path, message, "give each step a name of its own", on_key=True)
        self._known.add((step, selector))
        ignore = [] if message or argument is True else [*self._ignored(argument["ignore"], (*path, "ignore"))]
        contents = self._read(path)
        values = {
            stored.removeprefix(step): by_selector[selector]
            for stored, by_selector in contents.items()
            if is_iteration_of(stored, step) and selector in by_selector
        }
        folder = self.context.path.parent
        return Stored(folder / self.name, step, selector, tuple(ignore), values, path)

    def _ignored(self, paths: list[str], place: DocumentPath) -> Iterator[str]:
        for index, text in enumerate(paths):
            try:
                compiled = compile_path(text)
            except InvalidArgument as error:
                self.context.problem((*place, index), error.message, error.hint)
                continue
            if isinstance(compiled, Definite) and not compiled.path:
                self.context.problem(
                    (*place, index), "this path ignores the whole value", "write the path of what varies: `$.id`"
                )
            yield text

    def _read(self, path: DocumentPath) -> Contents:
        if self._contents is None:
            self._contents = {}
            try:
                self._contents = read_contents(self.context.settings.files.read(self.name, self.context.path.parent))
            except FileMissing:
                pass  # nothing is stored yet; a run reports that
            except FileRefused as error:
                self.context.problem(path, error.message, error.hint)
            except ValueError as error:
                hint = "write it again with --update-snapshots, or restore it from version control"
                self.context.problem(path, f"the snapshots in {self.name} cannot be read: {error}", hint)
        return self._contents


def read_contents(content: bytes) -> Contents:
    """What a file of snapshots holds.

    Raises:
        ValueError: it is not a file of snapshots.
    """
    data = read_json(content.decode("utf-8"))
    by_step = data.values() if isinstance(data, dict) else [None]
    if not all(isinstance(each, dict) and all(isinstance(cases, dict) for cases in each.values()) for each in by_step):
        raise ValueError("it is not a map of steps, selectors and cases")
    contents: Contents = data
    return contents


def is_iteration_of(stored: str, step: str) -> bool:
    """Whether a stored name is this step's or an iteration's of it: `item`, `item [0]`."""
    return stored == step or (stored.startswith(step) and _ITERATION.fullmatch(stored, len(step)) is not None)
