"""`runflow run`: run workflows."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

from ..execution.options import DEFAULT_JOBS, Hooks, Inputs, Options
from ..model.exit_code import ExitCode
from ..model.wording import os_error_text
from .executor_options import check_executor, executor_options, opened_cluster, remote_executor
from .open_files_limit import allowed
from .options import (
    demo_option,
    demo_variables,
    loading_options,
    paths_argument,
    project_paths,
    read_options,
)
from .report_options import WantedReport, on_stdout, opened_reports, report_files, report_options, wants
from .selection_options import selection_options

if TYPE_CHECKING:
    from ..cluster.registry import Cluster
    from ..execution.executor import NewExecutor
    from ..execution.schedule import Run
    from ..execution.snapshot_store import SnapshotStore
    from ..model.results import Result
    from ..reporters.progress import Progress
    from .pause import PausePrompt


@click.command("run", short_help="Run workflows.")
@paths_argument
@loading_options
@selection_options
@demo_option
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 100_000), metavar="N",
    help=f"Workflows under way at the same time; 1 is one after the other.  [default: {DEFAULT_JOBS}; on Dask four for each thread]",
)  # fmt: skip
@executor_options
@click.option("--fail-fast", is_flag=True, help="Begin no workflow after one that did not pass.")
@click.option(
    "--max-failures", type=click.IntRange(1), metavar="N", help="Begin no workflow after N that did not pass."
)
@click.option(
    "--keep-going", is_flag=True, help="Where files are wrong, run the others; the exit code is 2 all the same."
)
@click.option("--timeout", metavar="DURATION", help="A limit on the whole run (90s, 10m).")
@click.option("--dry-run", is_flag=True, help="Show the rendered requests; send nothing.")
@report_options
@click.option(
    "--curl", is_flag=True, help="With each failed step, print the curl command that sends the same; secrets are $NAME."
)
@click.option(
    "--slowest", type=click.IntRange(0), default=0, metavar="N", help="Show the N slowest steps and their percentiles."
)
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), help="Keep every exchange in DIR, as HAR.")
@click.option(
    "--replay", type=click.Path(path_type=Path, exists=True), help="Answer from what --record kept; send nothing."
)
@click.option(
    "--from", "from_step", metavar="STEP", help="Go on from a step, with the variables of the last run that is kept."
)
@click.option(
    "--pause", metavar="STEP", help="On a terminal, stop before a step to look at its variables and change them."
)
@click.option(
    "--update-snapshots",
    is_flag=True,
    help="Store what `snapshot` finds, in place of holding it against what is stored.",
)
@click.option("--no-store", is_flag=True, help="Write nothing about this run into .runflow.")
@click.option("-q", "--quiet", is_flag=True, help="Failures and the summary only.")
@click.option("-v", "--verbose", count=True, help="Request and response heads; -vv bodies too.")
@click.option(
    "--color/--no-color", "colour", default=None, help="Colours, or none; else on a terminal without NO_COLOR."
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Log steps to standard error."
)
@click.option("--log-file", type=click.Path(path_type=Path), help="Log steps to a file.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How log lines look.")  # fmt: skip
def command(paths: tuple[str, ...], *, demo: bool, **options: Any) -> int:  # click passes options by name
    """Run the workflows in PATHS: files, folders with every workflow below them, FILE::STEP or FILE:LINE for a file up to a step.

    Without PATHS those of the project file.
    """
    with ExitStack() as stack:
        return _run(stack, paths, demo_variables(stack) if demo else {}, options)


def _run(stack: ExitStack, paths: tuple[str, ...], more: dict[str, str], options: dict[str, Any]) -> int:
    from ..app import executor_for, replay_executor
    from .problems import compiled
    from .selection_options import chosen

    check_executor(options)
    if options["update_snapshots"] and options["untrusted"]:
        raise click.UsageError("--untrusted lets a workflow write nothing: look at it, and run it without")
    timeout = _timeout(options["timeout"])
    options["no_store"] |= options["untrusted"]  # `.runflow` may be a stranger's too
    given, loading = read_options(options, more)
    plans, loader, code = compiled(paths or project_paths("run", loading), loading, keep_going=options["keep_going"])
    if code:
        return code
    replay = None
    if options["replay"] is not None:
        replay, seed = replay_executor(options["replay"])
        options["seed"] = seed if options["seed"] is None else options["seed"]
    runs, code = chosen(plans, loader, options)
    if code:
        return ExitCode.INVALID if loader.problems else code
    if options["from_step"] is not None:
        runs = _resumed(runs, options["from_step"], loader.home)
    files = report_files(options["reports"], None if loading.untrusted else loader.project, options["record"])
    pause = _pause(options["pause"])
    wanted = wants(files)
    cluster = opened_cluster(stack, None if options["dry_run"] else options["executor"])
    one_by_one = replay is not None or pause is not None  # as they were recorded; one question at a time
    inputs = Inputs(given, loading.environment)
    snapshots = _snapshot_store() if options["update_snapshots"] else None
    hooks = Hooks(pause, snapshots)
    suite = Options(
        max_failures=1 if options["fail_fast"] else options["max_failures"],
        record_details=options["verbose"] > 0 or wanted != "" or not options["no_store"],
        places=wanted == "places",
        seed=options["seed"],
        jobs=_jobs(len(runs), options["jobs"], cluster, one_by_one=one_by_one),
        timeout=timeout,
        shuffled=options["shuffle"],
        remote=cluster is not None and not options["send_secrets"],
    )
    if options["dry_run"]:
        from .dry_run import show_requests

        return show_requests(runs, inputs, suite)
    if cluster is not None:  # what sends from here is not even imported
        executor = remote_executor(cluster, runs, loader, inputs, suite, secrets=options["send_secrets"])
    else:
        executor = replay or executor_for(runs[0].plan.driver, jobs=suite.jobs)
    result = _performed(
        runs,
        inputs,
        suite,
        hooks=hooks,
        files=files,
        executor=executor,
        home=loader.home,
        snapshots=snapshots,
        invalid=bool(loader.problems),
        options=options,
    )
    if pause is not None and not pause.met:
        click.echo(f"--pause: no step '{pause.step}' was reached", err=True)
    return result.exit_code


def _performed(
    runs: list[Run],
    inputs: Inputs,
    suite: Options,
    *,
    hooks: Hooks,
    files: list[WantedReport],
    executor: NewExecutor,
    home: Path,
    snapshots: SnapshotStore | None,
    invalid: bool,
    options: dict[str, Any],
) -> Result:
    """Run them, tell everybody, keep what is kept."""
    from ..app import run_suite

    store = not options["no_store"]
    gc.freeze()  # what was compiled stays until the end: the collector need not walk it again and again,
    gc.set_threshold(10_000, 20, 20)  # nor look so often at what results add, hardly any of which is garbage
    stream = sys.stderr if on_stdout(files) else sys.stdout
    with ExitStack() as stack:
        reports = stack.enter_context(opened_reports(files, junit=options["junit"], store=home if store else None))
        quiet = options["quiet"] or hooks.pause is not None
        progress, above = _progress(stack, len(runs), stream, quiet=quiet)
        people = _reporters(options, stream, above)
        result = run_suite(
            runs,
            inputs,
            suite,
            [*people, *reports.reporters],
            executor,
            hooks=hooks,
            observer=progress,
            invalid=invalid,
        )
    reports.errors.extend(_store_snapshots(snapshots, runs))
    errors = [*result.report_errors, *reports.errors, *(_close_log() if options["log_file"] is not None else ())]
    if store:
        _remember(home, runs, result, whole=options["shard"] is None)
    bugs = [each.error.message for each in result.workflows if each.error and each.error.kind == "bug"]
    for line in [*dict.fromkeys(errors), *bugs]:
        click.echo(line, err=True)
    return msgspec.structs.replace(result, report_errors=tuple(errors))


def _jobs(runs: int, asked: int | None, cluster: Cluster | None, *, one_by_one: bool) -> int:
    """How many runs are under way at the same time."""
    if one_by_one:
        return 1
    if cluster is not None:
        return min(asked or cluster.default_jobs, runs)
    return allowed(min(asked or DEFAULT_JOBS, runs))


def _snapshot_store() -> SnapshotStore:
    from ..execution.snapshot_store import SnapshotStore

    return SnapshotStore()


def _store_snapshots(taken: SnapshotStore | None, runs: list[Run]) -> Iterator[str]:
    """Store what was taken, and say so; why it could not be stored."""
    if taken is None:
        return
    try:
        for line in taken.write({run.plan.path: run.plan for run in runs}.values()):
            click.echo(line, err=True)
    except OSError as error:
        yield f"the snapshots cannot be written: {os_error_text(error)}"


def _timeout(text: str | None) -> float | None:
    from ..model.units import parse_duration

    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint="--timeout") from None
    if seconds <= 0:
        raise click.BadParameter(f"{text!r}: a limit of nothing lets nothing through", param_hint="--timeout")
    return seconds


def _pause(step: str | None) -> PausePrompt | None:
    if step is None:
        return None
    from .pause import PausePrompt

    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise click.UsageError("--pause needs a terminal to ask on")
    return PausePrompt(step)


def _resumed(runs: list[Run], step: str, home: Path) -> list[Run]:
    """The runs from a step on, each with what it had when it was last run."""
    from ..reporters.format.last_run import last_result
    from ..reporters.text import one_line
    from ..selection.resume import resumed

    found = []
    for run in runs:
        path, earlier = last_result(home, run.plan.path, run.row.label)
        each = resumed(run, step, earlier)
        again = f"; again, for what is secret: {', '.join(map(one_line, each.again))}" if each.again else ""
        click.echo(
            f"{one_line(run.plan.file, 300)} goes on from {step!r} with the variables of {path.stem}{again}", err=True
        )
        found.append(each.run)
    return found


def _remember(home: Path, runs: list[Run], result: Result, *, whole: bool) -> None:
    """Keep what later runs ask for. That it cannot be kept (a folder that is read-only) is nobody's failure."""
    from contextlib import suppress

    from ..selection.history import History

    with suppress(OSError):
        keys = [run.key for run in runs]
        History(home).learn(zip(keys, result.workflows, strict=True), durations=whole)


