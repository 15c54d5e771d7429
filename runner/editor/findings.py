"""Checks the unsaved texts of an editor as `runflow check` does. Independent of the protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from ..language.project import PROJECT_FILE, find_project
from ..language.source import Source
from ..language.yaml import source_of
from ..lint.findings import findings_of
from ..loading import LoaderOptions, load_and_lint
from ..model.errors import Problem, RunflowError, WorkflowError
from ..model.finding import Finding
from ..model.results import Where
from ..reporters.problems import where_of
from ..selection.discover import SUFFIXES, discover
from ..selection.select import Target
from .last_run import runs_folder

_STEPS = re.compile(r"^(['\"]?)steps\1\s*:", re.MULTILINE)
_FLOW = re.compile(r".+\.flow\.ya?ml")


def is_workflow(path: Path, text: str) -> bool:
    """Whether a text is a workflow: a YAML file with `steps` at its top, or one that is named `….flow.yaml`."""
    return path.suffix in SUFFIXES and (_FLOW.fullmatch(path.name) is not None or _STEPS.search(text) is not None)


def findings_in(texts: Mapping[Path, str], options: LoaderOptions) -> list[tuple[Path, Where | None, Finding]]:
    """All errors and warnings in the open workflows and in the files that they name, each with its file and place.

    Args:
        texts: The texts of the editor, by resolved paths.
        options: How workflows are read, as for `runflow check`.
    """
    contents = {path: text.encode(errors="replace") for path, text in texts.items()}
    options = msgspec.structs.replace(options, unsaved=contents)
    found: dict[Finding, Path] = {}
    for path, text in texts.items():
        if path.name == PROJECT_FILE:
            found |= {each: _file(each, path) for each in _of_project(path)}
        elif is_workflow(path, text):
            for root in _roots(path):
                found |= {each: _file(each, path) for each in _of(root, options)}
    sources: dict[str, Source | None] = {}
    for finding, path in found.items():
        if (
            finding.place is not None and path in texts and path.name != PROJECT_FILE
        ):  # the project file is read from the disk
            sources[finding.place.file] = source_of(contents[path], finding.place.file)
    return [(path, where_of(finding.place, sources), finding) for finding, path in found.items()]


def _of(path: Path, options: LoaderOptions) -> list[Finding]:
    try:
        return load_and_lint([Target(path)], options)[1]
    except WorkflowError as error:
        return findings_of((), error.problems)
    except RunflowError as error:
        return findings_of((), [Problem(error.message, error.place, error.hint)])


def _of_project(path: Path) -> list[Finding]:
    try:
        find_project(path.parent)
    except WorkflowError as error:
        return findings_of((), error.problems)
    return []


def _file(finding: Finding, checked: Path) -> Path:
    return Path(finding.place.file).resolve() if finding.place else checked


def _roots(path: Path) -> list[Path]:
    """The workflows to check for a file: itself, or those that include it, whose credentials and base URL it uses."""
    if not path.name.startswith("_"):
        return [path]
    with suppress(WorkflowError, OSError):
        every = discover([runs_folder(path)])
        including = [each for each in every if path.name in each.read_text(encoding="utf-8", errors="replace")]
        return [each.resolve() for each in including] or [path]
    return [path]
