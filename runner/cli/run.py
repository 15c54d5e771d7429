"""`runflow run`: run workflows."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..execution.options import DEFAULT_JOBS, Hooks, Inputs, Options
from ..model.exit_code import ExitCode
from ..model.wording import os_error_text
from .console_options import ConsoleOptions, close_log, console_options, console_reporters, progress_of
from .executor_options import ExecutorOptions, check_executor, executor_options, opened_cluster, remote_executor
from .open_files_limit import allowed_jobs
from .options import (
    InputOptions,
    demo_option,
    demo_variables,
    input_options,
    options_from,
    paths_argument,
    project_paths,
    read_inputs,
)
from .report_options import (
    ReportOptions,
    WantedReport,
    on_stdout,
    opened_reports,
    report_options,
    wanted_reports,
    wants,
)
from .selection_options import SelectionOptions, random_seed, selected_runs, selection_options

if TYPE_CHECKING:
    from ..cluster.registry import Cluster
    from ..execution.executor import NewExecutor
    from ..execution.schedule import Run
    from ..execution.snapshot_store import SnapshotStore
    from ..loading import Loader
    from ..model.results import Result
    from .pause import PausePrompt


class RunCommandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of `runflow run`."""

    inputs: InputOptions
    selection: SelectionOptions
    remote: ExecutorOptions
    report: ReportOptions
    console: ConsoleOptions
    demo: bool
    jobs: int | None
    fail_fast: bool
    max_failures: int | None
    keep_going: bool
    timeout: float | None
    dry_run: bool
    record: Path | None
    replay: Path | None
    from_step: str | None
    pause: str | None
    update_snapshots: bool
    no_store: bool

    @property
    def stores(self) -> bool:
        """Whether `.runflow` keeps this run; with --untrusted it may be somebody else's folder."""
        return not self.no_store and not self.inputs.untrusted


class _Suite(msgspec.Struct, frozen=True):
    """Runs that are ready to be performed."""

    runs: list[Run]
    inputs: Inputs
    options: Options
    hooks: Hooks
    reports: list[WantedReport]
    loader: Loader


def _duration(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """The seconds of a duration (`10m`)."""
    from ..model.units import parse_duration

    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}") from None
    if seconds <= 0:
        raise click.BadParameter(f"{text!r}: the limit must be greater than zero")
    return seconds


@click.command("run", short_help="Run workflows.")
@paths_argument
@input_options
@selection_options
@demo_option
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 100_000), metavar="N",
    help=f"How many workflows run at the same time; 1: one after the other.  [default: {DEFAULT_JOBS}; on Dask four for each thread]",
)  # fmt: skip
@executor_options
@click.option("--fail-fast", is_flag=True, help="Begin no further workflow after one that did not pass.")
@click.option(
    "--max-failures",
    type=click.IntRange(1),
    metavar="N",
    help="Begin no further workflow after N that did not pass.",
)
@click.option(
    "--keep-going", is_flag=True, help="Run the other workflows where some files are invalid; the exit code is still 2."
)
@click.option("--timeout", metavar="DURATION", callback=_duration, help="Limit for the whole run (90s, 10m).")
@click.option("--dry-run", is_flag=True, help="Show the rendered requests; send nothing.")
@report_options
@click.option(
    "--record", type=click.Path(path_type=Path, file_okay=False), help="Store every exchange in this folder, as HAR."
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True),
    help="Take the responses from a folder that --record wrote; send nothing.",
)
@click.option(
    "--from", "from_step", metavar="STEP", help="Continue at a step, with the variables of the last stored run."
)
@click.option("--pause", metavar="STEP", help="Pause before a step, to show and change variables (on a terminal).")
@click.option("--update-snapshots", is_flag=True, help="Store the values of `snapshot` instead of comparing them.")
@click.option("--no-store", is_flag=True, help="Write nothing about this run to .runflow.")
@console_options
def command(paths: tuple[str, ...], **values: Any) -> int:
    """Run the workflows in PATHS: files, folders with every workflow below them, FILE::STEP or FILE:LINE for a file up to a step.

    Without PATHS, the `paths` of the project file.
    """
    options = options_from(RunCommandOptions, values)
    with ExitStack() as stack:
        return _run(stack, paths, options)


def _run(stack: ExitStack, paths: tuple[str, ...], options: RunCommandOptions) -> int:
    from ..app import replay_executor
    from .problems import compiled

    _check(options)
    inputs, loader_options = read_inputs(options.inputs, demo_variables(stack) if options.demo else {})
    paths = paths or project_paths("run", loader_options)
    plans, loader, code = compiled(paths, loader_options, keep_going=options.keep_going)
    if code:
        return code
    replay, seed = (None, None) if options.replay is None else replay_executor(options.replay)
    seed = options.selection.seed if options.selection.seed is not None else seed
    seed = random_seed() if seed is None else seed
    runs, code = selected_runs(plans, loader, options.selection, seed)
    if code:
        return ExitCode.INVALID if loader.problems else code
    if options.from_step is not None:
        runs = _resumed(runs, options.from_step, loader.folder)
    reports = wanted_reports(
        options.report.reports, None if options.inputs.untrusted else loader.project, options.record
    )
    pause = _pause(options.pause)
    cluster = opened_cluster(stack, None if options.dry_run else options.remote.executor)
    one_by_one = replay is not None or pause is not None  # in the recorded order; one question at a time
    jobs = _jobs(len(runs), options.jobs, cluster, one_by_one=one_by_one)
    snapshots = _snapshot_store() if options.update_snapshots else None
    suite_options = _suite_options(options, reports, seed=seed, jobs=jobs, remote=cluster is not None)
    suite = _Suite(runs, inputs, suite_options, Hooks(pause, snapshots), reports, loader)
    if options.dry_run:
        from .dry_run import show_requests

        return show_requests(runs, inputs, suite_options)
    result = _perform(suite, replay or _executor(suite, cluster, options), options, snapshots)
    if pause is not None and not pause.reached:
        click.echo(f"--pause: no step '{pause.step}' was reached", err=True)
    return result.exit_code


