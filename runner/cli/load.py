"""`runflow load`: run workflows as a load test on Locust; their thresholds decide."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.exit_code import ExitCode, exit_code_of_signal
from .options import InputOptions, input_options, options_from, read_inputs
from .report_options import opened_reports, report_option, wanted_reports

if TYPE_CHECKING:
    from ..execution.options import Inputs
    from ..loadtest.config import LoadConfig
    from ..loadtest.thresholds import Statistics
    from ..model.events import Event
    from ..model.results import Result
    from ..plan.plan import Plan
    from .locust_process import LocustArguments


class LoadCommandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of `runflow load`."""

    inputs: InputOptions
    reports: tuple[str, ...]


class _LoadCommand(click.Command):
    """A command whose arguments behind `--` are those of Locust."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.obj = tuple(args[end + 1 :])
        try:
            return super().parse_args(ctx, args[:end])
        except click.NoSuchOption as error:
            hint = "Write Locust's options behind `--`: runflow load FLOW -- --headless -u 10 -t 1m"
            raise click.UsageError(f"{error.format_message()} {hint}", ctx) from None


@click.command("load", cls=_LoadCommand, short_help="Run workflows as a load test, on Locust.")
@click.argument("paths", nargs=-1, metavar="FLOW… -- [LOCUST-OPTIONS]")
@input_options
@report_option
@click.pass_obj
def command(locust: tuple[str, ...], /, paths: tuple[str, ...], **values: Any) -> int:
    """Run workflows as the users of a Locust load test. Write Locust's options behind `--`, for example `--headless -u 50 -r 10 -t 5m`.

    `load` in a workflow says how often it is chosen (`weight`), how long its users wait between runs (`think_time`), and which
    limits must hold (`thresholds`): they decide the exit code. Without a threshold on `error_rate`, no request may fail.
    """
    from ..execution.preflight import check_before
    from .problems import compiled

    options = options_from(LoadCommandOptions, values)
    _check_options(paths, options.inputs)
    inputs, loader_options = read_inputs(options.inputs)
    plans, _, code = compiled(paths, msgspec.structs.replace(loader_options, driver="requests"))
    if code:
        return code
    _check_plans(plans)
    check_before(plans, inputs)
    from ..loadtest.thresholds import Statistics
    from .locust_process import parse_locust_arguments, run_locust

    arguments = parse_locust_arguments(locust)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statistics.json"
        config = _config(plans, file, inputs, options.inputs, arguments)
        locust_code, signal = run_locust(config, loader_options, arguments)
        if not file.exists():
            if signal is not None:
                return exit_code_of_signal(signal)
            return locust_code if locust_code or not arguments.measures else ExitCode.ERROR
        statistics = msgspec.json.decode(file.read_bytes(), type=Statistics)
    return _report(plans, statistics, inputs, options, signal)


def _check_options(paths: tuple[str, ...], options: InputOptions) -> None:
    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow load FLOW… -- --headless -u 10 -t 1m")
    if options.untrusted:
        raise click.UsageError("--untrusted works with `runflow run` only: do not load-test untrusted workflows")
    if options.driver == "curl":
        raise click.UsageError("a load test uses Locust's own HTTP client: remove --driver curl")
    if importlib.util.find_spec("locust") is None:
        raise RunflowError(
            "a load test runs on Locust, which is not installed", hint="pip install 'runflow-http[load]'"
        )


def _check_plans(plans: Sequence[Plan]) -> None:
    """Refuse what a load test cannot run."""
    problems = []
    names: dict[str, str] = {}
    for plan in plans:
        if plan.left_out:
            raise click.UsageError(f"a load test runs entire workflows: name {plan.file} without its step")
        if plan.needs:
            hint = "run it first: `runflow run SETUP && runflow load …`"
            place = Place(plan.file, plan.needs[0].place)
            problems.append(Problem("a load test does not run the workflows that another one needs", place, hint))
        if plan.lock:
            place = Place(plan.file, ("lock",))
            problems.append(Problem("`lock` has no effect in a load test", place, "delete `lock`"))
        if plan.name in names:
            message = f"{names[plan.name]} has the name {plan.name!r} too, and statistics are kept by name"
            problems.append(Problem(message, Place(plan.file, ("name",)), "give each workflow a different name"))
        names[plan.name] = plan.file
    if problems:
        raise WorkflowError(problems)


def _config(
    plans: Sequence[Plan], statistics: Path, inputs: Inputs, options: InputOptions, arguments: LocustArguments
) -> LoadConfig:
    from ..loadtest.config import LoadConfig

    return LoadConfig(
        paths=[str(plan.path) for plan in plans],
        statistics=str(statistics),
        given=dict(inputs.variables),
        environment=options.environment or "",
        file_root=str(options.file_root or ""),
        base_url=arguments.host or "",
        allow_hosts=list(options.allow_hosts),
        secrets_files=[str(path.resolve()) for path in options.secrets_files],
        secrets=list(options.secrets),
    )


def _report(
    plans: Sequence[Plan], statistics: Statistics, inputs: Inputs, options: LoadCommandOptions, signal: int | None
) -> int:
    """Show and report the verdict as that of any run."""
    from ..execution.run_setup import learn_secrets
    from ..redaction import Redactor
    from ..reporters.console import Console
    from ..reporters.fan_out import Reporters
    from .styling import coloured

    _show_table(statistics)
    result = _result(plans, statistics, signal)
    with opened_reports(wanted_reports(options.reports, None), junit="steps") as reports:
        sink = Reporters([Console(sys.stdout, colour=coloured(None, sys.stdout), verbosity=0), *reports.reporters])
        redactor = Redactor()
        learn_secrets(redactor, plans, inputs)
        write = redactor.sink(sink.write)
        for event in _events(result, statistics.started):
            write(event)
    errors = (*sink.errors, *reports.errors)
    for line in (*errors, *statistics.broken):
        click.echo(line, err=True)
    return msgspec.structs.replace(result, report_errors=errors).exit_code


def _result(plans: Sequence[Plan], statistics: Statistics, signal: int | None) -> Result:
    from ..loadtest.thresholds import load_result, lost_workers
    from ..model.results import Result

    lost = lost_workers(statistics, plans[0].file)
    results = [*(load_result(plan, statistics) for plan in plans), *([lost] if lost else [])]
    return Result(tuple(results), statistics.seconds, signal or 0, crashed=bool(statistics.broken))


def _events(result: Result, started: float) -> list[Event]:
    from ..model.events import StepFinished, SuiteFinished, SuiteStarted, WorkflowFinished, WorkflowStarted

    events: list[Event] = [SuiteStarted(len(result.workflows), 0, False, started)]
    for number, each in enumerate(result.workflows):
        events.append(WorkflowStarted(each.name, each.file, each.label, number))
        events += [StepFinished(each.name, each.file, step, 0) for step in each.steps]
        events.append(WorkflowFinished(each))
    return [*events, SuiteFinished(result)]


def _show_table(statistics: Statistics) -> None:
    """Show what was measured of each request, and of each workflow as a whole."""
    from ..loadtest.thresholds import EXPECTATION, FLOW, Measurements
    from ..model.wording import seconds_text

    rows: list[tuple[str, ...]] = [("request", "count", "failed", "p50", "p95", "p99", "max", "per second")]
    for entry in statistics.entries:
        if entry.kind in {EXPECTATION, FLOW}:
            continue
        measured = Measurements([entry], statistics.seconds)
        times = [seconds_text(measured.value(name)) for name in ("p50", "p95", "p99", "max")]
        rate = f"{measured.value('rps'):.1f}"
        rows.append((f"{entry.kind} {entry.name}", str(entry.count), str(entry.failures), *times, rate))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join([first, *others]))
    click.echo()
