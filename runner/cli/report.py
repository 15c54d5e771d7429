"""`runflow report`: make reports afterwards, from what `--report jsonl=FILE` kept; several files are merged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from .report_options import opened_reports, report_files, report_options

if TYPE_CHECKING:
    from ..model.results import Result


@click.command("report", short_help="Make reports from JSON Lines reports; several are merged.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.jsonl...")
@report_options
def command(files: tuple[Path, ...], **options: Any) -> int:
    """Make reports from what `--report jsonl=FILE` kept. Several files, of shards say, become one report, in the order of one run.

    The exit code is that of the runs; a file that was cut is an error, for what is missing in it may have failed.
    """
    from ..model.events import SuiteFinished
    from ..reporters.fan_out import Reporters
    from ..reporters.format.reader import ReportReader

    wanted = report_files(options["reports"], None)
    if not wanted:
        raise click.UsageError("say which: --report html=FILE, --report junit=FILE, …")
    recorded = ReportReader(files)
    result: Result | None = None
    with opened_reports(wanted, junit=options["junit"]) as reports:
        sink = Reporters(reports.reporters)
        for event in recorded.events():
            sink.write(event)
            if isinstance(event, SuiteFinished):
                result = event.result
    for line in dict.fromkeys([*recorded.problems, *sink.errors, *reports.errors]):
        click.echo(line, err=True)
    assert result is not None  # the last event has it
    return msgspec.structs.replace(result, report_errors=(*sink.errors, *reports.errors)).exit_code
