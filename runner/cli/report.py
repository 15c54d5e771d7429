"""`runflow report`: write reports from JSON Lines reports; several are merged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from .options import options_from
from .report_options import ReportOptions, opened_reports, report_options, wanted_reports

if TYPE_CHECKING:
    from ..model.results import Result


@click.command("report", short_help="Write reports from JSON Lines reports; several are merged.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.jsonl...")
@report_options
def command(files: tuple[Path, ...], **values: Any) -> int:
    """Write reports from what `--report jsonl=FILE` wrote. Several files, as from shards, become one report, in the order of one run.

    The exit code is that of the runs. A file that was cut short is an error, because the missing runs may have failed.
    """
    from ..model.events import SuiteFinished
    from ..reporters.fan_out import Reporters
    from ..reporters.format.reader import ReportReader

    options = options_from(ReportOptions, values)
    wanted = wanted_reports(options.reports, None)
    if not wanted:
        raise click.UsageError("name a report to write: --report html=FILE, --report junit=FILE, …")
    reader = ReportReader(files)
    result: Result | None = None
    with opened_reports(wanted, junit=options.junit) as reports:
        sink = Reporters(reports.reporters)
        for event in reader.events():
            sink.write(event)
            if isinstance(event, SuiteFinished):
                result = event.result
    for line in dict.fromkeys([*reader.problems, *sink.errors, *reports.errors]):
        click.echo(line, err=True)
    assert result is not None  # the last event
    return msgspec.structs.replace(result, report_errors=(*sink.errors, *reports.errors)).exit_code
