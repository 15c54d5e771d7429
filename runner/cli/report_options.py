"""`--report KIND=FILE` and `reports` of the project file: opens reports before a run, and closes them after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..language.project import ProjectFile
from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.kinds import FileReporter, Reporter, ReporterWants
from ..model.wording import os_error_text
from ..reporters.table import REPORTERS
from .options import CommandFunction

if TYPE_CHECKING:
    from ..reporters.files import ReportFile

ON_STDOUT = "github"
"""The one report that always goes to standard output: it needs no file."""

_KINDS = ", ".join(name for name in REPORTERS if name != ON_STDOUT)


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for reports."""

    reports: tuple[str, ...] = ()
    junit: str = "runs"


class WantedReport(msgspec.Struct, frozen=True):
    """A report to write.

    Attributes:
        kind: Writes it.
        file: Where to; `-` is standard output.
    """

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


def report_options(function: CommandFunction) -> CommandFunction:
    """Add the options of `ReportOptions` to a command."""
    junit = click.option(
        "--junit",
        type=click.Choice(["runs", "steps"]),
        default="runs",
        show_default=True,
        help="What a test case of the JUnit report is.",
    )
    return report_option(junit(function))


def report_option(function: CommandFunction) -> CommandFunction:
    """Add the option `--report` to a command."""
    return click.option(
        "--report", "reports", multiple=True, metavar="KIND=FILE",
        help=f"Write a report: {_KINDS}, or {ON_STDOUT} (which needs no FILE); - is standard output.",
    )(function)  # fmt: skip


def wanted_reports(
    written: tuple[str, ...], project: ProjectFile | None, record: Path | None = None
) -> list[WantedReport]:
    """The reports of the command line, else those of the project file; and the recording, if there is one.

    Raises:
        click.BadParameter: an option is written wrongly, or two reports have the same file.
        WorkflowError: the project file names an unknown report.
    """
    found = [_written(text) for text in written] or list(_of_project(project))
    found += [WantedReport(_kind("har"), record / "recording.har")] if record is not None else []
    names = [each.file.resolve() for each in found]
    if len(set(names)) < len(names):
        raise click.BadParameter("two reports have the same file", param_hint="--report")
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
            hint = (
                f"write a file of the project's folder, or use the option --report {kind}=FILE, which writes anywhere"
            )
            raise WorkflowError([Problem(f"{name} is outside the project's folder", place, hint)])
        yield WantedReport(reporter, file)


def on_stdout(reports: list[WantedReport]) -> bool:
    """Whether a report is written to standard output, so that everything else goes to standard error."""
    return any(str(each.file) == "-" and each.kind.name != ON_STDOUT for each in reports)


def wants(reports: list[WantedReport]) -> ReporterWants:
    """What events of passing steps must include for these reports."""
    every = {each.kind.wants for each in reports}
    return "places" if "places" in every else "exchanges" if "exchanges" in every else ""


@contextmanager
def opened_reports(wanted: list[WantedReport], *, junit: str = "runs", store: Path | None = None) -> Iterator[Reports]:
    """Open reports for a run. One that cannot be opened or closed does not harm the others.

    Args:
        wanted: Which reports, and where to.
        junit: What a test case of the JUnit report is: `runs` or `steps`.
        store: The folder whose `.runflow` keeps the run, or None to keep nothing of it.
    """
    reports = Reports()
    with ExitStack() as stack:
        if store is not None:
            _store_run(store, reports, stack)
        for each in wanted:
            try:
                opened = _opened(each, junit)
            except OSError as error:
                reports.errors.append(_not_written(each.kind.name, error))
                continue
            stack.callback(_close, opened, reports)
            reports.reporters.append(opened)
        yield reports


def _opened(wanted: WantedReport, junit: str) -> ReportFile:
    from ..reporters.files import ReportFile

    make: Any = wanted.kind
    if wanted.kind.name == "junit" and junit == "steps":
        make = partial(make, steps=True)
    return ReportFile(wanted.kind.name, make, wanted.file, streams=wanted.kind.streams)


def _store_run(folder: Path, reports: Reports, stack: ExitStack) -> None:
    """Keep the run for `show`, `diff` and `--from`. A folder that is read-only is not an error."""
    from ..reporters.format.store import RunStore
    from ..reporters.jsonl import JsonLines

    with suppress(OSError):
        path = RunStore(folder).begin()
        stack.callback(RunStore.end, path)
        reports.reporters.append(JsonLines(stack.enter_context(path.open("wb"))))


def _close(report: ReportFile, reports: Reports) -> None:
    try:
        report.close()
    except OSError as error:
        reports.errors.append(_not_written(report.name, error))


def _not_written(kind: str, error: OSError) -> str:
    return f"the {kind} report could not be written: {os_error_text(error)}"