def _progress(stack: ExitStack, runs: int, stream: IO[str], *, quiet: bool) -> tuple[Progress | None, IO[str]]:
    """Who shows how far the run is, and where lines must be written so that they do not disturb it."""
    if quiet or runs == 1:
        return None, stream
    from ..reporters.progress import Progress, shown_in_log, shown_on_terminal

    progress = Progress(runs)
    if sys.stderr.isatty():
        shared = stream.isatty()  # the same terminal: one of both must make room for the other
        above = stack.enter_context(shown_on_terminal(progress, stream if shared else sys.stderr))
        return progress, above if shared else stream
    stack.enter_context(shown_in_log(progress, sys.stderr))
    return progress, stream


def _reporters(options: dict[str, Any], stream: IO[str], above: IO[str]) -> list[Any]:
    from ..reporters.console import Console
    from ..reporters.log import Log
    from .styling import coloured

    verbosity = -1 if options["quiet"] else options["verbose"]
    reporters: list[Any] = [
        Console(
            above,
            colour=coloured(options["colour"], stream),
            verbosity=verbosity,
            curl=options["curl"],
            slowest=options["slowest"],
        )
    ]
    if options["log_level"] or options["log_file"]:
        _log_to(options)
        reporters.append(Log())
    return reporters


def _log_to(options: dict[str, Any]) -> None:
    import logging

    from ..reporters.log import LOGGER, JsonFormatter, strict

    try:
        file = options["log_file"]
        handler = strict(logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr))
    except OSError as error:
        raise click.BadParameter(
            f"{options['log_file']} cannot be written: {os_error_text(error)}", param_hint="--log-file"
        ) from None
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonFormatter() if options["log_format"] == "json" else text)
    LOGGER.addHandler(handler)
    LOGGER.setLevel((options["log_level"] or "info").upper())


def _close_log() -> list[str]:
    """Close the log; why its end could not be written."""
    from ..reporters.log import LOGGER

    errors = []
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        try:
            handler.close()
        except OSError as error:
            errors.append(f"the log could not be closed: {os_error_text(error)}")
    return errors
