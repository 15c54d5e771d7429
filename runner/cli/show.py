"""`runflow show`: show why the last run failed, or everything about one of its steps, from the runs in `.runflow`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from ..model.events import Event
from ..model.exit_code import ExitCode
from ..model.json_types import JSON
from ..model.wording import plural, seconds_text, shown
from .styling import say, say_lines

if TYPE_CHECKING:
    from ..model.events import StepFinished, WorkflowFinished
    from ..model.results import Result, StepResult, WorkflowResult
    from ..reporters.failure_groups import FailureGroup
    from ..reporters.format.store import RunStore
    from ..selection.select import Target

_COLOURS = {"passed": "green", "failed": "red", "error": "red", "skipped": "yellow"}
_MAX_RUNS_NAMED = 10


@click.command("show", short_help="Show why the last run failed, or everything about one step.")
@click.argument("path", required=False, metavar="[FILE | FILE::STEP]")
@click.option(
    "--run",
    "run",
    default="-1",
    metavar="RUN",
    help="A run other than the last: -2 is the one before it; --list shows their names.",
)
@click.option("--list", "listed", is_flag=True, help="List the stored runs.")
def command(path: str | None, *, run: str, listed: bool) -> int:
    """Show the last run's failures, grouped by cause; or everything about one step: requests, responses, variables, attempts."""
    from ..reporters.format.reader import ReportReader
    from .run_store import stored_runs

    stored = stored_runs()
    if listed:
        return _list_runs(stored)
    reader = ReportReader([stored.find(run)])
    for problem in reader.problems:
        click.echo(problem, err=True)
    return _show_overview(reader.events()) if path is None else _show_steps(reader.events(), path)


def _list_runs(stored: RunStore) -> int:
    from ..reporters.format.reader import ReportReader

    every = stored.runs()
    for number, path in enumerate(every):
        reader = ReportReader([path])
        end, first = reader.ends[0], reader.first_lines[0]
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(first.started))
        words = f"exit code {end.exit_code}, {seconds_text(end.seconds)}" if end else "was interrupted"
        say(f"{number - len(every):>4}  {path.stem}  {when}  {plural(first.runs, 'run')}, {words}")
    return 0 if every else ExitCode.NOTHING_SELECTED


def _show_overview(events: Iterator[Event]) -> int:
    from ..model.events import SuiteFinished, SuiteStarted, WorkflowFinished
    from ..reporters.failure_groups import FailureGroups

    groups = FailureGroups()
    for event in events:
        match event:
            case SuiteStarted():
                ago = seconds_text(max(time.time() - event.started, 0))
                say(f"run of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(event.started))}, {ago} ago", dim=True)
            case WorkflowFinished(result):
                groups.add(result)
            case SuiteFinished(result):
                for group in groups.ranked():
                    _show_group(group)
                _show_summary(result, len(groups.ranked()))
            case _:
                pass
    return 0


def _show_group(group: FailureGroup) -> None:
    why = group.reason
    say()
    count = f"{plural(group.count, 'workflow')}: " if group.count > 1 else ""
    say(f"✗ {count}{why.title}: {why.text}", fg="red", bold=True)
    say_lines((("", line) for line in why.lines), "    ")
    say()
    for _, name, file in group.runs[:_MAX_RUNS_NAMED]:
        say(f"    in {name}  ({file})", dim=True)
    if group.count > _MAX_RUNS_NAMED:
        say(f"    and in {plural(group.count - _MAX_RUNS_NAMED, 'more workflow')}", dim=True)
    step = why.title.split("  ")[0]
    say(f"    runflow show '{group.runs[0][2]}::{step}'    runflow explain {why.code}", dim=True)


def _show_summary(result: Result, causes: int) -> None:
    from ..model.results import Verdict

    counts = [f"{count} {verdict.value}" for verdict in Verdict if (count := result.count(verdict))]
    words = ", ".join(counts) or "nothing ran"
    why = f" · {plural(causes, 'cause')}" if causes else ""
    stop = " · interrupted" if result.interrupted_by else " · cut short" if result.cut_short else ""
    say()
    say(f"{words}{why}{stop} · {seconds_text(result.duration)}", fg="green" if result.passed else "red", bold=True)


def _show_steps(events: Iterator[Event], text: str) -> int:
    """Show every step that a path names, in every run of its file."""
    from ..model.events import StepFinished, WorkflowFinished
    from ..reporters.format.last_run import same_file
    from ..selection.select import parse_path

    wanted = parse_path(text)
    if wanted.line is not None:
        raise click.UsageError(f"{text}: name the step as FILE::STEP; a stored run has no line numbers")
    pending: list[StepFinished] = []
    found = 0
    for event in events:
        match event:
            case StepFinished():
                pending.append(event)
            case WorkflowFinished(result):
                if same_file(result.file, wanted.path):
                    found += _show_steps_of_run(pending, event, wanted)
                pending = []
            case _:
                pass
    if not found:
        raise click.UsageError(
            f"the run has no {text}; `runflow show` shows its failures, `runflow show FILE` shows all steps of a file"
        )
    return 0


def _show_steps_of_run(steps: list[StepFinished], ended: WorkflowFinished, wanted: Target) -> int:
    names = dict(ended.result.variables)
    matching = 0
    for event in steps:
        step = event.step
        if _is_wanted(step, wanted):
            matching += 1
            _show_step(step, ended.result, {**names, **step.local})
        if not event.depth:
            names |= step.provided
    if wanted.is_entire and ended.result.error is not None:
        from ..reporters.failures import error_lines

        say_lines(error_lines(ended.result.error), "    ")
        matching += 1
    return matching


def _is_wanted(step: StepResult, wanted: Target) -> bool:
    from ..reporters.text import step_title

    return wanted.is_entire or wanted.step in {step.name, step_title(step)}


def _show_step(step: StepResult, run: WorkflowResult, before: Mapping[str, JSON]) -> None:
    from ..reporters.curl import curl_command
    from ..reporters.failures import failure_lines
    from ..reporters.text import one_line, safe, step_words

    say()
    say(f"{run.full_name}  ({run.file})", dim=True)
    say(f"{step.verdict.value}  {step_words(step)}", fg=_COLOURS[step.verdict.value], bold=True)
    _show_variables("variables before", before)
    for number, one in enumerate(step.attempts, 1):
        if len(step.attempts) > 1:
            waited = f", after waiting {seconds_text(one.waited)}" if one.waited else ""
            say(f"  attempt {number} of {len(step.attempts)}{waited}", bold=True)
        for check in one.checks:
            if check.passed:
                say(f"    ✓ {one_line(check.subject)} {check.operator} {safe(shown(check.expected, 100))}", fg="green")
        say_lines(failure_lines(one, full=True), "    ")
        for exchange in one.exchanges:
            say_lines((("dim", safe(line)) for line in curl_command(exchange).splitlines()), "    ")
    _show_variables("variables provided", step.provided)


def _show_variables(title: str, names: Mapping[str, JSON]) -> None:
    from ..reporters.text import one_line, safe

    if names:
        say(f"  {title}:")
    for name, value in names.items():
        say(f"    {one_line(name)} = {safe(shown(value, 300))}")
