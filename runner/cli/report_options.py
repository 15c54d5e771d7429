"""`--report KIND=FILE` and the project file's `reports`: which there are, opened before the run, closed after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from ..language.project import ProjectFile
from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.kinds import FileReporter, Reporter, Wants
from ..model.wording import os_error_text

if TYPE_CHECKING:
    from ..reporters.files import ReportFile

ON_STDOUT = "github"
"""The one report that is a program's output by its nature: it needs no file."""

F = TypeVar("F", bound=Callable[..., Any])


class WantedReport(msgspec.Struct, frozen=True):
    """A report that is asked for: its kind, and where it goes (`-` is standard output)."""

    kind: type[FileReporter]
    file: Path


class Reports:
    """The reports of a run.

    Attributes:
        reporters: Those that could be opened.
        errors: Why others could not be written.
    """

    def __init__(self) -> None:
        self.reporters: list[Reporter] = []
        self.errors: list[str] = []


def report_options(function: F) -> F:
    """Which reports, and how."""
    junit = click.option(
        "--junit",
        type=click.Choice(["runs", "steps"]),
        default="runs",
        show_default=True,
        help="What a case in JUnit is.",
    )
    return report_option(junit(function))


def report_option(function: F) -> F:
    """Which reports."""
    return click.option(
        "--report", "reports", multiple=True, metavar="KIND=FILE",
        help="Write a report: junit, html, json, jsonl, tap, har, markdown, or github (which needs no FILE); - is standard output.",
    )(function)  # fmt: skip


def report_files(
    written: tuple[str, ...], project: ProjectFile | None, record: Path | None = None
) -> list[WantedReport]:
    """Kinds and files: the command line's, else the project file's; and the recording, where one is made.

    Raises:
        click.BadParameter: one is written wrongly, or two go to one file.
        WorkflowError: the project file names a kind that there is not.
    """
    found = [_written(text) for text in written] or list(_of_project(project))
    found += [WantedReport(_kind("har"), record / "recording.har")] if record is not None else []
    names = [each.file.resolve() for each in found]
    if len(set(names)) < len(names):
        raise click.BadParameter("two reports go to one file", param_hint="--report")
    return found


def _written(text: str) -> WantedReport:
    kind, equals, file = text.partition("=")
    if not file and (equals or kind != ON_STDOUT):
        raise click.BadParameter(f"{text!r}: write KIND=FILE, or KIND=- for standard output", param_hint="--report")
    try:
        return WantedReport(_kind(kind), Path(file or "-"))
    except RunflowError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", param_hint="--report") from None


def _kind(name: str) -> type[FileReporter]:
    from ..reporters.table import reporter_named

    return reporter_named(name)


def _of_project(found: ProjectFile | None) -> Iterator[WantedReport]:
    reports = found.project.reports if found else None
    if found is None or not isinstance(reports, dict):
        return
    for kind, name in reports.items():
        try:
            reporter = _kind(kind)
        except RunflowError as error:
            place = Place(found.file, ("reports", kind), on_key=True)
            raise WorkflowError([Problem(error.message, place, error.hint)]) from None
        file = (found.folder / name).resolve()
        if name == "-":
            yield WantedReport(reporter, Path("-"))
            continue
        if not file.is_relative_to(found.folder.resolve()):
            place = Place(found.file, ("reports", kind))
            raise WorkflowError([Problem(f"{name} is outside the project's folder", place, "--report writes anywhere")])
        yield WantedReport(reporter, file)


def on_stdout(files: list[WantedReport]) -> bool:
    """Standard output belongs to a report, so that what people read goes to standard error."""
    return any(str(each.file) == "-" and each.kind.name != ON_STDOUT for each in files)


def wants(files: list[WantedReport]) -> Wants:
    """What passing steps must carry so that every report has what it shows."""
    every = {each.kind.wants for each in files}
    return "places" if "places" in every else "exchanges" if "exchanges" in every else ""


@contextmanager
def opened_reports(files: list[WantedReport], *, junit: str = "runs", store: Path | None = None) -> Iterator[Reports]:
    """The reports, open for as long as the run takes. One that cannot be opened or closed harms no other.

    Args:
        files: Which, and where to.
        junit: What a case in JUnit is: `runs` or `steps`.
        store: Where the project's runs are kept, or None to keep nothing of this one.
    """
    reports = Reports()
    with ExitStack() as stack:
        if store is not None:
            _keep(store, reports, stack)
        if files:
            from ..reporters.files import ReportFile
        for each in files:
            make: Any = each.kind
            if each.kind.name == "junit" and junit == "steps":
                make = partial(make, steps=True)
            try:
                opened = ReportFile(each.kind.name, make, each.file, streams=each.kind.streams)
            except OSError as error:
                reports.errors.append(_not_written(each.kind.name, error))
                continue
            stack.callback(_closed, opened, reports)
            reports.reporters.append(opened)
        yield reports


def _keep(home: Path, reports: Reports, stack: ExitStack) -> None:
    """Keep the run for later questions. That it cannot be kept (a folder that is read-only) is nobody's failure."""
    from ..reporters.format.store import RunStore
    from ..reporters.jsonl import JsonLines

    with suppress(OSError):
        path = RunStore(home).begin()
        stack.callback(RunStore.end, path)
        reports.reporters.append(JsonLines(stack.enter_context(path.open("wb"))))


def _closed(report: ReportFile, reports: Reports) -> None:
    try:
        report.close()
    except OSError as error:
        reports.errors.append(_not_written(report.name, error))


def _not_written(kind: str, error: OSError) -> str:
    return f"the {kind} report could not be written: {os_error_text(error)}"
