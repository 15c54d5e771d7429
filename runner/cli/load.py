"""`runflow load`: workflows as a load test on Locust; their thresholds decide."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.exit_code import ExitCode, exit_code_of_signal
from .options import loading_options, read_options
from .report_options import opened_reports, report_files, report_option

if TYPE_CHECKING:
    from ..execution.options import Inputs
    from ..loading import Loading
    from ..loadtest.config import LoadConfig
    from ..loadtest.thresholds import Statistics
    from ..plan.plan import Plan

_SILENT = frozenset(
    {"--worker", "--help", "-h", "--version", "-V", "--list", "-l", "--show-task-ratio", "--config-users"}
)
"""Options of Locust with which this process measures nothing itself."""


class _Divided(click.Command):
    """A command that has words of another program behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.obj = tuple(args[end + 1 :])
        try:
            return super().parse_args(ctx, args[:end])
        except click.NoSuchOption as error:
            where = "Options of Locust stand behind `--`: runflow load FLOW -- --headless -u 10 -t 1m"
            raise click.UsageError(f"{error.format_message()} {where}", ctx) from None


@click.command("load", cls=_Divided, short_help="Run workflows as a load test, on Locust.")
@click.argument("paths", nargs=-1, metavar="FLOW… -- [LOCUST-OPTIONS]")
@loading_options
@report_option
@click.pass_obj
def command(locust: tuple[str, ...], /, paths: tuple[str, ...], **options: Any) -> int:
    """Run workflows as users of Locust would: behind `--` stand its options, `--headless -u 50 -r 10 -t 5m` for one.

    `load` in a workflow says how often it is chosen (`weight`), how long its users think (`think_time`), and what must hold
    (`thresholds`): that decides the exit code. Where no threshold is on `error_rate`, no request may fail.
    """
    from ..execution.options import Inputs
    from ..execution.preflight import check_before
    from ..loadtest.thresholds import Statistics
    from .problems import compiled

    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow load FLOW… -- --headless -u 10 -t 1m")
    if options["untrusted"]:
        raise click.UsageError(
            "a stranger's workflow is no load test: what --untrusted promises holds for `runflow run` alone"
        )
    if options["driver"] == "curl":
        raise click.UsageError(
            "a load test sends with requests, through Locust's own client; --driver curl goes with `runflow run`"
        )
    if importlib.util.find_spec("locust") is None:
        raise RunflowError("a load test runs on Locust", hint="pip install 'runflow-http[load]'")
    given, loading = read_options(options)
    plans, _, code = compiled(paths, msgspec.structs.replace(loading, driver="requests"))
    if code:
        return code
    _check(plans)
    inputs = Inputs(given, loading.environment)
    check_before(plans, inputs)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statistics.json"
        code, interrupted = _run(_job(plans, file, given, options, locust), loading, locust)
        if not file.exists():
            if interrupted:
                return exit_code_of_signal(interrupted)
            return code if code or _SILENT & {*locust} else ExitCode.ERROR
        statistics = msgspec.json.decode(file.read_bytes(), type=Statistics)
    return _judged(plans, statistics, inputs, options, interrupted)


def _check(plans: Sequence[Plan]) -> None:
    """What makes no load test."""
    problems = []
    names: dict[str, str] = {}
    for plan in plans:
        if plan.left_out:
            raise click.UsageError(f"a load test runs whole workflows: name {plan.file} without its step")
        if plan.needs:
            hint = "run it first: `runflow run SETUP && runflow load …`"
            problems.append(
                Problem("a load test runs no workflow that another needs", Place(plan.file, plan.needs[0].place), hint)
            )
        if plan.lock:
            problems.append(
                Problem("users of a load test wait for no lock", Place(plan.file, ("lock",)), "take it out")
            )
        if plan.name in names:
            message = f"{names[plan.name]} is called {plan.name!r} too, and the statistics are by name"
            problems.append(Problem(message, Place(plan.file, ("name",)), "give each a name of its own"))
        names[plan.name] = plan.file
    if problems:
        raise WorkflowError(problems)


