"""`--report KIND=FILE` and the project file's `reports`: which there are, opened before the run, closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import click

from runner.language.project import ProjectFile
from runner.model.errors import Place, Problem, WorkflowError
from runner.model.kinds import Reporter
from runner.model.wording import did_you_mean, listed


class Reports:
    """The reports of a run.

    Attributes:
        reporters: Those that could be opened.
        errors: Why others could not be written.
    """

    def __init__(self) -> None:
        self.reporters: list[Reporter] = []
        self.errors: list[str] = []


def report_files(written: tuple[str, ...], project: ProjectFile | None) -> list[tuple[str, Path]]:
    """Kinds and files: the command line's, else the project file's.

    Raises:
        click.BadParameter: one is written wrongly, or two go to one file.
        WorkflowError: the project file names a kind that there is not.
    """
    from runner.reporters.table import REPORTERS

    found: list[tuple[str, Path]] = []
    for text in written:
        kind, equals, file = text.partition("=")
        if not equals or not file:
            raise click.BadParameter(f"{text!r}: write KIND=FILE", param_hint="--report")
        if kind not in REPORTERS:
            raise click.BadParameter(_unknown(kind), param_hint="--report")
        found.append((kind, Path(file)))
    found = found or list(_of_project(project))
    names = [file.resolve() for _, file in found]
    if len(set(names)) < len(names):
        raise click.BadParameter("two reports go to one file", param_hint="--report")
    return found


def _unknown(kind: str) -> str:
    from runner.reporters.table import REPORTERS

    return f"there is no report {kind!r}; {did_you_mean(kind, REPORTERS) or f'reports: {listed(REPORTERS)}'}"


def _of_project(found: ProjectFile | None) -> Iterator[tuple[str, Path]]:
    from runner.reporters.table import REPORTERS

    reports = found.project.reports if found else None
    if found is None or not isinstance(reports, dict):
        return
    for kind, name in reports.items():
        if kind not in REPORTERS:
            raise WorkflowError([Problem(_unknown(kind), Place(found.file, ("reports", kind), on_key=True))])
        file = (found.folder / name).resolve()
        if not file.is_relative_to(found.folder.resolve()):
            place = Place(found.file, ("reports", kind))
            raise WorkflowError([Problem(f"{name} is outside the project's folder", place, "--report writes anywhere")])
        yield kind, file


@contextmanager
def opened_reports(files: list[tuple[str, Path]]) -> Iterator[Reports]:
    """The reports, open for as long as the run takes. One that cannot be opened or closed harms no other."""
    from runner.reporters.table import REPORTERS

    reports = Reports()
    with ExitStack() as stack:
        for kind, file in files:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                stream = file.open("wb")
            except OSError as error:
                reports.errors.append(_not_written(kind, error))
                continue
            stack.callback(_closed, kind, stream, reports)
            reports.reporters.append(REPORTERS[kind](stream))
        yield reports


def _closed(kind: str, stream: IO[bytes], reports: Reports) -> None:
    try:
        stream.close()
    except OSError as error:
        reports.errors.append(_not_written(kind, error))


def _not_written(kind: str, error: OSError) -> str:
    return f"the {kind} report could not be written: {(error.strerror or str(error)).lower()}"