def _check(options: RunCommandOptions) -> None:
    """Refuse options that contradict each other."""
    local_only = {
        "--replay": options.replay is not None,
        "--pause": options.pause is not None,
        "--untrusted": options.inputs.untrusted,
        "--update-snapshots": options.update_snapshots,
    }
    check_executor(options.remote, options.inputs, local_only)
    if options.update_snapshots and options.inputs.untrusted:
        raise click.UsageError("--untrusted workflows may write no file: remove --update-snapshots")


def _suite_options(
    options: RunCommandOptions, reports: list[WantedReport], *, seed: int, jobs: int, remote: bool
) -> Options:
    wanted = wants(reports)
    return Options(
        max_failures=1 if options.fail_fast else options.max_failures,
        record_details=options.console.verbose > 0 or wanted != "" or options.stores,
        places=wanted == "places",
        seed=seed,
        jobs=jobs,
        timeout=options.timeout,
        shuffled=options.selection.shuffle,
        remote=remote and not options.remote.send_secrets,
    )


def _executor(suite: _Suite, cluster: Cluster | None, options: RunCommandOptions) -> NewExecutor:
    if cluster is None:
        from ..app import executor_for

        return executor_for(suite.runs[0].plan.driver, jobs=suite.options.jobs)
    return remote_executor(
        cluster, suite.runs, suite.loader, suite.inputs, suite.options, secrets=options.remote.send_secrets
    )


def _perform(
    suite: _Suite, executor: NewExecutor, options: RunCommandOptions, snapshots: SnapshotStore | None
) -> Result:
    """Perform the runs, write reports, and store what later runs use."""
    from ..app import run_suite

    gc.freeze()  # compiled plans stay until the end: the collector need not visit them again and again,
    gc.set_threshold(10_000, 20, 20)  # nor run so often for results, hardly any of which is garbage
    runs, folder = suite.runs, suite.loader.folder
    stream = sys.stderr if on_stdout(suite.reports) else sys.stdout
    with ExitStack() as stack:
        reports = stack.enter_context(
            opened_reports(suite.reports, junit=options.report.junit, store=folder if options.stores else None)
        )
        quiet = options.console.quiet or options.pause is not None
        progress, above = progress_of(stack, len(runs), stream, quiet=quiet)
        result = run_suite(
            runs,
            suite.inputs,
            suite.options,
            [*console_reporters(options.console, stream, above), *reports.reporters],
            executor,
            hooks=suite.hooks,
            observer=progress,
            invalid=bool(suite.loader.problems),
        )
    reports.errors.extend(_store_snapshots(snapshots, runs))
    log_errors = close_log() if options.console.log_file is not None else []
    errors = [*result.report_errors, *reports.errors, *log_errors]
    if options.stores:
        _store_history(folder, runs, result, durations=options.selection.shard is None)
    bugs = [each.error.message for each in result.workflows if each.error and each.error.kind == "bug"]
    for line in [*dict.fromkeys(errors), *bugs]:
        click.echo(line, err=True)
    return msgspec.structs.replace(result, report_errors=tuple(errors))


def _jobs(runs: int, wanted: int | None, cluster: Cluster | None, *, one_by_one: bool) -> int:
    """How many runs are performed at the same time."""
    if one_by_one:
        return 1
    if cluster is not None:
        return min(wanted or cluster.default_jobs, runs)
    return allowed_jobs(min(wanted or DEFAULT_JOBS, runs))


def _snapshot_store() -> SnapshotStore:
    from ..execution.snapshot_store import SnapshotStore

    return SnapshotStore()


def _store_snapshots(taken: SnapshotStore | None, runs: list[Run]) -> Iterator[str]:
    """Write the snapshots that were taken, and yield why they could not be written."""
    if taken is None:
        return
    try:
        for line in taken.write({run.plan.path: run.plan for run in runs}.values()):
            click.echo(line, err=True)
    except OSError as error:
        yield f"the snapshots cannot be written: {os_error_text(error)}"


def _pause(step: str | None) -> PausePrompt | None:
    if step is None:
        return None
    from .pause import PausePrompt

    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise click.UsageError("--pause needs a terminal")
    return PausePrompt(step)


def _resumed(runs: list[Run], step: str, folder: Path) -> list[Run]:
    """The runs from a step on, each with the variables of its last stored run."""
    from ..reporters.format.last_run import last_result
    from ..reporters.text import one_line
    from ..selection.resume import resumed

    found = []
    for run in runs:
        path, earlier = last_result(folder, run.plan.path, run.row.label)
        each = resumed(run, step, earlier)
        again = (
            f"; steps that provide secrets run again: {', '.join(map(one_line, each.repeated))}"
            if each.repeated
            else ""
        )
        click.echo(
            f"{one_line(run.plan.file, 300)} continues at {step!r} with the variables of {path.stem}{again}", err=True
        )
        found.append(each.run)
    return found


def _store_history(folder: Path, runs: list[Run], result: Result, *, durations: bool) -> None:
    """Store which runs failed and how long they took. A folder that is read-only is not an error."""
    from ..selection.history import History

    with suppress(OSError):
        keys = [run.key for run in runs]
        History(folder).learn(zip(keys, result.workflows, strict=True), durations=durations)