def _job(
    plans: Sequence[Plan], file: Path, given: dict[str, Any], options: dict[str, Any], locust: Sequence[str]
) -> LoadConfig:
    from ..loadtest.config import LoadConfig

    return LoadConfig(
        [str(plan.path) for plan in plans],
        str(file),
        given,
        options["environment"],
        str(options["file_root"] or ""),
        _read(locust)[0].host,
        list(options["allow_hosts"]),
        [str(path.resolve()) for path in options["secrets_files"]],
        list(options["secrets"]),
    )


def _read(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """What we must know of Locust's options: `host`, in place of what the files say, and `files`, its locustfiles; and all others."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-H", "--host", default="")
    parser.add_argument("-f", "--locustfile", dest="files", action="append", default=[])
    return parser.parse_known_args(words)


def _run(job: LoadConfig, loading: Loading, words: Sequence[str]) -> tuple[int, int]:
    """Locust in a process of its own: its exit code, and the signal that came meanwhile, or 0."""
    from ..loadtest import config as jobs
    from ..model.environment import Environment

    known = loading.environment
    variables = dict(known.variables if isinstance(known, Environment) else known)
    variables[jobs.CONFIG_VARIABLE] = msgspec.json.encode(job).decode()
    read, others = _read(words)
    locustfiles = [str(Path(jobs.__file__).with_name("locustfile.py")), *read.files]  # with load shapes, say
    command_line = [sys.executable, "-m", "locust", "-f", ",".join(locustfiles), *others]
    process = subprocess.Popen(command_line, env=variables)  # noqa: S603  # the user's own words for Locust
    came: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGTERM:  # a terminal's Ctrl-C is told to both
            process.terminate()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait(), came[0] if came else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _judged(
    plans: Sequence[Plan], statistics: Statistics, inputs: Inputs, options: dict[str, Any], interrupted: int
) -> int:
    """The verdict, shown and reported as that of any run."""
    from ..execution.run_setup import learn_secrets
    from ..loadtest.thresholds import load_result, lost_workers
    from ..model.events import Event, StepFinished, SuiteFinished, SuiteStarted, WorkflowFinished, WorkflowStarted
    from ..model.results import Result
    from ..redaction import Redactor
    from ..reporters.console import Console
    from ..reporters.fan_out import Reporters
    from .styling import coloured

    _table(statistics)
    lost = lost_workers(statistics, plans[0].file)
    results = [*(load_result(plan, statistics) for plan in plans), *([lost] if lost else [])]
    events: list[Event] = [SuiteStarted(len(results), 0, False, statistics.started)]
    for number, each in enumerate(results):
        events.append(WorkflowStarted(each.name, each.file, each.label, number))
        events += [StepFinished(each.name, each.file, step, 0) for step in each.steps]
        events.append(WorkflowFinished(each))
    result = Result(tuple(results), statistics.seconds, interrupted, crashed=bool(statistics.broken))
    with opened_reports(report_files(options["reports"], None), junit="steps") as reports:
        sink = Reporters([Console(sys.stdout, colour=coloured(None, sys.stdout), verbosity=0), *reports.reporters])
        redactor = Redactor()
        learn_secrets(redactor, plans, inputs)
        write = redactor.sink(sink.write)
        for event in (*events, SuiteFinished(result)):
            write(event)
    errors = (*sink.errors, *reports.errors)
    for line in (*errors, *statistics.broken):
        click.echo(line, err=True)
    return msgspec.structs.replace(result, report_errors=errors).exit_code


def _table(statistics: Statistics) -> None:
    """What was measured of each request, and of each workflow as a whole."""
    from ..loadtest.thresholds import EXPECTATION, FLOW, Measurements
    from ..model.wording import seconds_text

    rows: list[tuple[str, ...]] = [("request", "count", "failed", "p50", "p95", "p99", "max", "a second")]
    for entry in statistics.entries:
        if entry.kind in {EXPECTATION, FLOW}:
            continue
        measured = Measurements([entry], statistics.seconds)
        times = [seconds_text(measured.value(name)) for name in ("p50", "p95", "p99", "max")]
        rows.append(
            (
                f"{entry.kind} {entry.name}",
                str(entry.count),
                str(entry.failures),
                *times,
                f"{measured.value('rps'):.1f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join([first, *others]))
    click.echo()
